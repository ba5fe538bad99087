"""Events in through HTTP, late and shuffled, with the server stopped in between: on record is what `reach` says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from occasion.events.event import Event
from occasion.service.app import Service, Settings, make_app
from occasion.service.keys import add_key
from occasion.service.serving import make_server
from occasion.store.records import open_records
from occasion.store.schema.watched import OCCURRENCES
from occasion.store.workspace import read_workspace
from serving import make_place
from watched_streams import BEGIN, DAY, EVERY_NODE, SECOND, at_of, differences, items, send, until

KEY = "occ_watched_0123456789abcdef"


class Clock:
    """The server's clock, moved by the test."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> int:
        return self.now


@contextmanager
def running(place: Path, clock: Clock, records: str) -> Iterator[tuple[str, Service]]:
    """The server of a workspace in a thread."""
    app = make_app(Settings(read_workspace(place), clock=clock, records=records))
    listening = socket.create_server(("127.0.0.1", 0))
    ready = threading.Event()
    server = make_server(app, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        assert ready.wait(30)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", app.state.service
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


def add_the_key(records: str) -> None:
    engine = open_records(records)
    with engine.begin() as connection:
        add_key(connection, KEY, name="t", source="t", may="write", now=BEGIN, by="test", overlap_us=None)
    engine.dispose()


def everything(service: Service) -> list[Event]:
    found = [event for party in [f"p{i}" for i in range(20)] for event in service.log.of(party)]
    assert found
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_on_record_is_what_reach_says_of_the_same_log(records_url: str, tmp_path: Path, seed: int) -> None:
    place, clock = make_place(tmp_path / "w", EVERY_NODE), Clock()
    add_the_key(records_url)
    sent = items(seed, 240)
    parts = [sent[:70], sent[70:75], sent[75:160], sent[160:]]
    for n, part in enumerate(parts):
        with running(place, clock, records_url) as (url, service):
            for begin in range(0, len(part), 25):
                batch = part[begin : begin + 25]
                clock.now = max([clock.now + SECOND, *(at_of(item) for item in batch)])
                send(url, KEY, batch)
            if n % 2:
                clock.now += DAY
                passed(service, clock)
            assert service.writer.trouble is None
    with running(place, clock, records_url) as (_, service):
        clock.now += 60 * DAY
        passed(service, clock)
        log, watching = everything(service), service.watching
        assert len(log) == len(sent)
        assert {type(one.definition.node).__name__ for one in watching.plan.watched} >= NODES
        with service.engine.connect() as connection:
            states = dict(connection.execute(select(OCCURRENCES.c.state, func.count()).group_by("state")).all())
        assert states["holds"] > 500
        assert states["retracted"] > 20, "what came late took nothing back: the stream tests too little"
        assert differences(service.engine, watching.plan, log, clock.now - service.settings.buffer_us) == []


NODES = {"Did", "Start", "Or", "And", "Nth", "Reach", "Fewer", "Rolling", "After", "Streak", "Every", "While", "Per"}


def passed(service: Service, clock: Clock) -> None:
    """Everything that follows from what was sent by now is on record."""
    until(lambda: service.watching.settled(clock.now - service.settings.buffer_us) or bool(service.writer.trouble))
    assert service.writer.trouble is None
