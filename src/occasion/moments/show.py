"""The printed form of a definition: plain English, one for each meaning, and read back to the very same nodes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from occasion.errors import InputError, TextError
from occasion.events.event import Scalar
from occasion.moments.definition import (
    NOW,
    STRICTLY_LATER,
    After,
    And,
    Both,
    Compare,
    Condition,
    Definition,
    Did,
    Either,
    Every,
    Fewer,
    Measure,
    Node,
    Not,
    Nth,
    OneOf,
    Or,
    Per,
    Period,
    Reach,
    Rolling,
    Selection,
    Stage,
    Start,
    Streak,
    While,
    plain,
)
from occasion.moments.words import field_text, length_text, number_text, quote, selected_text, value_text

# How tightly a piece of text binds: what is looser than its surroundings need stands in brackets.
OR, AND, CHAIN, STEP, ANCHOR, CORE = range(6)


def show(what: Definition | Node) -> str:
    """The text of a definition or a node; `read` gives the same definition back.

    Raises InputError for nodes that no text lowers to (a `Reach` without an end from an anchor, say).
    """
    definition = what if isinstance(what, Definition) else Definition(what, _stages(what))
    try:
        text = whole(definition.node)
        _check(text, definition)
    except (TextError, RecursionError) as error:
        why = error.message if isinstance(error, TextError) else "it is nested too deep"
        raise InputError(f"no text of the language says this definition: {why}") from None
    return text


def phrase(node: Node) -> str:
    """A piece of a definition for a person to recognise in a message; it need not be readable by itself."""
    try:
        return _Printer(staged=None).text(node, OR)
    except TextError:
        return f"this {type(node).__name__.lower()}"


def show_after(length: Period, anchor: Node) -> str:
    """The printed form of `14 days after start`: a length and what it is counted from."""
    return f"{length_text(length)} after {_Printer().text(anchor, ANCHOR)}"


def _check(text: str, definition: Definition) -> None:
    from occasion.moments.text import read

    if plain(read(text, definition.stages).node) != plain(definition.node):
        raise TextError(f"the nearest is `{text}`, which means something else")


def _stages(node: Node) -> tuple[Stage, ...]:
    inner = node.pattern if isinstance(node, Per) else node
    return (Stage(inner.stage, Start()),) if isinstance(inner, While) else ()


def whole(node: Node) -> str:
    """The text of a node that some text lowers to; of another one it may be a text that means something else."""
    match node:
        case Per(pattern, field):
            return f"{_in_stage(pattern)} per {field_text(field)}"
        case _:
            return _in_stage(node)


def _in_stage(node: Node) -> str:
    match node:
        case While(pattern, stage):
            return f"{_Printer(staged=True).text(pattern, OR)} while stage = {quote(stage)}"
        case _:
            return _Printer().text(node, OR)


@dataclass(frozen=True)
class _Printer:
    """Prints patterns.

    `staged`: inside a `while`, where `no ... for ...` says more than the nodes it lowers to; None: never mind, it is
    only to be looked at.
    """

    staged: bool | None = False

    def text(self, node: Node, at_least: int) -> str:
        """The node's text, in brackets where it binds looser than its place needs."""
        text, binds = self.bound(node)
        return text if binds >= at_least else f"({text})"

    def bound(self, node: Node) -> tuple[str, int]:
        """The node's text and how tightly it binds."""
        match node:
            case Did(selection):
                return _selection(selection), CORE
            case Start():
                return "start", CORE
            case Or() | And() | After():
                return self.joined(node)
            case Nth(pattern, k, every):
                which = _ordinal(k) if every or k != 1 else "first"
                return f"{'every ' if every else ''}{which} {self.text(pattern, CORE)}", STEP if every else ANCHOR
            case Reach():
                return self.reach(node)
            case Fewer():
                return self.fewer(node), STEP
            case Rolling(measure, n, within):
                return f"{_measure(measure)} >= {number_text(n)} within {length_text(within)}", STEP
            case Streak(Did(selection), n, unit):
                return f"streak of {n} {unit}{'' if n == 1 else 's'} of {_selection(selection)}", STEP
            case Every(anchor, period):
                return f"every {length_text(period)} since {self.text(anchor, ANCHOR)}", STEP
            case Per() | While():
                raise TextError("`per` and `while` stand only around the whole pattern, `per` outermost")
            case _:
                raise TextError(f"a {type(node).__name__.lower()} counts a selection, not a pattern")

    def joined(self, node: Or | And | After) -> tuple[str, int]:
        if isinstance(node, Or):
            return f"{self.text(node.left, OR)} or {self.text(node.right, AND)}", OR
        tail = f" within {length_text(node.within)}" if node.within else ""
        if isinstance(node, After):
            return f"{self.text(node.anchor, CHAIN)} then {self.text(node.pattern, CORE)}{tail}", CHAIN
        # a count or a `then` on the right would take this `within` for its own
        return f"{self.text(node.left, AND)} and {self.text(node.right, ANCHOR if tail else CHAIN)}{tail}", AND

    def reach(self, node: Reach) -> tuple[str, int]:
        measure, anchor = node.measure, node.anchor
        if measure.kind == "count" and node.n == 1 and node.lo == STRICTLY_LATER:
            tail = f" within {length_text(node.hi)}" if node.hi else ""
            return f"{self.text(anchor, CHAIN)} then first {self.text(measure.source, CORE)}{tail}", CHAIN
        if node.hi is None:
            return _endless(node), STEP
        return f"{_measure(measure)} >= {number_text(node.n)} {self.window(node)}", STEP

    def fewer(self, node: Fewer) -> str:
        match node:
            case Fewer(Measure("count", Did(selection) as quiet), n, anchor, lo, hi, silence) if (
                n == 1 and lo == STRICTLY_LATER and self.staged in (None, silence is not None)
            ):
                said = f"no {_selection(selection)} for {length_text(hi)}"
                alone = silence.coming_in if silence else plain(anchor) == plain(Or(quiet, Start()))
                return said if alone else f"{said} after {self.text(anchor, ANCHOR)}"
            case _:
                return f"{_measure(node.measure)} < {number_text(node.n)} {self.window(node)}"

    def window(self, node: Reach | Fewer) -> str:
        anchor = self.text(node.anchor, ANCHOR)
        if node.hi is None:
            raise TextError("a window must end")
        if node.lo == NOW:
            return f"within {length_text(node.hi)} of {anchor}"
        return f"between {length_text(node.lo)} and {length_text(node.hi)} after {anchor}"


