"""The sealed part of the log, party by party."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from occasion.events.event import Event
from occasion.store.dictionary import bucket_of
from occasion.store.manifest import State
from occasion.store.party_file import SUFFIX, PartyFile, coded_events


class Segments:
    """The segments of one state; many threads may read. `before`: of an earlier state, whose knowledge is taken over.

    A file that was replaced by now and never opened raises FileNotFoundError: read again from the state there is now.
    """

    def __init__(self, folder: Path, state: State, before: Segments | None = None) -> None:
        self.state = state
        self._folder = folder
        stay = state.files()
        opened = before._open if before is not None else {}
        self._open: dict[str, PartyFile] = {file: packed for file, packed in opened.items() if file in stay}
        self._before = before.__dict__.get("_codes") if before is not None else None

    def of(self, party: str) -> list[Event]:
        """The events of an identity as it came; no order."""
        code = self._codes.get(party)
        if code is None:
            return []
        bucket = bucket_of(party, self.state.buckets)
        found: list[Event] = []
        for segment in self.state.segments:
            if segment.bucket == bucket:
                packed = self._packed(segment.file)
                found += (
                    packed.of(code, party, self._names) if packed is not None else self._rows_of(segment.file, code)
                )
        return found

    def of_some(self, parties: Iterable[str]) -> dict[str, list[Event]]:
        """The events of several identities, each file read at most once; those without any are left out."""
        wanted: dict[int, dict[int, str]] = {}
        for party in parties:
            if (code := self._codes.get(party)) is not None:
                wanted.setdefault(bucket_of(party, self.state.buckets), {})[code] = party
        found: dict[str, list[Event]] = {}
        for segment in self.state.segments:
            some = wanted.get(segment.bucket, {})
            packed = self._packed(segment.file) if some else None
            if packed is not None:
                for code, party in some.items():
                    found.setdefault(party, []).extend(packed.of(code, party, self._names))
            elif some:
                for event in self._rows_of_some(segment.file, some):
                    found.setdefault(event.party, []).append(event)
        return found

    def after(self, horizon: int, clock: int) -> Iterator[Event]:
        """The events that happened later than the horizon or were seen later than the clock."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        for segment in self.state.segments:
            with pq.ParquetFile(self._folder / segment.file) as file:
                for group in _groups(file, {"at_us": horizon, "seen_us": clock}):
                    times = file.read_row_group(group, columns=["at_us", "seen_us"])
                    later = pc.or_(pc.greater(times["at_us"], horizon), pc.greater(times["seen_us"], clock))
                    if pc.any(later).as_py():
                        yield from self._events(file.read_row_group(group).filter(later))

    @cached_property
    def _codes(self) -> dict[str, int]:
        known = self._before if self._before is not None else {}  # codes never change: only new ones are added
        for code, text in enumerate(self._parties.slice(len(known)).to_pylist(), len(known)):
            known[text] = code
        return known

    @cached_property
    def _parties(self) -> Any:
        return self._texts("parties")

    @cached_property
    def _names(self) -> list[str]:
        names: list[str] = self._texts("names").to_pylist()
        return names

    def _texts(self, kind: str) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        file = self.state.dictionaries.get(kind)
        if file is None:
            return pa.array([], pa.string())
        with pq.ParquetFile(self._folder / file) as opened:  # `read_table` would import pandas: 200 ms
            return opened.read(columns=["text"]).column("text").combine_chunks()

    def _packed(self, file: str) -> PartyFile | None:
        packed = self._open.get(file)
        if packed is None and (path := self._folder / f"{file}{SUFFIX}").is_file():
            packed = self._open[file] = PartyFile(path)
        return packed

    def _rows_of(self, file: str, code: int) -> list[Event]:
        import pyarrow.parquet as pq

        found: list[Event] = []
        with pq.ParquetFile(self._folder / file) as opened:
            place = opened.schema_arrow.get_field_index("party")
            for group in range(opened.metadata.num_row_groups):
                known = opened.metadata.row_group(group).column(place).statistics
                if known is not None and known.has_min_max and not known.min <= code <= known.max:
                    continue
                party = opened.read_row_group(group, columns=["party"]).column(0).to_numpy()
                first, last = np.searchsorted(party, [code, code + 1])
                if first < last:
                    found += self._events(opened.read_row_group(group).slice(first, last - first))
        return found

    def _rows_of_some(self, file: str, codes: Iterable[int]) -> list[Event]:
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        asked = np.array(sorted(codes))
        found: list[Event] = []
        with pq.ParquetFile(self._folder / file) as opened:
            place = opened.schema_arrow.get_field_index("party")
            for group in range(opened.metadata.num_row_groups):
                known = opened.metadata.row_group(group).column(place).statistics
                if known is not None and known.has_min_max and not ((asked >= known.min) & (asked <= known.max)).any():
                    continue
                table = opened.read_row_group(group)
                theirs = pc.is_in(table.column("party"), value_set=pa.array(asked, table.schema.field("party").type))
                found += self._events(table.filter(theirs))
        return found

    def _events(self, table: Any) -> list[Event]:
        return coded_events(table.combine_chunks(), self._parties, self._names)


def _groups(file: Any, least: dict[str, int]) -> Iterator[int]:
    """The row groups in which a column may be above its limit."""
    places = {file.schema_arrow.get_field_index(name): limit for name, limit in least.items()}
    for group in range(file.metadata.num_row_groups):
        row_group = file.metadata.row_group(group)
        for place, limit in places.items():
            known = row_group.column(place).statistics
            if known is None or not known.has_min_max or known.max > limit:
                yield group
                break
