"""`/feed/<secret>.ics`: the calendar of coming moments, for whoever has its address.

The rights of who asked for it are looked at each time: somebody who left, or is no longer in the team, has no feed, and
an analyst no names.
"""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection, select

from occasion.desk.certain import upcoming
from occasion.desk.owners import House, read_house
from occasion.service.errors import Refuse
from occasion.service.out.calendar import Coming, Feed, calendar, find_feed, note_entries
from occasion.service.running import Service
from occasion.store.schema.doors import COLLEAGUES

router = APIRouter(include_in_schema=False)
TITLE = "Coming moments"
LONGEST_SECRET = 200


@router.get("/feed/{secret}.ics")
async def feed(request: Request, secret: str) -> Response:
    """Answers 404 alike for an address that never was, was revoked, or whose owner may no longer see it."""
    service: Service = request.app.state.service
    found = await asyncio.wrap_future(service.writer.do(lambda connection: read(connection, service, secret)))
    if found is None:
        raise Refuse(404, "not_found", "there is no such calendar; ask for a new address in the settings")
    headers = {"Cache-Control": "private, no-cache", "Content-Disposition": 'inline; filename="moments.ics"'}
    return Response(found, headers=headers, media_type="text/calendar; charset=utf-8")


def read(connection: Connection, service: Service, secret: str) -> bytes | None:
    """The calendar of an address, and what it says noted, so that its entries keep their identity."""
    found = find_feed(connection, secret) if 32 <= len(secret) <= LONGEST_SECRET else None
    if found is None:
        return None
    now, zone = service.clock(), service.workspace.zone
    house = read_house(connection, now)
    allowed = rights(connection, found, house)
    if allowed is None:
        return None
    coming = [
        Coming(one.key, one.party, one.name, one.moment, one.on)
        for one in upcoming(connection, (allowed.owner,), house, now=now, zone=zone)
    ]
    return calendar(allowed, coming, note_entries(connection, allowed, coming, now), TITLE)


def rights(connection: Connection, found: Feed, house: House) -> Feed | None:
    """The feed as its colleague may see it now; None: not at all."""
    if found.colleague not in house.here:
        return None
    if found.owner != found.colleague and found.colleague not in house.teams.get(found.owner, ()):
        return None
    role = connection.execute(select(COLLEAGUES.c.role).where(COLLEAGUES.c.id == found.colleague)).scalar_one()
    names = found.names and role != "analyst"
    return Feed(found.digest, found.colleague, found.owner, names, found.made_us)
