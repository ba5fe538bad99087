"""Ids given in files that are there already: the same event again, or a contradiction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

CONTRADICTION = "is already used with different content; the first stands"


@dataclass(frozen=True)
class Repeated:
    """Rows of a load whose given id is known: `same` rows say the same again, `other` contradict.

    `other` has (row, file number, line, id).
    """

    same: Any
    other: list[tuple[int, int, int, str]]

    def rows(self) -> Any:
        """All of them, sorted."""
        return np.sort(np.concatenate([self.same, np.array([row for row, *_ in self.other], np.int64)]))


NONE = Repeated(np.array([], np.int64), [])


def find_repeated(
    given: Path, segments: Sequence[Path], scratch: Path, stored_contents: Callable[[Path, Any], Any]
) -> Repeated:
    """Compare the given ids of a load with one another and with all segments.

    `stored_contents(segment, rows)` gives the content digests of rows of a segment. Uses DuckDB, which spills to
    `scratch` what does not fit in memory.
    """
    import duckdb

    connection = duckdb.connect(config={"temp_directory": str(scratch), "threads": 2, "memory_limit": "2GB"})
    try:
        stored = _against_stored(connection, given, segments, stored_contents)
        own = connection.execute(OWN, [str(given)]).to_arrow_table()
    finally:
        connection.close()
    same = np.concatenate([stored.same, _rows(own, same=True)])
    decided = stored.rows()
    contrary = own.filter(pa.array(~own.column("same").to_numpy()))
    other = [_place(row) for row in contrary.to_pylist() if not _holds(decided, row["row"])]
    return Repeated(np.setdiff1d(same, [row for row, *_ in stored.other]), stored.other + other)


OWN = """
with repeated as (select id, min(row) as first from read_parquet($1) group by id having count(*) > 1)
select later.id, later.row, later.file, later.line, later.content = original.content as same
from read_parquet($1) as later
join repeated on repeated.id = later.id and later.row > repeated.first
join read_parquet($1) as original on original.row = repeated.first
order by later.row
"""
STORED = """
select given.id, given.row, given.file, given.line, given.content, stored.filename, stored.file_row_number
from read_parquet($1) as given
join read_parquet($2, filename = true, file_row_number = true) as stored on stored.id = given.id
order by stored.filename, stored.file_row_number
"""


def _against_stored(
    connection: Any, given: Path, segments: Sequence[Path], stored_contents: Callable[[Path, Any], Any]
) -> Repeated:
    if not segments:
        return NONE
    found = connection.execute(STORED, [str(given), [str(path) for path in segments]]).to_arrow_table()
    same: list[Any] = [NONE.same]
    other: list[tuple[int, int, int, str]] = []
    for path in segments:
        here = found.filter(pc.equal(found.column("filename"), str(path)))
        if here.num_rows:
            contents = stored_contents(path, here.column("file_row_number"))
            equal = pc.equal(contents, here.column("content"))
            same.append(here.filter(equal).column("row").to_numpy())
            other += [_place(row) for row in here.filter(pc.invert(equal)).to_pylist()]
    return Repeated(np.concatenate(same), other)


def _rows(table: Any, *, same: bool) -> Any:
    return table.column("row").to_numpy()[table.column("same").to_numpy() == same]


def _place(row: dict[str, Any]) -> tuple[int, int, int, str]:
    return row["row"], row["file"], row["line"], row["id"]


def _holds(ordered: Any, value: int) -> bool:
    place = int(np.searchsorted(ordered, value))
    return place < len(ordered) and bool(ordered[place] == value)
