"""What stored sightings say of thresholds that do not bind yet."""

from dataclasses import replace

from pipeline.domain.category import Category
from pipeline.domain.detection import Pass
from pipeline.steps.thresholds import Scored, Trial, tried
from tests.builders import CATEGORIES


def litter(score: float, finding: str, confirmed: bool | None = None, found_by: Pass = Pass.fast) -> Scored:
    return Scored("litter", score, found_by, finding, confirmed)


STORED = [
    litter(0.9, "heap", True), litter(0.5, "heap", True),
    litter(0.55, "shadow", False), litter(0.5, "shadow", False),
    litter(0.52, "bag", True), litter(0.7, "new"),
]  # fmt: skip


def with_litter_at(threshold: float, fine: float | None = None) -> dict[str, Category]:
    return {**CATEGORIES, "litter": replace(CATEGORIES["litter"], threshold=threshold, fine_threshold=fine)}


def test_a_finding_is_left_while_one_of_its_sightings_is() -> None:
    trial = tried(STORED, with_litter_at(0.6))[0]
    assert trial == Trial("litter", 6, 2, 4, 2, confirmed=2, confirmed_kept=1, dismissed=1, dismissed_kept=0)


def test_the_threshold_of_its_day_keeps_all() -> None:
    trial = tried(STORED, CATEGORIES)[0]
    assert (trial.sightings_kept, trial.findings_kept, trial.confirmed_kept, trial.dismissed_kept) == (6, 4, 2, 1)


def test_the_fine_pass_goes_by_its_own_threshold() -> None:
    stored = [litter(0.6, "a", found_by=Pass.fine), litter(0.6, "b")]
    assert tried(stored, with_litter_at(0.5, 0.8))[0].sightings_kept == 1


def test_categories_without_sightings_are_listed_too() -> None:
    assert [trial.category for trial in tried([], CATEGORIES)] == list(CATEGORIES)
