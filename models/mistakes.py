"""The worst mistakes of an evaluation, and a contact sheet of them that people can judge by eye."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np

from models.evaluation import CategoryScores, SourceScores
from models.scoring import IOUS, Numbers, ious

MOST_MISTAKES = 30
OFF_IOU = 0.1
"""From this overlap up with a thing a wrong box is held to mean that thing."""


class Fault(StrEnum):
    false_alarm = "false_alarm"
    twice = "twice"
    off = "off"
    missed = "missed"
    too_faint = "too_faint"


FAULT_NAMES = {
    Fault.false_alarm: ("误报", "false alarm"),
    Fault.twice: ("重复框", "found twice"),
    Fault.off: ("框不准", "box is off"),
    Fault.missed: ("漏报", "missed"),
    Fault.too_faint: ("漏报·分低", "missed, too faint"),
}
MISSES = frozenset({Fault.missed, Fault.too_faint})


@dataclass(frozen=True, slots=True, eq=False)
class Mistake:
    """`box` (4,) and `others` (n, 4), the category's true boxes in that picture, in shares of the picture."""

    source: str
    category: str
    labelled: bool
    picture: Path
    box: Numbers
    others: Numbers
    score: float
    """Of the wrong box, or the best that the missed thing got; 0 where nothing hinted at it."""
    fault: Fault
    weight: float
    """A false alarm's score; of a missed thing its side as a share of the picture."""


def worst_mistakes(
    sources: Iterable[SourceScores], classes: Collection[str], most: int = MOST_MISTAKES
) -> list[Mistake]:
    """By turns from each category's false alarms and misses, the worst first: neither kind hides the other.

    Weights are not blamed for categories outside their `classes`.
    """
    groups: dict[tuple[str, bool], list[Mistake]] = {}
    for source in sources:
        for scores in (source.categories[code] for code in source.categories if code in classes):
            for mistake in (*_wrong(source, scores), *_missed(source, scores)):
                groups.setdefault((mistake.category, mistake.fault in MISSES), []).append(mistake)
    ranked = [
        sorted(group, key=lambda one: -one.weight) for _, group in sorted(groups.items(), key=lambda item: item[0])
    ]
    in_turn = chain.from_iterable(zip_longest(*ranked))
    return [mistake for mistake in in_turn if mistake is not None][:most]


def _wrong(source: SourceScores, scores: CategoryScores) -> list[Mistake]:
    matched = scores.matched
    wrong = np.flatnonzero((matched.scores >= scores.threshold) & ~matched.right[:, 0])
    mistakes = []
    for place in wrong.tolist():
        number = int(matched.picture[place])
        shown = scores.shown[number]
        box, score = shown.found[matched.rank[place]], float(matched.scores[place])
        fault = _fault_of(box, shown.there)
        mistakes.append(_mistake(source, scores, number, (box, score, fault, score)))
    return mistakes


def _fault_of(box: Numbers, there: Numbers) -> Fault:
    overlap = ious(box[None], there).max(initial=0.0)
    if overlap >= IOUS[0]:
        return Fault.twice
    return Fault.off if overlap >= OFF_IOU else Fault.false_alarm


def _missed(source: SourceScores, scores: CategoryScores) -> list[Mistake]:
    matched = scores.matched
    mistakes = []
    for place in np.flatnonzero(matched.box_score < scores.threshold).tolist():
        number = int(matched.box_picture[place])
        first = int(np.searchsorted(matched.box_picture, number))
        box, score = scores.shown[number].there[place - first], float(matched.box_score[place])
        weight = float(np.sqrt(np.prod(box[2:] - box[:2])))
        mistakes.append(
            _mistake(source, scores, number, (box, score, Fault.too_faint if score else Fault.missed, weight))
        )
    return mistakes


def _mistake(
    source: SourceScores, scores: CategoryScores, number: int, what: tuple[Numbers, float, Fault, float]
) -> Mistake:
    picture = source.pictures[number].sample.picture
    others = scores.shown[number].there
    return Mistake(source.key, scores.category, scores.labelled, picture, what[0], others, *what[1:])
