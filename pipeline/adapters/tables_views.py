"""What people set on the pages of cameras: thresholds of single views, approved references, repairs."""

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table

from pipeline.adapters.tables import UtcDateTime, metadata

view_thresholds = Table(
    "view_thresholds",  # in place of what the category's row says
    metadata,
    Column("view_id", ForeignKey("views.id"), primary_key=True),
    Column("category", ForeignKey("categories.code"), primary_key=True),
    Column("threshold", sa.Float, nullable=False),
    Column("fine_threshold", sa.Float),
    Column("set_by", sa.String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("threshold > 0 AND threshold < 1", name="threshold"),
)

view_references = Table(
    "view_references",  # the pictures that a person approved; what the gauge compares with is in view_memories
    metadata,
    Column("view_id", ForeignKey("views.id"), primary_key=True),
    Column("mode", sa.String(12), primary_key=True),
    Column("image", sa.String(64), nullable=False),
    Column("approved_by", sa.String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

repairs = Table(
    "repairs",  # works on a view itself: no finding stands behind them, so they are no tickets
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("view_id", ForeignKey("views.id"), nullable=False),
    Column("outcome", sa.String(12)),
    Column("words", sa.String(300), nullable=False),
    Column("image", sa.String(64)),
    Column("opened_by", sa.String(60), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("closed_by", sa.String(60)),
    Column("closed_at", UtcDateTime),
    Column("closing_words", sa.String(300)),
    Index("ix_repairs_closed_at_id", "closed_at", "id"),
    Index("ix_repairs_view_id", "view_id"),
)
