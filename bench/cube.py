"""How long the first pass of finding takes, beside reading the columns and beside DuckDB, Polars and pandas by hand.

    python bench/cube.py --events 50000000            # 1 000 000 parties, 200 names, 50 counts, 30 days, 10 groups
    python bench/cube.py --events 5000000 --only kernel-sealed,read-sealed
    python bench/cube.py --codec snappy --only read-ordered,kernel-ordered,duckdbrows-ordered,polars-ordered

Every contender runs in a process of its own, on both cores, with the population in memory and the compiled code warm;
the best of its runs counts. All results are compared cell for cell. Ratios are within this one run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from peers.data import COUNTS, DAYS, GROUPS, Data, load

COLUMNS = {"sealed": ["party", "name", "at_us"], "ordered": ["user_id", "event", "time"]}


def kernel(data: Data, kind: str) -> np.ndarray:
    """Ours, from opening the files to the finished cube."""
    from occasion.finding.chunks import study
    from occasion.finding.population import Population
    from occasion.finding.scan import scan
    from occasion.store.source import Source

    table = data.population
    cell = table["cell"].to_numpy()
    population = Population(
        table["code"].to_numpy().astype(np.int64), table["start_us"].to_numpy(), cell % 2 == 1,
        (cell // 2).astype(np.uint8), GROUPS,
    )  # fmt: skip
    if kind == "sealed":
        files = tuple(Path(path) for path in data.sealed)
        folder = data.folder / "sealed"
        source = Source(files, True, folder / "parties", folder / "names", tuple((file,) for file in files))
        looked = study(source, population)
    else:
        columns = {"party": "user_id", "name": "event", "at": "time"}
        looked = study(
            Source((Path(data.ordered),), False, columns=columns, clock="timestamp"), population, table["text"]
        )
    return scan(looked, COUNTS, DAYS).cube.counts


def read(data: Data, kind: str) -> None:
    """The columns into memory, as anyone would."""
    files = data.sealed if kind == "sealed" else [data.ordered]
    pq.read_table(files, columns=COLUMNS[kind])


def read_best(data: Data, kind: str) -> None:
    """The columns, row group by row group on both cores, each dropped at once: no faster way to see them was found."""
    files = data.sealed if kind == "sealed" else [data.ordered]
    units = [(file, i) for file in files for i in range(pq.read_metadata(file).num_row_groups)]

    def some(units: list[tuple[str, int]]) -> None:
        opened: dict[str, pq.ParquetFile] = {}
        for file, i in units:
            reader = opened.get(file) or opened.setdefault(file, pq.ParquetFile(file))
            reader.read_row_group(i, columns=COLUMNS[kind], use_threads=False)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(some, [units[::2], units[1::2]]))


def contender(name: str) -> tuple[Callable[[Data], np.ndarray | None], int]:
    """What to run, and how often."""
    who, kind = name.rsplit("-", 1)
    if who == "kernel":
        return (lambda data: kernel(data, kind)), 5
    if who == "read":
        return (lambda data: read(data, kind)), 5
    if who == "readbest":
        return (lambda data: read_best(data, kind)), 5
    from peers import by_duckdb, by_pandas, by_polars

    found = {
        "duckdb": by_duckdb, "polars": by_polars, "pandas": by_pandas, "duckdbrows": by_duckdb,
    }[who]  # fmt: skip
    return getattr(found, f"row_numbers_{kind}" if who == "duckdbrows" else kind), 2


def one(name: str, folder: Path, runs: int | None) -> dict[str, object]:
    """Run one contender in this process."""
    data = load(folder)
    run, usual = contender(name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, cpu, result = [], [], None
    if name.startswith("kernel"):
        run(data)  # compiles, or loads what was compiled
    for _ in range(runs or usual):
        began, began_cpu = time.perf_counter(), time.process_time()
        result = run(data)
        seconds.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    digest = None if result is None else hashlib.sha256(np.ascontiguousarray(result, np.int32)).hexdigest()[:12]
    total = None if result is None else int(result.sum())
    return {"name": name, "seconds": seconds, "cpu": min(cpu), "peak_mb": peak // 1024, "before_mb": before // 1024,
            "cube": digest, "points": total}  # fmt: skip


PEERS = ("duckdb", "duckdbrows", "polars", "pandas")
ALL = [f"{who}-{kind}" for kind in ("sealed", "ordered")
       for who in ("read", "readbest", "kernel", *PEERS)]  # fmt: skip


def show(rows: list[dict]) -> None:
    """The table, with ratios to the kernel."""
    best = {row["name"]: min(row["seconds"]) for row in rows}
    cpu = {row["name"]: row["cpu"] for row in rows}
    for kind in ("sealed", "ordered"):
        ours = f"kernel-{kind}"
        some = [row for row in rows if row["name"].endswith(kind)]
        for row in some:
            name = row["name"]
            ratio = f"{best[name] / best[ours]:6.2f} x" if ours in best else ""
            print(f"{name:20} {best[name]:8.3f} s {ratio} {cpu[name]:8.3f} s of processor {row['peak_mb']:6} MB")
        if len({row["cube"] for row in some if row["cube"]}) > 1:
            print("  THE CUBES DIFFER: " + ", ".join(f"{row['name']} {row['cube']}" for row in some))
        if ours not in best:
            continue
        for other in ("read", "readbest"):
            if f"{other}-{kind}" in best:
                name = f"{other}-{kind}"
                print(f"  kernel / {other}: {best[ours] / best[name]:.2f} (processor time {cpu[ours] / cpu[name]:.2f})")
        peers = [name for name in best if name.endswith(kind) and name.split("-")[0] in PEERS]
        if peers:
            fastest = min(peers, key=lambda name: best[name])
            more = cpu[fastest] / cpu[ours]
            print(f"  best peer ({fastest}) / kernel: {best[fastest] / best[ours]:.1f} (processor time {more:.1f})")


def main() -> None:
    """Generate what is missing, run everything, show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=50_000_000)
    parser.add_argument("--parties", type=int)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--codec", default="zstd", help="of the file in order of time: zstd, snappy, lz4, none")
    parser.add_argument("--only", default=",".join(ALL))
    parser.add_argument("--runs", type=int, help="of each; usually 5 of the kernels and reads, 2 of the others")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(one(asked.one, asked.data, asked.runs)))
        return
    with tempfile.TemporaryDirectory(prefix="occasion-cube-") as temporary:
        folder = asked.data or Path(temporary)
        if not (folder / "ordered.parquet").exists():
            from generate import generate

            generate(asked.events, asked.parties or max(1, asked.events // 50), 200, GROUPS, folder, asked.codec)
        print(f"pyarrow {pa.__version__}, {asked.events} events")
        rows = []
        for name in asked.only.split(","):
            command = [sys.executable, __file__, "--one", name, "--data", str(folder)]
            command += ["--runs", str(asked.runs)] if asked.runs else []
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{name} failed: {done.stderr.strip().splitlines()[-1]}")
                continue
            rows.append(json.loads(done.stdout))
        show(rows)


if __name__ == "__main__":
    main()
