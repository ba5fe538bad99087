"""The compiled loop over events of many parties: simple definitions on states that are whole numbers, side by side.

A party's words (`words`, int64) hold the states of all such definitions; NEVER stands for None. What shows an
occurrence is the number of an event (`serial`). On a state or an event that it does not handle it stops for that party,
just before the event. What each kind means is said by the machines; the tests compare the two word by word.
"""

# ruff: noqa: PLR0917, PLR0912 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy.typing as npt
from numba import njit

Int = npt.NDArray[Any]
Loop = TypeVar("Loop", bound=Callable[..., Any])

NEVER, FAR = -(1 << 62), 1 << 62
DID, NTH, KTH, ROLLING, STREAK, SILENT, REACH_ONCE, FEWER_ONCE, AFTER, REACH_MANY, FEWER_MANY, BOTH = range(12)
KIND, OFFSET, N, LO, HI, START, K, UNIT = range(8)  # of an operation
NO, ALWAYS = -1, 63  # whether a name is chosen; otherwise the bit that says so
ROOM = 16  # windows that may wait at a time

# Words of a state. The first of each: when the moment was last reached.
COUNT, COUNT_KNOWN = 1, 2  # nth
HELD, LENGTH, NEXT, POINTS = 1, 2, 3, 4  # rolling: the last n as (at, seen, serial), in a ring
IN_UNIT, RUN, RUN_KNOWN, RUN_SHOWN = 1, 2, 3, 4
SINCE, SINCE_KNOWN, SINCE_SHOWN = 1, 2, 3
BEGIN, END, KNOWN, SHOWN, TOTAL, ANCHORS, ANCHORS_KNOWN, KEYS, KEY = range(1, 10)
UNTIL, ANCHOR_AT, ANCHOR_KNOWN, ANCHOR_SHOWN = 1, 2, 3, 4
LAST_TOTAL, WAITING, WINDOWS = 1, 2, 3  # windows as (at, known, serial), in order
BOTH_HELD, LEFT, RIGHT, SIDES = 1, 2, 4, 6  # two counters (count, known), two sides (at, known, serial)


def compiled(function: Loop) -> Loop:
    """Compiled by numba at its first call; the machine code is kept on disk between processes."""
    return cast(Loop, njit(cache=True, nogil=True)(function))


@compiled
def say(party: int, op: int, at: int, known: int, out: Int, fill: Int) -> None:
    """One occurrence; what shows it is what `show` adds next."""
    r = fill[0]
    out[r, 0], out[r, 1], out[r, 2], out[r, 3], out[r, 4] = party, op, at, known, fill[1]
    fill[0] = r + 1


@compiled
def show(serial: int, shown: Int, fill: Int) -> None:
    shown[fill[1]] = serial
    fill[1] += 1


@compiled
def tick(
    p: int, until: int, words: Int, due: Int, last: Int, ops: Int, timed: Int, out: Int, shown: Int, fill: Int
) -> None:
    """A party's timers until an instant, that instant included."""
    s = words[p]
    soonest = FAR
    for k in timed:
        o = ops[k, OFFSET]
        if ops[k, KIND] == SILENT:
            end = FAR if s[o + SINCE] == NEVER else s[o + SINCE] + ops[k, HI]
            if end <= until:
                say(p, k, end, s[o + SINCE_KNOWN], out, fill)
                show(s[o + SINCE_SHOWN], shown, fill)
                s[o], s[o + SINCE], s[o + SINCE_SHOWN], last[p] = end, NEVER, -1, max(last[p], end)
                end = FAR
        elif ops[k, KIND] == FEWER_ONCE:
            end = FAR if s[o + END] == NEVER else s[o + END]
            if end <= until:
                say(p, k, end, s[o + KNOWN], out, fill)
                show(s[o + SHOWN], shown, fill)
                s[o], s[o + END], s[o + SHOWN], last[p] = end, NEVER, -1, max(last[p], end)
                end = FAR
        else:
            over = 0
            while over < s[o + WAITING] and s[o + WINDOWS + 3 * over] + ops[k, HI] <= until:
                w = o + WINDOWS + 3 * over
                s[o] = s[w] + ops[k, HI]
                say(p, k, s[o], s[w + 1], out, fill)
                show(s[w + 2], shown, fill)
                last[p] = max(last[p], s[o])
                over += 1
            passed(s, o, over)
            end = s[o + WINDOWS] + ops[k, HI] if s[o + WAITING] > 0 else FAR
        soonest = min(soonest, end)
    due[p] = soonest


@compiled
def passed(s: Int, o: int, over: int) -> None:
    """The first windows let go."""
    if over > 0:
        left = s[o + WAITING] - over
        for w in range(o + WINDOWS, o + WINDOWS + 3 * left):
            s[w] = s[w + 3 * over]
        s[o + WAITING] = left


