"""Engines, their transactions and their errors; SQLite by default, PostgreSQL by URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pipeline.domain.errors import BadInput, DiskFull, StoreFailed

BUSY_TIME_MS = 10_000
MIGRATIONS = Path(__file__).parent / "migrations"
READS = {"reads_only": True}


def open_engine(url: str) -> Engine:
    """An engine whose messages hold no parameter. Raises BadInput for an address that is none of ours."""
    try:
        parsed = sa.make_url(url)
    except SQLAlchemyError:
        raise BadInput("the database address cannot be read; write sqlite:///FILE or postgresql+psycopg://…") from None
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(parsed, hide_parameters=True, connect_args={"timeout": BUSY_TIME_MS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.drivername != "postgresql+psycopg":
        raise BadInput(f"no database of kind {parsed.drivername!r}; write sqlite:///FILE or postgresql+psycopg://…")
    return sa.create_engine(parsed, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": 10})


def _prepare_sqlite(connection: Any, _record: object) -> None:  # Any: the driver's own connection
    connection.isolation_level = None  # we begin transactions ourselves
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIME_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes. Raises StoreFailed or DiskFull with one clear line."""
    with translated(), engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A consistent look that takes no write lock."""
    with translated(), engine.connect() as connection, connection.execution_options(**READS).begin():
        yield connection


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise _clear(str(error.orig)) from error
    except SQLAlchemyError as error:
        raise StoreFailed(f"the database refused: {type(error).__name__}") from error


def _clear(cause: str) -> StoreFailed:
    lowered = cause.lower()
    if "full" in lowered or "no space" in lowered:
        return DiskFull("the disk of the database is full: free some room, then run the round again")
    if "locked" in lowered or "busy" in lowered:
        return StoreFailed(f"the database stayed locked for {BUSY_TIME_MS // 1000} s: another process holds it")
    if any(word in lowered for word in ("no such table", "does not exist", "undefinedtable")):
        return StoreFailed("the database has no tables of ours: run ./patrol init")
    if any(word in lowered for word in ("unable to open", "connection", "readonly", "disk i/o", "terminat")):
        return StoreFailed("the database cannot be reached or written: check that it runs and its disk is there")
    return StoreFailed(f"the database refused: {cause.splitlines()[0][:200]}")


def upgrade(engine: Engine) -> None:
    """Bring the tables to this release; calling it again changes nothing."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with translated(), engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
