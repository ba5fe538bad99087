"""Whether two definitions mean the same though written differently."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from occasion.moments.definition import FIXED_US, Definition, plain

# Nodes and conditions whose two sides may be exchanged, and joined in any grouping.
JOINED = {"Or", "Both", "Either"}


def sense(definition: Definition) -> str:
    """A hash that is the same for definitions that differ only in how they are written.

    14 days are 2 weeks, `a or b` is `b or a`, the order of values after `in` means nothing. Equal hashes are equal in
    meaning; definitions with different ones may still mean the same.

    >>> from occasion.moments.text import read
    >>> sense(read("a then b within 2 weeks")) == sense(read("a then b within 14 days"))
    True
    """
    form = [_normal(plain(definition.node)), _normal(plain(definition.stages))]
    return hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()[:16]


def _normal(value: Any) -> Any:
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("is")
    if kind == "Period":
        return _length(value)
    normal = {key: _normal(item) for key, item in value.items()}
    if kind in JOINED:
        return {"is": kind, "of": _unordered(_flat(normal, str(kind)))}
    if kind == "And":
        return {"is": kind, "of": _unordered([normal["left"], normal["right"]]), "within": normal["within"]}
    if kind == "OneOf":
        return {"is": kind, "field": normal["field"], "of": _unordered(normal["values"])}
    return normal


def _length(period: dict[str, Any]) -> Any:
    n, unit = period["n"], period["unit"]
    if unit in FIXED_US:
        return ["us", n * FIXED_US[unit]]
    return ["months", n * (12 if unit == "year" else 1)]


def _flat(node: dict[str, Any], kind: str) -> list[Any]:
    sides = [node["left"], node["right"]]
    return [part for side in sides for part in (side["of"] if side["is"] == kind else [side])]


def _unordered(parts: list[Any]) -> list[Any]:
    """The parts in one order, each once."""
    by_text = {json.dumps(part, sort_keys=True): part for part in parts}
    return [by_text[text] for text in sorted(by_text)]