def _endless(node: Reach) -> str:
    match node:
        case Reach(Measure("count", Did(selection)), Decimal(), Fewer(hi=silent)) if plain(node) == plain(
            _returns(node, silent)
        ):
            return f"{_selection(selection)} returns after {length_text(silent)}"
        case Reach(Measure("distinct" | "sum"), n, Start(), lo) if lo == NOW:
            return f"{_measure(node.measure)} >= {number_text(n)}"
        case _:
            raise TextError("a count, or a sum from an anchor, needs a window that ends")


def _returns(node: Reach, length: Period) -> Reach:
    """The `returns` of the same selection and length."""
    one, source = Decimal(1), node.measure.source
    return Reach(node.measure, one, Fewer(node.measure, one, source, STRICTLY_LATER, length), NOW, None)


def _measure(measure: Measure) -> str:
    if not isinstance(measure.source, Did):
        raise TextError("only a selection can be counted in a window, not a pattern")
    selection = _selection(measure.source.selection)
    if measure.kind == "count":
        return f"count({selection})"
    return f"{measure.kind}({field_text(measure.field)} of {selection})"


def _selection(selection: Selection) -> str:
    name = selected_text(selection)
    return name if selection.where is None else f"{name} where {_condition(selection.where, OR)}"


def _condition(condition: Condition, at_least: int) -> str:
    match condition:
        case Compare(field, op, value):
            text, binds = f"{field_text(field)} {op} {value_text(value)}", CORE
        case OneOf(field, values):
            text, binds = f"{field_text(field)} in {_values(values)}", CORE
        case Not(OneOf(field, values)):
            text, binds = f"{field_text(field)} not in {_values(values)}", CORE
        case Not(part):
            text, binds = f"not {_condition(part, CORE)}", CORE
        case Both(left, right):
            text, binds = f"{_condition(left, AND)} and {_condition(right, CHAIN)}", AND
        case Either(left, right):
            text, binds = f"{_condition(left, OR)} or {_condition(right, AND)}", OR
    return text if binds >= at_least else f"({text})"


def _values(values: tuple[Scalar, ...]) -> str:
    return "(" + ", ".join(map(value_text, values)) + ")"


def _ordinal(k: int) -> str:
    teens = 10 < k % 100 < 14
    return f"{k}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(k % 10, 'th')}"
