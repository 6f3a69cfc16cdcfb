"""Doubtful frames, and a challenger beside the champion: scripted detectors, the real rules and store."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.database import reading
from pipeline.adapters.tables_learning import asked_frames, doubtful_frames
from pipeline.adapters.tables_people import audit_entries
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.errors import BadInput, TransitionRefused, WeightsRefused
from pipeline.domain.frame import Frame
from pipeline.domain.model_version import ModelVersion, Thresholds
from pipeline.domain.shadow import Seen, ShadowRun
from pipeline.steps.promotion import promote, start_with
from pipeline.steps.shadow import MOST_OF_A_VIEW, start_shadow, stop_shadow, under_way
from pipeline.steps.world import Shadow
from tests.builders import START, a_box, a_detection, minutes
from tests.fakes import BARE, LITTERED, WEIGHTS, Shot, SteppedClock
from tests.steps.test_visit import ELSEWHERE, Street

CHALLENGER = "ba9876543210"
DAY_LONG = START + timedelta(days=1)
NEARLY = a_detection(score=0.44)


@dataclass
class Sees:
    """Port Detector: the same boxes on every frame; fails or takes its time where it is told to."""

    boxes: tuple[Detection, ...] = ()
    model: str = CHALLENGER
    classes: tuple[str, ...] = ("litter",)
    fails: Exception | None = None
    clock: SteppedClock | None = None
    takes: timedelta = timedelta(0)
    frames: int = field(default=0)

    def detect(self, frames: Sequence[Frame], found_by: Pass, threshold: float) -> list[tuple[Detection, ...]]:
        if self.fails is not None:
            raise self.fails
        if self.clock is not None:
            self.clock.advance(self.takes)
        self.frames += len(frames)
        return [self.boxes for _ in frames]


@pytest.fixture
def street(sqlite_engine: Engine, tmp_path: Path) -> Street:
    return Street(sqlite_engine, tmp_path)


def look_with(street: Street, detector: Sees) -> None:
    street.world = replace(street.world, detector=detector)


# --- doubt


def doubting(engine: Engine, folder: Path, *boxes: Detection, views: int = 1, sample_share: float = 0.0) -> Street:
    street = Street(engine, folder, views=views, sample_share=sample_share)
    street.doubtful_daily = 2
    look_with(street, Sees(boxes, model=WEIGHTS))
    return street


def test_a_frame_that_nearly_showed_something_is_stored_in_full_twice_a_day(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    street = doubting(sqlite_engine, tmp_path, NEARLY)
    street.rounds_of(BARE, BARE)
    street.clock.advance(timedelta(hours=12))
    street.rounds_of(BARE, BARE)
    kinds = [str(kind) for kind in street.column(tables.images.c.kind)]
    assert sorted(kinds) == ["asked", "asked", "last"]
    with reading(street.engine) as connection:
        row = connection.execute(sa.select(doubtful_frames)).all()[0]
    assert (row.category, row.score, row.threshold, row.model) == ("litter", 0.44, 0.45, WEIGHTS)
    assert street.complaints() == []


@pytest.mark.parametrize(
    "boxes",
    [(), (a_detection(score=0.15),), (a_detection(score=0.44), a_detection(a_box(0.1, 0.1)))],
    ids=["nothing", "sure of nothing", "something else was found"],
)
def test_other_frames_are_not(sqlite_engine: Engine, tmp_path: Path, boxes: tuple[Detection, ...]) -> None:
    street = doubting(sqlite_engine, tmp_path, *boxes)
    street.rounds_of(BARE)
    assert street.column(doubtful_frames.c.image) == []


def test_a_known_thing_that_fades_is_not_asked_about_beside_its_ticket(sqlite_engine: Engine, tmp_path: Path) -> None:
    street = doubting(sqlite_engine, tmp_path, a_detection())
    street.rounds_of(LITTERED, LITTERED, LITTERED)
    look_with(street, Sees((NEARLY,), model=WEIGHTS))
    street.rounds_of(LITTERED)
    assert street.states() == ["open"]
    assert street.column(doubtful_frames.c.image) == []


def test_a_sampled_frame_stays_a_fair_sample(sqlite_engine: Engine, tmp_path: Path) -> None:
    street = doubting(sqlite_engine, tmp_path, NEARLY, views=3, sample_share=1.0)
    street.rounds_of(BARE)
    assert sorted(map(str, street.column(tables.images.c.kind))) == ["last"] * 3 + ["sample"] * 3
    assert street.column(doubtful_frames.c.image) == []


# --- shadow


def shadowed(street: Street, challenger: Sees, thresholds: Thresholds | None = None) -> ShadowRun:
    units = SqlUnitsOfWork(street.engine)
    start_with(units, ModelVersion(WEIGHTS, "champion", ("litter",), START, "patrol"), "patrol", START)
    with units.writing() as uow:
        uow.models.add(ModelVersion(CHALLENGER, "challenger", ("litter",), START, "patrol"))
    run = start_shadow(units, CHALLENGER, DAY_LONG, "主任", START)
    shadow = Shadow(run.id, run.until, challenger, thresholds or {})
    street.world = replace(street.world, shadow=shadow)
    return run


def state(street: Street, run: ShadowRun) -> ShadowRun:
    with SqlUnitsOfWork(street.engine).reading() as uow:
        return uow.shadow.get(run.id)


def test_a_challenger_opens_nothing_and_what_it_alone_sees_is_asked_about_once(street: Street) -> None:
    run = shadowed(street, Sees((a_detection(a_box(0.1, 0.2), score=0.7),)))
    street.rounds_of(BARE, BARE, BARE, BARE)
    assert (street.tickets(), street.states()) == ([], [])
    now = state(street, run)
    assert (now.visits, now.tally) == (4, {"litter": Seen(challenger=4)})
    with reading(street.engine) as connection:
        asked = connection.execute(sa.select(asked_frames)).one()
    with SqlUnitsOfWork(street.engine).reading() as uow:
        (difference,) = uow.shadow.known(run.id, [1])[1]
    assert (difference.side, difference.box) == ("challenger", a_box(0.1, 0.2))
    assert (asked.why, asked.worth) == ("shadow", pytest.approx(1.7))
    assert street.images.get(asked.image)
    assert street.complaints() == []


def test_what_only_the_champion_sees_counts_against_the_challenger_and_tickets_open_as_ever(street: Street) -> None:
    run = shadowed(street, Sees())
    street.rounds_of(LITTERED, LITTERED, LITTERED)
    assert len(street.tickets()) == 1
    assert state(street, run).tally == {"litter": Seen(champion=3)}
    assert street.complaints() == []


def test_the_same_thing_a_little_moved_is_seen_by_both(street: Street) -> None:
    run = shadowed(street, Sees((a_detection(a_box(0.41, 0.51), score=0.6),)))
    street.rounds_of(LITTERED, LITTERED)
    assert state(street, run).tally == {"litter": Seen(both=2)}
    assert street.column(asked_frames.c.image) == []


def test_a_challenger_is_held_to_the_thresholds_measured_with_it(street: Street) -> None:
    run = shadowed(street, Sees((a_detection(score=0.3),)), {"litter": {Pass.fast: 0.25}})
    street.rounds_of(BARE)
    assert state(street, run).tally == {"litter": Seen(challenger=1)}


@pytest.mark.parametrize("error", [WeightsRefused("the network broke"), ZeroDivisionError("odd"), MemoryError()])
def test_a_challenger_that_fails_ends_its_run_and_no_round(street: Street, error: Exception) -> None:
    run = shadowed(street, Sees(fails=error))
    assert street.rounds_of(LITTERED, LITTERED, LITTERED)[-1].opened == ("XJ-20261123-0001",)
    ended = state(street, run)
    assert ended.ended_at is not None and type(error).__name__ in str(ended.failed_why)
    assert ended.visits == 0


def test_a_challenger_that_holds_up_the_rounds_is_stopped(street: Street) -> None:
    run = shadowed(street, Sees(clock=street.clock, takes=timedelta(seconds=30)))
    street.rounds_of(BARE)
    assert "too slow" in str(state(street, run).failed_why)
    assert state(street, run).visits == 0


def test_what_was_compared_is_written_with_the_visit_or_not_at_all(street: Street) -> None:
    run = shadowed(street, Sees((a_detection(a_box(0.1, 0.2)),)))
    street.shots[1] = BARE
    ref = street.begin()
    street.units.plan = iter(["before"])
    with pytest.raises(Exception, match="the power went"):
        street.visit(ref)
    assert state(street, run).visits == 0
    street.visit(ref)
    street.visit(ref)
    assert (state(street, run).visits, len(street.column(asked_frames.c.image))) == (1, 1)


def test_a_flickering_view_does_not_fill_the_desk(street: Street) -> None:
    run = shadowed(street, Sees())
    assert street.world.shadow is not None
    for place in range(MOST_OF_A_VIEW + 3):
        flicker = Sees((a_detection(a_box(0.02 + 0.08 * place, 0.3, 0.01, 0.01)),))
        street.world = replace(street.world, shadow=replace(street.world.shadow, detector=flicker))
        street.rounds_of(BARE)
    assert len(street.column(asked_frames.c.image)) == MOST_OF_A_VIEW
    assert state(street, run).tally == {"litter": Seen(challenger=MOST_OF_A_VIEW + 3)}


def test_a_run_ends_with_its_time_or_with_its_champion_and_is_not_begun_twice(street: Street) -> None:
    run, units = shadowed(street, Sees()), SqlUnitsOfWork(street.engine)
    with pytest.raises(TransitionRefused, match="until"):
        start_shadow(units, CHALLENGER, DAY_LONG, "主任", minutes(1))
    assert under_way(units, minutes(1)) == run
    assert under_way(units, DAY_LONG) is None
    assert state(street, run).ended_at == DAY_LONG
    with pytest.raises(TransitionRefused, match="is the champion"):
        start_shadow(units, WEIGHTS, DAY_LONG, "主任", minutes(2))
    with pytest.raises(BadInput):
        start_shadow(units, CHALLENGER, START, "主任", minutes(2))
    again = start_shadow(units, CHALLENGER, DAY_LONG, "主任", minutes(2))
    promote(units, CHALLENGER, "主任", minutes(3), "")
    assert under_way(units, minutes(4)) is None
    assert "champion no more" in str(state(street, again).failed_why)


def test_a_stopped_run_counts_no_more_and_the_audit_names_who_stopped_it(street: Street) -> None:
    run, units = shadowed(street, Sees()), SqlUnitsOfWork(street.engine)
    street.rounds_of(LITTERED)
    assert stop_shadow(units, "李", minutes(1)).visits == 1
    street.rounds_of(LITTERED)
    assert state(street, run).visits == 1
    street.rounds_of(ELSEWHERE)
    assert len(street.column(asked_frames.c.image)) == 1
    with pytest.raises(TransitionRefused):
        stop_shadow(units, "李", minutes(2))
    with reading(street.engine) as connection:
        told = connection.execute(
            sa.select(audit_entries.c.who, audit_entries.c.action).where(audit_entries.c.subject_kind == "shadow")
        ).all()
    assert [tuple(row) for row in told] == [("主任", "started"), ("李", "stopped")]


def test_the_whole_street_is_sound_while_two_look(sqlite_engine: Engine, tmp_path: Path) -> None:
    street = Street(sqlite_engine, tmp_path, views=30, workers=2)
    run = shadowed(street, Sees((a_detection(a_box(0.1, 0.2)),)))
    street.rounds_of(LITTERED, BARE, Shot(boxes=(a_box(0.1, 0.2),)))
    now = state(street, run)
    assert now.visits == 90
    assert now.tally == {"litter": Seen(both=30, champion=30, challenger=60)}
    assert street.complaints() == []
