"""Which events a selection chooses: conditions in three-valued logic, where None is unknown."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from occasion.events.event import Event, Scalar
from occasion.moments.definition import Both, Compare, Condition, Either, Not, OneOf, Selection

OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def selects(selection: Selection, event: Event) -> bool:
    """Whether the selection chooses the event; a condition that is unknown does not."""
    if selection.of == "event" and event.name != selection.name:
        return False
    if selection.of == "contact" and not event.contact:
        return False
    return selection.where is None or truth(selection.where, event) is True


def truth(condition: Condition, event: Event) -> bool | None:
    """Whether a condition holds of an event; None where a field is missing or of another type than its value."""
    match condition:
        case Compare(field, op, value):
            return _compare(event.field(field), op, value)
        case OneOf(field, values):
            actual = event.field(field)
            return _either([_compare(actual, "=", value) for value in values])
        case Not(part):
            known = truth(part, event)
            return None if known is None else not known
        case Both(left, right):
            negated = [truth(side, event) for side in (left, right)]
            result = _either([None if side is None else not side for side in negated])
            return None if result is None else not result
        case Either(left, right):
            return _either([truth(left, event), truth(right, event)])


def _compare(actual: Scalar | None, op: str, value: Scalar) -> bool | None:
    if actual is None or type(actual) is not type(value):
        return None
    return OPERATORS[op](actual, value)


def _either(sides: list[bool | None]) -> bool | None:
    if True in sides:
        return True
    return None if None in sides else False
