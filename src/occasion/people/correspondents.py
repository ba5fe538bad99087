"""Who wrote, by mail address: joined to the one person known under it, else known by the name they write under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from occasion.people.search import LONGEST, fold, words
from occasion.people.traits import Said, learn
from occasion.store import merged
from occasion.store.schema.people import FINDABLE, PARTIES
from occasion.store.tombstones import Erased

AT_ONCE = 400
SOURCE = "mail"
WHY = "the same mail address"


@dataclass(frozen=True)
class Met:
    """How many addresses were joined to somebody known, and how many got a name."""

    joined: int = 0
    named: int = 0


def meet(connection: Connection, people: Mapping[str, str], *, now: int, by: str) -> Met:
    """Take in addresses with the names they write under ("" where none).

    An address that exactly one other party has, under a name that may be the same person's, is read as that party from
    now on (a merge, which their page can undo). Of the rest those without a name get theirs. Nothing is learned of who
    was erased. Done twice, nothing changes.
    """
    known, gone = merged.identities(connection), Erased(connection)
    addresses = sorted(one for one in people if one not in known.into and one not in gone)
    having = _having(connection, addresses)
    names = _names(connection, [*addresses, *(party for some in having.values() for party in some)])
    joined = 0
    for address in addresses:
        others = {known.canonical(party) for party in having.get(address, ())} - {known.canonical(address)}
        own = people[address] or names.get(address, "")
        if len(others) == 1 and _alike(own, names.get(other := next(iter(others)), "")):
            made = merged.merge(connection, address, other, now=now, by=by, why=WHY, known=known)
            joined += made is not None
    new = [one for one in addresses if people[one] and not names.get(one) and one not in known.into]
    said = [Said(one, {"name": people[one], "email": one}, SOURCE, now) for one in new]
    learn(connection, said, now=now, noted=SOURCE)
    return Met(joined, len(new))


def _having(connection: Connection, addresses: Sequence[str]) -> dict[str, set[str]]:
    """By address the other identities that systems say have it."""
    folded = {fold(one)[:LONGEST]: one for one in addresses}
    asked = list(folded)
    found: dict[str, set[str]] = {}
    for at in range(0, len(asked), AT_ONCE):
        some = FINDABLE.c.word.in_(asked[at : at + AT_ONCE])
        rows = select(FINDABLE.c.word, FINDABLE.c.party).where(some, FINDABLE.c.place == "trait")
        for word, party in connection.execute(rows):
            if party != folded[word]:
                found.setdefault(folded[word], set()).add(party)
    return found


def _names(connection: Connection, parties: Sequence[str]) -> dict[str, str]:
    asked = list(dict.fromkeys(parties))
    found: dict[str, str] = {}
    for at in range(0, len(asked), AT_ONCE):
        some = select(PARTIES.c.party, PARTIES.c.name).where(PARTIES.c.party.in_(asked[at : at + AT_ONCE]))
        found.update({row.party: row.name for row in connection.execute(some)})
    return found


def _alike(one: str, other: str) -> bool:
    """Whether two names may be one person's: the words of one are among the other's, or one is unknown."""
    ours, theirs = set(words(one)), set(words(other))
    return ours <= theirs or theirs <= ours
