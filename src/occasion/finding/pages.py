"""Columns of a Parquet file read page by page, without Arrow's arrays in between.

What a reader of Parquet spends most of its time on is writing columns out in full. Where what comes next needs no such
arrays, the pages themselves do: this module knows the few encodings that our own segments and most other files are made
of. Whatever it does not know it says by None, and the caller reads with Arrow.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.finding import page_kernels
from occasion.finding.kernels import compiled

Bytes = npt.NDArray[np.uint8]
WIDE = {"INT32": 4, "INT64": 8}
CODECS = {"ZSTD": "zstd", "SNAPPY": "snappy", "LZ4": "lz4_raw", "UNCOMPRESSED": None}
HEAD = 1 << 12  # bytes that are read to know a page by; more where its header is longer
NOTHING = np.empty(0, np.uint8)
SMALLEST = 4  # bytes of a value written out: a 32-bit number, or the length of a text


class Room:
    """Arrays that are used again and again, each by one core; they grow as they must."""

    def __init__(self) -> None:
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def array(self, what: str, size: int, kind: Any = np.uint8) -> npt.NDArray[Any]:
        """At least `size` long; what it held before is still in it."""
        known = self._arrays.get(what)
        if known is None or len(known) < size:
            self._arrays[what] = known = np.empty(size + size // 8, kind)
        return known


class Integers:
    """Integer columns without missing values of one file, a row group at a time; to be closed."""

    def __init__(self, path: Path, meta: Any, columns: Sequence[str], room: Room) -> None:
        paths = [meta.schema.column(i).path for i in range(meta.num_columns)]
        self._places = [paths.index(column) if column in paths else -1 for column in columns]
        self._meta, self._columns, self._room = meta, columns, room
        self._file = os.open(path, os.O_RDONLY)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def rows(self, group: int, kinds: Sequence[Any]) -> list[npt.NDArray[Any]] | None:
        """The columns of a row group, each of its kind (int32, int64), until the next is read; None: ask Arrow."""
        group_meta, found = self._meta.row_group(group), []
        for column, place, kind in zip(self._columns, self._places, kinds, strict=True):
            if place < 0:
                return None
            out = self._room.array(column, group_meta.num_rows, kind)[: group_meta.num_rows]
            if not self._column(group_meta.column(place), self._meta.schema.column(place), out):
                return None
            found.append(out)
        return found

    def _column(self, chunk: Any, schema: Any, out: npt.NDArray[Any]) -> bool:
        wide = WIDE.get(chunk.physical_type, 0)
        known = chunk.compression in {"LZ4", "UNCOMPRESSED"} and chunk.num_values == len(out)
        if not known or not 0 < wide <= out.itemsize or schema.max_repetition_level or schema.max_definition_level > 1:
            return False
        data = self._room.array("bytes", chunk.total_compressed_size)[: chunk.total_compressed_size]
        if read_into(self._file, first_page(chunk), data) < len(data):
            return False
        page = self._room.array("page", chunk.total_uncompressed_size + page_kernels.ROOM)
        codes = self._room.array("codes", len(out), np.int32)
        packed, optional = chunk.compression == "LZ4", schema.max_definition_level == 1
        return bool(compiled(page_kernels.numbers)(data, packed, optional, wide, page, codes, out))


def first_page(chunk: Any) -> int:
    """Where a column's pages begin in its file."""
    begin = int(chunk.data_page_offset)
    return min(begin, int(chunk.dictionary_page_offset)) if chunk.has_dictionary_page else begin


def read_into(file: int, begin: int, data: Bytes) -> int:
    """Fill `data` from a file; how many bytes there were."""
    done = 0
    while done < len(data):
        some = os.preadv(file, [data[done:].data], begin + done)
        if not some:
            break
        done += some
    return done


@dataclass(frozen=True)
class Page:
    """A page unpacked: `count` values that begin at `data[begin]`; `coded`: as codes of the dictionary page.

    `begin` is -1 where its bytes were not wanted.
    """

    dictionary: bool
    coded: bool
    count: int
    data: Bytes
    begin: int

    def codes(self, out: npt.NDArray[np.int32]) -> bool:
        """The codes into `out`, which is as long as there are values; whether that was possible."""
        return bool(compiled(page_kernels.decode_codes)(self.data, self.begin, out))


