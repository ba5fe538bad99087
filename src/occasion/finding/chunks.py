"""A source's events in chunks of whole parties, sorted by (party, time): what candidates are computed on.

Only the asked columns are read. Sealed segments are read row group by row group; anything else is sorted by DuckDB,
which spills to disk. Memory: one chunk (about a million rows) and one number a party.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.events.event import EVENT_FIELDS, Scalar
from occasion.finding.population import Population
from occasion.store.source import Source


@dataclass(frozen=True)
class FieldCodes:
    """A field's values as codes: `codes[i]` (int32, -1 where missing) numbers the distinct values of this chunk.

    `texts`, `numbers`, `flags` (Arrow arrays) hold the values of codes 0 .., then on, then on.
    """

    codes: npt.NDArray[np.int32]
    texts: Any
    numbers: Any
    flags: Any

    def __len__(self) -> int:
        """How many codes there are."""
        return len(self.texts) + len(self.numbers) + len(self.flags)

    def places(self, values: Sequence[Scalar]) -> npt.NDArray[np.int32]:
        """For each event, where its value stands in `values`, or -1; text, number and flag never equal each other."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = []
        for array, kind in ((self.texts, str), (self.numbers, Decimal), (self.flags, bool)):
            chosen = [i for i, value in enumerate(values) if isinstance(value, kind)]
            if not len(array) or not chosen:
                found.append(np.full(len(array), -1, np.int32))
                continue
            wanted = pa.array([values[i] for i in chosen]).cast(array.type)
            place = pc.index_in(array, value_set=wanted).fill_null(-1).to_numpy(zero_copy_only=False)
            found.append(np.append(np.array(chosen, np.int32), np.int32(-1))[place])
        found.append(np.full(1, -1, np.int32))  # a missing value: code -1 takes the last place
        return np.concatenate(found).astype(np.int32)[self.codes]


@dataclass(frozen=True)
class Chunk:
    """Events of whole parties, sorted by (party, time).

    `row` (int32): the party's row in the population; `name` (int32): index into the source's names; `offset_us`
    (int64): since the party's start, negative before it; `fields`: the asked fields.
    """

    row: npt.NDArray[np.int32]
    name: npt.NDArray[np.int32]
    offset_us: npt.NDArray[np.int64]
    fields: Mapping[str, FieldCodes]

    def since_start(self) -> Chunk:
        """Without the events before the start."""
        keep = self.offset_us >= 0
        fields = {name: replace(field, codes=field.codes[keep]) for name, field in self.fields.items()}
        return Chunk(self.row[keep], self.name[keep], self.offset_us[keep], fields)


@dataclass(frozen=True)
class Study:
    """A source with the parties under study.

    `texts`: the party's text for each row of the population, needed where the source is not sealed (there is no
    dictionary then); `names`: the event names, a name's index is its code.
    """

    source: Source
    population: Population
    names: tuple[str, ...]
    texts: Sequence[str] | None = None

    def pieces(self) -> list[Study]:
        """Studies of parts of the source that share no party, so that each can be read on a core of its own."""
        if not self.source.sealed or len(self.source.buckets) < 2:
            return [self]
        return [
            replace(self, source=replace(self.source, files=bucket, buckets=(bucket,)))
            for bucket in self.source.buckets
        ]

    def chunks(
        self, fields: Sequence[str] = (), until_us: int | None = None, names: Collection[int] | None = None
    ) -> Iterator[Chunk]:
        """All events of the parties under study with offset < `until_us` (None: all), those before the start too.

        `names`: the only ones that matter (None: all); others may be left out.
        """
        from occasion.finding import row_groups, sealed, unsealed

        if self.source.sealed and not fields:
            for row, name, offset in row_groups.taken(self, until_us, names):
                if len(row):
                    yield Chunk(row, name, offset, {})
            return
        tables = sealed.tables(self, fields) if self.source.sealed else unsealed.tables(self, fields)
        for table in tables:
            chunk = _chunk(self.population, table, fields, until_us)
            if len(chunk.row):
                yield chunk


def study(source: Source, population: Population, texts: Sequence[str] | None = None) -> Study:
    """The source's names looked up; refuses what does not fit together."""
    from occasion.finding import sealed, unsealed

    if source.sealed:
        return Study(source, population, sealed.names(source), texts)
    if texts is None or len(texts) != len(population):
        raise InputError(
            "events that are not sealed name their parties by text: give the text of each row of the population"
        )
    return Study(source, population, unsealed.names(source), texts)


def _chunk(population: Population, table: Any, fields: Sequence[str], until_us: int | None) -> Chunk:
    """A chunk from a table with columns row, name, at_us and `field i` as struct(text, number, flag)."""
    row = table["row"].to_numpy()
    offset = table["at_us"].to_numpy() - population.start_us[row]
    keep = row >= 0
    if until_us is not None:
        keep &= offset < until_us
    if not keep.all():
        import pyarrow as pa

        table, row, offset = table.filter(pa.array(keep)), row[keep], offset[keep]
    coded = {field: _codes(table[f"field {i}"]) for i, field in enumerate(fields)}
    return Chunk(row, table["name"].to_numpy(), offset, coded)


def _codes(column: Any) -> FieldCodes:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    codes = np.full(len(column), -1, np.int32)
    values, base = [], 0
    for part in ("text", "number", "flag"):
        encoded = pc.dictionary_encode(pc.struct_field(column, part))
        known = encoded.indices.is_valid().to_numpy(zero_copy_only=False)
        codes[known] = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)[known] + base
        values.append(encoded.dictionary)
        base += len(encoded.dictionary)
    return FieldCodes(codes, *values)


def own_field(field: str) -> bool:
    """Whether the name means a field of the event itself, rather than a property."""
    return field in EVENT_FIELDS
