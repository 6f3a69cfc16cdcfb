"""Zones as hands draw them, and where they lie after a camera was turned."""

import math

import pytest

from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Polygon
from pipeline.domain.shape import UNMOVED, area_of, checked_polygon, moved

SQUARE: Polygon = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))


def test_a_hand_that_slips_over_the_edge_is_led_back() -> None:
    drawn = [(-0.01, 0.5), (0.5, 0.5), (0.5, 1.015), (0.5, 1.015), (-0.01, 0.5)]
    assert checked_polygon(drawn, "zone 1") == ((0.0, 0.5), (0.5, 0.5), (0.5, 1.0))


@pytest.mark.parametrize(
    ("drawn", "word"),
    [
        ([(0.1, 0.1), (0.2, 0.2)], "2 corners"),
        ([(0.1, 0.1), (0.1, 0.1), (0.2, 0.2), (0.1, 0.1)], "2 corners"),
        ([(0.1, 0.1), (1.5, 0.1), (0.5, 0.5)], "outside"),
        ([(0.1, 0.1), (math.nan, 0.1), (0.5, 0.5)], "no number"),
        ([(0.1, 0.1), (math.inf, 0.1), (0.5, 0.5)], "no number"),
        ([(0.1, 0.1), (0.11, 0.1), (0.11, 0.105)], "larger"),
        ([(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)], "crosses itself"),
        ([(0.1, 0.1 + n / 200) for n in range(61)], "61 corners"),
    ],
)
def test_what_can_be_no_zone_is_named(drawn: list[tuple[float, float]], word: str) -> None:
    with pytest.raises(BadInput, match=f"pavement south: .*{word}"):
        checked_polygon(drawn, "pavement south")


def test_a_view_that_did_not_move_leaves_zones_as_they_are() -> None:
    assert moved(SQUARE, UNMOVED) == SQUARE


def test_a_zone_goes_along_with_a_shift_and_is_cut_at_the_frame() -> None:
    shifted = moved(SQUARE, (1, 0, 0.5, 0, 1, 0.1, 0, 0, 1))
    assert shifted is not None
    assert min(x for x, _ in shifted) == pytest.approx(0.7)
    assert max(x for x, _ in shifted) == 1.0
    assert area_of(shifted) == pytest.approx(0.3 * 0.4)


def test_a_zone_that_left_the_picture_is_lost_and_said_so() -> None:
    assert moved(SQUARE, (1, 0, 0.85, 0, 1, 0, 0, 0, 1)) is None
    assert moved(SQUARE, (1, 0, 0, 0, 1, 0, 0, -2, 1)) is None  # behind the camera


def test_a_turned_view_turns_its_zones() -> None:
    quarter = moved(SQUARE, (0, -1, 0.8, 1, 0, 0, 0, 0, 1))
    assert quarter is not None
    assert {(round(x, 6), round(y, 6)) for x, y in quarter} == {(0.6, 0.2), (0.6, 0.6), (0.2, 0.6), (0.2, 0.2)}
