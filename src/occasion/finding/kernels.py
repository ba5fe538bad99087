"""The compiled loops of finding: numba, compiled on first use and cached on disk; they hold no lock while they run.

Histograms inside the kernels are flat, laid out [cell of the party, count, stream, day]; a party's cell is
2 · group + kept, so that increments of one party fall close together: most are of small counts.
"""

# ruff: noqa: PLR0917 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

DAY_US = 86_400_000_000
NOT_SORTED = -1
Int = npt.NDArray[Any]


@cache
def compiled(function: Callable[..., Any], *, loosely: bool = False) -> Callable[..., Any]:
    """The function compiled by numba (once a process; the machine code is kept on disk between processes).

    `loosely`: sums of numbers with a point may be taken in any order.
    """
    from numba import njit

    machine_code: Callable[..., Any] = njit(cache=True, nogil=True, fastmath=loosely)(function)
    return machine_code


def count_sorted(
    row: Int, stream: Int, offset: Int, cell: Int, state: Int, counter: Int, histogram: Int, counts: int, days: int
) -> int:
    """Add points sorted by (party, time) to the histogram; 0, or NOT_SORTED where the order is broken.

    `row`: the party's row (negative: not under study, skipped); `offset`: microseconds since its start;
    `cell[row]`: 2 · group + kept. `counter[stream]` (int64) is never reset: a party's counts begin at its own base,
    which is above all bases before it. `state` = [base, last row, last offset] goes on from call to call.
    """
    most, streams, width = np.uint64(counts), np.uint64(counter.shape[0]), np.uint64(days)
    day_us = np.uint64(DAY_US)
    end = width * day_us
    base, last, before = np.uint64(state[0]), state[1], state[2]
    block = np.uint64(0)
    if last >= 0:
        block = np.uint64(cell[last]) * most * streams * width
    for i in range(row.shape[0]):
        r = np.int64(row[i])
        if r < 0:
            continue
        if r != last:
            base += most + np.uint64(1)
            last = r
            block = np.uint64(cell[r]) * most * streams * width
        elif offset[i] < before:
            return NOT_SORTED
        before = offset[i]
        since = np.uint64(before)  # an offset before the start wraps round to far beyond the end
        if since < end:
            s = np.uint64(stream[i])
            count = max(np.uint64(counter[s]), base)
            seen = count - base
            if seen < most:
                histogram[block + (seen * streams + s) * width + since // day_us] += np.int32(1)
                counter[s] = count + np.uint64(1)
    state[0], state[1], state[2] = base, last, before
    return 0


def hash_texts(offsets: Int, data: Int, hashes: Int) -> None:
    """FNV-1a over each text's bytes, mixed by the finaliser of splitmix64 (see grouping.py)."""
    for i in range(hashes.shape[0]):
        h = np.uint64(0xCBF29CE484222325)
        for j in range(offsets[i], offsets[i + 1]):
            h = (h ^ np.uint64(data[j])) * np.uint64(0x100000001B3)
        h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        hashes[i] = h ^ (h >> np.uint64(31))


def pair_points(
    key: Int,
    name: Int,
    offset: Int,
    first: Int,
    second: Int,
    times: Int,
    within: Int,
    by_second: Int,
    begin: Int,
    names: int,
    out_at: Int,
    out_pair: Int,
) -> int:
    """The first point after the start of each pair pattern; returns how many were written.

    Rows sorted by (`key`, `offset`); a key is a party (or a party and a value). Pair p is `a then first b within W`
    (a = first[p], b = second[p], W = within[p]) where times[p] = 1, and `count(a) >= m then first b within W` where
    times[p] = m > 1. by_second[begin[b] : begin[b + 1]] are the pairs that end in b. All events of an instant are seen
    together: pairs look at what came strictly before it. Written: the row at which a pair was reached, and the pair.
    """
    n, pairs, found = key.shape[0], first.shape[0], 0
    # by name: the last time, how often, and the party that both are of; by pair: the same of its first side
    last, seen, known = np.empty(names, np.int64), np.zeros(names, np.int64), np.full(names, -1, np.int64)
    mth, mth_known, done = np.empty(pairs, np.int64), np.full(pairs, -1, np.int64), np.full(pairs, -1, np.int64)
    by_first = np.argsort(first)
    begin_first = np.searchsorted(first[by_first], np.arange(names + 1))
    party, i = np.int64(-1), 0
    while i < n:
        if i == 0 or key[i] != key[i - 1]:
            party += 1
        j, t = i, offset[i]
        while j < n and key[j] == key[i] and offset[j] == t:
            j += 1
        for e in range(i, j):
            b = name[e]
            for q in range(begin[b], begin[b + 1]):
                p = by_second[q]
                a = first[p]
                waits = known[a] == party and (times[p] == 1 or mth_known[p] == party)
                if t <= 0 or done[p] == party or not waits:
                    continue
                since = last[a] if times[p] == 1 else mth[p]
                if t - since < within[p] and not (known[b] == party and last[b] > since):
                    out_at[found], out_pair[found] = i, p
                    done[p] = party
                    found += 1
        for e in range(i, j):
            a = name[e]
            seen[a] = seen[a] + 1 if known[a] == party else 1
            known[a], last[a] = party, t
            for q in range(begin_first[a], begin_first[a + 1]):
                p = by_first[q]
                if times[p] > 1 and seen[a] == times[p]:
                    mth[p], mth_known[p] = t, party
        i = j
    return found


def return_points(
    key: Int, which: Int, offset: Int, within: Int, by_choice: Int, begin: Int, out_at: Int, out_return: Int
) -> int:
    """The first return after the start of each kind, for each key; returns how many were written.

    Rows sorted by (`key`, `offset`), `which[i]` the event's choice. Return q is within[q] long and of the choice c for
    which q is in by_choice[begin[c] : begin[c + 1]]: an event at least that much later than the one before it.
    """
    choices = begin.shape[0] - 1
    last, known = np.empty(choices, np.int64), np.full(choices, -1, np.int64)
    done = np.full(within.shape[0], -1, np.int64)
    party, found = np.int64(-1), 0
    for i in range(key.shape[0]):
        if i == 0 or key[i] != key[i - 1]:
            party += 1
        c = which[i]
        if known[c] == party and offset[i] > 0:
            gap = offset[i] - last[c]
            for j in range(begin[c], begin[c + 1]):
                q = by_choice[j]
                if gap >= within[q] and done[q] != party:
                    out_at[found], out_return[found] = i, q
                    done[q] = party
                    found += 1
        known[c], last[c] = party, offset[i]
    return found


def keep_first(row: Int, stream: Int, counter: Int, first: int, keep: Int) -> None:
    """`keep[i]`: whether it is one of the first few points of its (party, stream); parties in one piece, in time.

    `counter` (by stream) is zeros.
    """
    base, last = np.int64(0), np.int64(-1)
    for i in range(row.shape[0]):
        if row[i] != last:
            last = row[i]
            base += first
        s = stream[i]
        count = max(counter[s], base) + 1
        keep[i] = count <= base + first
        counter[s] = min(count, base + first)  # never above the next party's base


def turned(histograms: Any, group: int, out: Int) -> None:
    """`out` [group, stream, k-1, day, kept] of one group: the sum of histograms [group, kept, k-1, stream, day]."""
    _, _, most, streams, width = histograms[0].shape
    for s in range(streams):
        for k in range(most):
            for d in range(width):
                for kept in range(2):
                    total = np.int32(0)
                    for histogram in histograms:
                        total += histogram[group, kept, k, s, d]
                    out[group, s, k, d, kept] = total


def arrange(row: Int, free: Int, order: Int) -> None:
    """Where each point goes so that parties are in the order of their rows; `free[r]`: where party r's begin."""
    for i in range(row.shape[0]):
        order[free[row[i]]] = i
        free[row[i]] += 1
