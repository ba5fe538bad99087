"""Lines of Python for one definition and one event name: the commonest patterns on their commonest states.

Whatever a snippet does not handle it gives to `slow`.
"""

from __future__ import annotations

from occasion.moments.definition import (
    After,
    Did,
    Fewer,
    Measure,
    Node,
    Nth,
    Or,
    Reach,
    Rolling,
    Selection,
    Start,
    Streak,
    While,
)
from occasion.moments.live.inert import Touch, inert
from occasion.moments.live.lines import KEY, PAIR, Place, fixed, guarded, indented, lowered, shown
from occasion.moments.live.node import Machine
from occasion.moments.live.once import OnceMachine, SilentMachine
from occasion.moments.live.snippets_once import counted_once, silenced
from occasion.moments.live.units import Units
from occasion.moments.live.windows import CROWD, MICRO, FewerMachine, ReachMachine, WindowMachine
from occasion.moments.meaning import EVIDENCE_LIMIT


def snippet(node: Node, machine: Machine, touch: Touch, place: Place) -> list[str]:
    """The lines for a definition."""
    lines = _known(node, machine, touch, place)
    if lines is not None:
        return lines
    nothing = inert(node, machine, touch)
    if nothing == "True":
        return ["pass"]
    return [place.slow] if nothing == "False" else [f"if not ({nothing}): {place.slow}"]


def _known(node: Node, machine: Machine, touch: Touch, place: Place) -> list[str] | None:
    """The lines for a pattern whose selections stand right below it, else None."""
    match node:
        case Did(selection):
            return guarded(touch.chosen(selection), shown(place, "seen", KEY))
        case Nth(pattern=Did(selection)):
            return _nth(node, machine.slot, touch.chosen(selection), place)
        case Rolling(measure=Measure("count", Did(selection))) if node.n > 1 and node.n == int(node.n):
            return _rolling(node, machine.slot, touch.chosen(selection), place)
        case Streak(pattern=Did(selection)):
            return _streak(node, machine.slot, touch, selection, place.slow)
        case After():
            return _after(node, machine.slot, touch, place)
        case While(pattern=Fewer() as pattern):
            return _window(pattern, machine.parts[0], touch, place)
        case Fewer() | Reach():
            return _window(node, machine, touch, place)
    return None


def _nth(node: Nth, a: int, chosen: str, place: Place) -> list[str]:
    reached = f"c % {node.k} == 0" if node.every else f"c == {node.k}"
    lines = [
        f"c = s[{a}] + 1",
        f"s[{a}] = c",
        f"if seen > s[{a + 1}]: s[{a + 1}] = seen",
        f"if {reached}:",
        *indented(shown(place, f"s[{a + 1}]", KEY)),
    ]
    lines = guarded(chosen, lines)
    return lines if node.every else [f"if s[{a}] < {node.k}:", *indented(lines)]


def _rolling(node: Rolling, a: int, chosen: str, place: Place) -> list[str]:
    n = int(node.n)
    evidence = f"tuple([p[0] for p in w[{max(2, 3 * (n - EVIDENCE_LIMIT) + 2)}::3]])"
    lines = [
        f"w = s[{a}]",
        f"if w is None: s[{a}] = [t, seen, {KEY}]",
        "else:",
        f"    w += (t, seen, {KEY})",
        f"    if len(w) >= {3 * n}:",
        f"        del w[:{-3 * n}]",
        f"        if w[0] <= t - {node.within.us}: s[{a + 1}] = False",
        f"        elif not s[{a + 1}]:",
        f"            s[{a + 1}] = True",
        *("            " + line for line in shown(place, "max(w[1::3])", evidence)),
    ]
    return guarded(chosen, lines)


def _streak(node: Streak, a: int, touch: Touch, selection: Selection, slow: str) -> list[str] | None:
    """A point in the unit of the last one changes nothing; the n-th unit is for the machine."""
    if not 1 < node.n <= EVIDENCE_LIMIT:
        return None
    units = touch.constant(Units(node.unit))
    zone = touch.constant(touch.names["ZONE"])
    lines = [
        f"u = {units}.number(t, row[2] or {zone})",
        f"w = s[{a}]",
        "if w is None or u > w:",
        f"    if w is None or u > w + 1: s[{a}:{a + 4}] = (u, 1, seen, {KEY})",
        f"    elif s[{a + 1}] == {node.n - 1}: {slow}",
        "    else:",
        f"        s[{a}] = u",
        f"        s[{a + 1}] += 1",
        f"        if s[{a + 3}] is not None:",
        f"            if seen > s[{a + 2}]: s[{a + 2}] = seen",
        f"            s[{a + 3}] = (*s[{a + 3}], {PAIR})",
    ]
    return guarded(touch.chosen(selection), lines)


def _after(node: After, a: int, touch: Touch, place: Place) -> list[str] | None:
    """Only where the event is either the anchor or the pattern's, each a selection; windows of fixed length end in the
    order they were opened.
    """
    within = node.within
    if within is not None and within.civil:
        return None
    anchored, found = touch.touches(node.anchor), touch.touches(node.pattern)
    if anchored and not found and isinstance(node.anchor, Did):
        end = "FAR" if within is None else f"t + {within.us}"
        return guarded(touch.chosen(node.anchor.selection), [f"s[{a}] = ({end}, t, seen, {KEY})"])
    if found and not anchored and isinstance(node.pattern, Did):
        lines = [
            f"w = s[{a}]",
            "if w is not None and w[0] > t:",
            *indented(shown(place, "w[2] if w[2] > seen else seen", f"merged(w[3], {KEY})")),
        ]
        return guarded(touch.chosen(node.pattern.selection), lines)
    return None


