"""When an event changes nothing: expressions over a state, for the source of the quick path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from occasion.moments.definition import And, Did, Fewer, Node, Nth, Reach, Selection, Start, children, selections
from occasion.moments.live.choose import field_source, source
from occasion.moments.live.node import Machine
from occasion.moments.live.once import END, OnceMachine, SilentMachine
from occasion.moments.live.state import LONG_AGO


@dataclass
class Touch:
    """An event of one name, seen from a definition; `names` are the constants of the source being written."""

    name: str
    names: dict[str, Any]

    def chosen(self, selection: Selection) -> str:
        """Whether the event `e` is chosen, as an expression; "False" and "True" are certain."""
        if selection.of == "event" and selection.name != self.name:
            return "False"
        tests = ["e.direction is not None", "not e.mass"] if selection.of == "contact" else []
        if selection.where is not None:
            tests.append(source(selection.where, True, self.names))
        return " and ".join(tests) or "True"

    def touches(self, node: Node) -> bool:
        """Whether any selection of the pattern may choose the event."""
        return any(self.chosen(selection) != "False" for selection in selections(node))

    def constant(self, value: object) -> str:
        """A name for a value in the source."""
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    @staticmethod
    def field(name: str) -> str:
        """The event's field as an expression."""
        return field_source(name)


def inert(node: Node, machine: Machine, touch: Touch) -> str:
    """An expression over the state `s` and the event: if true, a step of the pattern would change and find nothing.

    For an event that is not the party's first, with no timer due and no stage entered.
    """
    match node:
        case Did(selection):
            chosen = touch.chosen(selection)
            return {"False": "True", "True": "False"}.get(chosen, f"not ({chosen})")
        case Start():
            return "True"
    parts = [inert(part, below, touch) for part, below in zip(_parts(node), machine.parts, strict=True)]
    below = _all(parts)
    i = machine.slot
    if isinstance(node, Nth) and not node.every:
        return _any([f"s[{i}] >= {node.k}", below])
    if isinstance(node, And) and node.within is None:
        return _any([f"s[{i + 2}]", below])
    if isinstance(machine, SilentMachine):
        return parts[0]
    if isinstance(node, (Reach, Fewer)):
        nowhere = f"s[{i}] is None and s[{i + 1}] is None"
        if isinstance(machine, OnceMachine):
            nowhere = f"s[{i + END}] == {LONG_AGO}"
        return _all([parts[0], _any([nowhere, parts[1]]) if _forgets(node.measure.source) else parts[1]])
    return below


def _forgets(node: Node) -> bool:
    """Whether the pattern remembers nothing, so that what nobody counts need not be looked at."""
    return isinstance(node, Did)


def _parts(node: Node) -> list[Node]:
    """The patterns below, in the order of the machine's parts."""
    below = list(children(node))
    return [below[1], below[0]] if hasattr(node, "anchor") and hasattr(node, "measure") else below


def _all(tests: list[str]) -> str:
    if "False" in tests:
        return "False"
    return " and ".join(f"({test})" for test in tests if test != "True") or "True"


def _any(tests: list[str]) -> str:
    if "True" in tests:
        return "True"
    return " or ".join(f"({test})" for test in tests if test != "False") or "False"
