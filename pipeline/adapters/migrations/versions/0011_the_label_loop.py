"""the label loop"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dataset_versions",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=60), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("replaced_by", sa.String(length=64), nullable=True),
        sa.Column("why_replaced", sa.String(length=300), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_dataset_versions")),
    )
    op.create_table(
        "training_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trigger", sa.String(length=12), nullable=False),
        sa.Column("asked_by", sa.String(length=60), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("step", sa.String(length=12), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("dataset", sa.String(length=64), nullable=True),
        sa.Column("model", sa.String(length=12), nullable=True),
        sa.Column("proposal_id", sa.Integer(), nullable=True),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'failed', 'nothing_new')", name=op.f("ck_training_runs_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_runs")),
    )
    op.create_table(
        "dataset_samples",
        sa.Column("dataset", sa.String(length=64), nullable=False),
        sa.Column("sample", sa.String(length=64), nullable=False),
        sa.Column("verdict_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=True),
        sa.Column("image", sa.String(length=64), nullable=False),
        sa.Column("view_id", sa.Integer(), nullable=True),
        sa.Column("split", sa.String(length=8), nullable=False),
        sa.Column("teaches", sa.String(length=12), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["dataset"], ["dataset_versions.hash"], name=op.f("fk_dataset_samples_dataset")),
        sa.PrimaryKeyConstraint("dataset", "sample", "verdict_id", name=op.f("pk_dataset_samples")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_dataset_samples_number", "dataset_samples", ["number"], unique=False)
    op.create_index("ix_dataset_samples_view_id", "dataset_samples", ["view_id"], unique=False)
    op.create_table(
        "model_versions",
        sa.Column("hash12", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("classes", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("thresholds", sa.JSON(), nullable=False),
        sa.Column("dataset", sa.String(length=64), nullable=True),
        sa.Column("parents", sa.JSON(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["dataset"], ["dataset_versions.hash"], name=op.f("fk_model_versions_dataset")),
        sa.PrimaryKeyConstraint("hash12", name=op.f("pk_model_versions")),
    )
    op.create_table(
        "promotions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=12), nullable=False),
        sa.Column("previous", sa.String(length=12), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("who", sa.String(length=60), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("thresholds_before", sa.JSON(), nullable=False),
        sa.Column("taken_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_why", sa.String(length=300), nullable=True),
        sa.CheckConstraint("kind IN ('first', 'promotion', 'rollback')", name=op.f("ck_promotions_kind")),
        sa.ForeignKeyConstraint(["model"], ["model_versions.hash12"], name=op.f("fk_promotions_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
    )
    op.create_table(
        "proposals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=12), nullable=False),
        sa.Column("champion", sa.String(length=12), nullable=False),
        sa.Column("dataset", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("gate", sa.JSON(), nullable=False),
        sa.Column("report", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("words", sa.String(length=300), server_default="", nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'rejected', 'outdated')", name=op.f("ck_proposals_state")),
        sa.ForeignKeyConstraint(["dataset"], ["dataset_versions.hash"], name=op.f("fk_proposals_dataset")),
        sa.ForeignKeyConstraint(["model"], ["model_versions.hash12"], name=op.f("fk_proposals_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_table(
        "shadow_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=12), nullable=False),
        sa.Column("champion", sa.String(length=12), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visits", sa.Integer(), server_default="0", nullable=False),
        sa.Column("seconds", sa.Float(), server_default="0", nullable=False),
        sa.Column("tally", sa.JSON(), nullable=False),
        sa.Column("failed_why", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["model"], ["model_versions.hash12"], name=op.f("fk_shadow_runs_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_runs")),
    )
    op.create_table(
        "asked_frames",
        sa.Column("image", sa.String(length=64), nullable=False),
        sa.Column("view_id", sa.Integer(), nullable=False),
        sa.Column("frame_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(length=12), nullable=False),
        sa.Column("worth", sa.Float(), nullable=False),
        sa.Column("review", sa.String(length=40), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("found", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["view_id"], ["views.id"], name=op.f("fk_asked_frames_view_id")),
        sa.PrimaryKeyConstraint("image", name=op.f("pk_asked_frames")),
    )
    op.create_index("ix_asked_frames_worth", "asked_frames", ["read_at", "worth"], unique=False)
    op.create_index("ix_asked_frames_review", "asked_frames", ["review"], unique=False)
    op.create_table(
        "doubtful_frames",
        sa.Column("image", sa.String(length=64), nullable=False),
        sa.Column("view_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("guesses", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["view_id"], ["views.id"], name=op.f("fk_doubtful_frames_view_id")),
        sa.PrimaryKeyConstraint("image", name=op.f("pk_doubtful_frames")),
    )
    op.create_index("ix_doubtful_frames_view_id", "doubtful_frames", ["view_id", "at"], unique=False)
    op.create_table(
        "forgotten_views",
        sa.Column("view_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=60), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["view_id"], ["views.id"], name=op.f("fk_forgotten_views_view_id")),
        sa.PrimaryKeyConstraint("view_id", name=op.f("pk_forgotten_views")),
    )
    op.create_table(
        "shadow_differences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("view_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("image", sa.String(length=64), nullable=True),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("left", sa.Float(), nullable=False),
        sa.Column("top", sa.Float(), nullable=False),
        sa.Column("right", sa.Float(), nullable=False),
        sa.Column("bottom", sa.Float(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["shadow_runs.id"], name=op.f("fk_shadow_differences_run_id")),
        sa.ForeignKeyConstraint(["view_id"], ["views.id"], name=op.f("fk_shadow_differences_view_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_differences")),
    )
    op.create_index(
        "ix_shadow_differences_run_id", "shadow_differences", ["run_id", "round_id", "view_id"], unique=False
    )
    op.create_table(
        "threshold_proposals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("view_id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("found_by", sa.String(length=8), nullable=False),
        sa.Column("before", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'rejected', 'outdated')", name=op.f("ck_threshold_proposals_state")
        ),
        sa.ForeignKeyConstraint(["view_id"], ["views.id"], name=op.f("fk_threshold_proposals_view_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threshold_proposals")),
    )
    op.create_index(
        "ix_threshold_proposals_view_id", "threshold_proposals", ["view_id", "category", "found_by"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_threshold_proposals_view_id", table_name="threshold_proposals")
    op.drop_table("threshold_proposals")
    op.drop_index("ix_shadow_differences_run_id", table_name="shadow_differences")
    op.drop_table("shadow_differences")
    op.drop_table("forgotten_views")
    op.drop_index("ix_doubtful_frames_view_id", table_name="doubtful_frames")
    op.drop_table("doubtful_frames")
    op.drop_index("ix_asked_frames_review", table_name="asked_frames")
    op.drop_index("ix_asked_frames_worth", table_name="asked_frames")
    op.drop_table("asked_frames")
    op.drop_table("shadow_runs")
    op.drop_table("proposals")
    op.drop_table("promotions")
    op.drop_table("model_versions")
    op.drop_index("ix_dataset_samples_view_id", table_name="dataset_samples")
    op.drop_index("ix_dataset_samples_number", table_name="dataset_samples")
    op.drop_table("dataset_samples")
    op.drop_table("training_runs")
    op.drop_table("dataset_versions")
