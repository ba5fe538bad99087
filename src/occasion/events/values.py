"""Property values a column at once: text, exact number or flag; what is none of them is kept aside as `other`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from occasion.events.event import NUMBER_LIMIT, number

NUMBER = pa.decimal128(24, 6)
VALUE = pa.struct([("text", pa.string()), ("number", NUMBER), ("flag", pa.bool_()), ("other", pa.string())])
PROPERTIES = pa.map_(pa.string(), VALUE)
KINDS = ("text", "number", "flag", "other")

JSON_NUMBER = r"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$"
SHORT_NUMBER = r"^-?(0|[1-9]\d{0,17})(\.\d{1,18})?$"


@dataclass(frozen=True)
class Values:
    """One property over n rows: at most one of the four arrays has a value in each row; none means it is missing."""

    text: Any
    number: Any
    flag: Any
    other: Any

    def present(self) -> Any:
        """A numpy mask: in which rows the property is there."""
        masks = [getattr(self, kind).is_valid().to_numpy(zero_copy_only=False) for kind in KINDS]
        return np.logical_or.reduce(masks)


def _nulls(n: int, kind: Any) -> Any:
    return pa.nulls(n, kind)


def from_cells(cells: Any) -> Values:
    """Text cells of a file without types: a JSON number is a number, true and false a flag, empty is missing."""
    n = len(cells)
    numeric = pc.fill_null(pc.match_substring_regex(cells, JSON_NUMBER), False)
    flags = pc.is_in(cells, pa.array(["true", "false"]))
    kept = pc.and_not(pc.and_not(pc.greater(pc.binary_length(cells), 0), numeric), flags)
    any_number, any_flag = pc.any(numeric).as_py(), pc.any(flags).as_py()
    numbers = exact_numbers(pc.if_else(numeric, cells, None)) if any_number else _nulls(n, NUMBER)
    flag = pc.if_else(flags, pc.equal(cells, "true"), None) if any_flag else _nulls(n, pa.bool_())
    lost = pc.and_(numeric, pc.is_null(numbers)) if any_number else None
    other = pc.if_else(lost, cells, None) if lost is not None and pc.any(lost).as_py() else _nulls(n, pa.string())
    return Values(pc.if_else(kept, cells, None), numbers, flag, other)


def text_only(cells: Any) -> Values:
    """Text cells kept as they are written; empty is missing."""
    kept = pc.if_else(pc.greater(pc.binary_length(cells), 0), cells, None)
    return Values(kept, _nulls(len(cells), NUMBER), _nulls(len(cells), pa.bool_()), _nulls(len(cells), pa.string()))


def exact_numbers(texts: Any) -> Any:
    """Decimal text as numbers with 6 places, half to even; null where the magnitude is 10^18 or more."""
    short = pc.fill_null(pc.match_substring_regex(texts, SHORT_NUMBER), False)
    wide = pc.cast(pc.if_else(short, texts, None), pa.decimal128(38, 18))
    limit = pa.scalar(NUMBER_LIMIT, pa.decimal128(38, 18))
    rounded = pc.round(wide, 6, "half_to_even")
    inside = pc.less(pc.abs(rounded), limit)
    exact = pc.cast(pc.if_else(inside, rounded, None), NUMBER)
    long = pc.and_not(pc.is_valid(texts), short)
    if not pc.any(long).as_py():
        return exact
    slow = [_small(number(text)) for text in texts.filter(long).to_pylist()]
    return pc.replace_with_mask(exact, long, pa.array(slow, NUMBER))


def _small(value: Decimal | None) -> Decimal | None:
    return value if value is not None and abs(value) < NUMBER_LIMIT else None


def from_typed(column: Any) -> Values:
    """A column with types of its own (an Arrow array, or a list as JSON gave it)."""
    if isinstance(column, list):
        try:
            array = pa.array(column)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            return _from_mixed(column)
        if pa.types.is_nested(array.type):
            return _from_mixed(column)
        column = array
    return _from_array(column)


def _from_array(array: Any) -> Values:
    n, kind = len(array), array.type
    text, numbers, flag, other = (_nulls(n, VALUE.field(name).type) for name in KINDS)
    if pa.types.is_dictionary(kind):
        return _from_array(array.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text = pc.cast(array, pa.string())
    elif pa.types.is_boolean(kind):
        flag = array
    elif pa.types.is_integer(kind) and _all_small(array):
        numbers = pc.cast(pc.cast(array, pa.decimal128(25, 6)), NUMBER)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        texts = pc.cast(array, pa.string())
        numbers = exact_numbers(pc.if_else(pc.is_in(texts, pa.array(["nan", "inf", "-inf"])), None, texts))
    elif pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        text = pc.cast(array, pa.string())
    elif not pa.types.is_null(kind):
        other = pa.array([_json(value) for value in array.to_pylist()], pa.string())
    return Values(text, numbers, flag, other)


def _all_small(array: Any) -> bool:
    span = pc.min_max(array).as_py()
    return span["min"] is None or bool(span["min"] > -NUMBER_LIMIT and span["max"] < NUMBER_LIMIT)


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _from_mixed(column: Sequence[object]) -> Values:
    text: list[str | None] = []
    numbers: list[Decimal | None] = []
    flag: list[bool | None] = []
    other: list[str | None] = []
    for value in column:
        is_number = isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)
        exact = _small(number(value)) if is_number else None  # type: ignore[arg-type]
        simple = exact is not None or isinstance(value, (bool, str))
        text.append(value if isinstance(value, str) else None)
        numbers.append(exact)
        flag.append(value if isinstance(value, bool) else None)
        other.append(None if simple or value is None or _is_nan(value) else _json(value))
    return Values(
        pa.array(text, pa.string()), pa.array(numbers, NUMBER), pa.array(flag, pa.bool_()), pa.array(other, pa.string())
    )


def properties_column(properties: Mapping[str, Values], n: int) -> Any:
    """The map column of n rows: for each row its properties that are there, in order of their names."""
    names = sorted(properties)
    if not names:
        return pa.MapArray.from_arrays(
            np.zeros(n + 1, np.int32), pa.array([], pa.string()), pa.array([], VALUE), PROPERTIES
        )
    present = np.stack([properties[name].present() for name in names], axis=1)
    offsets = np.zeros(n + 1, np.int32)
    np.cumsum(present.sum(axis=1), out=offsets[1:])
    rows, which = np.nonzero(present)
    places = pa.array(which.astype(np.int64) * n + rows)
    keys = pa.array(names, pa.string()).take(pa.array(which))
    parts = [
        pa.concat_arrays([getattr(properties[name], kind) for name in names]).take(places)
        if any(getattr(properties[name], kind).null_count < n for name in names)
        else _nulls(len(places), VALUE.field(kind).type)
        for kind in KINDS
    ]
    items = pa.StructArray.from_arrays(parts, fields=list(VALUE))
    return pa.MapArray.from_arrays(offsets, keys, items, PROPERTIES)


def written_properties(column: Any) -> Any:
    """For every row of a map column one text that differs when, and only when, the properties differ."""
    items = column.items
    number_text = pc.cast(items.field("number"), pa.string())
    flag_text = pc.cast(items.field("flag"), pa.string())
    tagged = pc.coalesce(
        _tagged("t", items.field("text")), _tagged("n", number_text), _tagged("f", flag_text),
        _tagged("o", items.field("other")),
    )  # fmt: skip
    entries = pc.binary_join_element_wise(column.keys, tagged, "\x1e")
    start = column.offsets[0].as_py()
    offsets = pc.subtract(column.offsets, start) if start else column.offsets
    return pc.binary_join(pa.ListArray.from_arrays(offsets, entries), "\x1f")


def _tagged(tag: str, texts: Any) -> Any:
    return pc.binary_join_element_wise(pa.scalar(tag), texts, "")
