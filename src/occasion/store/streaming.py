"""A stream of files watched by bucket of parties: the live step, its state in a file a bucket, each batch once.

A batch is a number, a clock and some events. A bucket's file keeps its parties' rows, their events (for those that
come late), and what the last batch made it say, all written in one transaction under the batch's number. A batch that
is given again, because a worker died or the stream was restarted, changes nothing and is answered as the first time.
So whoever delivers each batch at least once, in order, gets every change exactly once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from occasion.errors import InputError
from occasion.events.event import Event
from occasion.events.instants import rfc3339
from occasion.events.load import plan_load
from occasion.events.raw import Reject
from occasion.moments.changes import Change
from occasion.moments.definition import Definition
from occasion.moments.rows import ShelvedRows
from occasion.moments.watch import Watcher
from occasion.store.kept_state import KeptState
from occasion.store.packed import pack, unpack

BUCKETS = 16
IN_MEMORY = 50_000  # parties of a bucket whose rows stay in a worker's memory


@dataclass(frozen=True)
class Watching:
    """What a stream is watched for. `names`: the moments by the identity of their definition."""

    folder: str  # where the buckets' files are: every worker reaches it under this name
    definitions: tuple[Definition, ...]
    names: dict[str, str]
    zone: str = "UTC"
    buffer_us: int = 0
    buckets: int = BUCKETS

    def __post_init__(self) -> None:
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        settled = Path(self.folder) / "stream.json"
        mine = {"buckets": self.buckets, "zone": self.zone, "buffer_us": self.buffer_us}
        if not settled.exists():
            settled.write_text(json.dumps(mine))
        elif (first := json.loads(settled.read_text())) != mine:
            raise InputError(f"{self.folder}: was begun with {first}, not with {mine}; name another --state folder")


def bucket_of(party: str, buckets: int) -> int:
    """The bucket of a party, the same on every machine."""
    return crc32(party.encode()) % buckets


def read_file(path: str, mapping: str, zone: str) -> tuple[list[Event], list[Reject]]:
    """The events of a file (CSV, JSONL, Parquet, mbox; see `occasion load`), and the rows refused."""
    events: list[Event] = []
    refused: list[Reject] = []
    for one in plan_load([path], mapping or None, zone):
        (events if isinstance(one, Event) else refused).append(one)  # type: ignore[arg-type]
    return events, refused


class Bucket(KeptState):
    """The file of a bucket, and the watcher over it. It is the watcher's log too."""

    def __init__(self, watching: Watching, number: int) -> None:
        self.watching = watching
        super().__init__(Path(watching.folder) / f"bucket-{number:03d}.db")
        self.batch = self._batch()
        self.watcher = self._watcher()

    def _open(self) -> None:
        super()._open()
        self._db.execute("PRAGMA synchronous=FULL")  # here nothing else could tell it all again
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, party TEXT NOT NULL, at INTEGER NOT NULL, "
            "seen INTEGER NOT NULL, event BLOB NOT NULL)"
        )
        self._db.execute("CREATE INDEX IF NOT EXISTS events_party ON events (party)")
        self._db.execute("CREATE INDEX IF NOT EXISTS events_at ON events (at)")
        self._db.execute("CREATE INDEX IF NOT EXISTS events_seen ON events (seen)")
        self._db.execute("CREATE TABLE IF NOT EXISTS batch (number INTEGER PRIMARY KEY, said TEXT, watcher BLOB)")

    def _batch(self) -> int:
        row = self._db.execute("SELECT MAX(number) FROM batch").fetchone()
        return -1 if row[0] is None else int(row[0])

    def _watcher(self) -> Watcher:
        watching = self.watching
        watcher = Watcher(watching.definitions, self, watching.zone, watching.buffer_us, ShelvedRows(self))
        saved = self._db.execute("SELECT watcher FROM batch WHERE number = ?", (self.batch,)).fetchone()
        if saved is not None:
            watcher.restore(msgspec.msgpack.decode(saved[0]))
        return watcher

    def fresh(self) -> bool:
        """Whether the file stands where this object does: another worker may have gone on with it."""
        return self.path.exists() and self._batch() == self.batch

    def step(self, batch: int, clock: int, events: Iterable[Event]) -> list[str]:
        """Read a batch as of a clock (UTC microseconds); what it changed, a line of JSON each."""
        if batch <= self.batch:
            row = self._db.execute("SELECT said FROM batch WHERE number = ?", (batch,)).fetchone()
            return [] if row is None else list(json.loads(row[0]))
        self._begin()
        try:
            new = self._add(events)
            watcher = self.watcher
            changes = watcher.catch_up(list(watcher.rows.everyone())) if watcher.added else []
            watcher.added.clear()
            changes += watcher.feed(new, max(watcher.clock, clock))
            lines = [line(change, self.watching.names) for change in changes]
            saved = msgspec.msgpack.encode(watcher.save())
            self._db.execute("DELETE FROM batch WHERE number < ?", (batch - 1,))
            self._db.execute("INSERT INTO batch VALUES (?, ?, ?)", (batch, json.dumps(lines), saved))
            self._db.execute("COMMIT")
        except BaseException:
            self.batch = -2  # what is in memory has gone further than the file
            self._db.execute("ROLLBACK")
            raise
        self.batch = batch
        if isinstance(watcher.rows, ShelvedRows):
            watcher.rows.evict(IN_MEMORY)
        return lines

    def _add(self, events: Iterable[Event]) -> list[Event]:
        """Keep those whose id is new."""
        new = []
        for event in events:
            row = (event.id, event.party, event.at, event.seen, pack([event]))
            if self._db.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)", row).rowcount:
                new.append(event)
        return new

    # as the watcher's log

    def of(self, party: str) -> list[Event]:
        """Every event of a party."""
        return self._events("SELECT event FROM events WHERE party = ?", (party,))

    def unread(self, horizon: int, clock: int) -> list[Event]:
        """Every event that happened later than the horizon or was seen later than the clock."""
        return self._events("SELECT event FROM events WHERE at > ? OR seen > ?", (horizon, clock))

    def _events(self, query: str, given: Sequence[Any]) -> list[Event]:
        return [event for row in self._db.execute(query, given) for event in unpack(row[0])]


