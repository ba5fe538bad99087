"""Files as batches of raw rows, each with the line it stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from occasion.errors import InputError
from occasion.events.chunks import LINE_LIMIT, Chunk, TextFile, record_chunks
from occasion.events.delimited import Delimited
from occasion.events.formats import Format, flat
from occasion.events.jsonlines import json_columns, json_rows
from occasion.events.raw import RawRows, Reject

PARQUET_ROWS = 1 << 17
JSON_BLOCK = 2 << 20
BLOCK = 8 << 20


def raw_rows(path: Path, form: Format, needed: Sequence[str] | None, line_limit: int = LINE_LIMIT) -> Iterator[RawRows]:
    """All rows of a file, batch by batch; of CSV and Parquet only the columns that are `needed` (None: all).

    Raises InputError when the file is damaged: what came before must then not be kept either.
    """
    if form.kind == "parquet":
        yield from _parquet_rows(path, needed)
        return
    text = TextFile(path, form.encoding)
    table = None if form.kind == "json" else Delimited(path, form, needed)
    try:
        quoted, block = (table.quoted, BLOCK) if table else (None, JSON_BLOCK)
        for chunk in record_chunks(text.read, quoted, line_limit, block):
            rows = table.rows(chunk) if table else _json_chunk(chunk, path)
            rows.position = text.position
            rows.refused[:0] = [Reject(str(path), line, "", shown, reason) for line, shown, reason in chunk.refused]
            yield rows
    finally:
        text.close()


def _json_chunk(chunk: Chunk, path: Path) -> RawRows:
    numbered = [(chunk.first_line + i, line) for i, line in enumerate(chunk.data.split(b"\n")) if line.strip()]
    decoded = json_rows([line for _, line in numbered])
    refused = [
        Reject(str(path), line, "", text[:200].decode("utf-8", "replace"), row)
        for (line, text), row in zip(numbered, decoded, strict=True)
        if isinstance(row, str)
    ]
    good = [(line, row) for (line, _), row in zip(numbered, decoded, strict=True) if isinstance(row, dict)]
    columns = json_columns([row for _, row in good])
    return RawRows(columns, np.array([line for line, _ in good], np.int64), False, 0, refused)


def _parquet_rows(path: Path, needed: Sequence[str] | None) -> Iterator[RawRows]:
    import pyarrow.parquet as pq

    size, first = path.stat().st_size, 1
    try:
        file = pq.ParquetFile(path)
        total = file.metadata.num_rows
        for batch in file.iter_batches(PARQUET_ROWS, columns=None if needed is None else _stored(file, needed)):
            lines = np.arange(first, first + batch.num_rows)
            first += batch.num_rows
            columns = flat(batch)
            yield RawRows(columns, lines, False, size * (first - 1) // max(total, 1))
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: is a Parquet file that cannot be read ({str(error).splitlines()[0]})") from None


def _stored(file: Any, needed: Sequence[str]) -> list[str]:
    """The names of the stored columns behind columns that may have come up from `properties`."""
    names = set(file.schema_arrow.names)
    return list(dict.fromkeys(name if name in names else "properties" for name in needed))
