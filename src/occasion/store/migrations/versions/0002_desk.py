"""The log as it arrives, people, what is watched, the desk, doors, and what goes out."""

from alembic import op

from occasion.store.schema import METADATA

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Every table that is not there yet. (To be written out once the tables of the desk are settled.)"""
    METADATA.create_all(op.get_bind())
