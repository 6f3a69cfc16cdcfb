"""Verdicts speak for a higher threshold only where it takes false alarms and leaves the true things."""

from datetime import timedelta

import pytest

from pipeline.domain.category import Persistence
from pipeline.domain.detection import Pass
from pipeline.domain.threshold_proposal import (
    ALWAYS,
    JudgedFinding,
    Scored,
    ThresholdTerms,
    lasting_score,
    propose,
    scored,
)

RULE = Persistence(3, 5, timedelta(minutes=2))


def some(true: bool, *scores: float) -> list[Scored]:
    return [Scored(f"{'T' if true else 'F'}{place}", true, score) for place, score in enumerate(scores)]


FALSE = some(False, 0.50, 0.52, 0.55, 0.58, 0.60, 0.62)
"""A closed bin, seen again and again."""
TOWN = [0.70 + 0.005 * place for place in range(30)]
"""Litter elsewhere."""


def test_false_alarms_that_are_weaker_than_all_true_things_go() -> None:
    proposed = propose(FALSE, TOWN, before=0.45)
    assert proposed is not None
    assert 0.62 < proposed.threshold < 0.70
    assert (proposed.cut.part, proposed.cut.whole) == (6, 6)
    assert (proposed.kept_in_town.part, proposed.kept_in_town.whole) == (30, 30)
    assert proposed.interval[0] <= proposed.threshold <= proposed.interval[1] <= 0.85
    assert proposed.numbers_cut == tuple(f"F{place}" for place in range(6))
    assert propose(FALSE, TOWN, before=0.45) == proposed, "chance must not make two answers"


def test_no_true_thing_of_the_view_is_ever_given_up() -> None:
    own = some(True, 0.56)
    proposed = propose(FALSE + own, [0.56, *TOWN], before=0.45)
    assert proposed is not None
    assert 0.55 < proposed.threshold <= 0.56
    assert (proposed.cut.part, proposed.kept.part) == (3, 1)


@pytest.mark.parametrize("many", [21, 22])
def test_a_town_with_few_true_things_says_nothing_of_recall(many: int) -> None:
    # Wilson for all of 21 kept ends at 0.845, of 22 at 0.851.
    proposed = propose(FALSE, TOWN[:many], before=0.45)
    assert (proposed is not None) is (many == 22)


def test_of_many_true_things_elsewhere_few_may_be_fainter() -> None:
    town = [0.46, 0.47, *(0.70 + 0.001 * place for place in range(98))]
    proposed = propose(FALSE, town, before=0.45)
    assert proposed is not None
    assert proposed.cut.part == 6
    assert proposed.kept_in_town.part == 98, "the two faint ones alone are given up"
    low = proposed.kept_in_town.interval
    assert low is not None
    assert low[0] >= ThresholdTerms().least_recall


@pytest.mark.parametrize(
    ("of_view", "before"),
    [
        (FALSE[:4], 0.45),  # no pattern yet
        (some(False, 0.8, 0.8, 0.8, 0.9, 0.9, 0.9), 0.45),  # as sure as of true things
        (FALSE, 0.659),  # there already
        (some(True, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5), 0.45),
    ],
)
def test_nothing_is_proposed_without_reason(of_view: list[Scored], before: float) -> None:
    assert propose(of_view, [0.7] * 40, before) is None


def test_a_ticket_comes_as_long_as_enough_sightings_of_a_few_visits_reach_the_threshold() -> None:
    assert lasting_score([0.9, 0.5, 0.6], RULE) == 0.5
    assert lasting_score([0.9, 0.5, 0.6, 0.7], RULE) == 0.6
    # Three strong ones, but never within five visits.
    assert lasting_score([0.9, 0.5, 0.5, 0.5, 0.5, 0.9, 0.5, 0.5, 0.5, 0.5, 0.9], RULE) == 0.5
    assert lasting_score([0.8], RULE) == 0.8


def test_what_another_pass_saw_is_not_cut_by_this_ones_threshold() -> None:
    finding = JudgedFinding("N", 1, "litter", False, ((Pass.fast, 0.5), (Pass.fine, 0.5), (Pass.fine, 0.6)))
    fast, fine = (scored(finding, found_by, RULE) for found_by in (Pass.fast, Pass.fine))
    assert (fast and fast.score, fine and fine.score) == (0.5, 0.5)
    mostly_fine = JudgedFinding("N", 1, "litter", False, ((Pass.fast, 0.5), *((Pass.fine, 0.6),) * 3))
    only = scored(mostly_fine, Pass.fast, RULE)
    assert only is not None
    assert only.score == ALWAYS
    assert scored(JudgedFinding("N", 1, "litter", True, ((Pass.fast, 0.5),)), Pass.fine, RULE) is None
