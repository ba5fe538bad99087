"""The whole log, a party after the other, for who has to read all of it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, func, select

from occasion.events.event import Event
from occasion.events.table import EVENT_COLUMNS, table_events
from occasion.store.arrived import Group
from occasion.store.history import History
from occasion.store.log import Log
from occasion.store.schema.history import LOADS
from occasion.store.writer import Writer

ROWS_AT_ONCE = 1_024  # of each segment: reading goes in small steps


class WholeLog:
    """The log of a running server as its watcher reads it (`service.watched.WatchedLog`)."""

    def __init__(self, history: History, writer: Writer, log: Log) -> None:
        self._history, self._writer, self._log = history, writer, log

    def of(self, party: str) -> Iterable[Event]:
        """Every event of a party; none for an identity that is read as another."""
        return self._log.of(party)

    def unread(self, horizon: int, clock: int) -> Iterable[Event]:
        """Every event that happened later than the horizon or was seen later than the clock."""
        return self._log.unread(horizon, clock)

    def after(self, seq: int) -> Iterable[Group]:
        """The groups committed after a position that is not before `sealed`."""
        return self._log.after(seq)

    def position(self) -> int:
        """What was committed last."""
        return self._writer.tail.seq

    def sealed(self) -> int:
        """Up to where segments hold the log: from there on `after` can tell."""
        return self._writer.tail.sealed

    def loads(self) -> int:
        """How often the history was loaded into beside the log."""
        with self._writer.engine.connect() as connection:
            return loaded_beside(connection)

    def by_party(self, upto: int) -> Iterator[tuple[str, list[Event]]]:
        """Every party with its events up to a position under its canonical identity, each party once.

        In the writer's thread until the first is there.
        """
        later = {event.id for group in self._log.after(upto) for event in group.events}
        with self._history.beside() as history:
            for party, events in everybody(history):
                kept = [event for event in events if event.id not in later] if later else events
                if kept:
                    yield party, kept


def loaded_beside(connection: Connection) -> int:
    """How often the history was loaded into beside the log: a tail that was sealed has no files."""
    written = select(func.count()).where(LOADS.c.files != "[]", LOADS.c.events > 0)
    return int(connection.execute(written).scalar_one())


def everybody(history: History) -> Iterator[tuple[str, list[Event]]]:
    """Every party with its events; one bucket after the other, none held in memory as a whole."""
    if not history.any_events():
        return
    source = history.source()
    assert source.parties is not None
    assert source.names is not None
    texts = {kind: _texts(path) for kind, path in (("party", source.parties), ("name", source.names))}
    for files in source.buckets:
        runs = [_runs(path, texts) for path in files]
        for _, together in groupby(heapq.merge(*runs, key=itemgetter(0)), key=itemgetter(0)):
            events = [event for _, some in together for event in some]
            yield events[0].party, events


def _texts(path: Path) -> Any:
    return pq.read_table(path, columns=["text"]).column("text").combine_chunks()


def _runs(path: Path, texts: dict[str, Any]) -> Iterator[tuple[int, list[Event]]]:
    """The events of a segment by the code of their party, in its order; a party may come in two pieces."""
    for batch in pq.ParquetFile(path).iter_batches(batch_size=ROWS_AT_ONCE):
        codes = batch.column("party").to_pylist()
        columns = {name: batch.column(name) for name in EVENT_COLUMNS.names}
        columns |= {name: text.take(columns[name]) for name, text in texts.items()}
        at = 0
        events = list(table_events(pa.table(columns, EVENT_COLUMNS)))
        for code, own in groupby(codes):
            many = sum(1 for _ in own)
            yield code, events[at : at + many]
            at += many
