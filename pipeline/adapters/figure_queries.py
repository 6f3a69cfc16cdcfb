"""Figures over tickets, counted in SQL: no query here gives a row a ticket but the export."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select

from pipeline.adapters.keyset import FlatRow, Order, Page
from pipeline.adapters.tables import cameras, categories, sites, tickets, verdicts, views
from pipeline.adapters.ticket_cuts import DONE, in_time, overdue
from pipeline.domain.review import Teaches, VerdictKind
from pipeline.domain.ticket import ENDED, Status

OPEN = tuple(status.value for status in Status if status not in ENDED)
AGE_DAYS = (1, 3, 7, 30)
"""Upper bounds of the classes of age; the last one is open."""
MOST_PLACES = 20
EXPORTED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class FigureFilter:
    """Tickets created in [since, until); None means any."""

    since: datetime | None = None
    until: datetime | None = None
    unit: str | None = None
    category: str | None = None
    site: str | None = None

    def conditions(self, ignoring_period: bool = False) -> list[ColumnElement[bool]]:
        equal = ((tickets.c.unit, self.unit), (tickets.c.category, self.category), (tickets.c.site, self.site))
        found: list[ColumnElement[bool]] = [column == value for column, value in equal if value]
        if self.since is not None and not ignoring_period:
            found.append(tickets.c.created_at >= self.since)
        if self.until is not None and not ignoring_period:
            found.append(tickets.c.created_at < self.until)
        return found


def judged(now: datetime) -> ColumnElement[bool]:
    """Put right, or due by now: what is on time or late."""
    put_right = sa.and_(tickets.c.due_at.is_not(None), tickets.c.status.in_(DONE))
    return sa.or_(put_right, overdue(now))


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def counted(
    connection: Connection, wanted: FigureFilter, now: datetime
) -> Sequence[Any]:  # Any: rows that are CountRows
    """A row for each unit, category, kind and status that occurs together."""
    dimensions = (tickets.c.unit, tickets.c.category, tickets.c.kind, tickets.c.status)
    query = (
        sa.select(
            *dimensions,
            sa.func.count().label("count"),
            _count_if(tickets.c.recurring).label("recurring"),
            _count_if(tickets.c.reworked > 0).label("reworked"),
            _count_if(overdue(now)).label("overdue"),
            _count_if(in_time()).label("in_time"),
            _count_if(judged(now)).label("judged"),
        )
        .where(*wanted.conditions())
        .group_by(*dimensions)
    )
    return connection.execute(query).all()


def ages(connection: Connection, wanted: FigureFilter, now: datetime) -> list[int]:
    """Open tickets by class of age, youngest first; one more than AGE_DAYS."""
    bounds = [(tickets.c.created_at > now - timedelta(days=days), place) for place, days in enumerate(AGE_DAYS)]
    place = sa.case(*bounds, else_=len(AGE_DAYS)).label("place")
    query = (
        sa.select(place, sa.func.count().label("count"))
        .where(tickets.c.status.in_(OPEN), *wanted.conditions())
        .group_by(place)
    )
    found = {row[0]: row[1] for row in connection.execute(query)}
    return [found.get(place, 0) for place in range(len(AGE_DAYS) + 1)]


def by_day(connection: Connection, wanted: FigureFilter, zone: tzinfo, now: datetime) -> Sequence[FlatRow]:
    """Local days with what was filed for review and what was closed on them, in order."""
    filed = _by_day(connection, tickets.c.created_at, wanted, zone, now)
    closed = _by_day(connection, tickets.c.closed_at, wanted, zone, now)
    told = sa.union_all(filed, closed).subquery()
    query = sa.select(told.c.day, sa.func.sum(told.c.filed).label("filed"), sa.func.sum(told.c.closed).label("closed"))
    return connection.execute(query.group_by(told.c.day).order_by(told.c.day)).all()


def _by_day(
    connection: Connection, column: ColumnElement[Any], wanted: FigureFilter, zone: tzinfo, now: datetime
) -> Select[Any]:
    closed = column is tickets.c.closed_at
    day = local_day(connection, column, zone, now).label("day")
    conditions = [*wanted.conditions(ignoring_period=True), column.is_not(None)]
    conditions += [column >= wanted.since] if wanted.since else []
    conditions += [column < wanted.until] if wanted.until else []
    none, count = sa.literal(0), sa.func.count()
    shown = (none.label("filed"), count.label("closed")) if closed else (count.label("filed"), none.label("closed"))
    shown_columns: list[ColumnElement[Any]] = [day, *shown]
    return sa.select(*shown_columns).where(*conditions).group_by(day)


def local_day(connection: Connection, column: ColumnElement[Any], zone: tzinfo, now: datetime) -> ColumnElement[str]:
    """`YYYY-MM-DD`. SQLite knows no zones: today's offset is taken for all days, which is right for towns in China."""
    if connection.dialect.name == "postgresql":
        local = sa.func.timezone(str(zone), column)
        return sa.func.to_char(local, "YYYY-MM-DD")
    offset = now.astimezone(zone).utcoffset() or timedelta(0)
    return sa.func.date(column, f"{offset.total_seconds():+.0f} seconds", type_=sa.String)


