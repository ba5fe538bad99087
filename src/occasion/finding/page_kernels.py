"""Compiled loops over the pages of a Parquet file, as they lie on disk: headers, LZ4 blocks, codes, numbers.

Only what our own segments and most other files hold is understood; whatever else there is gets the answer False, and
the reader of Arrow takes over. Nothing is trusted: every length is held against what is there.
"""

# ruff: noqa: PLR0917, PLR0912 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from occasion.finding.kernels import Int
from occasion.finding.memory import copy, load, save

ROOM = 32  # bytes behind the end of what is written, so that eight can be copied at a time

# A page: its kind, encoding, values, bytes as they are, bytes when unpacked, where they begin, encoding of its levels.
KIND, ENCODING, VALUES, PACKED, SIZE, BEGIN, LEVELS, FIELDS = 0, 1, 2, 3, 4, 5, 6, 7
DATA, DICTIONARY = 0, 2  # of a page of the second version (3) Arrow takes care
PLAIN, PLAIN_CODES, RLE, CODES = 0, 2, 3, 8
STRUCT = 12
MANY = 1 << 32
LONG = 64


def _number(data: Int, p: int, end: int) -> Any:
    """An unsigned number of seven bits a byte, and the place behind it; -1 where it does not end."""
    value, shift = np.int64(0), 0
    while p < end and shift < 63:
        byte = np.int64(data[p])
        p += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, p
        shift += 7
    return 0, -1


number = register_jitable(_number)


def _field(data: Int, p: Any, end: int, kind: int) -> Any:
    """The value of a field (0 for what is not a whole number), and the place behind it; -1 where it is odd."""
    value = np.int64(0)
    if kind in (4, 5, 6, 8):
        value, p = number(data, p, end)
        if p < 0 or (kind == 8 and value > end - p):
            return value, -1
        if kind == 8:
            p += value
        return (value >> 1) ^ -(value & 1), p
    if kind in (3, 7):
        return value, p + (1 if kind == 3 else 8)
    return value, p if kind in (1, 2) else -1


field_of = register_jitable(_field)


def _note(found: Int, depth: int, outer: int, name: int, value: int) -> None:
    """Keep what is needed of the fields of a page's header; `outer`: the field that holds the one at depth 1."""
    if depth == 0 and name == 1:
        found[KIND] = value
    elif depth == 0 and name == 2:
        found[SIZE] = value
    elif depth == 0 and name == 3:
        found[PACKED] = value
    elif depth == 1 and name == 1:
        found[VALUES] = value
    elif depth == 1 and name == (4 if outer == 8 else 2):
        found[ENCODING] = value
    elif depth == 1 and name == 3 and outer == 5:
        found[LEVELS] = value  # where no value can be missing there are none, and writers say what they like


note = register_jitable(_note)


def _page(data: Int, p: Any, end: int, limit: int, found: Int) -> Any:
    """Read the header of a page (Thrift's compact form) into `found`; where its bytes begin, or -1.

    The header ends before `end`, the page at `limit` or before.
    """
    found[:] = 0
    found[KIND] = -1
    last = np.zeros(4, np.int64)  # the number of the last field at each depth
    depth, outer = 0, 0
    while 0 <= p < end:
        head = np.int64(data[p])
        p += 1
        if head == 0:
            if depth == 0:
                break
            depth -= 1
            continue
        if head >> 4:
            last[depth] += head >> 4
        else:
            value, p = number(data, p, end)
            last[depth] = (value >> 1) ^ -(value & 1)
        if head & 15 == STRUCT and depth < 3:
            outer = last[0]
            depth += 1
            last[depth] = 0
        elif p >= 0:
            value, p = field_of(data, p, end, head & 15)
            note(found, depth, outer, last[depth], value)
    if p < 0 or p >= end or min(found[VALUES], found[PACKED], found[SIZE]) < 0 or found[PACKED] > limit - p:
        return -1
    found[BEGIN] = p
    return p


