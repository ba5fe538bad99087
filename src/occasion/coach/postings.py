"""Which texts have a gram: sorted pieces in the index's file, of which a reader takes only what it asks for.

What is new goes row by row into a table; once that is long it becomes a segment of pieces, and segments of like size
are merged. In memory is only where each piece begins.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np

PIECE = 2048  # pairs
FRESH = 200_000  # rows that become a segment
DIRECT = 50_000  # pairs that come together and become one at once
MOST_SEGMENTS = 8
ALIKE = 2  # times: a segment is merged with smaller ones if it is no larger than so many of them together
MOST_READ = 2_000_000  # pairs for one draft: the rarest grams first
FEW = 20_000  # pairs that are sorted rather than counted by number
AT_ONCE = 1 << 22  # pairs merged in one step

TABLES = """
CREATE TABLE IF NOT EXISTS fresh (gram INTEGER, skeleton INTEGER, PRIMARY KEY (gram, skeleton)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pieces (
  number INTEGER PRIMARY KEY, segment INTEGER, first INTEGER, rows INTEGER, grams BLOB, skeletons BLOB);
CREATE INDEX IF NOT EXISTS pieces_by ON pieces (segment, first);
"""


class Postings:
    """The pairs (gram, skeleton) in a database; writing belongs to the caller's transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._pieces: dict[int, tuple[Any, Any]] = {}  # segment → first grams, numbers
        self._fresh = 0

    def reload(self) -> None:
        """Somebody changed the segments: look again."""
        self._fresh = int(self._db.execute("SELECT COUNT(*) FROM fresh").fetchone()[0])
        found: dict[int, list[tuple[int, int]]] = {}
        query = "SELECT segment, first, number FROM pieces ORDER BY segment, first, number"
        for segment, first, number in self._db.execute(query):
            found.setdefault(segment, []).append((first, number))
        self._pieces = {}
        for segment, some in found.items():
            firsts, numbers = zip(*some, strict=True)
            self._pieces[segment] = (np.array(firsts, np.uint32), np.array(numbers, np.uint32))

    def having(self, grams: Any, least: int = 1) -> tuple[Any, Any]:
        """The skeletons that have `least` of these grams or more, and how many each has."""
        lists: list[list[Any]] = [[] for _ in grams]
        for i, gram in enumerate(grams.tolist()):
            rows = self._db.execute("SELECT skeleton FROM fresh WHERE gram = ?", (gram,)).fetchall()
            if rows:
                lists[i].append(np.array(rows, np.uint32).ravel())
        for firsts, numbers in self._pieces.values():
            self._in_segment(grams, firsts, numbers, lists)
        taken: list[Any] = [np.zeros(0, np.uint32)]
        total = 0
        for some in sorted(lists, key=lambda some: sum(map(len, some))):
            total += sum(map(len, some))
            if total > MOST_READ:
                break
            taken += some
        return _often(np.concatenate(taken), least)

    def _in_segment(self, grams: Any, firsts: Any, numbers: Any, lists: list[list[Any]]) -> None:
        low = np.maximum(np.searchsorted(firsts, grams, "left").astype(np.int64) - 1, 0)
        high = np.searchsorted(firsts, grams, "right")
        read: dict[int, tuple[Any, Any]] = {}
        for i, gram in enumerate(grams):
            for piece in numbers[low[i] : high[i]].tolist():
                if piece not in read:
                    read[piece] = self._read(piece)
                keys, skeletons = read[piece]
                begin, end = np.searchsorted(keys, gram, "left"), np.searchsorted(keys, gram, "right")
                if begin < end:
                    lists[i].append(skeletons[begin:end])

    def _read(self, number: int) -> tuple[Any, Any]:
        row = self._db.execute("SELECT grams, skeletons FROM pieces WHERE number = ?", (number,)).fetchone()
        return np.frombuffer(row[0], np.uint32), np.frombuffer(row[1], np.uint32)

    def add(self, grams: Any, skeletons: Any) -> bool:
        """Add pairs; whether segments changed."""
        if len(grams) < DIRECT:
            pairs = zip(grams.tolist(), skeletons.tolist(), strict=True)
            self._db.executemany("INSERT OR IGNORE INTO fresh VALUES (?, ?)", pairs)
            self._fresh += len(grams)
            if self._fresh < FRESH:
                return False
            rows = np.array(self._db.execute("SELECT gram, skeleton FROM fresh").fetchall(), np.uint32)
            self._db.execute("DELETE FROM fresh")
            grams, skeletons = rows[:, 0], rows[:, 1]
        self._write_segment(grams, skeletons)
        self.reload()
        if len(self._pieces) > MOST_SEGMENTS:
            self.merge()
        return True

    def _write_segment(self, grams: Any, skeletons: Any) -> None:
        """Pairs in any order, each once."""
        joined = np.sort((grams.astype(np.uint64) << np.uint64(32)) | skeletons)
        self._write_pieces(self._new_segment(), [joined])

    def _new_segment(self) -> int:
        return int(self._db.execute("SELECT COALESCE(MAX(segment), 0) + 1 FROM pieces").fetchone()[0])

    def _write_pieces(self, segment: int, sorted_parts: Iterable[Any]) -> None:
        query = "INSERT INTO pieces (segment, first, rows, grams, skeletons) VALUES (?, ?, ?, ?, ?)"
        for joined in sorted_parts:
            grams = (joined >> np.uint64(32)).astype(np.uint32)
            skeletons = (joined & np.uint64(0xFFFFFFFF)).astype(np.uint32)
            for at in range(0, len(joined), PIECE):
                some, theirs = grams[at : at + PIECE], skeletons[at : at + PIECE]
                self._db.execute(query, (segment, int(some[0]), len(some), some.tobytes(), theirs.tobytes()))

    def merge(self, *, everything: bool = False) -> None:
        """Merge the smallest segment with all that are not much larger, two at least, or all of them into one."""
        sizes = self._db.execute("SELECT segment, SUM(rows) FROM pieces GROUP BY segment ORDER BY 2").fetchall()
        together: list[int] = []
        rows = 0
        for segment, many in sizes:
            if len(together) > 1 and many > ALIKE * rows and not everything:
                break
            together.append(segment)
            rows += many
        if len(together) < 2:
            return
        new = self._new_segment()
        steps = max(1, rows // AT_ONCE)
        edges = [(i << 32) // steps for i in range(steps + 1)]
        for low, high in pairwise(edges):
            joined = [self._range(segment, low, high) for segment in together]
            read = [(number,) for _, numbers in joined for number in numbers[:-1]]  # the last may reach further
            self._db.executemany("DELETE FROM pieces WHERE number = ?", read)  # what is written next takes its place
            self._write_pieces(new, [np.sort(np.concatenate([pairs for pairs, _ in joined]))])
        marks = ",".join("?" * len(together))
        self._db.execute(f"DELETE FROM pieces WHERE segment IN ({marks})", together)
        self.reload()

    def _range(self, segment: int, low: int, high: int) -> tuple[Any, list[int]]:
        """The pairs of a segment whose gram is in [low, high), and the pieces that were read for it."""
        firsts, every = self._pieces[segment]
        begin = max(int(np.searchsorted(firsts, np.uint64(low), "left")) - 1, 0)
        end = int(np.searchsorted(firsts, np.uint64(high), "left"))
        numbers = every[begin:end].tolist()
        parts = [np.zeros(0, np.uint64)]
        for number in numbers:
            grams, skeletons = self._read(number)
            inside = (grams >= low) & (grams < high)
            parts.append(((grams.astype(np.uint64) << np.uint64(32)) | skeletons)[inside])
        return np.concatenate(parts), numbers

    def remove(self, grams: Any, skeleton: int) -> None:
        """Take a skeleton's pairs out, wherever they lie."""
        self._db.executemany(
            "DELETE FROM fresh WHERE gram = ? AND skeleton = ?", [(gram, skeleton) for gram in grams.tolist()]
        )
        for segment in self._pieces:
            firsts, numbers = self._pieces[segment]
            listed = firsts.tolist()
            concerned = {
                number
                for gram in grams.tolist()
                for number in numbers[max(bisect_left(listed, gram) - 1, 0) : bisect_right(listed, gram)].tolist()
            }
            for number in concerned:
                self._remove_from(number, skeleton)

    def _remove_from(self, number: int, skeleton: int) -> None:
        grams, skeletons = self._read(number)
        stay = skeletons != skeleton
        if stay.all():
            return
        if not stay.any():
            self._db.execute("DELETE FROM pieces WHERE number = ?", (number,))
            return
        values = (int(stay.sum()), grams[stay].tobytes(), skeletons[stay].tobytes(), number)
        self._db.execute("UPDATE pieces SET rows = ?, grams = ?, skeletons = ? WHERE number = ?", values)


def _often(skeletons: Any, least: int) -> tuple[Any, Any]:
    """Which numbers stand at least so often in a list, and how often."""
    if len(skeletons) < FEW:
        found, counts = np.unique(skeletons, return_counts=True)
        return found[counts >= least], counts[counts >= least]
    counts = np.bincount(skeletons)
    found = np.flatnonzero(counts >= least)
    return found, counts[found]


__all__ = ["TABLES", "Postings"]
