"""Runs the migrations on the connection that `records` hands over, inside its transaction."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON


def rendered(kind: str, item: Any, _: object) -> str | Literal[False]:
    """How a type is written in a new migration, where Alembic's own way is not Python as it stands."""
    if kind == "type" and isinstance(item, JSON):
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes["metadata"],
    compare_type=True,
    render_item=rendered,
    transactional_ddl=False,  # the transaction is the caller's
)
context.run_migrations()
