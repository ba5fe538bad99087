"""Events of one group packed into bytes, column by column: quick to write, and quick to make an Arrow table of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import repeat
from typing import Any, TypeVar

import msgspec

from occasion.events.event import NO_PROPERTIES, Event, Scalar

T = TypeVar("T")


class Packed(msgspec.Struct, array_like=True, gc=False):
    """A value an event in each list, in the order of arrival; a column without any value is None.

    Numbers lie apart from texts and flags, since a text and an exact number are written alike.
    """

    party: list[str]
    name: list[str]
    at: list[int]
    seen: list[int]
    id: list[str]
    texts: list[dict[str, str | bool]] | None = None
    numbers: list[dict[str, Decimal] | None] | None = None
    channel: list[str | None] | None = None
    direction: list[str | None] | None = None
    actor: list[str | None] | None = None
    counterpart: list[str | None] | None = None
    mass: list[bool] | None = None
    body: list[str | None] | None = None
    zone: list[str | None] | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Packed).decode


def pack(events: Sequence[Event]) -> bytes:
    """The events as bytes."""
    texts, numbers = _properties([event.properties for event in events])
    return _encode(
        Packed(
            party=[event.party for event in events],
            name=[event.name for event in events],
            at=[event.at for event in events],
            seen=[event.seen for event in events],
            id=[event.id for event in events],
            texts=texts,
            numbers=numbers,
            channel=_column([event.channel for event in events]),
            direction=_column([event.direction for event in events]),
            actor=_column([event.actor for event in events]),
            counterpart=_column([event.counterpart for event in events]),
            mass=_column([event.mass for event in events]),
            body=_column([event.body for event in events]),
            zone=_column([event.zone for event in events]),
        )
    )


def unpack(packed: bytes) -> list[Event]:
    """What `pack` packed."""
    columns = _decode(packed)
    n = len(columns.party)
    same = columns.party, columns.name, columns.at, columns.seen, columns.id, _joined(columns, n)
    rare = (
        columns.channel, columns.direction, columns.actor, columns.counterpart, columns.mass, columns.body,
        columns.zone,
    )  # fmt: skip
    if not any(rare):  # most groups: half the time
        return [
            Event(party=party, name=name, at=at, seen=seen, id=id_, properties=properties)
            for party, name, at, seen, id_, properties in zip(*same, strict=True)
        ]
    return [
        Event(
            party=party, name=name, at=at, seen=seen, id=id_, properties=properties, channel=channel,
            direction=direction, actor=actor, counterpart=counterpart, mass=mass or False, body=body, zone=zone,
        )
        for party, name, at, seen, id_, properties, channel, direction, actor, counterpart, mass, body, zone in zip(
            *same, *(column or repeat(None, n) for column in rare), strict=True
        )
    ]  # fmt: skip


def columns_of(packed: bytes) -> Packed:
    """The columns as they lie."""
    return _decode(packed)


def _column(values: list[T]) -> list[T] | None:
    return values if any(values) else None


def _properties(
    given: list[Mapping[str, Scalar]],
) -> tuple[list[dict[str, str | bool]] | None, list[dict[str, Decimal] | None] | None]:
    if not any(given):
        return None, None
    numbers: list[dict[str, Decimal] | None] = []
    texts: list[Any] = []
    for properties in given:
        exact = {key: value for key, value in properties.items() if value.__class__ is Decimal}
        if exact:
            numbers.append(exact)
            texts.append({key: value for key, value in properties.items() if key not in exact})
        else:
            numbers.append(None)
            texts.append(properties if properties.__class__ is dict else dict(properties))
    return _column(texts), _column(numbers)


def _joined(columns: Packed, n: int) -> list[Mapping[str, Scalar]]:
    if columns.texts is None and columns.numbers is None:
        return [NO_PROPERTIES] * n
    texts: Sequence[Mapping[str, Scalar]] = columns.texts or [NO_PROPERTIES] * n
    if columns.numbers is None:
        return list(texts)
    return [{**text, **exact} if exact else text for text, exact in zip(texts, columns.numbers, strict=True)]
