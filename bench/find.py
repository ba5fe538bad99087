"""How long all of `find` takes on large histories, beside reading the three columns it counts, and in what memory.

    python bench/find.py                       # 1M, 2M, 5M, 10M, 20M and 50M events, 50 a party, 200 names
    python bench/find.py --events 5000000      # only the sizes up to that
    python bench/find.py --again               # forget what was measured before

Each size runs in a process of its own: the read of (party, name, at_us) first, the best of three, then `find`, 20 lines
confirmed, compiled code warm. The history lies in files as the store seals it. What was measured is kept beside the
script (find.jsonl), so that a run which stopped goes on; the picture (find.svg) is drawn from it. Ratios are within one
process; the slope is that of log time on log events.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

SIZES = (1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000)
HERE = Path(__file__).parent
MEASURED, PICTURE = HERE / "find.jsonl", HERE / "find.svg"


def one(events: int, folder: Path) -> dict[str, object]:
    """Measure one size in this process."""
    import find_data

    files = sorted((folder / "sealed").glob("*.parquet"))
    reads, reads_cpu = [], []
    for _ in range(3):
        began, cpu = time.perf_counter(), time.process_time()
        rows = len(pq.read_table(files, columns=["party", "name", "at_us"]))
        reads.append(time.perf_counter() - began)
        reads_cpu.append(time.process_time() - cpu)
    after_read = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    stages: list[tuple[str, float]] = []
    began, cpu = time.perf_counter(), time.process_time()
    found = find_data.find(folder, lambda text: stages.append((text, time.perf_counter())))
    ended, ended_cpu = time.perf_counter(), time.process_time()
    ends = [at for _, at in stages[1:]] + [ended]
    named = [one.when for one in found.candidates if one.verdict == "candidate"]
    return {
        "events": events, "rows": rows, "parties": found.parties, "read": min(reads), "read_cpu": min(reads_cpu),
        "find": ended - began, "find_cpu": ended_cpu - cpu, "confirmed": len(found.candidates), "candidates": named,
        "stages": {text: end - at for (text, at), end in zip(stages, ends, strict=True)},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "read_mb": after_read // 1024,
        "machine": f"{platform.machine()}, {len(__import__('os').sched_getaffinity(0))} cores",
    }  # fmt: skip


def run(events: int) -> dict[str, object]:
    """Make the history, warm the compiled code, measure."""
    with tempfile.TemporaryDirectory(prefix="occasion-find-") as made:
        subprocess.run([sys.executable, str(HERE / "find_data.py"), "--events", str(events), "--out", made], check=True)
        command = [sys.executable, __file__, "--one", str(events), "--data", made]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{events} events failed: {done.stderr.strip().splitlines()[-1]}")
        measured: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
        return measured


def warm() -> None:
    """Let everything be compiled once, so that no size pays for it."""
    run(500_000)


def slope(rows: list[dict], of: str) -> float:
    """The slope of log time on log events."""
    return float(np.polyfit(np.log([r["rows"] for r in rows]), np.log([r[of] for r in rows]), 1)[0])


def show(rows: list[dict]) -> None:
    """The table, as it stands in README.md."""
    print("| events | parties | read, s | find, s | find / read | processor time, s | peak memory, MB |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for r in rows:
        print(
            f"| {r['rows']:,} | {r['parties']:,} | {r['read']:.2f} | {r['find']:.1f} | {r['find'] / r['read']:.0f} |"
            f" {r['find_cpu']:.1f} | {r['peak_mb']:,} |"
        )
    if len(rows) > 1:
        wall, cpu = slope(rows, "find"), slope(rows, "find_cpu")
        print(f"\nslope of log time on log events: {wall:.2f} (processor time {cpu:.2f})")
    last = rows[-1]
    print("\n" + ", ".join(f"{text}: {s:.1f} s" for text, s in last["stages"].items()))
    print("called candidates there: " + "; ".join(last["candidates"]))


def draw(rows: list[dict]) -> None:
    """Time against size, both on logarithmic axes, with the line of slope 1 through the largest."""
    import vl_convert

    last = rows[-1]
    points = [{"events": r["rows"], "seconds": r[k], "what": w} for r in rows for k, w in
              (("find", "find, 20 lines confirmed"), ("read", "reading three columns"))]  # fmt: skip
    points += [
        {"events": r["rows"], "seconds": last["find"] * r["rows"] / last["rows"], "what": "in proportion to events"}
        for r in rows
    ]
    log = {"type": "log"}
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 460, "height": 300, "data": {"values": points},
        "title": f"Time against size: slope {slope(rows, 'find'):.2f}",
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "events", "type": "quantitative", "scale": log, "title": "events",
                  "axis": {"format": "~s", "values": [r["events"] for r in rows]}},
            "y": {"field": "seconds", "type": "quantitative", "scale": log, "title": "seconds"},
            "color": {"field": "what", "type": "nominal", "title": None,
                      "legend": {"orient": "bottom", "labelLimit": 300}},
            "strokeDash": {"field": "what", "type": "nominal", "title": None},
        },
    }  # fmt: skip
    PICTURE.write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")


def main() -> None:
    """Measure what is missing, show, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=max(SIZES), help="the largest size to run")
    parser.add_argument("--again", action="store_true", help="measure every size anew")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(one(asked.one, asked.data)))
        return
    if asked.again:
        MEASURED.unlink(missing_ok=True)
    lines = MEASURED.read_text(encoding="utf-8").splitlines() if MEASURED.exists() else []
    known = {row["events"]: row for row in map(json.loads, lines)}
    missing = [events for events in SIZES if events <= asked.events and events not in known]
    if missing:
        warm()
    for events in missing:
        known[events] = run(events)
        with MEASURED.open("a", encoding="utf-8") as file:
            file.write(json.dumps(known[events]) + "\n")
    rows = [known[events] for events in SIZES if events in known]
    show(rows)
    draw(rows)


if __name__ == "__main__":
    main()
