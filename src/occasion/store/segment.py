"""Segments: the events of a bucket of parties, sorted by (party, at_us, id), as a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from occasion.events.table import EVENT_COLUMNS
from occasion.store.source import SEGMENT_COLUMNS

CODED = {"party": pa.int32(), "name": pa.int32()}
SEGMENT = pa.schema([(name, CODED.get(name, EVENT_COLUMNS.field(name).type)) for name in SEGMENT_COLUMNS])
ROW_GROUP = 1 << 18
FAST = ("party", "name", "at_us", "seen_us")  # what every pass reads: packed so that unpacking costs little
REPEATING = ["party", "name", "channel", "direction", "actor", "counterpart", "zone"]


def write_segment(table: Any, path: Path) -> None:
    """Write a sorted table of SEGMENT."""
    leaves = _leaves()
    pq.write_table(
        table,
        path,
        row_group_size=ROW_GROUP,
        compression={leaf: "lz4" if leaf in FAST else "zstd" for leaf in leaves},
        compression_level={leaf: 1 for leaf in leaves if leaf not in FAST},
        use_dictionary=[*REPEATING, "properties.key_value.key", "properties.key_value.value.text"],
    )


def _leaves() -> list[str]:
    """The Parquet names of all leaf columns."""
    kinds = ("text", "number", "flag", "other")
    inner = ["properties.key_value.key", *(f"properties.key_value.value.{kind}" for kind in kinds)]
    return [name for name in SEGMENT_COLUMNS if name != "properties"] + inner


def read_segment(path: Path, columns: list[str] | None = None) -> Any:
    """A segment, or some of its columns, as a table."""
    return pq.read_table(path, columns=columns)


def in_segment_order(table: Any) -> Any:
    """The rows sorted by (party, at_us, id), in one chunk a column."""
    table = table.combine_chunks()
    party = table.column("party").to_numpy()
    at = table.column("at_us").to_numpy()
    order = np.lexsort((at, party))
    party, at = party[order], at[order]
    tied = np.zeros(len(order), bool)
    tied[1:] = (party[1:] == party[:-1]) & (at[1:] == at[:-1])
    tied[:-1] |= tied[1:]
    if tied.any():
        places = np.flatnonzero(tied)
        ids = table.column("id").take(pa.array(order[places]))
        rank = np.empty(len(places), np.int64)
        rank[pc.sort_indices(ids).to_numpy()] = np.arange(len(places))
        order[places] = order[places][np.lexsort((rank, at[places], party[places]))]
    return table.take(pa.array(order))
