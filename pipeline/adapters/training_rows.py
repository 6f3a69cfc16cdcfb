"""Rows of trainings: one at a time, taken up again after a kill, with the step that each has reached."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters import rows
from pipeline.adapters.repositories import bump
from pipeline.adapters.tables_learning import training_runs

RUNNING, DONE, FAILED, NOTHING_NEW = "running", "done", "failed", "nothing_new"
LOST_AFTER = timedelta(minutes=5)
"""A training that says nothing for so long was killed: the next one goes on with it."""


@dataclass(frozen=True, slots=True)
class Begun:
    id: int
    resumed: bool


def begin(connection: Connection, trigger: str, who: str, labels: int, at: datetime) -> Begun | None:
    """A run of one's own, or the one that a kill cut short; None while another one is under way."""
    own = training_runs.c
    running = sa.select(training_runs).where(own.state == RUNNING).order_by(own.id.desc()).limit(1).with_for_update()
    row = connection.execute(running).one_or_none()
    if row is not None:
        if at - row.beat_at < LOST_AFTER:
            return None
        _change(connection, row.id, {"beat_at": at})
        return Begun(row.id, resumed=True)
    columns = {
        "trigger": trigger, "asked_by": who, "begun_at": at, "beat_at": at, "state": RUNNING, "step": "build",
        "labels": labels, "why": "",
    }  # fmt: skip
    run_id = connection.scalars(sa.insert(training_runs).values(columns).returning(own.id)).one()
    bump(connection, "models")
    return Begun(run_id, resumed=False)


def reach(connection: Connection, run_id: int, step: str, at: datetime, why: str = "") -> None:
    """`why`: how far it is, in words."""
    _change(connection, run_id, {"step": step, "beat_at": at, "why": why[:300]})
    bump(connection, "models")


def beat(connection: Connection, run_id: int, at: datetime) -> None:
    _change(connection, run_id, {"beat_at": at})


def note(connection: Connection, run_id: int, **values: str | int) -> None:
    """`dataset`, `model`, `proposal_id`, as they become known."""
    _change(connection, run_id, dict(values))


def end(connection: Connection, run_id: int, state: str, at: datetime, why: str = "") -> None:
    _change(connection, run_id, {"state": state, "ended_at": at, "beat_at": at, "why": why[:300]})
    bump(connection, "models")


def release(connection: Connection, run_id: int) -> None:
    """The process was told to stop: the next one may go on with it at once."""
    _change(connection, run_id, {"beat_at": datetime.fromtimestamp(0).astimezone()})


def runs(connection: Connection, most: int = 20) -> list[rows.AnyRow]:
    """The newest first."""
    query = sa.select(training_runs).order_by(training_runs.c.id.desc()).limit(most)
    return list(connection.execute(query))


def labels_of_last(connection: Connection) -> int:
    """Labels there were when the last training began; 0 before the first.

    One that failed counts: it would fail again, and waits for more labels or for the night.
    """
    query = sa.select(training_runs.c.labels).order_by(training_runs.c.id.desc()).limit(1)
    return int(connection.scalar(query) or 0)


def is_lost(connection: Connection, at: datetime) -> bool:
    """Whether a training was killed and nobody has gone on with it yet."""
    own = training_runs.c
    query = sa.select(own.id).where(own.state == RUNNING, own.beat_at <= at - LOST_AFTER).limit(1)
    return connection.scalar(query) is not None


def last_done(connection: Connection) -> rows.AnyRow | None:
    query = sa.select(training_runs).where(training_runs.c.state == DONE).order_by(training_runs.c.id.desc())
    return connection.execute(query.limit(1)).one_or_none()


def _change(connection: Connection, run_id: int, values: rows.Columns) -> None:
    connection.execute(sa.update(training_runs).where(training_runs.c.id == run_id).values(values))
