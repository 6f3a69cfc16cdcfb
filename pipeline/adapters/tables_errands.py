"""Tables of what pages ask of workers, and of people's photos."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table

from pipeline.adapters.tables import UtcDateTime, metadata

errands = Table(
    "errands",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("kind", sa.String(24), nullable=False),
    Column("subject", sa.String(40), nullable=False),
    Column("payload", sa.JSON, nullable=False),
    Column("asked_by", sa.String(60), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("state", sa.String(8), nullable=False),
    Column("taken_at", UtcDateTime),
    Column("tries", sa.Integer, nullable=False),
    Column("answer", sa.JSON),
    Column("why", sa.String(300), nullable=False),
    Index("ix_errands_state_id", "state", "id"),
    Index("ix_errands_subject_kind", "subject", "kind", "id"),
)

ticket_photos = Table(
    "ticket_photos",  # taken by people: hidden until a worker has redacted them
    metadata,
    Column("id", sa.String(32), primary_key=True),
    Column("number", ForeignKey("tickets.number"), nullable=False),
    Column("state", sa.String(10), nullable=False),
    Column("name", sa.String(120), nullable=False),
    Column("size_bytes", sa.Integer, nullable=False),
    Column("sha256", sa.String(64), nullable=False),
    Column("by", sa.String(60), nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("image", sa.String(64)),  # redacted
    Column("taken_at", UtcDateTime),
    Column("distance_m", sa.Float),
    Column("complaints", sa.JSON, nullable=False),
    Column("why", sa.String(300), nullable=False),
    Index("ix_ticket_photos_number", "number", "begun_at"),
)
