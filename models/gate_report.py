"""What the gate found, for eyes: a page with rules in words, curves, cameras, and both models on the same frames."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path

import cv2
import numpy as np

from models.evaluation_curves import Lettering
from models.gate import GateAnswer, Measured
from models.gate_measuring import Compared, HeldPicture, alarms_at, matched_of
from models.scoring import ious
from pipeline.adapters.picture import Bgr

MOST_SHOWN = 12
"""Of each kind: fixed, newly broken."""
SIDE_PX = 520
SAME_IOU = 0.5
ALARM, TRUE, DISMISSED = (40, 39, 214), (60, 160, 30), (150, 150, 150)
"""BGR: what the model alarms about, what is there, what reviewers dismissed."""
LINE_PX = 2
REPORT, CURVES, STYLE = "report.html", "curves.png", "report.css"
JPEG_QUALITY = 86
CSS = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1120px;padding:0 1rem;color:#1c2430}
table{border-collapse:collapse;width:100%}td,th{padding:.35rem .6rem;border-bottom:1px solid #d5dbe3;text-align:left}
.ok{color:#11703b}.bad{color:#b3261e;font-weight:600}img{max-width:100%}figure{margin:1rem 0}
@media(prefers-color-scheme:dark){body{background:#12161c;color:#e6eaf0}td,th{border-color:#333c48}.ok{color:#6fd39a}.bad{color:#ff8a80}}
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A picture in which the two models differ, and in what."""

    picture: HeldPicture
    zh: str
    en: str


def write_report(out: Path, compared: Compared, answer: GateAnswer, font: Path | None) -> None:
    """`out`/report.html with its pictures beside it; no script, nothing from elsewhere."""
    out.mkdir(parents=True, exist_ok=True)
    (out / STYLE).write_text(CSS, "utf-8")
    draw_curves(out / CURVES, compared, font)
    fixed, broken = changes(compared)
    shown = {"fixed": fixed[:MOST_SHOWN], "broken": broken[:MOST_SHOWN]}
    for kind, some in shown.items():
        for number, change in enumerate(some):
            cv2.imwrite(str(out / f"{kind}_{number}.jpg"), side_by_side(change.picture, compared), _QUALITY)
    totals = {"fixed": len(fixed), "broken": len(broken)}
    (out / REPORT).write_text(_page(compared, answer, shown, totals), "utf-8")


_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]


def gate_facts(compared: Compared, answer: GateAnswer) -> dict[str, object]:
    """The same as JSON, as a proposal keeps it."""
    return {
        "passed": answer.passed,
        "rules": [asdict(rule) for rule in answer.rules],
        "per_camera": [
            {"camera": camera, "champion": list(before), "challenger": list(compared.challenger.cameras[camera])}
            for camera, before in sorted(compared.champion.cameras.items())
        ],
        "figures": {side.model: _facts(side) for side in (compared.champion, compared.challenger)},
    }


def _facts(side: Measured) -> dict[str, object]:
    return {
        "categories": {category: asdict(figures) for category, figures in side.categories.items()},
        "dismissed_places": side.dismissed_places, "dismissed_alarms": side.dismissed_alarms,
        "ms_an_image": round(side.ms_an_image, 2),
    }  # fmt: skip


def changes(compared: Compared) -> tuple[list[Change], list[Change]]:
    """What the challenger put right, and what it broke."""
    fixed, broken = [], []
    before, after = compared.champion.model, compared.challenger.model
    for picture in compared.pictures:
        for place in picture.dismissed:
            was, now = (alarms_at(picture, place, model, compared.thresholds) for model in (before, after))
            if was and not now:
                fixed.append(Change(picture, f"不再误报 {place.category}", f"no false {place.category} any more"))
            if now and not was:
                broken.append(Change(picture, f"新误报 {place.category}", f"a new false {place.category}"))
        for category in sorted(set(compared.thresholds) & picture.source.labelled):
            was_found, now_found = (_found(picture, category, model, compared) for model in (before, after))
            if now_found > was_found:
                fixed.append(Change(picture, f"新找到 {category}", f"{category} found"))
            if now_found < was_found:
                broken.append(Change(picture, f"漏掉 {category}", f"{category} lost"))
    return fixed, broken


def _found(picture: HeldPicture, category: str, model: str, compared: Compared) -> int:
    """How many of the things there are found at the working threshold."""
    seen = [one.box for one in picture.alarms(model, compared.thresholds) if one.category == category]
    there = picture.there(category)
    if not seen or not there:
        return 0
    corners = [np.array([(box.left, box.top, box.right, box.bottom) for box in boxes]) for boxes in (there, seen)]
    return int((ious(corners[0], corners[1]).max(axis=1) >= SAME_IOU).sum())


