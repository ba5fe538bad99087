"""How far a party is with a moment: (state, have, need, until), read from the live state.

`closed` is said only where it is certain that the moment cannot be reached any more, whatever comes after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from occasion.events.event import Event, Scalar, in_order
from occasion.moments import calendar
from occasion.moments.calendar import FAR
from occasion.moments.definition import STRICTLY_LATER, Definition, Did, Fewer, Or, Start, While
from occasion.moments.live.node import (
    AfterMachine,
    AndMachine,
    DidMachine,
    EveryMachine,
    Machine,
    NthMachine,
    OrMachine,
    StartMachine,
    StreakMachine,
    WhileMachine,
)
from occasion.moments.live.once import END, TOTAL, OnceFewerMachine, OnceMachine, OnceReachMachine, SilentMachine
from occasion.moments.live.program import PLACES, ZONE, Program
from occasion.moments.live.reader import PLACE, VALUES, Reader, untagged
from occasion.moments.live.rolling import RollingMachine
from occasion.moments.live.state import State
from occasion.moments.live.windows import MICRO, FewerMachine, ReachMachine, WindowMachine

Standing = Literal["reached", "open", "closed"]
Window = tuple[int, int, int]  # opened at, end, counted so far


@dataclass(frozen=True, slots=True)
class Progress:
    """`have` of `need` by `until` (UTC microseconds; None: no end).

    `reached`: it holds now, or was reached and cannot be again. `closed`: it was not, and cannot be any more. `comes`:
    it comes by itself at `until` unless `have` reaches `need` before (`fewer`), or in any case (`every`). `waits`: that
    is so of what the moment waits for, not of the moment itself.
    """

    state: Standing
    have: int | Decimal
    need: int | Decimal
    until: int | None = None
    comes: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What the state is looked at with: everything up to `at` was read; where the party is, and its zone."""

    at: int
    zone: str
    place: State | None


def progress(program: Program, row: State, which: int, at: int, per: str | None = None) -> Progress:
    """The progress of one definition of a program for a party whose row has read everything up to `at`.

    `per`: for a definition with `per`, the value as its text ("text:A12", see `reader.untagged`); one that never came
    is as far as a value that comes now.
    """
    reader, state = program.readers[which], row
    if reader.field is not None:
        state = row[reader.slot] or reader.blank()
        if per is not None:
            state = state[VALUES].get(per, state)
    placed = program.placed[which]
    view = View(at, row[ZONE] or program.zone, row[PLACES + placed][PLACE] if placed >= 0 else None)
    found = far(reader.machine, state, view)
    if may(reader.machine, state, view):
        if _silent(reader, state, view):
            return Progress("reached", 0, 1)
        holds = found.state == "reached" and state[reader.reached] is not None
        return replace(found, state="reached" if holds else "open")
    closed = _closed(found)
    return closed if state[reader.reached] is None else replace(closed, state="reached")


def _silent(reader: Reader, s: State, view: View) -> bool:
    """Whether a silence that whatever ends it begins anew (`no X for L`) was reached and nothing has ended it since."""
    stage, pattern, machine, reached = None, reader.pattern, reader.machine, s[reader.reached]
    if isinstance(pattern, While):
        stage, pattern, machine = pattern.stage, pattern.pattern, machine.parts[0]
    if not isinstance(pattern, Fewer) or reached is None:
        return False
    x = pattern.measure.source
    first = pattern.measure.kind == "count" and pattern.n == 1 and pattern.lo == STRICTLY_LATER
    if not (first and isinstance(x, Did) and pattern.anchor in (x, Or(x, Start()))):
        return False
    if stage is not None and (view.place is None or view.place[0] != stage or view.place[1] > reached):
        return False
    return not open_windows(machine, s, view)


