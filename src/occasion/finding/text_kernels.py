"""Compiled loops that find texts again among millions by their bytes: two steps, both short ways through memory.

A table of signs (a few bits of a hash) and numbers is small enough for a processor's cache; the one text that bears the
sign is then compared in full. Both are asked for ahead of time, for many texts at once.
"""

# ruff: noqa: PLR0917, PLR0912 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from occasion.finding.kernels import Int
from occasion.finding.memory import fetch, load, match

BATCH = 256
SEED = 0x9E3779B97F4A7C15
BUCKET = 8  # slots that are looked at together


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


def _four(a: Any, b: Any, c: Any, d: Any) -> Any:
    """Four bytes as a number."""
    return np.int64(a) | np.int64(b) << 8 | np.int64(c) << 16 | np.int64(d) << 24


four = register_jitable(_four)


def _mixed(h: Any, word: Any) -> Any:
    h = (h ^ word) * np.uint64(0xBF58476D1CE4E5B9)
    return h ^ (h >> np.uint64(29))


mixed = register_jitable(_mixed)


def _line(data: Int, begin: int, stop: int, lines: Int, row: Any, words: Any) -> Any:
    """A 64-bit hash of a text, for the table only (groups have their own, grouping.py).

    Its line (`len(words)` words from `lines[row]` on): its first bytes, zeros behind its end, the last byte its length
    (255: as much or more). Where eight bytes can be read at a time, the loops below do the same without a call: numba
    would count references to the arrays for each text.
    """
    wide, length = len(words), stop - begin
    h = np.uint64(SEED)
    for k in range(wide):
        word = word_at(data, begin + 8 * k, stop)
        if k == wide - 1:
            word = (word & np.uint64(0x00FFFFFFFFFFFFFF)) | np.uint64(min(length, 255)) << np.uint64(56)
        lines[row + np.uint64(k)] = word
        h = mixed(h, word)
    for at in range(begin + 8 * wide - 1, stop, 8):
        h = mixed(h, word_at(data, at, stop))
    return h ^ (h >> np.uint64(32))


line_of = register_jitable(_line)


def _same(data: Int, begin: int, stop: int, known: Int, other: int, end: int, skip: int) -> bool:
    """Whether two texts are the same from `skip` bytes on, the whole length included."""
    if stop - begin != end - other:
        return False
    for at in range(skip, stop - begin, 8):
        if word_at(data, begin + at, stop) != word_at(known, other + at, end):
            return False
    return True


same = register_jitable(_same)


def _sign(h: Any, bits: Any, table: Int) -> Any:
    """The upper part of a slot: bits of the hash."""
    return h >> (np.uint64(64 - 8 * table.itemsize) + bits)


sign_of = register_jitable(_sign)


def _home(h: Any, table: Int) -> Any:
    """The first slot of the bucket of a hash."""
    return (h * np.uint64(BUCKET)) & np.uint64(table.shape[0] - 1)


home_of = register_jitable(_home)


def _walk(data: Int, begin: int, stop: int, h: Any, lines: Int, row: Any, table: Int, bits: Any, known: Int,
          row_of: Int, offsets: Int, texts: Int, words: Any) -> Any:  # fmt: skip
    """The long way to a text: slot after slot until an empty one. 1 + its number, or 0; and the slot it ended at."""
    one, wide = np.uint64(1), np.uint64(len(words))
    mask, sign, lower = np.uint64(table.shape[0] - 1), sign_of(h, bits, table), (one << bits) - one
    i, skip = home_of(h, table), 8 * len(words) - 1
    while table[i] != 0:
        slot = np.uint64(table[i])
        there, alike = slot & lower, slot >> bits == sign
        for k in range(len(words)):
            alike &= known[there * wide + np.uint64(k)] == lines[row + np.uint64(k)]
        if alike and stop - begin > skip:
            r = row_of[there - one]
            alike = same(data, begin, stop, texts, np.int64(offsets[r]), np.int64(offsets[r + 1]), skip)
        if alike:
            return there, i
        i = (i + one) & mask
    return np.uint64(0), i


walk = register_jitable(_walk)


