"""Rows on their way into the history: coded, split by bucket and put on disk, so that memory stays bounded."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from occasion.events.table import LOAD_COLUMNS
from occasion.store.dictionary import Dictionary
from occasion.store.segment import SEGMENT

STAGED = pa.schema([*SEGMENT, *LOAD_COLUMNS])
GIVEN = pa.schema(
    [("id", pa.string()), ("content", pa.string()), ("row", pa.int64()), ("file", pa.int32()), ("line", pa.int64())]
)

ENOUGH = 1 << 16  # rows


class Staging:
    """Takes tables of LOADED; afterwards gives the rows of each bucket, and the ids that were given in files."""

    def __init__(
        self, folder: Path, parties: Dictionary, names: Dictionary, buckets: int, *, compare_ids: bool = True
    ) -> None:
        self._compare_ids = compare_ids
        self._folder, self._parties, self._names, self._buckets = folder, parties, names, buckets
        self._closing = ExitStack()
        self._waiting: list[Any] = []
        self._writers: dict[int, Any] = {}
        self._given: Any = None
        self.rows = 0

    def add(self, table: Any) -> None:
        """Take the rows of one batch; small batches wait until there are some."""
        self._waiting.append(table)
        self.rows += table.num_rows
        if sum(waiting.num_rows for waiting in self._waiting) >= ENOUGH:
            self.flush()

    def flush(self) -> None:
        """Put what waits on disk: to be called after the last batch too."""
        table = pa.concat_tables(self._waiting).combine_chunks() if self._waiting else None
        self._waiting = []
        if table is None or table.num_rows == 0:
            return
        if self._compare_ids:
            self._add_given(table)
        party, name = _array(table, "party"), _array(table, "name")
        codes = self._parties.codes(party)
        bucket = self._parties.buckets(codes)
        columns = {column: table.column(column) for column in STAGED.names}
        columns |= {"party": pa.array(codes), "name": pa.array(self._names.codes(name))}
        order = np.argsort(bucket, kind="stable")
        staged = pa.table(columns, STAGED).take(pa.array(order)).combine_chunks()
        starts = np.searchsorted(bucket[order], np.arange(self._buckets + 1))
        for number in np.unique(bucket).tolist():
            rows = staged.slice(starts[number], starts[number + 1] - starts[number])
            self._writer(number).write_table(rows)

    def _writer(self, bucket: int) -> Any:
        if bucket not in self._writers:
            self._writers[bucket] = pa.ipc.new_file(self._sink(self._path(bucket)), STAGED)
            self._closing.callback(self._writers[bucket].close)
        return self._writers[bucket]

    def _path(self, bucket: int) -> Path:
        return self._folder / f"bucket-{bucket:03d}.arrow"

    def _add_given(self, table: Any) -> None:
        """Remember given ids, once a row: a row between two parties by the sender's event."""
        given = pc.and_(pc.is_valid(table.column("id")), pc.not_equal(pc.fill_null(table.column("side"), ""), "in"))
        if not pc.any(given).as_py():
            return
        rows = table.filter(given)
        ids = with_side(rows.column("id"), rows.column("side"))
        if self._given is None:
            self._given = pq.ParquetWriter(self._sink(self.given_path), GIVEN, compression="lz4")
            self._closing.callback(self._given.close)
        self._given.write_table(pa.table({"id": ids, **{c: rows.column(c) for c in GIVEN.names[1:]}}, GIVEN))

    @property
    def given_path(self) -> Path:
        return self._folder / "given.parquet"

    @property
    def any_given(self) -> bool:
        return self._given is not None

    def finish(self) -> None:
        """Close every file, also where the disk is too full to end it properly."""
        self._closing.close()

    def _sink(self, path: Path) -> Any:
        sink = pa.OSFile(str(path), "wb")
        self._closing.callback(sink.close)
        return sink

    def buckets(self) -> list[int]:
        """The buckets that have rows."""
        return sorted(self._writers)

    def bucket(self, number: int) -> Any:
        """The rows of a bucket as a table of STAGED, in the order they came."""
        with pa.memory_map(str(self._path(number))) as file:
            return pa.ipc.open_file(file).read_all()

    def drop(self, number: int) -> None:
        """The rows of this bucket are no longer needed."""
        self._path(number).unlink()


def _array(table: Any, name: str) -> Any:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def with_side(ids: Any, side: Any) -> Any:
    """Ids of rows between two parties marked with the side: ID:out, ID:in; others stay."""
    suffix = pc.fill_null(pc.binary_join_element_wise("", side, ":"), "")
    return pc.binary_join_element_wise(ids, suffix, "")


def settled_ids(rows: Any) -> Any:
    """The id of every staged row: the one given, or content and which repeat of it this is, in order."""
    content, side = rows.column("content"), rows.column("side")
    sided = with_side(content, side)
    codes = _codes(sided)
    derived = pc.is_null(rows.column("id")).to_numpy()
    repeat = np.zeros(len(codes), np.int64)
    repeat[derived] = repeats(codes[derived])
    suffix = pc.if_else(
        pa.array(repeat > 0), pc.binary_join_element_wise("-", pc.cast(pa.array(repeat), pa.string()), ""), ""
    )
    return with_side(pc.coalesce(rows.column("id"), pc.binary_join_element_wise(content, suffix, "")), side)


def _codes(column: Any) -> Any:
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False)


def repeats(codes: Any) -> Any:
    """For each place how often its code came before.

    >>> repeats(np.array([5, 7, 5, 5, 7])).tolist()
    [0, 0, 1, 2, 1]
    """
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    lengths = np.diff(np.concatenate([first, [len(ordered)]]))
    counted = np.empty(len(codes), np.int64)
    counted[order] = np.arange(len(codes)) - np.repeat(first, lengths)
    return counted