@compiled
def full(s: Int, o: int, hi: int, t: int) -> bool:
    """Whether another window has no room."""
    return bool(s[o + WAITING] == ROOM and s[o + WINDOWS] + hi > t)


@compiled
def step(
    p: int, k: int, source: bool, anchor: bool, first: bool, t: int, seen: int, serial: int, unit: int, words: Int,
    ops: Int, out: Int, shown: Int, fill: Int,
) -> int:  # fmt: skip
    """One event for one definition, its timers before it done; the next instant at which it must be looked at."""
    s, o, kind = words[p], ops[k, OFFSET], ops[k, KIND]
    if kind == DID:
        if source:
            s[o] = t
            say(p, k, t, seen, out, fill)
            show(serial, shown, fill)
    elif kind in (NTH, KTH):
        if source and (kind == KTH or s[o + COUNT] < ops[k, K]):
            s[o + COUNT] += 1
            s[o + COUNT_KNOWN] = max(s[o + COUNT_KNOWN], seen)
            if s[o + COUNT] % ops[k, K] == 0:
                s[o] = t
                say(p, k, t, s[o + COUNT_KNOWN], out, fill)
                show(serial, shown, fill)
    elif kind == ROLLING:
        if source:
            rolled(p, k, o, t, seen, serial, s, ops, out, shown, fill)
    elif kind == STREAK:
        if source and (s[o + IN_UNIT] == NEVER or unit > s[o + IN_UNIT]):
            ran(p, k, o, t, seen, serial, unit, s, ops, out, shown, fill)
    elif kind == SILENT:
        if source or (first and ops[k, START] == 1):
            s[o + SINCE], s[o + SINCE_KNOWN], s[o + SINCE_SHOWN] = t, seen, serial
            return t + int(ops[k, HI])
    elif kind in (REACH_ONCE, FEWER_ONCE):
        return windowed(p, k, o, source, anchor, first, t, seen, serial, s, ops, out, shown, fill)
    elif kind == AFTER:
        if source and s[o + UNTIL] > t:
            s[o] = t
            say(p, k, t, max(s[o + ANCHOR_KNOWN], seen), out, fill)
            show(s[o + ANCHOR_SHOWN], shown, fill)
            show(serial, shown, fill)
        if anchor:
            s[o + UNTIL] = FAR if ops[k, HI] == FAR else t + ops[k, HI]
            s[o + ANCHOR_AT], s[o + ANCHOR_KNOWN], s[o + ANCHOR_SHOWN] = t, seen, serial
    elif kind in (REACH_MANY, FEWER_MANY):
        return waited(p, k, o, source, anchor, t, seen, serial, s, ops, out, shown, fill)
    elif s[o + BOTH_HELD] == 0:
        joined(p, k, o, source, anchor, t, seen, serial, s, ops, out, shown, fill)
    return FAR


@compiled
def rolled(
    p: int, k: int, o: int, t: int, seen: int, serial: int, s: Int, ops: Int, out: Int, shown: Int, fill: Int
) -> None:
    n, i = ops[k, N], s[o + NEXT]
    w = o + POINTS + 3 * i
    s[w], s[w + 1], s[w + 2] = t, seen, serial
    i = 0 if i + 1 == n else i + 1
    s[o + NEXT] = i
    if s[o + LENGTH] < n:
        s[o + LENGTH] += 1
    if s[o + LENGTH] < n:
        return
    if s[o + POINTS + 3 * i] <= t - ops[k, HI]:  # the oldest
        s[o + HELD] = 0
    elif s[o + HELD] == 0:
        s[o + HELD], s[o] = 1, t
        known = NEVER
        for j in range(n):
            known = max(known, s[o + POINTS + 3 * j + 1])
        say(p, k, t, known, out, fill)
        for j in range(n):
            show(s[o + POINTS + 3 * ((i + j) % n) + 2], shown, fill)


@compiled
def ran(
    p: int, k: int, o: int, t: int, seen: int, serial: int, unit: int, s: Int, ops: Int, out: Int, shown: Int, fill: Int
) -> None:
    n = ops[k, N]
    if s[o + IN_UNIT] == NEVER or unit > s[o + IN_UNIT] + 1:
        s[o + RUN], s[o + RUN_KNOWN], s[o + RUN_SHOWN] = 1, seen, serial
    else:
        length = s[o + RUN]
        if length < n:
            s[o + RUN_KNOWN] = max(s[o + RUN_KNOWN], seen)
            if length == n - 1:
                s[o] = t
                say(p, k, t, s[o + RUN_KNOWN], out, fill)
                for j in range(length):
                    show(s[o + RUN_SHOWN + j], shown, fill)
                show(serial, shown, fill)
                s[o + RUN_KNOWN] = 0
            else:
                s[o + RUN_SHOWN + length] = serial
        s[o + RUN] = length + 1
    s[o + IN_UNIT] = unit


