"""A log and a writer in memory for a follower: groups, effects in the next transaction, crashes, clean stops; with a
small catalogue on both databases (`server`), and what is on record there against the law.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine, select

from occasion.events.event import Event
from occasion.moments.definition import Definition
from occasion.moments.meaning import meaning
from occasion.service import pieces
from occasion.service.watching import Following, OnChanges
from occasion.store import occurrences, versions
from occasion.store.arrived import Effects, Group
from occasion.store.merged import Identities, merge, touched, undo
from occasion.store.occurrences import per_text
from occasion.store.positions import WATCH, advance, position
from occasion.store.records import open_records
from occasion.store.schema.watched import OCCURRENCES
from occasion.store.workspace import Workspace

SECOND = 1_000_000
DAY = 86_400 * SECOND
Keys = set[tuple[str, str, int]]

CATALOGUE = """
moments:
  quiet:
    when: no x for 3 days after a
    owner: growth
    purpose: p
  friends:
    when: count(x) >= 3 within 14 days of first a
    owner: growth
    purpose: p
    expect: 10 days after start
"""


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
                assert self.following.reading is not None
                clock = max(position(connection, WATCH).clock, self.following.reading.watcher.clock)
                advance(connection, WATCH, min(self.log.position(), self.following.position), clock)
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


@pytest.fixture
def engine(records_url: str) -> Iterator[Engine]:
    found = open_records(records_url)
    yield found
    found.dispose()


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> Server:
    (tmp_path / "moments.yaml").write_text(CATALOGUE)
    made = Server(engine, GroupLog(), tmp_path, 2 * SECOND)
    made.start(0)
    return made


def of(party: str, happened: Event) -> Event:
    return msgspec.structs.replace(happened, party=party, id=f"{party}-{happened.id}")


def on_record(server: Server, moment: str, role: str = "reached") -> list[tuple[str, int, str]]:
    query = select(OCCURRENCES.c.party, OCCURRENCES.c.at_us, OCCURRENCES.c.state).order_by(OCCURRENCES.c.number)
    with server.engine.connect() as connection:
        rows = connection.execute(query.where(OCCURRENCES.c.moment == moment, OCCURRENCES.c.role == role))
        return [(row[0], row[1] // DAY, row[2]) for row in rows]


def law(log: GroupLog, definition: Definition, clock: int, horizon: int) -> Keys:
    found = (o for party, events in log.by_party() for o in meaning(definition, events, clock))
    return {(o.party, per_text(o.per), o.at) for o in found if o.at <= horizon}


def agrees(server: Server) -> None:
    """Everything that holds on record is what the law says, for every definition watched."""
    following = server.following
    assert following is not None
    reading = following.reading
    assert reading is not None
    horizon = reading.watcher.horizon
    with server.engine.connect() as connection:
        for one in following.plan.watched:
            said = occurrences.keys(connection, one.definition.identity, one.role)
            assert said == law(server.log, one.definition, reading.watcher.clock, horizon), one


def all_ready(server: Server) -> bool:
    with server.engine.connect() as connection:
        return all(version.ready for version in versions.current(connection).values())


def edit(server: Server, before: str, after: str) -> None:
    path = server.folder / "moments.yaml"
    text = path.read_text()
    assert before in text
    made = path.with_suffix(".new")
    made.write_text(text.replace(before, after))
    made.replace(path)


def step_by_step(patch: pytest.MonkeyPatch) -> None:
    """From now on a watcher reads a group at a time, or a party, and saves between any two that it catches up with."""
    patch.setattr(pieces, "EVENTS_AT_ONCE", 1)
    for name, value in (("CATCH_US", 1), ("BETWEEN", 0.0), ("IDLE", 0.0)):
        patch.setattr(f"occasion.service.watching.{name}", value)


def crash_while_catching_up(server: Server, patch: pytest.MonkeyPatch, ticks: int) -> None:
    """Crash, go on a group at a time with a checkpoint between any two, and crash there again."""
    server.crash()
    with patch.context() as slow:
        step_by_step(slow)
        server.start(server.clock)
        for _ in range(ticks):
            server.tick(server.clock + 1)
        server.crash()
    server.start(server.clock)
