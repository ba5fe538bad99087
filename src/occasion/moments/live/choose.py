"""A selection as a predicate, written once as Python source and compiled.

Only true selects, so three-valued logic splits into two plain questions: is it certainly true, is it certainly false?
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

from occasion.events.event import EVENT_FIELDS, Event, Scalar
from occasion.moments.definition import Both, Compare, Condition, Either, Not, OneOf, Selection

PYTHON_OPERATORS = {"=": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
Names = dict[str, Any]  # the constants that the source speaks of


def chooses(selection: Selection) -> Callable[[Event], bool]:
    """The selection as a function of an event."""
    names: Names = {"Decimal": Decimal}
    tests = [name_source(selection)]
    if selection.where is not None:
        tests.append(source(selection.where, True, names))
    body = " and ".join(test for test in tests if test) or "True"
    return cast(Callable[[Event], bool], eval(f"lambda e: {body}", names))


def name_source(selection: Selection) -> str:
    """What is asked of the event itself, as an expression; empty for any event."""
    if selection.of == "event":
        return f"e.name == {selection.name!r}"
    return "e.direction is not None and not e.mass" if selection.of == "contact" else ""


def source(condition: Condition, wanted: bool, names: Names) -> str:
    """An expression over the event `e`: whether the condition is certainly true, or certainly false (`wanted`)."""
    match condition:
        case Compare(field, op, value):
            test = _compared(value, PYTHON_OPERATORS[op], names)
            return f"({_typed(field, value)} and {test if wanted else f'not ({test})'})"
        case OneOf(field, values):
            joiner = " or " if wanted else " and "
            each = [source(Compare(field, "=", value), wanted, names) for value in values]
            return f"({joiner.join(each) or str(not wanted)})"
        case Not(part):
            return source(part, not wanted, names)
        case Both(left, right) | Either(left, right):
            joiner = " and " if isinstance(condition, Both) == wanted else " or "
            return f"({source(left, wanted, names)}{joiner}{source(right, wanted, names)})"


def field_source(field: str) -> str:
    """The value of an event's field, as an expression."""
    return f"e.{field}" if field in EVENT_FIELDS else f"e.properties.get({field!r})"


def _typed(field: str, value: Scalar) -> str:
    return f"type(v := {field_source(field)}) is {type(value).__name__}"


def _compared(value: Scalar, operator: str, names: Names) -> str:
    name = f"k{len(names)}"
    names[name] = value
    return f"v {operator} {name}"
