"""Tables of events that are in memory, or come in batches, sealed as a history of their own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from occasion.errors import InputError
from occasion.events.table import LOADED
from occasion.events.values import from_typed, properties_column
from occasion.store.durable import full_disk_said
from occasion.store.history import BUCKETS, History
from occasion.store.sealing import Sealing
from occasion.store.segment import SEGMENT
from occasion.store.staging import Staging

NEEDED = ("party", "name", "at_us")
ROWS_A_BUCKET = 1 << 20
MOST_BUCKETS = 64


def seal_table(table: Any, data: Path, buckets: int | None = None) -> History:
    """Seal a table of events as the new history in `data`, and open it.

    `table`: a pyarrow Table, or an iterable of record batches for what does not fit in memory. Columns are those of
    SEGMENT_COLUMNS by name: `party` (text, integer or dictionary), `name` (text or dictionary) and `at_us` are needed
    and must not be null; `prop:x` columns of any simple type become properties if there is no `properties`. Without
    `seen_us` it equals `at_us`; without `id` the row's number, from 0, is the id. Given ids must be unique: that is not
    checked. A table in memory costs, besides itself, one bucket of rows at a time.
    Raises InputError when `data` already holds events, or a needed column is absent.
    """
    if buckets is None:
        rows = table.num_rows if isinstance(table, pa.Table) else 0
        buckets = min(max(BUCKETS, 1 << max(rows // ROWS_A_BUCKET - 1, 0).bit_length()), MOST_BUCKETS)
    history = History(data, buckets)
    if history.state().segments:
        history.close()
        raise InputError(f"{data}: already holds events; seal a table in a new folder")
    with full_disk_said(data), history.writing(), Sealing(history.folder, history.manifest) as sealing:
        count = seal_rows(table, sealing) if isinstance(table, pa.Table) else _in_batches(table, sealing)
        sealing.commit(
            {"files": "[]", "mapping": "", "both": False, "read": count, "taken": count, "refused": 0, "known": 0,
             "events": count, "rejects": None}
        )  # fmt: skip
    return history


def _check(names: Iterable[str]) -> None:
    missing = [name for name in NEEDED if name not in set(names)]
    if missing:
        raise InputError(f"the table has no column {missing[0]!r}: a history needs {', '.join(NEEDED)}")


def seal_rows(table: Any, sealing: Sealing) -> int:
    """Seal a table in memory (see `seal_table`) as a part of a change of the history; how many rows it has."""
    _check(table.column_names)
    codes = _codes(table.column("party"), sealing.parties)
    names = _codes(table.column("name"), sealing.names)
    bucket = sealing.parties.buckets(codes)
    for number in np.unique(bucket).tolist():
        here = bucket == number
        places = np.flatnonzero(here)
        rows = table.filter(pa.array(here)) if len(places) < table.num_rows else table
        sealing.seal(number, _rows(rows, places, SEGMENT, {"party": codes[places], "name": names[places]}))
    return int(table.num_rows)


def _codes(column: Any, dictionary: Any) -> Any:
    return np.concatenate([dictionary.codes(chunk) for chunk in column.chunks] or [np.array([], np.int32)])


def _in_batches(batches: Iterable[Any], sealing: Sealing) -> int:
    staging = Staging(sealing.scratch, sealing.parties, sealing.names, sealing.state.buckets, compare_ids=False)
    for batch in batches:
        _check(batch.schema.names)
        places = np.arange(staging.rows, staging.rows + batch.num_rows)
        staging.add(_rows(pa.Table.from_batches([batch]), places, LOADED, {}))
    staging.flush()
    staging.finish()
    for number in staging.buckets():
        sealing.seal(number, staging.bucket(number))
        staging.drop(number)
    return staging.rows


def _rows(table: Any, places: Any, schema: Any, codes: dict[str, Any]) -> Any:
    """The rows with all columns of the schema; `places` are their numbers."""
    table = table.combine_chunks()
    columns: dict[str, Any] = {name: pa.array(values) for name, values in codes.items()}
    for field in schema:
        if field.name in columns:
            continue
        if field.name in table.column_names:
            columns[field.name] = table.column(field.name).cast(field.type)
        elif field.name == "seen_us":
            columns["seen_us"] = table.column("at_us").cast(pa.int64())
        elif field.name == "id":
            columns["id"] = pa.array(places).cast(pa.string())
        elif field.name == "properties":
            columns["properties"] = _properties(table)
        else:
            columns[field.name] = pa.nulls(table.num_rows, field.type)
    return pa.table({name: columns[name] for name in schema.names}, schema)


def _properties(table: Any) -> Any:
    wide = {name.removeprefix("prop:"): table.column(name) for name in table.column_names if name.startswith("prop:")}
    values = {name: from_typed(column.chunk(0)) for name, column in wide.items() if column.num_chunks}
    return properties_column(values, table.num_rows)
