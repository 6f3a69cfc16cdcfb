"""The way of a batch of views: scripted cameras and detector, the real rules, the real SQLite store and image files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.camera_lists import CameraRow
from pipeline.adapters.database import open_engine, reading, upgrade, writing
from pipeline.adapters.fleet import SqlFleet
from pipeline.adapters.images import LocalImages
from pipeline.adapters.memories import SqlViewMemories
from pipeline.adapters.rounds import SqlRounds
from pipeline.adapters.seed import seed
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.camera import View
from pipeline.domain.detection import Pass
from pipeline.domain.errors import StoreFailed
from pipeline.domain.frame import Frame
from pipeline.domain.patrol import COVERAGE, PAUSED, Outcome, RoundRef
from pipeline.domain.site import Site, SiteKind
from pipeline.steps.assess import AssessRules
from pipeline.steps.visit import visit_views
from pipeline.steps.world import Summary, Terms, World
from tests.builders import START, a_box
from tests.fakes import (
    BARE,
    LITTERED,
    STILL_LITTERED,
    FailingUnits,
    PlainRedactor,
    ScriptedDetector,
    ScriptedGauge,
    ScriptedSource,
    Shot,
    SteppedClock,
)
from tests.soundness import complaints

EVERY = timedelta(seconds=90)
SHANGHAI = ZoneInfo("Asia/Shanghai")
STALE_AT_ONCE = AssessRules(stale_after=timedelta(0))
ELSEWHERE = Shot(boxes=(a_box(0.1, 0.2),))


@dataclass
class Street:
    """Scripted cameras over a real store."""

    engine: Engine
    folder: Path
    views: int = 1
    sample_share: float = 0.0
    workers: int = 1
    doubtful_daily: int = 0
    fine_every: timedelta = timedelta(hours=1)
    shots: dict[int, Shot] = field(default_factory=dict)
    clock: SteppedClock = field(default_factory=SteppedClock)
    detector: ScriptedDetector = field(default_factory=ScriptedDetector)

    def __post_init__(self) -> None:
        self.images, self.prints = LocalImages(self.folder / "images"), LocalImages(self.folder / "prints")
        self.fleet = SqlFleet(self.engine, lambda _credentials: b"sealed")
        self.rounds = SqlRounds(self.engine)
        self.source = ScriptedSource(self.clock, self.shots)
        self.units = FailingUnits(SqlUnitsOfWork(self.engine))
        site = Site("东门", SiteKind.main_road, False, True, "", None, {})
        rows = [CameraRow(f"相机{number}", site, "http://127.0.0.1/a.jpg", None) for number in range(self.views)]
        self.fleet.import_cameras(rows, {}, START)
        numbers = count()
        self.world = World(
            source=self.source,
            gauge=ScriptedGauge(),
            detector=self.detector,
            redactor=PlainRedactor(),
            images=self.images,
            memories=SqlViewMemories(self.engine, self.prints),
            units=self.units,
            clock=self.clock,
            new_id=lambda: f"f{next(numbers)}",
        )

    def begin(self) -> RoundRef:
        self.clock.advance(EVERY)
        return self.rounds.begin("core", [view.id for view in self.fleet.views()], self.clock.now()).ref

    def visit(self, ref: RoundRef, passes: dict[int, frozenset[Pass]] | None = None) -> Summary:
        with SqlUnitsOfWork(self.engine).reading() as uow:
            categories = uow.categories()
        terms = Terms(
            categories=categories,
            zone=SHANGHAI,
            rules=STALE_AT_ONCE,
            fine_every=self.fine_every,
            passes=passes or {},
            sample_share=self.sample_share,
            doubtful_daily=self.doubtful_daily,
            workers=self.workers,
        )
        return visit_views(ref, self.fleet.views(), self.world, terms)

    def rounds_of(self, *shots: Shot) -> list[Summary]:
        """A round a shot, the same for every view."""
        done = []
        for shot in shots:
            self.shots.update({view.id: shot for view in self.fleet.views()})
            ref = self.begin()
            done.append(self.visit(ref))
            self.rounds.finish(ref.id, self.clock.now())
        return done

    def column(self, column: sa.Column[object]) -> list[object]:
        with reading(self.engine) as connection:
            return list(connection.scalars(sa.select(column).order_by(*column.table.primary_key.columns)))

    def states(self) -> list[str]:
        return sorted(map(str, self.column(tables.findings.c.state)))

    def tickets(self) -> list[object]:
        return self.column(tables.tickets.c.number)

    def complaints(self) -> list[str]:
        return complaints(self.engine, self.images, self.prints)


@pytest.fixture
def street(sqlite_engine: Engine, tmp_path: Path) -> Street:
    return Street(sqlite_engine, tmp_path)


def test_litter_that_persists_becomes_one_ticket_with_its_pictures(street: Street) -> None:
    done = street.rounds_of(LITTERED, LITTERED)
    assert not any(summary.opened for summary in done)
    assert [summary.opened for summary in street.rounds_of(LITTERED, LITTERED, LITTERED)] == [
        ("XJ-20261123-0001",), (), (),
    ]  # fmt: skip
    with reading(street.engine) as connection:
        named = dict(connection.execute(sa.select(tables.ticket_images.c.role, tables.ticket_images.c.digest)).all())
    assert set(named) == {"plain", "outlined"}
    assert b" outlined " in street.images.get(named["outlined"])
    assert b" outlined " not in street.images.get(named["plain"])
    assert street.complaints() == []


def test_a_passing_thing_becomes_no_ticket(street: Street) -> None:
    street.rounds_of(BARE, LITTERED, LITTERED, BARE, BARE, BARE, BARE)
    assert street.tickets() == []
    assert street.states() == ["lapsed"]


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - COVERAGE))
def test_what_was_not_looked_at_neither_opens_nor_clears(street: Street, outcome: Outcome) -> None:
    street.rounds_of(LITTERED, LITTERED)
    blind = Shot(outcome)
    done = street.rounds_of(*[blind] * 6)
    assert {name for summary in done for name in summary.outcomes} == {outcome.value}
    assert (street.tickets(), street.states()) == ([], ["candidate"])
    street.clock.advance(timedelta(hours=1))  # whatever pause the failures brought is over
    street.rounds_of(LITTERED)
    assert len(street.tickets()) == 1
    street.rounds_of(*[blind] * 6)
    assert street.states() == ["open"]


def test_what_is_gone_clears_and_what_comes_back_is_recurring(street: Street) -> None:
    street.rounds_of(*[LITTERED] * 3, *[BARE] * 3)
    assert street.states() == ["cleared"]
    street.rounds_of(*[LITTERED] * 3)
    assert street.column(tables.tickets.c.recurring) == [False, True]
    assert street.complaints() == []


def test_an_unchanged_frame_on_which_a_ticket_opens_is_detected_after_all(street: Street) -> None:
    street.rounds_of(LITTERED, STILL_LITTERED)
    assert street.detector.frames[Pass.fast] == 1
    done = street.rounds_of(STILL_LITTERED)[0]
    assert done.opened == ("XJ-20261123-0001",)
    assert done.outcomes == {"seen": 1}
    assert street.detector.frames[Pass.fast] == 2
    assert street.complaints() == []


def test_an_unchanged_frame_that_shows_nothing_when_detected_opens_nothing(street: Street) -> None:
    """The change gate was wrong: the last look decides."""
    street.rounds_of(LITTERED, STILL_LITTERED, Shot(Outcome.unchanged))
    assert street.tickets() == []
    assert street.complaints() == []


def test_unchanged_frames_cost_no_detection(street: Street) -> None:
    street.rounds_of(BARE, *[Shot(Outcome.unchanged)] * 5)
    assert street.detector.frames == {Pass.fast: 1, Pass.fine: 0}


def test_a_round_run_twice_visits_nothing_twice(sqlite_engine: Engine, tmp_path: Path) -> None:
    street = Street(sqlite_engine, tmp_path, views=40)
    street.shots.update(dict.fromkeys(range(1, 41), LITTERED))
    ref = street.begin()
    assert street.visit(ref).outcomes == {"seen": 40}
    before = street.column(tables.findings.c.marks)
    assert street.visit(ref) == Summary()
    assert len(street.source.captured) == 40
    assert street.column(tables.findings.c.marks) == before


def test_a_view_that_keeps_failing_is_not_tried_and_says_so(street: Street) -> None:
    street.rounds_of(*[Shot(Outcome.unreachable)] * 3)
    tried = len(street.source.captured)
    done = street.rounds_of(LITTERED)[0]
    assert done.outcomes == {"unreachable": 1}
    assert len(street.source.captured) == tried
    assert street.column(tables.visits.c.fault)[-1] == PAUSED


def test_a_candidate_queues_a_follow_up_that_its_visit_finishes(street: Street) -> None:
    street.rounds_of(LITTERED)
    assert street.rounds.next_follow_up() == street.clock.now() + timedelta(seconds=90)
    street.clock.advance(EVERY)
    assert street.rounds.due_follow_ups(street.clock.now()) == {1: Pass.fast}
    street.rounds_of(LITTERED, LITTERED)
    assert len(street.tickets()) == 1
    assert street.rounds.next_follow_up() is None


def test_a_follow_up_asks_for_the_fine_pass_where_only_that_saw_it(street: Street) -> None:
    street.shots[1] = LITTERED
    street.visit(street.begin(), {1: frozenset({Pass.fine})})
    street.clock.advance(EVERY)
    assert set(street.rounds.due_follow_ups(street.clock.now()).values()) <= {Pass.fast, Pass.fine}
    assert street.detector.frames == {Pass.fast: 1, Pass.fine: 1}


def test_the_fine_pass_looks_once_an_interval_a_view(street: Street) -> None:
    street.fine_every = timedelta(minutes=15)
    street.rounds_of(*[BARE] * 40)
    assert street.detector.frames == {Pass.fast: 40, Pass.fine: 4}


@pytest.mark.parametrize("fails", ["before", "after"])
def test_one_chunk_failing_loses_nothing_when_the_round_is_run_again(
    sqlite_engine: Engine, tmp_path: Path, fails: str
) -> None:
    street = Street(sqlite_engine, tmp_path, views=50, workers=2)
    street.rounds_of(LITTERED, LITTERED)
    street.units.plan = iter([None, fails])
    ref = street.begin()
    with pytest.raises(StoreFailed, match="the power went"):
        street.visit(ref)
    left = 150 - len(street.column(tables.visits.c.view_id))
    assert left > 0 if fails == "before" else left < 50
    street.visit(ref)
    assert len(street.column(tables.visits.c.view_id)) == 150
    assert street.tickets() == [f"XJ-20261123-{number:04d}" for number in range(1, 51)]
    assert street.complaints() == []


def test_last_frames_that_were_replaced_are_deleted(sqlite_engine: Engine, tmp_path: Path) -> None:
    street = Street(sqlite_engine, tmp_path, views=20)
    street.rounds_of(*[BARE] * 5)
    assert len(list((tmp_path / "images").glob("??/*"))) == 20
    assert len(list((tmp_path / "prints").glob("??/*"))) <= 40  # a reference and a detected print a view
    assert street.complaints() == []


def test_sampled_frames_are_kept_beside_the_last_ones(sqlite_engine: Engine, tmp_path: Path) -> None:
    street = Street(sqlite_engine, tmp_path, views=40, sample_share=0.3)
    street.rounds_of(*[BARE] * 5)
    kinds = [str(kind) for kind in street.column(tables.images.c.kind)]
    assert kinds.count("last") == 40
    assert 30 < kinds.count("sample") < 90  # of 200 frames
    assert street.complaints() == []


def test_a_visit_that_failed_inside_is_an_outcome_of_its_own_view(street: Street) -> None:
    """An error nobody thought of in one camera's adapter leaves the others alone."""

    def broken(views: Sequence[View], deliver: Callable[[View, Frame | Exception], None]) -> None:
        for view in views:
            deliver(view, KeyError("x"))

    street.source.capture = broken  # type: ignore[method-assign]
    assert street.rounds_of(LITTERED)[0].outcomes == {"unreachable": 1}
    assert street.column(tables.visits.c.fault) == ["internal"]


