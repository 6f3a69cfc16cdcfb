"""Reads what people said of stored frames, and what on those frames nobody judged."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters import rows, tables
from pipeline.adapters.dealing import CONFLICT
from pipeline.adapters.tables_desk import sample_readings, second_readings
from pipeline.adapters.tables_learning import asked_frames, forgotten_views
from pipeline.domain.category import DEFAULT_CATEGORIES
from pipeline.domain.geometry import Box
from pipeline.domain.label import JudgedBox, JudgedFrame
from pipeline.domain.review import Teaches, VerdictKind

ASKED_AT_ONCE = 400
"""Digests in one question: SQLite takes no more than some thousand values."""
SHIPPED = frozenset(category.code for category in DEFAULT_CATEGORIES)


@dataclass(slots=True)
class _Said:
    """What was said, by digest of the frame."""

    boxes: dict[str, list[JudgedBox]] = field(default_factory=lambda: defaultdict(list))
    disputed: dict[str, list[Box]] = field(default_factory=lambda: defaultdict(list))
    decided: set[tuple[str | None, str]] = field(default_factory=set)
    """Tickets with the frames on which they were decided."""
    first_named: dict[str, datetime] = field(default_factory=dict)
    """When a category occurs in a verdict for the first time."""


def judged_frames(connection: Connection) -> list[JudgedFrame]:
    """Every stored frame of which somebody said something, by digest; frames of forgotten views are left out.

    A ticket in conflict between two readers counts as unjudged until a third one has settled it.
    """
    said = _said(connection)
    read_at = _read_at(connection)
    places = _places(connection, sorted({*said.boxes, *said.disputed, *read_at}))
    unjudged = _unjudged(connection, said.decided)
    return [
        JudgedFrame(
            image, row.view_id, row.camera_id, row.created_at,
            tuple(sorted(said.boxes[image], key=lambda one: (one.verdict_id, one.category))),
            tuple(said.disputed[image] + unjudged[image]),
            _looked_for(read_at[image], said.first_named) if image in read_at else frozenset(),
        )
        for image, row in sorted(places.items())
    ]  # fmt: skip


def count_of_labels(connection: Connection) -> int:
    """Verdicts and frames looked over, that stand: what a new version might be made of."""
    counted = (
        sa.select(sa.func.count()).select_from(tables.verdicts).where(tables.verdicts.c.image.is_not(None)),
        sa.select(sa.func.count()).select_from(sample_readings),
        sa.select(sa.func.count()).select_from(asked_frames).where(asked_frames.c.read_at.is_not(None)),
    )
    return sum(int(connection.scalar(query) or 0) for query in counted)


def count_of_conflicts(connection: Connection) -> int:
    """Tickets that wait at the desk for a third reader; their labels are left out until then."""
    return len(_in_conflict(connection))


def _said(connection: Connection) -> _Said:
    """Verdicts that stand: what was taken back, or judged anew, is no row any more."""
    said, in_conflict = _Said(), _in_conflict(connection)
    query = sa.select(tables.verdicts).where(tables.verdicts.c.image.is_not(None)).order_by(tables.verdicts.c.id)
    for row in connection.execute(query):
        box = rows.box_of(row)
        said.first_named[row.category] = min(row.at, said.first_named.get(row.category, row.at))
        if row.number in in_conflict:
            said.disputed[row.image].append(box)
            continue
        one = JudgedBox(row.category, box, Teaches(row.teaches), row.id, row.number, row.who, row.reason)
        said.boxes[row.image].append(one)
        if row.kind != VerdictKind.added:  # drawn beside what the ticket is about: that may wait still
            said.decided.add((row.number, row.image))
    return said


def _in_conflict(connection: Connection) -> set[str]:
    query = sa.select(second_readings.c.number).where(second_readings.c.state == CONFLICT)
    return set(connection.scalars(query))


def _read_at(connection: Connection) -> dict[str, datetime]:
    """When frames were looked over for what was missed."""
    asked = sa.select(asked_frames.c.image, asked_frames.c.read_at).where(asked_frames.c.read_at.is_not(None))
    found = [*connection.execute(sa.select(sample_readings.c.image, sample_readings.c.at)), *connection.execute(asked)]
    return {row.image: row[1] for row in found}


def _looked_for(read_at: datetime, first_named: Mapping[str, datetime]) -> frozenset[str]:
    """Of a town's own categories those that had been named by then: nobody misses what he has not heard of."""
    return SHIPPED | {category for category, at in first_named.items() if at <= read_at}


def _places(connection: Connection, images: list[str]) -> dict[str, rows.AnyRow]:
    """View, camera and time of those frames that are still stored and that may be used."""
    found: dict[str, rows.AnyRow] = {}
    for some in _parts(images):
        kept, forgotten = tables.images.c, sa.select(forgotten_views.c.view_id)
        query = (
            sa.select(kept.digest, kept.view_id, kept.created_at, tables.views.c.camera_id)
            .join(tables.views, tables.views.c.id == kept.view_id)
            .where(kept.digest.in_(some), kept.view_id.not_in(forgotten))
        )
        found |= {row.digest: row for row in connection.execute(query)}
    return found


def _unjudged(connection: Connection, decided: set[tuple[str | None, str]]) -> dict[str, list[Box]]:
    """Boxes that the detector saw on judged frames, of things of which no verdict was given on that very frame."""
    found: dict[str, list[Box]] = defaultdict(list)
    for row in _sighted(connection):
        if (row.number, row.image) not in decided:
            found[row.image].append(rows.box_of(row))
    return found


def _sighted(connection: Connection) -> Iterator[rows.AnyRow]:
    """In one pass: sightings are many, and bear no index by image."""
    judged = sa.union(
        sa.select(tables.verdicts.c.image).where(tables.verdicts.c.image.is_not(None)),
        sa.select(sample_readings.c.image),
        sa.select(asked_frames.c.image).where(asked_frames.c.read_at.is_not(None)),
    )
    sightings, tickets = tables.sightings, tables.tickets
    query = (
        sa.select(sightings, tickets.c.number)
        .outerjoin(tickets, tickets.c.finding_id == sightings.c.finding_id)
        .where(sightings.c.image.in_(judged))
        .order_by(sightings.c.finding_id, sightings.c.round_id, sightings.c.attempt)
    )
    yield from connection.execute(query)


def _parts(images: list[str]) -> Iterable[list[str]]:
    return (images[start : start + ASKED_AT_ONCE] for start in range(0, len(images), ASKED_AT_ONCE))
