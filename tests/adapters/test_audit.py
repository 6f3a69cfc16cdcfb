"""The audit's chain on both databases: whole when nobody touched it, broken wherever somebody did."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.adapters.audit import (
    LOOKED,
    AuditFilter,
    audit_page,
    checked_chain,
    note_audit,
    note_look,
)
from pipeline.adapters.camera_lists import CameraRow
from pipeline.adapters.database import reading, writing
from pipeline.adapters.fleet import SqlFleet
from pipeline.adapters.tables_people import audit_entries, audit_head
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.audit import Audit
from pipeline.domain.site import Site, SiteKind
from tests.builders import START, minutes

Tampering = Callable[[Connection], object]


def a_change(number: int = 1) -> Audit:
    before, after = (
        {"threshold": 0.5, "share": 1 / 3, "说明": "旧"},
        {"threshold": 0.6, "at": minutes(number), "tags": ("a", 1)},
    )
    return Audit(minutes(number), "李敏", "changed", "reason", f"no. {number}", before, after)


@pytest.fixture
def kept(engine: Engine) -> Engine:
    """Five entries."""
    with writing(engine) as connection:
        for number in range(1, 6):
            note_audit(connection, a_change(number))
    return engine


def broken(engine: Engine, written_down: str | None = None) -> tuple[str, ...]:
    with reading(engine) as connection:
        return checked_chain(connection, written_down).broken


def test_an_untouched_chain_is_whole_and_an_empty_one_too(engine: Engine) -> None:
    assert broken(engine) == ()
    with SqlUnitsOfWork(engine).writing() as uow:
        uow.audit(a_change())
    with reading(engine) as connection:
        chain = checked_chain(connection)
    assert (chain.length, chain.broken) == (1, ())


def test_an_entry_comes_back_as_it_was_noted(kept: Engine) -> None:
    with reading(kept) as connection:
        row = audit_page(connection, AuditFilter(subject="no. 2"), None, 10).rows[0]
    assert (row.at, row.who, row.action, row.subject_kind) == (minutes(2), "李敏", "changed", "reason")
    assert row.before == {"threshold": 0.5, "share": 1 / 3, "说明": "旧"}
    assert row.after == {"threshold": 0.6, "at": minutes(2).isoformat(), "tags": ["a", 1]}


def _third(**values: object) -> Tampering:
    return lambda connection: connection.execute(
        sa.update(audit_entries).where(audit_entries.c.id == 3).values(**values)
    )


def _removed(number: int) -> Tampering:
    return lambda connection: connection.execute(sa.delete(audit_entries).where(audit_entries.c.id == number))


def _slipped_in(connection: Connection) -> None:
    row = connection.execute(sa.select(audit_entries).where(audit_entries.c.id == 5)).one()
    connection.execute(sa.insert(audit_entries).values({**row._asdict(), "id": 6}))


def _swapped(connection: Connection) -> None:
    for before, after in ((2, 99), (3, 2), (99, 3)):
        connection.execute(sa.update(audit_entries).where(audit_entries.c.id == before).values(id=after))


CASES: tuple[tuple[Tampering, str], ...] = (
    (_third(who="王强"), "entry 3: its text was changed"),
    (_third(after={"threshold": 0.7}), "entry 3: its text was changed"),
    (_third(before=None), "entry 3: its text was changed"),
    (_third(at=START - timedelta(days=1)), "entry 3: its text was changed"),
    (_third(hash="0" * 64), "entry 4: what stood before"),
    (_removed(1), "entry 2: what stood before"),
    (_removed(3), "entry 4: what stood before"),
    (_removed(5), "some were cut off"),
    (_slipped_in, "entry 6: what stood before"),
    (_swapped, "entry 2: what stood before"),
    (lambda connection: connection.execute(sa.delete(audit_head)), "some were cut off"),
)


def test_what_was_changed_afterwards_is_found(kept: Engine) -> None:
    missed = {}
    for place, (tampering, said) in enumerate(CASES):
        with kept.connect() as connection, connection.begin() as change:
            tampering(connection)
            found = checked_chain(connection).broken
            change.rollback()
        if not any(said in line for line in found):
            missed[f"{place}: {said}"] = found
    assert missed == {}
    assert broken(kept) == ()


def test_a_chain_that_was_written_anew_as_a_whole_lacks_the_hash_that_was_written_down(kept: Engine) -> None:
    with reading(kept) as connection:
        written_down = checked_chain(connection).head
    with writing(kept) as connection:
        note_audit(connection, a_change(6))
    assert broken(kept, written_down) == ()
    with writing(kept) as connection:
        connection.execute(sa.delete(audit_entries))
        connection.execute(sa.update(audit_head).values(hash="0" * 64, length=0))
        note_audit(connection, a_change(9))
    assert broken(kept) == ()
    assert "written anew" in broken(kept, written_down)[0]


def test_many_at_once_make_one_chain(engine: Engine) -> None:
    def note(start: int) -> None:
        for number in range(start, start + 5):
            with writing(engine) as connection:
                note_audit(connection, a_change(number))

    writers = [Thread(target=note, args=(5 * number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with reading(engine) as connection:
        chain = checked_chain(connection)
    assert (chain.length, chain.broken) == (20, ())


def test_a_look_is_noted_once_an_hour_by_however_many_at_once(engine: Engine) -> None:
    fleet = SqlFleet(engine, lambda _credentials: b"sealed")
    site = Site("东门", SiteKind.main_road, False, True, "", None, {})
    fleet.import_cameras([CameraRow(name, site, "rtsp://127.0.0.1/1", None) for name in ("东", "西")], {}, START)
    lookers = [Thread(target=note_look, args=(engine, "李敏", 1, minutes(number))) for number in range(4)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    note_look(engine, "李敏", 2, START)
    note_look(engine, "王强", 1, START)
    note_look(engine, "王强", 99, START)
    note_look(engine, "李敏", 1, minutes(60))
    with reading(engine) as connection:
        rows = audit_page(connection, AuditFilter(action=LOOKED), None, 100).rows
    looked = [("李敏", "1 东"), ("李敏", "1 东"), ("李敏", "2 西"), ("王强", "1 东")]
    assert sorted((row.who, row.subject) for row in rows) == looked


def test_what_is_undone_leaves_no_entry(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        note_audit(connection, a_change())
        raise ZeroDivisionError
    with reading(engine) as connection:
        assert checked_chain(connection).length == 0