def side_by_side(picture: HeldPicture, compared: Compared) -> Bgr:
    """Left the champion's alarms, right the challenger's; green what is there, grey what was dismissed."""
    pixels = cv2.imread(str(picture.sample.picture), cv2.IMREAD_COLOR)
    assert pixels is not None, "it was looked at a moment ago"
    height = round(SIDE_PX * pixels.shape[0] / pixels.shape[1])
    small = np.asarray(cv2.resize(pixels, (SIDE_PX, height), interpolation=cv2.INTER_AREA), np.uint8)
    sides = []
    for model in (compared.champion.model, compared.challenger.model):
        side = small.copy()
        boxes = [(place.box, DISMISSED) for place in picture.dismissed]
        boxes += [(one.box, TRUE) for one in picture.sample.boxes]
        boxes += [(one.box, ALARM) for one in picture.alarms(model, compared.thresholds)]
        for box, colour in boxes:
            corner, opposite = (round(box.left * SIDE_PX), round(box.top * height)), (box.right, box.bottom)
            cv2.rectangle(side, corner, (round(opposite[0] * SIDE_PX), round(opposite[1] * height)), colour, LINE_PX)
        sides.append(side)
    return np.hstack(sides)


def draw_curves(file: Path, compared: Compared, font: Path | None) -> None:
    """Precision over recall, a panel a category that the hold-out shows."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from models.scoring import curve

    lettering = Lettering(font)
    shown = [name for name, figures in compared.champion.categories.items() if figures.boxes]
    with rc_context({"font.family": lettering.families, "axes.grid": True, "grid.alpha": 0.3}):
        figure = Figure(figsize=(4.6 * max(len(shown), 1), 3.8), layout="constrained")
        FigureCanvasAgg(figure)
        for panel, category in zip(figure.subplots(1, max(len(shown), 1), squeeze=False)[0], shown, strict=False):
            for words, side in (
                (lettering.words("现用", "champion"), compared.champion),
                (lettering.words("候选", "challenger"), compared.challenger),
            ):
                recall, precision = curve(matched_of(category, compared.pictures, side.model))
                panel.plot(recall, precision, label=words)
            panel.set(title=category, xlim=(0, 1), ylim=(0, 1.02), xlabel=lettering.words("召回率", "recall"),
                      ylabel=lettering.words("准确率", "precision"))  # fmt: skip
            panel.legend()
        figure.savefig(file, dpi=110)


def _page(
    compared: Compared, answer: GateAnswer, shown: Mapping[str, Sequence[Change]], totals: Mapping[str, int]
) -> str:
    verdict = ("通过 passed", "ok") if answer.passed else ("未通过 not passed", "bad")
    parts = [
        "<!doctype html><html lang='zh'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>",
        f"<title>{compared.challenger.model}</title><link rel='stylesheet' href='{STYLE}'>",
        f"<h1>候选 {compared.challenger.model} · 现用 {compared.champion.model}</h1>",
        f"<p class='{verdict[1]}'>{verdict[0]}</p>",
        f"<p>{len(compared.pictures)} 张留出画面，训练从未见过 · {len(compared.pictures)} held-out pictures</p>",
        "<h2>规则 Rules</h2><table><tr><th></th><th>类别 category</th><th>结果</th><th>Result</th></tr>",
    ]
    for rule in answer.rules:
        mark, tone = ("✓", "ok") if rule.passed else ("✗", "bad")
        parts.append(
            f"<tr><td class='{tone}'>{mark}</td><td>{escape(rule.category or '')}</td>"
            f"<td>{escape(rule.zh)}</td><td>{escape(rule.en)}</td></tr>"
        )
    parts += ["</table>", f"<h2>曲线 Curves</h2><img src='{CURVES}' alt='precision over recall'>", _cameras(compared)]
    for kind, title in (("fixed", "已修复 Fixed"), ("broken", "新出现的错误 Newly broken")):
        parts.append(f"<h2>{title} ({totals[kind]})</h2><p>左现用，右候选 · left champion, right challenger</p>")
        parts += [
            f"<figure><img src='{kind}_{number}.jpg' alt=''><figcaption>{escape(change.zh)} · {escape(change.en)} · "
            f"摄像头 camera {change.picture.camera}</figcaption></figure>"
            for number, change in enumerate(shown[kind])
        ]
    return "\n".join(parts) + "</html>\n"


def _cameras(compared: Compared) -> str:
    rows = []
    for camera, before in sorted(compared.champion.cameras.items(), key=lambda one: int(one[0])):
        after = compared.challenger.cameras[camera]
        rows.append(
            f"<tr><td>{escape(camera)}</td><td>{before[1]}</td><td>{before[0]} → {after[0]}</td>"
            f"<td>{before[2]} → {after[2]}</td></tr>"
        )
    head = "<tr><th>摄像头 camera</th><th>有 there</th><th>找到 found</th><th>误报 false alarms</th></tr>"
    return f"<h2>各摄像头 By camera</h2><table>{head}{''.join(rows)}</table>"
