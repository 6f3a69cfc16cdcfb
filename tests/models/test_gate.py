"""The gate, rule by rule: what lets a challenger through and what does not."""

from dataclasses import replace

import pytest

from models.gate import CategoryFigures, GateTerms, Measured, judge

LITTER = CategoryFigures(80, 0.80, (0.72, 0.87), 0.70, (0.60, 0.79), 0.08)
ADS = CategoryFigures(40, 0.60, (0.45, 0.72), 0.50, (0.35, 0.65), 0.10)
CHAMPION = Measured("a" * 12, {"litter": LITTER, "illegal_ad": ADS}, 40, 20, 30.0, 60)
BETTER = Measured("b" * 12, {"litter": replace(LITTER, ap50=0.82), "illegal_ad": ADS}, 40, 9, 30.5, 60)


def failed(challenger: Measured, champion: Measured = CHAMPION) -> set[tuple[str, str | None]]:
    return {(rule.code, rule.category) for rule in judge(champion, challenger).reasons}


def with_litter(**changed: float) -> Measured:
    return replace(BETTER, categories={"litter": replace(LITTER, **changed), "illegal_ad": ADS})  # type: ignore[arg-type]  # figures by name


def test_a_better_one_passes_and_every_rule_says_why() -> None:
    answer = judge(CHAMPION, BETTER)
    assert answer.passed
    assert [(rule.code, rule.category) for rule in answer.rules] == [
        ("ap50", "litter"), ("recall", "litter"), ("calibration", "litter"),
        ("ap50", "illegal_ad"), ("recall", "illegal_ad"), ("calibration", "illegal_ad"),
        ("dismissed_alarms", None), ("speed", None),
    ]  # fmt: skip
    assert all(rule.zh and rule.en for rule in answer.rules)


@pytest.mark.parametrize(
    ("challenger", "why"),
    [
        (with_litter(ap50=0.71), ("ap50", "litter")),
        (with_litter(recall=0.59), ("recall", "litter")),
        (with_litter(calibration_error=0.11), ("calibration", "litter")),
        (replace(BETTER, dismissed_alarms=17), ("dismissed_alarms", None)),
        (replace(BETTER, ms_an_image=31.6), ("speed", None)),
        (replace(BETTER, categories={"litter": LITTER}), ("category_lost", "illegal_ad")),
    ],
)
def test_each_fault_is_named_and_no_other(challenger: Measured, why: tuple[str, str | None]) -> None:
    assert failed(challenger) == {why}


@pytest.mark.parametrize(
    "challenger",
    [
        with_litter(ap50=0.72), with_litter(recall=0.60), with_litter(calibration_error=0.0999),
        replace(BETTER, dismissed_alarms=16), replace(BETTER, ms_an_image=31.5),
    ],
)  # fmt: skip
def test_at_the_limit_it_passes(challenger: Measured) -> None:
    assert failed(challenger) == set()


def test_a_category_of_which_hardly_anything_is_there_decides_nothing() -> None:
    few = replace(LITTER, boxes=GateTerms().least_boxes - 1)
    champion = replace(CHAMPION, categories={"litter": few})
    assert failed(replace(BETTER, categories={"litter": replace(few, ap50=0.0, recall=0.0)}), champion) == set()


def test_with_few_dismissed_places_only_more_alarms_count_against_it() -> None:
    champion = replace(CHAMPION, dismissed_places=5, dismissed_alarms=3)
    assert failed(replace(BETTER, dismissed_alarms=3), champion) == set()
    assert failed(replace(BETTER, dismissed_alarms=4), champion) == {("dismissed_alarms", None)}


def test_a_champion_that_no_longer_alarms_anywhere_asks_for_no_fall() -> None:
    champion = replace(CHAMPION, dismissed_alarms=0)
    assert failed(replace(BETTER, dismissed_alarms=0), champion) == set()