def _window(node: Reach | Fewer, machine: Machine, touch: Touch, place: Place) -> list[str] | None:
    """No window is over at this instant where that matters: its timer would be due."""
    source, anchor = node.measure.source, node.anchor
    if isinstance(machine, SilentMachine):
        assert isinstance(source, Did)
        return guarded(touch.chosen(source.selection), silenced(machine, place))
    if not isinstance(source, Did) or not fixed(node):
        return None
    counts, anchors = touch.touches(source), touch.touches(anchor)
    if isinstance(machine, OnceMachine):
        return counted_once(node, machine, touch, source.selection, place) if counts and not anchors else None
    assert isinstance(machine, WindowMachine)
    if isinstance(machine, FewerMachine) and not _no_timers(anchor):
        return None
    if counts and not anchors:
        if isinstance(node, Fewer) and node.measure.kind == "count" and node.n == 1 and machine.alike:
            p, g = machine.slot, machine.slot + 1
            any_open = f"if s[{p}] is not None or s[{g}] is not None:"
            return [any_open, *indented(guarded(touch.chosen(source.selection), [f"s[{p}] = s[{g}] = None"]))]
        return _counted(node, machine, touch, source.selection, place.slow)
    if anchors and not counts and isinstance(anchor, Did) and not machine.endless:
        return guarded(touch.chosen(anchor.selection), _opened(node, machine, place))
    return None


def _opened(node: Reach | Fewer, machine: WindowMachine, place: Place) -> list[str]:
    """One more window waits."""
    p = machine.slot
    end = "FAR" if node.hi is None else f"t + {node.hi.us}"
    window = f"(t + {node.lo.us}, d, t, seen, {KEY})"
    lines = [
        f"w, d = s[{p}], {end}",
        f"if w is None: s[{p}] = [{window}]",
        "else:",
        "    while w and w[0][1] <= t: del w[0]",
        f"    if len(w) >= {CROWD}: {place.slow}",
        f"    else: w.append({window})",
    ]
    if isinstance(machine, FewerMachine):
        lines += [f"if d < s[{machine.timer}]:", f"    s[{machine.timer}] = d", *indented(lowered(place))]
    return lines


def _counted(node: Reach | Fewer, machine: WindowMachine, touch: Touch, selection: Selection, slow: str) -> list[str]:
    """One more point in the only group, short of n; or the first in the only window that waits."""
    p, g = machine.slot, machine.slot + 1
    n = touch.constant(machine.n)
    value, gain, value_of, first = _gains(node.measure, n)
    over = [f"g = s[{g}]"]
    if isinstance(machine, ReachMachine):  # every window that waited is over
        over += [f"if g is None and s[{p}][-1][1] <= t:", f"    s[{p}], s[{machine.last}] = None, 0"]
    some = [
        *over,
        f"{'elif' if len(over) > 1 else 'if'} s[{p}] is None:",
        f"    if g is not None and len(g) == 1 and len(g[0][4]) == 1 and g[0][4][0][1] > t and {gain}:",
        *("        " + line for line in value_of),
        f"    elif g is not None: {slow}",
        f"elif g is None and len(s[{p}]) == 1 and s[{p}][0][0] <= t < s[{p}][0][1] and {first[0]}:",
        f"    s[{g}] = [[{first[1]}, seen, [{PAIR}], {first[2]}, s[{p}]]]",
        f"    s[{p}] = None",
        f"elif g is not None or len(s[{p}]) > 1 or s[{p}][0][0] <= t: {slow}",
    ]
    if value:
        some = [f"v = {touch.field(node.measure.field)}", f"if {value}:", *indented(some), f"else: {slow}"]
    chosen = guarded(touch.chosen(selection), some)
    return [f"if s[{p}] is not None or s[{g}] is not None:", *indented(chosen)]


def _gains(measure: Measure, n: str) -> tuple[str, str, list[str], tuple[str, str, str]]:
    """For a measure: the test that the value `v` is one that the lines handle; that the group `g[0]` stays short of n;
    the lines that count it; and for a group's first point: that it stays short of n, its total, its values.
    """
    count = ["g = g[0]", "if seen > g[1]: g[1] = seen", f"g[2].append({PAIR})"]
    count += [f"if len(g[2]) > {EVIDENCE_LIMIT}: del g[2][0]"]
    if measure.kind == "count":
        return "", f"g[0][0] + 1 < {n}", [*count, "g[0] += 1"], (f"1 < {n}", "1", "None")
    if measure.kind == "sum":
        total = f"int(v * {MICRO})"
        lines = [*count, f"g[0] += {total}"]
        return "type(v) is Decimal", f"g[0][0] + {total} < {n}", lines, (f"{total} < {n}", total, "None")
    text = "'text:' + v"
    lines = [f"if {text} not in g[0][3]:", *indented([*count, "g[0] += 1", f"g[3].append({text})"])]
    new = f"g[0][3] and (g[0][0] + 1 < {n} or {text} in g[0][3])"
    return "type(v) is str", new, lines, (f"1 < {n}", "1", f"[{text}]")


def _no_timers(node: Node) -> bool:
    match node:
        case Did() | Start():
            return True
        case Nth(pattern=pattern):
            return _no_timers(pattern)
        case Or(left, right):
            return _no_timers(left) and _no_timers(right)
    return False
