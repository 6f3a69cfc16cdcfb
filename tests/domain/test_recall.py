"""Recall estimated from samples: the formula, its interval, and what it does in a thousand drawn towns."""

import random

import pytest

from pipeline.domain.errors import BadInput
from pipeline.domain.recall import recall


def test_each_missed_frame_stands_for_those_that_were_not_read() -> None:
    measured = recall(found=900, read=100, missed=1, sampling_share=0.01)
    assert measured.share == pytest.approx(900 / (900 + 100))
    assert measured.interval is not None
    low, high = measured.interval
    assert low < 0.9 < high
    assert low == pytest.approx(900 / (900 + 0.0545 * 10_000), abs=0.01)


def test_nothing_missed_still_leaves_doubt() -> None:
    measured = recall(found=50, read=200, missed=0, sampling_share=0.1)
    assert measured.share == 1.0
    assert measured.interval is not None
    assert measured.interval[1] == 1.0
    assert measured.interval[0] == pytest.approx(50 / (50 + 0.01885 * 2000), abs=0.01)


def test_more_reading_narrows_the_interval() -> None:
    few, many = recall(100, 50, 1, 0.05), recall(100, 500, 10, 0.5)
    assert few.share == pytest.approx(many.share or 0)
    assert few.interval is not None and many.interval is not None
    assert many.interval[1] - many.interval[0] < (few.interval[1] - few.interval[0]) / 2


def test_without_a_sample_read_nothing_is_claimed() -> None:
    measured = recall(found=10, read=0, missed=0, sampling_share=0.01)
    assert (measured.share, measured.interval) == (None, None)


def test_where_nothing_was_found_or_missed_there_is_no_share() -> None:
    assert recall(found=0, read=10, missed=0, sampling_share=0.1).share is None


@pytest.mark.parametrize("counts", [(1, 2, 3, 0.1), (-1, 2, 1, 0.1), (1, 2, 1, 0.0), (1, 2, 1, 1.5)])
def test_counts_that_cannot_be_are_refused(counts: tuple[int, int, int, float]) -> None:
    with pytest.raises(BadInput):
        recall(*counts)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Drawn towns: 2,000 empty frames of which 3 % hold something, 300 found frames, a tenth read."""
    chance = random.Random(4)
    empty, rate, found, share = 2000, 0.03, 300, 0.1
    held = 0
    for _ in range(400):
        there = [chance.random() < rate for _ in range(empty)]
        read = chance.sample(there, int(empty * share))
        measured = recall(found, len(read), sum(read), share)
        assert measured.interval is not None
        held += measured.interval[0] <= found / (found + sum(there)) <= measured.interval[1]
    assert 0.92 <= held / 400 <= 0.995
