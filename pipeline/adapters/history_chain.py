"""A ticket's history as a chain: each entry bears the hash of the one before, and the ticket the end of its chain."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.keyset import FlatRow
from pipeline.adapters.tables import ticket_history, tickets

START = ""
"""Stands before the first entry."""
CHUNK = 5000


def entry_hash(columns: Mapping[str, object], previous: str) -> str:
    """Of number, at, who, what, reason, detail and words, after `previous`: 64 hexadecimal digits."""
    at = columns["at"]
    assert isinstance(at, datetime)
    told = [columns[name] for name in ("who", "what", "reason", "detail", "words")]
    text = json.dumps([previous, columns["number"], at.astimezone(UTC).isoformat(), *told], separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def chained(connection: Connection, columns: dict[str, object]) -> dict[str, object]:
    """The columns of a new entry with `previous` and `hash`, and the ticket's chain moved on.

    In a writing transaction, one entry of a ticket at a time.
    """
    end = sa.select(tickets.c.history_head, tickets.c.history_length).where(tickets.c.number == columns["number"])
    head, length = connection.execute(end.with_for_update()).one()
    digest = entry_hash(columns, head)
    moved = sa.update(tickets).where(tickets.c.number == columns["number"])
    connection.execute(moved.values(history_head=digest, history_length=length + 1))
    return {**columns, "previous": head, "hash": digest}


def broken_links(connection: Connection) -> list[str]:
    """One line for each place where a history was edited, shortened, lengthened or put in another order."""
    broken: list[str] = []
    for ticket, entries in _histories(connection):
        broken += _broken_in(ticket, entries)
    return broken


def _broken_in(ticket: FlatRow, entries: list[FlatRow]) -> list[str]:
    found, previous = [], START
    for entry in entries:
        if entry.previous != previous:
            found.append(f"{ticket.number}: before entry {entry.id} something was removed, added or moved")
        if entry.hash != entry_hash(entry._asdict(), entry.previous):
            found.append(f"{ticket.number}: entry {entry.id} was changed after it was written")
        previous = entry.hash
    if (previous, len(entries)) != (ticket.history_head, ticket.history_length):
        found.append(f"{ticket.number}: {len(entries)} entries are there, {ticket.history_length} were written")
    return found


def _histories(connection: Connection) -> Iterator[tuple[FlatRow, list[FlatRow]]]:
    """Each ticket with its entries, in order of number; no more than a few thousand tickets in memory."""
    after = ""
    columns = (tickets.c.number, tickets.c.history_head, tickets.c.history_length)
    while found := connection.execute(
        sa.select(*columns).where(tickets.c.number > after).order_by(tickets.c.number).limit(CHUNK)
    ).all():
        entries: dict[str, list[FlatRow]] = {ticket.number: [] for ticket in found}
        within = ticket_history.c.number.between(found[0].number, found[-1].number)
        for entry in connection.execute(sa.select(ticket_history).where(within).order_by(ticket_history.c.id)):
            entries.setdefault(entry.number, []).append(entry)
        yield from ((ticket, entries[ticket.number]) for ticket in found)
        after = found[-1].number
