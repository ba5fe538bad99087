"""Which definitions can be read by the compiled loop (`kernel.py`), and their states there and in a party's row.

Each is one of a few simple patterns over selections by name. A state that has no place in words (evidence of several
events of one instant) stays in the row, and the party is read there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from occasion.moments.calendar import FAR
from occasion.moments.definition import (
    STRICTLY_LATER,
    After,
    And,
    CivilUnit,
    Did,
    Fewer,
    Node,
    Nth,
    Period,
    Reach,
    Rolling,
    Selection,
    Start,
    Streak,
)
from occasion.moments.live import once
from occasion.moments.live.lines import fixed
from occasion.moments.live.once import OnceMachine, SilentMachine
from occasion.moments.live.reader import Reader
from occasion.moments.live.state import LONG_AGO, Evidence, Key, State
from occasion.moments.live.windows import FewerMachine, ReachMachine

MOST = 64  # points that a state may hold
ROOM = 16  # windows that may wait at a time
KINDS = (
    *("did", "nth", "kth", "rolling", "streak", "silent"),
    *("reach once", "fewer once", "after", "reach many", "fewer many", "both"),
)
Words = list[int]


class Unplaced(Exception):
    """A state has no place in words."""


class Keys(Protocol):
    """Events by a number, for as long as a state speaks of them."""

    def key(self, serial: int) -> Key:
        """The event's key."""

    def serial(self, key: Key) -> int:
        """A number for it."""


@dataclass
class Flat:
    """A definition in words. `source`, `anchor`: what it chooses; `initial`: the words before anything happened;
    `serials`: those of them that are events' numbers; `write` and `read` bring the words into the row and back
    (`read` raises Unplaced).
    """

    kind: str
    source: Selection
    initial: Words
    serials: list[int]
    write: Callable[[Words, State, Keys], None]
    read: Callable[[State, Keys], Words]
    anchor: Selection | None = None
    n: int = 0
    lo: int = 0
    hi: int = FAR
    start: bool = False
    k: int = 0
    unit: CivilUnit | None = None
    timer: int | None = field(default=None)


def flat(node: Node, reader: Reader) -> Flat | None:
    """The definition in words, if it can be."""
    made = _made(node, reader)
    if made is None or any(one.of != "event" for one in (made.source, made.anchor or made.source)):
        return None
    inner_write, inner_read, reached = made.write, made.read, reader.reached

    def write(words: Words, row: State, keys: Keys) -> None:
        row[reached] = _given(words[0])
        inner_write(words, row, keys)

    def read(row: State, keys: Keys) -> Words:
        words = inner_read(row, keys)
        words[0] = _word(row[reached])
        return words

    made.write, made.read = write, read
    return made


def _made(node: Node, reader: Reader) -> Flat | None:
    machine = reader.machine
    a = machine.slot
    match node:
        case Did(selection):
            return Flat("did", selection, [LONG_AGO], [], lambda w, row, keys: None, lambda row, keys: [LONG_AGO])
        case Nth(Did(selection), k, every):
            return _nth(selection, k, every, a)
        case Rolling() if node.measure.kind == "count" and isinstance(node.measure.source, Did):
            return _rolling(node, node.measure.source.selection, a)
        case Streak(Did(selection), n, unit) if 2 <= n <= MOST:
            return _streak(selection, n, unit, a)
        case After(Did(first), Did(then), within) if within is None or not within.civil:
            return _after(first, then, within, a)
        case And(Nth(Did(left), k, False), Nth(Did(right), n, False), None):
            sides = [part.slot for part in machine.parts]
            return _both(left, k, right, n, [*sides, a])
        case Fewer() if isinstance(machine, SilentMachine) and isinstance(node.measure.source, Did):
            return _silent(node.measure.source.selection, machine, not isinstance(node.anchor, Did))
        case Reach() | Fewer() if node.measure.kind == "count" and isinstance(node.measure.source, Did) and fixed(node):
            if isinstance(machine, OnceMachine):
                return _once(node, machine, node.measure.source.selection)
            if isinstance(machine, (ReachMachine, FewerMachine)):
                return _many(node, machine, node.measure.source.selection)
    return None


def _given(word: int) -> int | None:
    return None if word == LONG_AGO else word


def _word(value: int | None) -> int:
    return LONG_AGO if value is None else value


def _one(evidence: Evidence | None, keys: Keys) -> int:
    """The number of the only event that it is; -1 for none."""
    if evidence is None:
        return -1
    if len(evidence) != 1:
        raise Unplaced
    return keys.serial(evidence[0])


