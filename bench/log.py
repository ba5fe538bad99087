"""How fast one party's events are read from a sealed history: with its files by party, and before they are made.

    python bench/log.py [--events 5000000] [--parties 500000]

Prints a JSON object: milliseconds a party (10 events each by default), seconds to make the files, and their size.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from occasion.store.history import History
from occasion.store.log import Log
from occasion.store.sealer import Sealer
from occasion.store.tables import seal_table
from occasion.store.writer import Writer


def micros() -> int:
    return time.time_ns() // 1000


def events(n: int, parties: int) -> pa.Table:
    draw = np.random.default_rng(0)
    names = np.array([f"event {i}" for i in range(20)])
    return pa.table(
        {
            "party": pa.array(draw.integers(0, parties, n)).cast(pa.string()),
            "name": pa.array(names[draw.integers(0, 20, n)]),
            "at_us": draw.integers(1_600_000_000_000_000, 1_700_000_000_000_000, n),
            "id": pa.array([f"web:{i:032d}" for i in range(n)]),
            "prop:unit": pa.array(np.array(["4B", "5C"])[draw.integers(0, 2, n)]),
            "prop:amount": pa.array(draw.integers(0, 1000, n).astype(float)),
        }
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--events", type=int, default=5_000_000)
    options.add_argument("--parties", type=int, default=500_000)
    asked = options.parse_args()
    data = Path(tempfile.mkdtemp(prefix="occasion-bench-"))
    try:
        seal_table(events(asked.events, asked.parties), data).close()
        print(json.dumps(run(data, asked.parties)))
    finally:
        shutil.rmtree(data)


def run(data: Path, parties: int) -> dict[str, object]:
    history = History(data)
    writer = Writer(history.engine, history, micros)
    began = time.perf_counter()
    writer.start()
    start = time.perf_counter() - began
    log, sealer = Log(history.engine, history, writer), Sealer(writer, history)
    draw = [str(party) for party in np.random.default_rng(1).integers(0, parties, 3_000)]
    began = time.perf_counter()
    log.of(draw[0])
    first = time.perf_counter() - began
    without = timed(log, draw[:30])
    began = time.perf_counter()
    while sealer.file_by_party():
        pass
    making = time.perf_counter() - began
    cold, warm = timed(log, draw), timed(log, draw)
    size = sum(file.stat().st_size for file in history.folder.glob("*.parties"))
    rows = sum(segment.rows for segment in history.state().segments)
    sealer.stop()
    writer.stop()
    history.close()
    return {
        "start_s": round(start, 3), "first_s": round(first, 2), "without_ms": round(without, 2),
        "making_s": round(making, 1), "bytes_an_event": round(size / rows), "cold_ms": round(cold, 3),
        "warm_ms": round(warm, 3),
    }  # fmt: skip


def timed(log: Log, parties: list[str]) -> float:
    began = time.perf_counter()
    for party in parties:
        log.of(party)
    return (time.perf_counter() - began) / len(parties) * 1000


if __name__ == "__main__":
    main()
