"""The events that show an occasion, kept with it as they were: the page needs no look into the log.

They are personal, so they go with the occasion when the party is erased.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any

import msgspec

from occasion.desk.parts import EventLine
from occasion.events.event import Event, Scalar

SHOWN = 5  # events kept with an occasion, the latest
FACTS = 8  # properties of each
BODY = 600  # characters of a text
BY_AT = attrgetter("at", "id")
EventsOf = Callable[[str], Iterable[Event]]  # the events of a party, under whatever identity


def shown_by(events: Iterable[Event], ids: Sequence[str]) -> list[Event]:
    """The latest of the events with these ids, in order."""
    wanted = set(ids[-SHOWN:])
    found = [event for event in events if event.id in wanted]
    return found if len(found) < 2 else sorted(found, key=BY_AT)


def kept(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The latest of some events as plain data to keep."""
    latest = sorted(events, key=BY_AT)[-SHOWN:]
    return [msgspec.to_builtins(_Kept.of(event)) for event in latest]


def lines(held: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> tuple[EventLine, ...]:
    """Kept events as lines; `names` of colleagues by id."""
    return tuple(_line(msgspec.convert(one, _Kept), names) for one in held)


def event_line(event: Event, names: Mapping[str, str]) -> EventLine:
    """An event as a line."""
    return _line(_Kept.of(event), names)


class _Kept(msgspec.Struct, omit_defaults=True):
    id: str
    at: int
    seen: int
    name: str
    channel: str | None = None
    direction: str | None = None
    actor: str | None = None
    counterpart: str | None = None
    mass: bool = False
    body: str = ""
    facts: list[tuple[str, str]] = msgspec.field(default_factory=list)

    @classmethod
    def of(cls, event: Event) -> _Kept:
        facts = [(key, shown(value)) for key, value in list(event.properties.items())[:FACTS]]
        body = event.body or ""
        return cls(
            event.id, event.at, event.seen, event.name, event.channel, event.direction, event.actor,
            event.counterpart, event.mass, body if len(body) <= BODY else body[: BODY - 1] + "…", facts,
        )  # fmt: skip


def _line(one: _Kept, names: Mapping[str, str]) -> EventLine:
    actor = None if one.actor is None else names.get(one.actor, one.actor)
    return EventLine(
        one.id, one.at, one.seen, one.name, one.channel, one.direction, actor, one.counterpart, one.body,
        tuple((key, value) for key, value in one.facts), one.mass,
    )  # fmt: skip


def shown(value: Scalar) -> str:
    """A property's value as text.

    >>> shown(Decimal("3.500000")), shown(True), shown("x")
    ('3.5', 'yes', 'x')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value
