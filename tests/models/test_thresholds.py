"""Choosing thresholds: the rule is obeyed, and nothing is promised where it cannot be."""

import numpy as np
import yaml

from models.scoring import Matched, Shown, match
from models.thresholds import ThresholdRule, card_yaml, choose_threshold, worst_clean_share
from pipeline.domain.detection import Pass

BOX, FALSE = (0.1, 0.1, 0.3, 0.3), (0.5, 0.5, 0.7, 0.7)
EASY = ThresholdRule(most_alarms=1.0)


def pictures(right: list[float], wrong: list[float], clean: list[float | None]) -> Matched:
    """A picture with a thing found for each of `right`; `wrong` ones among them; `clean` ones, None without alarm."""
    with_thing = [a_picture(True, score) for score in right]
    false = [Shown(np.array([BOX]), np.array([BOX, FALSE]), np.array([0.99, score]), 100, 100) for score in wrong]
    return match([*with_thing, *false, *(a_picture(False, score) for score in clean)])


def a_picture(thing: bool, score: float | None) -> Shown:
    there = np.array([BOX]) if thing else np.zeros((0, 4))
    found = np.zeros((0, 4)) if score is None else np.array([BOX])
    return Shown(there, found, np.array([] if score is None else [score], float), 100, 100)


def test_the_lowest_threshold_that_keeps_precision_wins() -> None:
    matched = pictures([0.9, 0.8, 0.7, 0.5, 0.4], [0.6, 0.3, 0.3, 0.3], [])
    choice = choose_threshold([matched], [], ThresholdRule(most_alarms=1.0, least_precision=0.85))
    assert choice is not None
    assert 0.30 < choice.threshold <= 0.40
    assert choice.counted.precision is not None and choice.counted.precision >= 0.85


def test_without_a_precision_to_keep_the_best_f1_wins() -> None:
    matched = pictures([0.9, 0.8, 0.7], [0.4, 0.4, 0.4, 0.4], [])
    choice = choose_threshold([matched], [], EASY)
    assert choice is not None and 0.4 < choice.threshold <= 0.7


def test_alarms_on_clean_pictures_raise_the_threshold_also_in_a_source_that_labels_nothing() -> None:
    matched = pictures([0.9, 0.8, 0.7, 0.6], [], [])
    facades = pictures([], [], [0.75, 0.72, *[None] * 38])
    rule = ThresholdRule(most_alarms=0.025)
    free, bound = choose_threshold([matched], [], rule), choose_threshold([matched], [matched, facades], rule)
    assert free is not None and bound is not None
    assert free.threshold <= 0.6
    assert 0.72 < bound.threshold <= 0.75, "one alarm in 40 is allowed, two are not"
    assert bound.clean.alarmed == 1


def test_one_alarm_among_few_clean_pictures_is_judged_with_those_of_other_sources() -> None:
    few, many = pictures([], [], [0.9, None]), pictures([], [], [None] * 18)
    assert worst_clean_share([few], 0.5) == 0.5
    assert worst_clean_share([few, many], 0.5) == 1 / 20
    enough = pictures([], [], [0.9, 0.9, *[None] * 18])
    assert worst_clean_share([many, enough], 0.5) == 0.1
    assert worst_clean_share([], 0.5) == 0.0


def test_no_threshold_is_given_where_none_obeys_or_nothing_is_labelled() -> None:
    hopeless = pictures([0.2], [0.995] * 9, [])
    assert choose_threshold([hopeless], [], ThresholdRule(1.0, least_precision=0.95)) is None
    assert choose_threshold([pictures([], [], [0.9])], [], EASY) is None


def test_the_yaml_is_what_a_card_takes_and_leaves_out_what_was_not_chosen() -> None:
    choice = choose_threshold([pictures([0.9], [], [])], [], EASY)
    text = card_yaml({("litter", Pass.fast): choice, ("illegal_ad", Pass.fast): None})
    assert choice is not None
    assert yaml.safe_load(text) == {"thresholds": {"litter": {"fast": choice.threshold}}}
