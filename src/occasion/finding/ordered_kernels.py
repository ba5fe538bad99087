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
from occasion.finding.memory import fetch, load

BATCH = 64
AHEAD = 24
BLOCK_BITS = 11  # 2048 parties a block: with 200 names their counters take 400 KB
SHORT = 24  # bytes of a text that lie in a slot of the table


def _word(data: Int, at: int, stop: int) -> Any:
    """Up to eight bytes of a text from `at` on; zeros from `stop` on."""
    left = stop - at
    if left <= 0:
        return np.uint64(0)
    if at + 8 <= data.shape[0]:
        word = load(data, at)
        return word if left >= 8 else word & ((np.uint64(1) << np.uint64(8 * left)) - np.uint64(1))
    word = np.uint64(0)
    for b in range(min(left, 8)):
        word |= np.uint64(data[at + b]) << np.uint64(8 * b)
    return word


word_at = register_jitable(_word)


def _mixed(h: Any, word: Any) -> Any:
    h = (h ^ word) * np.uint64(0xBF58476D1CE4E5B9)
    return h ^ (h >> np.uint64(29))


mixed = register_jitable(_mixed)


def _hashed(data: Int, begin: int, stop: int) -> Any:
    """A 64-bit hash of a text, eight bytes at a time, for the table only (groups have their own, grouping.py); and its
    first three words."""
    first, second, third = word_at(data, begin, stop), word_at(data, begin + 8, stop), word_at(data, begin + 16, stop)
    h = mixed(mixed(mixed(np.uint64(stop - begin + 1) * np.uint64(0x9E3779B97F4A7C15), first), second), third)
    for at in range(begin + SHORT, stop, 8):
        h = mixed(h, word_at(data, at, stop))
    return h ^ (h >> np.uint64(32)), first, second, third


hashed = register_jitable(_hashed)


def _same(data: Int, begin: int, stop: int, known: Int, other: int, end: int) -> bool:
    """Whether two texts are the same from their 25th byte on, the whole length included."""
    if stop - begin != end - other:
        return False
    for at in range(SHORT, stop - begin, 8):
        if word_at(data, begin + at, stop) != word_at(known, other + at, end):
            return False
    return True


same = register_jitable(_same)


def _sign(h: Any, length: int) -> Any:
    """24 bits of the hash, and the length (255: as much or more)."""
    return ((h >> np.uint64(40)) << np.uint64(8)) | np.uint64(min(length, 255))


sign_of = register_jitable(_sign)


def fill_table(data: Int, offsets: Int, table: Int) -> Any:
    """A table (a power of two of slots of four words, zeros at first); False if a text comes twice.

    A slot: the sign and 1 + the place in one word, then the text's first 24 bytes. Two slots are a line of the
    processor's cache: a text lies in the line its hash names, or in the next one that is not full.
    """
    mask, one, two, half = np.uint64(table.shape[0] - 1), np.uint64(1), np.uint64(2), np.uint64(32)
    for place in range(offsets.shape[0] - 1):
        begin, stop = np.int64(offsets[place]), np.int64(offsets[place + 1])
        h, first, second, third = hashed(data, begin, stop)
        sign, i = sign_of(h, stop - begin), (h * two) & mask
        while table[i, 0] != 0:
            there = np.int64(table[i, 0] & np.uint64(0xFFFFFFFF)) - 1
            alike = table[i, 1] == first and table[i, 2] == second and table[i, 3] == third
            if alike and same(data, begin, stop, data, np.int64(offsets[there]), np.int64(offsets[there + 1])):
                return False
            i = (i + one) & mask
        table[i, 0] = (sign << half) | np.uint64(place + 1)
        table[i, 1], table[i, 2], table[i, 3] = first, second, third
    return True


def plain_texts(data: Int, p: Any, begin: Int, stop: Int) -> Any:
    """Where the texts of a page begin and stop, each behind its length in four bytes; False where they do not fit."""
    size = data.shape[0]
    for i in range(begin.shape[0]):
        if p + 4 > size:
            return False
        length = np.int64(word_at(data, p, p + 4))
        p += 4
        if length > size - p:
            return False
        begin[i], stop[i] = p, p + length
        p += length
    return True


