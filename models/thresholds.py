"""Choose the working threshold of each category and pass, on validation pictures only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import yaml

from models.evaluation import SourceScores
from models.scoring import CleanCounted, Counted, Matched, Numbers, best_threshold, clean_counted, counted
from pipeline.domain.detection import Pass

CANDIDATES: Numbers = np.round(np.arange(0.02, 0.99, 0.01), 2)
FEW_CLEAN = 20
"""Sources with fewer clean pictures than this are judged together: one alarm says nothing about such a few."""


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """`most_alarms`: the largest share of clean pictures with an alarm, in each source on its own.

    With `least_precision` the lowest threshold that keeps it wins, else that of the best F1.
    """

    most_alarms: float
    least_precision: float | None = None


USUAL_RULE = ThresholdRule(most_alarms=0.05)
RULES: Mapping[str, ThresholdRule] = {"litter": ThresholdRule(most_alarms=0.02, least_precision=0.90)}


@dataclass(frozen=True, slots=True)
class Choice:
    threshold: float
    counted: Counted
    clean: CleanCounted


def choose_threshold(labelled: Sequence[Matched], clean: Sequence[Matched], rule: ThresholdRule) -> Choice | None:
    """None where no threshold obeys the rule, or nothing is labelled.

    `labelled`: the category in each source that labels it; `clean`: in each source whose clean pictures bind.
    """
    if not sum(matched.boxes for matched in labelled):
        return None

    def worth(threshold: float) -> float:
        return -threshold if rule.least_precision is not None else _f1(_added(labelled, threshold))

    def allowed(threshold: float) -> bool:
        precision = _added(labelled, threshold).precision
        return (
            precision is not None
            and precision >= (rule.least_precision or 0.0)
            and worst_clean_share(clean, threshold) <= rule.most_alarms
        )

    best = best_threshold(CANDIDATES, worth, allowed)
    return None if best is None else Choice(best, _added(labelled, best), _clean_added(clean, best))


def of_sources(
    sources: Mapping[str, SourceScores], category: str, keys: Collection[str]
) -> tuple[list[Matched], list[Matched]]:
    """What `choose_threshold` asks for, from those sources that `keys` names."""
    chosen = [scores.categories[category] for key, scores in sources.items() if key in keys]
    return [one.matched for one in chosen if one.labelled], [one.matched for one in chosen]


def choose_thresholds(
    matches: Mapping[tuple[str, Pass], tuple[Sequence[Matched], Sequence[Matched]]], rules: Mapping[str, ThresholdRule]
) -> dict[tuple[str, Pass], Choice | None]:
    """For each category and pass, given (labelled, clean) as `choose_threshold` takes them."""
    return {
        (category, found_by): choose_threshold(labelled, clean, rules.get(category, USUAL_RULE))
        for (category, found_by), (labelled, clean) in matches.items()
    }


def worst_clean_share(sources: Sequence[Matched], threshold: float) -> float:
    """The largest share of clean pictures alarmed, of any source; those with few clean pictures count as one."""
    each = [clean_counted(matched, threshold) for matched in sources]
    few = _sum_clean([one for one in each if one.pictures < FEW_CLEAN])
    return max((one.share or 0.0 for one in (few, *each) if one is few or one.pictures >= FEW_CLEAN), default=0.0)


def card_yaml(choices: Mapping[tuple[str, Pass], Choice | None]) -> str:
    """The lines `thresholds:` of a model card; what could not be chosen is left out."""
    table: dict[str, dict[str, float]] = {}
    for (category, found_by), choice in choices.items():
        if choice is not None:
            table.setdefault(category, {})[found_by.value] = choice.threshold
    return str(yaml.safe_dump({"thresholds": table}, sort_keys=False))


def _added(sources: Sequence[Matched], threshold: float) -> Counted:
    each = [counted(matched, threshold) for matched in sources]
    return Counted(sum(one.right for one in each), sum(one.wrong for one in each), sum(one.missed for one in each))


def _clean_added(sources: Sequence[Matched], threshold: float) -> CleanCounted:
    return _sum_clean([clean_counted(matched, threshold) for matched in sources])


def _sum_clean(each: Sequence[CleanCounted]) -> CleanCounted:
    return CleanCounted(
        sum(one.pictures for one in each), sum(one.alarmed for one in each), sum(one.alarms for one in each)
    )


def _f1(count: Counted) -> float:
    return 2 * count.right / max(2 * count.right + count.wrong + count.missed, 1)
