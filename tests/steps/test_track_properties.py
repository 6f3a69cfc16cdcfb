"""Over any sequence of visits: what must never happen, and what must."""

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pipeline.domain.detection import Pass
from pipeline.domain.finding import Finding, FindingState, same_place
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode, Outcome
from pipeline.steps.track import COVERED_SHARE, Scene, Tracked, track
from tests.builders import BARE_LOOK, CATEGORIES, LITTER, START, a_detection, look_of

FAST = frozenset({Pass.fast})
PLACES = tuple(Box(left, top, left + 0.06, top + 0.06) for left in (0.1, 0.5, 0.85) for top in (0.2, 0.7))
"""Six places far enough apart to be six things."""
JITTER = st.floats(-0.012, 0.012)
ENDED = (FindingState.cleared, FindingState.lapsed)


@dataclass
class Thing:
    """Something that really lies in the street."""

    number: int
    place: int
    alerts: int = 0
    dismissed: bool = False


class Street(RuleBasedStateMachine):
    """Things come, stay, are missed, covered, dismissed and swept, while the view is visited."""

    def __init__(self) -> None:
        super().__init__()
        self.things: dict[int, Thing] = {}
        self.findings: dict[str, Finding] = {}
        self.at = START
        self.count = 0
        self.numbers = 0
        self.owner: dict[str, int] = {}

    @rule(place=st.integers(0, len(PLACES) - 1))
    def drop(self, place: int) -> None:
        if place not in self.things:
            self.numbers += 1
            self.things[place] = Thing(self.numbers, place)

    @precondition(lambda self: self.things)
    @rule(choice=st.randoms(use_true_random=False))
    def sweep(self, choice: object) -> None:
        place = sorted(self.things)[choice.randrange(len(self.things))]  # type: ignore[attr-defined]
        del self.things[place]

    @rule(missed=st.sets(st.integers(0, 5)), covered=st.sets(st.integers(0, 5)), shift=st.tuples(JITTER, JITTER))
    def visit(self, missed: set[int], covered: set[int], shift: tuple[float, float]) -> None:
        shown = {
            place: _shifted(PLACES[place], shift)
            for place in self.things
            if place not in missed and place not in covered
        }
        hidden = tuple(PLACES[place].grown(0.6) for place in covered)
        self._track(Outcome.seen, shown, hidden)

    @rule()
    def visit_unchanged(self) -> None:
        self._track(Outcome.unchanged, {}, ())

    @precondition(lambda self: any(f.state is FindingState.open for f in self.findings.values()))
    @rule()
    def dismiss_all(self) -> None:
        for finding in self.findings.values():
            if finding.state is FindingState.open:
                self.findings[finding.id] = finding.dismissed(None)

    def _track(self, outcome: Outcome, shown: dict[int, Box], hidden: tuple[Box, ...]) -> None:
        self.at += timedelta(minutes=1)
        detections = tuple(a_detection(box) for box in shown.values())
        scene = Scene(1, self.at, outcome, Mode.day, False, FAST, detections, hidden, self._look)
        live = [finding for finding in self.findings.values() if finding.state not in ENDED]
        ended = [finding for finding in self.findings.values() if finding.state is FindingState.cleared]
        before = {finding.id: finding for finding in live}
        tracked = track(live, ended, scene, CATEGORIES, self._new_id)
        self.findings |= {finding.id: finding for finding in tracked.findings}
        self._count_alerts(tracked)
        self._check_clearing(tracked, before, outcome, hidden)

    def _count_alerts(self, tracked: Tracked) -> None:
        for finding_id in tracked.opened:
            place = self._place(self.findings[finding_id].box)
            if place in self.things:
                self.things[place].alerts += 1

    def _check_clearing(
        self, tracked: Tracked, before: dict[str, Finding], outcome: Outcome, hidden: tuple[Box, ...]
    ) -> None:
        for finding_id in tracked.cleared:
            old = before.get(finding_id)
            if old is None or old.state is FindingState.candidate:
                continue
            assert outcome is Outcome.seen, "an unchanged visit cleared"
            assert old.box.covered_by(hidden) < COVERED_SHARE, "a covered place was cleared"

    def _look(self, box: Box) -> bytes:
        place = self._place(box)
        return look_of(self.things[place].number) if place in self.things else BARE_LOOK

    def _place(self, box: Box) -> int:
        return max(range(len(PLACES)), key=lambda place: PLACES[place].shared_area(box))

    def _new_id(self) -> str:
        self.count += 1
        return f"f{self.count}"

    @invariant()
    def no_thing_alerts_twice(self) -> None:
        assert all(thing.alerts <= 1 for thing in self.things.values())

    @invariant()
    def no_two_open_findings_at_one_place(self) -> None:
        opened = [finding for finding in self.findings.values() if finding.state is FindingState.open]
        for index, one in enumerate(opened):
            for other in opened[index + 1 :]:
                assert not same_place(one.box, other.box, LITTER)


