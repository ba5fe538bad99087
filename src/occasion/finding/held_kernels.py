"""Compiled loops that write down what is held equal, party after party; points of a party in order of time."""

# ruff: noqa: PLR0917 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

Int = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


def _one(first: int, end: int, column: Int, offset: Int, day: Int, cut: int, counts: Floats) -> Any:
    """What one party did, by its points from `first` to `end`, up to and including `cut`: adds to `counts` by column;
    days with any point, points before the cut in the last third of the time, the last instant before it (-1: none)."""
    days, recent, last, last_day = 0, 0, np.int64(-1), np.int64(-1)
    for i in range(first, end):
        at = offset[i]
        if at > cut:
            break
        counts[column[i]] += 1.0
        days += day[i] != last_day
        last_day = np.int64(day[i])  # also at the cut: of several points there the first makes it a day
        if at < cut:
            recent += 3 * at >= 2 * cut
            last = at
    return days, recent, last


one = register_jitable(_one)


def until(first: Int, column: Int, offset: Int, day: Int, cut: Int, counts: Floats, days: Floats, last: Int) -> None:
    """What each party did up to and including `cut[p]`: `counts` by column, `days` with any point, and the `last`
    instant before it (-1: none)."""
    for p in range(cut.shape[0]):
        days[p], _, last[p] = one(first[p], first[p + 1], column, offset, day, cut[p], counts[p])


def held_before(
    chosen: Int, first: Int, column: Int, offset: Int, day: Int, day_us: int, cut: Int, own: int,
    mean: float, shape: float, logs: Floats, out: Floats,
) -> None:  # fmt: skip
    """Rows of what is held equal at the instants `cut` of the `chosen` parties (see `confirm._held_equal`); `logs` is a
    table of log(1 + count)."""
    counts = np.empty(out.shape[1], np.float64)  # longer than there are columns
    names = out.shape[1] - 7 + (own >= 0)
    for q in range(chosen.shape[0]):
        p = chosen[q]
        counts[:] = 0.0
        days, recent, last = one(first[p], first[p + 1], column, offset, day, cut[p], counts)
        volume, k = 0.0, 0
        for j in range(names):
            if j != own:
                volume += counts[j]
                out[q, k] = logs[np.int64(counts[j])]
                k += 1
        since = max(cut[p], 0) / day_us
        shown = np.log((volume + shape) / (since * mean + shape))
        out[q, k] = logs[np.int64(volume)]
        out[q, k + 1], out[q, k + 2], out[q, k + 3] = shown, shown**2, shown**3
        out[q, k + 4], out[q, k + 5] = logs[recent], logs[days]
        gap = (cut[p] - last) / day_us if last >= 0 else since
        out[q, k + 6] = np.log1p(4 * max(gap, 0.0))


def held_until(counts: Floats, names: Int, days: Floats, gap: Floats, end: float, logs: Floats, out: Floats) -> None:
    """Rows of what is held equal until `end` (see `landmark._all_else`): logs of the counts of `names`, then of their
    sum and so on."""
    k = names.shape[0]
    for p in range(counts.shape[0]):
        volume = 0.0
        for j in range(k):
            some = counts[p, names[j]]
            volume += some
            out[p, j] = logs[np.int64(some)]
        whole = logs[np.int64(volume)]
        out[p, k], out[p, k + 1], out[p, k + 2] = whole, whole**2, whole**3
        out[p, k + 3], out[p, k + 4] = logs[np.int64(days[p])], np.log1p(gap[p])
        out[p, k + 5], out[p, k + 6] = gap[p] > end / 2, gap[p] > end / 4
