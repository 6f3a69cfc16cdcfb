"""Try thresholds on what is stored: which sightings of a view would still be found. Runs no network."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.domain.category import Category
from pipeline.domain.detection import Pass


@dataclass(frozen=True, slots=True)
class Scored:
    """One stored sighting, and what a person said of its finding."""

    category: str
    score: float
    found_by: Pass
    finding_id: str
    confirmed: bool | None
    """None: nobody has judged it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What would be left of one category in one view; findings count while a single sighting of them is left."""

    category: str
    sightings: int = 0
    sightings_kept: int = 0
    findings: int = 0
    findings_kept: int = 0
    confirmed: int = 0
    confirmed_kept: int = 0
    dismissed: int = 0
    dismissed_kept: int = 0


def tried(scored: Iterable[Scored], categories: Mapping[str, Category]) -> list[Trial]:
    """By category, in the order of `categories`, which bear the thresholds that are tried.

    What was too faint to be kept is unknown here: a lower threshold than the one of its day may find more.
    """
    by_category: defaultdict[str, list[Scored]] = defaultdict(list)
    for one in scored:
        by_category[one.category].append(one)
    return [_trial(category, by_category[code]) for code, category in categories.items()]


def _trial(category: Category, scored: list[Scored]) -> Trial:
    kept = [one for one in scored if one.score >= category.threshold_of(one.found_by)]
    left = {one.finding_id for one in kept}
    judged = {one.finding_id: one.confirmed for one in scored}
    confirmed = {finding for finding, verdict in judged.items() if verdict is True}
    dismissed = {finding for finding, verdict in judged.items() if verdict is False}
    return Trial(
        category.code, len(scored), len(kept), len(judged), len(left), len(confirmed), len(confirmed & left),
        len(dismissed), len(dismissed & left),
    )  # fmt: skip
