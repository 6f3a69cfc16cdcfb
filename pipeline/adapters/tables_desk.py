"""Tables of the review desk: who has what before them, who said what, and what measures the readers."""

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint

from pipeline.adapters.tables import UtcDateTime, metadata

leases = Table(
    "leases",  # what lies before one reviewer at a time; it ends by itself
    metadata,
    Column("kind", sa.String(12), primary_key=True),
    Column("subject", sa.String(90), primary_key=True),  # a ticket, a digest, or the row of a reading
    Column("token", sa.String(40), nullable=False, unique=True),
    Column("who", sa.String(60), nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

passes_over = Table(
    "passes_over",  # skipped: not dealt to this person again for a while
    metadata,
    Column("who", sa.String(60), primary_key=True),
    Column("kind", sa.String(12), primary_key=True),
    Column("subject", sa.String(90), primary_key=True),
    Column("until", UtcDateTime, nullable=False),
)

known_answers = Table(
    "known_answers",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("number", ForeignKey("tickets.number"), unique=True),
    Column("image", sa.String(64), unique=True),
    Column("answer", sa.String(40), nullable=False),
    Column("marked_by", sa.String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("retired_at", UtcDateTime),
    CheckConstraint("(number IS NULL) <> (image IS NULL)", name="subject"),
)

reviews = Table(
    "reviews",  # one look by one person; what it taught stands in verdicts
    metadata,
    Column("key", sa.String(40), primary_key=True),
    Column("who", sa.String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", sa.String(12), nullable=False),
    Column("answer", sa.String(40), nullable=False),
    Column("number", ForeignKey("tickets.number")),
    Column("image", sa.String(64)),
    Column("tickets", sa.Integer, nullable=False),
    Column("seconds", sa.Float),
    Column("known_id", ForeignKey("known_answers.id")),
    Column("correct", sa.Boolean),
    Column("withdrawn_at", UtcDateTime),
    Index("ix_reviews_who_at", "who", "at"),
    Index("ix_reviews_known_id_who", "known_id", "who"),
)

second_readings = Table(
    "second_readings",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("number", ForeignKey("tickets.number"), nullable=False),
    Column("first_review", sa.String(40), nullable=False),
    Column("first_who", sa.String(60), nullable=False),
    Column("first_answer", sa.String(40), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("second_review", sa.String(40)),
    Column("second_who", sa.String(60)),
    Column("second_answer", sa.String(40)),
    Column("settled_review", sa.String(40)),
    Column("state", sa.String(12), nullable=False),
    UniqueConstraint("first_review"),
    Index("ix_second_readings_state_id", "state", "id"),
    Index("ix_second_readings_second_review", "second_review"),
)

sample_readings = Table(
    "sample_readings",
    metadata,
    Column("image", sa.String(64), primary_key=True),
    Column("view_id", sa.Integer),
    Column("frame_at", UtcDateTime, nullable=False),
    Column("share", sa.Float, nullable=False),  # of the empty frames that were kept, when this one was
    Column("review", sa.String(40), nullable=False),
    Column("who", sa.String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("missed", sa.Integer, nullable=False),  # boxes drawn
    Index("ix_sample_readings_frame_at", "frame_at"),
    Index("ix_sample_readings_review", "review"),
)
