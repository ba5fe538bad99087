"""Reading our own segments: integer codes, sorted by (party, time) within a file, no party in two buckets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.events.event import EVENT_FIELDS
from occasion.finding.population import Population
from occasion.store.source import Source

if TYPE_CHECKING:
    from occasion.finding.chunks import Study

CHUNK_ROWS = 1_000_000


def names(source: Source) -> tuple[str, ...]:
    """The event names, a name's index being its code."""
    import pyarrow.parquet as pq

    if source.names is None:
        raise InputError("a sealed source without its dictionary of names: load the events again")
    table = pq.read_table(source.names, columns=["code", "text"])
    codes, texts = table["code"].to_numpy(), table["text"].to_pylist()
    found = [""] * (int(codes.max()) + 1 if len(codes) else 0)
    for code, text in zip(codes, texts, strict=True):
        found[code] = text
    return tuple(found)


def rows_of_codes(population: Population) -> npt.NDArray[np.int32]:
    """The population's row of each party code, -1 where the party is not under study; one more -1 at the end."""
    size = int(population.ids.max()) + 2 if len(population) else 1
    rows = np.full(size, -1, np.int32)
    rows[population.ids] = np.arange(len(population), dtype=np.int32)
    return rows


def buckets(source: Source) -> tuple[tuple[Path, ...], ...]:
    """The files that must be merged with each other, bucket by bucket; without buckets all files together."""
    return source.buckets or (tuple(source.files),)


def tables(study: Study, fields: Sequence[str]) -> Iterator[Any]:
    """Tables of whole parties with columns row, name, at_us, `field 0` ...: a million rows or one party at least."""
    import pyarrow as pa

    rows = rows_of_codes(study.population)
    for bucket in buckets(study.source):
        for table in _whole_parties(bucket, fields):
            party = np.minimum(table["party"].to_numpy(), len(rows) - 1)
            columns = {"row": rows[party], "name": table["name"], "at_us": table["at_us"]}
            columns |= {f"field {i}": _field(table, field) for i, field in enumerate(fields)}
            yield pa.table(columns)


def _whole_parties(bucket: Sequence[Path], fields: Sequence[str]) -> Iterator[Any]:
    """The bucket's rows in order; a party is never cut. A bucket of several files is sorted in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = ["party", "name", "at_us", *_columns(fields)]
    if len(bucket) > 1:
        yield in_order(bucket, columns)
        return
    for path in bucket:
        rest = None
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(CHUNK_ROWS, columns=columns):
                table = pa.Table.from_batches([batch])
                table = table if rest is None else pa.concat_tables([rest, table])
                party = table["party"].to_numpy()
                cut = int(np.searchsorted(party, party[-1])) if len(party) else 0
                rest = table.slice(cut)
                if cut:
                    yield table.slice(0, cut)
        if rest is not None and len(rest):
            yield rest


def in_order(paths: Sequence[Path], columns: Sequence[str]) -> Any:
    """The rows of a bucket of several files, in memory, sorted by (party, at_us)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    together = pa.concat_tables([pq.read_table(path, columns=list(columns)) for path in paths])
    return together.sort_by([("party", "ascending"), ("at_us", "ascending")])


def _columns(fields: Sequence[str]) -> list[str]:
    own = [field for field in fields if field in EVENT_FIELDS]
    return own + (["properties"] if len(own) < len(fields) else [])


def _field(table: Any, field: str) -> Any:
    """The field as struct(text, number, flag)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if field not in EVENT_FIELDS:
        value = pc.map_lookup(table["properties"].combine_chunks(), query_key=field, occurrence="first")
        return value.combine_chunks() if isinstance(value, pa.ChunkedArray) else value
    return struct_of(table[field])


def struct_of(texts: Any) -> Any:
    """A column of text as struct(text, number, flag)."""
    import pyarrow as pa

    whole = texts.cast(pa.string()).combine_chunks()
    nulls = pa.nulls(len(whole))
    parts = [whole, nulls.cast(pa.decimal128(24, 6)), nulls.cast(pa.bool_())]
    return pa.StructArray.from_arrays(parts, ["text", "number", "flag"])
