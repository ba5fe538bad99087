"""Practice: what somebody exercises on, and what they wrote; theirs alone."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from occasion.store.schema.base import METADATA, Json, Whole, instant

# A message somebody rewrites now and then.
EXERCISES = Table(
    "exercises",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("colleague", String, nullable=False),  # whose it is: nobody else reads it
    Column("party", String, index=True),  # whom the message went to; null: a written pair, about nobody
    Column("message", String, nullable=False),  # the event's id, or the pair's name
    instant("begun_us"),
    Column("rung", Integer, nullable=False),  # of the ladder of days
    instant("due_us", nullable=True),  # when it comes back; null: put away
    Column("weak", Json, nullable=False),  # names of the parts to look at next time
)
Index("uq_exercises", EXERCISES.c.colleague, EXERCISES.c.message, unique=True)
Index("ix_exercises_due", EXERCISES.c.colleague, EXERCISES.c.due_us)
# A rewriting that was kept, and how it read beside what had been sent.
ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("exercise", Whole, ForeignKey("exercises.number"), nullable=False, index=True),
    Column("colleague", String, nullable=False),
    Column("party", String, index=True),
    instant("at_us"),
    Column("text", String, nullable=False),  # under the names of the exercise
    Column("before", Json, nullable=False),  # verdict, and level and score by part
    Column("after", Json, nullable=False),
)
Index("ix_attempts_at", ATTEMPTS.c.colleague, ATTEMPTS.c.at_us)
