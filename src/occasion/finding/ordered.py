"""The first pass over somebody's own Parquet in order of time, with text ids: decoded and counted on all cores.

Memory: a counter (a byte, where at most 255 are counted) for each party and name, a hash table of the parties, and 16
million rows on the way, or one row group. Files that turn out not to be in order of time are sorted by DuckDB instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.finding import kernels, ordered_kernels
from occasion.finding.candidates import counts as counts_of
from occasion.finding.chunks import Study
from occasion.finding.cube import CubeBuilder, cells, summed
from occasion.finding.known_texts import KnownTexts, large
from occasion.finding.ordered_pages import RowGroup
from occasion.finding.pages import Room, damage_said
from occasion.finding.population import Population
from occasion.finding.scan import NEVER, Scan
from occasion.store.source import Source

ROUND = 1 << 24  # rows that are decoded before they are counted, row groups in whole


class NotInOrder(Exception):
    """The rows are not in order of time."""


@dataclass(frozen=True)
class Parties:
    """The population as the counters have it: sorted by cell of the histogram, so that neighbours count close together.

    `order[place]`: row of the population; `known` finds a party's place by its text.
    """

    order: npt.NDArray[np.int64]
    cell: npt.NDArray[np.int16]
    known: KnownTexts

    @classmethod
    def of(cls, population: Population, texts: Sequence[str] | Any) -> Parties:
        """Refuses a text that stands for two parties."""
        import pyarrow as pa

        cell = cells(population)
        order = np.argsort(cell, kind="stable")
        array = texts if isinstance(texts, (pa.Array, pa.ChunkedArray)) else pa.array(list(texts), pa.large_string())
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        known = KnownTexts.of(array, place)
        if known is None:
            raise InputError("a party's text stands for two rows of the population: each party once")
        return cls(order, cell[order], known)


def one_piece(column: Any) -> Any:
    """A text column as one string or large_string array."""
    import pyarrow as pa

    if column.num_chunks == 1 and column.type in (pa.string(), pa.large_string()):
        return column.chunk(0)
    return large(column)


@dataclass(frozen=True)
class _Piece:
    """Rows of a row group sorted by block, where each block's begin, and the times they begin and end."""

    begin: npt.NDArray[np.int64]
    first_us: int
    last_us: int


@dataclass(frozen=True)
class _Unit:
    """A row group of a file, and where its rows lie among those counted together with them."""

    path: Any
    meta: Any
    group: int
    begin: int
    rows: int


