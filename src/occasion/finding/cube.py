"""The cube: for each party and candidate stream, on which day after the start the k-th point fell.

One histogram over (group, stream, k, day, kept), summed over days, holds every window at once: a party has reached
k within d days when its k-th point fell on one of the days 0 .. d-1. Windows are open at their end: a point exactly
d days after the start is on day d, so it is not within d days. Points at the start's own instant are on day 0;
points before the start do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.finding import kernels
from occasion.finding.population import Population, Streams


@dataclass(frozen=True)
class Cube:
    """How many parties reached each count on each day.

    `counts` (int32) [group, stream, k-1, day, kept]: parties whose k-th point fell on that day after their start;
    `parties` (int64) [group, kept]: all parties under study, whether they have any point or not;
    `what[s]`, `base[s]`: as in Streams.
    """

    counts: npt.NDArray[np.int32]
    parties: npt.NDArray[np.int64]
    what: Sequence[str]
    base: npt.NDArray[np.int32]

    @property
    def most(self) -> int:
        """The largest count in the cube (K)."""
        return int(self.counts.shape[2])

    @property
    def days(self) -> int:
        """The longest window in days (D)."""
        return int(self.counts.shape[3])

    @cached_property
    def windows(self) -> npt.NDArray[np.int32]:
        """[group, stream, k-1, days-1, kept]: parties that reached k within that many days of the start."""
        return np.cumsum(self.counts, axis=3, dtype=np.int32)

    def reached(self, k: int, days: int) -> npt.NDArray[np.int64]:
        """[group, stream, kept]: parties that reached at least k points within `days` days of their start."""
        if not (1 <= k <= self.most and 1 <= days <= self.days):
            raise InputError(
                f"the cube has no cell for {k} points within {days} days: "
                f"it holds 1 to {self.most} points and 1 to {self.days} days; build it larger"
            )
        sums: npt.NDArray[np.int64] = self.counts[:, :, k - 1, :days, :].sum(axis=2, dtype=np.int64)
        return sums

    def __eq__(self, other: object) -> bool:
        """Equal cell for cell, over the same streams."""
        if not isinstance(other, Cube):
            return NotImplemented
        return (
            list(self.what) == list(other.what)
            and np.array_equal(self.counts, other.counts)
            and np.array_equal(self.parties, other.parties)
        )

    __hash__ = None  # type: ignore[assignment]


def cells(population: Population) -> npt.NDArray[np.int16]:
    """2 · group + kept of each party: the block of the histogram it belongs to."""
    return (population.group.astype(np.int16) * 2 + population.kept).astype(np.int16)


def group_sizes(population: Population) -> npt.NDArray[np.int64]:
    """[group, kept]: how many parties are under study."""
    return np.bincount(cells(population), minlength=2 * population.groups).reshape(population.groups, 2)


def check_size(counts: int, days: int) -> None:
    """Refuse a cube without counts or days."""
    if counts < 1 or days < 1:
        raise InputError(f"a cube of {counts} counts and {days} days: both must be at least 1")


class CubeBuilder:
    """Adds points up to a cube: chunk after chunk, parties in one piece, each sorted by time.

    No two chunks share both a party and a stream.

    Memory: the histogram (groups × streams × counts × days × 2 × 4 bytes) and one counter a stream.
    """

    def __init__(self, population: Population, streams: int, counts: int = 50, days: int = 30) -> None:
        check_size(counts, days)
        self.population = population
        self.shape = (population.groups, 2, counts, streams, days)
        self._cell = cells(population)
        self._histogram = np.zeros(int(np.prod(self.shape)), np.int32)
        self._counter = np.zeros(streams, np.int64)
        self._state = np.array([0, -1, 0], np.int64)

    def add(self, row: npt.NDArray[np.int32], stream: npt.NDArray[np.int32], offset_us: npt.NDArray[np.int64]) -> None:
        """Add points; `row` is the party's row in the population (negative: skipped)."""
        _, _, counts, streams, days = self.shape
        self._state[1:] = -1, 0
        if len(row) and (row.max() >= len(self.population) or stream.min() < 0 or stream.max() >= streams):
            raise InputError(f"a point lies outside {len(self.population)} parties and {streams} streams")
        broken = kernels.compiled(kernels.count_sorted)(
            row, stream, offset_us, self._cell, self._state, self._counter, self._histogram, counts, days
        )
        if broken:
            raise InputError("points are not sorted by (party, time): sort them, or count them in order of time")

    def take_over(self, other: CubeBuilder) -> None:
        """Add what another has counted, of other parties."""
        self._histogram += other._histogram

    def result(self, what: Sequence[str], base: npt.NDArray[np.int32]) -> Cube:
        """The cube so far."""
        return as_cube(self._histogram.reshape(self.shape), self.population, what, base)


def as_cube(
    histogram: npt.NDArray[np.int32], population: Population, what: Sequence[str], base: npt.NDArray[np.int32]
) -> Cube:
    """A cube from the kernels' own layout [group, kept, k-1, stream, day]."""
    return Cube(np.ascontiguousarray(histogram.transpose(0, 3, 2, 4, 1)), group_sizes(population), what, base)


def summed(
    histograms: Sequence[npt.NDArray[np.int32]], population: Population, what: Sequence[str], pool: Executor
) -> Cube:
    """The cube of what several cores counted, each as in `as_cube`; every stream has a base of its own."""
    groups, _, counts, streams, days = histograms[0].shape
    out = np.empty((groups, streams, counts, days, 2), np.int32)
    turn, together = kernels.compiled(kernels.turned), tuple(histograms)
    list(pool.map(lambda group: turn(together, group, out), range(groups)))
    return Cube(out, group_sizes(population), what, np.arange(streams, dtype=np.int32))


def cube(streams: Streams | Iterable[Streams], population: Population, counts: int = 50, days: int = 30) -> Cube:
    """The cube of streams in memory, or of chunks of them (all with the same `what`; no party in two chunks).

    >>> population = Population(np.array([7]), np.array([0]), np.array([True]), np.array([0], np.uint8), 1)
    >>> nought = np.zeros(2, np.int32)
    >>> points = Streams(nought, nought, np.array([0, 86_400_000_000]), ["count(call)"], nought[:1])
    >>> cube(points, population).reached(2, 1).tolist(), cube(points, population).reached(2, 2).tolist()
    ([[[0, 0]]], [[[0, 1]]])
    """
    chunks = iter([streams] if isinstance(streams, Streams) else streams)
    first = next(chunks, None)
    if first is None:
        raise InputError("no streams to count: give at least one chunk, which may be empty")
    builder = CubeBuilder(population, len(first.what), counts, days)
    builder.add(first.party, first.stream, first.offset_us)
    for chunk in chunks:
        builder.add(chunk.party, chunk.stream, chunk.offset_us)
    return builder.result(first.what, first.base)
