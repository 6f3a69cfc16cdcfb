"""What opens, stays and clears, case by case."""

from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.domain.detection import Detection, Pass
from pipeline.domain.finding import Finding, FindingState
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode, Outcome
from pipeline.steps.track import Scene, Tracked, track
from tests.builders import BARE_LOOK, CATEGORIES, LITTER, a_box, a_detection, look_of, minutes

THERE = a_box()
ELSEWHERE = a_box(left=0.8, top=0.2)
FAST = frozenset({Pass.fast})


class Camera:
    """Drives `track` visit by visit and keeps what a database would keep."""

    def __init__(self) -> None:
        self.findings: dict[str, Finding] = {}
        self.opened: list[str] = []
        self._count = 0

    def visit(
        self,
        at: float,
        *boxes: Box,
        look: bytes | None = None,
        outcome: Outcome = Outcome.seen,
        mode: Mode = Mode.day,
        changed: bool = False,
        hidden: tuple[Box, ...] = (),
        passes: frozenset[Pass] = FAST,
        found_by: Pass = Pass.fast,
        faint: tuple[Box, ...] = (),
        blind: tuple[Box, ...] = (),
    ) -> Tracked:
        detections: tuple[Detection, ...] = tuple(a_detection(box, found_by=found_by) for box in boxes)
        shown = look if look is not None else look_of(1) if boxes else BARE_LOOK
        scene = Scene(1, minutes(at), outcome, mode, changed, passes, detections, hidden, lambda _box: shown)
        scene = replace(scene, blind=blind, faint=tuple(a_detection(box, score=0.2) for box in faint))
        ended = [finding for finding in self.findings.values() if finding.state is FindingState.cleared]
        tracked = track(self.live(), ended, scene, CATEGORIES, self._new_id)
        self.findings |= {finding.id: finding for finding in tracked.findings}
        self.opened += tracked.opened
        return tracked

    def live(self) -> list[Finding]:
        ended = (FindingState.cleared, FindingState.lapsed)
        return [finding for finding in self.findings.values() if finding.state not in ended]

    def dismiss(self, until: datetime | None = None) -> None:
        for finding in self.live():
            self.findings[finding.id] = finding.dismissed(until)

    def _new_id(self) -> str:
        self._count += 1
        return f"f{self._count}"


def opened_litter() -> Camera:
    camera = Camera()
    for at in (0, 1, 2):
        camera.visit(at, THERE)
    assert camera.opened == ["f1"]
    return camera


def test_litter_opens_on_the_visit_that_fulfils_its_rule() -> None:
    camera = Camera()
    camera.visit(0, THERE)
    camera.visit(1, THERE)
    assert camera.opened == []
    camera.visit(2, THERE)
    assert camera.opened == ["f1"]


def test_enough_visits_in_too_short_a_time_open_nothing() -> None:
    camera = Camera()
    for at in (0, 0.3, 0.6, 0.9):
        camera.visit(at, THERE)
    assert camera.opened == []


def test_unchanged_visits_carry_a_finding_on_to_opening() -> None:
    camera = Camera()
    camera.visit(0, THERE)
    camera.visit(1, outcome=Outcome.unchanged)
    camera.visit(2, outcome=Outcome.unchanged)
    assert camera.opened == ["f1"]


def test_unchanged_visits_do_not_clear() -> None:
    camera = opened_litter()
    camera.visit(3, look=BARE_LOOK)
    for at in range(4, 20):
        camera.visit(at, outcome=Outcome.unchanged)
    assert camera.findings["f1"].state is FindingState.open


def test_what_stays_is_one_finding_and_one_alert() -> None:
    camera = opened_litter()
    for at in range(3, 60):
        camera.visit(at, THERE)
    assert camera.opened == ["f1"]
    assert len(camera.findings) == 1


def test_what_the_detector_misses_while_the_place_looks_the_same_is_not_cleared() -> None:
    camera = opened_litter()
    for at in range(3, 20):
        camera.visit(at, look=look_of(1))
    assert camera.findings["f1"].state is FindingState.open