class _Pass:
    """What the cores share: the parties, the counters; and what each has of its own: a histogram, a book."""

    def __init__(self, study: Study, counts: int, days: int, threads: int) -> None:
        import pyarrow as pa

        self.study, self.counts, self.days = study, counts, days
        self.parties = Parties.of(study.population, study.texts or ())
        n, names = len(study.population), len(study.names)
        self.name_bits = (names - 1).bit_length()
        self.time_bits = 64 - ordered_kernels.BLOCK_BITS - self.name_bits
        self.blocks = (n >> ordered_kernels.BLOCK_BITS) + 1
        self.counter = np.zeros(n * names, np.min_scalar_type(counts))
        cube_cells = 2 * study.population.groups * counts * names * days
        self.histograms = [np.zeros(cube_cells, np.int32) for _ in range(threads)]
        starts = study.population.start_us[self.parties.order]
        self.book = np.stack([starts, np.full(n, NEVER)], axis=1)
        self.names = KnownTexts.of(pa.array(study.names, pa.large_string()))
        self.rooms = [Room() for _ in range(threads)]
        self.room = Room()
        self.idle: SimpleQueue[int] = SimpleQueue()  # which core's own things are free
        for core in range(threads):
            self.idle.put(core)

    def decode(self, unit: _Unit, rows: npt.NDArray[np.uint64]) -> list[_Piece]:
        """Read a row group, find its parties, sort its rows by block."""
        core = self.idle.get()
        try:
            with damage_said(unit.path):
                return self._decode(unit, rows, core)
        finally:
            self.idle.put(core)

    def _decode(self, unit: _Unit, rows: npt.NDArray[np.uint64], core: int) -> list[_Piece]:
        source, found = self.study.source, None
        if self.names is not None:
            group = RowGroup(unit.path, unit.meta, unit.group, source, self.rooms[core])
            found = group.rows(self.parties.known, self.names)
        place, name, times = found or _columns(self.study, self.parties, unit)
        at = microseconds(times, source)
        if not len(at):
            return []
        ends = self.rooms[core].array("ends", len(at), np.int64)
        pieces = int(kernels.compiled(ordered_kernels.pieces)(at, self.time_bits, ends))
        if not pieces:
            raise NotInOrder
        made, begin = [], 0
        for end in ends[:pieces].tolist():
            columns = place[begin:end], name[begin:end], at[begin:end]
            blocks = np.empty(self.blocks + 1, np.int64)
            kernels.compiled(ordered_kernels.gather)(
                *columns, self.name_bits, self.time_bits, rows[begin:end], blocks
            )  # fmt: skip
            made.append(_Piece(blocks + (unit.begin + begin), int(at[begin]), int(at[end - 1])))
            begin = end
        return made

    def count(self, rows: npt.NDArray[np.uint64], pieces: Sequence[_Piece], pool: Executor) -> None:
        """Count rows block by block of parties, of each piece after piece."""
        begin = np.stack([piece.begin for piece in pieces])
        first_us = np.array([piece.first_us for piece in pieces], np.int64)
        span = -(-self.blocks // (4 * len(self.histograms)))

        def some(first: int) -> None:
            core = self.idle.get()
            kernels.compiled(ordered_kernels.count_blocks)(
                rows, begin, first_us, (first, min(first + span, self.blocks)), self.parties.cell, self.book,
                self.counter, self.histograms[core], self.counts, self.days, self.name_bits, self.time_bits,
            )  # fmt: skip
            self.idle.put(core)

        list(pool.map(some, range(0, self.blocks, span)))

    def result(self, pool: Executor) -> Scan:
        """The cube, and when each party was last seen."""
        population = self.study.population
        last = np.empty(len(population), np.int64)
        last[self.parties.order] = self.book[:, 1]
        what = [c.what for c in counts_of(self.study.names)]
        shape = (population.groups, 2, self.counts, len(what), self.days)
        return Scan(summed([one.reshape(shape) for one in self.histograms], population, what, pool), last)


def scan_ordered(study: Study, counts: int, days: int, threads: int) -> Scan:
    """Count every event name; sorts by DuckDB where the files are not in order of time."""
    try:
        return _in_order(study, counts, days, threads)
    except NotInOrder:
        return _sorted(study, counts, days)


def _in_order(study: Study, counts: int, days: int, threads: int) -> Scan:
    work, before = _Pass(study, counts, days, threads), NEVER
    with ThreadPoolExecutor(threads) as pool:
        for units in _rounds(study.source):
            rows = work.room.array("rows", units[-1].begin + units[-1].rows, np.uint64)
            parts = [rows[unit.begin : unit.begin + unit.rows] for unit in units]
            pieces = [piece for found in pool.map(work.decode, units, parts) for piece in found]
            for piece in pieces:
                if piece.first_us < before:
                    raise NotInOrder
                before = piece.last_us
            if pieces:
                work.count(rows, pieces, pool)
        return work.result(pool)


def _sorted(study: Study, counts: int, days: int) -> Scan:
    """Through chunks of whole parties."""
    population, candidates = study.population, counts_of(study.names)
    builder = CubeBuilder(population, len(candidates), counts, days)
    last = np.full(len(population), NEVER)
    for chunk in study.chunks():
        builder.add(chunk.row, chunk.name, chunk.offset_us)
        np.maximum.at(last, chunk.row, chunk.offset_us + population.start_us[chunk.row])
    base = np.arange(len(candidates), dtype=np.int32)
    return Scan(builder.result([c.what for c in candidates], base), last)


def _rounds(source: Source) -> Iterator[list[_Unit]]:
    """The row groups of all files, files in the order given, as many at a time as are counted at once."""
    import pyarrow.parquet as pq

    some: list[_Unit] = []
    for path in source.files:
        meta = pq.read_metadata(path)
        for group in range(meta.num_row_groups):
            begin, rows = some[-1].begin + some[-1].rows if some else 0, meta.row_group(group).num_rows
            if some and begin + rows > ROUND:
                yield some
                some, begin = [], 0
            some.append(_Unit(path, meta, group, begin, rows))
    if some:
        yield some


def _columns(study: Study, parties: Parties, unit: _Unit) -> tuple[Any, Any, Any]:
    """Places of the parties, codes of the names, and times, of a row group, through Arrow."""
    import pyarrow.parquet as pq

    source = study.source
    at = source.columns["at" if "at" in source.columns else "at_us"]
    wanted = [source.columns["party"], at] + ([source.columns["name"]] if "name" in source.columns else [])
    with pq.ParquetFile(unit.path, metadata=unit.meta, read_dictionary=wanted[2:]) as opened:
        table = opened.read_row_group(unit.group, columns=wanted, use_threads=False)
    if any(table[column].null_count for column in wanted):
        table = table.drop_null()
    place = parties.known.places(one_piece(table[wanted[0]]))
    name = _names(study.names, table[wanted[2]]) if len(wanted) > 2 else np.zeros(len(table), np.int32)
    return place, name, table[at]


def _names(names: Sequence[str], column: Any) -> npt.NDArray[np.int32]:
    """The code of each name; -1 for one that the source did not show before."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = column.combine_chunks()
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    code = (
        pc.index_in(column.dictionary.cast(pa.string()), pa.array(names)).fill_null(-1).to_numpy(zero_copy_only=False)
    )
    return code.astype(np.int32)[column.indices.to_numpy()] if len(code) else np.zeros(0, np.int32)


def microseconds(column: Any, source: Source) -> npt.NDArray[np.int64]:
    """A time column as UTC microseconds; a timestamp without a zone counts as UTC."""
    import pyarrow as pa

    if source.clock == "timestamp":
        zone = column.type.tz if pa.types.is_timestamp(column.type) else None
        column = column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
    values: npt.NDArray[Any] = column.combine_chunks().to_numpy(zero_copy_only=False)
    if source.clock == "timestamp":
        return values
    scaled = values * {"us": 1, "ms": 1_000, "s": 1_000_000}[source.clock]
    return scaled if scaled.dtype == np.int64 else np.rint(scaled).astype(np.int64)
