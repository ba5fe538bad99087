"""Compiled loops for events in order of time, parties mixed: look a party up, sort by blocks of parties, count.

Counters of all parties and names do not fit a processor's cache, and events in order of time jump between them. So
rows are first sorted (stably, by counting) into blocks of parties whose counters do fit.
"""

# ruff: noqa: PLR0917 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from typing import Any

import numpy as np

from occasion.finding.kernels import DAY_US, Int

BATCH = 128
SHORT = 23  # bytes of a text that a slot holds
BLOCK_BITS = 11  # 2048 parties a block: with 200 names their counters take 400 KB


def fill_table(hashes: Int, offsets: Int, texts: Int, words: Int, bytes_: Int) -> None:
    """An open-addressing table (a power of two of 32-byte slots, zeros at first), seen as words and as bytes.

    A slot: the hash's upper half and 1 + the place (a word), the text's first bytes, its length where it fits in full,
    else 255. So one access to memory mostly decides.
    """
    mask, one = np.uint64(words.shape[0] - 1), np.uint64(1)
    for place in range(hashes.shape[0]):
        i = hashes[place] & mask
        while words[i, 0] != 0:
            i = (i + one) & mask
        words[i, 0] = (hashes[place] >> np.uint64(32) << np.uint64(32)) | np.uint64(place + 1)
        length = offsets[place + 1] - offsets[place]
        bytes_[i, 31] = length if length <= SHORT else 255
        for c in range(min(length, SHORT)):
            bytes_[i, 8 + c] = texts[offsets[place] + c]


def look_up(
    hashes: Int, offsets: Int, data: Int, words: Int, bytes_: Int, known_offsets: Int, known: Int, place: Int
) -> None:
    """`place[i]`: where the i-th text stands among the known ones, -1 if it does not; compared byte for byte.

    In batches and two steps: the slots are fetched for many rows at once before they are looked at.
    """
    mask, low, one = np.uint64(words.shape[0] - 1), np.uint64(0xFFFFFFFF), np.uint64(1)
    warm = np.uint64(0)
    for begin in range(0, place.shape[0], BATCH):
        size = min(BATCH, place.shape[0] - begin)
        for j in range(size):
            warm |= words[hashes[begin + j] & mask, 0]
        for j in range(size):
            i = np.uint64(begin + j)
            h = hashes[i]
            here = np.uint64(offsets[i])
            length = np.uint64(offsets[i + one]) - here
            at = h & mask
            found = np.int32(-1)
            while words[at, 0] != 0:
                slot = words[at, 0]
                if slot >> np.uint64(32) == h >> np.uint64(32):
                    p = (slot & low) - one
                    written = np.uint64(bytes_[at, 31])
                    different = np.uint8(0)
                    if written != 255:
                        different = np.uint8(written != length)
                        c = np.uint64(0)
                        while c < length and different == 0:
                            different = data[here + c] ^ bytes_[at, c + np.uint64(8)]
                            c += one
                    else:
                        start = np.uint64(known_offsets[p])
                        different = np.uint8(np.uint64(known_offsets[p + one]) - start != length)
                        c = np.uint64(0)
                        while c < length and different == 0:
                            different = data[here + c] ^ known[start + c]
                            c += one
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
