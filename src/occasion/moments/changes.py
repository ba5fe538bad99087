"""What the watcher reads from and what it says: the log of events, and changes of what is true."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

import msgspec

from occasion.events.event import Event, Scalar
from occasion.moments.meaning import Occurrence, tagged

Key = tuple[str, str, tuple[str, str], int]  # party, identity of the moment, value of `per`, at


class Log(Protocol):
    """Where events are kept before they are watched; each id once."""

    def of(self, party: str) -> Iterable[Event]:
        """Every event of a party, in any order."""

    def unread(self, horizon: int, clock: int) -> Iterable[Event]:
        """Every event of any party that happened later than the horizon or was seen later than the clock."""


class MemoryLog:
    """A log in memory."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}
        self.parties: dict[str, list[Event]] = {}

    def add(self, events: Iterable[Event]) -> list[Event]:
        """Keeps them; those that are new by their id, which alone are to be watched."""
        new = []
        for event in events:
            if self.events.setdefault(event.id, event) is event:
                new.append(event)
                self.parties.setdefault(event.party, []).append(event)
        return new

    def of(self, party: str) -> Iterable[Event]:
        return self.parties.get(party, ())

    def unread(self, horizon: int, clock: int) -> Iterable[Event]:
        return [event for event in self.events.values() if event.at > horizon or event.seen > clock]


class Change(msgspec.Struct, frozen=True, gc=False):
    """What became true or ceased to be: an occurrence of the moment (its identity), `when` that was noticed (by the
    clock), and for what is not simply reached the `reason`.
    """

    kind: Literal["reached", "corrected", "retracted", "stands"]
    moment: str
    party: str
    per: Scalar | None
    at: int
    known_at: int
    evidence: tuple[str, ...]
    when: int
    reason: str = ""

    @property
    def occurrence(self) -> Occurrence:
        """The occurrence as the law says it."""
        return Occurrence(self.party, self.per, self.at, self.known_at, self.evidence)

    @property
    def key(self) -> Key:
        """What it is about: two changes of one occurrence have the same key."""
        return self.party, self.moment, tagged(self.per), self.at


def difference(
    before: dict[Key, Change], after: dict[Key, Change], reason: str, when: int, acted: set[Key]
) -> list[Change]:
    """What changed between two readings: what is gone (it stands if a person acted on it), what is new, and what rests
    on other events than before.
    """
    changes: list[Change] = []
    for key, old in before.items():
        if key not in after:
            kind: Literal["stands", "retracted"] = "stands" if key in acted else "retracted"
            changes.append(msgspec.structs.replace(old, kind=kind, when=when, reason=reason))
    for key, new in after.items():
        if key not in before:
            changes.append(new)
        elif before[key].occurrence != new.occurrence:
            changes.append(msgspec.structs.replace(new, kind="corrected", reason=reason))
    return changes