def test_swept_litter_is_cleared_after_clear_visits_and_what_returns_is_recurring() -> None:
    camera = opened_litter()
    for at in (3, 4, 5):
        camera.visit(at)
    assert camera.findings["f1"].state is FindingState.cleared
    for at in (10, 11, 12):
        camera.visit(at, THERE, look=look_of(5))
    assert camera.opened == ["f1", "f2"]
    assert camera.findings["f2"].recurs == "f1"


def test_two_things_apart_open_two() -> None:
    camera = Camera()
    for at in (0, 1, 2):
        camera.visit(at, THERE, ELSEWHERE)
    assert sorted(camera.opened) == ["f1", "f2"]


def test_neighbouring_boxes_are_one_finding() -> None:
    camera = Camera()
    beside = a_box(left=THERE.right + 0.01)
    for at in (0, 1, 2):
        camera.visit(at, THERE, beside)
    assert camera.opened == ["f1"]
    assert camera.findings["f1"].box.width > THERE.width * 2


def test_a_heap_that_falls_apart_in_the_boxes_stays_one_finding() -> None:
    camera = Camera()
    heap = a_box(width=0.2)
    for at in (0, 1, 2):
        camera.visit(at, heap)
    parts = (
        Box(heap.left, heap.top, heap.left + 0.03, heap.bottom),
        Box(heap.right - 0.03, heap.top, heap.right, heap.bottom),
    )
    for at in range(3, 12):
        camera.visit(at, *parts) if at % 2 else camera.visit(at, parts[0])
    assert camera.opened == ["f1"]


def test_doubling_in_area_is_a_note_on_the_same_finding() -> None:
    camera = opened_litter()
    grown = camera.visit(3, a_box(width=0.11)).grown
    again = camera.visit(4, a_box(width=0.11)).grown
    assert (grown, again) == (("f1",), ())


def test_a_place_covered_by_a_person_counts_neither_for_nor_against() -> None:
    camera = opened_litter()
    for at in range(3, 20):
        camera.visit(at, look=look_of(9), hidden=(THERE.grown(0.5),))
    assert camera.findings["f1"].state is FindingState.open
    assert camera.findings["f1"].clear_in_a_row == 0


def test_a_wide_blind_area_clears_nothing() -> None:
    camera = opened_litter()
    for at in range(3, 20):
        camera.visit(at, look=look_of(9), blind=(THERE.grown(1.0),))
    assert camera.findings["f1"].state is FindingState.open


def test_litter_that_the_reference_shows_is_cleared_though_its_own_spot_went_blind() -> None:
    camera = opened_litter()
    cleared = [camera.visit(at, look=look_of(9), blind=(THERE.grown(0.1),)).cleared for at in (3, 4, 5)]
    assert cleared == [(), (), ("f1",)]


def test_a_faint_box_at_the_place_keeps_it_from_being_cleared() -> None:
    camera = opened_litter()
    for at in range(3, 20):
        camera.visit(at, look=look_of(9), faint=(THERE,))
    assert camera.findings["f1"].state is FindingState.open


def test_what_was_dismissed_raises_no_second_alert_while_it_stays() -> None:
    camera = opened_litter()
    camera.dismiss()
    for at in range(3, 40):
        camera.visit(at, THERE)
    assert camera.opened == ["f1"]


def test_new_litter_where_a_dismissed_thing_was_cleared_opens() -> None:
    camera = opened_litter()
    camera.dismiss()
    for at in (3, 4, 5):
        camera.visit(at)
    assert camera.findings["f1"].state is FindingState.cleared
    for at in (6, 7, 8):
        camera.visit(at, THERE, look=look_of(7))
    assert camera.opened == ["f1", "f2"]


def test_a_quite_different_thing_at_a_suppressed_place_opens() -> None:
    camera = opened_litter()
    camera.dismiss()
    for at in (3, 4, 5):
        camera.visit(at, THERE, look=look_of(8))
    assert camera.opened == ["f1", "f2"]


