"""`find` by phase on a machine that others use too: processor time, and the clock it would take on two free cores.

    python bench/find_data.py --events 50000000 --out DIR
    python bench/find_phases.py DIR

A hundred times a second it is asked how many threads of the process run or wait for a core (Linux). A phase's processor
time over how many cores that could have kept busy on average, two at most, is about what the clock would say there. Of
the state before 2026-11-22 that made 12.1 to 13.3 s at a load of 10 to 13, where the idle machine had taken 13.3 s.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from threading import Thread

CORES = 2


def measured(folder: Path) -> None:
    """In a process of its own: each phase as it begins, with the clock and the processor time."""
    import find_data

    def say(phase: str) -> None:
        print(time.perf_counter(), time.process_time(), phase, flush=True)

    find_data.find(folder, say)
    say("end")


def wanting(pid: int) -> int:
    """How many threads of a process run or wait for a core."""
    found = 0
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            found += stat.read_text().rsplit(")", 1)[1].split()[0] == "R"
        except OSError:  # it has just ended
            continue
    return found


def main() -> None:
    """Run it, watch it, say it."""
    folder = Path(sys.argv[-1])
    if sys.argv[1] == "--one":
        measured(folder)
        return
    one = subprocess.Popen([sys.executable, __file__, "--one", str(folder)], stdout=subprocess.PIPE, text=True)
    marks: list[tuple[float, float, str]] = []
    seen: dict[int, Counter[int]] = defaultdict(Counter)

    def listen() -> None:
        for line in one.stdout or ():
            at, cpu, phase = line.strip().split(" ", 2)
            marks.append((float(at), float(cpu), phase))

    listening = Thread(target=listen)
    listening.start()
    while one.poll() is None:
        seen[len(marks)][min(wanting(one.pid), CORES)] += 1
        time.sleep(0.01)
    listening.join()
    total = 0.0
    for i, ((at, cpu, phase), (next_at, next_cpu, _)) in enumerate(pairwise(marks), 1):
        busy = sum(n for cores, n in seen[i].items() if cores)
        cores = max(sum(cores * n for cores, n in seen[i].items()) / busy, 1.0) if busy else 1.0
        total += (next_cpu - cpu) / cores
        print(
            f"{phase:<60} clock {next_at - at:5.2f}  processor {next_cpu - cpu:5.2f}  of {CORES} cores {cores:.2f}"
            f"  free about {(next_cpu - cpu) / cores:5.2f}"
        )
    print(f"processor {marks[-1][1] - marks[0][1]:.2f}, about {total:.2f} s by the clock on {CORES} free cores")


if __name__ == "__main__":
    main()
