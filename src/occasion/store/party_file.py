"""Beside a segment: its events packed by party, so that one party's are read without unpacking a row group.

A file has the packed events of one party after the other (a msgpack list of `Row`s each), padded to 8 bytes; then for
each of these entries, in order of the party's code, offset (int64), length (int32) and code (int32), each as one array;
then the number of entries (int64). A party may have several. The file is made from the segment alone, may be absent,
and goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np

from occasion.events.event import NO_PROPERTIES, Event, Scalar

SUFFIX = ".parties"
WORD = 8
COLUMNS = ("name", "at_us", "seen_us", "id", "channel", "direction", "actor", "counterpart", "mass", "body", "zone")
# Name (code), at, seen, id, texts and flags, numbers (apart: a text and an exact number are written alike), the rest.
Row = tuple[
    int, int, int, str, dict[str, str | bool] | None, dict[str, Decimal] | None,
    str | None, str | None, str | None, str | None, bool | None, str | None, str | None,
]  # fmt: skip
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Row]).decode


class PartyFile:
    """An open file; reads where it lies."""

    def __init__(self, path: Path) -> None:
        whole = np.memmap(path, np.uint8, "r")
        n = int(whole[-WORD:].view(np.int64)[0])
        start = len(whole) - WORD - n * (WORD + 4 + 4)
        self._packed = whole[:start]
        self._offsets = whole[start : start + n * WORD].view(np.int64)
        halves = whole[start + n * WORD : len(whole) - WORD].view(np.int32)
        self._lengths, self._codes = halves[:n], halves[n:]

    def of(self, code: int, party: str, names: Sequence[str]) -> list[Event]:
        """The events of a party, by its code; `names` by theirs."""
        first = int(np.searchsorted(self._codes, code))
        found: list[Event] = []
        while first < len(self._codes) and self._codes[first] == code:
            at = int(self._offsets[first])
            rows = _decode(self._packed[at : at + int(self._lengths[first])].tobytes())
            found += [_event(row, party, names) for row in rows]
            first += 1
        return found

    def copy_to(self, to: _Writing) -> None:
        """Its entries, as they are, into another file."""
        to.take(self._codes, self._lengths, self._offsets, self._packed)


class _Writing:
    """A file by party on its way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._at = file, 0
        self._parts: list[tuple[Any, Any, Any]] = []

    def take(self, codes: Any, lengths: Any, offsets: Any, packed: Any) -> None:
        """Entries whose offsets are into `packed`."""
        self._parts.append((codes, lengths, offsets + self._at))
        self._file.write(packed.data if isinstance(packed, np.ndarray) else packed)
        self._at += len(packed)

    def finish(self) -> None:
        self._file.write(bytes(-self._at % WORD))
        nothing = np.array([], np.int64)
        codes, lengths, offsets = (np.concatenate([nothing, *column]) for column in zip(*self._parts, strict=True)) \
            if self._parts else (nothing, nothing, nothing)  # fmt: skip
        order = np.argsort(codes, kind="stable")
        for column, kind in ((offsets, np.int64), (lengths, np.int32), (codes, np.int32)):
            column[order].astype(kind).tofile(self._file)
        np.array([len(order)], np.int64).tofile(self._file)


def make_party_file(path: Path, tables: Iterable[Any]) -> None:
    """Write the file of a segment: `tables` are its rows in order, a party may go on in the next."""
    with path.open("wb") as file:
        made = _Writing(file)
        for table in tables:
            code = table.column("party").to_numpy()
            rows = _rows(table)
            starts = np.flatnonzero(np.concatenate([[True], code[1:] != code[:-1]])) if len(code) else np.array([], int)
            packed = [_encode(rows[a:b]) for a, b in pairwise([*starts.tolist(), len(code)])]
            lengths = np.array([len(part) for part in packed], np.int64)
            made.take(code[starts], lengths, np.cumsum(lengths) - lengths, b"".join(packed))
        made.finish()


def merge_party_files(path: Path, files: Sequence[Path]) -> None:
    """Write the file of a segment that others were merged into, from theirs."""
    with path.open("wb") as file:
        made = _Writing(file)
        for one in files:
            PartyFile(one).copy_to(made)
        made.finish()


def coded_events(table: Any, parties: Any, names: Sequence[str]) -> list[Event]:
    """The rows of a table of SEGMENT as events; `parties`: their texts by code (Arrow)."""
    texts = parties.take(table.column("party").combine_chunks()).to_pylist()
    return [_event(row, party, names) for row, party in zip(_rows(table), texts, strict=True)]


def _event(row: Row, party: str, names: Sequence[str]) -> Event:
    name, at, seen, id_, texts, numbers, channel, direction, actor, counterpart, mass, body, zone = row
    properties: Mapping[str, Scalar] = texts or NO_PROPERTIES
    if numbers:
        properties = {**texts, **numbers} if texts else numbers
    return Event(
        party=party, name=names[name], at=at, seen=seen, id=id_, properties=properties, channel=channel,
        direction=direction, actor=actor, counterpart=counterpart, mass=bool(mass), body=body, zone=zone,
    )  # fmt: skip


def _rows(table: Any) -> list[Row]:
    before, after = (_lists(table, columns) for columns in (COLUMNS[:4], COLUMNS[4:]))
    return list(zip(*before, *_properties(_whole(table.column("properties"))), *after, strict=True))


def _lists(table: Any, columns: Sequence[str]) -> list[list[Any]]:
    return [_list(table.column(column)) for column in columns]


def _whole(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _list(column: Any) -> list[Any]:
    if column.null_count == len(column):
        return [None] * len(column)
    values: list[Any] = column.to_pylist()
    return values


def _properties(column: Any) -> tuple[list[Any], list[Any]]:
    """Texts and flags of each row, and numbers, as Row has them."""
    offsets = column.offsets.to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])
    texts: list[dict[str, str | bool] | None] = [None] * len(column)
    numbers: list[dict[str, Decimal] | None] = [None] * len(column)
    items = column.items.slice(first, last - first)
    keys = column.keys.slice(first, last - first).to_pylist()
    rows = np.repeat(np.arange(len(column)), np.diff(offsets)).tolist()
    kinds = [_list(items.field(kind)) for kind in ("text", "number", "flag")]
    for row, key, text, number, flag in zip(rows, keys, *kinds, strict=True):
        if number is not None:
            held = numbers[row]
            if held is None:
                numbers[row] = {key: number}
            else:
                held[key] = number
        elif text is not None or flag is not None:
            said = texts[row]
            value = flag if text is None else text
            if said is None:
                texts[row] = {key: value}
            else:
                said[key] = value
    return texts, numbers
