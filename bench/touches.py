"""A year of messages read as they turned out: python bench/touches.py [--messages 100000]

A workspace is filled through the loader: templates sent to many, edited copies of them, letters of their own, answers
of the parties. Then, each timed by the clock and by the processor: the index of what was sent, which words others got
(all at once), and the pass over every party. One JSON object is printed.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from occasion.coach.copies import Copies
from occasion.coach.keeping import FILE, keep_up, open_sent
from occasion.desk.touches import Reading, read_touches
from occasion.events.load import plan_load
from occasion.moments.catalogue import parse_catalogue
from occasion.store.history import History
from occasion.store.whole_log import everybody

DAY = 86_400_000_000
END = 1_772_442_000_000_000
EACH = 10  # messages of a party
CATALOGUE = (
    "stages:\n  - {name: new, enter: start}\n  - {name: settled, enter: count(message) >= 5 within 90 days of start}\n"
)
SYLLABLES = [a + b for a in "bcdfghklmnprstvw" for b in "aeiou"]
WORDS = [a + b for a in SYLLABLES for b in SYLLABLES]
WEIGHTS = [1 / (i + 5) for i in range(len(WORDS))]


def rows(messages: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Three in ten a template, two an edited one, five of its own; every third is answered."""
    draw = random.Random(seed)
    templates = [draw.choices(WORDS, WEIGHTS, k=60) for _ in range(200)]
    for i in range(messages):
        kind, at = i % 10, END - 365 * DAY + i * (360 * DAY // messages)
        if kind < 5:
            text = list(templates[draw.randrange(200)])
            for place in draw.sample(range(60), 6) if kind >= 3 else ():
                text[place] = draw.choice(WORDS)
        else:
            text = draw.choices(WORDS, WEIGHTS, k=draw.randint(20, 90))
        party = f"p{i % (messages // EACH)}"
        one = {"party": party, "name": "message", "at": at, "id": f"m{i}", "direction": "out", "body": " ".join(text)}
        yield one
        if i % 3 == 0:
            yield {**one, "at": at + 2 * DAY, "id": f"a{i}", "direction": "in", "body": "Is that so?"}


def timed(what: str, told: dict[str, float], work: Callable[[], Any]) -> Any:
    begun, busy = time.perf_counter(), time.process_time()
    done = work()
    told[f"{what}_s"] = round(time.perf_counter() - begun, 2)
    told[f"{what}_cpu_s"] = round(time.process_time() - busy, 2)
    return done


def bench(messages: int, folder: Path) -> dict[str, Any]:
    table = pa.Table.from_pylist(list(rows(messages)))
    table = table.set_column(2, "at", table.column("at").cast(pa.timestamp("us", "UTC")))
    pq.write_table(table, folder / "messages.parquet")
    told: dict[str, float] = {}
    with History(folder / "data") as history, open_sent(folder / "data") as sent:
        timed("load", told, lambda: history.load(plan_load([folder / "messages.parquet"])))
        timed("index", told, lambda: keep_up(sent, history.engine, history.folder))
        with Copies(folder / "data" / FILE) as copies, history.engine.connect() as connection:
            timed("words_others_got", told, lambda: copies._near)
            reading = Reading(connection, parse_catalogue(CATALOGUE), copies, END, "UTC")
            found = timed("pass", told, lambda: read_touches(everybody(history), reading))
        skeletons = sent.skeletons
    assert found.all.total == messages
    shares = {name: getattr(found.all, name) for name in ("moment", "nearly", "touch", "open", "unread")}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    a_second = round(messages / (told["words_others_got_s"] + told["pass_s"]))
    return {"messages": messages, "skeletons": skeletons, **told, "a_second": a_second, "peak_mb": peak, **shares}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=100_000)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(bench(arguments.parse_args().messages, Path(folder))))


if __name__ == "__main__":
    main()
