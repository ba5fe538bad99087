"""Whose page somebody may open, asked for many parties at once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from occasion.desk.viewer import Looks, owners_seen, sees_names
from occasion.people.merges import AT_ONCE, identities_of
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.people import PARTIES


def parties_seen(connection: Connection, viewer: Looks, parties: Iterable[str]) -> set[str]:
    """Those of the parties whose bond or whose occasions, under any identity, are the viewer's to see; of an analyst
    none.
    """
    asked = list(dict.fromkeys(parties))
    whose = owners_seen(connection, viewer)
    if whose is None or not sees_names(viewer):
        return set(asked) if sees_names(viewer) else set()
    known = identities_of(connection, asked)
    names = sorted({name for some in known.values() for name in some})
    theirs: set[str] = set()
    work = OCCASIONS.c.owner.in_(whose) | OCCASIONS.c.taken_by.in_(whose)
    for at in range(0, len(names), AT_ONCE):
        some = names[at : at + AT_ONCE]
        bonds = select(PARTIES.c.party).where(PARTIES.c.party.in_(some), PARTIES.c.owner.in_(whose))
        theirs.update(connection.execute(bonds).scalars())
        theirs.update(connection.execute(select(OCCASIONS.c.party).where(OCCASIONS.c.party.in_(some), work)).scalars())
    return {party for party in asked if not theirs.isdisjoint(known[party])}
