"""A server in a thread of this process whose clock is the test's: events in through HTTP, what follows on record.

with watched(place, Clock(begin), records_url) as server:
    server.send([...])              # Segment items
    server.clock.now += DAY
    server.passed()                 # everything that follows by now is on record
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from clocks import Clock
from occasion.events.event import Event
from occasion.service.app import Service, Settings, make_app
from occasion.service.keys import add_key
from occasion.store.records import open_records
from occasion.store.schema.doors import KEYS
from occasion.store.workspace import read_workspace
from serving import in_a_thread
from watched_streams import iso, send, until

KEY = "occ_watched_0123456789abcdef"
PATIENCE = 30


@dataclass
class Watched:
    """A server that runs."""

    url: str
    service: Service
    clock: Clock

    def send(self, items: list[dict[str, Any]]) -> None:
        """Send a batch; it is acknowledged."""
        send(self.url, KEY, items)

    def happens(self, party: str, name: str, at: int, **properties: Any) -> str:
        """An event that is sent as it happens, and everything that follows from it; its id."""
        self.clock.now = max(self.clock.now, at)
        message = f"{party}-{name}-{at}"
        item = {"type": "track", "userId": party, "event": name, "messageId": message, "timestamp": iso(at)}
        self.send([item | {"properties": properties}])
        return f"t:{message}"

    def passed(self) -> None:
        """Wait until everything that follows from what was sent by now is on record."""
        watching, buffer_us = self.service.watching, self.service.settings.buffer_us
        until(lambda: watching.settled(self.clock.now - buffer_us) or bool(self.service.writer.trouble), PATIENCE)
        assert self.service.writer.trouble is None

    def events(self, parties: list[str]) -> list[Event]:
        """The log of some parties."""
        return [event for party in parties for event in self.service.log.of(party)]


@contextmanager
def watched(place: Path, clock: Clock, records: str, **settings: Any) -> Iterator[Watched]:
    """The server of a workspace, until the block ends."""
    _add_the_key(records, clock.now)
    app = make_app(Settings(read_workspace(place), clock=clock, records=records, **settings))
    with in_a_thread(app) as port:
        yield Watched(f"http://127.0.0.1:{port}", app.state.service, clock)


def _add_the_key(records: str, now: int) -> None:
    engine = open_records(records)
    with engine.begin() as connection:
        if connection.execute(select(KEYS.c.digest)).first() is None:
            add_key(connection, KEY, name="t", source="t", may="write", now=now, by="test", overlap_us=None)
    engine.dispose()
