"""How long loading takes: CSV with and without ids, JSON lines, the same once more, and a large table sealed.

    python bench/loading.py [--rows N] [--table-rows N]

Beside it, as a measure of the machine: DuckDB reading the same CSV, typing it, and writing it as Parquet sorted by user
and time (no ids, no repeats, no refused rows, nothing durable). Seconds are of the wall, and of all cores together.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from occasion.events.load import plan_load
from occasion.store.history import History
from occasion.store.tables import seal_table

PEER = """
copy (select user_id, event, "timestamp"::timestamptz as happened, amount, country from read_csv('{path}')
      order by user_id, happened) to '{out}' (format parquet)
"""


def rows(n: int, seed: int = 7) -> Any:
    """Events of an invented shop as a table of text and numbers."""
    rng = np.random.default_rng(seed)
    at = pa.array(np.sort(rng.integers(1_600_000_000, 1_650_000_000, n)).astype("datetime64[s]"))
    names = pa.array([f"event_{i}" for i in range(50)])
    return pa.table(
        {
            "user_id": rng.integers(0, max(n // 50, 1), n),
            "event": names.take(pa.array(rng.integers(0, 50, n))),
            "timestamp": pc.strftime(at, "%Y-%m-%dT%H:%M:%SZ"),
            "amount": np.round(rng.random(n) * 100, 2),
            "country": pa.array(["PL", "DE", "FR"]).take(pa.array(rng.integers(0, 3, n))),
        }
    )


def timed(what: str, count: int, work: Callable[[], object]) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{what:44s} {wall:7.1f} s {processor:7.1f} s of processor {count / wall:12,.0f} rows/s")


def load(data: Path, path: Path) -> None:
    with History(data) as history:
        history.load(plan_load([path]))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=2_000_000)
    options.add_argument("--table-rows", type=int, default=8_000_000)
    given = options.parse_args()
    n, table_rows = given.rows, given.table_rows
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        plain, with_ids, lines = place / "plain.csv", place / "ids.csv", place / "rows.jsonl"
        table = rows(n)
        pacsv.write_csv(table, plain)
        pacsv.write_csv(table.append_column("event_id", pc.cast(pa.array(np.arange(n)), pa.string())), with_ids)
        with lines.open("w") as file:
            file.writelines(json.dumps(row) + "\n" for row in table.slice(0, n // 4).to_pylist())
        timed("CSV", n, lambda: load(place / "1", plain))
        timed("the same once more", n, lambda: load(place / "1", plain))
        timed("CSV with ids", n, lambda: load(place / "2", with_ids))
        timed("the same once more", n, lambda: load(place / "2", with_ids))
        timed("JSON lines", n // 4, lambda: load(place / "3", lines))
        peer = PEER.format(path=plain, out=place / "peer.parquet")
        timed("DuckDB: the first CSV to sorted Parquet", n, lambda: duckdb.connect().execute(peer))
        large = rows(table_rows)
        at = pc.cast(pc.strptime(large.column("timestamp"), "%Y-%m-%dT%H:%M:%SZ", "us"), pa.int64())
        large = large.select(["user_id", "event", "amount"]).rename_columns(["party", "name", "prop:amount"])
        large = large.append_column("at_us", at)
        timed("a table sealed", table_rows, lambda: seal_table(large, place / "4").close())
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB, the tables included")


if __name__ == "__main__":
    main()
