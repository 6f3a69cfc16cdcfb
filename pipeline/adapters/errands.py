"""The queue of what pages ask of workers."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.repositories import bump
from pipeline.adapters.rows import AnyRow
from pipeline.adapters.tables_errands import errands
from pipeline.domain.audit import JsonValue
from pipeline.domain.errand import MOST_TRIES, TAKEN_FOR, Errand, ErrandState
from pipeline.domain.errors import NotFound

TOPIC = "errands"
LONGEST_WHY = 300


class SqlErrands:
    """Port Errands."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, kind: str, subject: str, payload: Mapping[str, JsonValue], who: str, at: datetime) -> int:
        same = (errands.c.kind == kind) & (errands.c.subject == subject)
        waiting = sa.select(errands).where(same & (errands.c.state == ErrandState.waiting.value))
        for row in self._connection.execute(waiting):
            if row.payload == dict(payload):
                return int(row.id)
        columns = {
            "kind": kind, "subject": subject, "payload": dict(payload), "asked_by": who, "asked_at": at,
            "state": ErrandState.waiting.value, "tries": 0, "why": "",
        }  # fmt: skip
        made = self._connection.execute(sa.insert(errands).values(columns).returning(errands.c.id))
        bump(self._connection, TOPIC)
        return int(made.scalar_one())

    def get(self, errand_id: int) -> Errand:
        row = self._connection.execute(sa.select(errands).where(errands.c.id == errand_id)).first()
        if row is None:
            raise NotFound(f"no errand {errand_id}")
        return errand_of(row)

    def waits(self, at: datetime) -> bool:
        return self._connection.execute(self._open_to(at).limit(1)).first() is not None

    def take(self, at: datetime) -> Errand | None:
        oldest = self._open_to(at).order_by(errands.c.id).limit(1).with_for_update(skip_locked=True)
        row = self._connection.execute(oldest).first()
        if row is None:
            return None
        taken = {"state": ErrandState.running.value, "taken_at": at, "tries": row.tries + 1}
        self._connection.execute(sa.update(errands).where(errands.c.id == row.id).values(taken))
        return self.get(row.id)

    def beat(self, errand: Errand, at: datetime) -> None:
        self._connection.execute(self._held(errand).values(taken_at=at))

    def finish(self, errand: Errand, answer: Mapping[str, JsonValue]) -> None:
        self._end(errand, {"state": ErrandState.done.value, "answer": dict(answer), "why": ""})

    def fail(self, errand: Errand, why: str) -> None:
        self._end(errand, {"state": ErrandState.failed.value, "why": why[:LONGEST_WHY]})

    def give_back(self, errand: Errand) -> None:
        self._end(errand, {"state": ErrandState.waiting.value, "taken_at": None})

    def give_up_lost(self, at: datetime) -> int:
        lost = (errands.c.state == ErrandState.running.value) & (errands.c.taken_at < at - TAKEN_FOR)
        given_up = sa.update(errands).where(lost & (errands.c.tries >= MOST_TRIES))
        why = f"the worker was stopped {MOST_TRIES} times while it was at this; ask again"
        ended = self._connection.execute(given_up.values(state=ErrandState.failed.value, why=why))
        return int(ended.rowcount)

    def _open_to(self, at: datetime) -> sa.Select[tuple[object, ...]]:
        waiting = errands.c.state == ErrandState.waiting.value
        lost = (errands.c.state == ErrandState.running.value) & (errands.c.taken_at < at - TAKEN_FOR)
        return sa.select(errands).where(waiting | (lost & (errands.c.tries < MOST_TRIES)))

    def _end(self, errand: Errand, columns: Mapping[str, object]) -> None:
        self._connection.execute(self._held(errand).values(columns))
        bump(self._connection, TOPIC)

    def _held(self, errand: Errand) -> sa.Update:
        """As this worker took it: whoever takes it later counts another try."""
        mine = (errands.c.id == errand.id) & (errands.c.tries == errand.tries)
        return sa.update(errands).where(mine & (errands.c.state == ErrandState.running.value))


def errand_of(row: AnyRow) -> Errand:
    return Errand(
        row.id, row.kind, row.subject, row.payload, row.asked_by, row.asked_at, ErrandState(row.state), row.taken_at,
        row.tries, row.answer, row.why,
    )  # fmt: skip
