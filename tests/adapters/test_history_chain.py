"""A history is chained: whatever is changed in the database behind the product's back is found."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

from pipeline.adapters.database import MIGRATIONS, reading
from pipeline.adapters.history_chain import broken_links
from pipeline.adapters.tables import ticket_history, tickets
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.ticket import HistoryEntry, Status
from tests.builders import START, minutes
from tests.life import NUMBER, Life, file_ticket, place_town

SECOND = "XJ-20261123-0002"


@pytest.fixture
def life(engine: Engine) -> Life:
    """A ticket with six entries, and another with one."""
    place_town(engine)
    life = Life(SqlUnitsOfWork(engine))
    file_ticket(life.units)
    file_ticket(life.units, SECOND)
    return life.brought_to(Status.verified)


def ids(connection: Connection, number: str = NUMBER) -> list[int]:
    query = sa.select(ticket_history.c.id).where(ticket_history.c.number == number).order_by(ticket_history.c.id)
    return list(connection.scalars(query))


def edit_words(connection: Connection) -> None:
    here = ticket_history.c.id == ids(connection)[4]
    connection.execute(sa.update(ticket_history).where(here).values(words="什么都没做"))


def edit_time(connection: Connection) -> None:
    here = ticket_history.c.id == ids(connection)[2]
    connection.execute(sa.update(ticket_history).where(here).values(at=START + timedelta(days=1)))


def delete_one(connection: Connection) -> None:
    connection.execute(sa.delete(ticket_history).where(ticket_history.c.id == ids(connection)[2]))


def insert_one(connection: Connection) -> None:
    columns = {"number": NUMBER, "at": START, "who": "nobody", "what": "closed"}
    head = connection.scalar(sa.select(tickets.c.history_head).where(tickets.c.number == NUMBER))
    connection.execute(sa.insert(ticket_history).values(**columns, previous=head, hash="f" * 64))


def swap_two(connection: Connection) -> None:
    third, fourth = ids(connection)[2:4]
    for old, new in ((third, 9001), (fourth, third), (9001, fourth)):
        connection.execute(sa.update(ticket_history).where(ticket_history.c.id == old).values(id=new))


def cut_the_tail(connection: Connection) -> None:
    connection.execute(sa.delete(ticket_history).where(ticket_history.c.id.in_(ids(connection)[-2:])))


def cut_all(connection: Connection) -> None:
    connection.execute(sa.delete(ticket_history).where(ticket_history.c.number == NUMBER))


def give_to_another_ticket(connection: Connection) -> None:
    here = ticket_history.c.id == ids(connection)[-1]
    connection.execute(sa.update(ticket_history).where(here).values(number=SECOND))


TAMPERINGS: tuple[Callable[[Connection], None], ...] = (
    edit_words, edit_time, delete_one, insert_one, swap_two, cut_the_tail, cut_all, give_to_another_ticket,
)  # fmt: skip


def test_an_untouched_history_holds(engine: Engine, life: Life) -> None:
    with reading(engine) as connection:
        assert len(ids(connection)) == 6
        assert broken_links(connection) == []
        row = connection.execute(sa.select(tickets).where(tickets.c.number == NUMBER)).one()
        assert row.history_length == 6
        assert row.history_head == connection.scalar(
            sa.select(ticket_history.c.hash).where(ticket_history.c.id == ids(connection)[-1])
        )


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_what_is_changed_behind_the_products_back_is_found(
    sqlite_engine: Engine, tamper: Callable[[Connection], None]
) -> None:
    place_town(sqlite_engine)
    life = Life(SqlUnitsOfWork(sqlite_engine))
    file_ticket(life.units)
    file_ticket(life.units, SECOND)
    life.brought_to(Status.verified)
    with sqlite_engine.begin() as connection:
        tamper(connection)
    with reading(sqlite_engine) as connection:
        broken = broken_links(connection)
    assert broken, "nobody would have noticed"
    assert any(line.startswith(NUMBER) for line in broken)


def test_a_note_of_the_patrol_lengthens_the_chain_too(engine: Engine, life: Life) -> None:
    with life.units.writing() as uow:
        uow.tickets.note(HistoryEntry(NUMBER, minutes(30), "patrol", "cleared", detail="长" * 400))
    with reading(engine) as connection:
        assert len(ids(connection)) == 7
        assert broken_links(connection) == []


def test_histories_from_before_are_chained_when_the_database_is_upgraded(sqlite_engine: Engine) -> None:
    place_town(sqlite_engine)
    life = Life(SqlUnitsOfWork(sqlite_engine))
    file_ticket(life.units)
    file_ticket(life.units, SECOND)
    life.confirm()
    move(sqlite_engine, command.downgrade, "0004")
    with sqlite_engine.begin() as connection:
        assert "hash" not in {column["name"] for column in sa.inspect(connection).get_columns("ticket_history")}
    move(sqlite_engine, command.upgrade, "head")
    with reading(sqlite_engine) as connection:
        assert [len(ids(connection, number)) for number in (NUMBER, SECOND)] == [2, 1]
        assert broken_links(connection) == []
        cut = sa.select(tickets.c.history_length).order_by(tickets.c.number)
        assert list(connection.scalars(cut)) == [2, 1]


def move(engine: Engine, to: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        to(config, revision)
        connection.commit()
