"""Wide lists of tickets as flat rows, read by keyset: Core SQL, no domain values, no unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select

from pipeline.adapters.keyset import FlatRow, Order, Page
from pipeline.adapters.tables import (
    cameras,
    categories,
    changes,
    findings,
    images,
    reasons,
    sightings,
    sites,
    ticket_history,
    ticket_images,
    tickets,
    units,
    verdicts,
    views,
)
from pipeline.adapters.ticket_cuts import UNCUT, TicketCut
from pipeline.adapters.ticket_scope import may_see_image, of_unit
from pipeline.domain.errors import BadInput, NotFound
from pipeline.domain.finding import FindingState
from pipeline.domain.ticket import RUNNING, Status
from pipeline.ports import ImageKind

STRIP_START, STRIP_END = 4, 8
"""Frames shown of a finding: its first ones and its newest ones."""
OVERDUE, DUE_SOON = "overdue", "soon"
AT_WORK = tuple(sorted(status.value for status in RUNNING))
MOST_SUPPRESSED = 100_000
"""More suppressions than people can look through."""
SMALL_FIRST = ("thumb", "outlined", "plain")
"""Roles of a ticket's images, the fittest for a list first."""


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """None and blank mean any."""

    statuses: tuple[str, ...] = ()
    category: str | None = None
    site: str | None = None
    unit: str | None = None
    view_id: int | None = None
    text: str | None = None
    """Part of a number, site, unit, view or category name."""
    only_unit: str | None = None
    """Only what this unit's own account may see; here a blank means nothing at all."""
    due: str | None = None
    """`overdue` or `soon` (warned, not yet overdue), as of `now`; only what a unit is at work on."""
    now: datetime | None = None
    cut: TicketCut = UNCUT
    """Narrowed further, to what stands behind a figure."""


BY_DEADLINE = "due_at"
"""Lists only what has a deadline that runs."""
TICKET_ORDERS = {
    "-created_at": Order((tickets.c.created_at, tickets.c.number)),
    "created_at": Order((tickets.c.created_at, tickets.c.number), descending=False),
    "-updated_at": Order((tickets.c.updated_at, tickets.c.number)),
    "updated_at": Order((tickets.c.updated_at, tickets.c.number), descending=False),
    BY_DEADLINE: Order((tickets.c.due_at, tickets.c.number), descending=False),
}


def _thumb() -> ColumnElement[Any]:
    """The image of a ticket that suits a list."""
    rank = sa.case({role: place for place, role in enumerate(SMALL_FIRST)}, value=ticket_images.c.role, else_=9)
    return (
        sa.select(ticket_images.c.digest)
        .where(ticket_images.c.number == tickets.c.number)
        .order_by(rank, ticket_images.c.at)
        .limit(1)
        .scalar_subquery()
    )


def _ticket_rows() -> Select[Any]:
    return (
        sa.select(
            tickets,
            categories.c.name_zh.label("category_zh"),
            categories.c.name_en.label("category_en"),
            views.c.name.label("view"),
            cameras.c.name.label("camera"),
            findings.c.score,
            findings.c.state.label("finding_state"),
            findings.c.first_seen_at,
            findings.c.last_seen_at,
            findings.c.left,
            findings.c.top,
            findings.c.right,
            findings.c.bottom,
            _thumb().label("thumb"),
        )
        .join(findings, findings.c.id == tickets.c.finding_id)
        .join(categories, categories.c.code == tickets.c.category)
        .join(views, views.c.id == tickets.c.view_id)
        .join(cameras, cameras.c.id == views.c.camera_id)
    )


def ticket_page(connection: Connection, wanted: TicketFilter, sort: str, cursor: str | None, size: int) -> Page:
    """Raises BadInput for an unknown sort or cursor."""
    if sort not in TICKET_ORDERS:
        raise BadInput(f"tickets are not sorted by {sort!r}")
    query = _ticket_rows().where(*_conditions(wanted))
    if sort == BY_DEADLINE:
        query = query.where(tickets.c.due_at.is_not(None), tickets.c.status.in_(AT_WORK))
    return TICKET_ORDERS[sort].page(connection, query, cursor, size)


def work_rows(connection: Connection, unit: str | None, statuses: Sequence[str], size: int) -> Sequence[FlatRow]:
    """Tickets of one unit, or of all, in these statuses: the most urgent first, those without a deadline last."""
    query = _ticket_rows().where(tickets.c.status.in_(statuses))
    if unit is not None:
        query = query.where(of_unit(unit))
    urgency = (tickets.c.due_at.is_(None), tickets.c.due_at, tickets.c.created_at, tickets.c.number)
    return connection.execute(query.order_by(*urgency).limit(size)).all()


