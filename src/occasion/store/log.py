"""The log as it is read: what segments hold and the tail, each party under the identity that merges lead to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import Lock
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Engine

from occasion.events.event import Event
from occasion.store.arrived import Group
from occasion.store.history import History
from occasion.store.manifest import read_state
from occasion.store.merged import READER, Identities, identities
from occasion.store.positions import position
from occasion.store.records import reading
from occasion.store.segments import Segments
from occasion.store.tail import Stretch, Tail, groups_after
from occasion.store.writer import Writer

TRIES = 5


class Log:
    """Reads only; any number of threads may.

    With a `writer` it knows what that knows, without asking the database; without one (a command beside the server, or
    none running) it asks at every reading what is new.
    """

    def __init__(self, engine: Engine, history: History, writer: Writer | None = None) -> None:
        self._engine, self._history, self._writer = engine, history, writer
        self._own = Tail()
        self._identities = Identities()
        self._lock = Lock()

    def of(self, party: str) -> list[Event]:
        """Every event of a party, all its identities together and under this one, by (at, id).

        None of a party that is read as another: ask for `canonical(party)`.
        """
        found = self._read(lambda now: [e for member in now.known.members(party) for e in now.of(member)])
        under = [event if event.party == party else replace(event, party=party) for event in found]
        return sorted(under, key=lambda event: (event.at, event.id))

    def of_some(self, parties: Iterable[str]) -> dict[str, list[Event]]:
        """As `of`, for several canonical parties at once: each file of the history is read at most once."""
        asked = list(dict.fromkeys(parties))

        def read(now: _Now) -> list[Event]:
            members = {member for party in asked for member in now.known.members(party)}
            sealed = now.segments.of_some(members) if now.segments is not None else {}
            found = [event for some in sealed.values() for event in some]
            for stretch in now.stretches:
                found += [event for member in members for event in stretch.of(member)]
            return _under(found, now.known)

        held: dict[str, list[Event]] = {party: [] for party in asked}
        for event in self._read(read):
            held[event.party].append(event)
        return {party: sorted(some, key=lambda event: (event.at, event.id)) for party, some in held.items()}

    def unread(self, horizon: int, clock: int) -> list[Event]:
        """Every event of any party that happened later than the horizon or was seen later than the clock."""

        def read(now: _Now) -> list[Event]:
            found = list(now.segments.after(horizon, clock)) if now.segments is not None else []
            for _, _, events in groups_after(now.stretches, 0):
                found += [event for event in events if event.at > horizon or event.seen > clock]
            return _under(found, now.known)

        return self._read(read)

    def after(self, seq: int) -> Iterator[Group]:
        """The groups after a position, as far as the tail holds them; those that segments hold are groups no more."""
        now = self._now()
        for reached, clock, events in groups_after(now.stretches, seq):
            yield Group(reached, clock, _under(events, now.known))

    def position(self) -> int:
        """What was committed last."""
        return self._now().seq

    def canonical(self, party: str) -> str:
        """The identity that merges lead to."""
        return self._now().known.canonical(party)

    def members(self, party: str) -> frozenset[str]:
        """All identities that are read as this canonical one, itself included."""
        return self._now().known.members(party)

    def _read(self, read: Callable[[_Now], list[Event]]) -> list[Event]:
        for _ in range(TRIES):
            with suppress(FileNotFoundError):  # sealed anew meanwhile
                return read(self._now())
        return read(self._now())

    def _now(self) -> _Now:
        if self._writer is not None:
            return _Now(*self._writer.tail.held, self._writer.identities, self._writer.tail.seq)
        with self._lock, reading(self._engine) as connection:
            self._own.refresh(connection)
            state = read_state(connection)
            known = self._own.held[0]
            if known is None or known.state != state:
                self._own.held = (Segments(self._history.folder, state, known), self._own.stretches)
            if position(connection, READER).seq != self._identities.version:
                self._identities = identities(connection)
            return _Now(*self._own.held, self._identities, self._own.seq)


class _Now(NamedTuple):
    """What there is at one instant."""

    segments: Segments | None
    stretches: tuple[Stretch, ...]
    known: Identities
    seq: int

    def of(self, party: str) -> list[Event]:
        """The events of one identity as they came."""
        found = self.segments.of(party) if self.segments is not None else []
        for stretch in self.stretches:
            found += stretch.of(party)
        return found


def _under(events: list[Event], known: Identities) -> list[Event]:
    if not known:
        return events
    root = known.moved()
    return [replace(event, party=root[event.party]) if event.party in root else event for event in events]
