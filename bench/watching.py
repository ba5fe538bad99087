"""What the watching process spends: processor time an event and by part, fed in one process from a log that is stored.

    python bench/watching.py                             # 300 000 rows of 20 000 parties, then 190 000 events to watch
    python bench/watching.py --keep DIR                  # keep what was stored, and use a copy of it again

The same work as in `service/apart_work.py`, in steps as they would be at `--rate`, with commits of somebody else in
between. The first half finds every party's row on disk, the second in memory. Processor time says more than the
clock where other work runs, and still grows with it (caches are shared).
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import serving
from occasion.service import effects
from occasion.service.apart_work import APART, COLLECTING
from occasion.service.reacting import Reacting
from occasion.service.watching import Following
from occasion.store import trailing
from occasion.store.arrived import Effects
from occasion.store.history import History
from occasion.store.kept_state import KeptState
from occasion.store.positions import WATCH, advance
from occasion.store.records import alone, reading, writing
from occasion.store.workspace import read_workspace

APART_US = int(1e6 * APART)
now = time.process_time


class Log(trailing.TrailingLog):
    """Hands out nothing until it is told where the state stands, and then what came up to an instant."""

    upto: int | None = None

    def refresh(self) -> Any:
        if self.upto is None:
            return None
        with sqlite3.connect(f"file:{self._engine.url.database}?mode=ro", uri=True) as connection:
            query = "SELECT count(*) FROM tail WHERE seq > ? AND clock_us <= ?"
            groups = connection.execute(query, (self.position(), self.upto)).fetchone()[0]
        trailing.GROUPS_AT_ONCE = groups
        return super().refresh() if groups else None


def stored(folder: Path, asked: argparse.Namespace) -> None:
    """A workspace whose history is read, with events in the log that nobody watched."""
    serving.store(folder, asked.rows, asked.parties)
    with serving.server(folder) as (port, _, _):
        serving.settled(folder)
        serving.until_well(port, 0)
    bodies = serving.Bodies(asked.parties, 2).some(asked.events // serving.EACH)
    with serving.server(folder, "--no-watch") as (port, _, _):
        client = serving.Client(port)
        print(f"{client.run(bodies, 600, rate=asked.rate):,.0f} events/s stored", flush=True)


def main() -> None:
    """The whole of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--parties", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=190_000, help="to watch; below what is sealed at once")
    parser.add_argument("--rate", type=float, default=28_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument(
        "--warm", action="store_true", help="wait until rows are in memory, as many as there is room for"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="occasion-watching-") as scratch:
        folder = asked.keep or Path(scratch) / "work"
        if not (folder / "occasion.toml").is_file():
            stored(folder, asked)
        measure(shutil.copytree(folder, Path(scratch) / "copy"), asked.warm)


def measure(folder: Path, warm: bool) -> None:
    """Follow from where the state stands to the end of the log."""
    place = read_workspace(folder)
    kept = KeptState(place.data / "state.db")
    begin = kept.checkpoint()
    kept.close()
    if begin is None:
        raise SystemExit(f"{folder}: has no state of the watcher that this version reads; store it anew")
    history = History(place.data)
    following, log = Following(place, 500_000), Log(history.engine, history)
    with sqlite3.connect(place.data / "records.db") as connection:
        clocks = connection.execute("SELECT seq, clock_us FROM tail ORDER BY seq").fetchall()
    log.upto = max((clock for seq, clock in clocks if seq <= begin.seq), default=0)
    while log.refresh() is not None:
        pass
    spent: Counter[str] = Counter()
    following.work.on_changes = timed(Reacting(following.catalogue, place.zone, log.recent), "desk", spent)
    effects.write_changes = timed(effects.write_changes, "occurrences", spent)
    with sqlite3.connect(place.data / "records.db") as connection:  # or the clock would stand at the end of the log
        connection.execute("UPDATE positions SET clock_us = ? WHERE reader = 'log'", (log.upto,))
    with reading(history.engine) as records:
        following.start(log, log.clock, records)
    ready(history, following, log, warm)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTING)
    other = sqlite3.connect(place.data / "records.db", isolation_level=None)
    coming = [clock for seq, clock in clocks if seq > log.position()]
    half = coming[len(coming) // 2]
    for label, some in (("rows on disk", range(coming[0], half, APART_US)),
                        ("rows in memory", range(half, coming[-1] + APART_US, APART_US))):  # fmt: skip
        spent.clear()
        events = 0
        for upto in some:
            other.execute("INSERT OR REPLACE INTO positions (reader, seq, clock_us) VALUES ('probe', 0, ?)", (upto,))
            log.upto = upto
            begun = now()
            group = log.refresh()
            spent["log"] += now() - begun
            if group is not None:
                events += len(group.events)
                made = following.read(group)
                spent["watcher"] += now() - begun
                write(history, following, log, made, spent)
                spent["all"] += now() - begun
        spent["watcher"] -= spent["log"]
        parts = {part: round(1e6 * seconds / events, 1) for part, seconds in sorted(spent.items())}
        print(f"{label}: {events:,} events, us of processor an event: {parts}; load {os.getloadavg()[0]:.1f}")
    history.close()


def ready(history: History, following: Following, log: Log, warm: bool) -> None:
    """What a server does while nothing comes, with or without bringing rows into memory."""
    standing, begun = following.reading, now()
    assert standing is not None
    if not warm:
        standing.rows.warm = lambda rows: None  # type: ignore[method-assign]
    while (step := following.tick(log.clock)) is not None or following.busy:
        write(history, following, log, step, Counter())
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while warm and standing.warm(1):
        pass
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most) // 1024
    print(f"{standing.rows.held.many():,} rows in memory, {now() - begun:.1f} s of processor, {grown:,} MB more")


def timed(function: Callable[..., Any], part: str, spent: Counter[str]) -> Any:
    """The same, its processor time counted."""

    def counted(*given: Any) -> Any:
        begun = now()
        try:
            return function(*given)
        finally:
            spent[part] += now() - begun

    return counted


def write(history: History, following: Following, log: Log, made: Effects | None, spent: Counter[str]) -> None:
    """Effects and the position in one transaction."""
    if made is None or made.steps is None:
        return
    with writing(history.engine) as connection:
        alone(connection)
        for step in made.steps():
            step(connection)
        advance(connection, WATCH, log.position(), log.clock)
        begun = now()
    spent["commit"] += now() - begun
    if made.done is not None:
        made.done()


if __name__ == "__main__":
    main()
