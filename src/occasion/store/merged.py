"""Who turned out to be whom: identities that are read as another, until that is undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, insert, select, update

from occasion.errors import InputError
from occasion.store.positions import advance, position
from occasion.store.schema.log import MERGES

READER = "merges"  # its row in POSITIONS counts every merge made or undone


class Identities:
    """The merge map at an instant. `version` counts the changes that led to it; others may read while one adds."""

    def __init__(self, into: Mapping[str, str] | None = None, version: int = 0) -> None:
        self.into = dict(into or {})
        self.version = version
        self._root = {party: self._follow(party) for party in self.into}
        members: dict[str, set[str]] = defaultdict(set)
        for party, root in self._root.items():
            members[root] |= {party, root}
        self._members = {root: frozenset(some) for root, some in members.items()}

    def __bool__(self) -> bool:
        return bool(self.into)

    def add(self, party: str, into: str) -> str:
        """A new merge of a party that is read as no other; its canonical identity now."""
        root = self.canonical(into)
        joined = self.members(party) | self.members(root)
        self.into[party] = into
        self._members[root] = joined
        for member in joined - {root}:
            self._root[member] = root
        self._members.pop(party, None)
        self.version += 1
        return root

    def canonical(self, party: str) -> str:
        """The identity that merges lead to."""
        return self._root.get(party, party)

    def members(self, party: str) -> frozenset[str]:
        """All identities that are read as this canonical one, itself included; none of one that is read as another."""
        if party in self._root:
            return frozenset()
        return self._members.get(party) or frozenset((party,))

    def moved(self) -> Mapping[str, str]:
        """The canonical identity of each that is read as another."""
        return self._root

    def _follow(self, party: str) -> str:
        passed = {party}
        while (following := self.into.get(party)) is not None:
            if following in passed:  # never written so; a hand in the database could
                return min(passed)
            passed.add(party := following)
        return party


def identities(connection: Connection) -> Identities:
    """The merge map as it stands."""
    version = position(connection, READER).seq
    active = select(MERGES.c.party, MERGES.c.into).where(MERGES.c.undone_us.is_(None)).order_by(MERGES.c.number)
    into: dict[str, str] = {}
    for party, other in connection.execute(active):
        into.setdefault(party, other)
    return Identities(into, version)


def merge(
    connection: Connection, party: str, into: str, *, now: int, by: str, why: str, known: Identities | None = None
) -> int | None:
    """From now on `party` is read as `into`; the merge's number, or None when both are one already.

    `known`: the merge map of this transaction, if the caller keeps one; the merge is added to it. Raises InputError
    when `party` is read as another already: the first stands until it is undone.
    """
    known = identities(connection) if known is None else known
    if known.canonical(party) == known.canonical(into):
        return None
    if party in known.into:
        first = known.into[party]
        raise InputError(f"{party!r} is already read as {first!r}: undo that merge first, or merge {first!r}")
    row = {"party": party, "into": into, "made_us": now, "made_by": by, "why": why}
    number = connection.execute(insert(MERGES).values(**row)).inserted_primary_key
    known.add(party, into)
    advance(connection, READER, known.version, now)
    return int(number[0]) if number else None


def undo(connection: Connection, number: int, *, now: int, by: str) -> tuple[str, str]:
    """Undo a merge; its two parties. Raises InputError when there is none of that number, or it is undone already."""
    row = connection.execute(select(MERGES).where(MERGES.c.number == number)).mappings().one_or_none()
    if row is None or row["undone_us"] is not None:
        said = "there is no merge of that number" if row is None else "it is undone already"
        raise InputError(f"merge {number}: {said}; the party's page lists those in force")
    connection.execute(update(MERGES).where(MERGES.c.number == number).values(undone_us=now, undone_by=by))
    advance(connection, READER, position(connection, READER).seq + 1, now)
    return str(row["party"]), str(row["into"])


def touched(before: Identities, after: Identities) -> tuple[str, ...]:
    """The parties that are read differently now: canonical before or after, so that each is to be read again."""
    pairs = set(before.into.items()) ^ set(after.into.items())
    return tuple(sorted(_roots(pairs, before) | _roots(pairs, after)))


def changed_since(connection: Connection, since_us: int) -> tuple[str, ...]:
    """Parties whose identity changed at or after an instant: to be read again by who was not there."""
    rows = select(MERGES.c.party, MERGES.c.into).where(
        (MERGES.c.made_us >= since_us) | (MERGES.c.undone_us >= since_us)
    )
    known = identities(connection)
    pairs = {(party, into) for party, into in connection.execute(rows)}
    return tuple(sorted(_roots(pairs, known) | {party for pair in pairs for party in pair}))


def _roots(pairs: Iterable[tuple[str, str]], known: Identities) -> set[str]:
    """Both sides of each pair, and where they lead."""
    sides = {party for pair in pairs for party in pair}
    return sides | {known.canonical(party) for party in sides}
