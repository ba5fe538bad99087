"""What every contender is given: the population in memory, and where the files are."""

# ruff: noqa: PLR0917 -- columns and sizes, each by its name
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DAY_US = 86_400_000_000
COUNTS, DAYS, GROUPS = 50, 30, 10


@dataclass(frozen=True)
class Data:
    """`population`: code, text, start_us, cell = 2 · group + kept; `names`: how many event names."""

    folder: Path
    population: pa.Table
    names: int

    @property
    def sealed(self) -> list[str]:
        """The segments, one a bucket."""
        return [str(path) for path in sorted((self.folder / "sealed").glob("*.parquet"))]

    @property
    def ordered(self) -> str:
        """The file in order of time."""
        return str(self.folder / "ordered.parquet")


def load(folder: Path) -> Data:
    """The population and the number of names."""
    table = pq.read_table(folder / "population.parquet")
    cell = table["grp"].to_numpy().astype(np.int16) * 2 + table["kept"].to_numpy(zero_copy_only=False)
    table = table.append_column("cell", pa.array(cell.astype(np.int16)))
    return Data(folder, table, pq.read_metadata(folder / "sealed" / "names").num_rows)


def histogram(
    data: Data, cell: np.ndarray, name: np.ndarray, k: np.ndarray, day: np.ndarray, n: np.ndarray
) -> np.ndarray:
    """[group, name, k-1, day, kept] from rows, one for each cell that is not empty."""
    flat = np.zeros((2 * GROUPS, data.names, COUNTS, DAYS), np.int32)
    flat[cell, name, k - 1, day] = n
    shaped = flat.reshape(GROUPS, 2, data.names, COUNTS, DAYS)
    return np.ascontiguousarray(shaped.transpose(0, 2, 3, 4, 1))
