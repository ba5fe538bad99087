"""Beside a segment: its events packed by party, so that one party's are read without unpacking a row group.

A file has the number of entries (int64), then for each entry, in order of the party's code, code (int32), length
(int32) and offset (int64), each as one array, then the packed events. A party may have several entries. It is made from
the segment alone, may be absent, and goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from occasion.events.event import NO_PROPERTIES, Event
from occasion.store.packed import pack, unpack

SUFFIX = ".parties"


class PartyFile:
    """An open file; reads where it lies."""

    def __init__(self, path: Path) -> None:
        self._bytes = np.memmap(path, np.uint8, "r")
        n = int(self._bytes[:8].view(np.int64)[0])
        at = 8
        self._codes, at = self._array(at, n, np.int32)
        self._lengths, at = self._array(at, n, np.int32)
        self._offsets, at = self._array(at, n, np.int64)
        self._start = at

    def _array(self, at: int, n: int, kind: Any) -> tuple[Any, int]:
        end = at + n * np.dtype(kind).itemsize
        return self._bytes[at:end].view(kind), end

    def of(self, code: int) -> list[Event]:
        """The events of a party, by its code."""
        first = int(np.searchsorted(self._codes, code))
        found: list[Event] = []
        while first < len(self._codes) and self._codes[first] == code:
            at = self._start + int(self._offsets[first])
            found += unpack(self._bytes[at : at + int(self._lengths[first])].tobytes())
            first += 1
        return found

    def parts(self) -> tuple[Any, Any, Any]:
        """Codes, lengths, and all that is packed, in order of the entries' offsets where they were written so."""
        return self._codes, self._lengths, self._offsets

    def packed(self) -> Any:
        """What the offsets point into."""
        return self._bytes[self._start :]


def write_party_file(path: Path, codes: Any, lengths: Any, offsets: Any, packed: Sequence[Any]) -> None:
    """Write entries, in any order."""
    order = np.argsort(codes, kind="stable")
    with path.open("wb") as file:
        np.array([len(codes)], np.int64).tofile(file)
        codes[order].astype(np.int32).tofile(file)
        lengths[order].astype(np.int32).tofile(file)
        offsets[order].astype(np.int64).tofile(file)
        for part in packed:
            file.write(part)


def make_party_file(path: Path, tables: Iterable[Any], parties: Any, names: Sequence[str]) -> None:
    """Write the file of a segment: `tables` are its rows in order, a party may go on in the next.

    `parties`: the texts by code (Arrow), `names` by code.
    """
    codes: list[int] = []
    packed: list[bytes] = []
    for table in tables:
        code = table.column("party").to_numpy()
        events = coded_events(table, parties, names)
        starts = np.flatnonzero(np.concatenate([[True], code[1:] != code[:-1]])) if len(code) else np.array([], int)
        bounds = [*starts.tolist(), len(code)]
        codes += code[starts].tolist()
        packed += [pack(events[a:b]) for a, b in pairwise(bounds)]
    lengths = np.array([len(part) for part in packed], np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]]) if len(lengths) else np.array([], np.int64)
    write_party_file(path, np.array(codes, np.int32), lengths, offsets, packed)


def merge_party_files(path: Path, files: Sequence[Path]) -> None:
    """Write the file of a segment that others were merged into, from theirs."""
    opened = [PartyFile(file) for file in files]
    shift = np.cumsum([0, *(len(one.packed()) for one in opened)])
    parts = [one.parts() for one in opened]
    codes, lengths = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    offsets = np.concatenate([part[2] + start for part, start in zip(parts, shift, strict=False)])
    write_party_file(path, codes, lengths, offsets, [one.packed().data for one in opened])


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