@compiled
def windowed(
    p: int, k: int, o: int, source: bool, anchor: bool, first: bool, t: int, seen: int, serial: int, s: Int, ops: Int,
    out: Int, shown: Int, fill: Int,
) -> int:  # fmt: skip
    """The only window: opened by its anchor, counted in, closed when it has n or is over."""
    opens, known = first and ops[k, START] == 1, seen
    if ops[k, START] == 0 and anchor and s[o + ANCHORS] < ops[k, K]:
        s[o + ANCHORS] += 1
        s[o + ANCHORS_KNOWN] = known = max(s[o + ANCHORS_KNOWN], seen)
        opens = s[o + ANCHORS] == ops[k, K]
    soon = FAR
    if opens and ops[k, LO] == 0:
        soon = opened(k, o, t, known, serial, s, ops)
    if source:
        if s[o + BEGIN] <= t < s[o + END]:
            counted(p, k, o, t, seen, serial, s, ops, out, shown, fill)
        elif s[o + END] <= t and s[o + SHOWN] >= 0:
            s[o + END], s[o + SHOWN], s[o + KEYS] = NEVER, -1, 0
    if opens and ops[k, LO] != 0:
        soon = opened(k, o, t, known, serial, s, ops)
    return soon if ops[k, KIND] == FEWER_ONCE else FAR


@compiled
def opened(k: int, o: int, t: int, known: int, serial: int, s: Int, ops: Int) -> int:
    if ops[k, LO] > 1:
        s[o + BEGIN] = t + ops[k, LO]
    s[o + END] = FAR if ops[k, HI] == FAR else t + ops[k, HI]
    s[o + KNOWN], s[o + SHOWN] = known, serial
    return int(s[o + END])


@compiled
def counted(
    p: int, k: int, o: int, t: int, seen: int, serial: int, s: Int, ops: Int, out: Int, shown: Int, fill: Int
) -> None:
    s[o + TOTAL] += 1
    reach = ops[k, KIND] == REACH_ONCE
    if reach:
        s[o + KNOWN] = max(s[o + KNOWN], seen)
    if s[o + TOTAL] >= ops[k, N]:
        if reach:
            s[o] = t
            say(p, k, t, s[o + KNOWN], out, fill)
            show(s[o + SHOWN], shown, fill)
            for j in range(s[o + KEYS]):
                show(s[o + KEY + j], shown, fill)
            show(serial, shown, fill)
            s[o + KEYS] = 0
        s[o + END], s[o + SHOWN] = NEVER, -1
    elif reach:
        s[o + KEY + s[o + KEYS]] = serial
        s[o + KEYS] += 1


@compiled
def waited(
    p: int, k: int, o: int, source: bool, anchor: bool, t: int, seen: int, serial: int, s: Int, ops: Int, out: Int,
    shown: Int, fill: Int,
) -> int:  # fmt: skip
    """Windows that one point ends: each anchor opens one."""
    reach, hi = ops[k, KIND] == REACH_MANY, ops[k, HI]
    if anchor and ops[k, LO] == 0:
        added(o, hi, t, seen, serial, s)
    if source and s[o + WAITING] > 0:
        if reach:
            met(p, k, o, t, seen, serial, s, ops, out, shown, fill)
        s[o + WAITING] = 0
    if anchor and ops[k, LO] != 0:
        added(o, hi, t, seen, serial, s)
    return FAR if reach or not anchor else t + int(hi)


@compiled
def added(o: int, hi: int, t: int, seen: int, serial: int, s: Int) -> None:
    over = 0
    while over < s[o + WAITING] and s[o + WINDOWS + 3 * over] + hi <= t:
        over += 1
    passed(s, o, over)
    w = o + WINDOWS + 3 * s[o + WAITING]
    s[w], s[w + 1], s[w + 2] = t, seen, serial
    s[o + WAITING] += 1


@compiled
def met(
    p: int, k: int, o: int, t: int, seen: int, serial: int, s: Int, ops: Int, out: Int, shown: Int, fill: Int
) -> None:
    known = FAR
    for j in range(s[o + WAITING]):
        w = o + WINDOWS + 3 * j
        if s[w] + ops[k, HI] > t:
            known = min(known, max(s[w + 1], seen))
    s[o + LAST_TOTAL] = 0 if known == FAR else 1
    if known == FAR:
        return
    s[o] = t
    say(p, k, t, known, out, fill)
    for j in range(s[o + WAITING]):
        w = o + WINDOWS + 3 * j
        if s[w] + ops[k, HI] > t:
            show(s[w + 2], shown, fill)
    show(serial, shown, fill)


