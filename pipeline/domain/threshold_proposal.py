"""A higher threshold for one category in one view, from what people said of what was found there.

Works until the next training, and only upwards: what was too faint to be kept is unknown, so no verdict speaks of it.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from math import floor
from random import Random

from pipeline.domain.category import Persistence
from pipeline.domain.detection import Pass
from pipeline.domain.intervals import Interval, wilson

ALWAYS = 1.0
"""The score of what another pass saw: this pass's threshold cannot cut it."""
RESAMPLED = 200
TAIL = 0.025
SEED = 11
STEPS_PER_UNIT = 1000
"""Thresholds are told in thousandths."""


@dataclass(frozen=True, slots=True)
class ThresholdTerms:
    least_false: int = 5
    """Fewer false alarms of a category in a view are no pattern."""
    least_cut: int = 3
    least_recall: float = 0.85
    """Lower end of the 95 % interval of the share of the town's true things that must still be found."""
    least_step: float = 0.01
    """Smaller changes are not worth a person's time."""


@dataclass(frozen=True, slots=True)
class JudgedFinding:
    """A finding that a person judged, with its sightings by the weights in use, in the order of time."""

    number: str
    view_id: int
    category: str
    true: bool
    """Also of what is there and permitted; those that teach nothing are not asked."""
    scores: tuple[tuple[Pass, float], ...]


@dataclass(frozen=True, slots=True)
class Scored:
    number: str
    true: bool
    score: float
    """The highest threshold at which it would still have become a ticket."""


@dataclass(frozen=True, slots=True)
class Share:
    part: int
    whole: int

    @property
    def interval(self) -> Interval | None:
        """95 % (Wilson)."""
        return wilson(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Proposed:
    threshold: float
    interval: Interval
    """95 % of the thresholds that resampled verdicts would give (bootstrap)."""
    cut: Share
    """Of the view's false alarms, those that would not have come."""
    kept: Share
    """Of the view's own true things: all of them, else it is not proposed."""
    kept_in_town: Share
    """Of the true things of this category in all views."""
    numbers_cut: tuple[str, ...]


class ThresholdState(StrEnum):
    waiting = "waiting"
    approved = "approved"
    rejected = "rejected"
    outdated = "outdated"
    """The verdicts, the weights or the threshold that it was made from have changed."""


@dataclass(frozen=True, slots=True)
class ThresholdProposal:
    view_id: int
    category: str
    found_by: Pass
    before: float
    """In force when it was made."""
    proposed: Proposed
    model: str
    """Whose scores these are."""
    created_at: datetime
    id: int = 0
    state: ThresholdState = ThresholdState.waiting
    decided_by: str | None = None
    decided_at: datetime | None = None

    @property
    def place(self) -> tuple[int, str, Pass]:
        return self.view_id, self.category, self.found_by


def scored(finding: JudgedFinding, found_by: Pass, rule: Persistence) -> Scored | None:
    """None where this pass never saw it."""
    if all(by is not found_by for by, _ in finding.scores):
        return None
    scores = [score if by is found_by else ALWAYS for by, score in finding.scores]
    return Scored(finding.number, finding.true, lasting_score(scores, rule))


def lasting_score(scores: Sequence[float], rule: Persistence) -> float:
    """The highest threshold at which `seen` of `of` sightings in a row reach it; of fewer sightings the faintest."""
    if len(scores) <= rule.seen:
        return min(scores)
    windows = (scores[start : start + rule.of] for start in range(len(scores) - rule.seen + 1))
    return max(sorted(window, reverse=True)[rule.seen - 1] for window in windows if len(window) >= rule.seen)


def propose(
    of_view: Sequence[Scored], town: Sequence[float], before: float, terms: ThresholdTerms = ThresholdTerms()
) -> Proposed | None:
    """None where the verdicts speak for no higher threshold.

    `town`: scores of the true things of this category in all views, sorted.
    """
    false, true = _split(of_view)
    threshold = _threshold(false, true, _town_cap(town, terms), before, terms)
    if threshold is None:
        return None
    return Proposed(
        threshold,
        _spread(of_view, town, threshold, before, terms),
        Share(sum(score < threshold for score in false), len(false)),
        Share(sum(score >= threshold for score in true), len(true)),
        Share(len(town) - bisect_left(town, threshold), len(town)),
        tuple(sorted(one.number for one in of_view if not one.true and one.score < threshold)),
    )


def _split(of_view: Sequence[Scored]) -> tuple[list[float], list[float]]:
    """Scores of what was false, and of what was true."""
    return [one.score for one in of_view if not one.true], [one.score for one in of_view if one.true]


def _threshold(
    false: Sequence[float], true: Sequence[float], town_cap: float | None, before: float, terms: ThresholdTerms
) -> float | None:
    """Midway between the strongest false alarm that can go and the faintest true thing that has to stay."""
    if town_cap is None or len(false) < terms.least_false:
        return None
    cap = min([town_cap, *true])
    cut = [score for score in false if score < cap]
    if len(cut) < terms.least_cut:
        return None
    strongest = max(cut)
    middle = floor((strongest + cap) / 2 * STEPS_PER_UNIT) / STEPS_PER_UNIT
    threshold = middle if middle > strongest else cap
    return threshold if before + terms.least_step <= threshold < 1.0 else None


def _town_cap(town: Sequence[float], terms: ThresholdTerms) -> float | None:
    """The highest threshold that loses no more of the town's true things than the terms allow."""
    lost = _may_be_lost(len(town), terms.least_recall)
    return None if lost is None else town[lost]


@lru_cache(maxsize=1024)
def _may_be_lost(many: int, least_recall: float) -> int | None:
    """How many of `many` true things may go while the interval of what is left reaches no lower; None: too few."""
    may = None
    for lost in range(many):
        low, _ = wilson(many - lost, many) or (0.0, 0.0)
        if low < least_recall:
            break
        may = lost
    return may


def _spread(
    of_view: Sequence[Scored], town: Sequence[float], threshold: float, before: float, terms: ThresholdTerms
) -> Interval:
    """The town's part of a resample is drawn at once: of n draws, the place of the k-th smallest is n times a
    Beta(k, n - k + 1) variate, rounded down."""
    chance = Random(SEED)  # noqa: S311  # resampling, no secret
    lost = _may_be_lost(len(town), terms.least_recall) or 0
    drawn = [threshold]
    for _ in range(RESAMPLED):
        false, true = _split(chance.choices(of_view, k=len(of_view)))
        place = floor(len(town) * chance.betavariate(lost + 1, len(town) - lost))
        again = _threshold(false, true, town[min(place, len(town) - 1)], before, terms)
        drawn += [again] if again is not None else []
    drawn.sort()
    tail = floor(len(drawn) * TAIL)
    return drawn[tail], drawn[-1 - tail]
