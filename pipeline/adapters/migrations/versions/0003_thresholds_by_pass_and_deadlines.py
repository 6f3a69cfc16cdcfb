"""thresholds by pass and deadlines of categories"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("categories", schema=None) as batch_op:
        batch_op.add_column(sa.Column("fine_threshold", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("deadline", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("deadline_clock", sa.String(length=16), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("categories", schema=None) as batch_op:
        batch_op.drop_column("deadline_clock")
        batch_op.drop_column("deadline")
        batch_op.drop_column("fine_threshold")
