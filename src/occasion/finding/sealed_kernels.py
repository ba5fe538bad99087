"""Compiled loops over our own segments: whole parties, sorted by (party, at), names and parties as codes."""

# ruff: noqa: PLR0917 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from typing import Any

import numpy as np

from occasion.finding.kernels import DAY_US, Int
from occasion.finding.memory import fetch

WAITING = 64  # increments that wait until their counter has come near (a power of two)


def in_order(party: Int, name: Int, at: Int, names: int) -> Any:
    """Whether rows are sorted by (party, at) and every name's code is one of `names`; a loop without branches."""
    bad = np.uint8(0)
    for i in range(1, party.shape[0]):
        same = np.uint8(party[i] == party[i - 1])
        bad |= np.uint8(party[i] < party[i - 1]) | (same & np.uint8(at[i] < at[i - 1]))
    for i in range(name.shape[0]):
        bad |= np.uint8(np.uint32(name[i]) >= np.uint32(names))
    return bad == 0


def count_coded(
    party: Int,
    name: Int,
    at: Int,
    book: Int,
    counter: Int,
    histogram: Int,
    counts: int,
    days: int,
) -> None:
    """Add a segment's rows, whole parties sorted by (party, at), to the histogram.

    `book[code]` = (start, cell, last seen): one access to memory a party. Cell < 0: not under study; the time of the
    party's last event is brought up to date. `counter` (by name) is scratch.
    Indices are unsigned: a signed one costs a test each.
    """  # fmt: skip
    most, streams, width = np.uint64(counts), np.uint64(counter.shape[0]), np.uint64(days)
    one, day_us, known = np.uint64(1), np.uint64(DAY_US), np.uint64(book.shape[0])
    n = party.shape[0]
    if n == 0:
        return
    runs = one
    for i in range(1, n):
        runs += np.uint64(party[i] != party[i - 1])
    first, run = np.empty(runs + one, np.int64), np.uint64(0)  # where each party's rows begin
    for i in range(n - 1):
        first[run + one] = i + 1
        run += np.uint64(party[i] != party[i + 1])
    first[0], first[runs] = 0, n
    begin, cell = np.empty(runs, np.int64), np.empty(runs, np.int64)
    for r in range(runs):  # all looked up at once: so many misses of the cache run side by side
        p = np.uint64(party[first[r]])
        cell[r] = -1
        if p < known:
            begin[r], cell[r] = book[p, 0], book[p, 1]
            book[p, 2] = max(book[p, 2], at[first[r + 1] - 1])
    waiting, m, last = np.zeros(WAITING, np.uint64), np.uint64(0), np.uint64(WAITING - 1)
    for r in range(runs):  # in this order: sorted by cell it took half as long again
        if cell[r] < 0:
            continue
        counter[:] = 0
        block = np.uint64(cell[r]) * most * streams * width
        for e in range(np.uint64(first[r]), np.uint64(first[r + 1])):
            since = np.uint64(at[e] - begin[r])  # before the start it wraps round to far beyond the end
            if since < width * day_us:
                s = np.uint64(name[e])
                seen = np.uint64(counter[s])
                if seen < most:
                    index = block + (seen * streams + s) * width + since // day_us
                    fetch(histogram, np.int64(index))  # what has waited longest is counted now: it has come near
                    if m > last:  # written out: as a function of its own it took three times as long
                        histogram[waiting[m & last]] += np.int32(1)
                    waiting[m & last] = index
                    m += one
                    counter[s] = seen + one
    k = m - min(m, last + one)
    while k < m:
        histogram[waiting[k & last]] += np.int32(1)
        k += one


def fill_book(ids: Int, start: Int, cell: Int, never: int, book: Int) -> None:
    """`book[code]` = (start, cell, never) for each party under study; cell -1 for all others."""
    book[:, 1] = -1
    for i in range(ids.shape[0]):
        book[ids[i], 0], book[ids[i], 1], book[ids[i], 2] = start[i], cell[i], never


def keep_rows(
    party: Int,
    name: Int,
    at: Int,
    rows: Int,
    start: Int,
    wanted: Int,
    until: int,
    out_row: Int,
    out_name: Int,
    out: Int,
) -> int:
    """Keep the rows of known parties (`rows[code]` >= 0, the last entry is for codes beyond) and of `wanted` names less
    than `until` after the party's start: its row, the name, the time since the start. Returns how many are kept."""
    beyond, found = np.uint64(rows.shape[0] - 1), 0
    for i in range(party.shape[0]):
        row = rows[min(np.uint64(party[i]), beyond)]
        if row >= 0 and np.uint64(name[i]) < np.uint64(wanted.shape[0]) and wanted[name[i]]:
            offset = at[i] - start[row]
            if offset < until:
                out_row[found], out_name[found], out[found] = row, name[i], offset
                found += 1
    return found


def parties_by_name(row: Int, name: Int, offset: Int, begin: int, kept: Int, last: Int, did: Int) -> None:
    """`did[name, 0]` and, of kept parties, `did[name, 1]` += parties with an event at or after `begin`; rows of whole
    parties, `last` (by name, -1 at first) the party that was counted last."""
    for i in range(row.shape[0]):
        n, r = name[i], row[i]
        if offset[i] >= begin and last[n] != r:
            last[n] = r
            did[n, 0] += 1
            did[n, 1] += kept[r]
