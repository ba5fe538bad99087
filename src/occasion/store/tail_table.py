"""Packed groups of the tail as an Arrow table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from occasion.events.table import EVENT_COLUMNS
from occasion.events.values import NUMBER, PROPERTIES, VALUE
from occasion.store.packed import Packed, columns_of

TEXTS = ("channel", "direction", "actor", "counterpart", "body", "zone")


def tail_table(groups: Iterable[bytes]) -> Any:
    """The events of some groups as a table of EVENT_COLUMNS, in the order they came."""
    tables = [_table(columns) for columns in map(columns_of, groups) if columns.party]
    return pa.concat_tables(tables) if tables else EVENT_COLUMNS.empty_table()


def _table(columns: Packed) -> Any:
    n = len(columns.party)
    made = {
        "party": pa.array(columns.party, pa.string()),
        "name": pa.array(columns.name, pa.string()),
        "at_us": pa.array(columns.at, pa.int64()),
        "seen_us": pa.array(columns.seen, pa.int64()),
        "id": pa.array(columns.id, pa.string()),
        "properties": _properties(columns, n),
        "mass": pa.array([flag or None for flag in columns.mass], pa.bool_())
        if columns.mass
        else pa.nulls(n, pa.bool_()),
    }
    for name in TEXTS:
        values = getattr(columns, name)
        made[name] = pa.array(values, pa.string()) if values else pa.nulls(n, pa.string())
    return pa.table({name: made[name] for name in EVENT_COLUMNS.names}, EVENT_COLUMNS)


def _properties(columns: Packed, n: int) -> Any:
    nothing: Sequence[Any] = [{}] * n
    texts = columns.texts or nothing
    if columns.numbers:
        given = [
            sorted((*text.items(), *exact.items())) if exact else sorted(text.items())
            for text, exact in zip(texts, columns.numbers, strict=True)
        ]
    else:
        given = [sorted(text.items()) for text in texts]
    offsets = np.zeros(n + 1, np.int32)
    np.cumsum([len(items) for items in given], out=offsets[1:])
    keys = [key for key, _ in chain.from_iterable(given)]
    values = [value for _, value in chain.from_iterable(given)]
    parts = [
        pa.array([value if value.__class__ is str else None for value in values], pa.string()),
        pa.array([value if value.__class__ is Decimal else None for value in values], NUMBER),
        pa.array([value if value.__class__ is bool else None for value in values], pa.bool_()),
        pa.nulls(len(values), pa.string()),
    ]
    items = pa.StructArray.from_arrays(parts, fields=list(VALUE))
    return pa.MapArray.from_arrays(pa.array(offsets), pa.array(keys, pa.string()), items, PROPERTIES)