def test_a_ticket_bears_the_towns_own_day(sqlite_engine: Engine, tmp_path: Path) -> None:
    street = Street(sqlite_engine, tmp_path, clock=SteppedClock(START.replace(hour=15, minute=59)))
    street.rounds_of(LITTERED, LITTERED, LITTERED)
    assert street.tickets() == ["XJ-20261124-0001"]


def meanwhile(street: Street, shown: Shot) -> None:
    """During the next capture a follow-up round visits the view from beginning to end; then it shows `shown`."""
    capture = street.source.capture

    def interrupted(views: Sequence[View], deliver: Callable[[View, Frame | Exception], None]) -> None:
        street.source.capture = capture  # type: ignore[method-assign]
        other = street.rounds.begin("follow-up", [1], street.clock.now()).ref
        street.visit(other)
        street.rounds.finish(other.id, street.clock.now())
        street.shots[1] = shown
        capture(views, deliver)

    street.source.capture = interrupted  # type: ignore[method-assign]


@pytest.mark.parametrize(("before", "shown"), [(0, LITTERED), (2, LITTERED), (2, BARE)], ids=["new", "due", "gone"])
def test_two_rounds_at_a_view_at_once_leave_the_store_sound(street: Street, shown: Shot, before: int) -> None:
    """Rounds of different plans may overlap; a plan overlaps with its follow-ups every minute."""
    street.rounds_of(*[LITTERED] * before)
    street.shots[1] = LITTERED
    meanwhile(street, shown)
    ref = street.begin()
    street.visit(ref)
    street.rounds.finish(ref.id, street.clock.now())
    assert street.complaints() == []
    street.rounds_of(LITTERED, LITTERED, LITTERED)
    assert len(street.tickets()) == 1
    assert street.complaints() == []


