"""What somebody practises on, and what they wrote."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """What the code has and the tables had not."""
    op.create_table(
        "exercises",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("colleague", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("begun_us", sa.BigInteger(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=True),
        sa.Column("weak", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_exercises")),
    )
    op.create_index("ix_exercises_due", "exercises", ["colleague", "due_us"], unique=False)
    op.create_index(op.f("ix_exercises_party"), "exercises", ["party"], unique=False)
    op.create_index("uq_exercises", "exercises", ["colleague", "message"], unique=True)
    op.create_table(
        "attempts",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exercise", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("colleague", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=True),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("after", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["exercise"], ["exercises.number"], name=op.f("fk_attempts_exercise")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_attempts")),
    )
    op.create_index("ix_attempts_at", "attempts", ["colleague", "at_us"], unique=False)
    op.create_index(op.f("ix_attempts_exercise"), "attempts", ["exercise"], unique=False)
    op.create_index(op.f("ix_attempts_party"), "attempts", ["party"], unique=False)
