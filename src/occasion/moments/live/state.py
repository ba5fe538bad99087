"""What the live reading passes around: the instant, what is found at it, and evidence that stays bounded.

State is one list of slots for a definition and a party (for `per`: and a value); a slot holds None, numbers, text,
flags or lists of these, so that it can be written as JSON. Only the key of an event, a pair (at, id), is a
tuple; `revived` makes it one again after reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from occasion.events.event import Event
from occasion.moments import calendar
from occasion.moments.definition import Period
from occasion.moments.meaning import EVIDENCE_LIMIT

Key = tuple[int, str]
Evidence = Sequence[Key]
Found = tuple[int, Evidence, Event | None]  # known since, shown by, and the event itself where a selection found it
State = list[Any]
NOTHING: Sequence[Found] = ()
PLAIN = frozenset({int, str, bool, type(None)})  # read as they are written
LONG_AGO = -(1 << 62)  # earlier than every instant: known since before anything


@dataclass(slots=True)
class Instant:
    """One closed instant of a party: its events in order of id, and what is the party's whatever a pattern sees.

    `zone`: in force, this instant's events included. `start`: the party's first event, at its own instant only.
    `place`: where the party is, [stage, in it since, its last entry known since]. `came`: what shows that it entered
    another stage than it was in, at that instant only.
    """

    at: int
    events: Sequence[Event]
    zone: str
    start: Found | None = None
    place: State | None = None
    came: Found | None = None

    def plus(self, period: Period | None) -> int:
        """The instant a period after this one, in the zone in force."""
        return calendar.add(self.at, period, self.zone)


def merged(*shown: Evidence) -> Evidence:
    """The latest keys of all, each once, in order."""
    if len(shown) == 1:
        return shown[0]
    return tuple(sorted({key for evidence in shown for key in evidence})[-EVIDENCE_LIMIT:])


def united(found: Sequence[Found]) -> Found:
    """Points of one instant as one: known as early as any, shown by all."""
    if len(found) == 1:
        return found[0]
    return min(one[0] for one in found), merged(*(one[1] for one in found)), None


def resting(*used: tuple[int, Evidence]) -> Found:
    """A point that rests on all of `used`, each (known, evidence)."""
    return max(known for known, _ in used), merged(*(evidence for _, evidence in used)), None


def copied(state: Any) -> Any:
    """A deep copy of a slot's value; what is in a tuple is never changed."""
    if state.__class__ is list:
        return [item if item.__class__ in PLAIN else copied(item) for item in state]
    return {key: copied(value) for key, value in state.items()} if state.__class__ is dict else state


def written(state: Any) -> Any:
    """A slot's value as plain data: whole numbers beyond 63 bits (sums may be) as {"whole": text}."""
    if isinstance(state, (list, tuple)):
        return [written(item) for item in state]
    if isinstance(state, dict):
        return {key: written(value) for key, value in state.items()}
    if isinstance(state, int) and not -(1 << 63) <= state < 1 << 63:
        return {"whole": str(state)}
    return state


def revived(plain: Any) -> Any:
    """A slot's value as it was before it was written."""
    kind = plain.__class__
    if kind is list or kind is tuple:
        if len(plain) == 2 and plain[1].__class__ is str and plain[0].__class__ is int:
            return (plain[0], plain[1])
        return [item if item.__class__ in PLAIN else revived(item) for item in plain]
    if kind is dict:
        return int(plain["whole"]) if "whole" in plain else {key: revived(value) for key, value in plain.items()}
    return plain


def trimmed(keys: Iterable[Key]) -> list[Key]:
    """The latest keys as a list that may grow."""
    return list(keys)[-EVIDENCE_LIMIT:]