page = register_jitable(_page)


def head(data: Int, limit: int, found: Int) -> Any:
    """The header at the beginning of `data` into `found`; whether one is there, of a page that ends within `limit`."""
    return page(data, 0, data.shape[0], limit, found) >= 0


def _length(data: Int, p: Any, end: int, length: Any) -> Any:
    """A length that goes on in the bytes behind it where it is 15, and the place behind it."""
    byte = np.int64(255 if length == 15 else 0)
    while byte == 255 and p < end:
        byte = np.int64(data[p])
        length += byte
        p += 1
    return length, p


length_of = register_jitable(_length)


def _unpack(data: Int, p: Any, end: int, out: Int, size: int) -> Any:
    """One LZ4 block: `size` bytes into `out`, which has `ROOM` behind them."""
    eight, at = 8, 0
    while p < end:
        token = np.int64(data[p])
        p += 1
        length, p = length_of(data, p, end, token >> 4)
        if length > end - p or length > size - at:
            return False
        if length >= LONG:
            copy(out, at, data, p, length)
        elif end - p >= length + eight:
            for i in range(0, length, eight):
                save(out, at + i, load(data, p + i))
        else:
            for i in range(length):
                out[at + i] = data[p + i]
        at += length
        p += length
        if p >= end:
            break
        if end - p < 2:
            return False
        back = np.int64(data[p]) | (np.int64(data[p + 1]) << 8)
        length, p = length_of(data, p + 2, end, token & 15)
        length += 4
        if back == 0 or back > at or length > size - at:
            return False
        if back >= eight:
            for i in range(0, length, eight):
                save(out, at + i, load(out, at + i - back))
        else:
            for i in range(length):
                out[at + i] = out[at + i - back]
        at += length
    return at == size


unpack = register_jitable(_unpack)


