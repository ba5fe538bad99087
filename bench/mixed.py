"""A server under mixed load for a while: events over HTTP, Today asked for, `occasion find` run, all at once.

    python bench/mixed.py --minutes 10 --rate 2000            # in a workspace that bench/serving.py kept
    python bench/mixed.py --keep DIR --minutes 60
    python bench/mixed.py --minutes 60 --days-as-minutes

With `--days-as-minutes` (moments.yaml is written anew) the moments have windows of as many minutes as they have days.
A window holds the events in it, so memory comes to rest within the hour only where windows also close within it; what
grows then is something else.

Every half minute a JSON line: events answered 200 and others, how long requests took, Today's page (asked of the
records by this process, as bench/today.py does), searches finished, and the server's resident memory. At the end a line
with errors and how memory moved from the first quarter of the time to the last. Nothing fails when it is slow; it ends
with 1 where a request was refused or a search failed.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from occasion.desk.today import today
from occasion.desk.viewer import Viewer
from occasion.moments.catalogue import read_catalogue
from occasion.store.records import open_records
from serving import EACH, Bodies, Client, catalogue, memory_mb, server, settled, store

LINE = 30  # seconds between two lines
KEPT = "count(order_completed) >= 1 between 28 days and 42 days after start"
MANAGER = Viewer("m", "M", "manager", (), "en", "UTC")


def quick(moments: str) -> str:
    """The same moments, their windows in minutes."""
    return re.sub(r"(within|for|between|and) (\d+) day(s?)\b", r"\1 \2 minute\3", moments)


class Desk:
    """Asks for a manager's Today again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stop = folder, threading.Event()
        self.took: list[float] = []

    def run(self) -> None:
        """Until told to stop, once a second."""
        engine = open_records(self.folder / "data" / "records.db")
        known = read_catalogue(self.folder / "moments.yaml")
        while not self.stop.wait(1):
            began = time.perf_counter()
            with engine.connect() as connection:
                today(connection, MANAGER, time.time_ns() // 1000, catalogue=known, zone="UTC")
            self.took.append(time.perf_counter() - began)
        engine.dispose()


class Search:
    """Runs `occasion find` again and again beside the server."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stop = folder, threading.Event()
        self.done = self.failed = 0
        self.said = ""

    def run(self) -> None:
        """Until told to stop; one that runs by then is ended."""
        command = [sys.executable, "-m", "occasion.cli", "find", "--kept", KEPT, "--most", "5"]
        while not self.stop.is_set():
            with tempfile.TemporaryFile("w+") as said:
                process = subprocess.Popen(command, cwd=self.folder, stdout=said, stderr=said)
                while process.poll() is None and not self.stop.wait(0.2):
                    pass
                if process.poll() is None:
                    process.terminate()
                    process.wait(30)
                elif process.returncode == 0:
                    self.done += 1
                else:
                    said.seek(0)
                    self.failed, self.said = self.failed + 1, said.read()[-500:]
                    self.stop.wait(5)


def main() -> int:
    """The whole of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--parties", type=int, default=50_000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=2_000, help="events a second")
    parser.add_argument("--days-as-minutes", action="store_true")
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="occasion-mixed-") as scratch:
        folder = asked.keep or Path(scratch) / "work"
        if not (folder / "occasion.toml").is_file():
            store(folder, asked.rows, asked.parties)
        if asked.days_as_minutes:
            (folder / "moments.yaml").write_text(quick(catalogue()))
        with server(folder) as (port, process, ready):
            settled(folder)
            print(json.dumps({"ready_s": round(ready, 2), "memory_mb": memory_mb(process)}), flush=True)
            return load(folder, asked, port, process)


def load(folder: Path, asked: argparse.Namespace, port: int, process: subprocess.Popen[bytes]) -> int:
    """Everything at once for so many minutes; 1 where something failed."""
    desk, search, client, bodies = Desk(folder), Search(folder), Client(port), Bodies(asked.parties, 3)
    working = [threading.Thread(target=one.run) for one in (desk, search)]
    for thread in working:
        thread.start()
    memory: list[int] = []  # their own; files that are mapped besides are the system's to keep or to let go
    lines = max(1, round(asked.minutes * 60 / LINE))
    for line in range(lines):
        pages = len(desk.took)
        rate = client.run(bodies.some(int(asked.rate * LINE / EACH)), LINE, asked.rate)
        memory.append(memory_mb(process, own=True))
        waits, page = np.percentile(client.waits, [50, 99]) * 1000, desk.took[pages:]
        print(json.dumps({
            "seconds": (line + 1) * LINE, "events_a_second": round(rate), "request_ms": [round(w) for w in waits],
            "not_200": client.refused, "today_ms": round(1000 * float(np.median(page))) if page else None,
            "finds": search.done, "finds_failed": search.failed, "memory_mb": memory_mb(process), "own_mb": memory[-1],
        }), flush=True)  # fmt: skip
    for one in (desk, search):
        one.stop.set()
    for thread in working:
        thread.join()
    quarter = max(1, len(memory) // 4)
    moved = round(float(np.mean(memory[-quarter:]) - np.mean(memory[:quarter])))
    print(json.dumps({"not_200": client.refused, "finds": search.done, "finds_failed": search.failed,
                      "said": search.said, "own_mb_moved": moved}))  # fmt: skip
    return 1 if client.refused or search.failed else 0


if __name__ == "__main__":
    sys.exit(main())
