"""How far each reader of the log has come."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from occasion.store.schema.log import POSITIONS

LOG = "log"  # what was given out last
SEALED = "sealed"  # what segments hold
WATCH = "watch"  # what the follower's effects are written of


class Position(NamedTuple):
    """`clock`: UTC microseconds when it was reached; of WATCH the watcher's own clock, in a backlog behind the time of
    day: nothing on record is of a later instant.
    """

    seq: int
    clock: int


def position(connection: Connection, reader: str) -> Position:
    """Where a reader stands; (0, 0) before it began."""
    found = connection.execute(
        select(POSITIONS.c.seq, POSITIONS.c.clock_us).where(POSITIONS.c.reader == reader)
    ).first()
    return Position(*found) if found else Position(0, 0)


def advance(connection: Connection, reader: str, seq: int, clock: int) -> None:
    """Write down where it stands now."""
    values = {"seq": seq, "clock_us": clock}
    moved = connection.execute(update(POSITIONS).where(POSITIONS.c.reader == reader).values(**values))
    if not moved.rowcount:
        connection.execute(insert(POSITIONS).values(reader=reader, **values))
