"""How many events a second `occasion watch` takes from files: in this process, and on Spark with two cores.

    python bench/streaming.py [--events N] [--parties N] [--files N] [--engine local --engine spark]

The same Parquet files (events of bench/live.py, 2 % of them a day late), the same 20 moments, 16 buckets; every bucket
commits each batch to disk. Reading the files, the journal and the lines that are said are in the figure; Spark's start
is not. The changes of both are compared.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from live import EPOCH, SHARES, TEXTS

from occasion.moments.text import read
from occasion.store import streaming
from occasion.store.streaming import LocalStream, Watching

DAY = 86_400_000_000


def write_files(folder: Path, events: int, parties: int, files: int) -> None:
    """Events of thirty days in the order they come, as Parquet files of equal size."""
    draw = np.random.default_rng(1)
    at = np.sort(EPOCH + draw.integers(0, 30 * DAY, events))
    late = draw.random(events) < 0.02
    at[late] -= draw.integers(0, DAY, int(late.sum()))
    names = np.array([*SHARES, "other"])
    shares = np.array([*SHARES.values(), 0.0])
    shares[-1] = 1 - shares.sum()
    table = pa.table({
        "party": pa.array([f"u{n}" for n in draw.integers(0, parties, events)]),
        "name": pa.array(draw.choice(names, events, p=shares)),
        "at": pa.array(at, pa.timestamp("us", "UTC")),
        "id": pa.array([f"e{n}" for n in range(events)]),
        "amount": pa.array(np.round(draw.random(events) * 120, 2)),
        "country": pa.array(draw.choice(["PL", "DE", "US"], events)),
        "tie": pa.array(draw.choice(["old", "new"], events)),
        "friend": pa.array([f"f{n}" for n in draw.integers(0, 50, events)]),
    })  # fmt: skip
    folder.mkdir()
    for n in range(files):
        begin, end = n * events // files, (n + 1) * events // files
        pq.write_table(table.slice(begin, end - begin), folder / f"part-{n:04d}.parquet")


def watching(folder: Path) -> Watching:
    """The twenty moments, with the state in a folder."""
    definitions = tuple(read(text) for text in TEXTS)
    return Watching(str(folder), definitions, {d.identity: t for d, t in zip(definitions, TEXTS, strict=True)})


def locally(source: Path, state: Path) -> tuple[float, list[str]]:
    """Seconds, and what was said."""
    begun, used = time.perf_counter(), time.process_time()
    lines = [line for batch in LocalStream(source, watching(state), files_a_batch=2).batches() for line in batch]
    took = time.perf_counter() - begun
    print(f"local: {time.process_time() - used:.1f} s of processor time", flush=True)
    streaming.close_all()
    return took, lines


def on_spark(source: Path, state: Path) -> tuple[float, list[str]]:
    """Seconds without the session's start, and what was said."""
    from occasion.store.engine_spark import SparkEngine
    from occasion.store.streaming_spark import spark_stream

    lines: list[str] = []
    with SparkEngine("local[2]") as engine:
        engine.session.range(10).count()
        begun = time.perf_counter()
        stream = spark_stream(
            engine.session, source, watching(state),
            lambda _, frame: lines.extend(row["line"] for row in frame.collect()), files_a_batch=2,
        )  # fmt: skip
        query = stream.trigger(availableNow=True).start()
        query.awaitTermination()
        return time.perf_counter() - begun, lines


def main() -> None:
    """The command line."""
    read_ = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read_.add_argument("--events", type=int, default=400_000)
    read_.add_argument("--parties", type=int, default=20_000)
    read_.add_argument("--files", type=int, default=20)
    read_.add_argument("--engine", action="append", choices=["local", "spark"])
    given = read_.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="occasion-streaming-"))
    try:
        write_files(folder / "in", given.events, given.parties, given.files)
        said: dict[str, list[str]] = {}
        for engine in given.engine or ["local", "spark"]:
            took, lines = (locally if engine == "local" else on_spark)(folder / "in", folder / engine)
            said[engine] = sorted(lines)
            print(f"{engine}: {given.events:,} events in {took:.1f} s, {given.events / took:,.0f}/s, "
                  f"{len(lines):,} changes", flush=True)  # fmt: skip
        if len(said) == 2:
            print("the same changes" if said["local"] == said["spark"] else "THE CHANGES DIFFER")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
