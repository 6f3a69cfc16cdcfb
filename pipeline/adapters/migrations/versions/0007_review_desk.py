"""review desk: leases, reviews, second readings, known answers, read samples; labels of more than a ticket's own box"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=90), nullable=False),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("who", sa.String(length=60), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name="pk_leases"),
        sa.UniqueConstraint("token", name="uq_leases_token"),
    )
    op.create_table(
        "passes_over",
        sa.Column("who", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=90), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("who", "kind", "subject", name="pk_passes_over"),
    )
    op.create_table(
        "known_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=True),
        sa.Column("image", sa.String(length=64), nullable=True),
        sa.Column("answer", sa.String(length=40), nullable=False),
        sa.Column("marked_by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(number IS NULL) <> (image IS NULL)", name=op.f("ck_known_answers_subject")),
        sa.ForeignKeyConstraint(["number"], ["tickets.number"], name="fk_known_answers_number"),
        sa.PrimaryKeyConstraint("id", name="pk_known_answers"),
        sa.UniqueConstraint("number", name="uq_known_answers_number"),
        sa.UniqueConstraint("image", name="uq_known_answers_image"),
    )
    op.create_table(
        "reviews",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("who", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("answer", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=True),
        sa.Column("image", sa.String(length=64), nullable=True),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("known_id", sa.Integer(), nullable=True),
        sa.Column("correct", sa.Boolean(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["number"], ["tickets.number"], name="fk_reviews_number"),
        sa.ForeignKeyConstraint(["known_id"], ["known_answers.id"], name="fk_reviews_known_id"),
        sa.PrimaryKeyConstraint("key", name="pk_reviews"),
    )
    op.create_index("ix_reviews_who_at", "reviews", ["who", "at"])
    op.create_index("ix_reviews_known_id_who", "reviews", ["known_id", "who"])
    op.create_table(
        "second_readings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("first_review", sa.String(length=40), nullable=False),
        sa.Column("first_who", sa.String(length=60), nullable=False),
        sa.Column("first_answer", sa.String(length=40), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("second_review", sa.String(length=40), nullable=True),
        sa.Column("second_who", sa.String(length=60), nullable=True),
        sa.Column("second_answer", sa.String(length=40), nullable=True),
        sa.Column("settled_review", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["tickets.number"], name="fk_second_readings_number"),
        sa.PrimaryKeyConstraint("id", name="pk_second_readings"),
        sa.UniqueConstraint("first_review", name="uq_second_readings_first_review"),
    )
    op.create_index("ix_second_readings_state_id", "second_readings", ["state", "id"])
    op.create_index("ix_second_readings_second_review", "second_readings", ["second_review"])
    op.create_table(
        "sample_readings",
        sa.Column("image", sa.String(length=64), nullable=False),
        sa.Column("view_id", sa.Integer(), nullable=True),
        sa.Column("frame_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("review", sa.String(length=40), nullable=False),
        sa.Column("who", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("image", name="pk_sample_readings"),
    )
    op.create_index("ix_sample_readings_frame_at", "sample_readings", ["frame_at"])
    op.create_index("ix_sample_readings_review", "sample_readings", ["review"])
    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.alter_column("number", existing_type=sa.String(length=24), nullable=True)
        batch_op.add_column(sa.Column("view_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("review", sa.String(length=40), nullable=True))
        batch_op.create_index("ix_verdicts_view_id_category", ["view_id", "category"])
        batch_op.create_index("ix_verdicts_review", ["review"])
    of_ticket = "SELECT t.view_id FROM tickets t WHERE t.number = verdicts.number"
    op.execute(sa.text(f"UPDATE verdicts SET view_id = ({of_ticket})"))  # noqa: S608 - no input in it
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.add_column(sa.Column("share", sa.Float(), nullable=True))
        batch_op.create_index("ix_images_view_id_created_at", ["view_id", "created_at"])
    sampled = sa.text("kind = 'sample'")
    op.execute(sa.text("UPDATE images SET share = 0.002 WHERE kind = 'sample'"))  # as the release before shipped
    op.create_index("ix_images_sampled", "images", ["digest"], sqlite_where=sampled, postgresql_where=sampled)
    with op.batch_alter_table("reasons", schema=None) as batch_op:
        batch_op.add_column(sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Labels drawn on sampled frames have no place in the release before: they go."""
    with op.batch_alter_table("reasons", schema=None) as batch_op:
        batch_op.drop_column("retired_at")
    op.drop_index("ix_images_sampled", table_name="images")
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_index("ix_images_view_id_created_at")
        batch_op.drop_column("share")
    op.execute(sa.text("DELETE FROM verdicts WHERE number IS NULL"))
    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.drop_index("ix_verdicts_review")
        batch_op.drop_index("ix_verdicts_view_id_category")
        batch_op.drop_column("review")
        batch_op.drop_column("view_id")
        batch_op.alter_column("number", existing_type=sa.String(length=24), nullable=False)
    for name in ("sample_readings", "second_readings", "reviews", "known_answers", "passes_over", "leases"):
        op.drop_table(name)
