"""Two identities that are one party: joined, read through, and taken apart again.

Whatever was noted, promised or done stays with the identity it was noted for; a merge only changes how it is read, so
undoing one gives each its own back. What is written while the merge stands belongs to the identity it led to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, bindparam, select

from occasion.errors import InputError
from occasion.store import merged
from occasion.store.each import select_each
from occasion.store.schema.log import MERGES

AT_ONCE = 500  # identities asked for in one query
_MERGE = (MERGES.c.number, MERGES.c.party, MERGES.c.into)


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
    return _follow(_active(connection, MERGES.c.party, [party]), party)


def identities(connection: Connection, party: str) -> tuple[str, ...]:
    """All identities of the party that `party` is one of: the one that merges lead to first, the others by name."""
    return identities_of(connection, [party])[party]


def identities_of(connection: Connection, parties: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """As `identities`, for several parties: in a few queries whatever their number."""
    asked = list(dict.fromkeys(parties))
    if connection.execute(_any()).first() is None:
        return {party: (party,) for party in asked}
    into = _active(connection, MERGES.c.party, asked)
    tops = {party: _follow(into, party) for party in asked}
    below = _active(connection, MERGES.c.into, list(dict.fromkeys(tops.values())))
    members: dict[str, set[str]] = {top: set() for top in tops.values()}
    for low in below:
        top = _follow(below, low)
        if top in members and top != low:
            members[top].add(low)
    return {party: (top, *sorted(members[top])) for party, top in tops.items()}


def _active(connection: Connection, column: Column[str], begin: list[str]) -> dict[str, str]:
    """The merges in force that lead on from these (by `party` upwards, by `into` downwards): party → into."""
    found: dict[str, str] = {}
    level, seen = begin, set(begin)
    while level:
        reached: list[str] = []
        for _, low, high in _leading_on(connection, column, level):
            if found.setdefault(low, high) == high:
                reached.append(high if column is MERGES.c.party else low)
        level = [one for one in dict.fromkeys(reached) if one not in seen]
        seen.update(level)
    return found


def _leading_on(connection: Connection, column: Column[str], names: list[str]) -> list[tuple[int, str, str]]:
    """The merges in force whose `column` is one of these: number, party, into; in their order."""
    if connection.dialect.name == "sqlite":
        one = _of_party() if column is MERGES.c.party else _of_into()
        return sorted(select_each(connection, one, ({"name": name} for name in names)))
    rows: list[tuple[int, str, str]] = []
    for at in range(0, len(names), AT_ONCE):
        query = select(*_MERGE).where(column.in_(names[at : at + AT_ONCE]), MERGES.c.undone_us.is_(None))
        rows += [(row[0], row[1], row[2]) for row in connection.execute(query.order_by(MERGES.c.number))]
    return rows


@cache
def _any() -> Any:
    return select(MERGES.c.number).limit(1)


@cache
def _of_party() -> Any:
    return select(*_MERGE).where(MERGES.c.party == bindparam("name"), MERGES.c.undone_us.is_(None))


@cache
def _of_into() -> Any:
    return select(*_MERGE).where(MERGES.c.into == bindparam("name"), MERGES.c.undone_us.is_(None))


def _follow(into: dict[str, str], party: str) -> str:
    seen = {party}
    while (following := into.get(party)) is not None and following not in seen:
        seen.add(party := following)
    return party


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
