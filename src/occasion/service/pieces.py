"""How much of the log is read in one step: small groups together, and of all of it some parties at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from occasion.events.event import Event
from occasion.store.arrived import Group

EVENTS_AT_ONCE = 1_000  # read in one step


def together(groups: Iterable[Group]) -> Iterator[Group]:
    """Small groups that follow each other as one with the last one's position and clock: what comes late is read again
    once for all of them.
    """
    some: list[Group] = []
    events = 0
    for group in groups:
        if some and events + len(group.events) > EVENTS_AT_ONCE:
            yield _joined(some)
            some, events = [], 0
        some.append(group)
        events += len(group.events)
    if some:
        yield _joined(some)


def _joined(groups: list[Group]) -> Group:
    events = [event for group in groups for event in group.events]
    return Group(groups[-1].seq, groups[-1].clock, events, tuple({p: None for g in groups for p in g.changed}))


def pieces(parties: Iterator[tuple[str, list[Event]]]) -> Iterator[list[tuple[str, list[Event]]]]:
    """Some parties at once, with not many more events than are to be read in one step."""
    some: list[tuple[str, list[Event]]] = []
    events = 0
    for one in parties:
        some.append(one)
        events += len(one[1])
        if events >= EVENTS_AT_ONCE:
            yield some
            some, events = [], 0
    if some:
        yield some


__all__ = ["EVENTS_AT_ONCE", "pieces", "together"]
