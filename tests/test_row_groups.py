"""Rows taken from sealed row groups: what Arrow's tables give, of the parties, names and times asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from occasion.events.world import DAY_US, event_table
from occasion.events.world_patterns import simulate
from occasion.finding import row_groups
from occasion.finding.chunks import study
from occasion.finding.population import Population
from occasion.finding.sealed import tables
from occasion.store.tables import seal_table


@pytest.mark.parametrize("chunk_rows", [1, 700, 1_000_000])
def test_rows_are_taken_as_arrow_gives_them(chunk_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_groups, "CHUNK_ROWS", chunk_rows)
    world = simulate("planted under engagement", np.random.default_rng(3), 900)
    columns = event_table(world)
    table = pa.table({"party": columns["party"], "name": columns["name"], "at_us": columns["at"].cast(pa.int64())})
    with seal_table(table, tmp_path / "data") as history:
        source, ids = history.source(), np.flatnonzero(np.arange(900) % 3 != 1)
        start = np.full(len(ids), int(np.median(world.start_us)) + 5 * DAY_US)  # for some before their first event
        population = Population(ids, start, np.zeros(len(ids), bool), np.zeros(len(ids), np.uint8), 1)
        under, names, until = study(source, population), {0, 2}, 9 * DAY_US
        expected = []
        for part in tables(under, ()):
            row, name = part["row"].to_numpy(), part["name"].to_numpy()
            offset = part["at_us"].to_numpy() - start[row]
            keep = (row >= 0) & np.isin(name, list(names)) & (offset < until)
            expected += list(zip(row[keep].tolist(), name[keep].tolist(), offset[keep].tolist(), strict=True))
        chunks = [chunk for piece in under.pieces() for chunk in row_groups.taken(piece, until, names)]
        found = [event for chunk in chunks for event in zip(*(column.tolist() for column in chunk), strict=True)]
        whole = [set(row.tolist()) for row, _, _ in chunks if len(row)]
    assert found == expected
    assert min(offset for *_, offset in found) < 0
    assert sum(map(len, whole)) == len(set().union(*whole)), "a party in one chunk"