def progress_of(
    definition: Definition, events: Iterable[Event], as_of: int, zone: str = "UTC"
) -> dict[Scalar | None, Progress]:
    """The progress of one party's log as of an instant: under None, or under every value that a `per` has seen."""
    program = Program([definition], zone)
    row = program.blank()
    program.read(row, in_order(events, as_of))
    program.advance(row, as_of)
    if program.readers[0].field is None:
        return {None: progress(program, row, 0, as_of)}
    values = (row[program.readers[0].slot] or [{}])[VALUES]
    return {untagged(text): progress(program, row, 0, as_of, text) for text in values}


# Whether it may be reached after now: False only where that is certain.


def may(machine: Machine, s: State, view: View) -> bool:
    """Whether the pattern may still be reached later than everything read, whatever comes."""
    match machine:
        case DidMachine():
            return True
        case StartMachine():
            return False  # every party that is looked at has started
        case OrMachine():
            return any(may(part, s, view) for part in machine.parts)
        case NthMachine():
            return (machine.every or s[machine.slot] < machine.k) and may(machine.parts[0], s, view)
        case AndMachine():
            return _both_may(machine, s, view)
        case AfterMachine():
            anchored = _lasts(s[machine.slot], view) or may(machine.parts[0], s, view)
            return anchored and may(machine.parts[1], s, view)
        case ReachMachine() | OnceReachMachine():
            anchored = bool(open_windows(machine, s, view)) or may(machine.parts[0], s, view)
            return anchored and may(machine.parts[1], s, view)
        case FewerMachine() | OnceFewerMachine() | SilentMachine():
            silence = getattr(machine, "silence", None)
            return (
                (silence is not None and silence.coming_in)
                or bool(open_windows(machine, s, view))
                or may(machine.parts[0], s, view)
            )
        case EveryMachine():
            return bool(s[machine.slot]) or may(machine.parts[0], s, view)
        case _:
            return any(may(part, s, view) for part in machine.parts)


def _lasts(last: State | None, view: View) -> bool:
    """Whether an instant remembered may still be rested on at a later instant."""
    return last is not None and last[0] > view.at + 1


def _both_may(machine: AndMachine, s: State, view: View) -> bool:
    if machine.within is None and s[machine.slot + 2]:
        return False
    later = [may(part, s, view) for part in machine.parts]
    held = [_lasts(s[machine.slot + j], view) for j in (0, 1)]
    return any(later) and all(a or b for a, b in zip(later, held, strict=True))


def open_windows(machine: Machine, s: State, view: View) -> list[Window]:
    """The windows in which it may still be decided."""
    i = machine.slot
    if isinstance(machine, SilentMachine):
        held = [(s[i], s[i] + machine.length, 0)] if s[i] is not None else []
    elif isinstance(machine, OnceMachine):
        held = [(0, s[i + END], s[i + TOTAL])]
    else:
        held = [(w[2], w[1], 0) for w in s[i] or ()]
        held += [(w[2], w[1], group[0]) for group in s[i + 1] or () for w in group[4]]
    last = view.at + 1 if isinstance(machine, (ReachMachine, OnceReachMachine)) else view.at
    return [w for w in held if w[1] > last and _stays(machine, w[0], view)]


def _stays(machine: Machine, since: int, view: View) -> bool:
    if not isinstance(machine, FewerMachine) or machine.silence is None:
        return True
    return view.place is not None and view.place[0] == machine.silence.stage and view.place[1] <= since


# How far it is.


