"""Tickets, their units, their chained histories and what their views showed afterwards, over one open connection."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from pipeline.adapters.history_chain import chained
from pipeline.adapters.repositories import insert_or, upsert
from pipeline.adapters.rows import AnyRow, Columns
from pipeline.adapters.tables import counters, ticket_history, ticket_images, tickets
from pipeline.adapters.tables_life import ticket_looks, ticket_units
from pipeline.domain.category import Kind
from pipeline.domain.deadline import Deadline, DeadlineClock
from pipeline.domain.errors import NotFound
from pipeline.domain.patrol import Outcome
from pipeline.domain.ticket import Evidence, HistoryEntry, Status, Ticket
from pipeline.domain.verification import AfterLook, Opinion
from pipeline.domain.working_time import hours_of

LONGEST_WORDS = 300


class SqlTickets:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, ticket: Ticket, history: HistoryEntry) -> None:
        columns = {**ticket_columns(ticket), "updated_at": history.at}
        self._connection.execute(sa.insert(tickets), columns)
        self._save_units(ticket)
        self.note(history)

    def get(self, number: str) -> Ticket:
        ticket = self._first(tickets.c.number == number)
        if ticket is None:
            raise NotFound(f"no ticket {number}")
        return ticket

    def of_finding(self, finding_id: str) -> Ticket | None:
        return self._first(tickets.c.finding_id == finding_id)

    def save(self, ticket: Ticket, history: HistoryEntry) -> None:
        self._connection.execute(
            sa.update(tickets)
            .where(tickets.c.number == ticket.number)
            .values(**ticket_columns(ticket), updated_at=history.at)
        )
        self._save_units(ticket)
        self.note(history)

    def note(self, history: HistoryEntry) -> None:
        columns = chained(self._connection, history_columns(history))
        self._connection.execute(sa.insert(ticket_history), columns)

    def next_number(self, day: str) -> int:
        statement = insert_or(self._connection, counters).values(name=f"ticket {day}", value=1)
        counted = statement.on_conflict_do_update(
            index_elements=["name"], set_={"value": counters.c.value + 1}
        ).returning(counters.c.value)
        return int(self._connection.execute(counted).scalar_one())

    def attach(self, number: str, images: Mapping[str, str], at: datetime) -> None:
        values = [{"number": number, "role": role, "digest": digest, "at": at} for role, digest in images.items()]
        upsert(self._connection, ticket_images, values, ["number", "role", "digest"])

    def add_look(self, look: AfterLook) -> None:
        self._connection.execute(sa.insert(ticket_looks), look_columns(look))

    def newest_look(self, number: str) -> AfterLook | None:
        query = sa.select(ticket_looks).where(ticket_looks.c.number == number).order_by(ticket_looks.c.id.desc())
        row = self._connection.execute(query.limit(1)).first()
        return look_of(row) if row else None

    def _first(self, condition: ColumnElement[bool]) -> Ticket | None:
        row = self._connection.execute(sa.select(tickets).where(condition)).first()
        if row is None:
            return None
        units = sa.select(ticket_units.c.unit).where(ticket_units.c.number == row.number)
        return ticket_of(row, tuple(self._connection.scalars(units.order_by(ticket_units.c.position))))

    def _save_units(self, ticket: Ticket) -> None:
        """Rows are written only where they change: most saves leave them as they are."""
        here = ticket_units.c.number == ticket.number
        there = sa.select(ticket_units.c.unit).where(here).order_by(ticket_units.c.position)
        if tuple(self._connection.scalars(there)) == ticket.units:
            return
        self._connection.execute(sa.delete(ticket_units).where(here))
        rows = [
            {"number": ticket.number, "unit": unit, "position": place, "lead": place == 0}
            for place, unit in enumerate(ticket.units)
        ]
        if rows:
            self._connection.execute(sa.insert(ticket_units), rows)


def ticket_columns(ticket: Ticket) -> Columns:
    return {
        "number": ticket.number,
        "finding_id": ticket.finding_id,
        "view_id": ticket.view_id,
        "category": ticket.category,
        "kind": ticket.kind.value,
        "site": ticket.site,
        "unit": ticket.unit,
        "status": ticket.status.value,
        "recurring": ticket.recurring,
        "created_at": ticket.created_at,
        "deadline": ticket.deadline.amount if ticket.deadline else None,
        "deadline_clock": ticket.deadline.clock.value if ticket.deadline else None,
        "deadline_hours": str(ticket.hours) if ticket.hours else None,
        "due_at": ticket.due_at,
        "amber_at": ticket.amber_at,
        "amber_left_s": ticket.amber_left_s,
        "left_s": ticket.left_s,
        "reworked": ticket.reworked,
        "dispatched_at": ticket.dispatched_at,
        "rectified_at": ticket.rectified_at,
        "verified_at": ticket.verified_at,
        "closed_at": ticket.closed_at,
        "evidence": ticket.evidence.value if ticket.evidence else None,
    }


def ticket_of(row: AnyRow, units: tuple[str, ...]) -> Ticket:
    return Ticket(
        number=row.number,
        finding_id=row.finding_id,
        view_id=row.view_id,
        category=row.category,
        kind=Kind(row.kind),
        site=row.site,
        unit=row.unit,
        status=Status(row.status),
        created_at=row.created_at,
        recurring=row.recurring,
        units=units,
        **_clock_of(row),
        reworked=row.reworked,
        dispatched_at=row.dispatched_at,
        rectified_at=row.rectified_at,
        verified_at=row.verified_at,
        closed_at=row.closed_at,
        evidence=Evidence(row.evidence) if row.evidence else None,
    )


def _clock_of(row: AnyRow) -> dict[str, Any]:  # Any: fields of several types
    return {
        "deadline": Deadline(row.deadline, DeadlineClock(row.deadline_clock)) if row.deadline else None,
        "hours": hours_of(row.deadline_hours) if row.deadline_hours else None,
        "due_at": row.due_at,
        "amber_at": row.amber_at,
        "amber_left_s": row.amber_left_s,
        "left_s": row.left_s,
    }


def history_columns(entry: HistoryEntry) -> dict[str, object]:
    return {
        "number": entry.number,
        "at": entry.at,
        "who": entry.who,
        "what": entry.what,
        "reason": entry.reason,
        "detail": entry.detail[:LONGEST_WORDS] if entry.detail else None,
        "words": entry.words[:LONGEST_WORDS] if entry.words else None,
    }


def look_columns(look: AfterLook) -> Columns:
    return {
        "number": look.number,
        "at": look.at,
        "outcome": look.outcome.value,
        "opinion": look.opinion.value,
        "image": look.image,
        "score": look.score,
        "model": look.model[:64],
        "why": look.why[:LONGEST_WORDS],
    }


def look_of(row: AnyRow) -> AfterLook:
    return AfterLook(
        row.number, row.at, Outcome(row.outcome), Opinion(row.opinion), row.image, row.score, row.model, row.why
    )
