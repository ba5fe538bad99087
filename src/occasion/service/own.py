"""Whose parties and occasions somebody may see: a colleague their own, a manager the team's (without one, all)."""

from __future__ import annotations

from sqlalchemy import Connection, exists, or_, select

from occasion.desk.viewer import Viewer, owners_seen, sees_names
from occasion.people.merges import identities
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.people import PARTIES


def sees_party(connection: Connection, viewer: Viewer, party: str) -> bool:
    """Whether this party is theirs: they own the bond, or an occasion about it is or was theirs."""
    whose = owners_seen(connection, viewer)
    if whose is None or not sees_names(viewer):
        return sees_names(viewer)
    known = list(identities(connection, party))
    bond = exists().where(PARTIES.c.party.in_(known), PARTIES.c.owner.in_(whose))
    theirs = or_(OCCASIONS.c.owner.in_(whose), OCCASIONS.c.taken_by.in_(whose))
    work = exists().where(OCCASIONS.c.party.in_(known), theirs)
    return bool(connection.execute(select(or_(bond, work))).scalar())


def sees_occasion(connection: Connection, viewer: Viewer, number: str) -> bool:
    """Whether this occasion is theirs: by its owner, who took it, or whose the party is."""
    whose = owners_seen(connection, viewer)
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        return False
    query = select(OCCASIONS.c.party, OCCASIONS.c.owner, OCCASIONS.c.taken_by).where(OCCASIONS.c.number == int(number))
    row = connection.execute(query).first()
    if row is None or whose is None:
        return row is not None
    if row.owner in whose or row.taken_by in whose:
        return True
    bond = exists().where(PARTIES.c.party.in_(identities(connection, row.party)), PARTIES.c.owner.in_(whose))
    return bool(connection.execute(select(bond)).scalar())
