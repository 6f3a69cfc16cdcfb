"""The repository of reviews: looks by people, the labels they left, and the reasons they gave."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from pipeline.adapters import rows, tables
from pipeline.adapters.repositories import upsert
from pipeline.adapters.tables_desk import reviews
from pipeline.domain.desk import Shown
from pipeline.domain.errors import NotFound
from pipeline.domain.finding import Finding
from pipeline.domain.geometry import Box
from pipeline.domain.review import Reason, Review, ReviewKind, Teaches, Verdict, VerdictKind
from pipeline.domain.ticket import Status

MOST_ALIKE = 50
"""Tickets of one view and category that are compared."""


def _like() -> Select[Any]:
    """Tickets beside the one named `wanted`: within its finding's own size on each side.

    The rule of places decides; this spares it the far ones. Built once: it takes longer to build than to run.
    """
    table, one = tables.tickets.c, tables.tickets.alias()
    own, other = tables.findings.alias(), tables.findings.c
    width, height = own.c.right - own.c.left, own.c.bottom - own.c.top
    near = (
        (other.left < own.c.right + width)
        & (other.right > own.c.left - width)
        & (other.top < own.c.bottom + height)
        & (other.bottom > own.c.top - height)
    )
    return (
        sa.select(table.number, tables.findings)
        .join(one, (one.c.view_id == table.view_id) & (one.c.category == table.category))
        .join(tables.findings, other.id == table.finding_id)
        .join(own, own.c.id == one.c.finding_id)
        .where(one.c.number == sa.bindparam("wanted"), table.number != one.c.number, near)
        .where(table.status == Status.awaiting_review.value)
        .order_by(table.created_at, table.number)
        .limit(MOST_ALIKE)
    )


LIKE = _like()


class SqlReviews:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, numbers: Sequence[str]) -> None:
        wanted = sa.select(tables.tickets.c.number).where(tables.tickets.c.number.in_(numbers))
        self._connection.execute(wanted.order_by(tables.tickets.c.number).with_for_update()).all()

    def shown(self, number: str) -> Shown:
        images = tables.ticket_images.c
        plain = sa.select(images.digest).where(images.number == number, images.role == "plain")
        digest = self._connection.scalars(plain.order_by(images.at.desc()).limit(1)).first()
        query = sa.select(tables.findings).join(tables.tickets, tables.tickets.c.finding_id == tables.findings.c.id)
        finding = self._connection.execute(query.where(tables.tickets.c.number == number)).one_or_none()
        if finding is None:
            raise NotFound(f"no ticket {number}")
        seen = None
        if digest is not None:
            sightings = tables.sightings.c
            there = (sightings.finding_id == finding.id) & (sightings.image == digest)
            newest = sa.select(tables.sightings).where(there).order_by(sightings.at.desc()).limit(1)
            seen = self._connection.execute(newest).one_or_none()
        return Shown(digest, rows.box_of(seen or finding))

    def new_key(self) -> str:
        return uuid4().hex

    def add(self, review: Review) -> None:
        self._connection.execute(sa.insert(reviews), _review_columns(review))

    def get(self, key: str) -> Review | None:
        row = self._connection.execute(sa.select(reviews).where(reviews.c.key == key)).one_or_none()
        return _review_of(row) if row else None

    def last_of(self, who: str) -> Review | None:
        mine = sa.select(reviews).where(reviews.c.who == who, reviews.c.withdrawn_at.is_(None))
        row = self._connection.execute(mine.order_by(reviews.c.at.desc(), reviews.c.key).limit(1)).one_or_none()
        return _review_of(row) if row else None

    def withdraw(self, key: str, at: datetime) -> None:
        self._connection.execute(sa.update(reviews).where(reviews.c.key == key).values(withdrawn_at=at))

    def add_labels(self, labels: Sequence[Verdict]) -> None:
        if labels:
            self._connection.execute(sa.insert(tables.verdicts), [_label_columns(label) for label in labels])

    def labels_of(self, number: str) -> tuple[Verdict, ...]:
        table = tables.verdicts
        query = sa.select(table).where(table.c.number == number, table.c.kind != VerdictKind.added.value)
        return tuple(_label_of(row) for row in self._connection.execute(query.order_by(table.c.id)))

    def decided_by(self, key: str) -> tuple[str, ...]:
        table = tables.verdicts.c
        query = sa.select(table.number).where(table.review == key, table.kind != VerdictKind.added.value)
        numbers = self._connection.scalars(query.where(table.number.is_not(None)).distinct().order_by(table.number))
        return tuple(number for number in numbers if number)

    def withdraw_labels(self, number: str) -> None:
        table = tables.verdicts
        deciding = (table.c.number == number) & (table.c.kind != VerdictKind.added.value)
        self._connection.execute(sa.delete(table).where(deciding))

    def withdraw_labels_by(self, key: str) -> None:
        self._connection.execute(sa.delete(tables.verdicts).where(tables.verdicts.c.review == key))

    def awaiting_like(self, number: str) -> dict[str, Finding]:
        found = self._connection.execute(LIKE, {"wanted": number})
        return {row.number: rows.finding_of(row) for row in found}

    def save_reason(self, reason: Reason, position: int | None) -> None:
        table = tables.reasons
        place = position
        if place is None:
            place = self._connection.scalar(sa.select(table.c.position).where(table.c.code == reason.code))
        if place is None:
            place = (self._connection.scalar(sa.select(sa.func.max(table.c.position))) or 0) + 1
        upsert(self._connection, table, [rows.reason_columns(reason, place)], ["code"])

    def is_used(self, reason: str) -> bool:
        used = [
            self._connection.scalar(sa.select(table.c.reason).where(table.c.reason == reason).limit(1))
            for table in (tables.verdicts, tables.ticket_history)
        ]
        return any(used)

    def remove_reason(self, code: str) -> None:
        self._connection.execute(sa.delete(tables.reasons).where(tables.reasons.c.code == code))

    def all_reasons(self) -> dict[str, Reason]:
        query = sa.select(tables.reasons).order_by(tables.reasons.c.position, tables.reasons.c.code)
        return {row.code: rows.reason_of(row) for row in self._connection.execute(query)}


def _review_columns(review: Review) -> rows.Columns:
    return {
        "key": review.key,
        "who": review.who,
        "at": review.at,
        "kind": review.kind.value,
        "answer": review.answer,
        "number": review.number,
        "image": review.image,
        "tickets": review.tickets,
        "seconds": review.seconds,
        "known_id": review.known_id,
        "correct": review.correct,
        "withdrawn_at": review.withdrawn_at,
    }


def _review_of(row: rows.AnyRow) -> Review:
    return Review(
        row.key, row.who, row.at, ReviewKind(row.kind), row.answer, row.number, row.image, row.tickets, row.seconds,
        row.known_id, row.correct, row.withdrawn_at,
    )  # fmt: skip


def _label_columns(label: Verdict) -> rows.Columns:
    return {
        "number": label.number,
        "at": label.at,
        "who": label.who,
        "kind": label.kind.value,
        "reason": label.reason,
        "teaches": label.teaches.value,
        "category": label.category,
        **rows.box_columns(label.box),
        "image": label.image,
        "view_id": label.view_id,
        "review": label.review,
    }


def _label_of(row: rows.AnyRow) -> Verdict:
    return Verdict(
        row.at, row.who, VerdictKind(row.kind), Teaches(row.teaches), row.category,
        Box(row.left, row.top, row.right, row.bottom), row.view_id, row.image, row.number, row.reason, row.review,
    )  # fmt: skip