def _unlike(table: Int, slot: Any, sign: Any, words: Int) -> Any:
    """Zero where a slot holds this sign and these words."""
    different = (table[slot, 0] >> np.uint64(32)) ^ sign
    return different | (table[slot, 1] ^ words[1]) | (table[slot, 2] ^ words[2]) | (table[slot, 3] ^ words[3])


unlike = register_jitable(_unlike)


def _long(data: Int, begin: int, stop: int, words: Int, table: Int, offsets: Int, known: Int) -> Any:
    """The head of the slot of a text longer than a slot, compared in full; 0 where there is none."""
    mask, one = np.uint64(table.shape[0] - 1), np.uint64(1)
    sign, i = sign_of(words[0], stop - begin), (words[0] * np.uint64(2)) & mask
    while table[i, 0] != 0:
        there = np.int64(table[i, 0] & np.uint64(0xFFFFFFFF)) - 1
        a, b = np.int64(offsets[there]), np.int64(offsets[there + 1])
        if unlike(table, i, sign, words) == 0 and same(data, begin, stop, known, a, b):
            return table[i, 0]
        i = (i + one) & mask
    return np.uint64(0)


long_head = register_jitable(_long)


def look_up(data: Int, begin: Int, stop: Int, table: Int, offsets: Int, known: Int, place: Int) -> None:
    """`place[i]`: where the text `data[begin[i] : stop[i]]` stands among the known ones, -1 if it does not; compared in
    full.

    In batches and two steps: slots are brought near for many rows before they are looked at, two at once.
    """
    mask, one, two = np.uint64(table.shape[0] - 1), np.uint64(1), np.uint64(2)
    words = np.empty((BATCH, 4), np.uint64)
    for batch in range(0, place.shape[0], BATCH):
        size = min(BATCH, place.shape[0] - batch)
        for j in range(size):
            h, first, second, third = hashed(data, np.int64(begin[batch + j]), np.int64(stop[batch + j]))
            words[j, 0], words[j, 1], words[j, 2], words[j, 3] = h, first, second, third
            fetch(table, np.int64((h * two) & mask))
        for j in range(size):
            a, b = np.int64(begin[batch + j]), np.int64(stop[batch + j])
            sign, i = sign_of(words[j, 0], b - a), (words[j, 0] * two) & mask
            if b - a > SHORT:
                head = long_head(data, a, b, words[j], table, offsets, known)
            else:
                head, full = np.uint64(0), True
                while head == 0 and full:
                    head = table[i + one, 0] if unlike(table, i + one, sign, words[j]) == 0 else np.uint64(0)
                    head = table[i, 0] if unlike(table, i, sign, words[j]) == 0 else head  # an empty one is like ""
                    full = table[i + one, 0] != 0
                    i = (i + two) & mask
            place[batch + j] = np.int32(np.int64(head & np.uint64(0xFFFFFFFF)) - 1)


def take(codes: Int, known: Int, out: Int) -> Any:
    """`out[i]` = `known[codes[i]]`; False where there is no such code."""
    for i in range(codes.shape[0]):
        code = np.uint32(codes[i])
        if code >= known.shape[0]:
            return False
        out[i] = known[code]
    return True


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
    m, one = np.uint64(0), np.uint64(1)
    begin[:] = 0
    for i in range(n):
        fetch(book, np.int64(max(place[min(i + AHEAD, n - 1)], 0)))
        if place[i] < 0 or name[i] < 0:
            continue
        p = np.uint64(place[i])
        book[p, 1] = max(book[p, 1], at[i])
        since = np.uint64(at[i] - book[p, 0])
        inside = np.uint64(since < end)  # no branch: nobody can foresee which rows lie inside
        packed[m] = ((p & local) << shift) | (np.uint64(name[i]) << name_shift) | (since // day_us)
        block[m] = p >> block_bits
        begin[(p >> block_bits) + one] += np.int64(inside)
        m += inside
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
