"""Somebody's own Parquet read page by page: parties found by the bytes of their ids, no array of texts is ever made.

A column that is laid out in another way, or has missing values, is left to Arrow: then the answer is None or False.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt

from occasion.finding import ordered_kernels, text_kernels
from occasion.finding.kernels import compiled
from occasion.finding.known_texts import KnownTexts
from occasion.finding.pages import Page, Room, damage_said, pages
from occasion.store.source import Source

Ints = npt.NDArray[np.int32]


class RowGroup:
    """One row group of a file, its columns as the source maps them."""

    def __init__(self, path: Any, meta: Any, group: int, source: Source, room: Room) -> None:
        self._path, self._meta, self._source, self._room = path, meta, source, room
        self._group = meta.row_group(group)
        self._paths = [meta.schema.column(i).path for i in range(meta.num_columns)]

    def rows(self, parties: KnownTexts, names: KnownTexts) -> tuple[Ints, Ints, Any] | None:
        """Places of the parties, codes of the names (-1: not known), times as an Arrow column; good until the next row
        group is read. None: ask Arrow."""
        n = self._group.num_rows
        place, name = self._room.array("place", n, np.int32)[:n], self._room.array("name", n, np.int32)[:n]
        name[:] = 0
        with self._opened() as file:
            named = "name" not in self._source.columns or self._texts(file, "name", names, name)
            if not named or not self._texts(file, "party", parties, place):
                return None
            at = self._times(file)
        return None if at is None else (place, name, at)

    def used_names(self, used: set[str]) -> bool:
        """Add the names that occur; pages that could only show what is known already are not unpacked. False: ask
        another."""
        known: list[str] = []
        with self._opened() as file:
            for page in self._pages(file, "name", lambda: bool(known) and used.issuperset(known)):
                if page is None or not (page.dictionary or page.coded):
                    return False
                if page.dictionary:
                    texts = _texts_of(page, self._room)
                    if texts is None:
                        return False
                    known.extend(texts)
                elif page.begin >= 0:
                    codes = self._room.array("codes", page.count, np.int32)[: page.count]
                    occurs = np.zeros(len(known), np.bool_)
                    if not page.codes(codes) or not compiled(ordered_kernels.mark)(codes, occurs):
                        return False
                    used.update(known[i] for i in np.flatnonzero(occurs).tolist())
        return True

    @contextmanager
    def _opened(self) -> Iterator[int]:
        file = os.open(self._path, os.O_RDONLY)
        try:
            yield file
        finally:
            os.close(file)

    def _pages(self, file: int, ours: str, enough: Callable[[], bool] | None = None) -> Iterator[Page | None]:
        """The pages of one of our columns; None where it is not plain text."""
        import pyarrow as pa

        column = self._source.columns[ours]
        if column not in self._paths:
            return iter([None])
        kind, i = self._meta.schema.to_arrow_schema().field(column).type, self._paths.index(column)
        text = kind.value_type if pa.types.is_dictionary(kind) else kind
        if text not in (pa.string(), pa.large_string()) or self._group.column(i).physical_type != "BYTE_ARRAY":
            return iter([None])
        return pages(file, self._group.column(i), self._meta.schema.column(i), self._room, enough)

    def _texts(self, file: int, ours: str, known: KnownTexts, out: Ints) -> bool:
        """Which of the known texts each value of a column is, into `out`."""
        words: Ints | None = None
        done = 0
        for page in self._pages(file, ours):
            if page is None:
                return False
            if page.dictionary:
                words = np.empty(page.count, np.int32)
                if not known.in_page(page, words):
                    return False
                continue
            part = out[done : done + page.count]
            if len(part) < page.count:
                return False
            if not (self._taken(page, words, part) if page.coded else known.in_page(page, part)):
                return False
            done += page.count
        return done == len(out)

    def _taken(self, page: Page, words: npt.NDArray[Any] | None, out: npt.NDArray[Any]) -> bool:
        """The values of a page that holds codes of a dictionary."""
        codes = self._room.array("codes", page.count, np.int32)[: page.count]
        return words is not None and page.codes(codes) and bool(compiled(ordered_kernels.take)(codes, words, out))

    def _times(self, file: int) -> Any:
        """The column of times as Arrow has it; None where it is not of whole 64-bit numbers."""
        import pyarrow as pa

        columns = self._source.columns
        column = columns["at" if "at" in columns else "at_us"]
        if column not in self._paths:
            return None
        kind, i = self._meta.schema.to_arrow_schema().field(column).type, self._paths.index(column)
        whole = kind == pa.int64() or pa.types.is_timestamp(kind)
        if not whole or self._group.column(i).physical_type != "INT64":
            return None
        n, done = self._group.num_rows, 0
        out, words = self._room.array("at", n, np.int64)[:n], None
        for page in pages(file, self._group.column(i), self._meta.schema.column(i), self._room):
            if page is None or len(page.data) - page.begin < 8 * page.count * (not page.coded):
                return None
            if page.dictionary:
                words = np.frombuffer(page.data, np.int64, page.count)
                continue
            part = out[done : done + page.count]
            if page.coded:
                if len(part) < page.count or not self._taken(page, words, part):
                    return None
            else:
                part[:] = np.frombuffer(page.data, np.int64, page.count, page.begin)[: len(part)]
            done += page.count
        return pa.chunked_array([pa.array(out).view(kind)]) if done == n else None


def _texts_of(page: Page, room: Room) -> list[str] | None:
    """A dictionary page's texts; None where it holds anything else."""
    begin, stop = (room.array(what, page.count, np.int64)[: page.count] for what in ("a", "b"))
    if not compiled(text_kernels.plain_texts)(page.data, 0, begin, stop):
        return None
    data = page.data.tobytes()
    try:
        return [data[a:b].decode() for a, b in zip(begin.tolist(), stop.tolist(), strict=True)]
    except UnicodeDecodeError:
        return None


def used_names(source: Source) -> set[str] | None:
    """The names that occur in a source's files, where all of them keep names in dictionaries; None: ask another."""
    import pyarrow.parquet as pq

    if "name" not in source.columns:
        return None
    units = [(path, meta, i) for path in source.files for meta in [pq.read_metadata(path)]
             for i in range(meta.num_row_groups)]  # fmt: skip
    cores = os.cpu_count() or 1
    rooms: SimpleQueue[Room] = SimpleQueue()
    for _ in range(cores):
        rooms.put(Room())
    used: set[str] = set()

    def of(unit: tuple[Any, Any, int]) -> bool:
        room = rooms.get()
        try:
            with damage_said(unit[0]):
                return RowGroup(*unit, source, room).used_names(used)
        finally:
            rooms.put(room)

    with ThreadPoolExecutor(cores) as pool:
        return used if all(list(pool.map(of, units))) else None
