"""Rounds, visits, views and their health as flat rows: Core SQL, no domain values, no unit of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select

from pipeline.adapters.keyset import FlatRow, Order, Page
from pipeline.adapters.tables import cameras, follow_ups, health, rounds, sites, tickets, views, visits
from pipeline.domain.errors import NotFound
from pipeline.domain.patrol import COVERAGE
from pipeline.domain.ticket import Status

COVERED = [outcome.value for outcome in COVERAGE]
NEWEST_ROUND = Order((rounds.c.started_at, rounds.c.id))
NEWEST_HEALTH = Order((health.c.at, health.c.id))

attention = sa.case((views.c.last_outcome.is_(None), 1), (views.c.last_outcome.in_(COVERED), 2), else_=0)
"""0: looked at in vain; 1: never looked at; 2: looked at."""
NEEDIEST_VIEW = Order((attention, views.c.id), descending=False)
ATTENTION = {"in_vain": 0, "never": 1, "looked_at": 2}


def round_page(connection: Connection, plan: str | None, cursor: str | None, size: int) -> Page:
    query = _round_rows()
    if plan:
        query = query.where(rounds.c.plan == plan)
    return NEWEST_ROUND.page(connection, query, cursor, size)


def _round_rows() -> Select[Any]:
    wanted = ("id", "plan", "started_at", "finished_at", "planned", "findings_opened")
    return sa.select(*(rounds.c[name] for name in wanted))


def one_round(connection: Connection, round_id: int) -> FlatRow:
    """Raises NotFound."""
    row = connection.execute(_round_rows().where(rounds.c.id == round_id)).one_or_none()
    if row is None:
        raise NotFound(f"no round {round_id}")
    return row


def outcomes_of(connection: Connection, round_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Views by outcome in each round; of several attempts the covering one counts, else the last."""
    if not round_ids:
        return {}
    best = sa.func.row_number().over(
        partition_by=(visits.c.round_id, visits.c.view_id),
        order_by=(sa.case((visits.c.outcome.in_(COVERED), 0), else_=1), visits.c.attempt.desc()),
    )
    ranked = sa.select(visits.c.round_id, visits.c.outcome, best.label("place"))
    looks = ranked.where(visits.c.round_id.in_(round_ids)).subquery()
    query = sa.select(looks.c.round_id, looks.c.outcome, sa.func.count().label("views"))
    query = query.where(looks.c.place == 1).group_by(looks.c.round_id, looks.c.outcome)
    counted: dict[int, dict[str, int]] = {round_id: {} for round_id in round_ids}
    for row in connection.execute(query):
        counted[row.round_id][row.outcome] = row.views
    return counted


def visit_page(connection: Connection, round_id: int, outcome: str | None, cursor: str | None, size: int) -> Page:
    query = (
        sa.select(visits, views.c.name.label("view"), cameras.c.name.label("camera"), sites.c.name.label("site"))
        .join(views, views.c.id == visits.c.view_id)
        .join(cameras, cameras.c.id == views.c.camera_id)
        .join(sites, sites.c.id == cameras.c.site_id)
        .where(visits.c.round_id == round_id)
    )
    if outcome:
        query = query.where(visits.c.outcome == outcome)
    troubled = sa.case((visits.c.outcome.in_(COVERED), 1), else_=0)
    order = Order((troubled, visits.c.view_id, visits.c.attempt), descending=False)
    return order.page(connection, query, cursor, size)


@dataclass(frozen=True, slots=True)
class ViewFilter:
    """None and blank mean any."""

    attention: str | None = None
    """A key of ATTENTION."""
    site: str | None = None
    text: str | None = None


