"""What is watched for a moment of the catalogue: the moment itself, and what can be derived from how it is written.

    reached   the moment
    opened    what it waits for has happened: from here on it may come, for so long
    missed    what was opened is over and it did not come; it may be opened again
    slipping  it was expected by now (`expect: W after A`), and from A until then it did not come

`opened` and `missed` exist where the pattern's top waits for something in a window that ends: `m >= n within W of A`,
`between`, `A then first B within W`, `A then B within W`. A count without an anchor, a streak, dates, a silence and
`or`/`and` of patterns have no window of their own to open or miss (`why_not` says so in words). For every a of A whose
window is over, exactly one of "reached in it" and "missed at its end" holds: the law of `>=` and `<`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from occasion.moments.catalogue import After as Expected
from occasion.moments.catalogue import Moment
from occasion.moments.definition import (
    NOW,
    STRICTLY_LATER,
    After,
    Definition,
    Every,
    Fewer,
    Measure,
    Node,
    Nth,
    Per,
    Period,
    Reach,
    Streak,
    While,
    at_most_once,
    walk,
)
from occasion.moments.text import show_after

Role = Literal["reached", "opened", "slipping", "missed"]
ROLES: tuple[Role, ...] = ("reached", "opened", "slipping", "missed")
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Watched:
    """A definition to watch: of which moment, as what, and in words."""

    moment: str
    role: Role
    definition: Definition
    text: str


def watched(moment: Moment) -> tuple[Watched, ...]:
    """The definitions to watch for a moment, `reached` first; two moments may share one."""
    name, text = moment.name, moment.written.text.strip()
    found = [Watched(name, "reached", moment.definition, text)]
    window = _window(moment.definition)
    if window is not None:
        found.append(Watched(name, "opened", window[0], f"what opens: {text}"))
        found.append(Watched(name, "missed", window[1], f"no longer possible since what opened it: {text}"))
    if moment.expect is not None:
        due = show_after(moment.expect.length, moment.expect.anchor)
        found.append(Watched(name, "slipping", _slipping(moment.definition, moment.expect), f"not by {due}: {text}"))
    return tuple(found)


def opened(definition: Definition) -> Definition | None:
    """What opens the moment's window; None where it has none of its own."""
    window = _window(definition)
    return None if window is None else window[0]


def missed(definition: Definition) -> Definition | None:
    """The end of a window in which the moment was not reached; None where it has none of its own."""
    window = _window(definition)
    return None if window is None else window[1]


def slipping(definition: Definition, length: Period, anchor: Node) -> Definition:
    """Not reached from the anchor until the length is over. A length of nothing still counts the anchor's instant.

    The window begins with the anchor: what was reached before it does not count, as with every `within`.
    """
    hi = STRICTLY_LATER if length.n == 0 else length
    field, pattern = _bare(definition.node)
    late = Fewer(Measure("count", pattern), ONE, anchor, NOW, hi)
    return replace(definition, node=_again(field, late))


def why_not(definition: Definition) -> str:
    """In words, why the moment has no window that opens and is missed; "" where it has one."""
    if _window(definition) is not None:
        return ""
    _, pattern = _bare(definition.node)
    pattern = pattern.pattern if isinstance(pattern, While) else pattern
    match pattern:
        case Reach(hi=None) | After(within=None):
            return "its window never ends: it can still come at any time"
        case Reach() | After():
            return "within a stage, a window that may be opened many times has no single end"
        case Fewer():
            return "a silence or a shortfall comes by itself: it is averted, not missed"
        case Every():
            return "its dates come by themselves"
        case Streak() | Nth():
            return "it may come at any time: no window ends"
        case _:
            return "no single window opens it"


def _slipping(definition: Definition, expected: Expected) -> Definition:
    return slipping(definition, expected.length, expected.anchor)


def _bare(node: Node) -> tuple[str | None, Node]:
    """The field of an outermost `per`, and the pattern inside."""
    return (node.field, node.pattern) if isinstance(node, Per) else (None, node)


def _again(field: str | None, pattern: Node) -> Node:
    return pattern if field is None else Per(pattern, field)


def _window(definition: Definition) -> tuple[Definition, Definition] | None:
    """(opened, missed) of a moment."""
    field, pattern = _bare(definition.node)
    found = _staged(pattern) if isinstance(pattern, While) else _plain(pattern)
    if found is None:
        return None
    anchor, over = (_again(field, node) for node in found)
    return Definition(anchor, definition.stages if _asks(anchor) else ()), replace(definition, node=over)


def _asks(node: Node) -> bool:
    """Whether a pattern asks in which stage the party is."""
    return any(isinstance(p, While) or (isinstance(p, Fewer) and p.silence is not None) for p in walk(node))


def _plain(pattern: Node) -> tuple[Node, Node] | None:
    match pattern:
        case Nth(Reach() as inner, k=1, every=False) if at_most_once(inner.anchor):
            return _plain(inner)  # once opened, once reached: the first is the only one
        case Reach(measure, n, anchor, lo, hi) if hi is not None:
            return anchor, Fewer(measure, n, anchor, lo, hi)
        case After(anchor, inner, within) if within is not None:
            return anchor, Fewer(Measure("count", inner), ONE, anchor, STRICTLY_LATER, within)
        case _:
            return None


def _staged(pattern: While) -> tuple[Node, Node] | None:
    """Within a stage the moment counts only there, so the window's end is missed unless it was reached *in the stage*.

    Only for an anchor that comes at most once: of several windows one could be reached by an instant of another.
    """
    match pattern.pattern:
        case Reach(_, _, anchor, _, hi) if hi is not None and at_most_once(anchor):
            return anchor, Fewer(Measure("count", pattern), ONE, anchor, NOW, hi)
        case After(anchor, _, within) if within is not None and at_most_once(anchor):
            return anchor, Fewer(Measure("count", pattern), ONE, anchor, NOW, within)
        case _:
            return None


__all__ = ["ROLES", "Role", "Watched", "missed", "opened", "slipping", "watched", "why_not"]
