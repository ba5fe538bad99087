"""What fields events have and which values they take, from evenly spaced row groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from occasion.errors import InputError
from occasion.events.event import Scalar
from occasion.finding import unsealed
from occasion.finding.chunks import Study
from occasion.finding.sealed import struct_of

DAY_US = 86_400_000_000
OWN = ("channel", "direction", "counterpart")


def sample(study: Study, rows: int) -> tuple[Iterator[tuple[int, str | None, Scalar | None, int]], int]:
    """(name, field, value, events) for all that the sample holds, (name, None, None, events) for each name; its span
    in days."""
    import pyarrow.compute as pc

    table = _sealed(study, rows) if study.source.sealed else _unsealed(study, rows)
    at = pc.min_max(table["at_us"]).as_py()
    span = (at["max"] - at["min"]) // DAY_US
    return _values(study, table), int(span)


def _values(study: Study, table: Any) -> Iterator[tuple[int, str | None, Scalar | None, int]]:
    import pyarrow as pa

    for name, n in _grouped(pa.table({"name": table["name"]}), ["name"]):
        yield name, None, None, n
    for column in (c for c in table.column_names if c.startswith("field ")):
        yield from _of(pa.table({"name": table["name"]}), table[column], column.removeprefix("field "))
    if "properties" in table.column_names:
        yield from _of_properties(table)


def _of(names: Any, values: Any, field: str) -> Iterator[tuple[int, str, Scalar, int]]:
    import pyarrow.compute as pc

    for part in ("text", "number", "flag"):
        known = names.append_column("value", pc.struct_field(values, part))
        for name, value, n in _grouped(known.filter(pc.is_valid(known["value"])), ["name", "value"]):
            yield name, field, value, n


def _of_properties(table: Any) -> Iterator[tuple[int, str, Scalar, int]]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    properties = table["properties"].combine_chunks()
    offsets = np.asarray(properties.offsets)
    sizes, begin = np.diff(offsets), int(offsets[0])
    keys, items = (part.slice(begin, int(offsets[-1]) - begin) for part in (properties.keys, properties.items))
    names = pa.array(np.repeat(table["name"].to_numpy(), sizes))
    for part in ("text", "number", "flag"):
        known = pa.table({"name": names, "key": keys, "value": pc.struct_field(items, part)})
        yield from _grouped(known.filter(pc.is_valid(known["value"])), ["name", "key", "value"])


def _grouped(table: Any, by: Sequence[str]) -> Iterator[Any]:
    counted = table.group_by(list(by)).aggregate([([], "count_all")])
    yield from zip(*(counted[c].to_pylist() for c in [*by, "count_all"]), strict=True)


def _row_groups(study: Study, rows: int, columns: Sequence[str]) -> Any:
    """Evenly spaced row groups of at least `rows` rows together, or all there are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    groups = []
    for path in study.source.files:
        meta = pq.read_metadata(path)
        groups += [(path, i, meta.row_group(i).num_rows) for i in range(meta.num_row_groups)]
    step = max(1, sum(n for *_, n in groups) // max(rows, 1))
    tables, left = [], rows
    for path, i, _ in groups[::step]:
        if left > 0:
            with pq.ParquetFile(path) as file:
                tables.append(file.read_row_group(i, columns=list(columns)).slice(0, left))
            left -= len(tables[-1])
    if not tables:
        raise InputError("no events to look at: the source's files hold no rows")
    return pa.concat_tables(tables)


def _sealed(study: Study, rows: int) -> Any:
    table = _row_groups(study, rows, ["name", "at_us", *OWN, "properties"])
    for field in (own for own in OWN if own in table.column_names):
        table = table.append_column(f"field {field}", struct_of(table[field])).drop_columns([field])
    return table


def _unsealed(study: Study, rows: int) -> Any:
    table = _row_groups(study, rows, sorted(set(study.source.columns.values())))
    return unsealed.described(study, table)
