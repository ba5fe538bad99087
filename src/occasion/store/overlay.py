"""The history as it is now, as files: segments, the tail beside them, merged parties under one code in one bucket.

Nothing of the history changes. What differs from it lies in a folder of its own, named by the state it was made of,
and is used again until that changes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, func, select

from occasion.store.dictionary import Dictionary
from occasion.store.durable import sync_file
from occasion.store.manifest import State, read_state
from occasion.store.merged import READER, Identities, identities
from occasion.store.positions import position
from occasion.store.schema.log import TAIL
from occasion.store.segment import SEGMENT, in_segment_order, read_segment, write_segment
from occasion.store.tail_table import tail_table

LAYOUT = "layout.json"
PREFIX = "overlay-"


@dataclass(frozen=True)
class Snapshot:
    """The sealed state, the packed groups of the tail, and the merge map, all of one instant."""

    state: State
    groups: tuple[bytes, ...]
    identities: Identities
    seq: int

    @property
    def key(self) -> str:
        """A name that differs when any of it does."""
        return _key(self.state, self.seq, self.identities.version)


def _key(state: State, seq: int, version: int) -> str:
    told = "\n".join([*sorted(state.files()), str(seq), str(version)])
    return blake2b(told.encode(), digest_size=12).hexdigest()


def current(connection: Connection) -> str:
    """The name of the overlay of what the records hold now, which need not be there."""
    state = read_state(connection)
    last = connection.execute(select(func.max(TAIL.c.seq)).where(TAIL.c.seq > state.sealed)).scalar()
    return f"{PREFIX}{_key(state, last or state.sealed, position(connection, READER).seq)}"


def snapshot(connection: Connection) -> Snapshot:
    """What the records hold, as this transaction sees it."""
    state = read_state(connection)
    rows = select(TAIL.c.seq, TAIL.c.events).where(TAIL.c.seq > state.sealed).order_by(TAIL.c.seq)
    groups = connection.execute(rows).all()
    seq = groups[-1][0] if groups else state.sealed
    return Snapshot(state, tuple(bytes(events) for _, events in groups), identities(connection), seq)


class Layout(msgspec.Struct):
    """The files of an overlay, below the history's folder."""

    parties: str
    names: str
    buckets: list[list[str]]


def overlay(folder: Path, now: Snapshot) -> Layout:
    """The files to read the history from; made if they are not there. Others may make the same at the same time."""
    made = folder / f"{PREFIX}{now.key}"
    if not (made / LAYOUT).is_file():
        scratch = Path(tempfile.mkdtemp(prefix=f"{PREFIX}making-", dir=folder))
        try:
            (scratch / LAYOUT).write_bytes(msgspec.json.encode(_Making(folder, scratch, made.name, now).layout()))
            sync_file(scratch / LAYOUT)
            try:
                os.rename(scratch, made)
            except OSError:  # somebody else was first
                if not (made / LAYOUT).is_file():
                    raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return read_layout(made)


def read_layout(made: Path) -> Layout:
    """The files of an overlay that is there."""
    return msgspec.json.decode((made / LAYOUT).read_bytes(), type=Layout)


class _Making:
    """One overlay on its way."""

    def __init__(self, folder: Path, scratch: Path, name: str, now: Snapshot) -> None:
        self._folder, self._scratch, self._name, self._now = folder, scratch, name, now
        files = {kind: folder / file for kind, file in now.state.dictionaries.items()}
        self._parties = Dictionary(files.get("parties"), now.state.buckets)
        self._names = Dictionary(files.get("names"))
        self._beside: dict[int, list[Any]] = defaultdict(list)  # rows of a bucket that lie in none of its files
        self._code = self._moved(now.identities.moved())

    def layout(self) -> Layout:
        """Write what is needed, and say where everything is."""
        buckets: dict[int, list[str]] = defaultdict(list)
        for segment in self._now.state.segments:
            if file := self._without_moved(segment.file):
                buckets[segment.bucket].append(file)
        self._take_tail()
        for bucket, tables in self._beside.items():
            file = f"bucket-{bucket:03d}.parquet"
            write_segment(in_segment_order(pa.concat_tables(tables)), self._scratch / file)
            buckets[bucket].append(f"{self._name}/{file}")
        listed = [buckets[bucket] for bucket in sorted(buckets)]
        return Layout(self._dictionary("parties", self._parties), self._dictionary("names", self._names), listed)

    def _moved(self, moved: Mapping[str, str]) -> Any:
        """For each code of a party the code it is read as; None when no party of the segments is merged."""
        if not moved:
            return None
        pairs = [(self._parties.codes(pa.array([p]))[0], r) for p, r in moved.items() if p in self._parties]
        code = np.arange(len(self._parties), dtype=np.int32)
        if pairs:
            code[[old for old, _ in pairs]] = self._parties.codes(pa.array([root for _, root in pairs]))
        return code

    def _without_moved(self, file: str) -> str | None:
        """The segment without parties that are read as another; it itself when it has none of them."""
        if self._code is None:
            return file
        party = read_segment(self._folder / file, ["party"]).column("party").to_numpy()
        stays = self._code[party] == party
        if stays.all():
            return file
        table = read_segment(self._folder / file)
        gone = table.filter(pa.array(~stays)).combine_chunks()
        self._put(gone.set_column(0, SEGMENT.field(0), pa.array(self._code[party[~stays]])))
        if not stays.any():
            return None
        write_segment(table.filter(pa.array(stays)), self._scratch / file)
        return f"{self._name}/{file}"

    def _take_tail(self) -> None:
        table = tail_table(self._now.groups)
        if not table.num_rows:
            return
        parties, moved = table.column("party").combine_chunks(), self._now.identities.moved()
        if moved:
            encoded = pc.dictionary_encode(parties)
            roots = pa.array([moved.get(text, text) for text in encoded.dictionary.to_pylist()], pa.string())
            parties = roots.take(encoded.indices)
        columns = {name: table.column(name) for name in SEGMENT.names}
        columns["party"] = pa.array(self._parties.codes(parties))
        columns["name"] = pa.array(self._names.codes(table.column("name").combine_chunks()))
        self._put(pa.table(columns, SEGMENT).combine_chunks())

    def _put(self, table: Any) -> None:
        bucket = self._parties.buckets(table.column("party").to_numpy())
        for number in np.unique(bucket).tolist():
            self._beside[number].append(table.filter(pa.array(bucket == number)))

    def _dictionary(self, kind: str, dictionary: Dictionary) -> str:
        if len(dictionary) == dictionary.known and kind in self._now.state.dictionaries:
            return self._now.state.dictionaries[kind]
        dictionary.write(self._scratch / f"{kind}.parquet")
        return f"{self._name}/{kind}.parquet"
