"""Rows of cells: CSV and its kin, and columns between spaces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from occasion.events.chunks import Chunk, line_count, quoted_field, records
from occasion.events.formats import Format, fixed_cells
from occasion.events.raw import RawRows, Reject

NEWLINE = re.compile(rb"\r\n|\n|\r")
NEWLINE_TEXT = re.compile(r"\r\n|\n|\r")
HEADER_MOST = 1 << 20  # bytes within which the header ends


class Delimited:
    """Reads the chunks of one file, in order; `needed` are the columns to give, None for all."""

    def __init__(self, path: Path, form: Format, needed: Sequence[str] | None) -> None:
        self._path, self._form = str(path), form
        self._needed = list(form.columns) if needed is None else list(needed)
        self._header = form.header
        self._delimiter = form.delimiter if form.kind == "delimited" else "\t"
        self.quoted = quoted_field(form.delimiter) if form.kind == "delimited" else None

    def rows(self, chunk: Chunk) -> RawRows:
        """The rows of a chunk; those with too few or too many cells, or not in UTF-8, are refused."""
        if self._header and chunk.data.strip():
            chunk, self._header = self._without_header(chunk), False
        data = _tabs(chunk.data) if self._form.kind == "spaces" else chunk.data
        lines, data, refused = self._only_utf8(data, chunk.first_line)
        if self._form.kind == "fixed":
            data = _fixed(data, self._form.edges)
        if not data.strip(b"\r\n"):
            return RawRows({}, np.array([], np.int64), True, 0, refused)
        table, ragged = self._parse(data)
        if lines is None:
            lines = self._lines(data, chunk.first_line, table.num_rows + len(ragged))
        places = np.asarray(lines, np.int64)
        reason = f"has {{}} cells where {len(self._form.columns)} are expected"
        refused += [
            Reject(self._path, int(places[row - 1]), "", text[:200], reason.format(actual))
            for row, actual, text in ragged
        ]
        places = np.delete(places, [row - 1 for row, _, _ in ragged])
        columns = {name: _whole(table.column(name)) for name in self._needed}
        return RawRows(columns, places, True, 0, refused)

    def _without_header(self, chunk: Chunk) -> Chunk:
        record = next(text for _, text in records(chunk.data[:HEADER_MOST], self.quoted, 1) if text.strip())
        start = chunk.data.index(record) + len(record)
        newline = NEWLINE.match(chunk.data, start)
        end = newline.end() if newline else len(chunk.data)
        return Chunk(chunk.data[end:], chunk.first_line + line_count(chunk.data[:end]), chunk.refused)

    def _lines(self, data: bytes, first_line: int, count: int) -> Sequence[int]:
        """The line of each record; as many as lines: none is empty, and no cell holds a line end."""
        if count == line_count(data) + (not data.endswith((b"\n", b"\r"))):
            return range(first_line, first_line + count)
        return [line for line, _ in records(data, self.quoted, first_line)]

    def _only_utf8(self, data: bytes, first_line: int) -> tuple[Sequence[int] | None, bytes, list[Reject]]:
        """The records in UTF-8, with their lines (None: all of them), and the others refused."""
        if _is_utf8(data):
            return None, data, []
        kept: list[tuple[int, bytes]] = []
        refused: list[Reject] = []
        for line, record in records(data, self.quoted, first_line):
            try:
                record.decode()
                kept.append((line, record))
            except UnicodeDecodeError as error:
                reason = f"byte {record[error.start]:#04x} is not UTF-8: say --encoding (latin-1, cp1252, ...)"
                refused.append(Reject(self._path, line, "", record[:200].decode("latin-1"), reason))
        return [line for line, _ in kept], b"\n".join(record for _, record in kept), refused

    def _parse(self, data: bytes) -> tuple[Any, list[tuple[int, int, str]]]:
        """The rows with the right number of cells, and of the others which record it is, how many cells, its text."""
        ragged: list[tuple[int, int, str]] = []

        def keep(row: Any) -> str:
            ragged.append((row.number, row.actual_columns, row.text))
            return "skip"

        columns = list(self._form.columns)
        table = pacsv.read_csv(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=columns),
            parse_options=pacsv.ParseOptions(
                delimiter=self._delimiter,
                quote_char='"' if self.quoted else False,
                newlines_in_values=self.quoted is not None and b'"' in data,
                invalid_row_handler=keep,
            ),
            convert_options=pacsv.ConvertOptions(
                check_utf8=False,
                column_types={name: pa.string() for name in columns},
                strings_can_be_null=False,
                include_columns=self._needed,
            ),
        )
        return table, ragged


def _whole(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _tabs(data: bytes) -> bytes:
    """Columns between runs of spaces as columns between single tabs."""
    trimmed = re.sub(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)", b"", data)
    return re.sub(rb"[ \t]+", b"\t", trimmed)


def _fixed(data: bytes, edges: Sequence[tuple[int, int]]) -> bytes:
    """Fixed columns as columns between single tabs; an empty line stays one."""
    lines = NEWLINE_TEXT.split(data.decode().replace("\t", " "))
    return "\n".join("\t".join(fixed_cells(line, edges)) if line.strip() else "" for line in lines).encode()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
