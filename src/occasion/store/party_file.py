"""Beside a segment: its events packed by party, so that one party's are read without unpacking a row group.

A file has the packed events of one party after the other, padded to 8 bytes; then for each of these entries, in order
of the party's code, offset (int64), length (int32) and code (int32), each as one array; then the number of entries
(int64). A party may have several. The file is made from the segment alone, may be absent, and goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np

from occasion.events.event import NO_PROPERTIES, Event
from occasion.store.packed import pack, unpack

SUFFIX = ".parties"
WORD = 8


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

    def of(self, code: int) -> list[Event]:
        """The events of a party, by its code."""
        first = int(np.searchsorted(self._codes, code))
        found: list[Event] = []
        while first < len(self._codes) and self._codes[first] == code:
            at = int(self._offsets[first])
            found += unpack(self._packed[at : at + int(self._lengths[first])].tobytes())
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


def make_party_file(path: Path, tables: Iterable[Any], parties: Any, names: Sequence[str]) -> None:
    """Write the file of a segment: `tables` are its rows in order, a party may go on in the next.

    `parties`: the texts by code (Arrow), `names` by code.
    """
    with path.open("wb") as file:
        made = _Writing(file)
        for table in tables:
            code = table.column("party").to_numpy()
            events = coded_events(table, parties, names)
            starts = np.flatnonzero(np.concatenate([[True], code[1:] != code[:-1]])) if len(code) else np.array([], int)
            packed = [pack(events[a:b]) for a, b in pairwise([*starts.tolist(), len(code)])]
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
    """The rows of a table of SEGMENT as events."""
    texts = parties.take(table.column("party").combine_chunks()).to_pylist()
    name = [names[code] for code in table.column("name").to_pylist()]
    own = ("at_us", "seen_us", "id", "channel", "direction", "actor", "counterpart", "mass", "body", "zone")
    lists = [_list(table.column(column)) for column in own]
    rows = zip(texts, name, _properties(table.column("properties").combine_chunks()), *lists, strict=True)
    return [
        Event(
            party=party, name=called, at=at, seen=seen, id=id_, properties=properties, channel=channel,
            direction=direction, actor=actor, counterpart=counterpart, mass=bool(mass), body=body, zone=zone,
        )
        for party, called, properties, at, seen, id_, channel, direction, actor, counterpart, mass, body, zone in rows
    ]  # fmt: skip


def _list(column: Any) -> list[Any]:
    if column.null_count == len(column):
        return [None] * len(column)
    values: list[Any] = column.to_pylist()
    return values


def _properties(column: Any) -> list[Any]:
    offsets = column.offsets.to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])
    if first == last:
        return [NO_PROPERTIES] * len(column)
    items = column.items.slice(first, last - first)
    keys = column.keys.slice(first, last - first).to_pylist()
    kinds = [_list(items.field(kind)) for kind in ("text", "number", "flag")]
    values = [next((value for value in given if value is not None), None) for given in zip(*kinds, strict=True)]
    bounds = (offsets - first).tolist()
    return [
        {keys[i]: values[i] for i in range(a, b) if values[i] is not None} or NO_PROPERTIES for a, b in pairwise(bounds)
    ]
