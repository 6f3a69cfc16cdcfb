"""Numbers of detection, against a reference, by brute force, and by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.scoring import (
    IOUS,
    NOT_FOUND,
    Matched,
    Numbers,
    Shown,
    _resampled,
    ap50,
    ap50_95,
    ap50_interval,
    average_precision,
    clean_counted,
    counted,
    found_by_size,
    match,
    wilson,
)
from models.torch_runtime import load_ultralytics

NOTHING = np.zeros((0, 4))
HERE, THERE, ELSEWHERE = (0.1, 0.1, 0.3, 0.3), (0.6, 0.6, 0.8, 0.9), (0.4, 0.1, 0.5, 0.2)


def a_picture(
    there: list[tuple[float, ...]], found: list[tuple[tuple[float, ...], float]], width: int = 1000, height: int = 1000
) -> Shown:
    boxes = np.array([box for box, _ in found], float).reshape(-1, 4)
    scores = np.array([score for _, score in found], float)
    return Shown(np.array(there, float).reshape(-1, 4), boxes, scores, width, height)


def random_pictures(seed: int, count: int = 40) -> list[Shown]:
    """Things found well, badly, twice and not at all, and things found that are not there."""
    chance = np.random.default_rng(seed)
    pictures = []
    for _ in range(count):
        there = random_boxes(chance, int(chance.integers(0, 5)))
        times = chance.integers(0, 3, len(there))
        near = np.repeat(there, times, axis=0) + chance.normal(0, 0.015, (int(times.sum()), 4))
        found = np.concatenate([near, random_boxes(chance, int(chance.integers(0, 3)))])
        pictures.append(Shown(there, found, chance.uniform(0, 1, len(found)), 640, 480))
    return pictures


def random_boxes(chance: np.random.Generator, count: int) -> Numbers:
    corner, size = chance.uniform(0, 0.7, (count, 2)), chance.uniform(0.05, 0.3, (count, 2))
    return np.hstack([corner, corner + size])


def test_a_thing_found_twice_is_found_once_and_once_wrongly() -> None:
    matched = match([a_picture([HERE], [(HERE, 0.6), (HERE, 0.9)])])
    assert matched.scores.tolist() == [0.9, 0.6]
    assert matched.right[:, 0].tolist() == [True, False]
    assert (counted(matched, 0.5).right, counted(matched, 0.5).wrong) == (1, 1)


def test_the_surer_box_takes_the_thing_though_another_fits_better() -> None:
    loose = (0.1, 0.1, 0.3, 0.36)
    matched = match([a_picture([HERE], [(HERE, 0.5), (loose, 0.8)])])
    assert matched.right[0, 0] and not matched.right[1, 0]
    assert not matched.right[0, -1] and matched.right[1, -1], "at IoU 0.95 only the better one fits"


def test_of_two_overlapping_things_each_is_taken_by_the_box_that_fits() -> None:
    beside = (0.12, 0.1, 0.32, 0.3)
    matched = match([a_picture([HERE, beside], [(beside, 0.9), (HERE, 0.8)])])
    assert matched.taken.tolist() == [1, 0]
    assert counted(matched, 0.5).missed == 0


def test_things_of_other_pictures_are_not_taken() -> None:
    matched = match([a_picture([HERE], []), a_picture([], [(HERE, 0.9)]), a_picture([THERE], [(THERE, 0.7)])])
    assert matched.taken.tolist() == [NOT_FOUND, 1]
    assert matched.picture.tolist() == [1, 2]
    assert matched.box_score.tolist() == [0.0, 0.7]


def test_nothing_anywhere_is_no_figure_and_no_error() -> None:
    for pictures in ([], [a_picture([], [])]):
        matched = match(pictures)
        assert ap50(matched) is None and ap50_95(matched) is None and ap50_interval(matched) is None
        assert counted(matched, 0.5).precision is None and counted(matched, 0.5).recall is None
        assert found_by_size(matched, 0.5)["small"] == (0, 0)
    assert ap50(match([a_picture([HERE], [])])) == 0.0
    assert clean_counted(match([]), 0.5).share is None


def test_what_is_below_the_threshold_changes_nothing_above_it() -> None:
    pictures = random_pictures(5)
    whole = match(pictures)
    for threshold in (0.2, 0.5, 0.8):
        above = [
            Shown(one.there, one.found[one.scores >= threshold], one.scores[one.scores >= threshold], 640, 480)
            for one in pictures
        ]
        assert counted(whole, threshold) == counted(match(above), 0.0)


def test_average_precision_is_that_of_ultralytics(tmp_path: Path) -> None:
    load_ultralytics(tmp_path)
    from ultralytics.utils.metrics import compute_ap  # noqa: PLC0415

    reference: Any = compute_ap
    chance = np.random.default_rng(11)
    for _ in range(50):
        right = chance.random(int(chance.integers(1, 60))) < chance.random()
        boxes = int(right.sum() + chance.integers(1, 20))
        recall, precision = np.cumsum(right) / boxes, np.cumsum(right) / np.arange(1, len(right) + 1)
        assert average_precision(recall, precision) == pytest.approx(reference(recall, precision)[0], abs=1e-9)


def test_finding_all_and_nothing_else_is_nearly_one_and_tighter_ious_are_harder() -> None:
    perfect = match([a_picture([HERE, THERE], [(HERE, 0.9), (THERE, 0.8)])])
    assert ap50(perfect) == pytest.approx(1.0, abs=0.006)
    assert ap50_95(perfect) == pytest.approx(1.0, abs=0.006)
    shifted = match([a_picture([HERE], [((0.12, 0.1, 0.32, 0.3), 0.9)])])  # IoU 0.818: right at 7 of the 10
    assert shifted.right[0].tolist() == [iou < 0.818 for iou in IOUS]
    assert ap50_95(shifted) == pytest.approx(0.7, abs=0.006)


def test_wilson_gives_the_published_intervals() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 40) == pytest.approx((0.0, 0.0876), abs=1e-4)
    assert wilson(40, 40) == pytest.approx((0.9124, 1.0), abs=1e-4)
    assert wilson(0, 0) is None


def test_a_resample_scores_as_the_pictures_drawn_would() -> None:
    pictures = random_pictures(7, count=25)
    drawn = np.random.default_rng(1).multinomial(25, np.full(25, 1 / 25), size=6)
    values = _resampled(match(pictures), drawn)
    for times, value in zip(drawn, values, strict=True):
        taken = [picture for picture, count in zip(pictures, times, strict=True) for _ in range(count)]
        assert value == pytest.approx(ap50(match(taken)), abs=0.01)


def test_the_interval_holds_the_figure_narrows_with_more_pictures_and_is_the_same_again() -> None:
    few, many = match(random_pictures(3, count=30)), match(random_pictures(3, count=300))
    low, high = interval_of(few)
    figure = ap50(few)
    assert figure is not None and low < figure < high
    assert interval_of(few) == (low, high)
    assert interval_of(many)[1] - interval_of(many)[0] < (high - low) / 2


def interval_of(matched: Matched) -> tuple[float, float]:
    interval = ap50_interval(matched)
    assert interval is not None
    return interval


def test_alarms_count_on_clean_pictures_only_and_a_picture_once() -> None:
    matched = match(
        [
            a_picture([], [(HERE, 0.9), (THERE, 0.7)]),
            a_picture([], [(HERE, 0.3)]),
            a_picture([HERE], [(THERE, 0.9)]),
            a_picture([], []),
        ]
    )
    clean = clean_counted(matched, 0.5)
    assert (clean.pictures, clean.alarmed, clean.alarms) == (3, 1, 2)
    assert clean_counted(matched, 0.3).alarmed == 2


def test_sizes_are_sides_in_pixels_and_long_things_are_counted_twice() -> None:
    small, medium, large = (0.0, 0.0, 0.03, 0.03), (0.1, 0.1, 0.15, 0.15), (0.2, 0.2, 0.5, 0.5)
    cable = (0.5, 0.0, 0.51, 0.4)  # 10 x 400 px: a side of 63 px
    found = found_by_size(
        match([a_picture([small, medium, large, cable], [(large, 0.9), (cable, 0.8), (small, 0.2)])]), 0.5
    )
    assert found == {"small": (0, 1), "medium": (1, 2), "large": (1, 1), "long_and_thin": (1, 1)}
    wide = a_picture([small], [], width=4000, height=4000)
    assert found_by_size(match([wide]), 0.5)["large"] == (0, 1)
