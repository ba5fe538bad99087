"""The log as it is read: what segments hold and the tail, each party under the identity that merges lead to."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from msgspec.structs import replace
from sqlalchemy import Engine

from occasion.events.event import Event
from occasion.store.arrived import Group
from occasion.store.history import History
from occasion.store.merged import Identities, identities
from occasion.store.tail import Tail
from occasion.store.writer import Writer


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
        tail, known = self._now()
        found = [
            event if event.party == party else replace(event, party=party)
            for member in known.members(party)
            for event in (*self._sealed_of(member), *tail.of(member))
        ]
        return sorted(found, key=lambda event: (event.at, event.id))

    def unread(self, horizon: int, clock: int) -> list[Event]:
        """Every event of any party that happened later than the horizon or was seen later than the clock."""
        tail, known = self._now()
        found = [event for event in self._sealed_after(horizon, clock) if event.at > horizon or event.seen > clock]
        for _, _, events in tail.after(0):
            found += [event for event in events if event.at > horizon or event.seen > clock]
        return _under(found, known)

    def after(self, seq: int) -> Iterator[Group]:
        """The groups after a position, as far as the tail holds them; those that segments hold are groups no more."""
        tail, known = self._now()
        for position, clock, events in tail.after(seq):
            yield Group(position, clock, _under(events, known))

    def position(self) -> int:
        """What was committed last."""
        return self._now()[0].seq

    def canonical(self, party: str) -> str:
        """The identity that merges lead to."""
        return self._now()[1].canonical(party)

    def members(self, party: str) -> frozenset[str]:
        """All identities that are read as this canonical one, itself included."""
        return self._now()[1].members(party)

    def _now(self) -> tuple[Tail, Identities]:
        if self._writer is not None:
            return self._writer.tail, self._writer.identities
        with self._lock, self._engine.connect() as connection:
            self._own.refresh(connection)
            self._identities = identities(connection)
            return self._own, self._identities

    def _sealed_of(self, party: str) -> list[Event]:
        return [event for event in self._history.events() if event.party == party] if self._history.state().segments \
            else []  # fmt: skip

    def _sealed_after(self, horizon: int, clock: int) -> Iterator[Event]:
        if self._history.state().segments:
            yield from self._history.events()


def _under(events: list[Event], known: Identities) -> list[Event]:
    if not known:
        return events
    root = known.moved()
    return [replace(event, party=root[event.party]) if event.party in root else event for event in events]