@compiled
def joined(
    p: int, k: int, o: int, left: bool, right: bool, t: int, seen: int, serial: int, s: Int, ops: Int, out: Int,
    shown: Int, fill: Int,
) -> None:  # fmt: skip
    """Both sides, each a k-th that comes once."""
    for side in range(2):
        c, w, k_th = o + LEFT + 2 * side, o + SIDES + 3 * side, ops[k, K] if side == 0 else ops[k, N]
        if (left if side == 0 else right) and s[c] < k_th:
            s[c] += 1
            s[c + 1] = max(s[c + 1], seen)
            if s[c] == k_th:
                s[w], s[w + 1], s[w + 2] = t, s[c + 1], serial
    a, b = o + SIDES, o + SIDES + 3
    if s[a] == NEVER or s[b] == NEVER:
        return
    s[o + BOTH_HELD], s[o] = 1, t
    say(p, k, t, max(s[a + 1], s[b + 1]), out, fill)
    show(s[a + 2], shown, fill)
    show(s[b + 2], shown, fill)
    for c in (o + LEFT, o + RIGHT):
        s[c], s[c + 1] = 0, NEVER
    for w in (a, b):
        s[w], s[w + 1], s[w + 2] = NEVER, NEVER, -1


@compiled
def run(
    begins: Int, party: Int, at: Int, seen: Int, serial: Int, name: Int, bits: Int, units: Int, odd: Int, stop: Int,
    position: Int, words: Int, due: Int, last: Int, template: Int, ops: Int, timed: Int, filling: Int,
    touched_from: Int, touched: Int, source: Int, anchor: Int, out: Int, shown: Int, fill: Int,
) -> bool:  # fmt: skip
    """Events sorted by party and time; `begins` are where each party's begin. Whether all were read; if not, there was
    no more room in `out` or `shown`: to be emptied, and gone on with. `stop` of a group: the event it stopped before.
    """
    records = out.shape[0] - ops.shape[0] * (ROOM + 2)
    serials = shown.shape[0] - ops.shape[0] * 128
    for g in range(position[0], begins.shape[0] - 1):
        p = party[begins[g]]
        s = words[p]
        for j in range(max(begins[g], position[1]), begins[g + 1]):
            if fill[0] > records or fill[1] > serials:
                position[0], position[1] = g, j
                return False
            t, called = at[j], name[j]
            crowded = odd[j] or (j + 1 < begins[g + 1] and at[j + 1] == t)
            if filling[called] and last[p] != NEVER:
                for x in range(touched_from[called], touched_from[called + 1]):
                    k = touched[x]
                    if ops[k, KIND] in (REACH_MANY, FEWER_MANY) and full(s, ops[k, OFFSET], ops[k, HI], t):
                        crowded = True
            if crowded:
                stop[g] = j
                break
            if t >= due[p]:
                tick(p, t, words, due, last, ops, timed, out, shown, fill)
            first = last[p] == NEVER
            if first:
                s[:] = template
            last[p] = t
            soon = due[p]
            every = ops.shape[0] if first else touched_from[called + 1] - touched_from[called]
            for x in range(every):
                k = x if first else touched[touched_from[called] + x]
                one = source[called, k]
                other = anchor[called, k]
                chosen = one == ALWAYS or (one != NO and (bits[j] >> one) & 1 == 1)
                opens = other == ALWAYS or (other != NO and (bits[j] >> other) & 1 == 1)
                if chosen or opens or first:
                    unit = units[ops[k, UNIT], j]
                    soon = min(
                        soon,
                        step(
                            p, k, chosen, opens, first, t, seen[j], serial[j], unit, words, ops, out, shown, fill
                        ),
                    )  # fmt: skip
            due[p] = soon
    position[0], position[1] = begins.shape[0] - 1, 0
    return True


@compiled
def wake(
    parties: Int, position: Int, horizon: int, words: Int, due: Int, last: Int, ops: Int, timed: Int, out: Int,
    shown: Int, fill: Int,
) -> bool:  # fmt: skip
    """Timers of these parties until the horizon, that instant included; as `run`."""
    records = out.shape[0] - ops.shape[0] * (ROOM + 2)
    serials = shown.shape[0] - ops.shape[0] * 128
    for g in range(position[0], parties.shape[0]):
        if fill[0] > records or fill[1] > serials:
            position[0] = g
            return False
        tick(parties[g], horizon, words, due, last, ops, timed, out, shown, fill)
    position[0] = parties.shape[0]
    return True
