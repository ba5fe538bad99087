"""The lines for patterns with one window at a time (`once.py`), also at a party's first event."""

from __future__ import annotations

from occasion.moments.definition import NOW, Did, Fewer, Measure, Node, Reach, Selection, Start
from occasion.moments.live.inert import Touch
from occasion.moments.live.lines import KEY, PAIR, Place, fixed, guarded, indented, lowered
from occasion.moments.live.node import Machine
from occasion.moments.live.once import (
    BEGIN,
    END,
    EVIDENCE,
    KEYS,
    KNOWN,
    TOTAL,
    OnceFewerMachine,
    OnceMachine,
    OnceReachMachine,
    SilentMachine,
)
from occasion.moments.live.state import LONG_AGO
from occasion.moments.live.windows import MICRO
from occasion.moments.meaning import EVIDENCE_LIMIT


def silenced(machine: SilentMachine, place: Place) -> list[str]:
    """The window begins anew."""
    p, timer = machine.slot, machine.timer
    return [
        f"s[{p}] = t",
        f"s[{p + 1}] = seen",
        f"s[{p + 2}] = {KEY}",
        f"if s[{timer}] >= FAR:",
        f"    d = s[{timer}] = t + {machine.length}",
        *indented(lowered(place)),
    ]


def counted_once(
    node: Reach | Fewer, machine: OnceMachine, touch: Touch, selection: Selection, place: Place
) -> list[str]:
    """One more point in the window, short of n; a window that is over is let go."""
    p = machine.slot
    lines = _gain(node.measure, touch, p + machine.values, _point(machine, touch, place), place.slow)
    held = f"t < s[{p + END}]" if machine.alike else f"s[{p + BEGIN}] <= t < s[{p + END}]"
    lines = [f"if {held}:", *indented(lines)]
    if isinstance(machine, OnceReachMachine):
        over = [f"s[{p + END}] = {LONG_AGO}", f"s[{p + EVIDENCE}] = s[{p + KEYS}] = None"]
        over += [f"s[{p + machine.values}] = None"] * (node.measure.kind == "distinct")
        lines += [f"elif s[{p + EVIDENCE}] is not None and s[{p + END}] <= t:", *indented(over)]
    return guarded(touch.chosen(selection), lines)


def _gain(measure: Measure, touch: Touch, values: int, point: list[str], slow: str) -> list[str]:
    """The lines of a point where it counts; `g` is what it adds."""
    if measure.kind == "count":
        return ["g = 1", *point]
    value = f"v = {touch.field(measure.field)}"
    if measure.kind == "sum":
        return [value, "if type(v) is Decimal:", f"    g = int(v * {MICRO})", *indented(point)]
    return [
        value,
        "if type(v) is str:",
        "    g, v = 1, 'text:' + v",
        f"    q = s[{values}]",
        "    if q is None or v not in q:",
        *("        " + line for line in point),
        f"elif v is not None: {slow}",
    ]


def _point(machine: OnceMachine, touch: Touch, place: Place) -> list[str]:
    p = machine.slot
    lines = [f"s[{p + TOTAL}] = c"]
    if machine.measure.kind == "distinct":
        lines += [f"if q is None: s[{p + machine.values}] = [v]", "else: q.append(v)"]
    if isinstance(machine, OnceReachMachine):
        lines += [f"if seen > s[{p + KNOWN}]: s[{p + KNOWN}] = seen", f"q = s[{p + KEYS}]"]
        lines += [f"if q is None: s[{p + KEYS}] = [{PAIR}]", "else:", f"    q.append({PAIR})"]
        if machine.measure.kind == "sum" or machine.n > EVIDENCE_LIMIT:
            lines.append(f"    if len(q) > {EVIDENCE_LIMIT}: del q[0]")
    n = touch.constant(machine.n)
    return [f"c = s[{p + TOTAL}] + g", f"if c < {n}:", *indented(lines), f"else: {place.slow}"]


def starting(node: Node, machine: Machine, touch: Touch, place: Place) -> list[str] | None:
    """The lines for a party's first event where a window begins with it, on a blank row; None: ask the machine. The
    row's next timer is looked for afterwards.
    """
    if isinstance(machine, SilentMachine):
        return silenced(machine, Place(place.i, place.per, place.slow, place.reached, own=True))
    if not isinstance(machine, OnceMachine) or not isinstance(node, (Reach, Fewer)) or node.anchor != Start():
        return None
    source, p = node.measure.source, machine.slot
    if not isinstance(source, Did) or not fixed(node):
        return None
    end = "FAR" if node.hi is None else f"t + {node.hi.us}"
    lines = [f"s[{p + END}] = {end}", f"s[{p + KNOWN}] = seen", f"s[{p + EVIDENCE}] = {KEY}"]
    if not machine.alike:
        lines.append(f"s[{p + BEGIN}] = t + {node.lo.us}")
    if isinstance(machine, OnceFewerMachine):
        lines.append(f"s[{machine.timer}] = s[{p + END}]")
    if node.lo == NOW and touch.touches(source):
        if node.measure.kind != "count" or node.n <= 1:
            return None
        first = [f"s[{p + TOTAL}] = 1"] + [f"s[{p + KEYS}] = [{PAIR}]"] * isinstance(machine, OnceReachMachine)
        lines += guarded(touch.chosen(source.selection), first)
    return lines
