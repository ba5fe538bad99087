"""Lines of Python for one definition and one event name: the commonest patterns on their commonest states.

In a snippet `s` is the state, `t` the instant, `e` the event, `seen` when it was seen; `row`, `out` and `wake` as in
`fast.py`. Whatever a snippet does not handle it gives to `slow`.
"""

from __future__ import annotations

from occasion.moments.definition import (
    NOW,
    STRICTLY_LATER,
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
from occasion.moments.live.node import Machine
from occasion.moments.live.program import DUE
from occasion.moments.live.reader import REACHED, TIMER
from occasion.moments.live.units import Units
from occasion.moments.live.windows import CROWD, MICRO, FewerMachine, WindowMachine
from occasion.moments.meaning import EVIDENCE_LIMIT

KEY = "((t, e.id),)"
AT_ONCE = (NOW, STRICTLY_LATER)


def snippet(node: Node, machine: Machine, touch: Touch, i: int, per: str) -> list[str]:
    """The lines for definition `i`; `per`: the variable that holds the value of `per`."""
    slow = f"slow(row, {i}, t, e, out, wake)"
    lines = _known(node, machine, touch, i, per, slow)
    if lines is not None:
        return lines
    nothing = inert(node, machine, touch)
    if nothing == "True":
        return ["pass"]
    return [slow] if nothing == "False" else [f"if not ({nothing}): {slow}"]


def _known(node: Node, machine: Machine, touch: Touch, i: int, per: str, slow: str) -> list[str] | None:  # noqa: PLR0917
    """The lines for a pattern whose selections stand right below it, else None."""
    match node:
        case Did(selection):
            return guarded(touch.chosen(selection), shown(i, per, "seen", KEY))
        case Nth(pattern=Did(selection)):
            return _nth(node, machine.slot, touch.chosen(selection), i, per)
        case Rolling(measure=Measure("count", Did(selection))) if node.n > 1 and node.n == int(node.n):
            return _rolling(node, machine.slot, touch.chosen(selection), i, per)
        case Streak(pattern=Did(selection)):
            return _streak(node, machine.slot, touch, selection, slow)
        case After():
            return _after(node, machine.slot, touch, i, per)
        case While(pattern=Fewer() as pattern):
            return _fewer(pattern, machine.parts[0], touch, slow)
        case Fewer():
            return _fewer(node, machine, touch, slow)
        case Reach():
            return _reach(node, machine, touch, slow)
    return None


def starting(node: Node, machine: Machine, touch: Touch) -> list[str] | None:
    """The lines for a party's first event where a window begins with it, on a blank state; None: ask the machine."""
    if not isinstance(node, (Reach, Fewer)) or not isinstance(machine, WindowMachine) or not _fixed(node):
        return None
    source, once = node.measure.source, node.anchor == Start()
    either = isinstance(node, Fewer) and node.lo == STRICTLY_LATER and node.anchor == Or(source, Start())
    if not isinstance(source, Did) or not (once or either):
        return None
    p, timer = machine.slot, _timer(node, machine) if isinstance(machine, FewerMachine) else []
    end = "FAR" if node.hi is None else f"t + {node.hi.us}"
    lines = [f"s[{p}] = [[t + {node.lo.us}, {end}, t, seen, {KEY}]]", *timer]
    if node.lo == NOW and touch.touches(source):
        if node.measure.kind != "count" or node.n <= 1:
            return None
        counted = [f"s[{p + 1}] = [[1, seen, [(t, e.id)], None, s[{p}]]]", f"s[{p}] = None"]
        lines += guarded(touch.chosen(source.selection), counted)
    return lines


def guarded(test: str, lines: list[str]) -> list[str]:
    """The lines under a test."""
    if test == "False":
        return ["pass"]
    return lines if test == "True" else [f"if {test}:", *indented(lines)]


def indented(lines: list[str]) -> list[str]:
    """The lines one level deeper."""
    return ["    " + line for line in lines]


def shown(i: int, per: str, known: str, evidence: str) -> list[str]:
    """An occurrence."""
    return [f"s[{REACHED}] = t", f"out.append((e.party, {i}, {per}, t, {known}, {evidence}))"]


def _nth(node: Nth, a: int, chosen: str, i: int, per: str) -> list[str]:
    found = shown(i, per, f"s[{a + 1}]", KEY)
    reached = f"c % {node.k} == 0" if node.every else f"c == {node.k}"
    lines = [
        f"c = s[{a}] + 1",
        f"s[{a}] = c",
        f"if seen > s[{a + 1}]: s[{a + 1}] = seen",
        f"if {reached}:",
        *indented(found),
    ]
    lines = guarded(chosen, lines)
    return lines if node.every else [f"if s[{a}] < {node.k}:", *indented(lines)]


def _rolling(node: Rolling, a: int, chosen: str, i: int, per: str) -> list[str]:
    n = int(node.n)
    evidence = f"tuple([p[2][0] for p in w[-{EVIDENCE_LIMIT}:]])"
    lines = [
        f"w = s[{a}]",
        f"if w is None: s[{a}] = [[t, seen, {KEY}, 1]]",
        "else:",
        f"    o = t - {node.within.us}",
        "    while w and w[0][0] <= o: del w[0]",
        f"    w.append([t, seen, {KEY}, 1])",
        f"    if len(w) < {n}: s[{a + 1}] = False",
        "    else:",
        f"        if not s[{a + 1}]:",
        f"            s[{a + 1}] = True",
        *("            " + line for line in shown(i, per, "max([p[1] for p in w])", evidence)),
        f"        if len(w) > {n}: del w[:-{n}]",
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
        f"            s[{a + 3}] = (*s[{a + 3}], (t, e.id))",
    ]
    return guarded(touch.chosen(selection), lines)


def _after(node: After, a: int, touch: Touch, i: int, per: str) -> list[str] | None:
    """Only where the event is either the anchor or the pattern's, each a selection; windows of fixed length end in the
    order they were opened.
    """
    within = node.within
    if within is not None and within.civil:
        return None
    anchored, found = touch.touches(node.anchor), touch.touches(node.pattern)
    if anchored and not found and isinstance(node.anchor, Did):
        end = "FAR" if within is None else f"t + {within.us}"
        return guarded(touch.chosen(node.anchor.selection), [f"s[{a}] = [{end}, t, seen, {KEY}]"])
    if found and not anchored and isinstance(node.pattern, Did):
        lines = [
            f"w = s[{a}]",
            "if w is not None and w[0] > t:",
            *indented(shown(i, per, "w[2] if w[2] > seen else seen", f"merged(w[3], {KEY})")),
        ]
        return guarded(touch.chosen(node.pattern.selection), lines)
    return None


def _reach(node: Reach, machine: Machine, touch: Touch, slow: str) -> list[str] | None:
    counts, anchors = touch.touches(node.measure.source), touch.touches(node.anchor)
    assert isinstance(machine, WindowMachine)
    if counts and not anchors and isinstance(node.measure.source, Did):
        return _counted(node, machine, touch, node.measure.source.selection, slow)
    if anchors and not counts and isinstance(node.anchor, Did) and not machine.endless and _fixed(node):
        return guarded(touch.chosen(node.anchor.selection), _opened(node, machine, slow))
    return None


def _fixed(node: Reach | Fewer) -> bool:
    return not node.lo.civil and (node.hi is None or not node.hi.civil)


def _opened(node: Reach | Fewer, machine: WindowMachine, slow: str) -> list[str]:
    """One more window waits."""
    p = machine.slot
    end = "FAR" if node.hi is None else f"t + {node.hi.us}"
    window = f"[t + {node.lo.us}, {end}, t, seen, {KEY}]"
    return [
        f"w = s[{p}]",
        f"if w is None: s[{p}] = [{window}]",
        "else:",
        "    while w and w[0][1] <= t: del w[0]",
        f"    if len(w) >= {CROWD}: {slow}",
        f"    else: w.append({window})",
    ]


def _counted(node: Reach | Fewer, machine: WindowMachine, touch: Touch, selection: Selection, slow: str) -> list[str]:
    """One more point in the only group, short of n; or the first in the only window that waits."""
    p, g = machine.slot, machine.slot + 1
    n = touch.constant(machine.n)
    value, gain, value_of, first = _gains(node.measure, n)
    some = [
        f"g = s[{g}]",
        f"if s[{p}] is None:",
        f"    if g is not None and len(g) == 1 and len(g[0][4]) == 1 and g[0][4][0][1] > t and {gain}:",
        *("        " + line for line in value_of),
        f"    elif g is not None: {slow}",
        f"elif g is None and len(s[{p}]) == 1 and s[{p}][0][0] <= t < s[{p}][0][1] and {first[0]}:",
        f"    s[{g}] = [[{first[1]}, seen, [(t, e.id)], {first[2]}, s[{p}]]]",
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
    count = ["g = g[0]", "if seen > g[1]: g[1] = seen", "g[2].append((t, e.id))"]
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


def _fewer(node: Fewer, machine: Machine, touch: Touch, slow: str) -> list[str] | None:
    """No window is over at this instant: its timer would be due."""
    source, anchor = node.measure.source, node.anchor
    assert isinstance(machine, FewerMachine)
    if not isinstance(source, Did) or not _fixed(node) or not _no_timers(anchor):
        return None
    counts, anchors = touch.touches(source), touch.touches(anchor)
    p, g = machine.slot, machine.slot + 1
    simple = node.measure.kind == "count" and node.n == 1 and node.lo in AT_ONCE
    if simple and node.lo == STRICTLY_LATER and anchor in (source, Or(source, Start())):
        window = f"[t + 1, t + {node.hi.us}, t, seen, {KEY}]"
        lines = [f"s[{p}] = [{window}]", f"s[{g}] = None", *_timer(node, machine)]
        return guarded(touch.chosen(source.selection), lines)
    if counts and not anchors:
        if simple:
            any_open = f"if s[{p}] is not None or s[{g}] is not None:"
            return [any_open, *indented(guarded(touch.chosen(source.selection), [f"s[{p}] = s[{g}] = None"]))]
        return _counted(node, machine, touch, source.selection, slow)
    if anchors and not counts and isinstance(anchor, Did):
        lines = [*_opened(node, machine, slow), *_timer(node, machine)]
        return guarded(touch.chosen(anchor.selection), lines)
    return None


def _no_timers(node: Node) -> bool:
    match node:
        case Did() | Start():
            return True
        case Nth(pattern=pattern):
            return _no_timers(pattern)
        case Or(left, right):
            return _no_timers(left) and _no_timers(right)
    return False


def _timer(node: Reach | Fewer, machine: FewerMachine) -> list[str]:
    a = machine.timer
    assert node.hi is not None
    return [
        f"if t + {node.hi.us} < s[{a}]:",
        f"    s[{a}] = s[{TIMER}] = t + {node.hi.us}",
        f"    if s[{a}] < row[{DUE}]:",
        f"        row[{DUE}] = s[{a}]",
        "        wake.append(e.party)",
    ]
