"""A calendar of coming moments: an all-day entry each, under an address that only its owner knows and can revoke."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, select, update

from occasion.errors import InputError
from occasion.store.schema.out import FEED_ENTRIES, FEEDS

PRODUCT = "-//Occasion//coming moments//EN"


@dataclass(frozen=True)
class Coming:
    """A moment that comes: `key` is the same for the same moment of the same party, whenever it is expected by now."""

    key: str
    party: str
    name: str  # how colleagues call them
    moment: str
    on: date  # in the party's zone
    why: str = ""


@dataclass(frozen=True)
class Feed:
    """An address that gives a calendar: `colleague` has it, `owner` (a colleague or a team) has the moments."""

    digest: bytes
    colleague: str
    owner: str
    names: bool
    made_us: int


def feed_digest(secret: str) -> bytes:
    """What is kept of a feed's secret."""
    return hashlib.sha256(secret.encode()).digest()


def add_feed(connection: Connection, secret: str, *, colleague: str, owner: str, names: bool, now: int) -> None:
    """Keep a feed. `names`: whether its entries say who; by default nobody's name leaves the house."""
    if len(secret) < 32:
        raise InputError(f"a feed's secret of {len(secret)} characters: at least 32, drawn at random")
    row = {"digest": feed_digest(secret), "colleague": colleague, "owner": owner, "names": names}
    connection.execute(FEEDS.insert().values(**row, made_us=now, revoked_us=None))


def find_feed(connection: Connection, secret: str) -> Feed | None:
    """The feed at an address; None where there is none or it was revoked."""
    alive = (FEEDS.c.digest == feed_digest(secret)) & FEEDS.c.revoked_us.is_(None)
    row = connection.execute(select(FEEDS).where(alive)).first()
    return None if row is None else Feed(row.digest, row.colleague, row.owner, row.names, row.made_us)


def feeds_of(connection: Connection, colleague: str) -> list[Feed]:
    """The feeds of a colleague that are in force, newest first."""
    alive = (FEEDS.c.colleague == colleague) & FEEDS.c.revoked_us.is_(None)
    rows = connection.execute(select(FEEDS).where(alive).order_by(FEEDS.c.made_us.desc()))
    return [Feed(row.digest, row.colleague, row.owner, row.names, row.made_us) for row in rows]


def revoke_feeds(connection: Connection, *, now: int, digest: bytes | None = None, colleague: str | None = None) -> int:
    """End one feed, or all of a colleague's (who leaves, say); how many ended."""
    which = FEEDS.c.digest == digest if digest is not None else FEEDS.c.colleague == colleague
    ended = update(FEEDS).where(which, FEEDS.c.revoked_us.is_(None)).values(revoked_us=now)
    return int(connection.execute(ended).rowcount)


def summary(one: Coming, names: bool) -> str:
    """An entry's title."""
    return f"{one.moment}: {one.name}" if names else f"A moment comes: {one.moment}"


def note_entries(connection: Connection, feed: Feed, coming: Iterable[Coming], now: int) -> dict[str, tuple[int, int]]:
    """Remembers what the feed says: by UID its SEQUENCE, which grows when an entry changes, and when it last did."""
    known = {
        row.uid: row
        for row in connection.execute(select(FEED_ENTRIES).where(FEED_ENTRIES.c.uid.like(f"{_stem(feed)}-%")))
    }
    found: dict[str, tuple[int, int]] = {}
    for one in coming:
        uid, said = uid_of(feed, one), _said(one, feed.names)
        row = known.get(uid)
        if row is None:
            connection.execute(FEED_ENTRIES.insert().values(uid=uid, sequence=0, said=said, changed_us=now))
            found[uid] = (0, now)
        elif row.said != said:
            changed = {"sequence": row.sequence + 1, "said": said, "changed_us": now}
            connection.execute(update(FEED_ENTRIES).where(FEED_ENTRIES.c.uid == uid).values(**changed))
            found[uid] = (row.sequence + 1, now)
        else:
            found[uid] = (row.sequence, row.changed_us)
    return found


def uid_of(feed: Feed, one: Coming) -> str:
    """The same for the same moment of the same party in the same feed; tells nothing to who has not the feed."""
    return f"{_stem(feed)}-{hashlib.blake2b(one.key.encode(), key=feed.digest, digest_size=12).hexdigest()}@occasion"


def _stem(feed: Feed) -> str:
    return hashlib.sha256(feed.digest).hexdigest()[:12]


def _said(one: Coming, names: bool) -> str:
    return hashlib.sha256(f"{one.on}|{summary(one, names)}|{one.why if names else ''}".encode()).hexdigest()


def calendar(feed: Feed, coming: Sequence[Coming], noted: dict[str, tuple[int, int]], title: str) -> bytes:
    """The calendar as RFC 5545 text: VEVENTs of whole days, by date. What no longer comes is no longer in it."""
    from icalendar import Calendar, Event

    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", title)
    made.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for one in sorted(coming, key=lambda c: (c.on, c.key)):
        uid = uid_of(feed, one)
        sequence, changed = noted[uid]
        stamp = datetime.fromtimestamp(changed // 1_000_000, UTC)
        entry = Event()
        entry.add("uid", uid)
        entry.add("sequence", sequence)
        entry.add("dtstamp", stamp)
        entry.add("last-modified", stamp)
        entry.add("dtstart", one.on)
        entry.add("dtend", one.on + timedelta(days=1))
        entry.add("summary", summary(one, feed.names))
        if feed.names and one.why:
            entry.add("description", one.why)
        entry.add("transp", "TRANSPARENT")
        entry.add("class", "PRIVATE")
        made.add_component(entry)
    return bytes(made.to_ical())
