"""Compiled loops for events in order of time, parties mixed: sort by blocks of parties, count.

Counters of all parties and names do not fit a processor's cache, and events in order of time jump between them. So
rows are first sorted (stably, by counting) into blocks of parties whose counters do fit.
"""

# ruff: noqa: PLR0917 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from typing import Any

import numpy as np

from occasion.finding.kernels import DAY_US, Int
from occasion.finding.memory import fetch

AHEAD = 48
STEP = 64
BLOCK_BITS = 11  # 2048 parties a block: with 200 names their counters take 400 KB


def take(codes: Int, known: Int, out: Int) -> Any:
    """`out[i]` = `known[codes[i]]`; False where there is no such code."""
    for i in range(codes.shape[0]):
        code = np.uint32(codes[i])
        if code >= known.shape[0]:
            return False
        out[i] = known[code]
    return True


def mark(codes: Int, occurs: Int) -> Any:
    """`occurs[code]` = True of all that are there; False where there is no such code."""
    for i in range(codes.shape[0]):
        code = np.uint32(codes[i])
        if code >= occurs.shape[0]:
            return False
        occurs[code] = True
    return True


def pieces(at: Int, bits: int, ends: Int) -> Any:
    """Where to cut times so that each piece's, counted from its first, fit `bits`; how many pieces, 0 if out of order.

    `ends` must take as many as there are times.
    """
    n, widest = 0, np.uint64((1 << bits) - 1)
    begin = 0
    for i in range(1, at.shape[0]):
        if at[i] < at[i - 1]:
            return 0
        if np.uint64(at[i] - at[begin]) > widest:
            ends[n] = i
            n += 1
            begin = i
    ends[n] = at.shape[0]
    return n + 1


def gather(place: Int, name: Int, at: Int, name_bits: int, time_bits: int, rows: Int, begin: Int) -> None:
    """Rows sorted by block of parties, as (party within the block, name, time since the first) in one number each.

    `begin[b] : begin[b + 1]` are block b's in `rows`; before `begin[0]` lie those of no known party or name.
    """
    shift, name_shift = np.uint64(name_bits + time_bits), np.uint64(time_bits)
    local, one, first = np.uint64((1 << BLOCK_BITS) - 1), np.uint64(1), at[0]
    free = np.zeros(begin.shape[0] + 1, np.int64)  # of those of no block, then of each block; all one further on
    for i in range(place.shape[0]):
        free[np.uint64((min(place[i], name[i]) >= 0) * ((place[i] >> BLOCK_BITS) + 1)) + one] += 1
    for c in range(1, free.shape[0]):
        free[c] += free[c - 1]
    begin[:] = free[1:]
    for i in range(place.shape[0]):
        b = np.uint64((min(place[i], name[i]) >= 0) * ((place[i] >> BLOCK_BITS) + 1))
        row = ((np.uint64(place[i]) & local) << shift) | (np.uint64(name[i]) << name_shift) | np.uint64(at[i] - first)
        rows[np.uint64(free[b])] = row
        free[b] += 1


def count_blocks(rows: Int, begin: Int, first_us: Int, blocks: Any, cell: Int, book: Int, counter: Int, histogram: Int,
                 counts: int, days: int, name_bits: int, time_bits: int) -> None:  # fmt: skip
    """Count some blocks' rows, each in order of time: `rows[begin[piece, block] : begin[piece, block + 1]]`, whose
    times are counted from `first_us[piece]`.

    `book[place]` = (start, last seen): the second is brought up to date. `counter[place * names + name]` goes on from
    call to call. No branch on what nobody can foresee (whether a row is within the window), and nothing is waited for:
    counters are fetched some rows ahead, increments of the histogram wait until theirs have been.
    """
    most, names, width = np.uint64(counts), np.uint64(counter.shape[0] // max(1, book.shape[0])), np.uint64(days)
    day_us, one = np.uint64(DAY_US), np.uint64(1)
    end = width * day_us
    shift, name_shift = np.uint64(name_bits + time_bits), np.uint64(time_bits)
    name_mask, time_mask = np.uint64((1 << name_bits) - 1), np.uint64((1 << time_bits) - 1)
    waiting = np.empty(STEP, np.uint64)
    for block in range(blocks[0], blocks[1]):
        party = np.uint64(block << BLOCK_BITS)
        for piece in range(begin.shape[0]):
            stop = begin[piece, block + 1]
            for step in range(begin[piece, block], stop, STEP):
                some = np.uint64(0)
                for i in range(step, min(step + STEP, stop)):
                    row = rows[min(i + AHEAD, stop - 1)]
                    fetch(counter, np.int64((party + (row >> shift)) * names + ((row >> name_shift) & name_mask)))
                    row = rows[i]
                    p = party + (row >> shift)
                    s = (row >> name_shift) & name_mask
                    at = first_us[piece] + np.int64(row & time_mask)
                    book[p, 1] = at
                    since = np.uint64(at - book[p, 0])
                    seen = np.uint64(counter[p * names + s])
                    counted = np.uint64(since < end) & np.uint64(seen < most)
                    counter[p * names + s] = seen + counted
                    place = ((np.uint64(cell[p]) * most + min(seen, most - one)) * names + s) * width
                    place += min(since, end - one) // day_us
                    fetch(histogram, np.int64(place))
                    waiting[some] = place
                    some += counted
                for j in range(some):
                    histogram[waiting[j]] += np.int32(1)
