"""Who changed or looked at what: entries that are only appended, each with the hash of the one before."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine

from pipeline.adapters.database import writing
from pipeline.adapters.keyset import FlatRow, Order, Page
from pipeline.adapters.tables import images, tickets, views
from pipeline.adapters.tables_people import audit_entries, audit_head
from pipeline.domain.audit import Audit

HEAD = 1
START = "0" * 64
"""Stands before the first entry."""
LOOKED = "looked"
CHUNK = 5000
COMMAND_LINE = "command line"
"""Who acts where nobody has logged in."""
LENGTHS = {"who": 60, "action": 24, "subject_kind": 24, "subject": 200, "once": 120}


def note_audit(connection: Connection, audit: Audit, once: str | None = None) -> None:
    """Append an entry, in the transaction of the change itself; `once`: not if an entry bears this key already."""
    if once is not None and _is_noted(connection, once):
        return
    head = connection.execute(sa.select(audit_head).where(audit_head.c.id == HEAD).with_for_update()).one()
    if once is not None and _is_noted(connection, once):  # by another process, while we waited for the head
        return
    columns = _columns(audit)
    digest = _hash(columns, head.hash)
    connection.execute(
        sa.insert(audit_entries).values(**columns, once=_cut("once", once), previous=head.hash, hash=digest)
    )
    moved = sa.update(audit_head).where(audit_head.c.id == HEAD).values(hash=digest, length=head.length + 1)
    connection.execute(moved)


def note_look(engine: Engine, who: str, view_id: int, at: datetime) -> None:
    """That a person looked at a view's frames or tickets: one entry a person, view and hour."""
    hour = at.astimezone(UTC).strftime("%Y%m%d%H")
    with writing(engine) as connection:
        name = connection.scalar(sa.select(views.c.name).where(views.c.id == view_id))
        if name is not None:
            note_audit(connection, Audit(at, who, LOOKED, "view", f"{view_id} {name}"), f"{hour} {view_id} {who}")


def view_of_ticket(connection: Connection, number: str) -> int | None:
    view_id: int | None = connection.scalar(sa.select(tickets.c.view_id).where(tickets.c.number == number))
    return view_id


def view_of_image(connection: Connection, digest: str) -> int | None:
    view_id: int | None = connection.scalar(sa.select(images.c.view_id).where(images.c.digest == digest))
    return view_id


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """None means any."""

    who: str | None = None
    action: str | None = None
    subject_kind: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""


def audit_page(connection: Connection, wanted: AuditFilter, cursor: str | None, size: int) -> Page:
    """Newest first."""
    query = sa.select(audit_entries).where(*_conditions(wanted))
    return Order((audit_entries.c.id,)).page(connection, query, cursor, size)


def audit_words(connection: Connection) -> tuple[list[str], list[str]]:
    """The actions and the kinds of subjects that occur."""
    actions, kinds = (
        list(connection.scalars(sa.select(column).distinct().order_by(column)))
        for column in (audit_entries.c.action, audit_entries.c.subject_kind)
    )
    return actions, kinds


@dataclass(frozen=True, slots=True)
class Chain:
    length: int
    head: str
    """Hash of the last entry; written down elsewhere, it proves later that nothing up to it was changed."""
    broken: tuple[str, ...]
    """One line for each place where the chain does not hold."""


def checked_chain(connection: Connection, written_down: str | None = None) -> Chain:
    """Walk the whole chain. `written_down`: the head of an earlier check, which must still be part of it."""
    broken, previous, length, found = [], START, 0, written_down in (None, START)
    for row in _all_entries(connection):
        length += 1
        if row.previous != previous:
            broken.append(f"audit entry {row.id}: what stood before it was removed, added or changed")
        if row.hash != _hash(row._asdict(), row.previous):
            broken.append(f"audit entry {row.id}: its text was changed after it was written")
        previous = row.hash
        found = found or row.hash == written_down
    head = connection.execute(sa.select(audit_head).where(audit_head.c.id == HEAD)).one_or_none()
    if head is None or (head.hash, head.length) != (previous, length):
        promised = "an unknown number of" if head is None else str(head.length)
        broken.append(f"audit: {length} entries are there, the chain's end speaks of {promised}: some were cut off")
    if not found:
        broken.append("audit: the hash that was written down is no part of the chain: it was written anew")
    return Chain(length, previous, tuple(broken))


def _all_entries(connection: Connection) -> Iterator[FlatRow]:
    after = 0
    while rows := connection.execute(
        sa.select(audit_entries).where(audit_entries.c.id > after).order_by(audit_entries.c.id).limit(CHUNK)
    ).all():
        yield from rows
        after = rows[-1].id


def _is_noted(connection: Connection, once: str) -> bool:
    known = sa.select(audit_entries.c.id).where(audit_entries.c.once == _cut("once", once))
    return connection.scalar(known) is not None


def _columns(audit: Audit) -> dict[str, object]:
    return {
        "at": audit.at,
        "who": _cut("who", audit.who),
        "action": _cut("action", audit.action),
        "subject_kind": _cut("subject_kind", audit.subject_kind),
        "subject": _cut("subject", audit.subject),
        "before": _plain(audit.before),
        "after": _plain(audit.after),
    }


def _cut(column: str, text: str | None) -> str | None:
    return None if text is None else text[: LENGTHS[column]]


def _plain(values: Mapping[str, object] | None) -> object:
    """As JSON gives it back, so that the hash is the same before and after it was stored."""
    return None if values is None else json.loads(json.dumps(dict(values), default=_as_text, allow_nan=False))


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _hash(columns: Mapping[str, object], previous: str) -> str:
    at = columns["at"]
    assert isinstance(at, datetime)
    told = [columns[name] for name in ("who", "action", "subject_kind", "subject", "before", "after")]
    text = json.dumps([previous, at.astimezone(UTC).isoformat(), *told], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    table = audit_entries.c
    equal = ((table.who, wanted.who), (table.action, wanted.action), (table.subject_kind, wanted.subject_kind))
    conditions: list[ColumnElement[bool]] = [column == value for column, value in equal if value]
    if wanted.subject and wanted.subject.strip():
        conditions.append(table.subject.icontains(wanted.subject.strip(), autoescape=True))
    if wanted.since:
        conditions.append(table.at >= wanted.since)
    if wanted.until:
        conditions.append(table.at < wanted.until)
    return conditions