def _view_rows() -> Select[Any]:
    shown = (
        "id", "name", "preset", "active", "failures", "next_try_at", "last_outcome", "last_fault",
        "last_visit_at", "last_good_at", "last_image", "skew_s",
    )  # fmt: skip
    unsettled = (Status.awaiting_review.value, Status.filed.value)
    raised = sa.select(tickets.c.view_id, sa.func.count().label("tickets")).where(tickets.c.status.in_(unsettled))
    waiting = raised.group_by(tickets.c.view_id).subquery()
    return (
        sa.select(
            *(views.c[name] for name in shown),
            cameras.c.name.label("camera"),
            cameras.c.source_kind,
            cameras.c.source,
            sites.c.name.label("site"),
            sites.c.core_zone,
            attention.label("attention"),
            sa.func.coalesce(waiting.c.tickets, 0).label("tickets_waiting"),
        )
        .join(cameras, cameras.c.id == views.c.camera_id)
        .join(sites, sites.c.id == cameras.c.site_id)
        .outerjoin(waiting, waiting.c.view_id == views.c.id)
    )


def view_page(connection: Connection, wanted: ViewFilter, cursor: str | None, size: int) -> Page:
    """Active views, those that need a person first."""
    return NEEDIEST_VIEW.page(connection, _view_rows().where(*_conditions(wanted)), cursor, size)


def _conditions(wanted: ViewFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_patrolled()]
    if wanted.attention:
        conditions.append(attention == ATTENTION[wanted.attention])
    if wanted.site:
        conditions.append(sites.c.name == wanted.site)
    if wanted.text and wanted.text.strip():
        text = wanted.text.strip()
        searched = (views.c.name, cameras.c.name, sites.c.name)
        conditions.append(sa.or_(*(column.icontains(text, autoescape=True) for column in searched)))
    return conditions


def _patrolled() -> ColumnElement[bool]:
    return views.c.active.is_(True) & cameras.c.active.is_(True)


def views_by_attention(connection: Connection) -> dict[str, int]:
    query = sa.select(attention.label("rank"), sa.func.count().label("views")).select_from(views)
    query = query.join(cameras, cameras.c.id == views.c.camera_id).where(_patrolled()).group_by("rank")
    counted = {row.rank: row.views for row in connection.execute(query)}
    return {name: counted.get(rank, 0) for name, rank in ATTENTION.items()}


def one_view(connection: Connection, view_id: int) -> FlatRow:
    """Raises NotFound."""
    row = connection.execute(_view_rows().where(views.c.id == view_id)).one_or_none()
    if row is None:
        raise NotFound(f"no view {view_id}")
    return row


def health_page(connection: Connection, view_id: int, cursor: str | None, size: int) -> Page:
    query = sa.select(health).where(health.c.view_id == view_id)
    return NEWEST_HEALTH.page(connection, query, cursor, size)


def good_frames(connection: Connection) -> Sequence[FlatRow]:
    """`id`, `name`, `camera`, `last_good_at` of every active view."""
    query = sa.select(views.c.id, views.c.name, cameras.c.name.label("camera"), views.c.last_good_at)
    query = query.join(cameras, cameras.c.id == views.c.camera_id).where(_patrolled()).order_by(views.c.id)
    return connection.execute(query).all()


def visit_sums(connection: Connection, since: datetime | None, until: datetime | None) -> Sequence[FlatRow]:
    """`outcome`, `visits`, `inference_s` over the visits of rounds begun in [since, until)."""
    query = sa.select(
        visits.c.outcome, sa.func.count().label("visits"), sa.func.sum(visits.c.inference_s).label("inference_s")
    ).join(rounds, rounds.c.id == visits.c.round_id)
    if since is not None:
        query = query.where(rounds.c.started_at >= since)
    if until is not None:
        query = query.where(rounds.c.started_at < until)
    return connection.execute(query.group_by(visits.c.outcome)).all()


def round_counts(connection: Connection) -> FlatRow:
    """`begun` and `running` rounds, and `last_finished_at`."""
    query = sa.select(
        sa.func.count().label("begun"),
        sa.func.count().filter(rounds.c.finished_at.is_(None)).label("running"),
        sa.func.max(rounds.c.finished_at).label("last_finished_at"),
    )
    return connection.execute(query).one()


def follow_ups_due(connection: Connection, at: datetime) -> int:
    query = sa.select(sa.func.count()).select_from(follow_ups).where(follow_ups.c.due_at <= at)
    return int(connection.scalar(query) or 0)
