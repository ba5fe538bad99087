"""The watcher's state on disk: a cache beside the records, lost without harm, since the log says everything again.

One row a party in `data/state.db`, with the position of the log that all rows stand at. Rows written between two
checkpoints become visible only with the next one: after a crash all of them stand where the last checkpoint did.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from occasion.moments.calendar import FAR

FORMAT = 4  # of the file; another one is read from the log anew
AT_ONCE = 500  # parties asked for in one query


class Beginning(msgspec.Struct, frozen=True):
    """What reading all of the log was begun with. `known_until`: what the records knew before, by their clock."""

    keys: list[tuple[str, str, str]]  # (identity, moment, role) of what is watched
    known_until: int


class Checkpoint(msgspec.Struct, frozen=True):
    """Where the rows stand: everything up to `seq` of the log was given. `watcher`: what `Watcher.save` gave, packed.
    `loads`: of the history, which may change beside the log. `beginning`: set while all of the log is being read: a
    party that has a row was read up to `seq`, the others not at all. `said`: (identity, moment, role) of what has read
    history; `watched`: the identities that rows may tell of.
    """

    seq: int
    watcher: bytes
    zone: str
    loads: int
    format: int = FORMAT
    beginning: Beginning | None = None
    said: list[tuple[str, str, str]] = []
    watched: list[str] = []


class KeptState:
    """A shelf (`moments.rows.Shelf`) in a file; made if it is not there, made anew if it cannot be used. For one thread
    at a time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._open()
            self.checkpoint()
        except (sqlite3.DatabaseError, msgspec.MsgspecError):
            self.remove_all()

    def _open(self) -> None:
        self._db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON", "cache_size=-32768"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute("CREATE TABLE IF NOT EXISTS rows (party TEXT PRIMARY KEY, due INTEGER, packed BLOB NOT NULL)")
        self._db.execute("CREATE INDEX IF NOT EXISTS rows_due ON rows (due) WHERE due IS NOT NULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS checkpoint (one INTEGER PRIMARY KEY CHECK (one = 1), said BLOB)")

    def remove_all(self) -> None:
        """Begin with an empty file."""
        if hasattr(self, "_db"):
            self._db.close()
        remove_state(self.path)
        self._open()

    def checkpoint(self) -> Checkpoint | None:
        """Where the rows stand; None if there was no checkpoint, or the file is of another format."""
        row = self._db.execute("SELECT said FROM checkpoint").fetchone()
        found = None if row is None else msgspec.msgpack.decode(row[0], type=Checkpoint)
        return found if found is not None and found.format == FORMAT else None

    def commit(self, checkpoint: Checkpoint) -> None:
        """All rows stand at this checkpoint now."""
        self._begin()
        self._db.execute("INSERT OR REPLACE INTO checkpoint VALUES (1, ?)", (msgspec.msgpack.encode(checkpoint),))
        self._db.execute("COMMIT")

    # as a shelf

    def read(self, parties: Sequence[str]) -> Iterable[tuple[str, bytes]]:
        """The rows kept of these parties, those written since the checkpoint included."""
        parties = sorted(parties)  # as they lie in the index: a fifth less time
        for begin in range(0, len(parties), AT_ONCE):
            some = parties[begin : begin + AT_ONCE]
            marks = ",".join("?" * len(some))
            yield from self._db.execute(f"SELECT party, packed FROM rows WHERE party IN ({marks})", some).fetchall()

    def latest(self, most: int) -> Iterator[list[tuple[str, bytes]]]:
        """The rows written last, up to so many, the last of them first, in pieces; rows may be written meanwhile."""
        top = int(self._db.execute("SELECT coalesce(max(rowid), 0) FROM rows").fetchone()[0])
        least = top - most
        query = "SELECT rowid, party, packed FROM rows WHERE rowid > ? AND rowid <= ? ORDER BY rowid DESC LIMIT ?"
        while some := self._db.execute(query, (least, top, AT_ONCE)).fetchall():
            yield [(party, packed) for _, party, packed in some]
            top = some[-1][0] - 1

    def has(self, parties: Sequence[str]) -> set[str]:
        """Those of these parties that have a row."""
        found: set[str] = set()
        for begin in range(0, len(parties), AT_ONCE):
            some = parties[begin : begin + AT_ONCE]
            marks = ",".join("?" * len(some))
            found.update(row[0] for row in self._db.execute(f"SELECT party FROM rows WHERE party IN ({marks})", some))
        return found

    def due(self, after: int, until: int) -> Iterable[tuple[int, str]]:
        """(timer, party) of the rows whose next timer lies in (after, until]."""
        query = "SELECT due, party FROM rows WHERE due > ? AND due <= ? ORDER BY due"
        return self._db.execute(query, (after, until)).fetchall()

    def write(self, rows: Iterable[tuple[str, int, bytes]], gone: Iterable[str]) -> None:
        """Put rows (party, next timer, row) and take some away; both count from the next `commit` on."""
        self._begin()
        self._db.executemany("DELETE FROM rows WHERE party = ?", [(party,) for party in gone])
        put = ((party, due if due < FAR else None, packed) for party, due, packed in rows)
        self._db.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", put)

    def parties(self) -> Iterator[str]:
        """Every party that has a row, in order; rows may be written meanwhile."""
        last = ""
        query = "SELECT party FROM rows WHERE party > ? ORDER BY party LIMIT 1000"
        while some := [row[0] for row in self._db.execute(query, (last,))]:
            yield from some
            last = some[-1]

    def naming(self, texts: Iterable[str]) -> list[str]:
        """The parties in whose rows one of these texts stands as a value."""
        found: set[str] = set()
        for text in texts:
            query = "SELECT party FROM rows WHERE instr(packed, ?) > 0"
            found.update(row[0] for row in self._db.execute(query, (msgspec.msgpack.encode(text),)))
        return sorted(found)

    def count(self) -> int:
        """How many rows there are."""
        return int(self._db.execute("SELECT COUNT(*) FROM rows").fetchone()[0])

    # the file

    def scrub(self) -> None:
        """Leave nothing of removed rows beside the file; in it they are overwritten as they go."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file; what was not committed is forgotten."""
        self._db.close()

    def _begin(self) -> None:
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")


def remove_state(path: Path) -> None:
    """Remove the file, and what SQLite has beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def is_damage(error: BaseException) -> bool:
    """Whether this says that the file holds something else than was written: it is to be removed."""
    said = getattr(error, "sqlite_errorname", "") if isinstance(error, sqlite3.DatabaseError) else ""
    return said.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


__all__ = ["Beginning", "Checkpoint", "KeptState", "is_damage", "remove_state"]