def median_hours(
    connection: Connection, wanted: FigureFilter, by: ColumnElement[Any] | None = None
) -> dict[str | None, tuple[float, int]]:
    """Median hours from created to closed and how many were closed; by the values of a column, or all under None."""
    group = by if by is not None else sa.literal(None, sa.String)
    closed = (
        sa.select(group.label("part"), _hours(connection).label("hours"))
        .where(tickets.c.closed_at.is_not(None), tickets.c.status == Status.closed.value, *wanted.conditions())
        .subquery()
    )
    window: dict[str, Any] = {"partition_by": closed.c.part} if by is not None else {}
    ranked = sa.select(
        closed.c.part,
        closed.c.hours,
        sa.func.row_number().over(order_by=closed.c.hours, **window).label("place"),
        sa.func.count().over(**window).label("many"),
    ).subquery()
    low, high = (ranked.c.many + 1) / sa.literal(2.0) - 0.5, (ranked.c.many + 1) / sa.literal(2.0) + 0.5
    middle = sa.select(ranked.c.part, sa.func.avg(ranked.c.hours), sa.func.max(ranked.c.many))
    query = middle.where(ranked.c.place.between(low, high)).group_by(ranked.c.part)
    return {row[0]: (float(row[1]), int(row[2])) for row in connection.execute(query)}


def _hours(connection: Connection) -> ColumnElement[Any]:
    if connection.dialect.name == "postgresql":
        return sa.extract("epoch", tickets.c.closed_at - tickets.c.created_at) / 3600.0
    days = sa.func.julianday(tickets.c.closed_at) - sa.func.julianday(tickets.c.created_at)
    return sa.type_coerce(days, sa.Float) * 24.0


def recurring_places(connection: Connection, wanted: FigureFilter) -> Sequence[FlatRow]:
    """Sites and categories where things returned after they had cleared, most often first."""
    again = _count_if(tickets.c.recurring).label("recurring")
    query = (
        sa.select(
            tickets.c.site,
            tickets.c.category,
            again,
            sa.func.count().label("count"),
            sa.func.max(tickets.c.created_at).label("last_at"),
        )
        .where(*wanted.conditions())
        .group_by(tickets.c.site, tickets.c.category)
        .having(again > 0)
        .order_by(again.desc(), tickets.c.site, tickets.c.category)
        .limit(MOST_PLACES)
    )
    return connection.execute(query).all()


