"""Tables of the calendar and of deadlines."""

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Table

from pipeline.adapters.tables import UtcDateTime, metadata

calendar_days = Table(
    "calendar_days",  # days that differ from what the library says
    metadata,
    Column("day", sa.Date, primary_key=True),
    Column("working", sa.Boolean, nullable=False),
    Column("note", sa.String(120), nullable=False),
    Column("arrangement", sa.Integer),  # year of the arrangement that brought it; null: set singly by a person
    Column("set_by", sa.String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

calendar_years = Table(
    "calendar_years",  # years whose arrangement of holidays a person entered as complete
    metadata,
    Column("year", sa.Integer, primary_key=True, autoincrement=False),
    Column("note", sa.String(120), nullable=False),
    Column("set_by", sa.String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

deadline_rules = Table(
    "deadline_rules",
    metadata,
    Column("category", ForeignKey("categories.code"), primary_key=True),
    Column("unit", sa.String(80), primary_key=True),  # empty: every unit without a rule of its own
    Column("amount", sa.Integer, nullable=False),
    Column("clock", sa.String(16), nullable=False),
    Column("amber_share", sa.Float, nullable=False),
    Column("set_by", sa.String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("amber_share >= 0 AND amber_share <= 1", name="amber_share"),
)

unit_hours = Table(
    "unit_hours",
    metadata,
    Column("unit", sa.String(80), primary_key=True),  # empty: every unit without hours of its own
    Column("hours", sa.JSON, nullable=False),  # pairs of HH:MM
    Column("set_by", sa.String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
