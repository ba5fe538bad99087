"""The manifest: which segments and dictionaries make up the history now, and which loads made them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select

from occasion.store.records import writing
from occasion.store.schema.history import DICTIONARIES, LOADS, SEGMENTS, SETTINGS


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
    """What the history consists of at one moment; `dictionaries` maps parties and names to their file."""

    buckets: int
    segments: tuple[Segment, ...]
    dictionaries: dict[str, str]
    loads: int

    def files(self) -> set[str]:
        return {segment.file for segment in self.segments} | set(self.dictionaries.values())


class Manifest:
    """Reads the state, and changes it in one transaction."""

    def __init__(self, engine: Engine, buckets: int) -> None:
        self._engine = engine
        with writing(engine) as connection:
            known = connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.key == "buckets")).scalar()
            if known is None:
                connection.execute(insert(SETTINGS).values(key="buckets", value=str(buckets)))

    def state(self) -> State:
        with self._engine.connect() as connection:
            buckets = connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.key == "buckets")).scalar_one()
            rows = connection.execute(select(SEGMENTS).order_by(SEGMENTS.c.bucket, SEGMENTS.c.load)).mappings().all()
            kinds = connection.execute(select(DICTIONARIES.c.kind, DICTIONARIES.c.file)).all()
            loads = connection.execute(select(func.max(LOADS.c.number))).scalar() or 0
        segments = tuple(Segment(**row) for row in rows)
        return State(int(buckets), segments, {kind: file for kind, file in kinds}, loads)

    def commit(
        self,
        new: Sequence[Segment],
        replaced: Iterable[str],
        dictionaries: dict[str, tuple[str, int]],
        load: dict[str, Any],
    ) -> None:
        """The new state instead of the old: both never hold, and neither holds in part."""
        with writing(self._engine) as connection:
            for file in replaced:
                connection.execute(delete(SEGMENTS).where(SEGMENTS.c.file == file))
            if new:
                connection.execute(insert(SEGMENTS), [vars(segment) for segment in new])
            for kind, (file, rows) in dictionaries.items():
                connection.execute(delete(DICTIONARIES).where(DICTIONARIES.c.kind == kind))
                connection.execute(insert(DICTIONARIES).values(kind=kind, file=file, rows=rows))
            connection.execute(insert(LOADS).values(**load))

    def rejects(self) -> list[Path]:
        """The files of refused rows, by load."""
        with self._engine.connect() as connection:
            found = connection.execute(select(LOADS.c.rejects).where(LOADS.c.rejects.is_not(None))).scalars().all()
        return [Path(file) for file in found]
