"""What people set up on a view: the part of a unit of work that the camera pages write."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters import rows, tables, tables_views
from pipeline.adapters.repositories import bump, upsert
from pipeline.domain.camera import ViewThreshold, Zone
from pipeline.domain.errors import NotFound, TransitionRefused
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode
from pipeline.domain.repair import Repair
from pipeline.ports import ImageKind

TOPIC = "cameras"
FLEETING = frozenset(kind.value for kind in (ImageKind.last, ImageKind.sample, ImageKind.asked, ImageKind.sighting))
"""Kept shorter than what people decide by."""


class SqlViewSettings:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def name_of(self, view_id: int) -> str:
        query = sa.select(tables.views.c.name).where(tables.views.c.id == view_id)
        name = self._connection.scalar(query)
        if name is None:
            raise NotFound(f"no view {view_id}")
        return str(name)

    def zones(self, view_id: int) -> tuple[Zone, ...]:
        query = sa.select(tables.zones).where(tables.zones.c.view_id == view_id).order_by(tables.zones.c.id)
        return tuple(rows.zone_of(row) for row in self._connection.execute(query))

    def save_zones(self, view_id: int, zones: Sequence[Zone]) -> None:
        self._connection.execute(sa.delete(tables.zones).where(tables.zones.c.view_id == view_id))
        if zones:
            self._connection.execute(sa.insert(tables.zones), [rows.zone_columns(view_id, zone) for zone in zones])
        bump(self._connection, TOPIC)

    def text_found(self, view_id: int) -> tuple[Box, ...]:
        query = sa.select(tables.view_memories.c.text_areas).where(tables.view_memories.c.view_id == view_id)
        areas = self._connection.scalar(query)
        return tuple(Box(*area) for area in areas or ())

    def forget_found_text(self, view_id: int) -> None:
        memories = tables.view_memories
        kept = sa.update(memories).where(memories.c.view_id == view_id, memories.c.text_areas.is_not(None))
        if self._connection.execute(kept.values(text_areas=[])).rowcount:
            self.overtake(view_id)

    def overtake(self, view_id: int) -> None:
        views = tables.views
        update = sa.update(views).where(views.c.id == view_id).values(revision=views.c.revision + 1)
        self._connection.execute(update)

    def thresholds(self, view_id: int) -> tuple[ViewThreshold, ...]:
        own = tables_views.view_thresholds
        query = sa.select(own).where(own.c.view_id == view_id).order_by(own.c.category)
        return tuple(rows.threshold_of(row) for row in self._connection.execute(query))

    def save_thresholds(self, view_id: int, thresholds: Sequence[ViewThreshold], who: str, at: datetime) -> None:
        own = tables_views.view_thresholds
        self._connection.execute(sa.delete(own).where(own.c.view_id == view_id))
        columns = [
            {
                "view_id": view_id,
                "category": one.category,
                "threshold": one.threshold,
                "fine_threshold": one.fine_threshold,
                "set_by": who,
                "at": at,
            }
            for one in thresholds
        ]
        if columns:
            self._connection.execute(sa.insert(own), columns)
        bump(self._connection, TOPIC)

    def hold_picture(self, view_id: int, image: str, kind: ImageKind) -> None:
        images = tables.images
        query = sa.select(images.c.kind).where(images.c.digest == image, images.c.view_id == view_id)
        known = self._connection.scalar(query)
        if known is None or known == ImageKind.print.value:
            raise NotFound(f"view {view_id} has no picture {image[:12]}")
        if known in FLEETING:
            update = sa.update(images).where(images.c.digest == image)
            self._connection.execute(update.values(kind=kind.value))

    def approve(self, view_id: int, mode: Mode, image: str, who: str, at: datetime) -> None:
        columns = {"view_id": view_id, "mode": mode.value, "image": image, "approved_by": who, "at": at}
        upsert(self._connection, tables_views.view_references, [columns], ["view_id", "mode"])
        bump(self._connection, TOPIC)

    def forget_references(self, view_id: int) -> None:
        own = tables_views.view_references
        self._connection.execute(sa.delete(own).where(own.c.view_id == view_id))

    def rest_no_longer(self, view_id: int) -> None:
        awake = {"failures": 0, "next_try_at": None}
        self._connection.execute(sa.update(tables.views).where(tables.views.c.id == view_id).values(awake))

    def add_repair(self, repair: Repair) -> int:
        columns = {
            "view_id": repair.view_id,
            "outcome": repair.outcome,
            "words": repair.words,
            "image": repair.image,
            "opened_by": repair.opened_by,
            "opened_at": repair.opened_at,
        }
        statement = sa.insert(tables_views.repairs).values(columns).returning(tables_views.repairs.c.id)
        bump(self._connection, TOPIC)
        return int(self._connection.execute(statement).scalar_one())

    def repair(self, repair_id: int) -> Repair:
        query = sa.select(tables_views.repairs).where(tables_views.repairs.c.id == repair_id)
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound(f"no repair {repair_id}")
        return Repair(
            row.view_id, row.words, row.opened_by, row.opened_at, row.outcome, row.image,
            row.closed_by, row.closed_at, row.closing_words or "",
        )  # fmt: skip

    def close_repair(self, repair_id: int, words: str, who: str, at: datetime) -> None:
        own = tables_views.repairs
        open_one = sa.update(own).where(own.c.id == repair_id, own.c.closed_at.is_(None))
        closed = open_one.values(closed_by=who, closed_at=at, closing_words=words)
        if not self._connection.execute(closed).rowcount:
            raise TransitionRefused("this repair is closed already")
        bump(self._connection, TOPIC)
