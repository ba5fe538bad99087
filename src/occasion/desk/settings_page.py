"""Settings: who is here, keys of machines, calendar feeds, webhooks; each viewer sees what is theirs to see."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, func, select

from occasion.desk.owners import House, read_house
from occasion.desk.pages_house import (
    ChannelLine,
    ColleagueLine,
    FeedLine,
    HookLine,
    KeyLine,
    LeavingPlan,
    Notified,
    SettingsPage,
)
from occasion.desk.viewer import Looks
from occasion.moments.catalogue import Catalogue
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.doors import COLLEAGUES, KEYS, TEAMS
from occasion.store.schema.out import FEEDS, WEBHOOKS
from occasion.store.schema.people import PARTIES

ON_DESK = ("open", "taken", "held")
MORNING = "07:30"  # when the morning's digest goes out, where a colleague has said nothing


def settings_page(
    connection: Connection,
    viewer: Looks,
    *,
    now: int,
    zone: str,
    catalogue: Catalogue,
    leaving: LeavingPlan | None = None,
) -> SettingsPage:
    """The page for a viewer. Keys and webhooks are an admin's, colleagues a lead's, feeds everybody's own."""
    house = read_house(connection, now)
    admin, lead = viewer.role == "admin", viewer.role in ("admin", "manager")
    return SettingsPage(
        now,
        viewer.zone or zone,
        zone,
        _colleagues(connection, catalogue) if lead else (),
        tuple(sorted(house.teams.items())) if lead else (),
        _keys(connection, house, now) if admin else (),
        _feeds(connection, house, viewer),
        _hooks(connection) if admin else (),
        leaving,
        ("own", *(("colleagues", "keys", "hooks") if admin else ())),
        _notified(connection, viewer),
    )


def channel_digest(address: str) -> str:
    """What a channel is removed by, on a page that does not show it."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]


def _kinds(notify: Any) -> tuple[str, ...]:
    """The kinds of a colleague's channels, never their addresses."""
    said = notify.get("addresses", ()) if isinstance(notify, dict) else ()
    return tuple(sorted({str(one).partition("://")[0] for one in said}))


def _notified(connection: Connection, viewer: Looks) -> Notified | None:
    row = connection.execute(select(COLLEAGUES.c.notify).where(COLLEAGUES.c.id == viewer.id)).first()
    if row is None:
        return None
    said = row.notify if isinstance(row.notify, dict) else {}
    channels = tuple(
        ChannelLine(str(one).partition("://")[0], channel_digest(str(one))) for one in said.get("addresses", ())
    )
    return Notified(channels, bool(said.get("at_once", True)), str(said.get("morning", MORNING)))


def _colleagues(connection: Connection, catalogue: Catalogue) -> tuple[ColleagueLine, ...]:
    teams: dict[str, list[str]] = {}
    for team, colleague in connection.execute(select(TEAMS.c.team, TEAMS.c.colleague).order_by(TEAMS.c.team)):
        teams.setdefault(colleague, []).append(team)
    bonds = {
        row[0]: row[1] for row in connection.execute(select(PARTIES.c.owner, func.count()).group_by(PARTIES.c.owner))
    }
    waiting = select(OCCASIONS.c.owner, func.count()).where(OCCASIONS.c.state.in_(ON_DESK))
    work = {row[0]: row[1] for row in connection.execute(waiting.group_by(OCCASIONS.c.owner))}
    rows = connection.execute(select(COLLEAGUES).order_by(COLLEAGUES.c.left_us.is_not(None), COLLEAGUES.c.name)).all()
    return tuple(
        ColleagueLine(
            row.id,
            row.name,
            row.email or "",
            row.role,
            tuple(teams.get(row.id, ())),
            row.capacity,
            tuple(one.name for one in catalogue.moments if one.owner == row.id),
            bonds.get(row.id, 0),
            work.get(row.id, 0),
            row.joined_us,
            row.left_us,
            _kinds(row.notify),
        )
        for row in rows
    )


def _keys(connection: Connection, house: House, now: int) -> tuple[KeyLine, ...]:
    rows = connection.execute(select(KEYS).order_by(KEYS.c.made_us.desc(), KEYS.c.name)).all()
    return tuple(
        KeyLine(
            row.name,
            row.source,
            row.shown,
            row.may,
            row.made_us,
            house.name(row.made_by),
            row.ends_us,
            row.used_us,
            "in use" if row.ends_us is None else "ending" if row.ends_us > now else "ended",
        )
        for row in rows
    )


def _feeds(connection: Connection, house: House, viewer: Looks) -> tuple[FeedLine, ...]:
    rows = connection.execute(
        select(FEEDS).where(FEEDS.c.colleague == viewer.id).order_by(FEEDS.c.made_us.desc())
    ).all()
    return tuple(
        FeedLine(row.owner, house.name(row.owner), row.names, row.made_us, row.revoked_us, bytes(row.digest).hex())
        for row in rows
    )


def _hooks(connection: Connection) -> tuple[HookLine, ...]:
    rows = connection.execute(select(WEBHOOKS).order_by(WEBHOOKS.c.number.desc())).all()
    return tuple(
        HookLine(
            row.number,
            urlsplit(row.url).hostname or "",
            tuple(row.kinds),
            row.made_us,
            row.disabled_us,
            row.why_disabled or "",
        )
        for row in rows
    )