def _conditions(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    equal: tuple[tuple[ColumnElement[Any], object], ...] = (
        (tickets.c.category, wanted.category),
        (tickets.c.site, wanted.site),
        (tickets.c.unit, wanted.unit),
        (tickets.c.view_id, wanted.view_id),
    )
    conditions: list[ColumnElement[bool]] = [column == value for column, value in equal if value not in (None, "")]
    conditions += wanted.cut.conditions()
    if wanted.only_unit is not None:
        conditions.append(of_unit(wanted.only_unit))
    if wanted.statuses:
        conditions.append(tickets.c.status.in_(wanted.statuses))
    if wanted.due and wanted.now:
        conditions += [tickets.c.status.in_(AT_WORK), *_due(wanted.due, wanted.now)]
    if wanted.text and wanted.text.strip():
        text = wanted.text.strip()
        searched = (
            tickets.c.number, tickets.c.site, tickets.c.unit, views.c.name, categories.c.name_zh, categories.c.name_en
        )  # fmt: skip
        conditions.append(sa.or_(*(column.icontains(text, autoescape=True) for column in searched)))
    return conditions


def _due(due: str, now: datetime) -> list[ColumnElement[bool]]:
    """Raises BadInput for a word that is none of ours."""
    if due == OVERDUE:
        return [tickets.c.due_at < now]
    if due == DUE_SOON:
        return [tickets.c.due_at >= now, tickets.c.amber_at <= now]
    raise BadInput(f"tickets are {OVERDUE} or due {DUE_SOON}, not {due[:20]!r}")


def tickets_due(connection: Connection, now: datetime, only_unit: str | None = None) -> dict[str, int]:
    """How many are overdue, and how many soon will be."""
    found = {}
    for due in (OVERDUE, DUE_SOON):
        query = sa.select(sa.func.count()).select_from(tickets)
        query = query.where(*_conditions(TicketFilter(due=due, now=now, only_unit=only_unit)))
        found[due] = int(connection.scalar(query) or 0)
    return found


def tickets_by_status(connection: Connection, only_unit: str | None = None) -> dict[str, int]:
    query = sa.select(tickets.c.status, sa.func.count()).group_by(tickets.c.status)
    if only_unit is not None:
        query = query.where(of_unit(only_unit))
    return {row[0]: row[1] for row in connection.execute(query)}


def one_ticket(connection: Connection, number: str) -> FlatRow:
    """Raises NotFound."""
    extra = (
        findings.c.not_before,
        findings.c.opened_at,
        findings.c.cleared_at,
        findings.c.suppress_until,
        findings.c.recurs,
        categories.c.city_code,
    )
    row = connection.execute(_ticket_rows().add_columns(*extra).where(tickets.c.number == number)).one_or_none()
    if row is None:
        raise NotFound(f"no ticket {number[:24]!r}")
    return row


def images_of(connection: Connection, number: str) -> Sequence[FlatRow]:
    query = sa.select(ticket_images).where(ticket_images.c.number == number).order_by(ticket_images.c.at)
    return connection.execute(query).all()


def history_of(connection: Connection, number: str) -> Sequence[FlatRow]:
    query = (
        sa.select(ticket_history, reasons.c.name_zh.label("reason_zh"), reasons.c.name_en.label("reason_en"))
        .outerjoin(reasons, reasons.c.code == ticket_history.c.reason)
        .where(ticket_history.c.number == number)
        .order_by(ticket_history.c.id)
    )
    return connection.execute(query).all()


def last_change_of(connection: Connection, number: str) -> int:
    """Grows with every line of the ticket's history."""
    query = sa.select(sa.func.coalesce(sa.func.max(ticket_history.c.id), 0)).where(ticket_history.c.number == number)
    return int(connection.scalar(query) or 0)


def strip_of(connection: Connection, finding_id: str) -> Sequence[FlatRow]:
    """Sightings with a stored image: the first few and the newest few, in order of time."""
    base = sa.select(sightings).where(sightings.c.finding_id == finding_id, sightings.c.image.is_not(None))
    order = (sightings.c.at, sightings.c.round_id, sightings.c.attempt)
    first = connection.execute(base.order_by(*order).limit(STRIP_START)).all()
    newest = connection.execute(base.order_by(*(column.desc() for column in order)).limit(STRIP_END)).all()
    shown = {(row.round_id, row.attempt): row for row in (*first, *reversed(newest))}
    return sorted(shown.values(), key=lambda row: (row.at, row.round_id, row.attempt))


def sighting_count(connection: Connection, finding_id: str) -> FlatRow:
    """`sightings`, `rounds`, and the model and pass of the newest one."""
    newest = sa.select(sightings.c.model, sightings.c.found_by).where(sightings.c.finding_id == finding_id)
    newest = newest.order_by(sightings.c.at.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    query = sa.select(
        sa.func.count().label("sightings"),
        sa.func.count(sightings.c.round_id.distinct()).label("rounds"),
        sa.literal(last.model if last else None, sa.String).label("model"),
        sa.literal(last.found_by if last else None, sa.String).label("found_by"),
    ).where(sightings.c.finding_id == finding_id)
    return connection.execute(query).one()


def next_to_review(connection: Connection, number: str, only_unit: str | None = None) -> str | None:
    """The next older ticket that awaits review, else the newest other one."""
    here = sa.select(tickets.c.created_at).where(tickets.c.number == number).scalar_subquery()
    awaiting = sa.select(tickets.c.number).where(
        tickets.c.status == Status.awaiting_review.value, tickets.c.number != number
    )
    if only_unit is not None:
        awaiting = awaiting.where(of_unit(only_unit))
    newest_first = (tickets.c.created_at.desc(), tickets.c.number.desc())
    older = sa.tuple_(tickets.c.created_at, tickets.c.number) < sa.tuple_(here, sa.literal(number))
    found = connection.scalar(awaiting.where(older).order_by(*newest_first).limit(1))
    return found or connection.scalar(awaiting.order_by(*newest_first).limit(1))


def suppression_page(connection: Connection, cursor: str | None, size: int) -> Page:
    """Findings that a person dismissed and that are still suppressed, newest verdict first."""
    earlier = verdicts.alias()
    newest = sa.select(sa.func.max(earlier.c.id)).where(earlier.c.number == tickets.c.number).scalar_subquery()
    # Written as the partial index has it; its limit makes the database begin there, not at every ticket.
    few = sa.select(findings.c.id).where(findings.c.state == sa.literal_column(f"'{FindingState.dismissed}'"))
    dismissed = few.limit(MOST_SUPPRESSED).subquery()
    query: Any = (
        sa.select(
            findings.c.id,
            findings.c.view_id,
            findings.c.left,
            findings.c.top,
            findings.c.right,
            findings.c.bottom,
            findings.c.suppress_until,
            findings.c.first_seen_at,
            findings.c.last_seen_at,
            findings.c.clear_in_a_row,
            categories.c.clear_after,
            categories.c.name_zh.label("category_zh"),
            categories.c.name_en.label("category_en"),
            views.c.name.label("view"),
            tickets.c.number,
            tickets.c.site,
            tickets.c.category,
            verdicts.c.who,
            verdicts.c.at,
            reasons.c.code.label("reason"),
            reasons.c.name_zh.label("reason_zh"),
            reasons.c.name_en.label("reason_en"),
            _thumb().label("thumb"),
        )
        .join(categories, categories.c.code == findings.c.category)
        .join(views, views.c.id == findings.c.view_id)
        .join(tickets, tickets.c.finding_id == findings.c.id)
        .outerjoin(verdicts, verdicts.c.id == newest)
        .outerjoin(reasons, reasons.c.code == verdicts.c.reason)
        .join(dismissed, dismissed.c.id == findings.c.id)
    )
    return Order((tickets.c.updated_at, tickets.c.number)).page(connection, query, cursor, size)


def all_categories(connection: Connection) -> Sequence[FlatRow]:
    return connection.execute(sa.select(categories).order_by(categories.c.position)).all()


def all_reasons(connection: Connection) -> Sequence[FlatRow]:
    """Those that are offered; what was retired stays in histories alone."""
    offered = sa.select(reasons).where(reasons.c.retired_at.is_(None))
    return connection.execute(offered.order_by(reasons.c.position, reasons.c.code)).all()


def site_names(connection: Connection) -> Sequence[str]:
    return connection.scalars(sa.select(sites.c.name).order_by(sites.c.name)).all()


def unit_names(connection: Connection) -> Sequence[str]:
    return connection.scalars(sa.select(units.c.name).order_by(units.c.tier, units.c.name)).all()


def is_shown(connection: Connection, digest: str, only_unit: str | None = None) -> bool:
    """Whether a row names this image and it is one that people may see, or that this unit may see."""
    query = sa.select(images.c.kind).where(images.c.digest == digest)
    kind = connection.scalar(query)
    if kind is None or kind == ImageKind.print.value:
        return False
    return only_unit is None or may_see_image(connection, digest, only_unit)


def sequence_of(connection: Connection, topics: Sequence[str]) -> int:
    """Grows whenever one of the topics changes."""
    query = sa.select(sa.func.coalesce(sa.func.sum(changes.c.sequence), 0)).where(changes.c.topic.in_(topics))
    return int(connection.scalar(query) or 0)
