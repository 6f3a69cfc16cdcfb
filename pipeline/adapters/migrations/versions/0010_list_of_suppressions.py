"""list of suppressions: few of a million findings are dismissed, and the list looks for those"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    dismissed = sa.text("state = 'dismissed'")
    op.create_index("ix_findings_dismissed", "findings", ["id"], sqlite_where=dismissed, postgresql_where=dismissed)


def downgrade() -> None:
    op.drop_index("ix_findings_dismissed", table_name="findings")
