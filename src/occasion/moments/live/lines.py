"""What every snippet is written with.

In a snippet `s` is the row (or the state of a value of `per`), `t` the instant, `e` the event, `seen` when it was seen;
`row`, `out` and `wake` as in `fast.py`; `d` a timer just set.
"""

from __future__ import annotations

from dataclasses import dataclass

from occasion.moments.definition import Fewer, Reach
from occasion.moments.live.program import DUE

PAIR = "(t, e.id)"  # the event's key
KEY = f"({PAIR},)"  # the event as evidence


@dataclass(frozen=True)
class Place:
    """Definition `i`: the variable that holds the value of `per`, the call of the machine, the slot for when it was
    last reached, and whether `s` is a value's own state.
    """

    i: int
    per: str
    slow: str
    reached: int
    own: bool = False


def guarded(test: str, lines: list[str]) -> list[str]:
    """The lines under a test."""
    if test == "False":
        return ["pass"]
    return lines if test == "True" else [f"if {test}:", *indented(lines)]


def indented(lines: list[str]) -> list[str]:
    """The lines one level deeper."""
    return ["    " + line for line in lines]


def shown(place: Place, known: str, evidence: str) -> list[str]:
    """An occurrence."""
    return [f"s[{place.reached}] = t", f"out.append((e.party, {place.i}, {place.per}, t, {known}, {evidence}))"]


def lowered(place: Place) -> list[str]:
    """A timer of the row was set to `d`; those of a value's own state are looked at together afterwards."""
    return ["pass"] if place.own else [f"if d < row[{DUE}]:", f"    row[{DUE}] = d", "    wake.append(e.party)"]


def fixed(node: Reach | Fewer) -> bool:
    """Whether its window has one length everywhere."""
    return not node.lo.civil and (node.hi is None or not node.hi.civil)
