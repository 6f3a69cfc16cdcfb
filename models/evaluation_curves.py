"""Curves of an evaluation for people who set thresholds: what is found, what is wrong, how often it cries wolf."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.evaluation import CategoryScores, SourceScores
from models.scoring import Matched, Numbers, clean_counted, counted, curve
from pipeline.domain.category import DEFAULT_CATEGORIES

THRESHOLDS: Numbers = np.round(np.arange(0.02, 1.0, 0.02), 2)
PANEL_WIDTH_IN, PANEL_HEIGHT_IN, HEAD_IN = 5.2, 3.9, 0.6
CURVES_DPI = 110
LEAST_ALARMS_SHOWN, MOST_ALARMS_SHOWN = 5, 50
"""Of 100 pictures: where it matters, near the working threshold, the lines would else lie on the axis."""
FEW_FOUND = 5
"""Precision of fewer boxes than this jumps about and is not drawn."""
NAMES = {category.code: (category.name_zh, category.name_en) for category in DEFAULT_CATEGORIES}

Row = tuple[str, list[tuple[str, CategoryScores]]]


class Lettering:
    """Chinese and English where there is a font with Chinese signs, else English alone."""

    def __init__(self, font: Path | None) -> None:
        from matplotlib import font_manager

        self._chinese = font is not None
        self.families = ["DejaVu Sans"]
        if font is not None:
            font_manager.fontManager.addfont(font)
            self.families.insert(0, font_manager.FontProperties(fname=font).get_name())

    def words(self, chinese: str, english: str) -> str:
        return f"{chinese}  {english}" if self._chinese else english


def draw_curves(sources: Mapping[str, SourceScores], out: Path, title: str, font: Path | None) -> None:
    """A PNG with a row a category: precision over recall, both over the threshold, alarms on clean pictures.

    A source is a colour; dots and dashed lines are the working threshold.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lettering, rows = Lettering(font), rows_of(sources)
    height = max(len(rows), 1) * PANEL_HEIGHT_IN + HEAD_IN
    with rc_context({"font.family": lettering.families, "axes.grid": True, "grid.alpha": 0.3}):
        figure = Figure(figsize=(3 * PANEL_WIDTH_IN, height), layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(title, fontsize="x-large")
        panels = figure.subplots(max(len(rows), 1), 3, squeeze=False)
        colours = {key: f"C{number}" for number, key in enumerate(sources)}
        for row, line in zip(rows, panels, strict=False):
            _draw_trade(line[0], row, colours, lettering)
            _draw_by_threshold(line[1], row, colours, lettering)
            _draw_alarms(line[2], row, colours, lettering)
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(out, dpi=CURVES_DPI)


def rows_of(sources: Mapping[str, SourceScores]) -> list[Row]:
    """Categories of which anything at all was found, with every source."""
    codes = dict.fromkeys(code for source in sources.values() for code in source.categories)
    rows = [
        (code, [(key, source.categories[code]) for key, source in sources.items() if code in source.categories])
        for code in codes
    ]
    return [row for row in rows if any(len(scores.matched.scores) for _, scores in row[1])]


def _draw_trade(panel: Any, row: Row, colours: Mapping[str, str], lettering: Lettering) -> None:
    for key, scores in row[1]:
        if not scores.boxes:
            continue
        recall, precision = curve(scores.matched)
        panel.step(recall, precision, color=colours[key], where="post", label=f"{key}  AP50 {scores.ap50:.2f}")
        if scores.precision is not None and scores.counted.recall is not None:
            panel.plot(scores.counted.recall, scores.precision, "o", color=colours[key], markersize=8)
    name = lettering.words(*NAMES[row[0]]) if row[0] in NAMES else row[0]
    panel.set(
        title=name, xlim=(0, 1), ylim=(0, 1.02),
        xlabel=lettering.words("查全率(该报的报出多少)", "recall: share found"),
        ylabel=lettering.words("查准率(报的有多少是真的)", "precision: share right"),
    )  # fmt: skip
    _legend(panel, "lower left", lettering)


def _draw_by_threshold(panel: Any, row: Row, colours: Mapping[str, str], lettering: Lettering) -> None:
    for key, scores in row[1]:
        if not scores.boxes:
            continue
        precision, recall = by_threshold(scores.matched)
        panel.plot(THRESHOLDS, precision, color=colours[key], label=key)
        panel.plot(THRESHOLDS, recall, ":", color=colours[key], linewidth=2)
    _mark_threshold(panel, row)
    panel.set(
        title=lettering.words("实线查准率,点线查全率", "solid precision, dotted recall"), xlim=(0, 1), ylim=(0, 1.02),
        xlabel=lettering.words("置信度阈值", "score threshold"),
    )  # fmt: skip
    _legend(panel, "lower center", lettering)


def _draw_alarms(panel: Any, row: Row, colours: Mapping[str, str], lettering: Lettering) -> None:
    for key, scores in row[1]:
        alarmed = alarmed_per_100(scores.matched)
        if alarmed is not None:
            pictures = f"{key}  ({scores.clean.pictures})"
            panel.plot(
                THRESHOLDS, alarmed, color=colours[key], label=pictures, linestyle="-" if scores.labelled else "--"
            )
    _mark_threshold(panel, row)
    panel.set(
        title=lettering.words("每百张干净图片中误报的张数", "clean pictures alarmed, of 100"), xlim=(0, 1),
        xlabel=lettering.words("置信度阈值(虚线:来源未标注此类)", "score threshold (dashed: not labelled there)"),
    )  # fmt: skip
    panel.set_ylim(0, min(max(panel.get_ylim()[1], LEAST_ALARMS_SHOWN), MOST_ALARMS_SHOWN))
    _legend(panel, "upper right", lettering)


def _mark_threshold(panel: Any, row: Row) -> None:
    for threshold in {scores.threshold for _, scores in row[1]}:
        panel.axvline(threshold, color="0.3", linestyle="--", linewidth=1)
        panel.annotate(
            f" {threshold:.2f}", (threshold, 0.98), xycoords=("data", "axes fraction"), va="top", color="0.3"
        )


def _legend(panel: Any, where: str, lettering: Lettering) -> None:
    if panel.get_legend_handles_labels()[0]:
        panel.legend(loc=where, fontsize="small")
        return
    text = lettering.words("没有标注,无从量起", "nothing labelled: nothing to measure")
    panel.text(0.5, 0.5, text, ha="center", va="center", color="0.5", transform=panel.transAxes)


def by_threshold(matched: Matched) -> tuple[Numbers, Numbers]:
    """Precision (nan for FEW_FOUND boxes or fewer) and recall at each of THRESHOLDS."""
    counts = [counted(matched, threshold) for threshold in THRESHOLDS.tolist()]
    precision = [one.right / (one.right + one.wrong) if one.right + one.wrong > FEW_FOUND else np.nan for one in counts]
    return np.array(precision), np.array([one.recall or 0.0 for one in counts])


def alarmed_per_100(matched: Matched) -> Numbers | None:
    """Of 100 clean pictures, how many are alarmed at each of THRESHOLDS; None without a clean picture."""
    shares = [clean_counted(matched, threshold).share for threshold in THRESHOLDS.tolist()]
    return None if None in shares else 100 * np.array(shares, np.float64)
