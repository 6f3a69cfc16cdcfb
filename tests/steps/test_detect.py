"""Which boxes the second look is asked about, and what its answer decides."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from pipeline.domain.camera import PermittedHours, View, ViewThreshold, Zone, ZoneKind
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.frame import Frame
from pipeline.steps.detect import Seen, detect, sorted_out, terms_in_force
from tests.builders import ADS, CATEGORIES, START, a_box, a_detection, a_view
from tests.fakes import WEIGHTS, ScriptedSource, Shot, SteppedClock

ZONE = ZoneInfo("Asia/Shanghai")
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
FAST, FINE = frozenset({Pass.fast}), frozenset({Pass.fast, Pass.fine})


@dataclass
class Given:
    """Port Detector: the given boxes, each in its own pass."""

    boxes: tuple[Detection, ...]
    model: str = WEIGHTS
    classes: tuple[str, ...] = ("litter", "illegal_ad", "person")

    def detect(self, frames: Sequence[Frame], found_by: Pass, threshold: float) -> list[tuple[Detection, ...]]:
        return [tuple(box for box in self.boxes if box.found_by is found_by) for _ in frames]


@dataclass
class Doubter:
    """Port SecondLook: every ad gets one score."""

    score: float
    version: str = "0"
    categories: frozenset[str] = frozenset({"illegal_ad"})
    asked: list[Detection] = field(default_factory=list)

    def review(self, frame: Frame, detections: Sequence[Detection]) -> tuple[Detection, ...]:
        self.asked += detections
        return tuple(replace(one, score=self.score) if one.category in self.categories else one for one in detections)


def seen(boxes: Sequence[Detection], passes: frozenset[Pass], second: Doubter) -> Seen:
    frames: list[Frame] = []
    source = ScriptedSource(SteppedClock(), {1: Shot()})
    source.capture([a_view()], lambda _, got: frames.append(got) if isinstance(got, Frame) else None)
    wanted = [(a_view(), frames[0], passes)]
    return detect(wanted, Given(tuple(boxes)), CATEGORIES, ZONE, second)[0]


def an_ad(score: float, found_by: Pass = Pass.fast) -> Detection:
    return a_detection(category="illegal_ad", score=score, found_by=found_by)


def test_a_doubted_ad_is_no_finding_but_a_hint() -> None:
    told = seen([an_ad(0.6)], FAST, Doubter(0.2))
    assert not told.findable
    assert [box.score for box in told.faint] == [0.2]


def test_a_faint_ad_of_the_fine_pass_that_proves_right_is_found() -> None:
    assert seen([an_ad(0.2, Pass.fine)], FINE, Doubter(0.9)).findable


def test_a_faint_ad_of_the_fast_pass_is_not_worth_asking() -> None:
    second = Doubter(0.9)
    assert not seen([an_ad(ADS.threshold - 0.1)], FAST, second).findable
    assert not second.asked


def test_other_categories_are_not_asked_about_and_helpers_speak_for_the_weak_ones() -> None:
    second = Doubter(0.9)
    person = a_detection(a_box(0.1), "person", 0.3)
    told = seen([a_detection(), an_ad(0.5), person], FAST, second)
    assert second.asked == [an_ad(0.5), person]
    assert {box.category for box in told.findable} == {"litter", "illegal_ad"}
    assert told.faint_helpers == (person,)


def test_a_frame_without_weak_boxes_asks_nothing() -> None:
    second = Doubter(0.9)
    seen([a_detection(), a_detection(category="person")], FINE, second)
    assert not second.asked


def a_strict_view(threshold: float = 0.7, fine_threshold: float | None = None) -> View:
    return replace(a_view(), thresholds=(ViewThreshold("litter", threshold, fine_threshold),))


def sorted_in(view: View, *boxes: Detection) -> Seen:
    frame = Frame(Shot(), 1920, 1080, START, START, view.source_kind)
    return sorted_out(boxes, (view, frame, FINE), CATEGORIES, ZONE, WEIGHTS)


def test_a_views_own_threshold_goes_before_the_categorys() -> None:
    between = a_detection(score=0.6)
    assert sorted_in(a_view(), between).findable == (between,)
    told = sorted_in(a_strict_view(), between)
    assert (told.findable, told.faint) == ((), (between,))
    assert sorted_in(a_strict_view(0.3), a_detection(score=0.35)).findable


def test_a_views_own_threshold_of_the_fine_pass_binds_that_pass_alone() -> None:
    view = a_strict_view(0.5, 0.9)
    fast, fine = a_detection(score=0.6), a_detection(score=0.6, found_by=Pass.fine)
    assert sorted_in(view, fast, fine).findable == (fast,)


def test_other_categories_and_views_without_thresholds_go_by_the_table() -> None:
    assert a_view().in_force(CATEGORIES) is CATEGORIES
    assert a_strict_view().in_force(CATEGORIES)["illegal_ad"] is ADS
    assert replace(a_view(), thresholds=(ViewThreshold("gone", 0.9),)).in_force(CATEGORIES) is CATEGORIES


def test_a_views_second_look_is_asked_by_its_own_threshold() -> None:
    view = replace(a_view(), thresholds=(ViewThreshold("illegal_ad", 0.2),))
    second = Doubter(0.9)
    frame = Frame(Shot(), 1920, 1080, START, START, view.source_kind)
    told = detect([(view, frame, FAST)], Given((an_ad(0.3),)), CATEGORIES, ZONE, second)[0]
    assert second.asked and told.findable


def test_new_thresholds_of_a_view_force_a_look_at_it_alone() -> None:
    terms = {terms_in_force(WEIGHTS, CATEGORIES, view) for view in (a_view(), a_strict_view(), a_strict_view(0.71))}
    assert len(terms) == 3
    same = replace(a_view(), thresholds=(ViewThreshold("litter", CATEGORIES["litter"].threshold),))
    assert terms_in_force(WEIGHTS, CATEGORIES, same) == terms_in_force(WEIGHTS, CATEGORIES, a_view())


@pytest.mark.parametrize(
    ("local", "allowed"),
    [
        ("2026-11-27 18:00", True),  # Friday
        ("2026-11-27 17:59", False),
        ("2026-11-28 01:59", True),  # still Friday's
        ("2026-11-28 02:00", False),
        ("2026-11-28 19:00", False),  # Saturday
        ("2026-11-27 01:00", False),  # Thursday's night
    ],
)
def test_permitted_hours_run_past_midnight_and_belong_to_the_day_on_which_they_began(local: str, allowed: bool) -> None:
    fridays = PermittedHours(time(18), time(2), frozenset({4}), frozenset({"litter"}))
    zone = Zone(ZoneKind.pavement, WHOLE, permitted=(fridays,))
    at = datetime.fromisoformat(local).replace(tzinfo=ZONE)
    view = replace(a_view(), zones=(zone,))
    assert view.counts(a_detection(), at) is not allowed
    assert view.counts(a_detection(category="illegal_ad"), at)