def _shown(serial: int, keys: Keys) -> Evidence | None:
    return None if serial < 0 else (keys.key(serial),)


def _nth(selection: Selection, k: int, every: bool, a: int) -> Flat:
    def write(w: Words, row: State, keys: Keys) -> None:
        row[a], row[a + 1] = w[1], w[2]

    def read(row: State, keys: Keys) -> Words:
        return [0, row[a], row[a + 1]]

    return Flat("kth" if every else "nth", selection, [LONG_AGO, 0, LONG_AGO], [], write, read, k=k)


def _rolling(node: Rolling, selection: Selection, a: int) -> Flat | None:
    n = int(node.n)
    if n != node.n or not 2 <= n <= MOST:
        return None
    initial = [LONG_AGO, 0, 0, 0, *[LONG_AGO, LONG_AGO, -1] * n]

    def write(w: Words, row: State, keys: Keys) -> None:
        length, begin = w[2], w[3] if w[2] == n else 0
        points: list[Any] = []
        for j in range(length):
            i = 4 + 3 * ((begin + j) % n)
            points += [w[i], w[i + 1], (keys.key(w[i + 2]),)]
        row[a], row[a + 1] = points or None, bool(w[1])

    def read(row: State, keys: Keys) -> Words:
        points = row[a] or ()
        words = [0, int(row[a + 1]), len(points) // 3, len(points) // 3 % n]
        for i in range(0, len(points), 3):
            words += [points[i], points[i + 1], _one(points[i + 2], keys)]
        return words + initial[len(words) :]

    serials = [4 + 3 * j + 2 for j in range(n)]
    return Flat("rolling", selection, initial, serials, write, read, n=n, hi=node.within.us)


def _streak(selection: Selection, n: int, unit: CivilUnit, a: int) -> Flat:
    initial = [LONG_AGO, LONG_AGO, 0, 0, *[-1] * (n - 1)]

    def write(w: Words, row: State, keys: Keys) -> None:
        shows = w[1] != LONG_AGO and w[2] < n
        row[a : a + 4] = _given(w[1]), w[2], w[3], tuple(map(keys.key, w[4 : 4 + w[2]])) if shows else None

    def read(row: State, keys: Keys) -> Words:
        shown = row[a + 3] or ()
        if len(shown) != (row[a + 1] if row[a + 1] < n else 0):
            raise Unplaced
        words = [0, _word(row[a]), row[a + 1], row[a + 2], *map(keys.serial, shown)]
        return words + initial[len(words) :]

    return Flat("streak", selection, initial, [*range(4, 3 + n)], write, read, n=n, unit=unit)


def _silent(selection: Selection, machine: SilentMachine, starts: bool) -> Flat:
    a, timer, length = machine.slot, machine.timer, machine.length

    def write(w: Words, row: State, keys: Keys) -> None:
        row[a], row[a + 1], row[a + 2] = _given(w[1]), w[2], _shown(w[3], keys)
        row[timer] = FAR if w[1] == LONG_AGO else w[1] + length

    def read(row: State, keys: Keys) -> Words:
        return [0, _word(row[a]), row[a + 1], _one(row[a + 2], keys)]

    initial = [LONG_AGO, LONG_AGO, LONG_AGO, -1]
    return Flat("silent", selection, initial, [3], write, read, hi=length, start=starts, timer=timer)


def _once(node: Reach | Fewer, machine: OnceMachine, selection: Selection) -> Flat | None:
    n, reach, a = int(node.n), isinstance(node, Reach), machine.slot
    k, anchor, counter = 0, None, 0
    if isinstance(node.anchor, Nth) and isinstance(node.anchor.pattern, Did) and not node.anchor.every:
        k, anchor, counter = node.anchor.k, node.anchor.pattern.selection, machine.parts[0].slot
    elif node.anchor != Start():
        return None
    if n != node.n or not 1 <= n <= MOST or (node.lo.us <= 1 and not machine.alike):
        return None
    timer = None if reach else machine.timers[-1]
    initial = [LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, -1, 0, 0, LONG_AGO, 0, *[-1] * (n - 1 if reach else 0)]

    def write(w: Words, row: State, keys: Keys) -> None:
        row[a : a + 5] = w[1], w[2], w[3], _shown(w[4], keys), w[5]
        if anchor is not None:
            row[counter], row[counter + 1] = w[6], w[7]
        if timer is not None:
            row[timer] = FAR if w[2] == LONG_AGO else w[2]
        else:
            row[a + once.KEYS] = [keys.key(serial) for serial in w[9 : 9 + w[8]]] or None

    def read(row: State, keys: Keys) -> Words:
        kept = (row[a + once.KEYS] or ()) if timer is None else ()
        if timer is None and len(kept) >= n:
            raise Unplaced
        known = [row[counter], row[counter + 1]] if anchor is not None else [0, LONG_AGO]
        words = [0, row[a], row[a + 1], row[a + 2], _one(row[a + 3], keys), row[a + 4], *known]
        words += [len(kept), *map(keys.serial, kept)]
        return words + initial[len(words) :]

    made = Flat("reach once" if reach else "fewer once", selection, initial, [4], write, read, anchor, n)
    made.serials += range(9, len(initial))
    made.lo, made.hi, made.start, made.k = node.lo.us, FAR if node.hi is None else node.hi.us, anchor is None, k
    made.timer = timer
    return made


def _after(first: Selection, then: Selection, within: Period | None, a: int) -> Flat:
    def write(w: Words, row: State, keys: Keys) -> None:
        row[a] = None if w[1] == LONG_AGO else (w[1], w[2], w[3], (keys.key(w[4]),))

    def read(row: State, keys: Keys) -> Words:
        last = row[a]
        return [0, LONG_AGO, LONG_AGO, LONG_AGO, -1] if last is None else [0, *last[:3], _one(last[3], keys)]

    hi = FAR if within is None else within.us
    return Flat("after", then, [LONG_AGO, LONG_AGO, LONG_AGO, LONG_AGO, -1], [4], write, read, first, hi=hi)


def _many(node: Reach | Fewer, machine: ReachMachine | FewerMachine, selection: Selection) -> Flat | None:
    """One point ends every window."""
    if node.n != 1 or not isinstance(node.anchor, Did) or not machine.alike or node.hi is None:
        return None
    if getattr(node, "silence", None) is not None:
        return None
    a, lo, hi, reach = machine.slot, node.lo.us, node.hi.us, isinstance(machine, ReachMachine)
    initial = [LONG_AGO, -1, 0, *[LONG_AGO, LONG_AGO, -1] * ROOM]
    timer = machine.timer if isinstance(machine, FewerMachine) else None

    def write(w: Words, row: State, keys: Keys) -> None:
        windows = []
        for i in range(3, 3 + 3 * w[2], 3):
            windows.append((w[i] + lo, w[i] + hi, w[i], w[i + 1], (keys.key(w[i + 2]),)))
        row[a], row[a + 1] = windows or None, None
        if isinstance(machine, ReachMachine):
            row[machine.last] = None if w[1] < 0 else w[1]
        elif timer is not None:
            row[timer] = windows[0][1] if windows else FAR

    def read(row: State, keys: Keys) -> Words:
        windows: Sequence[State] = row[a] or ()
        if row[a + 1] or len(windows) > ROOM:
            raise Unplaced
        total = row[machine.last] if isinstance(machine, ReachMachine) else None
        words = [0, -1 if total is None else total, len(windows)]
        for window in windows:
            words += [window[2], window[3], _one(window[4], keys)]
        return words + initial[len(words) :]

    kind = "reach many" if reach else "fewer many"
    serials = [3 + 3 * j + 2 for j in range(ROOM)]
    return Flat(
        kind, selection, initial, serials, write, read, node.anchor.selection, 1, lo=lo, hi=hi, timer=timer
    )  # fmt: skip


def _both(left: Selection, k: int, right: Selection, n: int, slots: Sequence[int]) -> Flat:
    one, two, a = slots

    def write(w: Words, row: State, keys: Keys) -> None:
        row[one], row[one + 1], row[two], row[two + 1] = w[2:6]
        for side, i in enumerate((6, 9)):
            row[a + side] = None if w[i] == LONG_AGO else [FAR, w[i], w[i + 1], (keys.key(w[i + 2]),)]
        row[a + 2] = bool(w[1])

    def read(row: State, keys: Keys) -> Words:
        words = [0, int(row[a + 2]), row[one], row[one + 1], row[two], row[two + 1]]
        for held in row[a : a + 2]:
            words += [LONG_AGO, LONG_AGO, -1] if held is None else [held[1], held[2], _one(held[3], keys)]
        return words

    initial = [LONG_AGO, 0, 0, LONG_AGO, 0, LONG_AGO, *[LONG_AGO, LONG_AGO, -1] * 2]
    return Flat("both", left, initial, [8, 11], write, read, right, n, k=k)


assert STRICTLY_LATER.us == 1, "the compiled loop says so too"
__all__ = ["KINDS", "ROOM", "Flat", "Keys", "Unplaced", "flat"]
