"""An event: something that happened to a party at an instant, read by two clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from operator import attrgetter
from types import MappingProxyType

import msgspec

Scalar = str | Decimal | bool

BY_AT = attrgetter("at", "id")
MICRO = Decimal("0.000001")
NUMBER_LIMIT = Decimal(10) ** 18
NO_PROPERTIES: Mapping[str, Scalar] = MappingProxyType({})
# Fields of the event itself; a name in a condition means these first and a property otherwise.
EVENT_FIELDS = ("channel", "direction", "actor", "counterpart")


class Event(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What happened to one party.

    `at`: when it happened, `seen`: when it could be known, both UTC microseconds; `id`: unique in the log.
    `properties` hold only text, exact numbers (see `number`) and flags; null and nested values are left out, so that
    a missing property and a null one are the same. `direction` is "in", "out" or None; `mass` marks one of many alike;
    `zone` is the IANA zone the event states for its party.
    """

    party: str
    name: str
    at: int
    id: str
    seen: int
    properties: Mapping[str, Scalar] = NO_PROPERTIES
    channel: str | None = None
    direction: str | None = None
    actor: str | None = None
    counterpart: str | None = None
    mass: bool = False
    body: str | None = None
    zone: str | None = None

    def field(self, name: str) -> Scalar | None:
        """The value a condition sees under `name`: the event's own field, else the property, else None (unknown)."""
        if name in EVENT_FIELDS:
            value: Scalar | None = getattr(self, name)
            return value
        return self.properties.get(name)

    @property
    def contact(self) -> bool:
        """Whether party and business were in contact: it has a direction and is not one of many alike."""
        return self.direction is not None and not self.mass


def number(value: int | float | str | Decimal) -> Decimal | None:
    """A number as the language counts it: exact, 6 decimal places (half to even), magnitude below 10^18; else None.

    >>> number(0.1) + number(0.2)
    Decimal('0.300000')
    >>> number("1e40") is None, number(float("nan")) is None
    (True, True)
    >>> number("999999999999999999.9999999") is None
    True
    >>> number(-0.0)  # nought has no sign: as a value it is one with 0
    Decimal('0.000000')
    """
    try:
        exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if not exact.is_finite() or abs(exact) >= NUMBER_LIMIT:
            return None
        rounded = exact.quantize(MICRO, rounding=ROUND_HALF_EVEN)
        if abs(rounded) >= NUMBER_LIMIT:  # rounding went up to it
            return None
        return rounded if rounded else abs(rounded)
    except InvalidOperation:
        return None


def scalar(value: object) -> Scalar | None:
    """A property's value as the language sees it: text, flag or exact number; anything else is missing."""
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float, Decimal)):
        return number(value)
    return None


def in_order(events: Iterable[Event], as_of: int | None = None) -> list[Event]:
    """The log as it could be read at `as_of`: happened and seen by then, each id once, by (at, id).

    Of a repeated id the first seen counts; of those seen at once the earliest, then the first by name.
    """
    first: dict[str, Event] = {}
    for event in events:
        if as_of is not None and (event.at > as_of or event.seen > as_of):
            continue
        known = first.get(event.id)
        if known is None or (event.seen, event.at, event.name) < (known.seen, known.at, known.name):
            first[event.id] = event
    return sorted(first.values(), key=BY_AT)
