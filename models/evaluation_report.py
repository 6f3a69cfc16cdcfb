"""What an evaluation is told as to machines."""

import json
from pathlib import Path
from typing import Any

from models.evaluation import CategoryScores, Evaluation, SourceScores
from models.scoring import Interval, wilson
from pipeline.domain.detection import Pass

PASSES_KEY = "passes"
DIGITS = 4
Figures = dict[str, object]


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """`{source: {category: figures}, "passes": {pass: {source: {category: figures}}}}`; shares are 0 to 1, None where
    there is nothing to measure. On top stands the default pass with its second look."""
    top = {
        key: {
            code: figures_of(evaluation, evaluation.default, source, scores) | _before(evaluation, key, code)
            for code, scores in source.categories.items()
        }
        for key, source in evaluation.usual.items()
    }
    passes = {
        found_by.value: {
            key: {code: figures_of(evaluation, found_by, source, scores) for code, scores in source.categories.items()}
            for key, source in sources.items()
        }
        for found_by, sources in evaluation.passes.items()
    }
    return {**top, PASSES_KEY: passes}


def write_json(evaluation: Evaluation, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(as_json(evaluation), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def figures_of(evaluation: Evaluation, found_by: Pass, source: SourceScores, scores: CategoryScores) -> Figures:
    return {
        **measured(scores),
        "labelled": scores.labelled,
        "known_to_weights": scores.category in evaluation.classes,
        "split": source.split,
        "pass": found_by.value,
        "second_look": bool(evaluation.first_look),
        "model": evaluation.model,
    }


def measured(scores: CategoryScores) -> Figures:
    """The figures of one category in one source."""
    count, clean = scores.counted, scores.clean
    return {
        "ap50": _rounded(scores.ap50),
        "ap50_95": _rounded(scores.ap50_95),
        "precision": _rounded(scores.precision),
        "recall": _rounded(count.recall),
        "boxes": scores.boxes,
        "images": scores.matched.pictures,
        "clean_images": clean.pictures,
        "clean_images_alarmed": clean.alarmed,
        "threshold": _rounded(scores.threshold),
        "right": count.right,
        "wrong": count.wrong,
        "missed": count.missed,
        "ap50_interval": _pair(scores.ap50_interval),
        "precision_interval": _pair(wilson(count.right, count.right + count.wrong) if scores.boxes else None),
        "recall_interval": _pair(wilson(count.right, scores.boxes)),
        "clean_alarmed_share": _rounded(clean.share),
        "clean_alarmed_interval": _pair(wilson(clean.alarmed, clean.pictures)),
        "false_alarms_per_100_clean": _rounded(100 * clean.alarms / clean.pictures if clean.pictures else None),
        "sizes": {size: _size(*found) for size, found in scores.sizes.items()},
    }


def _size(found: int, boxes: int) -> Figures:
    share = found / boxes if boxes else None
    return {"boxes": boxes, "found": found, "recall": _rounded(share), "recall_interval": _pair(wilson(found, boxes))}


def _before(evaluation: Evaluation, key: str, code: str) -> Figures:
    """What the second look started from."""
    source = evaluation.first_look.get(key)
    return {"without_second_look": measured(source.categories[code])} if source else {}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _pair(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(end, DIGITS) for end in interval]