def pages(
    file: int, chunk: Any, schema: Any, room: Room, enough: Callable[[], bool] | None = None
) -> Iterator[Page | None]:
    """The pages of a column without missing values, unpacked, the dictionary first; None: ask Arrow for the column.

    Where it is `enough`, asked before each page of values, to know how one is laid out, it comes without its bytes.
    """
    if chunk.compression not in CODECS or schema.max_repetition_level or schema.max_definition_level > 1:
        yield None
        return
    import pyarrow as pa

    name, optional = CODECS[chunk.compression], schema.max_definition_level == 1
    codec = None if name is None else pa.Codec(name)
    for head in _heads(file, chunk, room):
        if head is None:
            yield None
            return
        kind, encoding, count, packed, size, begin, levels = head
        dictionary, coded = kind == page_kernels.DICTIONARY, encoding in {page_kernels.CODES, page_kernels.PLAIN_CODES}
        odd = optional and not dictionary and levels != page_kernels.RLE
        if not odd and not dictionary and enough is not None and enough():
            yield Page(False, coded, count, NOTHING, -1)
            continue
        some = room.array("bytes", packed)[:packed]
        if odd or size > chunk.total_uncompressed_size or read_into(file, begin, some) < packed:
            yield None
            return
        if codec is not None:
            some = _unpacked(codec, some, size)
        elif dictionary:
            some = some.copy()  # what it was read into is used again
        yield _page(some, kind, encoding, count, optional=optional)


def _heads(file: int, chunk: Any, room: Room) -> Iterator[list[int] | None]:
    """The headers of a column's pages as page_kernels.py has them, but for where a page's bytes begin: in the file.

    None where one is odd; whoever wants the pages reads them one by one, so that they stay near.
    """
    at, seen, found = first_page(chunk), 0, np.empty(page_kernels.FIELDS, np.int64)
    end = at + chunk.total_compressed_size
    while seen < chunk.num_values:
        for size in (min(HEAD, end - at), end - at):
            some = room.array("head", size)[:size]
            known = compiled(page_kernels.head)(some[: read_into(file, at, some)], end - at, found)
            if known:
                break
        data = found[page_kernels.KIND] == page_kernels.DATA
        count = int(found[page_kernels.VALUES]) if data else 0
        if not known or not (data or found[page_kernels.KIND] == page_kernels.DICTIONARY):
            yield None
            return
        if count > chunk.num_values - seen:
            yield None
            return
        found[page_kernels.BEGIN] += at
        yield found.tolist()
        seen += count
        at = int(found[page_kernels.BEGIN] + found[page_kernels.PACKED])


def _unpacked(codec: Any, data: Bytes, size: int) -> Bytes:
    """The bytes of a page; an OSError where they cannot be unpacked, or are not as many as the page's header says."""
    import pyarrow as pa

    if codec.name == "lz4_raw":  # Arrow does not say how many bytes it wrote
        page = np.empty(size + page_kernels.ROOM, np.uint8)
        if not compiled(page_kernels.unpack)(data, 0, len(data), page, size):
            raise OSError("Corrupt Lz4 compressed data.")
        return page[:size]
    if codec.name == "snappy" and int(compiled(page_kernels.number)(data, 0, len(data))[0]) != size:
        raise OSError("Corrupt snappy compressed data.")
    try:
        return np.frombuffer(codec.decompress(data.data, size), np.uint8)
    except pa.ArrowInvalid as odd:
        raise OSError(str(odd)) from None


@contextmanager
def damage_said(path: Any) -> Iterator[None]:
    """One line where a file holds what cannot be unpacked or decoded."""
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowInvalid) as odd:
        if getattr(odd, "errno", None) is not None:
            raise
        said = str(odd).splitlines()[0]
        raise InputError(f"{path}: is a Parquet file that cannot be read ({said}); write it anew") from None


def _page(data: Bytes, kind: int, encoding: int, count: int, *, optional: bool) -> Page | None:
    dictionary, plain = kind == page_kernels.DICTIONARY, encoding == page_kernels.PLAIN
    if not plain and encoding not in {page_kernels.CODES, page_kernels.PLAIN_CODES}:
        return None
    begin = 0 if dictionary else int(compiled(page_kernels.values_begin)(data, count, optional))
    if (plain or dictionary) and SMALLEST * count > len(data):
        return None  # what it says of itself cannot be: nothing is to be made as large as that
    return None if begin < 0 else Page(dictionary, not plain and not dictionary, count, data, begin)
