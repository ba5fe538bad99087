"""Files as batches of raw rows, each with the line it stands in; lines that are no rows are refused here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from occasion.errors import InputError
from occasion.events.chunks import LINE_LIMIT, Chunk, TextFile, line_count, quoted_field, record_chunks, records
from occasion.events.formats import Format
from occasion.events.jsonlines import json_columns, json_rows

PARQUET_ROWS = 1 << 17
JSON_BLOCK = 2 << 20


class Reject(msgspec.Struct, frozen=True):
    """A row that was refused: where it is, which field, what it holds, why."""

    file: str
    line: int
    field: str
    value: str
    reason: str


@dataclass
class RawRows:
    """Rows as the file has them. `columns`: text cells, Arrow arrays with types, or lists as JSON gave them.

    `lines`: the line (in Parquet the row) of each, from 1. `untyped`: cells are text that may mean a number or flag.
    `position`: how many bytes of the file were read so far.
    """

    columns: Mapping[str, Any]
    lines: Any
    untyped: bool
    position: int
    refused: list[Reject] = field(default_factory=list)


def raw_rows(path: Path, form: Format, line_limit: int = LINE_LIMIT) -> Iterator[RawRows]:
    """All rows of a file, batch by batch.

    Raises InputError when the file is damaged: what came before must then not be kept either.
    """
    if form.kind == "parquet":
        yield from _parquet_rows(path)
        return
    text = TextFile(path, form.encoding)
    quoted = quoted_field(form.delimiter) if form.kind == "delimited" else None
    try:
        header = form.header and form.kind != "json"
        chunks = record_chunks(text.read, quoted, line_limit, *([JSON_BLOCK] if form.kind == "json" else []))
        for chunk in chunks:
            body = _without_header(chunk, quoted) if header and chunk.data else chunk
            header = header and not chunk.data
            rows = _json_chunk(body, path) if form.kind == "json" else _delimited_chunk(body, path, form, quoted)
            rows.position = text.position
            rows.refused[:0] = [Reject(str(path), line, "", shown, reason) for line, shown, reason in chunk.refused]
            yield rows
    finally:
        text.close()


def _without_header(chunk: Chunk, quoted: re.Pattern[bytes] | None) -> Chunk:
    record = next(text for _, text in records(chunk.data[: 1 << 20], quoted, 1) if text.strip())
    start = chunk.data.index(record) + len(record)
    newline = re.compile(rb"\r\n|\n|\r").match(chunk.data, start)
    end = newline.end() if newline else len(chunk.data)
    return Chunk(chunk.data[end:], chunk.first_line + line_count(chunk.data[:end]), chunk.refused)


def _delimited_chunk(chunk: Chunk, path: Path, form: Format, quoted: re.Pattern[bytes] | None) -> RawRows:
    data = chunk.data if form.kind == "delimited" else _tabs(chunk.data)
    if not data.strip(b"\r\n"):
        return RawRows({}, np.array([], np.int64), True, 0)
    refused: list[Reject] = []
    lines: Sequence[int] | None = None
    if not _is_utf8(data):
        lines, data = _only_utf8(data, chunk.first_line, quoted, path, refused)
        if not lines:
            return RawRows({}, np.array([], np.int64), True, 0, refused)
    delimiter = "\t" if form.kind == "spaces" else form.delimiter
    table, ragged = _parse(data, form.columns, delimiter, quoted is not None)
    count = table.num_rows + len(ragged)
    if lines is None:
        ended = line_count(data) + (not data.endswith((b"\n", b"\r")))
        # as many rows as lines: then no line is empty and no cell holds a line end
        lines = range(chunk.first_line, chunk.first_line + count)
        if count != ended:
            lines = [line for line, _ in records(data, quoted, chunk.first_line)]
    places = np.asarray(lines, np.int64)
    refused += [
        Reject(
            str(path),
            int(places[row - 1]),
            "",
            text[:200],
            f"has {actual} cells where {len(form.columns)} are expected",
        )
        for row, actual, text in ragged
    ]
    places = np.delete(places, [row - 1 for row, _, _ in ragged])
    columns = {name: _whole(table.column(i)) for i, name in enumerate(form.columns)}
    return RawRows(columns, places, True, 0, refused)


def _whole(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _tabs(data: bytes) -> bytes:
    """Columns between runs of spaces as columns between single tabs."""
    trimmed = re.sub(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)", b"", data)
    return re.sub(rb"[ \t]+", b"\t", trimmed)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _only_utf8(
    data: bytes, first_line: int, quoted: re.Pattern[bytes] | None, path: Path, refused: list[Reject]
) -> tuple[list[int], bytes]:
    kept: list[tuple[int, bytes]] = []
    for line, record in records(data, quoted, first_line):
        try:
            record.decode()
            kept.append((line, record))
        except UnicodeDecodeError as error:
            reason = f"byte {record[error.start]:#04x} is not UTF-8: say --encoding (latin-1, cp1252, ...)"
            refused.append(Reject(str(path), line, "", record[:200].decode("latin-1"), reason))
    return [line for line, _ in kept], b"\n".join(record for _, record in kept)


def _parse(data: bytes, columns: Sequence[str], delimiter: str, quotes: bool) -> tuple[Any, list[tuple[int, int, str]]]:
    """The table of the rows with the right number of cells, and of the others: place among the records, cells, text."""
    ragged: list[tuple[int, int, str]] = []

    def keep(row: Any) -> str:
        ragged.append((row.number, row.actual_columns, row.text))
        return "skip"

    table = pacsv.read_csv(
        pa.BufferReader(data),
        read_options=pacsv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=list(columns)),
        parse_options=pacsv.ParseOptions(
            delimiter=delimiter,
            quote_char='"' if quotes else False,
            newlines_in_values=quotes and b'"' in data,
            invalid_row_handler=keep,
        ),
        convert_options=pacsv.ConvertOptions(
            check_utf8=False, column_types={name: pa.string() for name in columns}, strings_can_be_null=False
        ),
    )
    return table, ragged


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


def _parquet_rows(path: Path) -> Iterator[RawRows]:
    import pyarrow.parquet as pq

    size, first = path.stat().st_size, 1
    try:
        file = pq.ParquetFile(path)
        total = file.metadata.num_rows
        for batch in file.iter_batches(PARQUET_ROWS):
            lines = np.arange(first, first + batch.num_rows)
            first += batch.num_rows
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            yield RawRows(columns, lines, False, size * (first - 1) // max(total, 1))
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: is a Parquet file that cannot be read ({str(error).splitlines()[0]})") from None
