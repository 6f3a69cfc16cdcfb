"""What stands on a pavement: when it is a stall, when it is not, and how sure that is."""

from dataclasses import replace

import pytest

from pipeline.domain.category import DEFAULT_CATEGORIES
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.finding import Finding, FindingState
from pipeline.domain.foreground import STREET_BUSINESS, Foreground, Standing, judged, stalls
from pipeline.domain.geometry import Box
from tests.builders import a_detection, a_finding

BUSINESS = next(category for category in DEFAULT_CATEGORIES if category.code == STREET_BUSINESS)
PLACE = Box(0.4, 0.5, 0.5, 0.62)
JUST_COME = Standing(PLACE, aspect=1.2, coloured=0.4, settled=0.1, arrived=0.9)
STAYS = Standing(PLACE, aspect=1.2, coloured=0.4, settled=0.9, arrived=0.1)
ANOTHER_CAME = Standing(PLACE, aspect=1.2, coloured=0.4, settled=0.1, arrived=0.2)


def found(thing: Standing, *boxes: Detection, live: tuple[Finding, ...] = ()) -> tuple[Detection, ...]:
    return stalls(Foreground(True, (thing,)), boxes, live, BUSINESS)


def a_stall(state: FindingState = FindingState.candidate) -> Finding:
    return replace(a_finding(state=state, box=PLACE), category=STREET_BUSINESS)


def test_what_has_just_come_makes_a_candidate_above_the_threshold() -> None:
    (stall,) = found(JUST_COME)
    assert (stall.category, stall.box, stall.found_by) == (STREET_BUSINESS, PLACE, Pass.fast)
    assert stall.score > BUSINESS.threshold


def test_a_candidate_counts_as_seen_again_only_if_it_stands_still() -> None:
    assert found(STAYS, live=(a_stall(),))
    assert not found(JUST_COME, live=(a_stall(),))
    assert not found(ANOTHER_CAME, live=(a_stall(),))


def test_where_somebody_else_stood_before_nothing_begins() -> None:
    assert not found(ANOTHER_CAME)


def test_an_open_finding_stays_seen_though_people_move_before_it() -> None:
    assert found(ANOTHER_CAME, live=(a_stall(FindingState.open),))


def test_something_upright_that_has_just_come_is_taken_for_a_person_until_it_stays() -> None:
    assert not found(replace(JUST_COME, aspect=0.4))
    assert found(replace(STAYS, aspect=0.4))


def test_without_a_frame_before_nothing_is_told() -> None:
    assert not found(replace(JUST_COME, settled=None, arrived=None))


@pytest.mark.parametrize("kind", ["two_wheeler", "car", "truck", "bin", "person", "litter"])
def test_what_a_vehicle_a_bin_a_person_or_litter_explains_is_no_stall(kind: str) -> None:
    assert not found(STAYS, a_detection(PLACE.grown(0.05), kind, 0.4))


def test_a_vehicle_that_covers_a_part_lowers_it_below_the_threshold() -> None:
    (stall,) = found(STAYS, a_detection(Box(0.4, 0.5, 0.43, 0.62), "two_wheeler", 0.6))
    assert stall.score < BUSINESS.threshold


def test_an_umbrella_or_a_person_beside_it_raises_it() -> None:
    (bare,) = found(STAYS)
    (shaded,) = found(STAYS, a_detection(Box(0.4, 0.42, 0.5, 0.5), "umbrella", 0.6))
    (manned,) = found(STAYS, a_detection(Box(0.51, 0.45, 0.54, 0.62), "person", 0.6))
    assert shaded.score > manned.score > bare.score


def test_a_box_of_the_detector_is_raised_by_what_stands_there_and_lowered_by_what_always_stood_there() -> None:
    box = a_detection(PLACE, STREET_BUSINESS, 0.5)
    assert judged(box, Foreground(True, (STAYS,))).score > 0.6
    assert judged(box, Foreground(True)).score < 0.4
    assert judged(box, Foreground(ready=False)) == box


@pytest.mark.parametrize(
    ("box", "told"),
    [
        (Box(0.4, 0.0, 0.55, 0.04), False),
        (Box(0.0, 0.4, 0.05, 0.55), False),
        (Box(0.4, 0.97, 0.55, 1.0), False),
        (Box(0.0, 0.4, 0.2, 0.55), True),
        (Box(0.4, 0.0, 0.55, 0.3), True),
        (Box(0.4, 0.03, 0.55, 0.07), True),
    ],
)
def test_of_a_sliver_at_the_frames_border_nothing_is_told(box: Box, told: bool) -> None:
    assert bool(found(replace(JUST_COME, box=box))) == told
