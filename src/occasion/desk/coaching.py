"""The coach's page: whom a message is to, by which channels, about which occasion."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from occasion.desk.cards import Ground
from occasion.desk.known import party_ref
from occasion.desk.pages_coach import CoachPage
from occasion.people.parties import Party, party_of
from occasion.store.schema.desk import OCCASIONS

LONGEST = 8000  # characters of a draft on the page
USUAL = ("email", "sms", "letter", "chat")
SAME = {"mail": "email"}  # two words for one channel


def channels_of(party: Party) -> tuple[str, ...]:
    """The channels a message may go by: the one they prefer, those they spoke of, the usual ones."""
    found: dict[str, str] = {}
    for one in (party.channel, *party.consent, *USUAL):
        if one:
            found.setdefault(SAME.get(one, one), one)
    return tuple(found.values())


def coach_page(ground: Ground, zone: str, party: str, *, occasion: int | None = None, **more: Any) -> CoachPage:
    """The page before anything was read. `more`: further fields of CoachPage."""
    found = party_of(ground.connection, party)
    channels = channels_of(found)
    row = None if occasion is None else _row(ground.connection, occasion, found)
    may_keep = row is not None and "done" in ground.cards([row]).may(row)
    adds = row is not None and row.facts.get("why") == "expand"
    to_add = ground.cards([row]).why(row) if adds else None
    given = {"channel": found.channel or "", **more}
    if given["channel"] and given["channel"] not in channels:
        channels = (*channels, given["channel"])
    return CoachPage(
        ground.now, zone, party_ref(found, ground.house, ground.zone, True), row.number if row is not None else None,
        row.moment if row is not None else "", channels, may_keep=may_keep, to_add=to_add, **given,
    )  # fmt: skip


def _row(connection: Connection, number: int, party: Party) -> Any:
    """The occasion, if it is about this party."""
    query = select(OCCASIONS).where(OCCASIONS.c.number == number, OCCASIONS.c.party.in_(party.identities))
    return connection.execute(query).first()
