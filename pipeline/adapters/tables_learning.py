"""Tables of the label loop: dataset versions, model versions, what waits for a decision, and what is asked about."""

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table

from pipeline.adapters.tables import UtcDateTime, metadata

dataset_versions = Table(
    "dataset_versions",  # frozen: the samples themselves lie in files that bear this hash
    metadata,
    Column("hash", sa.String(64), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", sa.String(60), nullable=False),
    Column("counts", sa.JSON, nullable=False),  # samples, positives, negatives, backgrounds by category and split
    Column("replaced_by", sa.String(64)),  # of one that was made anew without frames that had to leave
    Column("why_replaced", sa.String(300)),
)

dataset_samples = Table(
    "dataset_samples",  # which ticket, verdict and frame a sample came from; the page goes both ways
    metadata,
    Column("dataset", ForeignKey("dataset_versions.hash"), primary_key=True),
    Column("sample", sa.String(64), primary_key=True),
    Column("verdict_id", sa.Integer, primary_key=True),  # 0: none, a frame on which nothing was found
    Column("number", sa.String(24)),
    Column("image", sa.String(64), nullable=False),
    Column("view_id", sa.Integer),
    Column("split", sa.String(8), nullable=False),
    Column("teaches", sa.String(12), nullable=False),
    Column("category", sa.String(40)),
    Index("ix_dataset_samples_number", "number"),
    Index("ix_dataset_samples_view_id", "view_id"),
    sqlite_with_rowid=False,
)

forgotten_views = Table(
    "forgotten_views",  # whose frames never enter a dataset again
    metadata,
    Column("view_id", ForeignKey("views.id"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", sa.String(60), nullable=False),
    Column("why", sa.String(300), nullable=False),
)

model_versions = Table(
    "model_versions",
    metadata,
    Column("hash12", sa.String(12), primary_key=True),
    Column("name", sa.String(80), nullable=False),
    Column("classes", sa.JSON, nullable=False),
    Column("note", sa.Text, nullable=False, server_default=""),
    Column("thresholds", sa.JSON, nullable=False),  # category -> pass -> measured threshold
    Column("dataset", ForeignKey("dataset_versions.hash")),  # none: came from outside or is shipped
    Column("parents", sa.JSON, nullable=False),  # hashes of the models that it was trained from
    Column("code", sa.String(60), nullable=False),  # version of this program
    Column("parameters", sa.JSON, nullable=False),
    Column("figures", sa.JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", sa.String(60), nullable=False),
)

promotions = Table(
    "promotions",  # the newest one that was not refused names the champion
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("model", ForeignKey("model_versions.hash12"), nullable=False),
    Column("previous", sa.String(12)),
    Column("kind", sa.String(12), nullable=False),
    Column("who", sa.String(60), nullable=False),
    Column("words", sa.String(300), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("thresholds_before", sa.JSON, nullable=False),
    Column("taken_up_at", UtcDateTime),  # the first worker looked with it
    Column("refused_at", UtcDateTime),  # it did not load: the previous one works on
    Column("refused_why", sa.String(300)),
    CheckConstraint("kind IN ('first', 'promotion', 'rollback')", name="kind"),
)

proposals = Table(
    "proposals",  # a challenger that waits for a person
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("model", ForeignKey("model_versions.hash12"), nullable=False),
    Column("champion", sa.String(12), nullable=False),
    Column("dataset", ForeignKey("dataset_versions.hash")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("passed", sa.Boolean, nullable=False),  # what the gate says
    Column("gate", sa.JSON, nullable=False),  # its rules one by one, in words
    Column("report", sa.String(200), nullable=False),  # folder below the installation's home
    Column("state", sa.String(10), nullable=False),
    Column("decided_by", sa.String(60)),
    Column("decided_at", UtcDateTime),
    Column("words", sa.String(300), nullable=False, server_default=""),
    CheckConstraint("state IN ('waiting', 'approved', 'rejected', 'outdated')", name="state"),
)

training_runs = Table(
    "training_runs",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("trigger", sa.String(12), nullable=False),  # nightly, labels, hand
    Column("asked_by", sa.String(60), nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("beat_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("state", sa.String(12), nullable=False),
    Column("step", sa.String(12), nullable=False),
    Column("labels", sa.Integer, nullable=False),  # verdicts there were when it began
    Column("dataset", sa.String(64)),
    Column("model", sa.String(12)),
    Column("proposal_id", sa.Integer),
    Column("why", sa.String(300), nullable=False),
    CheckConstraint("state IN ('running', 'done', 'failed', 'nothing_new')", name="state"),
)

shadow_runs = Table(
    "shadow_runs",  # a challenger looks beside the champion and opens nothing
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("model", ForeignKey("model_versions.hash12"), nullable=False),
    Column("champion", sa.String(12), nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("visits", sa.Integer, nullable=False, server_default="0"),
    Column("seconds", sa.Float, nullable=False, server_default="0"),  # that it cost the rounds
    Column(
        "tally", sa.JSON, nullable=False
    ),  # category -> boxes that both, the champion alone, the challenger alone saw
    Column("failed_why", sa.String(300)),
)

shadow_differences = Table(
    "shadow_differences",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("run_id", ForeignKey("shadow_runs.id"), nullable=False),
    Column("round_id", sa.Integer, nullable=False),
    Column("view_id", ForeignKey("views.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("image", sa.String(64)),
    Column("side", sa.String(12), nullable=False),  # who alone saw it
    Column("category", sa.String(40), nullable=False),
    *(Column(side, sa.Float, nullable=False) for side in ("left", "top", "right", "bottom")),
    Column("score", sa.Float, nullable=False),
    Index("ix_shadow_differences_run_id", "run_id", "round_id", "view_id"),
)

doubtful_frames = Table(
    "doubtful_frames",  # stored although nothing on them reached its threshold
    metadata,
    Column("image", sa.String(64), primary_key=True),
    Column("view_id", ForeignKey("views.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("category", sa.String(40), nullable=False),
    Column("score", sa.Float, nullable=False),  # of the box nearest to its threshold
    Column("threshold", sa.Float, nullable=False),
    Column("guesses", sa.JSON, nullable=False),  # category, score and threshold of every box in doubt
    Column("model", sa.String(12), nullable=False),
    Index("ix_doubtful_frames_view_id", "view_id", "at"),
)

asked_frames = Table(
    "asked_frames",  # dealt to reviewers because their answer teaches most
    metadata,
    Column("image", sa.String(64), primary_key=True),
    Column("view_id", ForeignKey("views.id"), nullable=False),
    Column("frame_at", UtcDateTime, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("why", sa.String(12), nullable=False),  # doubt, novelty, shadow
    Column("worth", sa.Float, nullable=False),  # the largest is dealt first
    Column("review", sa.String(40)),
    Column("read_at", UtcDateTime),
    Column("found", sa.Integer),  # boxes drawn
    Index("ix_asked_frames_worth", "read_at", "worth"),
    Index("ix_asked_frames_review", "review"),
)

threshold_proposals = Table(
    "threshold_proposals",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("view_id", ForeignKey("views.id"), nullable=False),
    Column("category", sa.String(40), nullable=False),
    Column("found_by", sa.String(8), nullable=False),
    Column("before", sa.Float, nullable=False),
    Column("threshold", sa.Float, nullable=False),
    Column("facts", sa.JSON, nullable=False),  # verdicts behind it, what it would cut and keep, with intervals
    Column("created_at", UtcDateTime, nullable=False),
    Column("state", sa.String(10), nullable=False),
    Column("decided_by", sa.String(60)),
    Column("decided_at", UtcDateTime),
    Index("ix_threshold_proposals_view_id", "view_id", "category", "found_by"),
    CheckConstraint("state IN ('waiting', 'approved', 'rejected', 'outdated')", name="state"),
)