def far(machine: Machine, s: State, view: View) -> Progress:  # noqa: PLR0912 - one case a node
    """The progress of a pattern, its state `closed` only where a part's is by its form."""
    match machine:
        case DidMachine():
            return Progress("open", 0, 1)
        case StartMachine():
            return Progress("reached", 1, 1)
        case NthMachine():
            return _nth(machine, s, view)
        case OrMachine():
            return max((_judged(part, s, view) for part in machine.parts), key=_nearness)
        case AndMachine():
            return _and(machine, s, view)
        case AfterMachine():
            last = s[machine.slot]
            if _lasts(last, view):
                return Progress("open", 1, 2, _end(last[0]))
            return _anchor(machine.parts[0], s, view)
        case WindowMachine() | OnceMachine() | SilentMachine():
            return _window(machine, s, view)
        case RollingMachine():
            return _rolling(machine, s, view)
        case StreakMachine():
            return _streak(machine, s, view)
        case EveryMachine():
            dates = [anchor[0] for anchor in s[machine.slot] or ()]
            if dates:
                return Progress("open", 0, 1, min(dates), comes=True)
            return _anchor(machine.parts[0], s, view)
        case WhileMachine():
            # a silence ends with the stage; of a date nobody knows whether the party will still be there
            inner = _anchor if isinstance(machine.parts[0], EveryMachine) else _later
            return inner(machine.parts[0], s, view)
        case _:
            raise AssertionError("thirteen nodes")


def _judged(machine: Machine, s: State, view: View) -> Progress:
    """A part's progress, closed if it cannot be reached any more."""
    found = far(machine, s, view)
    return _closed(found) if found.state == "open" and not may(machine, s, view) else found


def _closed(found: Progress) -> Progress:
    return replace(found, state="closed", until=None, comes=False, waits=False)


def _later(machine: Machine, s: State, view: View) -> Progress:
    """The progress of a part that something else waits for: what it has reached already is not enough."""
    if isinstance(machine, OrMachine) and may(machine, s, view):  # a part that is spent is no nearer than the others
        return max((_later(part, s, view) for part in machine.parts if may(part, s, view)), key=_nearness)
    found = _judged(machine, s, view)
    return replace(found, state="open") if found.state == "reached" and may(machine, s, view) else found


def _anchor(machine: Machine, s: State, view: View) -> Progress:
    """The progress of an anchor, or of a date in a stage: that it comes by itself is not yet that the moment does."""
    found = _later(machine, s, view)
    return replace(found, comes=False, waits=found.waits or found.comes)


def _nearness(found: Progress) -> tuple[bool, float, int]:
    share = float(found.have) / float(found.need)
    return (found.state != "closed", 1.0 if found.state == "reached" else share, -(found.until or FAR))


def _nth(machine: NthMachine, s: State, view: View) -> Progress:
    have = s[machine.slot]
    if machine.every:
        return Progress("open", have % machine.k, machine.k)
    if have >= machine.k:
        return Progress("reached", machine.k, machine.k)
    inner = _later(machine.parts[0], s, view)
    if machine.k == 1 and not isinstance(machine.parts[0], DidMachine):
        return replace(inner, state="closed" if inner.state == "closed" else "open")
    return Progress("closed" if inner.state == "closed" else "open", have, machine.k)


def _and(machine: AndMachine, s: State, view: View) -> Progress:
    left, right, held = s[machine.slot : machine.slot + 3]
    if held and (machine.within is None or (_lasts(left, view) and _lasts(right, view))):
        return Progress("reached", 2, 2, _end(min(left[0], right[0])) if machine.within is not None else None)
    sides = []
    for part, last in zip(machine.parts, (left, right), strict=True):
        reached = Progress("reached", 1, 1, _end(last[0])) if _lasts(last, view) else None
        sides.append(reached or _later(part, s, view))
    farther, other = sorted(sides, key=_nearness)
    if farther.state == "open" and (farther.comes or farther.waits):
        lasts = other.state == "reached" and (other.until or FAR) > (farther.until or FAR)
        return replace(farther, comes=farther.comes and lasts, waits=farther.waits or not lasts)
    ends = [side.until for side in sides if side.until is not None and not (side.comes or side.waits)]
    return replace(farther, until=min(ends)) if farther.state == "open" and ends else farther


