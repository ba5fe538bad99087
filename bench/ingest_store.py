"""How fast the writer stores, without HTTP: batches of 100, random ids, so many ids stored already, some repeated.

    python bench/ingest_store.py [--stored 10000000] [--seconds 20] [--records postgresql://...] [--sealer/--no-sealer]

Prints a JSON object: events/s, how long a submitted batch waited for its receipt, what the process held in memory, and
what one event costs step by step. The ids stored already are a run of digests as sealing leaves it.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import shutil
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random

import numpy as np

from occasion.cli_serve import COLLECTING
from occasion.events.event import Event
from occasion.store.arrived import Arrived, Batch, Busy, identity
from occasion.store.digests import write_run
from occasion.store.history import History
from occasion.store.manifest import Changes
from occasion.store.sealer import Sealer
from occasion.store.tail_sealing import NOTHING_LOADED
from occasion.store.writer import Writer

BATCH = 100
REPEATED = 0.02
PARTIES = 200_000
IN_FLIGHT = 100  # batches


def micros() -> int:
    return time.time_ns() // 1000


def store_ids(history: History, n: int) -> None:
    """So many random digests as one run of the history."""
    draw = np.random.default_rng(1)
    name = "ids-load-000001.digests"
    halves = (draw.integers(0, 2**64, n, dtype=np.uint64) for _ in range(2))
    rows = write_run(history.folder / name, *halves)
    history.manifest.commit(Changes((), (), {}, {"number": 1, **NOTHING_LOADED}, {name: rows}))


def batches(seed: int) -> Iterator[Batch]:
    """Batches as a client sends them; 2 % of the items come again."""
    draw = Random(seed)
    before: deque[Arrived] = deque(maxlen=100_000)
    names = [f"event {i}" for i in range(20)]
    while True:
        now = micros()
        items = []
        for _ in range(BATCH):
            if before and draw.random() < REPEATED:
                items.append(before[draw.randrange(len(before))])
                continue
            message = str(uuid.UUID(int=draw.getrandbits(128)))
            event = Event(
                party=f"user-{draw.randrange(PARTIES)}", name=names[draw.randrange(20)], at=now, seen=now,
                id=identity("web", message), properties={"unit": "4B", "amount": Decimal("12.500000")}, direction="in",
            )  # fmt: skip
            items.append(Arrived(source="web", message_id=message, event=event))
            before.append(items[-1])
        yield Batch(items)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--stored", type=int, default=10_000_000)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--records", default=None)
    options.add_argument("--sealer", action=argparse.BooleanOptionalAction, default=True)
    options.add_argument("--folder", type=Path, default=None, help="where the workspace is made (a disk, not memory)")
    asked = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="occasion-bench-", dir=asked.folder))
    try:
        print(json.dumps(run(asked, folder)))
    finally:
        shutil.rmtree(folder)


def run(asked: argparse.Namespace, folder: Path) -> dict[str, object]:
    history = History(folder, records=asked.records)
    store_ids(history, asked.stored)
    given = batches(7)
    ready = [next(given) for _ in range(round(asked.seconds * 1300))]  # made beforehand: only storing is timed
    started = time.perf_counter()
    writer = Writer(history.engine, history, micros)
    writer.start()
    start_seconds = time.perf_counter() - started
    sealer = Sealer(writer, history) if asked.sealer else None
    if sealer:
        sealer.start()
    waits: list[float] = []
    flight: deque[tuple[float, object]] = deque()
    taken = known = busy = 0
    gc.collect()
    gc.freeze()  # as `occasion serve` does
    gc.set_threshold(*COLLECTING)
    begin, cpu = time.perf_counter(), time.process_time()

    def land() -> None:
        nonlocal taken, known
        at, future = flight.popleft()
        receipt = future.result()  # type: ignore[attr-defined]
        waits.append(time.perf_counter() - at)
        taken, known = taken + receipt.taken, known + receipt.known

    for batch in ready:
        while len(flight) >= IN_FLIGHT:
            land()
        try:
            flight.append((time.perf_counter(), writer.submit(batch)))
        except Busy:
            busy += 1
        if time.perf_counter() - begin > asked.seconds:
            break
    while flight:
        land()
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    if sealer:
        sealer.stop()
    sealed = history.state().sealed
    writer.stop()
    history.close()
    found = np.array(waits) * 1000
    return {
        "events_per_second": round((taken + known) / wall),
        "taken": taken, "known": known, "stored_before": asked.stored, "sealed": sealed, "busy": busy,
        "wait_ms": {f"p{q}": round(float(np.percentile(found, q)), 1) for q in (50, 99, 100)},
        "process_seconds_per_million": round(cpu / (taken + known) * 1e6, 2),
        "start_seconds": round(start_seconds, 2),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "sealing": asked.sealer, "records": "postgresql" if asked.records else "sqlite",
    }  # fmt: skip


if __name__ == "__main__":
    main()
