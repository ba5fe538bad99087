"""The first pass of finding: a count for every event name, in one reading of the source, on all cores.

Sealed segments: row groups are decoded and counted side by side; of each only the rows of its first and last party
wait until their neighbours are there. Files in order of time: see `ordered.py`.
Memory: for each core one row group and one histogram (groups × names × counts × days × 2 × 4 bytes).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.finding import sealed_kernels
from occasion.finding.candidates import counts as counts_of
from occasion.finding.chunks import Study
from occasion.finding.cube import Cube, cells, check_size, summed
from occasion.finding.kernels import compiled
from occasion.finding.population import Population
from occasion.finding.row_groups import COLUMNS, Groups, Rows, rows_of
from occasion.finding.sealed import buckets, in_order

NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Scan:
    """The cube of plain counts, and when each party was last seen.

    `last_us` (int64, by row of the population): UTC microseconds of the party's last event of any name, whether
    before or after the window; the smallest int64 where it has none.
    """

    cube: Cube
    last_us: npt.NDArray[np.int64]


def scan(study: Study, counts: int = 50, days: int = 30, threads: int | None = None) -> Scan:
    """Count every event name of a source for the parties under study."""
    check_size(counts, days)
    threads = threads or os.cpu_count() or 1
    if study.source.sealed:
        return _scan_sealed(study, counts, days, threads)
    from occasion.finding.ordered import scan_ordered

    return scan_ordered(study, counts, days, threads)


@dataclass
class Tally:
    """One core's histogram and counters."""

    book: npt.NDArray[np.int64]  # [party code]: start, cell, last seen, and room so that it is half a cache line
    histogram: npt.NDArray[np.int32]
    counter: npt.NDArray[np.unsignedinteger[Any]]
    counts: int
    days: int

    def add(self, rows: Rows) -> None:
        """Whole parties, sorted by (party, at)."""
        party, name, at = rows
        if not compiled(sealed_kernels.in_order)(party, name, at, len(self.counter)):
            raise InputError(
                "a sealed segment is not sorted by (party, at), or has a name that is not in the dictionary: "
                "load the events again"
            )
        compiled(sealed_kernels.count_coded)(
            party, name, at, self.book, self.counter, self.histogram, self.counts, self.days
        )


def tallies_of(population: Population, names: int, counts: int, days: int, cores: int) -> list[Tally]:
    """Empty ones, with one book: no party is counted by two cores, so they can share it."""
    book = np.empty((int(population.ids.max()) + 1 if len(population) else 0, 4), np.int64)
    compiled(sealed_kernels.fill_book)(population.ids, population.start_us, cells(population), NEVER, book)
    size, smallest = 2 * population.groups * names * counts * days, np.min_scalar_type(counts)
    return [Tally(book, np.zeros(size, np.int32), np.zeros(names, smallest), counts, days) for _ in range(cores)]


def _scan_sealed(study: Study, counts: int, days: int, threads: int) -> Scan:
    population = study.population
    tallies = tallies_of(population, len(study.names), counts, days, threads)
    work = _Work(buckets(study.source))
    with ThreadPoolExecutor(threads) as pool:
        fragments = [part for parts in pool.map(work.run, tallies) for part in parts]
        fragments.sort(key=lambda part: part[0])
        for together in _by_bucket(fragments):
            tallies[0].add(together)
        what = [candidate.what for candidate in counts_of(study.names)]
        shape = (population.groups, 2, counts, len(what), days)
        cube = summed([one.histogram.reshape(shape) for one in tallies], population, what, pool)
    return Scan(cube, tallies[0].book[population.ids, 2])


Fragment = tuple[tuple[int, int, int], Rows]  # (bucket, row group, first or last), its rows


def _by_bucket(fragments: Sequence[Fragment]) -> Iterator[Rows]:
    """The waiting rows of each bucket in order, put together."""
    of_bucket: dict[int, list[Rows]] = {}
    for (bucket, _, _), rows in fragments:
        of_bucket.setdefault(bucket, []).append(rows)
    for parts in of_bucket.values():
        party, name, at = (np.concatenate([part[i] for part in parts]) for i in range(3))
        yield party, name, at


class _Work:
    """Row groups handed out to whichever core is free; a bucket of several files goes to one core, merged."""

    def __init__(self, files: Sequence[Sequence[Path]]) -> None:
        import pyarrow.parquet as pq

        self._lock = Lock()
        units: list[tuple[int, Sequence[Path], Any, int]] = []
        for bucket, paths in enumerate(files):
            if len(paths) == 1:
                meta = pq.read_metadata(paths[0])
                units += [(bucket, paths, meta, i) for i in range(meta.num_row_groups)]
            else:
                units.append((bucket, paths, None, 0))
        self._units = iter(units)

    def run(self, one: Tally) -> list[Fragment]:
        """Decode and count until nothing is left; the rows that must wait."""
        fragments: list[Fragment] = []
        with Groups() as reader:
            while unit := self._next():
                bucket, paths, meta, i = unit
                if meta is None:
                    one.add(rows_of(in_order(paths, COLUMNS)))
                    continue
                inner, waiting = _cut(reader.rows(paths[0], meta, i))
                fragments += [((bucket, i, side), rows) for side, rows in enumerate(waiting)]
                one.add(inner)
        return fragments

    def _next(self) -> tuple[int, Sequence[Path], Any, int] | None:
        with self._lock:
            return next(self._units, None)


def _cut(rows: Rows) -> tuple[Rows, list[Rows]]:
    """The parties that lie wholly inside, and copies of the rows of the first and the last party."""
    party, name, at = rows
    if not len(party):
        return rows, []
    head = int(np.searchsorted(party, party[0], "right"))
    tail = int(np.searchsorted(party, party[-1]))
    ends = [(0, len(party))] if tail < head else [(0, head), (tail, len(party))]
    waiting = [(party[a:b].copy(), name[a:b].copy(), at[a:b].copy()) for a, b in ends]
    return (party[head:tail], name[head:tail], at[head:tail]), waiting
