"""What must hold of a store at any time between rounds, whatever happened to the processes that wrote it."""

from collections import Counter

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.adapters import tables
from pipeline.adapters.database import reading
from pipeline.adapters.images import LocalImages
from pipeline.adapters.rows import prints_of
from pipeline.domain.errors import NotFound
from pipeline.domain.finding import LIVE

LATER_PICTURES = {"after", "photo"}
"""Of a ticket's life after it was filed."""


def complaints(engine: Engine, images: LocalImages, prints: LocalImages) -> list[str]:
    """Every breach of a guarantee, in words; empty where the store is sound."""
    with reading(engine) as connection:
        return [
            *_visits(connection),
            *_tickets(connection),
            *_findings(connection),
            *_missing("image", named_images(connection), images),
            *_missing("print", named_prints(connection), prints),
        ]


def _visits(connection: Connection) -> list[str]:
    """Every planned view of a finished round has exactly one visit, and no view another one."""
    planned = connection.execute(sa.select(tables.rounds).where(tables.rounds.c.finished_at.is_not(None)))
    visits = tables.visits.c
    visited: dict[int, Counter[int]] = {}
    for row in connection.execute(sa.select(visits.round_id, visits.view_id)):
        visited.setdefault(row.round_id, Counter())[row.view_id] += 1
    return [
        f"round {row.id}: visits {dict(visited.get(row.id, {}))} of planned {row.view_ids}"
        for row in planned
        if visited.get(row.id, Counter()) != Counter(row.view_ids)
    ]


def _tickets(connection: Connection) -> list[str]:
    wrong = []
    numbers: dict[str, list[int]] = {}
    for number in connection.scalars(sa.select(tables.tickets.c.number)):
        _, day, place = number.split("-")
        numbers.setdefault(day, []).append(int(place))
    for day, places in numbers.items():
        if sorted(places) != list(range(1, len(places) + 1)):
            wrong.append(f"numbers of {day}: {sorted(places)}")
    roles: dict[str, set[str]] = {}
    for row in connection.execute(sa.select(tables.ticket_images)):
        roles.setdefault(row.number, set()).add(row.role)
    told = Counter(
        row.number for row in connection.execute(sa.select(tables.ticket_history)) if row.what == "filed_for_review"
    )
    for row in connection.execute(sa.select(tables.tickets)):
        if roles.get(row.number, set()) - LATER_PICTURES != {"plain", "outlined"}:
            wrong.append(f"{row.number} has pictures {roles.get(row.number)}")
        if told[row.number] != 1:
            wrong.append(f"{row.number} was filed {told[row.number]} times")
    return wrong


def _findings(connection: Connection) -> list[str]:
    """An opened finding has a ticket, and no two live ones of a kind share a place."""
    ticketed = set(connection.scalars(sa.select(tables.tickets.c.finding_id)))
    wrong = [
        f"finding {row.id} ({row.state}) opened {row.opened_at}, ticket: {row.id in ticketed}"
        for row in connection.execute(sa.select(tables.findings))
        if (row.opened_at is not None) != (row.id in ticketed)
    ]
    places = Counter(
        (row.view_id, row.category, round(row.left, 2), round(row.top, 2))
        for row in connection.execute(sa.select(tables.findings))
        if row.state in LIVE
    )
    return wrong + [f"{times} live findings at {place}" for place, times in places.items() if times > 1]


def named_images(connection: Connection) -> set[str]:
    """Digests that any row names."""
    columns = (
        tables.images.c.digest,
        tables.views.c.last_image,
        tables.sightings.c.image,
        tables.ticket_images.c.digest,
        tables.verdicts.c.image,
    )
    return {digest for column in columns for digest in connection.scalars(sa.select(column)) if digest}


def named_prints(connection: Connection) -> set[str]:
    return {digest for row in connection.execute(sa.select(tables.view_memories)) for digest in prints_of(row)}


def _missing(word: str, digests: set[str], store: LocalImages) -> list[str]:
    """`get` checks the content against its hash."""
    wrong = []
    for digest in sorted(digests):
        try:
            store.get(digest)
        except NotFound as error:
            wrong.append(f"{word}: {error}")
    return wrong