def test_a_suppression_ends_at_its_date() -> None:
    camera = opened_litter()
    camera.dismiss(until=minutes(30))
    for at in (3, 29, 31, 32, 33, 34):
        camera.visit(at, THERE)
    assert camera.opened == ["f1", "f2"]


def test_the_switch_to_infra_red_opens_and_clears_nothing_both_ways() -> None:
    camera = Camera()
    camera.visit(0, THERE)
    camera.visit(1, THERE)
    tracked = camera.visit(2, THERE, ELSEWHERE, mode=Mode.infra_red, changed=True)
    assert tracked.opened == ()
    for at in range(3, 12):
        camera.visit(at, ELSEWHERE, mode=Mode.infra_red, look=look_of(2))
    assert camera.opened == [], "what stood there at the switch must be seen in the other mode too"
    tracked = camera.visit(12, THERE, mode=Mode.day, changed=True)
    assert (tracked.opened, tracked.cleared) == ((), ())


def test_a_finding_of_the_day_is_not_cleared_by_infra_red_visits() -> None:
    camera = opened_litter()
    for at in range(3, 20):
        camera.visit(at, mode=Mode.infra_red, changed=at == 3)
    assert camera.findings["f1"].state is FindingState.open


def test_what_only_the_fine_pass_sees_is_not_absent_in_the_fast_one() -> None:
    camera = Camera()
    both = frozenset({Pass.fast, Pass.fine})
    for at in (0, 1, 2):
        camera.visit(at, THERE, passes=both, found_by=Pass.fine)
    for at in range(3, 20):
        camera.visit(at)
    assert camera.findings["f1"].state is FindingState.open
    cleared = [camera.visit(at, passes=both).cleared for at in (20, 21, 22)]
    assert cleared == [(), (), ("f1",)]


def test_a_flicker_lapses_without_an_alert() -> None:
    camera = Camera()
    camera.visit(0, THERE)
    for at in range(1, 7):
        camera.visit(at)
    assert camera.findings["f1"].state is FindingState.lapsed
    assert camera.opened == []


def test_a_static_false_alarm_below_the_rule_never_opens() -> None:
    camera = Camera()
    for at in range(60):
        camera.visit(at, *([THERE] if at % 3 == 0 else []), look=look_of(1))
    assert camera.opened == []


def test_a_candidate_wants_another_look() -> None:
    camera = Camera()
    assert [finding.id for finding in camera.visit(0, THERE).waiting] == ["f1"]


def test_categories_without_a_row_are_left_alone() -> None:
    camera = Camera()
    camera.findings["f9"] = replace(opened_litter().findings["f1"], id="f9", category="gone")
    camera.visit(3, THERE)
    assert camera.findings["f9"].state is FindingState.open


def test_the_onset_lies_between_two_visits() -> None:
    scene = Scene(
        1, minutes(5), Outcome.seen, Mode.day, False, FAST, (a_detection(),), (), lambda _box: look_of(1), minutes(0)
    )
    (finding,) = track([], [], scene, {"litter": LITTER}, lambda: "f1").findings
    assert (finding.not_before, finding.first_seen_at) == (minutes(0), minutes(5))
    assert finding.first_seen_at - minutes(0) == timedelta(minutes=5)


def test_cars_that_happen_to_pass_at_one_place_are_no_thing_that_stays() -> None:
    camera = Camera()
    for at in range(20):
        assert camera.visit(at, THERE, look=look_of(at + 1)).opened == ()


def test_what_stays_where_others_passed_opens_like_any_thing() -> None:
    camera = Camera()
    camera.visit(0, THERE, look=look_of(1))
    camera.visit(1, THERE, look=look_of(2))
    opened = [camera.visit(at, THERE, look=look_of(3)).opened for at in range(2, 6)]
    assert [len(ids) for ids in opened] == [0, 0, 1, 0]
