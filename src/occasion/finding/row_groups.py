"""Our own segments as plain arrays, row group by row group, and of them only the rows that are asked for.

Where no field is asked, Arrow's tables are a detour: pages are written out straight into arrays (`pages.py`), and one
compiled loop keeps the rows of the parties under study, of the names that matter, of the time that counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from occasion.finding.kernels import compiled
from occasion.finding.pages import Integers, Room
from occasion.finding.sealed import buckets, in_order, rows_of_codes
from occasion.finding.sealed_kernels import keep_rows

if TYPE_CHECKING:
    from occasion.finding.chunks import Study

COLUMNS = ("party", "name", "at_us")
KINDS = (np.int32, np.int32, np.int64)
EVER = np.iinfo(np.int64).max
CHUNK_ROWS = 1_000_000
Rows = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int64]]


class Groups:
    """One core's way to the rows of row groups: page by page, or through Arrow where a file is not as the store's."""

    def __init__(self) -> None:
        self._room = Room()
        self._opened: tuple[Path, Integers] | None = None

    def __enter__(self) -> Groups:
        return self

    def __exit__(self, *_: object) -> None:
        if self._opened is not None:
            self._opened[1].close()

    def rows(self, path: Path, meta: Any, group: int) -> Rows:
        """A row group's rows, until the next is read."""
        import pyarrow.parquet as pq

        if self._opened is None or self._opened[0] != path:
            self.__exit__()
            self._opened = path, Integers(path, meta, COLUMNS, self._room)
        found = self._opened[1].rows(group, KINDS)
        if found is not None:
            return found[0], found[1], found[2]
        with pq.ParquetFile(path, metadata=meta) as file:
            return rows_of(file.read_row_group(group, columns=list(COLUMNS), use_threads=False))


def rows_of(table: Any) -> Rows:
    """The three columns as numpy arrays, without copying where they are in one piece."""
    party, name, at = (
        column.chunk(0) if column.num_chunks == 1 else column.combine_chunks() for column in table.columns
    )
    return party.to_numpy(), name.to_numpy(), at.to_numpy()


def taken(study: Study, until_us: int | None = None, names: Collection[int] | None = None) -> Iterator[Rows]:
    """(row of the population, name, offset since the start) of a sealed study's events, whole parties in order of
    time, about a million rows at once: those with an offset below `until_us`, of `names` (None: all)."""
    population = study.population
    wanted = np.ones(len(study.names), np.bool_)
    if names is not None:
        wanted[:] = False
        wanted[list(names)] = True
    until = EVER if until_us is None else until_us
    rows, keep = rows_of_codes(population), compiled(keep_rows)

    def kept(read: Rows) -> Rows:
        party, name, at = read
        out = np.empty(len(party), np.int32), np.empty(len(party), np.int32), np.empty(len(party), np.int64)
        found = int(keep(party, name, at, rows, population.start_us, wanted, until, *out))
        return out[0][:found].copy(), out[1][:found].copy(), out[2][:found].copy()

    for bucket in buckets(study.source):
        yield from _whole_parties(kept(read) for read in _of_bucket(bucket))


def _of_bucket(bucket: Sequence[Path]) -> Iterator[Rows]:
    """The bucket's rows in order; a bucket of several files is sorted in memory."""
    import pyarrow.parquet as pq

    if len(bucket) > 1:
        yield rows_of(in_order(bucket, COLUMNS))
        return
    with Groups() as groups:
        for path in bucket:
            meta = pq.read_metadata(path)
            for group in range(meta.num_row_groups):
                yield groups.rows(path, meta, group)


def _whole_parties(parts: Iterator[Rows]) -> Iterator[Rows]:
    """Parts put together until they are large, but never cut within a party."""
    waiting: list[Rows] = []
    for part in parts:
        waiting.append(part)
        if sum(len(row) for row, _, _ in waiting) >= CHUNK_ROWS:
            row, name, offset = _together(waiting)
            cut = len(row) - int(np.argmax(row[::-1] != row[-1])) if row[0] != row[-1] else 0
            waiting = [(row[cut:], name[cut:], offset[cut:])]
            if cut:
                yield row[:cut], name[:cut], offset[:cut]
    if waiting:
        yield _together(waiting)


def _together(parts: Sequence[Rows]) -> Rows:
    row, name, offset = (np.concatenate([part[i] for part in parts]) for i in range(3))
    return row, name, offset
