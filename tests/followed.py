"""A log and a writer in memory for a follower: groups, effects in the next transaction, crashes, clean stops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from sqlalchemy import Engine

from occasion.events.event import Event
from occasion.service.watching import Following, OnChanges
from occasion.store.arrived import Effects, Group
from occasion.store.merged import Identities, merge, touched, undo
from occasion.store.positions import WATCH, advance
from occasion.store.workspace import Workspace


class GroupLog:
    """What was committed, in groups."""

    def __init__(self) -> None:
        self.groups: list[tuple[int, int, list[Event]]] = []
        self.ids: set[str] = set()
        self.identities = Identities()

    def loads(self) -> int:
        return 0

    def sealed(self) -> int:
        return 0

    def position(self) -> int:
        return self.groups[-1][0] if self.groups else 0

    def add(self, events: Iterable[Event], clock: int) -> Group:
        new = []
        for event in events:
            if event.id not in self.ids:
                self.ids.add(event.id)
                new.append(event)
        seq = self.position() + len(new)
        if new:
            self.groups.append((seq, clock, new))
        return Group(seq, clock, [self._read(event) for event in new])

    def _read(self, event: Event) -> Event:
        return msgspec.structs.replace(event, party=self.identities.canonical(event.party))

    def events(self) -> Iterator[Event]:
        for _, _, events in self.groups:
            yield from map(self._read, events)

    def of(self, party: str) -> list[Event]:
        return [event for event in self.events() if event.party == party]

    def unread(self, horizon: int, clock: int) -> list[Event]:
        return [event for event in self.events() if event.at > horizon or event.seen > clock]

    def after(self, seq: int) -> Iterator[Group]:
        for at, clock, events in self.groups:
            if at > seq:
                yield Group(at, clock, [self._read(event) for event in events])

    def by_party(self, upto: int | None = None) -> Iterator[tuple[str, list[Event]]]:
        events = [self._read(e) for seq, _, some in self.groups if upto is None or seq <= upto for e in some]
        for party in sorted({event.party for event in events}):
            yield party, [event for event in events if event.party == party]

    def members(self, party: str) -> Iterable[str]:
        return self.identities.members(party)


class Server:
    """A writer and its follower, as a process that may stop or be killed."""

    def __init__(
        self, engine: Engine, log: GroupLog, folder: Path, buffer_us: int, on_changes: OnChanges | None = None
    ) -> None:
        self.engine, self.log, self.folder, self.buffer_us, self.on_changes = engine, log, folder, buffer_us, on_changes
        self.clock = 0
        self.pending: list[Effects] = []
        self.following: Following | None = None

    def start(self, clock: int) -> None:
        self.clock = max(self.clock, clock)
        place = Workspace(self.folder, "UTC")
        place.data.mkdir(exist_ok=True)
        self.following = Following(place, self.buffer_us, on_changes=self.on_changes)
        with self.engine.begin() as connection:
            self.following.start(self.log, self.clock, connection)
        self.tick()
        self.tick()

    def write(self) -> None:
        """The effects of the group before, in a transaction."""
        if self.pending and self.following is not None:
            with self.engine.begin() as connection:
                for effects in self.pending:
                    if effects.write is not None:
                        effects.write(connection)
                advance(connection, WATCH, min(self.log.position(), self.following.position), self.clock)
            for effects in self.pending:
                if effects.done is not None:
                    effects.done()
            self.pending = []

    def take(self, events: Iterable[Event], clock: int) -> None:
        """A group: committed, with the effects of the one before; then followed."""
        self.write()
        self.clock = max(self.clock, clock)
        self._follow(self.log.add(events, self.clock))

    def _follow(self, group: Group) -> None:
        assert self.following is not None
        if group.events or group.changed:
            self.pending.append(self.following.read(group))

    def tick(self, clock: int | None = None) -> None:
        assert self.following is not None
        self.write()
        self.clock = max(self.clock, clock or 0)
        effects = self.following.tick(self.clock)
        if effects is not None:
            self.pending.append(effects)
            self.write()

    def merge(self, party: str, into: str) -> int | None:
        self.write()
        before = Identities(self.log.identities.into)
        with self.engine.begin() as connection:
            number = merge(connection, party, into, now=self.clock, by="test", why="test", known=self.log.identities)
        self._follow(Group(self.log.position(), self.clock, [], touched(before, self.log.identities)))
        return number

    def undo(self, number: int) -> None:
        self.write()
        before = self.log.identities
        with self.engine.begin() as connection:
            party, _ = undo(connection, number, now=self.clock, by="test")
        self.log.identities = Identities({p: i for p, i in before.into.items() if p != party})
        self._follow(Group(self.log.position(), self.clock, [], touched(before, self.log.identities)))

    def crash(self) -> None:
        """Whatever was not committed is lost: effects of the last group, state since the last checkpoint."""
        assert self.following is not None
        assert self.following.reading is not None
        self.following.reading.close()
        self.following, self.pending = None, []

    def stop(self) -> None:
        assert self.following is not None
        self.write()
        self.following.stop()
        self.following = None