def verdict_counts(connection: Connection, wanted: FigureFilter) -> Sequence[FlatRow]:
    """Verdicts given in the period, by view and by the category that the detector gave; as the review desk counts.

    `right` were confirmed or redrawn, `wrong` dismissed or relabelled; of these, `allowed` were there all the same: the
    reason of the dismissal says that they are permitted, not that they are mistaken.
    """
    kind, teaches = verdicts.c.kind, verdicts.c.teaches
    right = kind.in_((VerdictKind.confirmed.value, VerdictKind.redrawn.value))
    relabelled = sa.and_(kind == VerdictKind.relabelled.value, teaches == Teaches.negative.value)
    dismissed = kind == VerdictKind.dismissed.value
    wrong = sa.or_(dismissed, relabelled)
    query = (
        sa.select(
            verdicts.c.view_id,
            verdicts.c.category,
            _count_if(right).label("right"),
            _count_if(wrong).label("wrong"),
            _count_if(sa.and_(dismissed, teaches != Teaches.negative.value)).label("allowed"),
        )
        .where(sa.or_(right, wrong), *_of_verdicts(wanted))
        .group_by(verdicts.c.view_id, verdicts.c.category)
    )
    return connection.execute(query).all()


def _of_verdicts(wanted: FigureFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield verdicts.c.at >= wanted.since
    if wanted.until is not None:
        yield verdicts.c.at < wanted.until
    if wanted.category:
        yield verdicts.c.category == wanted.category
    if wanted.site:
        yield verdicts.c.view_id.in_(views_of_site(wanted.site))
    if wanted.unit:
        yield verdicts.c.number.in_(sa.select(tickets.c.number).where(tickets.c.unit == wanted.unit))


def views_of_site(site: str) -> Select[Any]:
    return (
        sa.select(views.c.id)
        .join(cameras, cameras.c.id == views.c.camera_id)
        .join(sites, sites.c.id == cameras.c.site_id)
        .where(sites.c.name == site)
    )


def view_names(connection: Connection, view_ids: Sequence[int]) -> dict[int, str]:
    query = sa.select(views.c.id, views.c.name).where(views.c.id.in_(view_ids))
    return {row.id: row.name for row in connection.execute(query)}


def by_site(connection: Connection, wanted: FigureFilter, now: datetime) -> Sequence[FlatRow]:
    """Every site with a position or tickets: how many tickets, how many of them open and overdue."""
    counts = (
        sa.select(
            tickets.c.site,
            sa.func.count().label("count"),
            _count_if(tickets.c.status.in_(OPEN)).label("open"),
            _count_if(overdue(now)).label("overdue"),
        )
        .where(*wanted.conditions())
        .group_by(tickets.c.site)
        .subquery()
    )
    number = (sa.func.coalesce(counts.c[name], 0).label(name) for name in ("count", "open", "overdue"))
    query = (
        sa.select(sites.c.name, sites.c.latitude, sites.c.longitude, sites.c.key_point, *number)
        .outerjoin(counts, counts.c.site == sites.c.name)
        .order_by(sites.c.name)
    )
    if wanted.site:
        query = query.where(sites.c.name == wanted.site)
    return connection.execute(query).all()


EXPORTED = (
    "number", "status", "category", "kind", "site", "unit", "recurring", "reworked", "created_at", "dispatched_at",
    "due_at", "rectified_at", "verified_at", "closed_at",
)  # fmt: skip


EXPORT_ORDER = Order((tickets.c.created_at, tickets.c.number), descending=False)


def exported_page(connection: Connection, wanted: FigureFilter, cursor: str | None) -> Page:
    """The next tickets of an export, oldest first: by keyset on an index, so that each page costs the same."""
    query = (
        sa.select(*(tickets.c[name] for name in EXPORTED), categories.c.name_zh, categories.c.name_en)
        .join(categories, categories.c.code == tickets.c.category)
        .where(*wanted.conditions())
    )
    return EXPORT_ORDER.page(connection, query, cursor, EXPORTED_AT_ONCE)
