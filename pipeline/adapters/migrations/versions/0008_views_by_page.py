"""views by page: thresholds of single views, approved references, repairs, names and hours of zones"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "view_thresholds",
        sa.Column("view_id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("fine_threshold", sa.Float(), nullable=True),
        sa.Column("set_by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("threshold > 0 AND threshold < 1", name=op.f("ck_view_thresholds_threshold")),
        sa.ForeignKeyConstraint(["category"], ["categories.code"], name=op.f("fk_view_thresholds_category")),
        sa.ForeignKeyConstraint(["view_id"], ["views.id"], name=op.f("fk_view_thresholds_view_id")),
        sa.PrimaryKeyConstraint("view_id", "category", name=op.f("pk_view_thresholds")),
    )
    op.create_table(
        "view_references",
        sa.Column("view_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("image", sa.String(length=64), nullable=False),
        sa.Column("approved_by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["view_id"], ["views.id"], name=op.f("fk_view_references_view_id")),
        sa.PrimaryKeyConstraint("view_id", "mode", name=op.f("pk_view_references")),
    )
    op.create_table(
        "repairs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("view_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=True),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("image", sa.String(length=64), nullable=True),
        sa.Column("opened_by", sa.String(length=60), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.String(length=60), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closing_words", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["view_id"], ["views.id"], name=op.f("fk_repairs_view_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repairs")),
    )
    op.create_index("ix_repairs_closed_at_id", "repairs", ["closed_at", "id"])
    op.create_index("ix_repairs_view_id", "repairs", ["view_id"])
    with op.batch_alter_table("zones", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("hours", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("zones", schema=None) as batch_op:
        batch_op.drop_column("hours")
        batch_op.drop_column("name")
    op.drop_table("repairs")
    op.drop_table("view_references")
    op.drop_table("view_thresholds")
