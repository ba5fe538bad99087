"""What single parties did and when: the questions that the screen and the confirmation ask of streams."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from occasion.finding import kernels, party_kernels
from occasion.finding.kernels import compiled
from occasion.finding.population import DAY_US, Streams

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


MOST_COLUMNS = 24
AMONG_ALL = 7  # columns about all events together in what is held equal


@dataclass(frozen=True)
class Before:
    """What each party did up to an instant: point counts by event name (n, names) and in all, active days, gap.

    Counts and days include the instant itself; `gap_days` (since the last event; the whole time since the start where
    there was none) does not.
    """

    counts: Floats
    whole: Floats
    days: Floats
    gap_days: Floats


@dataclass(frozen=True)
class Plain:
    """The points that count events of a name, party after party: party p's are `first[p]` to `first[p + 1]`, in order
    of time. `column` is that of the event name, `day` the whole days since the start, `logs` a table of log(1 + k)."""

    first: Ints
    stream: npt.NDArray[np.int32]
    column: npt.NDArray[np.int16]
    offset: Ints
    day: npt.NDArray[np.int32]
    logs: Floats


@dataclass(frozen=True)
class Activity:
    """The points of `n` parties before the horizon, and which streams stand for a plain event name.

    `column[s]`: for the one stream that stands for its event name the column of what is held equal, else -1; the
    most frequent names have a column each, all others share the last. Rows are sorted by (party, time); `party` counts
    from 0 to n - 1.
    """

    party: npt.NDArray[np.int32]
    stream: npt.NDArray[np.int32]
    offset: Ints
    what: tuple[str, ...]
    base: npt.NDArray[np.int32]
    column: npt.NDArray[np.int64]
    n: int
    aside: dict[Hashable, Floats] = field(default_factory=dict, repr=False, compare=False)  # what others keep here
    _nth: dict[tuple[int, int, float], Ints] = field(default_factory=dict, repr=False, compare=False)
    _until: dict[float, Before] = field(default_factory=dict, repr=False, compare=False)
    paces: dict[tuple[float, int], tuple[float, float]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def names(self) -> int:
        """How many columns of event names there are."""
        return int(self.column.max(initial=-1)) + 1

    def own_column(self, stream: int) -> int:
        """The column that is not held equal for a stream: that of the event name it is made of.

        -1 (none) where that is the only name there is and the stream is not its plain count: how often people do it at
        all is then the only engagement that shows.
        """
        same = np.flatnonzero((self.base == self.base[stream]) & (self.column >= 0))
        return -1 if self.names == 1 and self.column[stream] < 0 else int(self.column[same[0]])

    def alone(self, stream: int) -> bool:
        """Whether nothing else shows how engaged a party is: the stream counts the only event name there is."""
        return self.names == 1 and self.own_column(stream) >= 0

    def others(self, counts: Floats, stream: int) -> Floats:
        """Columns of counts (n, names) without the stream's own."""
        own = self.own_column(stream)
        return counts if own < 0 else np.delete(counts, own, axis=1)

    @cached_property
    def _by_stream(self) -> tuple[npt.NDArray[np.int32], Ints, Ints]:
        """Parties and instants of all points stream by stream, each sorted by (party, time), and where each begins."""
        size = np.bincount(self.stream, minlength=len(self.what))
        begin = np.concatenate([[0], np.cumsum(size)])
        order = np.empty(len(self.stream), np.int64)
        compiled(kernels.arrange)(self.stream, begin[:-1].copy(), order)
        return self.party[order], self.offset[order], begin

    def _of(self, stream: int) -> tuple[npt.NDArray[np.int32], Ints]:
        party, offset, begin = self._by_stream
        return party[begin[stream] : begin[stream + 1]], offset[begin[stream] : begin[stream + 1]]

    def nth(self, stream: int, k: int, days: float) -> Ints:
        """Per party the instant (us since start) of its k-th point if it came within `days`, else -1. To be read only:
        it is kept, since lines ask for each other's."""
        if (stream, k, days) not in self._nth:
            at = np.full(self.n, -1, np.int64)
            compiled(party_kernels.nth_us)(*self._of(stream), k, int(days * DAY_US), at)
            at.flags.writeable = False
            self._nth[stream, k, days] = at
        return self._nth[stream, k, days]

    @cached_property
    def _plain(self) -> Plain:
        plain = self.column[self.stream] >= 0
        party, stream, offset = self.party[plain], self.stream[plain], self.offset[plain]
        first = np.searchsorted(party, np.arange(self.n + 1)).astype(np.int64)
        most = int(np.diff(first).max(initial=0))
        return Plain(
            first=first,
            stream=stream,
            column=self.column[stream].astype(np.int16),
            offset=offset,
            day=(offset // DAY_US).astype(np.int32),
            logs=np.log1p(np.arange(most + 1)),
        )

    def next_other(self, stream: int, begin: Ints, stop: Ints) -> Ints:
        """Per party its first event of another name (any, if there is one only) from `begin` on and before `stop`,
        else -1."""
        plain = self.column >= 0
        counts = plain & (self.base != self.base[stream])
        counts = counts if counts.any() else plain
        at, points = np.full(self.n, -1, np.int64), self._plain
        compiled(party_kernels.next_event)(points.first, points.stream, points.offset, counts, begin, stop, at)
        return at

    def until(self, days: float) -> Before:
        """What each party did in its first `days` days; kept, since many lines ask for the same window."""
        from occasion.finding import held_kernels

        if days not in self._until:
            points, cut = self._plain, np.full(self.n, int(days * DAY_US) - 1, np.int64)
            counts, active, last = np.zeros((self.n, self.names)), np.zeros(self.n), np.empty(self.n, np.int64)
            compiled(held_kernels.until)(
                points.first, points.column, points.offset, points.day, cut, counts, active, last
            )
            gap = np.where(last >= 0, cut - last, np.maximum(cut, 0)) / DAY_US
            self._until[days] = Before(counts, counts.sum(axis=1), active, gap)
        return self._until[days]

    def held_before(self, chosen: Ints, cut: Ints, own: int, pace: tuple[float, float], out: Floats) -> None:
        """Rows of what is held equal in the trials of chosen parties, who enter at `cut` (see `confirm`), into `out`:
        the names without `own`, and `AMONG_ALL`."""
        from occasion.finding import held_kernels

        points = self._plain
        compiled(held_kernels.held_before)(
            chosen, points.first, points.column, points.offset, points.day, DAY_US, cut, own, *pace, points.logs, out
        )

    def held_until(self, days: float, names: Ints, out: Floats) -> None:
        """Rows of what is held equal at the landmark of the first `days` days, events of `names` (see `landmark`), into
        `out`: the names, and `AMONG_ALL`."""
        from occasion.finding import held_kernels

        until = self.until(days)
        compiled(held_kernels.held_until)(
            until.counts, names, until.days, until.gap_days, float(days), self._plain.logs, out
        )

    def points(self, stream: int, days: float) -> Ints:
        """How many points of a stream each party has in its first `days` days."""
        party, offset = self._of(stream)
        return np.bincount(party[offset < int(days * DAY_US)], minlength=self.n)


def logs_of(counts: npt.NDArray[Any]) -> Floats:
    """log(1 + count) of whole numbers, each different one worked out once."""
    whole = counts.astype(np.int64)
    return np.asarray(np.log1p(np.arange(int(whole.max(initial=0)) + 1))[whole])


def activity_of(streams: Streams, chosen: npt.NDArray[np.bool_], horizon_days: float) -> Activity:
    """The points of the chosen parties (a mask over the population) before the horizon, parties renumbered from 0."""
    number = np.cumsum(chosen) - 1
    rows = chosen[streams.party] & (streams.offset_us < int(horizon_days * DAY_US))
    return Activity(
        party=number[streams.party[rows]].astype(np.int32),
        stream=streams.stream[rows],
        offset=streams.offset_us[rows],
        what=tuple(streams.what),
        base=np.asarray(streams.base),
        column=plain_columns(streams),
        n=int(chosen.sum()),
    )


def plain_columns(streams: Streams, most: int = MOST_COLUMNS) -> Ints:
    """For each stream the column of its event name where it is the stream that counts all of them, else -1.

    That is the first `count(x)` without a condition of each base; a base that has none is stood for by its first
    stream. The `most` - 1 names with most points have a column each, the others share one.
    """
    column = np.full(len(streams.what), -1, np.int64)
    standing = []
    for base in sorted(set(np.asarray(streams.base).tolist())):
        same = [s for s in range(len(streams.what)) if streams.base[s] == base]
        plain = [s for s in same if streams.what[s].startswith("count(") and " where " not in streams.what[s]]
        standing.append((plain or same)[0])
    size = np.bincount(streams.stream, minlength=len(streams.what))
    frequent = sorted(standing, key=lambda s: -size[s])[: len(standing) if len(standing) <= most else most - 1]
    for s in standing:
        column[s] = sorted(frequent).index(s) if s in frequent else len(frequent)
    return column
