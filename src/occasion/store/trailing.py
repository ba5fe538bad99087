"""The log as a process beside the writer reads it: as far as it was last asked for, and no further.

What the writer commits meanwhile is not seen until `refresh` hands it out, so whoever follows knows exactly which
events it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import attrgetter
from typing import NamedTuple, TypeVar

from msgspec.structs import replace
from sqlalchemy import Connection, Engine, func, select

from occasion.errors import OccasionError
from occasion.events.event import Event
from occasion.store.arrived import Group
from occasion.store.history import History
from occasion.store.manifest import read_state
from occasion.store.merged import READER, Identities, identities, touched
from occasion.store.packed import columns_of, unpack
from occasion.store.positions import LOG, SEALED
from occasion.store.records import reading
from occasion.store.schema.history import LOADS
from occasion.store.schema.log import POSITIONS, TAIL
from occasion.store.segments import Segments
from occasion.store.tail import STRETCH_EVENTS, Stretch, groups_after
from occasion.store.whole_log import everybody, loaded_beside

T = TypeVar("T")
BY_AT = attrgetter("at", "id")
TRIES = 5
EVENTS_AT_ONCE = 5_000  # handed out together, unless a single group has more
GROUPS_AT_ONCE = 64


class Overtaken(OccasionError):
    """Segments took in what was not handed out yet: who follows has to begin anew."""


class _Stands(NamedTuple):
    """What tells whether anything changed."""

    log: int
    sealed: int
    merges: int
    loads: int


class TrailingLog:
    """The log of a workspace whose writer is another process (`service.watched.WatchedLog`). For one thread.

    Raises Overtaken where segments hold events that were not handed out; parties are those that merges lead to.
    """

    def __init__(self, engine: Engine, history: History) -> None:
        self._engine, self._history = engine, history
        self._stretches: list[Stretch] = [Stretch(0)]
        self._segments: Segments | None = None
        self._identities = Identities()
        self._there = _Stands(0, 0, -1, -1)
        self._seq = self.clock = 0
        with reading(engine) as connection:
            self._seq = _stands(connection).sealed
            self._stretches = [Stretch(self._seq)]
            self._take(connection)
        while self.refresh() is not None:
            pass

    def refresh(self) -> Group | None:
        """What was committed since, some groups as one with the last one's position and clock; None: nothing was."""
        with reading(self._engine) as connection:
            before = self._identities
            self._take(connection)
            changed = touched(before, self._identities) if before is not self._identities else ()
            events = self._read_on(connection) if self._there.log > self._seq else None
        if events is None and not changed:
            return None
        return Group(self._seq, self.clock, self._under(events or []), changed)

    def renew(self) -> None:
        """Somebody was erased: nothing that was known of the segments holds."""
        with reading(self._engine) as connection:
            self._segments = None
            self._there = self._there._replace(loads=-1)
            self._take(connection)

    def _take(self, connection: Connection) -> None:
        """Segments and merges as they are now."""
        now, before = _stands(connection), self._there
        if now.merges != before.merges:
            self._identities = identities(connection)
        if (now.sealed, now.loads) != (before.sealed, before.loads):
            if now.sealed > self._seq:
                raise Overtaken(f"segments hold the log up to {now.sealed}, and it was followed up to {self._seq}")
            self._segments = Segments(self._history.folder, read_state(connection), self._segments)
            self._drop(now.sealed)
        self._there = now

    def _read_on(self, connection: Connection) -> list[Event]:
        query = select(TAIL.c.seq, TAIL.c.clock_us, TAIL.c.events).where(TAIL.c.seq > self._seq)
        found: list[Event] = []
        for seq, clock, packed in connection.execute(query.order_by(TAIL.c.seq).limit(GROUPS_AT_ONCE)).all():
            events = unpack(bytes(packed))
            if found and len(found) + len(events) > EVENTS_AT_ONCE:
                break
            if self._stretches[-1].rows >= STRETCH_EVENTS:
                self._stretches.append(Stretch(self._seq))
            self._stretches[-1].add(seq, clock, (), events)
            self._seq, self.clock = seq, max(self.clock, clock)
            found += events
        return found

    def _drop(self, sealed: int) -> None:
        """Forget what segments hold now; a stretch of which they hold a part is made anew."""
        kept = [one for one in self._stretches if one.seq > sealed] or [Stretch(sealed)]
        if kept[0].after < sealed:
            rest = Stretch(sealed)
            for seq, clock, events in groups_after(kept[:1], sealed):
                rest.add(seq, clock, (), events)
            kept[0] = rest
        self._stretches = kept

    # as the watcher reads it

    def of(self, party: str) -> list[Event]:
        """Every event of a party, by (at, id); none for an identity that is read as another."""

        def read() -> list[Event]:
            return [event for member in self._identities.members(party) for event in self._of(member)]

        under = [event if event.party == party else replace(event, party=party) for event in self._again(read)]
        return sorted(under, key=BY_AT)

    def recent(self, party: str) -> list[Event]:
        """Those that no segment holds yet."""
        found: list[Event] = []
        for member in self._identities.members(party):
            for stretch in self._stretches:
                found += stretch.of(member)
        return found

    def unread(self, horizon: int, clock: int) -> Iterable[Event]:
        """Every event that happened later than the horizon or was seen later than the clock."""

        def read() -> list[Event]:
            found = list(self._segments.after(horizon, clock)) if self._segments is not None else []
            for _, _, events in groups_after(self._stretches, 0):
                found += [event for event in events if event.at > horizon or event.seen > clock]
            return self._under(found)

        return self._again(read)

    def after(self, seq: int) -> Iterator[Group]:
        """The groups handed out after a position that is not before `sealed`."""
        for reached, clock, events in list(groups_after(self._stretches, seq)):
            yield Group(reached, clock, self._under(events))

    def position(self) -> int:
        """What was handed out last."""
        return self._seq

    def sealed(self) -> int:
        """Up to where segments hold the log."""
        return self._there.sealed

    def loads(self) -> int:
        """How often the history was loaded into beside the log."""
        with self._engine.connect() as connection:
            return loaded_beside(connection)

    def by_party(self, upto: int) -> Iterator[tuple[str, list[Event]]]:
        """Every party with its events up to a position, each party once, always in the same order of files."""
        with self._history.beside() as history:
            parties = everybody(history)
            first = next(parties, None)  # from here on it is known what is read
            if first is None:
                return
            later = self._ids_after(upto)
            for party, events in chain([first], parties):
                kept = [event for event in events if event.id not in later] if later else events
                if kept:
                    yield party, kept

    def _ids_after(self, seq: int) -> set[str]:
        query = select(TAIL.c.events).where(TAIL.c.seq > seq)
        with reading(self._engine) as connection:
            return {id_ for packed in connection.execute(query).scalars() for id_ in columns_of(bytes(packed)).id}

    def _of(self, member: str) -> list[Event]:
        found = self._segments.of(member) if self._segments is not None else []
        for stretch in self._stretches:
            found += stretch.of(member)
        return found

    def _again(self, read: Callable[[], T]) -> T:
        """Read, once more where files were replaced meanwhile."""
        for _ in range(TRIES):
            try:
                return read()
            except FileNotFoundError:
                with reading(self._engine) as connection:
                    now = self._identities
                    self._take(connection)
                    self._there = self._there._replace(merges=now.version)
                    self._identities = now  # who is whom is handed out by `refresh`
        return read()

    def _under(self, events: list[Event]) -> list[Event]:
        if not self._identities:
            return events
        root = self._identities.moved()
        return [replace(event, party=root[event.party]) if event.party in root else event for event in events]


def _stands(connection: Connection) -> _Stands:
    rows = connection.execute(select(POSITIONS.c.reader, POSITIONS.c.seq))
    at: dict[str, int] = {reader: seq for reader, seq in rows}
    loads = connection.execute(select(func.max(LOADS.c.number))).scalar() or 0
    return _Stands(at.get(LOG, 0), at.get(SEALED, 0), at.get(READER, 0), loads)


__all__ = ["Overtaken", "TrailingLog"]
