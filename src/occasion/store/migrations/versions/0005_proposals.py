"""What was proposed is found as it is asked for: the open ones of a kind, and those about an occasion."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Two indexes."""
    op.create_index("ix_proposals_state", "proposals", ["state", "kind", "number"])
    op.create_index("ix_proposals_occasion", "proposals", ["occasion"])
