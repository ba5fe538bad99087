"""The fields of an item: ids, times, properties. One that cannot be used raises Unfit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from occasion.errors import InputError
from occasion.events.convert import DIRECTIONS
from occasion.events.event import Event, Scalar, number, scalar
from occasion.events.times import LIMITS, PER_SECOND

Id = str | int | float | None
LONGEST = 512  # characters of an id or a name: what every database can index
NOT_BLANK = r"[^\s\x1c-\x1f\x85]|\ufeff"  # as a schema's pattern: what is not empty once stripped
AHEAD_US = 86_400_000_000  # how far ahead of the clock an event may lie
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999  # years 1 to 9999
KNOWN = frozenset(("channel", "direction", "actor", "counterpart", "mass", "body", "text"))


class Unfit(InputError):
    """An item cannot be used; says which field, its value and the reason, in one line."""

    def __init__(self, field: str, value: object, reason: str) -> None:
        shown = value if isinstance(value, str) else "" if value is None else repr(value)
        self.field = field
        self.value = shown[:200]
        self.reason = f"{field} {shown[:60]!r}: {reason}" if shown else f"{field}: {reason}"
        super().__init__(self.reason)


def text_id(value: object, field: str) -> str | None:
    """An id as text: whole numbers without a point; null and empty are absent."""
    if type(value) is str:
        found = value.strip()
    elif value is None:
        return None
    elif isinstance(value, float) and value.is_integer():
        found = str(int(value))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found = str(value)
    else:
        raise Unfit(field, value, "is neither text nor a number; send one of them")
    if len(found) > LONGEST:
        raise Unfit(field, found, f"has {len(found):,} characters, at most {LONGEST} are kept; send a shorter one")
    return found or None


def micros(value: object, field: str) -> int:
    """A time as UTC microseconds: ISO 8601 (UTC where no offset is stated), or unix time in s, ms, us or ns."""
    if isinstance(value, str):
        try:
            return _iso(value)
        except (ValueError, OverflowError):
            raise Unfit(field, value, "is no time; send ISO 8601 such as 2026-11-21T22:19:03.346Z") from None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e19:
        unit = next(unit for unit, most in LIMITS if abs(value) < most)
        found = value * 1_000_000 // PER_SECOND[unit]
        if FIRST_US <= found <= LAST_US:
            return int(found)
    raise Unfit(field, value, "is no time; send ISO 8601 such as 2026-11-21T22:19:03.346Z")


def _iso(text: str) -> int:
    if not 8 <= len(text) <= 64:
        raise ValueError(text)
    found = dt.datetime.fromisoformat(text.strip())
    since = (found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def shift_of(sent: object, received: int) -> int:
    """How far the client's clock is behind ours, microseconds; 0 where `sent` is no time."""
    if sent is None:
        return 0
    try:
        return received - micros(sent, "sentAt")
    except Unfit:
        return 0


def when(original: object, shift: int, received: int, field: str = "timestamp") -> int:
    """When it happened by our clock: received − (sent − original); without an original, when it was received.

    More than 24 h ahead of the clock is Unfit, and so is a year outside 1 to 9999.
    """
    if original is None or original == "":
        return received
    at = micros(original, field) + shift
    if at > received + AHEAD_US:
        raise Unfit(field, original, "is more than 24 hours ahead of the clock; send it once it has happened")
    if at < FIRST_US:
        raise Unfit(field, original, "is before the year 1; check the clock of the sender")
    return at


def properties_of(given: Mapping[str, Any]) -> dict[str, Scalar]:
    """What conditions can see: text, flags and exact numbers; an object's own entries as `name.entry`.

    Null, lists, deeper objects and numbers the language does not have are left out.
    """
    found: dict[str, Scalar] = {}
    for name, value in given.items():
        kind = type(value)
        if kind is str or kind is bool:
            found[name] = value
        elif kind is int or kind is float:
            exact = _whole(value) if kind is int else number(value)
            if exact is not None:
                found[name] = exact
        elif kind is dict:
            for inner, entry in value.items():
                plain = scalar(entry)
                if plain is not None:
                    found[f"{name}.{inner}"] = plain
    return found


_whole = lru_cache(maxsize=4096)(number)  # small counts come again and again


def make_event(
    event_id: str, party: str, name: str, *, at: int, seen: int, given: Mapping[str, Any], zone: str | None
) -> Event:
    """The event of an item; properties that name a field of the event become that field."""
    properties = properties_of(given)
    if KNOWN.isdisjoint(properties):
        return Event(party=party, name=name, at=at, id=event_id, seen=seen, properties=properties, zone=zone)
    fields = _known(properties, given)
    return Event(party=party, name=name, at=at, id=event_id, seen=seen, properties=properties, zone=zone, **fields)


def _known(properties: dict[str, Scalar], given: Mapping[str, Any]) -> dict[str, Any]:
    """Takes the event's own fields out of its properties; what does not fit stays a property."""
    fields: dict[str, Any] = {}
    for name in ("channel", "actor", "counterpart"):
        value = given.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            text = text_id(value, name)
            properties.pop(name, None)
            if text:
                fields[name] = text
    direction = given.get("direction")
    if isinstance(direction, str) and direction.strip().lower() in DIRECTIONS:
        fields["direction"] = DIRECTIONS[direction.strip().lower()]
        del properties["direction"]
    if isinstance(given.get("mass"), bool):
        fields["mass"] = properties.pop("mass")
    for name in ("body", "text"):
        if isinstance(given.get(name), str) and "body" not in fields:
            fields["body"] = properties.pop(name)
    return fields


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_of(value: object) -> str | None:
    """The IANA zone that a context names, else None."""
    return value if isinstance(value, str) and value in _zones() else None
