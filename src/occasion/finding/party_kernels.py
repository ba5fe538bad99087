"""Compiled loops over points that answer questions about single parties; rows sorted by (party, time)."""

# ruff: noqa: PLR0917 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


def nth_us(party: Int, offset: Int, k: int, end: int, at: Int) -> None:
    """`at[p]`: the instant of the k-th point of one stream before `end`; left as it is where there is none."""
    seen, last = 0, -1
    for i in range(party.shape[0]):
        seen = seen + 1 if party[i] == last else 1
        last = party[i]
        if seen == k and offset[i] < end:
            at[last] = offset[i]


def next_event(first: Int, stream: Int, offset: Int, counts: Int, begin: Int, stop: Int, at: Int) -> None:
    """`at[p]`: the first point of a stream that `counts`, at or after `begin[p]`, before `stop[p]`; else as it is.

    Party p's points are `first[p]` to `first[p + 1]`, in order of time.
    """
    for p in range(at.shape[0]):
        for i in range(first[p], first[p + 1]):
            if offset[i] >= stop[p]:
                break
            if offset[i] >= begin[p] and counts[stream[i]]:
                at[p] = offset[i]
                break


def by_window(
    party: Int, stream: Int, offset: Int, slot: Int, plain: Int, ends: Int, most: int, day: int,
    counts: Int, days: Int, last: Int,
) -> None:  # fmt: skip
    """For every window [0, ends[w]): `counts[w, slot, p]` points up to `most` (slot < 0: not counted), `days[w, p]`
    with a plain point, and `last` plain instant (-1: none). Counts and days come as zeros, `last` as -1."""
    windows = ends.shape[0]
    for i in range(party.shape[0]):
        w = np.searchsorted(ends, offset[i], side="right")  # the first window that holds it
        if w == windows:
            continue
        p, s = party[i], slot[stream[i]]
        if s >= 0 and counts[w, s, p] < most:
            counts[w, s, p] += 1
        if plain[stream[i]]:
            if last[w, p] < 0 or last[w, p] // day != offset[i] // day:
                days[w, p] += 1
            last[w, p] = offset[i]
    for w in range(1, windows):
        for s in range(counts.shape[1]):
            for p in range(counts.shape[2]):
                counts[w, s, p] = min(np.int64(counts[w, s, p]) + np.int64(counts[w - 1, s, p]), most)
        for p in range(counts.shape[2]):
            shared = last[w, p] >= 0 and last[w - 1, p] >= 0 and last[w, p] // day == last[w - 1, p] // day
            days[w, p] += days[w - 1, p] - shared
            last[w, p] = max(last[w, p], last[w - 1, p])


def sums_by_count(count: Int, x: Floats, sums: Floats) -> None:
    """`sums[c]` += row i of `x` for every i with `count[i]` = c."""
    for i in range(count.shape[0]):
        c = count[i]
        for j in range(x.shape[1]):
            sums[c, j] += x[i, j]
