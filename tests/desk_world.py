"""A small business for the tests of the desk: real records, real watcher, a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from sqlalchemy import Engine, insert, select

from occasion.desk.occasions import Opened, Openings
from occasion.desk.viewer import Viewer
from occasion.events.event import Event, Scalar
from occasion.moments.catalogue import Catalogue, parse_catalogue
from occasion.moments.derived import watched
from occasion.moments.watch import Change, MemoryLog, Watcher
from occasion.people import parties
from occasion.store.arrived import Arrived
from occasion.store.occurrences import Noticed, write_changes
from occasion.store.records import open_records, writing
from occasion.store.schema.doors import COLLEAGUES, TEAMS

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
MONDAY = 1_772_409_600_000_000  # 2026-03-02 00:00 UTC
MORNING = MONDAY + 8 * HOUR  # 09:00 in Warsaw
ZONE = "Europe/Warsaw"


class World:
    """Records with colleagues ewa and marek (front desk), jan (alone); a catalogue; events and the clock."""

    def __init__(self, url: str, catalogue: str, now: int = MORNING) -> None:
        self.engine: Engine = open_records(url)
        self.catalogue: Catalogue = parse_catalogue(catalogue)
        assert not self.catalogue.errors(), self.catalogue.errors()
        self.now = now
        self.log = MemoryLog()
        self.seq = 0
        self.watched = [one for moment in self.catalogue.moments for one in watched(moment)]
        definitions = {one.definition.identity: one.definition for one in self.watched}
        self.watcher = Watcher(list(definitions.values()), self.log, ZONE, 0)
        self.openings = Openings(lambda: self.catalogue, ZONE, self.log.of)
        self.colleague("ewa", "Ewa Nowak", teams=("front desk",))
        self.colleague("marek", "Marek Zając", role="manager", teams=("front desk",))
        self.colleague("jan", "Jan Kot")

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()

    def colleague(
        self, id: str, name: str, role: str = "colleague", teams: tuple[str, ...] = (), capacity: int = 8
    ) -> Viewer:
        with writing(self.engine) as connection:
            connection.execute(
                insert(COLLEAGUES).values(id=id, name=name, role=role, capacity=capacity, notify={}, joined_us=0)
            )
            for team in teams:
                connection.execute(insert(TEAMS).values(team=team, colleague=id))
        return Viewer(id, name, role, teams, "en-GB", ZONE)

    def viewer(self, id: str) -> Viewer:
        with self.engine.connect() as connection:
            row = connection.execute(select(COLLEAGUES).where(COLLEAGUES.c.id == id)).one()
            teams = connection.execute(select(TEAMS.c.team).where(TEAMS.c.colleague == id)).scalars().all()
        return Viewer(row.id, row.name, row.role, tuple(teams), "en-GB", ZONE)

    def party(self, party: str, name: str, **fields: object) -> None:
        with writing(self.engine) as connection:
            parties.change(connection, party, now=self.now, by="system", name=name, **fields)

    def events(self, *events: Event, clock: int | None = None) -> Opened:
        """Events arrive (in one group) and are watched; the clock moves to the latest of them, or to `clock`."""
        latest = max([event.seen for event in events], default=self.now)
        self.now = max(self.now, clock if clock is not None else latest)
        new = self.log.add(events)
        return self._noticed(self.watcher.feed(new, self.now))

    def tick(self, clock: int) -> Opened:
        self.now = clock
        return self._noticed(self.watcher.advance(clock))

    def _noticed(self, changes: Iterable[Change]) -> Opened:
        with writing(self.engine) as connection:
            made = write_changes(connection, self._named(changes), self.seq)
            return self.openings.from_changes(connection, made, self.now)

    def _named(self, changes: Iterable[Change]) -> Iterator[Noticed]:
        for change in changes:
            for one in self.watched:
                if one.definition.identity == change.moment:
                    yield Noticed(change, one.role, one.moment, change.moment)

    def append(self, arrived: Arrived) -> None:
        """What a gesture appends to the log."""
        assert arrived.event is not None
        self.log.add([arrived.event])


_count = iter(range(10**9))


def event(party: str, name: str, at: int, seen: int | None = None, **fields: object) -> Event:
    """An event with an id of its own; keyword arguments that are no fields of it become properties."""
    known = ("id", "channel", "direction", "actor", "counterpart", "mass", "body", "zone")
    own = {key: fields.pop(key) for key in known if key in fields}
    properties: dict[str, Scalar] = {
        key: Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value  # type: ignore[misc]
        for key, value in fields.items()
    }
    own.setdefault("id", f"test:{next(_count)}")
    return Event(party=party, name=name, at=at, seen=at if seen is None else seen, properties=properties, **own)  # type: ignore[arg-type]
