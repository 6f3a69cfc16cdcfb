"""Figures over visits and sampled frames: what was looked at, and what was missed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select

from pipeline.adapters.figure_queries import FigureFilter, views_of_site
from pipeline.adapters.keyset import FlatRow
from pipeline.adapters.tables import cameras, images, rounds, sightings, sites, tickets, views, visits
from pipeline.adapters.tables_desk import sample_readings
from pipeline.domain.patrol import COVERAGE
from pipeline.domain.recall import Recall, recall
from pipeline.domain.ticket import Status
from pipeline.ports import ImageKind

COVERED = tuple(outcome.value for outcome in COVERAGE)
MOST_LOOKS = 300_000
"""Planned looks that coverage is counted over: a large town's last day, a small town's month."""
SAMPLES_KEPT = timedelta(days=28)
"""Sampled frames that nobody read go after 30 days; before that they cannot be counted any more."""
CONFIRMED = tuple(
    status.value for status in Status if status not in (Status.awaiting_review, Status.dismissed, Status.void)
)


@dataclass(frozen=True, slots=True)
class SiteCoverage:
    site: str
    key_point: bool
    planned: int
    covered: int


@dataclass(frozen=True, slots=True)
class Coverage:
    since: datetime | None
    """Start of the first round that was counted; None: there was none."""
    rounds: int
    sites: tuple[SiteCoverage, ...]
    """Key points first, within them the worst first."""


def coverage(connection: Connection, wanted: FigureFilter) -> Coverage:
    """Looks that were planned and looks that saw something (seen or unchanged), by site, over the newest rounds of the
    period. Not looked at is not clean: a planned view without a visit counts as not covered."""
    newest = _newest_rounds(connection, wanted)
    if not newest:
        return Coverage(None, 0, ())
    planned = Counter(view_id for row in newest for view_id in set(row.view_ids))
    query = (
        sa.select(visits.c.view_id, sa.func.count(sa.distinct(visits.c.round_id)))
        .where(visits.c.round_id.in_([row.id for row in newest]), visits.c.outcome.in_(COVERED))
        .group_by(visits.c.view_id)
    )
    covered = {row[0]: row[1] for row in connection.execute(query)}
    by_site: dict[str, SiteCoverage] = {}
    for row in _sites_of_views(connection, wanted):
        before = by_site.get(row.name, SiteCoverage(row.name, row.key_point, 0, 0))
        by_site[row.name] = SiteCoverage(
            row.name, row.key_point, before.planned + planned[row.id],
            before.covered + min(covered.get(row.id, 0), planned[row.id]),
        )  # fmt: skip
    found = [site for site in by_site.values() if site.planned]
    found.sort(key=lambda site: (not site.key_point, site.covered / site.planned, site.site))
    return Coverage(newest[-1].started_at, len(newest), tuple(found))


def _newest_rounds(connection: Connection, wanted: FigureFilter) -> Sequence[FlatRow]:
    conditions = [rounds.c.started_at >= wanted.since] if wanted.since else []
    conditions += [rounds.c.started_at < wanted.until] if wanted.until else []
    newest_first = (rounds.c.started_at.desc(), rounds.c.id.desc())
    looks = sa.func.sum(rounds.c.planned).over(order_by=newest_first, rows=(None, 0)).label("looks")
    counted = sa.select(rounds.c.id, looks).where(*conditions).subquery()
    chosen = sa.select(counted.c.id).where(counted.c.looks <= MOST_LOOKS)
    query = sa.select(rounds.c.id, rounds.c.started_at, rounds.c.view_ids).where(rounds.c.id.in_(chosen))
    return connection.execute(query.order_by(*newest_first)).all()


def _sites_of_views(connection: Connection, wanted: FigureFilter) -> Sequence[FlatRow]:
    query = (
        sa.select(views.c.id, sites.c.name, sites.c.key_point)
        .join(cameras, cameras.c.id == views.c.camera_id)
        .join(sites, sites.c.id == cameras.c.site_id)
    )
    return connection.execute(query.where(sites.c.name == wanted.site) if wanted.site else query).all()


def estimated_recall(connection: Connection, wanted: FigureFilter, now: datetime) -> tuple[Recall, datetime] | None:
    """Over the frames of the last SAMPLES_KEPT of the period, and since when; None where no sample was read.

    Each sampled frame stands for 1/share empty frames. Samples bear no category, so a filter by category or unit leaves
    only what was found less: then there is no estimate either.
    """
    if wanted.category or wanted.unit:
        return None
    until = min(wanted.until or now, now)
    since = max(until - SAMPLES_KEPT, wanted.since or until - SAMPLES_KEPT)
    read, missed = _read(connection, wanted.site, since, until)
    if not read:
        return None
    empty = max(_empty_frames(connection, wanted.site, since, until), float(read))
    found = _found_frames(connection, wanted.site, since, until)
    return recall(found, read, missed, read / empty), since


def _read(connection: Connection, site: str | None, since: datetime, until: datetime) -> tuple[int, int]:
    """Sampled frames that were read, and those of them that hold something."""
    holds = sa.case((sample_readings.c.missed > 0, 1), else_=0)
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(holds), 0)).where(
        sample_readings.c.frame_at >= since, sample_readings.c.frame_at < until,
        *_of_site(sample_readings.c.view_id, site),
    )  # fmt: skip
    row = connection.execute(query).one()
    return int(row[0]), int(row[1])


def _empty_frames(connection: Connection, site: str | None, since: datetime, until: datetime) -> float:
    stands_for = sa.func.coalesce(sa.func.sum(1.0 / images.c.share), 0.0)
    query = sa.select(stands_for).where(
        images.c.share > 0, images.c.created_at >= since, images.c.created_at < until,
        images.c.kind.in_((ImageKind.sample.value, ImageKind.evidence.value)), *_of_site(images.c.view_id, site),
    )  # fmt: skip
    return float(connection.scalar(query) or 0.0)


def _found_frames(connection: Connection, site: str | None, since: datetime, until: datetime) -> int:
    """Frames with a sighting of what a person confirmed."""
    frames = (
        sa.select(sightings.c.round_id, sightings.c.attempt, tickets.c.view_id)
        .join(tickets, tickets.c.finding_id == sightings.c.finding_id)
        .where(
            tickets.c.status.in_(CONFIRMED), tickets.c.created_at >= since,
            sightings.c.at >= since, sightings.c.at < until, *_of_site(tickets.c.view_id, site),
        )
        .distinct()
        .subquery()
    )  # fmt: skip
    return int(connection.scalar(sa.select(sa.func.count()).select_from(frames)) or 0)


def _of_site(column: ColumnElement[Any], site: str | None) -> Iterator[ColumnElement[bool]]:
    if site:
        wanted: Select[Any] = views_of_site(site)
        yield column.in_(wanted)