def _spread(data: Int, p: int, end: int, width: int, out: Int) -> None:
    """Numbers of `width` bits that lie one behind the other from `p` on, as many as `out` takes."""
    some, mask = out.shape[0], (np.uint64(1) << np.uint64(width)) - np.uint64(1)
    if width == 8:
        for i in range(some):
            out[i] = data[p + i]
        return
    easy = min(some, max(0, ((end - p - 8) * 8) // max(width, 1)))
    for i in range(easy):
        bit = np.uint64(i) * np.uint64(width)
        out[i] = (load(data, p + (bit >> np.uint64(3))) >> (bit & np.uint64(7))) & mask
    for i in range(easy, some):
        value = np.int64(0)
        for b in range(i * width, (i + 1) * width):
            value |= ((np.int64(data[p + (b >> 3)]) >> (b & 7)) & 1) << (b - i * width)
        out[i] = value


spread = register_jitable(_spread)


def _decode(data: Int, p: Any, end: int, width: int, out: Int, count: int) -> Any:
    """`count` numbers of `width` bits into `out`, in runs or packed; the place behind them, or -1."""
    n, wide = 0, (width + 7) >> 3
    while n < count:
        head, p = number(data, p, end)
        if p < 0 or head > MANY or head < 2:
            return -1
        if head & 1:
            some = min((head >> 1) * 8, count - n)
            if (some * width + 7) >> 3 > end - p:
                return -1
            spread(data, p, end, width, out[n : n + some])
            p = min(p + (head >> 1) * width, end)  # eight numbers take `width` bytes
        else:
            some = min(head >> 1, count - n)
            if wide > end - p:
                return -1
            value = np.int64(0)
            for b in range(wide):
                value |= np.int64(data[p + b]) << (8 * b)
            out[n : n + some] = value
            p += wide
        n += some
    return p


decode = register_jitable(_decode)


def _behind_levels(data: Int, size: int, values: int, optional: bool) -> Any:
    """Where a data page's values begin: behind levels that say no value is missing; -1 if one is, or else is odd."""
    if not optional:
        return 0
    if size < 4:
        return -1
    length = np.int64(0)
    for b in range(4):
        length |= np.int64(data[b]) << (8 * b)
    end = 4 + length
    if length < 2 or end > size:
        return -1
    head, p = number(data, 4, end)
    if p < 0 or p >= end:
        return -1
    if head & 1 == 0:
        return end if head >> 1 >= values and data[p] == 1 else -1
    for i in range(values):  # packed: every bit must be set
        if p + (i >> 3) >= end or (data[p + (i >> 3)] >> (i & 7)) & 1 == 0:
            return -1
    return end if (head >> 1) * 8 >= values else -1


behind_levels = register_jitable(_behind_levels)


def _number_at(data: Int, at: int, wide: int) -> Any:
    """A signed number of `wide` bytes (4 or 8)."""
    word = load(data, at)
    return np.int64(word) if wide == 8 else np.int64(np.int32(word & np.uint64(0xFFFFFFFF)))


number_at = register_jitable(_number_at)


def _values(data: Int, size: int, found: Int, optional: bool, wide: int, known: Int, codes: Int, out: Int) -> Any:
    """The values of a data page of integers, `data[:size]`, into `out`; `known`: the dictionary; `codes`: scratch."""
    at, count = behind_levels(data, size, out.shape[0], optional), out.shape[0]
    if at < 0 or (optional and found[LEVELS] != RLE):
        return False
    if found[ENCODING] == PLAIN:
        if size - at < count * wide:
            return False
        for i in range(count):
            out[i] = number_at(data, at + i * wide, wide)
        return True
    if found[ENCODING] not in (CODES, PLAIN_CODES) or at >= size or data[at] > 32:
        return False
    if decode(data, at + 1, size, np.int64(data[at]), codes, count) < 0:
        return False
    for i in range(count):
        code = np.uint32(codes[i])
        if code >= known.shape[0]:
            return False
        out[i] = known[code]
    return True


values_of = register_jitable(_values)


def numbers(data: Int, packed: bool, optional: bool, wide: int, room: Int, codes: Int, out: Int) -> Any:
    """A column of integers of `wide` bytes (4 or 8) without missing values into `out`; whether that was possible.

    `data`: the column's pages, each an LZ4 block if `packed`; `room`: for one page unpacked and `ROOM`; `codes`: as
    long as `out`, scratch.
    """
    found, known = np.zeros(FIELDS, np.int64), np.empty(0, np.int64)
    p, n, end = 0, 0, data.shape[0]
    while n < out.shape[0]:
        p = page(data, p, end, end, found)
        size, count = found[SIZE], found[VALUES]
        if p < 0 or size + ROOM > room.shape[0] or (not packed and size != found[PACKED]):
            return False
        if not packed:
            copy(room, 0, data, p, size)
        elif not unpack(data, p, p + found[PACKED], room, size):
            return False
        p += found[PACKED]
        if found[KIND] == DICTIONARY and len(known) == 0 and count <= size and count * wide <= size:
            known = np.empty(count, np.int64)
            for i in range(count):
                known[i] = number_at(room, i * wide, wide)
        elif found[KIND] == DATA and count <= out.shape[0] - n:
            if not values_of(room, size, found, optional, wide, known, codes, out[n : n + count]):
                return False
            n += count
        else:
            return False
    return True


def values_begin(data: Int, values: int, optional: bool) -> Any:
    """Where the values of a data page begin, unpacked already; -1 if one is missing."""
    return behind_levels(data, data.shape[0], values, optional)


def decode_codes(data: Int, p: int, out: Int) -> Any:
    """All codes of a data page whose values begin at `p`, into `out`; whether that was possible."""
    if p >= data.shape[0] or data[p] > 32:
        return False
    return decode(data, p + 1, data.shape[0], np.int64(data[p]), out, out.shape[0]) >= 0
