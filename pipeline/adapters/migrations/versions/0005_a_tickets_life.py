"""a ticket's life: units, deadlines, verification, rules of dispatch, and a history whose entries are chained"""

import hashlib
import json
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CHUNK = 2000
TIMES = ("due_at", "amber_at", "dispatched_at", "rectified_at", "verified_at", "closed_at")


def upgrade() -> None:
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("deadline", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("deadline_clock", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("deadline_hours", sa.String(length=200), nullable=True))
        for name in TIMES:
            batch_op.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("amber_left_s", sa.Float(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("left_s", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("reworked", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("evidence", sa.String(length=12), nullable=True))
        batch_op.add_column(sa.Column("history_head", sa.String(length=64), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("history_length", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_index("ix_tickets_status_due_at", ["status", "due_at", "number"])
        batch_op.create_index("ix_tickets_due_at", ["due_at", "number"])
    with op.batch_alter_table("ticket_history", schema=None) as batch_op:
        batch_op.add_column(sa.Column("words", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("previous", sa.String(length=64), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("hash", sa.String(length=64), nullable=False, server_default=""))
    op.create_table(
        "ticket_units",
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("unit", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["tickets.number"], name="fk_ticket_units_number"),
        sa.PrimaryKeyConstraint("number", "unit", name="pk_ticket_units"),
    )
    op.create_index("ix_ticket_units_unit", "ticket_units", ["unit", "number"])
    op.create_table(
        "ticket_looks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("opinion", sa.String(length=12), nullable=False),
        sa.Column("image", sa.String(length=64), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["tickets.number"], name="fk_ticket_looks_number"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_looks"),
    )
    op.create_index("ix_ticket_looks_number", "ticket_looks", ["number", "id"])
    op.create_table(
        "dispatch_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=80), nullable=True),
        sa.Column("site_kind", sa.String(length=24), nullable=True),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=True),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["category"], ["categories.code"], name="fk_dispatch_rules_category"),
        sa.PrimaryKeyConstraint("id", name="pk_dispatch_rules"),
    )
    _chain_what_is_there(op.get_bind())


def downgrade() -> None:
    for name in ("dispatch_rules", "ticket_looks", "ticket_units"):
        op.drop_table(name)
    with op.batch_alter_table("ticket_history", schema=None) as batch_op:
        for name in ("hash", "previous", "words"):
            batch_op.drop_column(name)
    op.drop_index("ix_tickets_due_at", "tickets")
    op.drop_index("ix_tickets_status_due_at", "tickets")
    others = ("history_length", "history_head", "evidence", "reworked", "left_s", "amber_left_s")
    for name in (*others, *TIMES, "deadline_hours", "deadline_clock", "deadline"):
        op.drop_column("tickets", name)  # not as a batch: other tables refer to this one


def _chain_what_is_there(connection: sa.Connection) -> None:
    """The hashes as pipeline.adapters.history_chain reckons them; a test compares."""
    table = sa.table(
        "ticket_history",
        sa.column("id", sa.Integer()), sa.column("number", sa.String()), sa.column("at", sa.DateTime(timezone=True)),
        *(sa.column(name, sa.String()) for name in ("who", "what", "reason", "detail", "previous", "hash")),
    )  # fmt: skip
    tickets = sa.table(
        "tickets", sa.column("number", sa.String()), sa.column("history_head", sa.String()),
        sa.column("history_length", sa.Integer()),
    )  # fmt: skip
    number, entry, previous, length, ends = "", 0, "", 0, {}
    while found := connection.execute(
        sa.select(table)
        .where(sa.tuple_(table.c.number, table.c.id) > sa.tuple_(sa.literal(number), sa.literal(entry)))
        .order_by(table.c.number, table.c.id)
        .limit(CHUNK)
    ).all():
        hashed = []
        for row in found:
            if row.number != number:
                number, previous, length = row.number, "", 0
            digest, length, entry = _hash(row, previous), length + 1, row.id
            hashed.append({"of_id": row.id, "before": previous, "digest": digest})
            previous = digest
            ends[number] = {"of_number": number, "head": digest, "entries": length}
        connection.execute(
            sa.update(table)
            .where(table.c.id == sa.bindparam("of_id"))
            .values(previous=sa.bindparam("before"), hash=sa.bindparam("digest")),
            hashed,
        )
        done = [ends.pop(key) for key in list(ends) if key != number]
        _write_ends(connection, tickets, done)
    _write_ends(connection, tickets, list(ends.values()))


def _write_ends(connection: sa.Connection, tickets: sa.TableClause, ends: list[dict[str, object]]) -> None:
    if ends:
        connection.execute(
            sa.update(tickets)
            .where(tickets.c.number == sa.bindparam("of_number"))
            .values(history_head=sa.bindparam("head"), history_length=sa.bindparam("entries")),
            ends,
        )


def _hash(row: sa.Row[Any], previous: str) -> str:
    at = row.at.replace(tzinfo=UTC) if row.at.tzinfo is None else row.at.astimezone(UTC)
    told = [previous, row.number, at.isoformat(), row.who, row.what, row.reason, row.detail, None]
    return hashlib.sha256(json.dumps(told, separators=(",", ":")).encode("ascii")).hexdigest()