def fill(offsets: Int, texts: Int, number: Int, row_of: Int, table: Int, bits: Any, known: Int, masks: Int,
         words: Any) -> Any:  # fmt: skip
    """Enter the texts `texts[offsets[r] : offsets[r + 1]]` as `number[r]`; False if one comes twice.

    `table` (a power of two of slots, zeros at first, at most half of them for the texts): 1 + a text's number in the
    lower `bits`, a sign of its hash above. A text is in the first slot free from its bucket's first on.
    `known`: the line of each text, from 1 + number on. `row_of[number]`: its row.
    """
    n, wide, one = offsets.shape[0] - 1, np.uint64(len(words)), np.uint64(1)
    hashes = np.empty(BATCH, np.uint64)
    for batch in range(0, n, BATCH):
        size = min(BATCH, n - batch)
        for j in range(size):
            p, q = np.int64(offsets[batch + j]), np.int64(offsets[batch + j + 1])
            row_of[number[batch + j]] = batch + j
            row = (np.uint64(number[batch + j]) + one) * wide
            if q - p < 8 * len(words) and p + 8 * len(words) <= texts.shape[0]:
                h, of = np.uint64(SEED), np.uint64(q - p) * wide
                for k in range(len(words)):
                    word = load(texts, p + 8 * k) & masks[of + np.uint64(k)]
                    if k == len(words) - 1:
                        word |= np.uint64(q - p) << np.uint64(56)
                    known[row + np.uint64(k)] = word
                    h = mixed(h, word)
                h ^= h >> np.uint64(32)
            else:
                h = line_of(texts, p, q, known, row, words)
            hashes[j] = h
            fetch(table, np.int64(home_of(h, table)))
        for j in range(size):
            there, h = np.uint64(number[batch + j]) + one, hashes[j]
            sign, home = sign_of(h, bits, table), home_of(h, table)
            i, end = home, home + np.uint64(BUCKET)
            while i < end and table[i] != 0:
                i += one
            if i == end or match(table, home, bits, sign) != 0:
                begin, stop = np.int64(offsets[batch + j]), np.int64(offsets[batch + j + 1])
                found, i = walk(texts, begin, stop, h, known, there * wide, table, bits, known, row_of, offsets, texts,
                                words)  # fmt: skip
                if found != 0:
                    return False
            table[i] = (sign << bits) | there
    return True


def look_up(data: Int, p: Any, begin: Int, stop: Int, table: Int, bits: Any, known: Int, row_of: Int, offsets: Int,
            texts: Int, masks: Int, words: Any, place: Int) -> Any:  # fmt: skip
    """`place[i]`: the number of the text `data[begin[i] : stop[i]]`, -1 where it has none; False if one is not there.

    Without `begin` and `stop` (empty) the texts lie one behind the other from `p` on, each behind its length in four
    bytes. In batches and three steps, each of which has brought near what the next one needs.
    """
    wide, size, apart = np.uint64(len(words)), data.shape[0], begin.shape[0] > 0
    lines, hashes = np.empty(BATCH * len(words), np.uint64), np.empty(BATCH, np.uint64)
    a, b = np.empty(BATCH, np.int64), np.empty(BATCH, np.int64)
    for at in range(0, place.shape[0], BATCH):
        some = min(BATCH, place.shape[0] - at)
        for j in range(some):
            q = p + 4
            if apart:
                p, q = np.int64(begin[at + j]), np.int64(stop[at + j])
            elif p + 8 <= size:
                p, q = q, q + np.int64(load(data, p) & np.uint64(0xFFFFFFFF))
            elif q <= size:
                p, q = q, q + four(data[p], data[p + 1], data[p + 2], data[p + 3])
            if q > size:
                return False
            a[j], b[j] = p, q
            row = np.uint64(j) * wide
            if q - p < 8 * len(words) and p + 8 * len(words) <= size:
                h, of = np.uint64(SEED), np.uint64(q - p) * wide
                for k in range(len(words)):
                    word = load(data, p + 8 * k) & masks[of + np.uint64(k)]
                    if k == len(words) - 1:
                        word |= np.uint64(q - p) << np.uint64(56)
                    lines[row + np.uint64(k)] = word
                    h = mixed(h, word)
                h ^= h >> np.uint64(32)
            else:
                h = line_of(data, p, q, lines, row, words)
            hashes[j] = h
            fetch(table, np.int64(home_of(h, table)))
            p = q
        for j in range(some):
            there = match(table, home_of(hashes[j], table), bits, sign_of(hashes[j], bits, table))
            place[at + j] = there
            fetch(known, np.int64(there * wide))
            if len(words) > 2:  # a line may lie in two of the cache's
                fetch(known, np.int64((there + np.uint64(1)) * wide - np.uint64(1)))
        for j in range(some):
            there, unlike = np.uint64(place[at + j]), np.uint64(0)
            for k in range(len(words)):
                unlike |= known[there * wide + np.uint64(k)] ^ lines[np.uint64(j) * wide + np.uint64(k)]
            sought = there != 0 or table[home_of(hashes[j], table) + np.uint64(BUCKET - 1)] != 0
            if sought and (unlike != 0 or there == 0 or b[j] - a[j] >= 8 * len(words)):
                there, _ = walk(data, a[j], b[j], hashes[j], lines, np.uint64(j) * wide, table, bits, known, row_of,
                                offsets, texts, words)  # fmt: skip
            place[at + j] = np.int64(there) - 1
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
