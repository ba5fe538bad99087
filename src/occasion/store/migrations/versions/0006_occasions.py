"""Fewer places to write where an occasion comes: by party they are found in the index that keeps them apart."""

from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """One index less, and one only of what is held."""
    held = text("held_until_us IS NOT NULL")
    op.drop_index("ix_occasions_party", "occasions")
    op.drop_index("ix_occasions_held", "occasions")
    op.create_index(
        "ix_occasions_held", "occasions", ["state", "held_until_us"], sqlite_where=held, postgresql_where=held
    )
