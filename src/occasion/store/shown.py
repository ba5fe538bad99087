"""A Source as a raw table by SQL: whatever its columns are called and hold, it is read where it lies."""

from __future__ import annotations

from sqlglot import exp

from occasion.moments.query_sql import part

Typed = tuple[exp.Expression, exp.Expression, exp.Expression]


def fields_of_map(name: str) -> Typed:
    """A property of a column `properties` as sealed segments have it, by type."""
    value = exp.Bracket(this=exp.column("properties"), expressions=[exp.convert(name)])
    text, number, flag = (exp.Dot(this=value.copy(), expression=exp.to_identifier(kind)) for kind in KINDS)
    return text, number, flag


KINDS = ("text", "number", "flag")


def shown(engine: object, source: object) -> object:
    raise NotImplementedError


__all__ = ["Typed", "fields_of_map", "part"]
