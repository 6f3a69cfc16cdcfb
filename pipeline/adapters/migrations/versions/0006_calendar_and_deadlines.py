"""calendar and deadlines"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=120), nullable=False),
        sa.Column("arrangement", sa.Integer(), nullable=True),
        sa.Column("set_by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note", sa.String(length=120), nullable=False),
        sa.Column("set_by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_years")),
    )
    op.create_table(
        "deadline_rules",
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=80), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("clock", sa.String(length=16), nullable=False),
        sa.Column("amber_share", sa.Float(), nullable=False),
        sa.Column("set_by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amber_share >= 0 AND amber_share <= 1", name=op.f("ck_deadline_rules_amber_share")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_deadline_rules_amount")),
        sa.ForeignKeyConstraint(["category"], ["categories.code"], name=op.f("fk_deadline_rules_category")),
        sa.PrimaryKeyConstraint("category", "unit", name=op.f("pk_deadline_rules")),
    )
    op.create_table(
        "unit_hours",
        sa.Column("unit", sa.String(length=80), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("set_by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("unit", name=op.f("pk_unit_hours")),
    )


def downgrade() -> None:
    op.drop_table("unit_hours")
    op.drop_table("deadline_rules")
    op.drop_table("calendar_years")
    op.drop_table("calendar_days")