def line(change: Change, names: dict[str, str]) -> str:
    """A change as `occasion watch` prints it."""
    per = None if change.per is None else str(change.per) if not isinstance(change.per, bool) else change.per
    said = {
        "change": change.kind, "moment": names[change.moment], "party": change.party, "per": per,
        "at": rfc3339(change.at), "known_at": rfc3339(change.known_at), "evidence": list(change.evidence),
    }  # fmt: skip
    return json.dumps(said | ({"reason": change.reason} if change.reason else {}), ensure_ascii=False)


_open: dict[str, Bucket] = {}  # of this worker process: opened once, checked against the file before each use


def step(watching: Watching, number: int, batch: int, clock: int, events: Iterable[Event]) -> list[str]:
    """One bucket's part of a batch, in whatever process: see `Bucket.step`."""
    key = f"{watching.folder}/{number}"
    bucket = _open.get(key)
    if bucket is None or bucket.watching != watching or not bucket.fresh():
        if bucket is not None:
            bucket.close()
        bucket = _open[key] = Bucket(watching, number)
    return bucket.step(batch, clock, events)


def close_all() -> None:
    """Let go of the files this process has open."""
    while _open:
        _open.popitem()[1].close()


class LocalStream:
    """New files of a folder, watched in this process; restarted, it goes on after the last whole batch."""

    def __init__(self, source: Path, watching: Watching, mapping: str = "", files_a_batch: int = 1) -> None:
        self.source, self.watching, self.mapping, self.files_a_batch = source, watching, mapping, files_a_batch
        self.journal = Path(watching.folder) / "batches.jsonl"
        self.refused = 0

    def batches(self) -> Iterator[list[str]]:
        """What every batch that there is to read now changed."""
        return (lines for _, lines in self.numbered())

    def numbered(self) -> Iterator[tuple[int, list[str]]]:
        """Every batch that there is to read now: its number, and what it changed. Asking for the next says that one was
        heard; one that was given and never said to be heard is given again after a start.
        """
        told, heard = self._journal()
        for number in range(heard, len(told)):
            yield number, self._batch(number, told[number])
            self._write(number)
        done = {name for names in told for name in names}
        new = sorted(str(path) for path in self.source.iterdir() if path.is_file() and path.name[0] not in "._")
        new = [name for name in new if name not in done]
        for number, begin in enumerate(range(0, len(new), self.files_a_batch), len(told)):
            names = new[begin : begin + self.files_a_batch]
            self._write(names)
            yield number, self._batch(number, names)
            self._write(number)

    def _journal(self) -> tuple[list[list[str]], int]:
        """The files of every batch so far, and how many batches were heard to their end."""
        if not self.journal.exists():
            return [], 0
        text = self.journal.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]  # a line without its end was never begun
        if whole != text:
            self.journal.write_text(whole, encoding="utf-8")
        lines = [json.loads(line) for line in whole.splitlines()]
        return [one for one in lines if isinstance(one, list)], sum(1 for one in lines if isinstance(one, int))

    def _write(self, line: list[str] | int) -> None:
        """A batch's files before it is read, its number once it was heard."""
        with self.journal.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(line) + "\n")
            journal.flush()
            os.fsync(journal.fileno())

    def _batch(self, number: int, names: list[str]) -> list[str]:
        watching, events = self.watching, list[Event]()
        for name in names:
            some, refused = read_file(name, self.mapping, watching.zone)
            events += some
            self.refused += len(refused)
        parts: dict[int, list[Event]] = {bucket: [] for bucket in range(watching.buckets)}
        for event in events:
            parts[bucket_of(event.party, watching.buckets)].append(event)
        clock = max((event.seen for event in events), default=0)
        return [text for bucket, own in parts.items() for text in step(watching, bucket, number, clock, own)]