def _window(machine: WindowMachine | OnceMachine | SilentMachine, s: State, view: View) -> Progress:
    comes = not isinstance(machine, (ReachMachine, OnceReachMachine))
    found = open_windows(machine, s, view)
    need = 1 if isinstance(machine, SilentMachine) else _said(machine, machine.n)
    if found:
        _, end, have = max(found, key=lambda window: window[0])
        return Progress(
            "open", 0 if isinstance(machine, SilentMachine) else _said(machine, have), need, _end(end), comes
        )
    inner = _anchor(machine.parts[0], s, view)
    if inner.state == "open":
        return inner
    if isinstance(machine, (ReachMachine, OnceReachMachine)):
        return Progress("closed", _said(machine, _last(machine, s)), need)
    return replace(inner, state="closed")


def _last(machine: ReachMachine | OnceReachMachine, s: State) -> int:
    """What the last window had when it was over: it is still held, or only its total is."""
    i = machine.slot
    if isinstance(machine, OnceReachMachine):
        return int(s[i + TOTAL])
    held = [(w[2], 0) for w in s[i] or ()]
    held += [(w[2], group[0]) for group in s[i + 1] or () for w in group[4]]
    return int(max(held)[1]) if held else int(s[machine.last] or 0)


def _said(machine: WindowMachine | OnceMachine | RollingMachine, amount: int | Decimal) -> int | Decimal:
    return Decimal(amount) / MICRO if machine.measure.kind == "sum" else amount


def _rolling(machine: RollingMachine, s: State, view: View) -> Progress:
    counted = [point for point in machine.points(s) if point[0] > view.at - machine.within]
    have = sum(point[3] for point in counted) if machine.measure.kind == "sum" else len(counted)
    holds = bool(counted) and s[machine.slot + 1] and have >= machine.n
    until = min(point[0] for point in counted) + machine.within if counted else None
    return Progress("reached" if holds else "open", _said(machine, have), _said(machine, machine.n), until)


def _streak(machine: StreakMachine, s: State, view: View) -> Progress:
    """k of n; the run ends unless a point comes in the unit after its last one, so until that unit's end."""
    unit, length = s[machine.slot], s[machine.slot + 1]
    now = calendar.civil_unit(view.at, machine.unit, view.zone)
    if unit is None or unit < now - 1:
        return Progress("open", 0, machine.n)
    until = calendar.unit_begin(unit + 2, machine.unit, view.zone)
    return Progress("reached" if length >= machine.n else "open", min(length, machine.n), machine.n, until)


def _end(at: int) -> int | None:
    return at if at < FAR else None


# In words.

LENGTHS = (("day", 86_400_000_000), ("hour", 3_600_000_000), ("minute", 60_000_000), ("second", 1_000_000))


def said(progress: Progress, at: int) -> str:
    """The progress in words, as of an instant.

    >>> said(Progress("open", 9, 10, 2 * 86_400_000_000), 0)
    '9 of 10, 2 days left'
    >>> said(Progress("open", 0, 1, 5 * 3_600_000_000, comes=True), 0)
    'due in 5 hours'
    >>> said(Progress("open", 0, 1, 5 * 3_600_000_000, waits=True), 0)
    'waiting until 5 hours from now'
    """
    count = f"{_number(progress.have)} of {_number(progress.need)}"
    if progress.state != "open":
        return progress.state if progress.state == "reached" else f"missed, with {count}"
    if progress.until is None:
        return count
    left = _length(progress.until - at)
    if not (progress.comes or progress.waits):
        return f"{count}, {left} left"
    return (f"due in {left}" if progress.comes else f"waiting until {left} from now") + (
        f" unless {_number(progress.need)} come, {progress.have} so far" if progress.have else ""
    )


def _number(amount: int | Decimal) -> str:
    return format(amount.normalize(), "f") if isinstance(amount, Decimal) else str(amount)


def _length(us: int) -> str:
    """The length in the largest unit that it fills, rounded down: what is left is at least that.

    >>> _length(3 * 86_400_000_000 - 1), _length(1)
    ('2 days', 'under a second')
    """
    for name, size in LENGTHS:
        if us >= size:
            return f"{us // size} {name}" + ("s" if us >= 2 * size else "")
    return "under a second"


__all__ = ["Progress", "progress", "progress_of", "said"]