Street.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestStreet = Street.TestCase


def _shifted(box: Box, shift: tuple[float, float]) -> Box:
    return Box(box.left + shift[0], box.top + shift[1], box.right + shift[0], box.bottom + shift[1])


def _visit(findings: dict[str, Finding], minute: float, shown: list[Box], look: bytes, count: list[int]) -> Tracked:
    def new_id() -> str:
        count[0] += 1
        return f"f{count[0]}"

    at = START + timedelta(minutes=minute)
    scene = Scene(
        1, at, Outcome.seen, Mode.day, False, FAST, tuple(a_detection(box) for box in shown), (), lambda _box: look
    )
    live = [finding for finding in findings.values() if finding.state not in ENDED]
    tracked = track(live, [], scene, CATEGORIES, new_id)
    findings |= {finding.id: finding for finding in tracked.findings}
    return tracked


@given(seen=st.lists(st.booleans(), min_size=1, max_size=30), gap=st.floats(0.4, 6))
def test_a_thing_detected_in_enough_visits_opens_on_that_visit(seen: list[bool], gap: float) -> None:
    """The rule reckoned anew, the long way: k of the last n visits since it was first seen, and the dwell time."""
    findings: dict[str, Finding] = {}
    count = [0]
    rule_ = LITTER.persistence
    born: float | None = None
    window: list[bool] = []
    expected: int | None = None
    opened: int | None = None
    for number, is_seen in enumerate(seen):
        if is_seen and born is None:
            born, window = number * gap, []
        if born is not None:
            window = [*window, is_seen][-rule_.of :]
            if len(window) == rule_.of and not any(window):
                born = None
        enough = sum(window) >= rule_.seen and is_seen
        if (
            expected is None
            and born is not None
            and enough
            and (number * gap - born) * 60 >= rule_.dwell.total_seconds()
        ):
            expected = number
        # the place keeps its look, so that misses count against k of n and never towards clearing
        tracked = _visit(findings, number * gap, [PLACES[0]] if is_seen else [], look_of(1), count)
        if tracked.opened and opened is None:
            opened = number
    assert opened == expected


@given(first=st.integers(0, 2), second=st.integers(3, 5), shift=st.tuples(JITTER, JITTER), gap=st.floats(1, 5))
def test_two_things_apart_open_two(first: int, second: int, shift: tuple[float, float], gap: float) -> None:
    findings: dict[str, Finding] = {}
    count = [0]
    for number in range(4):
        boxes = [_shifted(PLACES[first], shift), _shifted(PLACES[second], shift)]
        _visit(findings, number * gap, boxes, look_of(1), count)
    assert sum(finding.state is FindingState.open for finding in findings.values()) == 2


@given(misses=st.integers(3, 9), number=st.integers(2, 40))
def test_new_litter_where_a_dismissed_thing_was_cleared_opens(misses: int, number: int) -> None:
    findings: dict[str, Finding] = {}
    count = [0]
    for minute in range(3):
        _visit(findings, minute, [PLACES[0]], look_of(1), count)
    findings["f1"] = replace(findings["f1"], state=FindingState.dismissed)
    for minute in range(3, 3 + misses):
        _visit(findings, minute, [], BARE_LOOK, count)
    opened: list[str] = []
    for minute in range(20, 23):
        opened += _visit(findings, minute, [PLACES[0]], look_of(number), count).opened
    assert opened == ["f2"]
