"""What is kept and for how long: the retention table, obeyed. Open tickets and frozen datasets hold theirs."""

import shutil
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.adapters import tables
from pipeline.adapters.database import reading, writing
from pipeline.adapters.images import DIGEST_LENGTH, LocalImages
from pipeline.adapters.rows import prints_of
from pipeline.adapters.tables_errands import errands, ticket_photos
from pipeline.adapters.tables_learning import (
    asked_frames,
    dataset_samples,
    dataset_versions,
    doubtful_frames,
    shadow_differences,
)
from pipeline.adapters.tables_life import ticket_looks
from pipeline.adapters.tables_views import repairs, view_references
from pipeline.domain.finding import FindingState
from pipeline.domain.ticket import ENDED
from pipeline.ports import ImageKind

Kept = Counter[str]
MIB = 1024 * 1024
AT_ONCE = 500
"""Rows or files that go in one transaction."""
ERRANDS_KEPT = timedelta(days=90)
"""Long enough that a page still shows the last one."""
FOR_ROOM = (ImageKind.sample, ImageKind.asked)
"""Nothing rests on these."""
IMAGE_KINDS = tuple(kind for kind in ImageKind if kind is not ImageKind.print)


class Housekeeper:
    def __init__(self, engine: Engine, images: LocalImages, prints: LocalImages) -> None:
        self._engine = engine
        self._images = images
        self._prints = prints

    def obey_retention(self, now: datetime) -> Kept:
        """Drop what is older than its kind is kept; gives counts by kind."""
        with reading(self._engine) as connection:
            keep_days = dict(connection.execute(sa.select(tables.retention.c.kind, tables.retention.c.keep_days)).all())
        limits = {kind: now - timedelta(days=days) for kind, days in keep_days.items()}
        gone: Kept = Counter()
        for kind in IMAGE_KINDS:
            if kind.value in limits:
                gone[kind.value] += self._drop_images(tables.images.c.created_at < limits[kind.value], kind)
        with writing(self._engine) as connection:
            gone["visits"] += _drop_visits(connection, limits["visits"])
            gone["findings"] += _drop_findings(connection, limits["findings"])
            health = sa.delete(tables.health).where(tables.health.c.at < limits["health"])
            gone["health"] += connection.execute(health).rowcount
            connection.execute(sa.delete(tables.sessions).where(tables.sessions.c.expires_at < now))
            connection.execute(sa.delete(errands).where(errands.c.asked_at < now - ERRANDS_KEPT))
        return gone

    def make_room(self, folder: Path, floor_mib: int) -> Kept:
        """Below the floor of free disk, sampled frames go, then doubtful ones, oldest first, until there is room."""
        gone: Kept = Counter()
        for kind in FOR_ROOM:
            while shutil.disk_usage(folder).free < floor_mib * MIB:
                dropped = self._drop_images(sa.true(), kind, AT_ONCE)
                if not dropped:
                    break
                gone[f"{kind}_for_room"] += dropped
        return gone

    def sweep_orphans(self, limit: datetime) -> Kept:
        """Files that no row names and that a kill left behind before `limit`."""
        gone: Kept = Counter()
        with reading(self._engine) as connection:
            named = set(connection.scalars(sa.select(tables.images.c.digest)))
            prints = _named_prints(connection)
        for store, kept in ((self._images, named), (self._prints, prints)):
            for name in list(store.older_than(limit)):
                if len(name) != DIGEST_LENGTH:
                    store.drop_part(name)
                    gone["parts"] += 1
                elif name not in kept:
                    store.delete(name)
                    gone["orphans"] += 1
        return gone

    def _drop_images(self, condition: sa.ColumnElement[bool], kind: ImageKind, most: int | None = None) -> int:
        """Rows first, in one transaction, then the files: a row never points at nothing."""
        images = tables.images.c
        old = sa.select(images.digest).where(condition, images.kind == kind.value, images.digest.not_in(_held()))
        with writing(self._engine) as connection:
            digests = list(connection.scalars(old.order_by(images.created_at).limit(most)))
            for start in range(0, len(digests), AT_ONCE):
                part = digests[start : start + AT_ONCE]
                _forget(connection, part)
                connection.execute(sa.delete(tables.images).where(images.digest.in_(part)))
        for digest in digests:
            self._images.delete(digest)
        return len(digests)


def _held() -> sa.CompoundSelect[tuple[str]]:
    """Digests that tickets still in hand, frozen datasets, or the views' last frames hold on to."""
    ended = [status.value for status in ENDED]
    open_tickets = sa.select(tables.tickets.c.number).where(tables.tickets.c.status.not_in(ended))
    in_hand = sa.select(tables.tickets.c.finding_id).where(tables.tickets.c.status.not_in(ended))
    frozen = sa.select(dataset_versions.c.hash).where(dataset_versions.c.replaced_by.is_(None))
    return sa.union_all(
        sa.select(tables.ticket_images.c.digest).where(tables.ticket_images.c.number.in_(open_tickets)),
        sa.select(tables.sightings.c.image).where(
            tables.sightings.c.finding_id.in_(in_hand), tables.sightings.c.image.is_not(None)
        ),
        sa.select(tables.views.c.last_image).where(tables.views.c.last_image.is_not(None)),
        sa.select(dataset_samples.c.image).where(dataset_samples.c.dataset.in_(frozen)),
    )


def _forget(connection: Connection, digests: list[str]) -> None:
    """Take the names of images out of the rows that may name them."""
    connection.execute(sa.delete(tables.ticket_images).where(tables.ticket_images.c.digest.in_(digests)))
    for table in (view_references, asked_frames, doubtful_frames):
        connection.execute(sa.delete(table).where(table.c.image.in_(digests)))
    named = (
        tables.sightings.c.image, tables.verdicts.c.image, ticket_photos.c.image, ticket_looks.c.image, repairs.c.image,
        shadow_differences.c.image,
    )  # fmt: skip
    for column in named:
        connection.execute(sa.update(column.table).where(column.in_(digests)).values({column.name: None}))


def _named_prints(connection: Connection) -> set[str]:
    return {digest for row in connection.execute(sa.select(tables.view_memories)) for digest in prints_of(row)}


def _drop_visits(connection: Connection, limit: datetime) -> int:
    old = sa.select(tables.rounds.c.id).where(tables.rounds.c.started_at < limit)
    return connection.execute(sa.delete(tables.visits).where(tables.visits.c.round_id.in_(old))).rowcount


def _drop_findings(connection: Connection, limit: datetime) -> int:
    """Ended findings that bore no ticket, with their sightings."""
    ended = [FindingState.cleared.value, FindingState.lapsed.value]
    ticketed = sa.select(tables.tickets.c.finding_id)
    findings = tables.findings.c
    old = sa.select(findings.id).where(
        findings.state.in_(ended), findings.cleared_at < limit, findings.id.not_in(ticketed)
    )
    connection.execute(sa.delete(tables.sightings).where(tables.sightings.c.finding_id.in_(old)))
    return connection.execute(sa.delete(tables.findings).where(findings.id.in_(old))).rowcount
