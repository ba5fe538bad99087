"""What a live reading keeps for each party, and whether that is bounded by the number of parties."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from occasion.moments.definition import (
    After,
    And,
    Definition,
    Did,
    Every,
    Fewer,
    Measure,
    Node,
    Nth,
    Or,
    Per,
    Reach,
    Rolling,
    Start,
    Streak,
    While,
    at_most_once,
    plain,
    walk,
)
from occasion.moments.words import field_text, length_text, number_text


@dataclass(frozen=True)
class State:
    """A sentence on what is kept per party; `bounded`: whether it stays below a limit that the text itself sets."""

    sentence: str
    bounded: bool
    why_not: str = ""


def state_of(what: Definition | Node) -> State:
    """What a definition keeps for each party.

    >>> from occasion.moments.text import read
    >>> state_of(read("count(session) >= 3 within 14 days of start")).sentence
    'keeps for each party: 3 instants; one instant'
    >>> state_of(read("sum(amount of order) >= 1000 within 30 days")).why_not
    'a rolling sum keeps every event of the last 30 days'
    """
    node = what.node if isinstance(what, Definition) else what
    nodes = [node, *(stage.enter for stage in what.stages)] if isinstance(what, Definition) else [node]
    parts = [part for one in nodes for part in walk(one)]
    kept = list(dict.fromkeys(said for part in parts if (said := _kept(part))))
    unbounded = list(dict.fromkeys(why for part in parts for why in _unbounded(part)))
    times = f", for every value of {field_text(node.field)} anew" if isinstance(node, Per) else ""
    sentence = f"keeps for each party: {'; '.join(kept) or 'nothing'}{times}"
    return State(sentence, not unbounded, "; ".join(unbounded))


def _kept(node: Node) -> str:
    match node:
        case Did() | Or() | Per():
            return ""
        case Start() | After():
            return "one instant"
        case And():
            return "two instants and a flag"
        case Nth():
            return "a counter"
        case Reach(measure, n):
            return "the open windows" if _windows_stay(node) else _for_measure(measure, number_text(n))
        case Fewer():
            return "one open window with its timer" if _one_window(node) else "the open windows, each with its timer"
        case Rolling(measure, n, within):
            if measure.kind == "sum":
                return f"the events of the last {length_text(within)}"
            return _for_measure(measure, number_text(n))
        case Streak():
            return "a unit and a length"
        case Every():
            return "a number and a timer" if at_most_once(node.anchor) else "a number and a timer for each anchor"
        case While():
            return "the stage"


def _for_measure(measure: Measure, n: str) -> str:
    what = {"count": "instant", "distinct": "value"}.get(measure.kind)
    return "a total" if what is None else f"{n} {what}{'' if n == '1' else 's'}"


def _unbounded(node: Node) -> Iterator[str]:
    match node:
        case Rolling(Measure("sum"), _, within):
            yield f"a rolling sum keeps every event of the last {length_text(within)}"
        case Per(_, field):
            yield f"`per` keeps the pattern's state for every value of {field_text(field)} a party ever had"
        case Fewer() if not _one_window(node):
            yield "an anchor that can happen again opens a window, and a timer, each time"
        case Reach() if _windows_stay(node):
            yield "windows that begin later than their anchor stay open side by side, one for each anchor"
        case Every(anchor) if not at_most_once(anchor):
            yield "an anchor that can happen again starts dates, and a timer, each time, and they never end"


def _windows_stay(node: Reach) -> bool:
    """Whether several windows must be remembered: they begin later, and an anchor can happen again."""
    return node.lo.n > 0 and not (node.lo.unit == "microsecond" and node.lo.n == 1) and not at_most_once(node.anchor)


def _one_window(node: Fewer) -> bool:
    """Whether at most one window is open: one anchor, or each anchor is itself what ends the window before."""
    if at_most_once(node.anchor):
        return True
    restarts = node.measure.kind == "count" and node.n == 1
    return restarts and all(plain(part) == plain(node.measure.source) for part in _anchors(node.anchor))


def _anchors(node: Node) -> Iterator[Node]:
    if isinstance(node, Or):
        yield from _anchors(node.left)
        yield from _anchors(node.right)
    elif not isinstance(node, Start):
        yield node
