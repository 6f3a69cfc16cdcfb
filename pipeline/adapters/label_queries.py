"""Reads what people said of stored frames, and what on those frames nobody judged."""

from collections import defaultdict
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters import rows, tables
from pipeline.adapters.dealing import CONFLICT
from pipeline.adapters.tables_desk import sample_readings, second_readings
from pipeline.adapters.tables_learning import asked_frames, forgotten_views
from pipeline.domain.geometry import Box
from pipeline.domain.label import JudgedBox, JudgedFrame
from pipeline.domain.review import Teaches

ASKED_AT_ONCE = 400
"""Digests in one question: SQLite takes no more than some thousand values."""


def judged_frames(connection: Connection) -> list[JudgedFrame]:
    """Every stored frame of which somebody said something, by digest; frames of forgotten views are left out.

    A ticket in conflict between two readers counts as unjudged until a third one has settled it.
    """
    boxes: dict[str, list[JudgedBox]] = defaultdict(list)
    disputed: dict[str, list[Box]] = defaultdict(list)
    in_conflict = _in_conflict(connection)
    for row in connection.execute(sa.select(tables.verdicts).where(tables.verdicts.c.image.is_not(None))):
        box = rows.box_of(row)
        if row.number in in_conflict:
            disputed[row.image].append(box)
        else:
            teaches = Teaches(row.teaches)
            boxes[row.image].append(JudgedBox(row.category, box, teaches, row.id, row.number, row.who, row.reason))
    looked_over = _looked_over(connection)
    places = _places(connection, sorted({*boxes, *disputed, *looked_over}))
    everything = frozenset(connection.scalars(sa.select(tables.categories.c.code)))
    unjudged = _unjudged(connection, list(places), in_conflict)
    return [
        JudgedFrame(
            image, row.view_id, row.camera_id, row.created_at,
            tuple(sorted(boxes[image], key=lambda one: (one.verdict_id, one.category))),
            tuple(disputed[image] + unjudged[image]),
            everything if image in looked_over else frozenset(),
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


def _in_conflict(connection: Connection) -> set[str]:
    query = sa.select(second_readings.c.number).where(second_readings.c.state == CONFLICT)
    return set(connection.scalars(query))


def _looked_over(connection: Connection) -> set[str]:
    read = sa.select(asked_frames.c.image).where(asked_frames.c.read_at.is_not(None))
    return set(connection.scalars(sa.union(sa.select(sample_readings.c.image), read)))


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


def _unjudged(connection: Connection, images: list[str], in_conflict: set[str]) -> dict[str, list[Box]]:
    """Boxes that the detector saw on these frames, of things that bear no verdict."""
    found: dict[str, list[Box]] = defaultdict(list)
    judged = sa.exists().where(
        tables.tickets.c.finding_id == tables.sightings.c.finding_id,
        tables.verdicts.c.number == tables.tickets.c.number,
        tables.tickets.c.number.not_in(in_conflict),
    )
    for some in _parts(images):
        query = sa.select(tables.sightings).where(tables.sightings.c.image.in_(some), ~judged)
        for row in connection.execute(query):
            found[row.image].append(rows.box_of(row))
    return found


def _parts(images: list[str]) -> Iterable[list[str]]:
    return (images[start : start + ASKED_AT_ONCE] for start in range(0, len(images), ASKED_AT_ONCE))
