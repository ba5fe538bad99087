"""Kill the server under load many times and look whether anything was lost, doubled or is not true.

    python bench/reliability.py --kills 200 --database sqlite --database postgres --write docs/reliability.md

Three clients send batches of up to 40 events until each is acknowledged. SIGKILL comes at a random instant within
0.8 s of the server's being ready, or of its watcher's following. Every 20 kills the server is stopped and everything is
compared: each acknowledged id once in the log, none that was not sent, and for each definition the occurrences on
record against `reach`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import killing  # noqa: E402
import serving  # noqa: E402
from databases import postgres  # noqa: E402
from killing import killed  # noqa: E402

serving.PATIENCE, killing.PATIENCE = 180.0, 15.0  # it may run beside other work
killing.PARTIES = (
    400  # so many kills send so much that forty would have thousands of events each, one in five of them late
)

LOOK_EVERY = 20
PAUSE = 0.15  # seconds between a client's batches: some 1 700 events a kill, whose log can still be looked at after 200


@dataclass
class Result:
    """What one database's trial came to."""

    database: str
    kills: int
    acknowledged: int
    seconds: float
    looks: int
    wrong: list[str]


def trial(database: str, records: str | None, kills: int, seed: int, minutes: float) -> Result:
    """So many kills on a new workspace, or as many as the time allows."""
    folder = Path(tempfile.mkdtemp(prefix="occasion-killed-"))
    begun, looks, wrong = time.monotonic(), 0, list[str]()
    try:
        with killed(folder / "w", records, seed) as one:
            one.pause = PAUSE
            while True:
                one.kill(min(LOOK_EVERY, kills - one.kills))
                one.settle()
                found = one.wrong()
                looks += 1
                wrong += [f"after {one.kills} kills: {what}" for what in found]
                print(f"{database}: {one.kills} kills, {len(one.acknowledged):,} acknowledged, {found or 'all right'}",
                      flush=True)  # fmt: skip
                if one.kills >= kills or time.monotonic() - begun > minutes * 60:
                    break
                one.again()
            return Result(database, one.kills, len(one.acknowledged), time.monotonic() - begun, looks, wrong)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


PAGE = """# Killed at random instants

What is acknowledged is on disk, and what the watcher says is true, also when the server is killed (SIGKILL) at any
instant. Three clients send batches of 1 to 40 events, some late by seconds or days, some sent twice, and send what
was not acknowledged again, under the same ids. The server is killed at a random instant within 0.8 s of being ready, or
(every other time) of its watcher's following, and started again; the watcher's process ends with it. Every {look_every}
kills it is stopped and all is compared: every acknowledged event is in the log once; nothing is there that was not
sent; for {parties} parties and eleven moments in all their roles (reached, opened, missed, slipping; with timers of one
second to days) the occurrences on record are exactly those of `reach` over that log.

| database | kills | events acknowledged | looks | lost, doubled or untrue |
|---|---|---|---|---|
{rows}

To repeat it:

    python bench/reliability.py --kills 200 --database sqlite --database postgres --write docs/reliability.md

Five kills on each database are part of the tests (`tests/test_killed.py`).
"""


def page(results: list[Result]) -> str:
    """docs/reliability.md."""
    rows = [
        f"| {r.database} | {r.kills} | {r.acknowledged:,} | {r.looks} | {'; '.join(r.wrong) or 'nothing'} |"
        for r in results
    ]
    return PAGE.format(look_every=LOOK_EVERY, parties=killing.PARTIES, rows="\n".join(rows))


def main() -> None:
    """The command line."""
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("--kills", type=int, default=200)
    read.add_argument("--database", action="append", choices=["sqlite", "postgres"])
    read.add_argument("--minutes", type=float, default=240.0, help="after these it ends with the next look")
    read.add_argument("--seed", type=int, default=1)
    read.add_argument("--write", type=Path)
    given = read.parse_args()
    results = []
    for database in given.database or ["sqlite", "postgres"]:
        if database == "sqlite":
            results.append(trial(database, None, given.kills, given.seed, given.minutes))
        else:
            with postgres(durable=True) as server:
                results.append(trial(database, server.database("killed"), given.kills, given.seed, given.minutes))
        print(json.dumps(vars(results[-1])), flush=True)
    if given.write:
        given.write.write_text(page(results), encoding="utf-8")
    sys.exit(1 if any(result.wrong for result in results) else 0)


if __name__ == "__main__":
    main()
