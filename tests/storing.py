"""A store as a server has it, for tests: records, history, writer and log over an empty folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from occasion.events.event import Event
from occasion.store.arrived import Arrived, Batch, Merge, identity
from occasion.store.history import History
from occasion.store.log import Log
from occasion.store.writer import Writer

START = 1_700_000_000_000_000
WAIT = 20  # seconds for a future


class Clock:
    """A clock that a test moves."""

    def __init__(self, at: int = START) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at


class Store:
    """What a server has open."""

    def __init__(self, data: Path, records: str, **how: Any) -> None:
        self.clock: Clock = how.pop("clock", Clock())
        self.history = History(data, records=records)
        self.engine: Engine = self.history.engine
        self.writer = Writer(self.engine, self.history, self.clock, **how)
        self.log = Log(self.engine, self.history, self.writer)

    def put(self, *arrived: Arrived) -> Any:
        """Store these and wait for the receipt."""
        return self.writer.submit(Batch(list(arrived))).result(WAIT)


@contextmanager
def store(data: Path, records: str, **how: Any) -> Iterator[Store]:
    """A store whose writer runs."""
    one = Store(data, records, **how)
    try:
        one.writer.start()
        try:
            yield one
        finally:
            one.writer.stop()
    finally:
        one.history.close()
        one.engine.dispose()


_numbers = count()


def arrived(party: str, name: str = "x", at: int = 0, message: str | None = None, **fields: Any) -> Arrived:
    """An event that arrived: `at` in seconds after START, seen when it happened unless said."""
    message = message or f"m{next(_numbers)}"
    us = START + at * 1_000_000
    event = Event(party=party, name=name, at=us, seen=fields.pop("seen", us), id=identity("web", message), **fields)
    return Arrived(source="web", message_id=message, event=event)


def merged(party: str, into: str, message: str | None = None) -> Arrived:
    """An alias that arrived."""
    return Arrived(source="web", message_id=message or f"m{next(_numbers)}", merge=Merge(party, into, "alias"))
