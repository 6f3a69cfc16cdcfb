"""What of a judged frame may be taught, and what never."""

from dataclasses import replace

import pytest

from datasets.judged import WHOLE, lessons_of
from pipeline.domain.geometry import Box
from pipeline.domain.label import JudgedBox, JudgedFrame
from pipeline.domain.review import Teaches
from tests.builders import START

SIZE = (1920, 1080)
PLACE, OTHER = Box(0.1, 0.1, 0.2, 0.2), Box(0.7, 0.7, 0.8, 0.8)
EVERYTHING = frozenset({"litter", "illegal_ad"})


def said(teaches: Teaches, box: Box = PLACE, category: str = "litter") -> JudgedBox:
    return JudgedBox(category, box, teaches)


def frame(*boxes: JudgedBox, unjudged: tuple[Box, ...] = (), looked_for: frozenset[str] = frozenset()) -> JudgedFrame:
    return JudgedFrame("f" * 64, 1, 1, START, boxes, unjudged, looked_for)


def test_of_a_frame_that_nobody_looked_over_only_judged_places_are_shown() -> None:
    (lesson,) = lessons_of(frame(said(Teaches.negative)), *SIZE)
    assert lesson.boxes == ()
    assert (lesson.speaks, lesson.teaches) == (frozenset({"litter"}), Teaches.negative)
    (shown,) = lesson.shown
    assert PLACE.covered_by([shown]) == 1.0
    assert shown.area < 4 * PLACE.area
    assert shown.covered_by([lesson.window]) == pytest.approx(1.0)


def test_a_place_judged_for_one_category_says_nothing_of_another() -> None:
    found = lessons_of(frame(said(Teaches.negative), said(Teaches.positive, category="illegal_ad")), *SIZE)
    assert {(lesson.teaches, lesson.speaks) for lesson in found} == {
        (Teaches.negative, frozenset({"litter"})), (Teaches.positive, frozenset({"illegal_ad"})),
    }  # fmt: skip


def test_a_frame_that_was_looked_over_is_taught_whole_but_for_what_stays_open() -> None:
    (lesson,) = lessons_of(frame(said(Teaches.positive), unjudged=(OTHER,), looked_for=EVERYTHING), *SIZE)
    assert (lesson.window, lesson.shown, lesson.hidden, lesson.speaks) == (WHOLE, (WHOLE,), (OTHER,), EVERYTHING)
    assert [(box.name, box.box) for box in lesson.boxes] == [("litter", PLACE)]


def test_an_unjudged_region_is_never_background() -> None:
    beside = Box(0.19, 0.1, 0.29, 0.2)
    (lesson,) = lessons_of(frame(said(Teaches.negative), unjudged=(beside,)), *SIZE)
    assert lesson.hidden == (beside,)


def test_a_box_seen_again_at_a_judged_place_is_judged() -> None:
    again = replace(PLACE, right=0.205)
    (lesson,) = lessons_of(frame(said(Teaches.negative), unjudged=(again,)), *SIZE)
    assert lesson.hidden == ()


def test_what_teaches_nothing_is_hidden_and_no_lesson_of_its_own() -> None:
    assert lessons_of(frame(said(Teaches.nothing)), *SIZE) == ()
    (lesson,) = lessons_of(frame(said(Teaches.nothing), looked_for=EVERYTHING), *SIZE)
    assert lesson.hidden == (PLACE,)
    assert lesson.boxes == ()


def test_a_judged_box_under_an_open_region_is_left_out() -> None:
    wide = Box(0.05, 0.05, 0.4, 0.4)
    assert lessons_of(frame(said(Teaches.positive), unjudged=(wide,)), *SIZE) == ()


def test_places_far_apart_get_windows_of_their_own_and_each_is_taught_once() -> None:
    found = lessons_of(frame(said(Teaches.positive), said(Teaches.negative, OTHER)), *SIZE)
    assert len(found) == 2
    assert sorted(one.teaches for lesson in found for one in lesson.rests_on) == ["negative", "positive"]
    for lesson in found:
        assert all(0.0 <= side <= 1.0 for box in lesson.boxes for side in (box.box.left, box.box.right))


def test_the_newest_word_on_a_thing_counts_and_a_second_ticket_for_it_takes_nothing_away() -> None:
    again = replace(PLACE, right=0.205)
    words = (
        JudgedBox("litter", PLACE, Teaches.positive, 1), JudgedBox("litter", again, Teaches.negative, 2),
        JudgedBox("litter", again, Teaches.nothing, 3),
    )  # fmt: skip
    (lesson,) = lessons_of(frame(*words), *SIZE)
    assert [one.verdict_id for one in lesson.rests_on] == [2]
    assert lesson.hidden == ()


def test_a_thing_cut_off_at_the_edge_of_a_place_is_painted_over() -> None:
    near = Box(0.21, 0.1, 0.6, 0.45)
    found = lessons_of(frame(said(Teaches.negative), said(Teaches.positive, near)), *SIZE)
    (negative,) = [lesson for lesson in found if lesson.teaches is Teaches.negative]
    assert near.shared_area(negative.shown[0]) > 0
    assert negative.hidden == (near,)