SHOTS = st.sampled_from([BARE, LITTERED, STILL_LITTERED, ELSEWHERE, *(Shot(outcome) for outcome in Outcome)])
FAILS = st.sampled_from([None, None, None, "before", "after"])


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.tuples(st.lists(SHOTS, min_size=3, max_size=3), FAILS), min_size=4, max_size=14),
)
def test_whatever_the_cameras_show_and_wherever_it_fails_the_store_stays_sound(
    steps: Sequence[tuple[list[Shot], str | None]],
) -> None:
    with _empty_street() as street:
        for shots, fails in steps:
            street.shots.update(dict(enumerate(shots, 1)))
            ref = street.begin()
            street.units.plan = iter([fails])
            try:
                street.visit(ref)
            except StoreFailed:
                street.visit(ref)
            street.rounds.finish(ref.id, street.clock.now())
            assert street.complaints() == []
        if not any(shot.boxes for shots, _ in steps for shot in shots):
            assert street.tickets() == []


class _empty_street:  # noqa: N801 - reads as the context it is
    """A street of three views in a folder of its own: examples share no fixture."""

    def __enter__(self) -> Street:
        self._folder = TemporaryDirectory()
        folder = Path(self._folder.name)
        self._engine = open_engine(f"sqlite:///{folder / 'patrol.db'}")
        upgrade(self._engine)
        with writing(self._engine) as connection:
            seed(connection)
        return Street(self._engine, folder, views=3)

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()
        self._folder.cleanup()
