"""The manifest: which segments and dictionaries make up the history now, and which loads made them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select

from occasion.store.positions import SEALED, Position, advance, position
from occasion.store.records import reading, writing
from occasion.store.schema.history import DICTIONARIES, LOADS, RUNS, SEGMENTS, SETTINGS
from occasion.store.tombstones import Erased


@dataclass(frozen=True)
class Segment:
    """A sealed file of one bucket; `file` is its name in the history's folder, times are of its events."""

    file: str
    bucket: int
    rows: int
    first_us: int
    last_us: int
    load: int


@dataclass(frozen=True)
class State:
    """What the history consists of at one moment.

    `dictionaries` maps parties and names to their file, `runs` the files of digests to how many they hold; `sealed`:
    the position of the log up to which the segments hold it.
    """

    buckets: int
    segments: tuple[Segment, ...]
    dictionaries: dict[str, str]
    loads: int
    runs: dict[str, int] = field(default_factory=dict)
    sealed: int = 0

    def files(self) -> set[str]:
        """Every file that is part of the history."""
        return {segment.file for segment in self.segments} | set(self.dictionaries.values()) | set(self.runs)


@dataclass(frozen=True)
class Changes:
    """What leads from one state to the next: files that are there already, to be listed.

    `dictionaries` and `runs`: with the number of rows; `record`: the row of LOADS; `sealed`: the log's position with
    its clock, where that moves.
    """

    new: tuple[Segment, ...]
    replaced: tuple[str, ...]
    dictionaries: dict[str, tuple[str, int]]
    record: dict[str, Any]
    runs: dict[str, int] = field(default_factory=dict)
    replaced_runs: tuple[str, ...] = ()
    sealed: Position | None = None


class Manifest:
    """Reads the state, and changes it in one transaction."""

    def __init__(self, engine: Engine, buckets: int) -> None:
        self._engine = engine
        known = select(SETTINGS.c.value).where(SETTINGS.c.key == "buckets")
        with engine.connect() as connection:
            if connection.execute(known).scalar() is not None:
                return
        with writing(engine) as connection:
            if connection.execute(known).scalar() is None:
                connection.execute(insert(SETTINGS).values(key="buckets", value=str(buckets)))

    def state(self) -> State:
        """The state now."""
        with reading(self._engine) as connection:
            return read_state(connection)

    def commit(self, changes: Changes) -> None:
        """The new state instead of the old: both never hold, and neither holds in part."""
        with writing(self._engine) as connection:
            write_changes(connection, changes)

    def loaded_otherwise(self, record: Mapping[str, Any]) -> int | None:
        """The number of the last load of one of these files whose columns were read in another way."""
        files = set(json.loads(record["files"]))
        query = select(LOADS).where(LOADS.c.files != "[]", LOADS.c.events > 0).order_by(LOADS.c.number.desc())
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                if files & set(json.loads(row.files)):
                    same = (row.mapping, row.both) == (record["mapping"], record["both"])
                    return None if same else row.number
        return None

    def erased(self) -> Erased:
        """Who was erased."""
        with self._engine.connect() as connection:
            return Erased(connection)

    def rejects(self) -> list[Path]:
        """The files of refused rows, by load."""
        with self._engine.connect() as connection:
            found = connection.execute(select(LOADS.c.rejects).where(LOADS.c.rejects.is_not(None))).scalars().all()
        return [Path(file) for file in found]


def read_state(connection: Connection) -> State:
    """The state as this transaction sees it."""
    buckets = connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.key == "buckets")).scalar_one()
    rows = connection.execute(select(SEGMENTS).order_by(SEGMENTS.c.bucket, SEGMENTS.c.load)).mappings().all()
    kinds = connection.execute(select(DICTIONARIES.c.kind, DICTIONARIES.c.file)).all()
    loads = connection.execute(select(func.max(LOADS.c.number))).scalar() or 0
    runs = connection.execute(select(RUNS.c.file, RUNS.c.rows).order_by(RUNS.c.file)).all()
    segments = tuple(Segment(**row) for row in rows)
    return State(
        int(buckets), segments, dict(map(tuple, kinds)), loads, dict(map(tuple, runs)), position(connection, SEALED).seq
    )


def write_changes(connection: Connection, changes: Changes) -> None:
    """List what is new and no longer what was replaced."""
    for file in changes.replaced:
        connection.execute(delete(SEGMENTS).where(SEGMENTS.c.file == file))
    if changes.new:
        connection.execute(insert(SEGMENTS), [vars(segment) for segment in changes.new])
    for kind, (file, rows) in changes.dictionaries.items():
        connection.execute(delete(DICTIONARIES).where(DICTIONARIES.c.kind == kind))
        connection.execute(insert(DICTIONARIES).values(kind=kind, file=file, rows=rows))
    for file in changes.replaced_runs:
        connection.execute(delete(RUNS).where(RUNS.c.file == file))
    if changes.runs:
        connection.execute(insert(RUNS), [{"file": file, "rows": rows} for file, rows in changes.runs.items()])
    connection.execute(insert(LOADS).values(**changes.record))
    if changes.sealed is not None:
        advance(connection, SEALED, *changes.sealed)
