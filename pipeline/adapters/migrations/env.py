"""Alembic's entry: runs on the connection that `pipeline.adapters.database.upgrade` hands over."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from pipeline.adapters.tables import UtcDateTime, metadata


def _plain_times(kind: str, value: object, _context: AutogenContext) -> str | Literal[False]:
    """Migrations name the plain type, so that they never import the application."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(value, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=_plain_times,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
