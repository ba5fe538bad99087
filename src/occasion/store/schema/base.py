"""What all tables share."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Integer, MetaData
from sqlalchemy.dialects.postgresql import JSONB

# Constraint names are fixed, so that Alembic can change them on either database.
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
Json = JSON().with_variant(JSONB(), "postgresql")
Whole = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up only in a column called INTEGER


def instant(name: str, nullable: bool = False) -> Column[int]:
    """A column that holds UTC microseconds."""
    return Column(name, BigInteger, nullable=nullable)
