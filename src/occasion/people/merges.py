"""Two identities that are one party: joined, read through, and taken apart again.

Whatever was noted, promised or done stays with the identity it was noted for; a merge only changes how it is read, so
undoing one gives each its own back. What is written while the merge stands belongs to the identity it led to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from occasion.errors import InputError
from occasion.store import merged
from occasion.store.schema.log import MERGES


@dataclass(frozen=True)
class Merged:
    """One merge: `party` is read as `into` since `made_us`, until `undone_us`."""

    number: int
    party: str
    into: str
    made_us: int
    made_by: str
    why: str
    undone_us: int | None
    undone_by: str | None


def canonical(connection: Connection, party: str) -> str:
    """The identity that merges lead to; `party` itself where there is none."""
    seen = {party}
    while True:
        into = connection.execute(
            select(MERGES.c.into)
            .where(MERGES.c.party == party, MERGES.c.undone_us.is_(None))
            .order_by(MERGES.c.number.desc())
            .limit(1)
        ).scalar()
        if into is None or into in seen:
            return party
        seen.add(into)
        party = into


def identities(connection: Connection, party: str) -> tuple[str, ...]:
    """All identities of the party that `party` is one of: the one that merges lead to first, the others by name."""
    top = canonical(connection, party)
    found, level = {top}, [top]
    while level:
        rows = connection.execute(
            select(MERGES.c.party).where(MERGES.c.into.in_(level), MERGES.c.undone_us.is_(None))
        ).scalars()
        level = [one for one in set(rows) - found if canonical(connection, one) == top]
        found.update(level)
    return (top, *sorted(found - {top}))


def merge(connection: Connection, party: str, into: str, *, now: int, by: str, why: str) -> int | None:
    """Read `party`, and all that is read as it, as `into` from now on; the merge's number, None if it is so already.

    Raises InputError for an empty identity.
    """
    if not party or not into:
        raise InputError("merge: an identity is empty; name the two identities that are one party")
    return merged.merge(connection, canonical(connection, party), into, now=now, by=by, why=why)


def undo(connection: Connection, number: int, *, now: int, by: str) -> tuple[str, str]:
    """Take a merge apart: each of its two identities (returned) has its own details, promises and gestures again.

    Raises InputError when there is no such merge, or it is undone already.
    """
    return merged.undo(connection, number, now=now, by=by)


def history(connection: Connection, party: str) -> Sequence[Merged]:
    """All merges that ever concerned the party's identities, undone ones too, oldest first."""
    names = identities(connection, party)
    rows = connection.execute(
        select(MERGES).where(MERGES.c.party.in_(names) | MERGES.c.into.in_(names)).order_by(MERGES.c.number)
    ).mappings()
    return [Merged(**row) for row in rows]
