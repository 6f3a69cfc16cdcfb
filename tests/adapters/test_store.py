"""One contract over both databases."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from pipeline.adapters import tables
from pipeline.adapters.addresses import Credentials
from pipeline.adapters.camera_lists import CameraRow
from pipeline.adapters.database import open_engine, reading, upgrade, writing
from pipeline.adapters.fleet import SqlFleet
from pipeline.adapters.images import LocalImages
from pipeline.adapters.memories import SqlViewMemories
from pipeline.adapters.rounds import SqlRounds
from pipeline.adapters.seed import seed
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.category import DEFAULT_CATEGORIES
from pipeline.domain.detection import Pass
from pipeline.domain.errors import BadInput, NotFound, StoreFailed, TransitionRefused
from pipeline.domain.finding import Finding, FindingState, Sighting
from pipeline.domain.frame import ViewMemory
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import PAUSED, Mode, Outcome, Plan, Visit
from pipeline.domain.site import Position, Site, SiteKind, Tier
from pipeline.domain.ticket import HistoryEntry, Role, Status, Ticket
from pipeline.ports import ImageKind, KeptImage
from pipeline.steps.review import confirm, dismiss, lift_suppression, reopen
from tests.builders import LITTER, START, a_detection, a_finding, minutes


def a_camera_row(name: str = "东门相机", core_zone: bool = True) -> CameraRow:
    units = {Tier.leader: "王主任", Tier.community: "青禾社区"}
    site = Site("东门", SiteKind.main_road, False, core_zone, "青禾路 1 号", Position(30.1, 120.2), units)
    return CameraRow(name, site, "rtsp://127.0.0.1/1", Credentials("user", "secret-word"))


def fleet_of(engine: Engine) -> SqlFleet:
    return SqlFleet(engine, lambda _credentials: b"sealed")


@pytest.fixture
def a_round(engine: Engine) -> int:
    """A camera and a round over its view."""
    fleet = fleet_of(engine)
    fleet.import_cameras([a_camera_row()], {}, START)
    return SqlRounds(engine).begin("core", fleet.view_ids_of_plan(False, []), START).ref.id


def a_visit(round_id: int, at: float = 0, outcome: Outcome = Outcome.seen, fault: str | None = None) -> Visit:
    return Visit(round_id, 1, 1, outcome, minutes(at), minutes(at) if outcome is Outcome.seen else None, fault=fault)


def with_ticket(engine: Engine, finding: Finding | None = None) -> Ticket:
    finding = finding or replace(a_finding(state=FindingState.open), opened_at=START)
    with SqlUnitsOfWork(engine).writing() as uow:
        uow.findings.save([finding])
        number = f"XJ-20261123-{uow.tickets.next_number('20261123'):04d}"
        kind = LITTER.kind
        ticket = Ticket(number, finding.id, 1, "litter", kind, "东门", "青禾社区", Status.awaiting_review, START)
        uow.tickets.add(ticket, HistoryEntry(number, START, "patrol", "filed_for_review"))
        uow.tickets.attach(number, {"plain": "a" * 64}, START)
    return ticket


def test_the_migration_makes_just_the_tables_that_the_code_names(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []


def test_upgrading_and_seeding_again_changes_nothing(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(
            sa.update(tables.categories).where(tables.categories.c.code == "litter").values(threshold=0.6)
        )
    upgrade(engine)
    with writing(engine) as connection:
        seed(connection)
    with SqlUnitsOfWork(engine).reading() as uow:
        assert uow.categories()["litter"].threshold == 0.6
        assert list(uow.categories()) == [category.code for category in DEFAULT_CATEGORIES]


def test_times_come_back_aware_and_naive_ones_are_refused(engine: Engine, a_round: int) -> None:
    with reading(engine) as connection:
        began = connection.scalars(sa.select(tables.rounds.c.started_at).where(tables.rounds.c.id == a_round)).one()
    assert began == START
    assert began.utcoffset() == timedelta(0)
    with pytest.raises(StoreFailed), writing(engine) as connection:
        connection.execute(sa.update(tables.rounds).values(finished_at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_a_finding_comes_back_as_it_was(engine: Engine, a_round: int) -> None:
    finding = replace(a_finding(), opened_at=minutes(3), suppress_until=minutes(90), recurs="before")
    units = SqlUnitsOfWork(engine)
    with units.writing() as uow:
        uow.findings.save([finding])
        uow.findings.save([replace(finding, score=0.9)])
    with units.reading() as uow:
        assert uow.findings.get("f1") == replace(finding, score=0.9)
        assert uow.findings.live([1]) == {1: [replace(finding, score=0.9)]}
        with pytest.raises(NotFound):
            uow.findings.get("f2")


def test_a_visit_is_written_once_a_round_view_and_attempt(engine: Engine, a_round: int) -> None:
    units = SqlUnitsOfWork(engine)
    with units.writing() as uow:
        uow.visits.add([a_visit(a_round)])
    with pytest.raises(StoreFailed), units.writing() as uow:
        uow.visits.add([a_visit(a_round)])
    with units.reading() as uow:
        assert uow.visits.done(a_round) == {1}


def test_a_failed_transaction_leaves_nothing_behind(engine: Engine, a_round: int) -> None:
    units = SqlUnitsOfWork(engine)
    with pytest.raises(RuntimeError), units.writing() as uow:
        uow.visits.add([a_visit(a_round)])
        raise RuntimeError("killed")
    with units.reading() as uow:
        assert uow.visits.done(a_round) == set()


def test_a_failing_view_is_left_alone_for_longer_and_longer(engine: Engine, a_round: int) -> None:
    rounds, fleet, units = SqlRounds(engine), fleet_of(engine), SqlUnitsOfWork(engine)
    pauses = []
    for attempt in range(1, 6):
        ref = rounds.begin("core", [1], minutes(attempt)).ref
        with units.writing() as uow:
            uow.visits.add([a_visit(ref.id, attempt, Outcome.unreachable, "timeout")])
        until = fleet.views()[0].paused_until
        assert until is not None
        pauses.append((until - minutes(attempt)).total_seconds())
    assert pauses == [0, 60, 120, 240, 480]
    ref = rounds.begin("core", [1], minutes(6)).ref
    with units.writing() as uow:
        uow.visits.add([a_visit(ref.id, 6, Outcome.unreachable, PAUSED)])
    assert fleet.views()[0].paused_until == minutes(5) + timedelta(seconds=480)
    ref = rounds.begin("core", [1], minutes(20)).ref
    with units.writing() as uow:
        uow.visits.add([a_visit(ref.id, 20)])
    assert fleet.views()[0].paused_until is None
    with reading(engine) as connection:
        told = connection.execute(sa.select(tables.health.c.outcome, tables.health.c.fault)).all()
    assert [tuple(row) for row in told] == [("unreachable", "timeout"), ("seen", None)]


def test_a_view_is_told_to_have_moved_after_two_visits_so(engine: Engine, a_round: int) -> None:
    rounds, units = SqlRounds(engine), SqlUnitsOfWork(engine)
    told = []
    for number in (1, 2, 3):
        ref = rounds.begin("core", [1], minutes(number)).ref
        with units.writing() as uow:
            uow.visits.add([replace(a_visit(ref.id, number, Outcome.moved), moved_in_a_row=number)])
        with reading(engine) as connection:
            told.append(connection.scalar(sa.select(sa.func.count()).select_from(tables.health)))
    assert told == [0, 1, 1]


def test_ticket_numbers_have_no_gap_and_no_double_under_two_writers(engine: Engine) -> None:
    units = SqlUnitsOfWork(engine)
    numbers: list[int] = []

    def take() -> None:
        for _ in range(25):
            with units.writing() as uow:
                numbers.append(uow.tickets.next_number("20261123"))

    writers = [Thread(target=take) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(numbers) == list(range(1, 101))


def test_one_finding_bears_one_ticket(engine: Engine, a_round: int) -> None:
    with_ticket(engine)
    with pytest.raises(StoreFailed) as raised:
        with_ticket(engine)
    assert isinstance(raised.value.__cause__, IntegrityError)


def test_confirming_moves_the_ticket_and_labels_it(engine: Engine, a_round: int) -> None:
    ticket = with_ticket(engine)
    confirm(SqlUnitsOfWork(engine), ticket.number, "李", Role.reviewer, minutes(5))
    with reading(engine) as connection:
        assert connection.scalars(sa.select(tables.tickets.c.status)).one() == "filed"
        verdict = connection.execute(sa.select(tables.verdicts)).one()
        told = list(connection.scalars(sa.select(tables.ticket_history.c.what).order_by(tables.ticket_history.c.id)))
    assert (verdict.kind, verdict.teaches, verdict.who, verdict.image) == ("confirmed", "positive", "李", "a" * 64)
    assert told == ["filed_for_review", "filed"]


def test_dismissing_suppresses_and_undo_takes_it_back(engine: Engine, a_round: int) -> None:
    ticket, units = with_ticket(engine), SqlUnitsOfWork(engine)
    dismiss(units, ticket.number, "shadow", "李", Role.reviewer, minutes(5))
    with units.reading() as uow:
        assert uow.findings.get("f1").state is FindingState.dismissed
    reopen(units, ticket.number, "李", Role.reviewer, minutes(6))
    with units.reading() as uow:
        assert uow.findings.get("f1").state is FindingState.open
        assert uow.tickets.get(ticket.number).status is Status.awaiting_review
    with reading(engine) as connection:
        assert connection.execute(sa.select(tables.verdicts)).all() == []


def test_a_suppression_can_be_lifted(engine: Engine, a_round: int) -> None:
    ticket, units = with_ticket(engine), SqlUnitsOfWork(engine)
    dismiss(units, ticket.number, "bagged", "李", Role.reviewer, minutes(5))
    with units.reading() as uow:
        assert uow.findings.get("f1").suppress_until == minutes(5) + timedelta(days=1)
    lift_suppression(units, "f1", minutes(6), "李")
    with units.reading() as uow:
        assert uow.findings.get("f1").state is FindingState.cleared


def test_what_the_table_forbids_is_refused(engine: Engine, a_round: int) -> None:
    ticket, units = with_ticket(engine), SqlUnitsOfWork(engine)
    with pytest.raises(TransitionRefused):
        confirm(units, ticket.number, "赵", Role.viewer, minutes(5))
    with pytest.raises(BadInput):
        dismiss(units, ticket.number, "no such reason", "李", Role.reviewer, minutes(5))
    with pytest.raises(NotFound):
        confirm(units, "XJ-1", "李", Role.reviewer, minutes(5))


def test_the_earlier_follow_up_stands_until_it_was_due(engine: Engine, a_round: int) -> None:
    units, rounds = SqlUnitsOfWork(engine), SqlRounds(engine)
    with units.writing() as uow:
        uow.visits.queue_follow_up(1, minutes(2), Pass.fine)
        uow.visits.queue_follow_up(1, minutes(5), Pass.fast)
    assert rounds.next_follow_up() == minutes(2)
    with units.writing() as uow:
        uow.visits.finish_follow_ups([1], minutes(1))
    assert rounds.due_follow_ups(minutes(3)) == {1: Pass.fine}
    with units.writing() as uow:
        uow.visits.finish_follow_ups([1], minutes(3))
    assert rounds.due_follow_ups(minutes(9)) == {}


def test_a_view_remembers_and_its_old_prints_go(engine: Engine, a_round: int, tmp_path: Path) -> None:
    prints = LocalImages(tmp_path / "prints")
    memories = SqlViewMemories(engine, prints)
    units = SqlUnitsOfWork(engine)
    memory = ViewMemory(
        references={Mode.day: b"reference"},
        backgrounds={Mode.day: b"background"},
        detected_print=b"first",
        detected_at=START,
        detected_under="terms",
        pulse=b"pulse",
        alive_at=START,
        mode=Mode.day,
        text_areas=(Box(0, 0, 0.5, 0.1),),
        last_outcome=Outcome.seen,
    )
    for value in (memory, replace(memory, detected_print=b"second")):
        memories.load([1])
        staged = memories.stage({1: value})
        with units.writing() as uow:
            uow.save_memories(staged)
        memories.forget_prints(staged)
        assert SqlViewMemories(engine, prints).load([1]) == {1: value}
    assert len(list((tmp_path / "prints").glob("*/*"))) == 3


def test_a_lost_print_only_forgets(engine: Engine, a_round: int, tmp_path: Path) -> None:
    memories, units = SqlViewMemories(engine, LocalImages(tmp_path)), SqlUnitsOfWork(engine)
    staged = memories.stage({1: ViewMemory(detected_print=b"first", detected_at=START)})
    with units.writing() as uow:
        uow.save_memories(staged)
    for path in tmp_path.glob("??/*"):
        path.write_bytes(b"damaged")
    assert memories.load([1])[1].detected_print is None


def test_an_image_keeps_its_stronger_kind(engine: Engine, a_round: int) -> None:
    units = SqlUnitsOfWork(engine)
    for kind in (ImageKind.last, ImageKind.evidence, ImageKind.sample):
        with units.writing() as uow:
            uow.keep_images([KeptImage("b" * 64, kind, 1, 10, START)])
    with reading(engine) as connection:
        assert connection.scalars(sa.select(tables.images.c.kind)).one() == "evidence"


def test_the_replaced_last_frame_is_given_back_for_deletion(engine: Engine, a_round: int) -> None:
    units, rounds = SqlUnitsOfWork(engine), SqlRounds(engine)
    dropped = []
    for number, digest in enumerate(("c" * 64, "d" * 64)):
        ref = rounds.begin("core", [1], minutes(number)).ref
        with units.writing() as uow:
            uow.keep_images([KeptImage(digest, ImageKind.last, 1, 10, START)])
            dropped.append(uow.visits.add([replace(a_visit(ref.id, number), image=digest)]))
    assert dropped == [[], ["c" * 64]]


def test_plans_are_added_paused_and_resumed(engine: Engine) -> None:
    rounds = SqlRounds(engine)
    plan = Plan("evening", "*/5 18-22 * * *", True, ("东门",), timedelta(minutes=30))
    rounds.add_plan(plan)
    with pytest.raises(BadInput):
        rounds.add_plan(plan)
    rounds.set_active("evening", False)
    assert rounds.plan("evening") == replace(plan, active=False)
    with pytest.raises(NotFound):
        rounds.set_active("morning", True)


def test_a_sighting_said_twice_is_one(engine: Engine, a_round: int) -> None:
    units = SqlUnitsOfWork(engine)
    for _ in range(2):
        with units.writing() as uow:
            uow.findings.save([a_finding()])
            uow.findings.add_sightings([Sighting("f1", a_round, 1, START, a_detection())])
    with reading(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.sightings)) == 1


def test_a_database_that_is_gone_is_one_clear_line(tmp_path: Path) -> None:
    gone = open_engine("postgresql+psycopg://patrol:secret-word@127.0.0.1:9/patrol")
    with pytest.raises(StoreFailed) as raised, reading(gone):
        pass
    assert "secret-word" not in str(raised.value)
    assert "\n" not in str(raised.value)
    empty = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(StoreFailed, match="patrol init"), SqlUnitsOfWork(empty).reading() as uow:
        uow.categories()
    for made in (gone, empty):
        made.dispose()


def test_other_databases_are_refused() -> None:
    for url in ("mysql://x/y", "nonsense"):
        with pytest.raises(BadInput):
            open_engine(url)


def test_a_locked_database_is_said_to_be_locked(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    other = sa.create_engine(sqlite_engine.url, connect_args={"timeout": 0.1})
    with writing(sqlite_engine), pytest.raises(StoreFailed, match="locked"):
        sa.event.listen(other, "connect", lambda connection, _record: setattr(connection, "isolation_level", None))
        with writing(other) as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    other.dispose()
