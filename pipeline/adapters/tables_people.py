"""Tables of the audit; people and sessions stand in tables.py."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table

from pipeline.adapters.tables import UtcDateTime, metadata

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", sa.String(60), nullable=False),
    Column("action", sa.String(24), nullable=False),
    Column("subject_kind", sa.String(24), nullable=False),
    Column("subject", sa.String(200), nullable=False),
    Column("before", sa.JSON(none_as_null=True)),
    Column("after", sa.JSON(none_as_null=True)),
    Column("once", sa.String(120), unique=True),  # what is noted but once, such as a look within an hour
    Column("previous", sa.String(64), nullable=False),
    Column("hash", sa.String(64), nullable=False),
    Index("ix_audit_entries_who_id", "who", "id"),
    Index("ix_audit_entries_subject", "subject_kind", "subject", "id"),
)

audit_head = Table(
    "audit_head",  # one row: the end of the chain, so that entries cut off at the end are missed too
    metadata,
    Column("id", sa.Integer, primary_key=True, autoincrement=False),
    Column("hash", sa.String(64), nullable=False),
    Column("length", sa.Integer, nullable=False),
)
