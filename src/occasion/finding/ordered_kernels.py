"""Compiled loops for events in order of time, parties mixed: look a party up, sort by blocks of parties, count.

Counters of all parties and names do not fit a processor's cache, and events in order of time jump between them. So
rows are first sorted (stably, by counting) into blocks of parties whose counters do fit.
"""

# ruff: noqa: PLR0917 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from occasion.finding.kernels import DAY_US, Int

BATCH = 128
BLOCK_BITS = 11  # 2048 parties a block: with 200 names their counters take 400 KB


def _word_of(words: Int, begin: Any, length: Any, w: Any) -> Any:
    """Word `w` of the text of `length` bytes that begins at byte `begin` of `words`; zeros behind its end.

    Two aligned words are put together, so that eight bytes cost about as much as one.
    """
    seven, eight = np.uint64(7), np.uint64(8)
    at = begin + w * eight
    i, shift = at >> np.uint64(3), (at & seven) * eight
    word = (words[i] >> shift) | ((words[i + np.uint64(1)] << np.uint64(1)) << (np.uint64(63) - shift))
    left = length - w * eight
    if left < eight:
        word &= (np.uint64(1) << (left * eight)) - np.uint64(1)
    return word


word_of = register_jitable(_word_of)


def hash_words(offsets: Int, words: Int, hashes: Int) -> None:
    """A 64-bit hash of each text, eight bytes at a time, for the table only (groups have their own, grouping.py)."""
    for i in range(hashes.shape[0]):
        begin = np.uint64(offsets[i])
        length = np.uint64(offsets[i + 1]) - begin
        h = (length + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        for w in range((length + np.uint64(7)) >> np.uint64(3)):
            h = (h ^ word_of(words, begin, length, np.uint64(w))) * np.uint64(0xBF58476D1CE4E5B9)
            h ^= h >> np.uint64(29)
        hashes[i] = h ^ (h >> np.uint64(32))


def fill_table(hashes: Int, offsets: Int, words: Int, table: Int) -> None:
    """An open-addressing table (a power of two of slots of four words, zeros at first).

    A slot: 24 bits of the hash, the length (255: as much or more) and 1 + the place in one word, then the text's first
    24 bytes. So one access to memory mostly decides.
    """
    mask, one = np.uint64(table.shape[0] - 1), np.uint64(1)
    for place in range(hashes.shape[0]):
        i = hashes[place] & mask
        while table[i, 0] != 0:
            i = (i + one) & mask
        begin = np.uint64(offsets[place])
        length = np.uint64(offsets[place + 1]) - begin
        sign = ((hashes[place] >> np.uint64(40)) << np.uint64(8)) | min(length, np.uint64(255))
        table[i, 0] = (sign << np.uint64(32)) | np.uint64(place + 1)
        for w in range(min((length + np.uint64(7)) >> np.uint64(3), np.uint64(3))):
            table[i, w + 1] = word_of(words, begin, length, np.uint64(w))


def look_up(hashes: Int, offsets: Int, words: Int, table: Int, known_offsets: Int, known: Int, place: Int) -> None:
    """`place[i]`: where the i-th text stands among the known ones, -1 if it does not; compared in full.

    In batches and two steps: the slots are fetched for many rows at once before they are looked at.
    """
    mask, low, one, three = np.uint64(table.shape[0] - 1), np.uint64(0xFFFFFFFF), np.uint64(1), np.uint64(3)
    warm = np.uint64(0)
    for batch in range(0, place.shape[0], BATCH):
        size = min(BATCH, place.shape[0] - batch)
        for j in range(size):
            warm |= table[hashes[batch + j] & mask, 0]
        for j in range(size):
            i = np.uint64(batch + j)
            begin = np.uint64(offsets[i])
            length = np.uint64(offsets[i + one]) - begin
            sign = ((hashes[i] >> np.uint64(40)) << np.uint64(8)) | min(length, np.uint64(255))
            count = (length + np.uint64(7)) >> three
            at = hashes[i] & mask
            found = np.int32(-1)
            while table[at, 0] != 0:
                if table[at, 0] >> np.uint64(32) == sign:
                    p = (table[at, 0] & low) - one
                    different = np.uint64(0)
                    w = np.uint64(0)
                    while w < count and w < three:
                        different |= word_of(words, begin, length, w) ^ table[at, w + one]
                        w += one
                    if count > three:
                        start = np.uint64(known_offsets[p])
                        different |= np.uint64(known_offsets[p + one]) - start - length
                        while different == 0 and w < count:
                            different = word_of(words, begin, length, w) ^ word_of(known, start, length, w)
                            w += one
                    if different == 0:
                        found = np.int32(p)
                        break
                at = (at + one) & mask
            place[i] = found
    place[:0] = np.int32(warm & one)  # so that fetching ahead is not optimised away


def gather(
    place: Int, name: Int, at: Int, book: Int, days: int, name_bits: int, day_bits: int, rows: Int, begin: Int
) -> Any:
    """Rows within the window, sorted by block of parties, as (party within the block, name, day) in one number each.

    `book[place]` = (start, last seen): the second is brought up to date. `begin[b] : begin[b + 1]` are block b's in
    `rows`. Returns how many.
    """
    end, day_us = np.uint64(days) * np.uint64(DAY_US), np.uint64(DAY_US)
    shift, name_shift = np.uint64(name_bits + day_bits), np.uint64(day_bits)
    block_bits = np.uint64(BLOCK_BITS)
    local = np.uint64((1 << BLOCK_BITS) - 1)
    n = place.shape[0]
    packed, block = np.empty(n, np.uint64), np.empty(n, np.uint32)
    m = np.uint64(0)
    begin[:] = 0
    for i in range(n):
        if place[i] < 0 or name[i] < 0:
            continue
        p = np.uint64(place[i])
        book[p, 1] = max(book[p, 1], at[i])
        since = np.uint64(at[i] - book[p, 0])
        if since < end:
            packed[m] = ((p & local) << shift) | (np.uint64(name[i]) << name_shift) | (since // day_us)
            block[m] = p >> block_bits
            begin[np.uint64(block[m]) + np.uint64(1)] += 1
            m += np.uint64(1)
    for c in range(1, begin.shape[0]):
        begin[c] += begin[c - 1]
    free = begin.copy()
    for k in range(m):
        b = np.uint64(block[k])
        rows[np.uint64(free[b])] = packed[k]
        free[b] += 1
    return m


def count_block(
    rows: Int,
    block: int,
    cell: Int,
    counter: Int,
    histogram: Int,
    counts: int,
    days: int,
    name_bits: int,
    day_bits: int,
) -> None:
    """Count a block's rows, in order of time. `counter` [place, name] goes on from call to call."""
    most, names, width = np.uint64(counts), np.uint64(counter.shape[1]), np.uint64(days)
    first = np.uint64(block << BLOCK_BITS)
    shift, name_shift = np.uint64(name_bits + day_bits), np.uint64(day_bits)
    name_mask, day_mask = np.uint64((1 << name_bits) - 1), np.uint64((1 << day_bits) - 1)
    for i in range(rows.shape[0]):
        row = np.uint64(rows[i])
        p = first + (row >> shift)
        s = (row >> name_shift) & name_mask
        seen = np.uint64(counter[p, s])
        if seen < most:
            counter[p, s] = seen + np.uint64(1)
            index = ((np.uint64(cell[p]) * most + seen) * names + s) * width + (row & day_mask)
            histogram[index] += np.int32(1)
