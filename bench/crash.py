"""Killed in a rush: how soon the server is ready again, how long the watcher takes for what it had not read, memory.

    python bench/crash.py --keep DIR                     # a workspace that bench/serving.py kept, its history read
    python bench/crash.py --rows 1000000 --parties 50000

Requests as in bench/serving.py for so many seconds, then SIGKILL, then a start. One run, one machine; nothing fails
when it is slow.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from serving import EACH, Bodies, Client, memory_mb, positions, server, settled, store, until_well


def main() -> None:
    """The whole of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--parties", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--most", type=int, default=110_000, help="events a second that bodies are made for")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="occasion-crash-") as scratch:
        folder = asked.keep or Path(scratch) / "work"
        if not (folder / "occasion.toml").is_file():
            store(folder, asked.rows, asked.parties)
        crash(folder, asked)


def crash(folder: Path, asked: argparse.Namespace) -> None:
    """A rush that ends with SIGKILL, and what follows."""
    some = Bodies(asked.parties, 4).some(int(asked.seconds * asked.most / EACH))
    os.sync()
    with server(folder) as (port, process, ready):
        settled(folder)
        until_well(port, ready)
        time.sleep(10)  # rows come into memory, as they do before a rush
        rate = Client(port, asked.connections).run(some, asked.seconds)
        process.kill()
        process.wait(30)
    there = positions(folder)
    print(f"{rate:,.0f} events/s, killed with {there['log'] - there['watch']:,} not read", flush=True)
    with server(folder) as (port, process, ready):
        begun, most = time.perf_counter(), 0
        while positions(folder)["watch"] < there["log"]:
            most = max(most, memory_mb(process, own=True))
            time.sleep(0.2)
        print(f"ready after {ready:.2f} s, all read and on record {time.perf_counter() - begun:.1f} s later; "
              f"at most {most} MB of its own meanwhile; load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
