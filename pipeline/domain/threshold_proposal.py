"""A higher threshold for one category in one view, from what people said of what was found there.

Works until the next training, and only upwards: what was too faint to be kept is unknown, so no verdict speaks of it.
"""

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
    of_view: Sequence[Scored], of_town: Sequence[Scored], before: float, terms: ThresholdTerms = ThresholdTerms()
) -> Proposed | None:
    """None where the verdicts speak for no higher threshold. `of_town` holds those of the view too."""
    false, true = _split(of_view)
    if len(false) < terms.least_false:
        return None
    true_in_town = [one.score for one in of_town if one.true]
    threshold = _threshold(false, true, true_in_town, before, terms)
    if threshold is None:
        return None
    return Proposed(
        threshold,
        _spread(of_view, true_in_town, threshold, before, terms),
        Share(sum(score < threshold for score in false), len(false)),
        Share(sum(score >= threshold for score in true), len(true)),
        Share(sum(score >= threshold for score in true_in_town), len(true_in_town)),
        tuple(sorted(one.number for one in of_view if not one.true and one.score < threshold)),
    )


def _split(of_view: Sequence[Scored]) -> tuple[list[float], list[float]]:
    """Scores of what was false, and of what was true."""
    return [one.score for one in of_view if not one.true], [one.score for one in of_view if one.true]


def _threshold(
    false: Sequence[float], true: Sequence[float], true_in_town: Sequence[float], before: float, terms: ThresholdTerms
) -> float | None:
    """Midway between the strongest false alarm that can go and the faintest true thing that has to stay."""
    cap = _cap(true, true_in_town, terms)
    cut = [score for score in false if cap is not None and score < cap]
    if cap is None or len(false) < terms.least_false or len(cut) < terms.least_cut:
        return None
    strongest = max(cut)
    middle = floor((strongest + cap) / 2 * STEPS_PER_UNIT) / STEPS_PER_UNIT
    threshold = middle if middle > strongest else cap
    return threshold if before + terms.least_step <= threshold < 1.0 else None


def _cap(true: Sequence[float], true_in_town: Sequence[float], terms: ThresholdTerms) -> float | None:
    """The highest threshold that loses no true thing of the view, and of the town no more than the terms allow."""
    lost = _may_be_lost(len(true_in_town), terms.least_recall)
    return None if lost is None else min([sorted(true_in_town)[lost], *true])


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
    of_view: Sequence[Scored], true_in_town: Sequence[float], threshold: float, before: float, terms: ThresholdTerms
) -> Interval:
    chance = Random(SEED)  # noqa: S311  # resampling, no secret
    drawn = [threshold]
    for _ in range(RESAMPLED):
        false, true = _split(chance.choices(of_view, k=len(of_view)))
        town = chance.choices(true_in_town, k=len(true_in_town))
        again = _threshold(false, true, town, before, terms)
        drawn += [again] if again is not None else []
    drawn.sort()
    tail = floor(len(drawn) * 0.025)
    return drawn[tail], drawn[-1 - tail]
