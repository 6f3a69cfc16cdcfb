"""Tables of a ticket's life: its units, the rules that choose them, and what its view showed afterwards."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table

from pipeline.adapters.tables import UtcDateTime, metadata

ticket_units = Table(
    "ticket_units",  # whom a ticket is dispatched to
    metadata,
    Column("number", ForeignKey("tickets.number"), primary_key=True),
    Column("unit", sa.String(80), primary_key=True),
    Column("position", sa.Integer, nullable=False),
    Column("lead", sa.Boolean, nullable=False),
    Index("ix_ticket_units_unit", "unit", "number"),
)

ticket_looks = Table(
    "ticket_looks",  # the view of a ticket, looked at again to verify it
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("number", ForeignKey("tickets.number"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", sa.String(12), nullable=False),
    Column("opinion", sa.String(12), nullable=False),
    Column("image", sa.String(64)),
    Column("score", sa.Float),
    Column("model", sa.String(64), nullable=False),
    Column("why", sa.String(300), nullable=False),
    Index("ix_ticket_looks_number", "number", "id"),
)

dispatch_rules = Table(
    "dispatch_rules",  # null: any
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("site", sa.String(80)),
    Column("site_kind", sa.String(24)),
    Column("category", ForeignKey("categories.code")),
    Column("kind", sa.String(16)),
    Column("units", sa.JSON, nullable=False),  # lead first: a unit's name, or the number of a tier of the site's own
    Column("note", sa.String(200), nullable=False),
    Column("position", sa.Integer, nullable=False),
)
