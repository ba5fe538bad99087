"""Rows of words into bytes and back, many at a time: the compiled loops of `packing.py`, which says what bytes."""

# ruff: noqa: PLR0917, PLR0912 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from occasion.moments.live.kernel import compiled

Int = npt.NDArray[Any]
BIG = 1 << 15  # a code from here on is a value's place among the values of the row; one below is the value
SLOTS = 1 << 16
HEAD = 48  # bytes before the values


@compiled
def placed(
    b8: Int, b16: Int, b32: Int, b64: Int, starts: Int, numbers: Int, count: int, words: Int, last: Int, due: Int,
    speaks: Int, ats: Int, ends: Int, ids: Int,
) -> int:  # fmt: skip
    """Rows (the same bytes in four widths, from `starts` on) into the table under their numbers, the events they speak
    of behind the `count` that there are; how many there are then.
    """
    for r in range(starts.shape[0]):
        p, h, v = numbers[r], starts[r] // 4, starts[r] // 8
        n, d, m = b32[h + 3], b32[h + 4], b32[h + 5]
        last[p], due[p] = b64[v + 4], b64[v + 5]
        c, v = (starts[r] + HEAD) // 2 + 4 * d, v + 6
        begin = end = ends[count]
        for j in range(m):
            code = np.int64(b16[c + j])
            ats[count + j] = code if code < BIG else b64[v + code - BIG]
            code = np.int64(b16[c + m + j])
            end += code if code < BIG else b64[v + code - BIG]
            ends[count + j + 1] = end
        c += 2 * m
        o = 2 * (c + 2 * n)
        for j in range(end - begin):
            ids[begin + j] = b8[o + j]
        for j in range(n):
            place, code = b16[c + 2 * j], np.int64(b16[c + 2 * j + 1])
            value = code if code < BIG else b64[v + code - BIG]
            if speaks[place] and value >= 0:
                value += count
            words[p, place] = value
        count += m
    return count


@compiled
def index(value: int, row: int, slots: Int, count: int) -> int:
    """The place of a value among those of the row seen so far, `count` if it is new: it has that place from now on."""
    s = (value ^ (value >> 16) ^ (value >> 32)) & (SLOTS - 1)
    while slots[s, 0] == row and slots[s, 1] != value:
        s = (s + 1) & (SLOTS - 1)
    if slots[s, 0] != row:
        slots[s, 0], slots[s, 1], slots[s, 2] = row, value, count
    return int(slots[s, 2])


@compiled
def taken(
    numbers: Int, position: Int, words: Int, template: Int, speaks: Int, ats: Int, ends: Int, ids: Int, of_values: Int,
    of_events: Int, codes: Int, values: Int, events: Int, heads: Int, b8: Int, b16: Int, b64: Int,
) -> bool:  # fmt: skip
    """Rows of the table into bytes: values, codes and ids, from a multiple of 8 on. `heads` of each: where they begin
    and end, how many places, values and events. Whether all were, from `position` on; if not there was no more room.
    `of_values`, `of_events`, `codes`, `values`, `events`: to be written on.
    """
    width = template.shape[0]
    for r in range(position[0], numbers.shape[0]):
        p, n, d, m = numbers[r], 0, 0, 0
        for place in range(width):
            value = words[p, place]
            if value != template[place]:
                if speaks[place] and value >= 0:
                    i = index(value, r, of_events, m)
                    if i == m:
                        events[m] = value
                        m += 1
                    value = i
                codes[2 * n], codes[2 * n + 1] = place, value
                if value < 0 or value >= BIG:
                    i = index(value, r, of_values, d)
                    if i == d:
                        values[d] = value
                        d += 1
                    codes[2 * n + 1] = BIG + i
                n += 1
        k = 0
        for j in range(2 * m):
            e = events[j % m]
            value = ats[e] if j < m else ends[e + 1] - ends[e]
            if j >= m:
                k += value
            if value < 0 or value >= BIG:
                i = index(value, r, of_values, d)
                if i == d:
                    values[d] = value
                    d += 1
                value = BIG + i
            codes[2 * n + j] = value
        begin = position[1]
        o = begin + 8 * d + 4 * (n + m)
        if o + k + 8 > b8.shape[0]:
            position[0] = r
            return False
        for j in range(d):
            b64[begin // 8 + j] = values[j]
        c = begin // 2 + 4 * d
        for j in range(2 * m):
            b16[c + j] = codes[2 * n + j]
        for j in range(2 * n):
            b16[c + 2 * m + j] = codes[j]
        for j in range(m):
            for x in range(ends[events[j]], ends[events[j] + 1]):
                b8[o] = ids[x]
                o += 1
        heads[r, 0], heads[r, 1], heads[r, 2], heads[r, 3], heads[r, 4] = begin, o, n, d, m
        position[1] = (o + 7) // 8 * 8
    position[0] = numbers.shape[0]
    return True


__all__ = ["BIG", "HEAD", "SLOTS", "placed", "taken"]
