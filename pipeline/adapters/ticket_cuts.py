"""Which tickets stand behind a figure: what a list is narrowed to beyond place and category."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from pipeline.adapters.tables import tickets
from pipeline.domain.ticket import Status

WITH_A_UNIT = (Status.dispatched.value, Status.in_progress.value, Status.reworked.value)
"""The clock runs against somebody."""
DONE = (Status.rectified.value, Status.verified.value, Status.closed.value)


def overdue(now: datetime) -> ColumnElement[bool]:
    """Due, and not put right yet."""
    return sa.and_(tickets.c.due_at < now, tickets.c.status.in_(WITH_A_UNIT))


def in_time() -> ColumnElement[bool]:
    return sa.and_(tickets.c.status.in_(DONE), tickets.c.rectified_at <= tickets.c.due_at)


def late() -> ColumnElement[bool]:
    """Put right, but after it was due."""
    return sa.and_(tickets.c.status.in_(DONE), tickets.c.rectified_at > tickets.c.due_at)


@dataclass(frozen=True, slots=True)
class TicketCut:
    """None and False mean any."""

    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Created in [since, until)."""
    overdue_at: datetime | None = None
    on_course_at: datetime | None = None
    """Not overdue then."""
    put_right: str | None = None
    """`in_time` or `late`."""
    recurring: bool = False
    reworked: bool = False
    unitless: bool = False

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        if self.since is not None:
            yield tickets.c.created_at >= self.since
        if self.until is not None:
            yield tickets.c.created_at < self.until
        if self.overdue_at is not None:
            yield overdue(self.overdue_at)
        if self.on_course_at is not None:
            yield sa.not_(sa.func.coalesce(overdue(self.on_course_at), sa.false()))
        given: tuple[tuple[object, ColumnElement[bool]], ...] = (
            (self.kind, tickets.c.kind == self.kind),
            (self.put_right, late() if self.put_right == "late" else in_time()),
            (self.recurring, tickets.c.recurring.is_(True)),
            (self.reworked, tickets.c.reworked > 0),
            (self.unitless, tickets.c.unit.is_(None)),
        )
        yield from (condition for wanted, condition in given if wanted)


UNCUT = TicketCut()
