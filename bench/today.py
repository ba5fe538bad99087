"""How long Today's page takes at 1M parties: a colleague's own, a manager's of everybody, an analyst's.

    python bench/today.py [--records URL] [--parties 1000000] [--finished 1000000] [--times 30]

The page reads the records only (occasions and what stands beside the few that are shown), never the log, so that the
log's length does not matter; what does is filled here: parties, details, gestures, promises, a year of finished
occasions, and what stands on the desk of 200 colleagues in 20 teams. Records that are filled already are taken as they
are. Prints a JSON line for each viewer: median and worst by the clock on the wall, and the processor's time, in ms (on
a busy machine look at the latter).
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, text

from occasion.desk.today import today
from occasion.desk.viewer import Viewer
from occasion.moments.catalogue import parse_catalogue
from occasion.store.records import open_records, writing
from occasion.store.schema.desk import GESTURES, OCCASIONS
from occasion.store.schema.doors import COLLEAGUES, TEAMS
from occasion.store.schema.people import DETAILS, PARTIES, PROMISES

DAY = 86_400_000_000
NOW = 1_772_438_400_000_000
ZONE = "Europe/Warsaw"
MOMENTS = 20
COLLEAGUES_N, TEAMS_N = 200, 20
ON_DESK = 60_000
AT_ONCE = 20_000


def catalogue() -> str:
    lines = ["moments:"]
    for i in range(MOMENTS):
        mark = ", mark: pit" if i == 0 else ""
        lines.append(f"  moment {i}: {{when: first event_{i}, owner: team {i % TEAMS_N}, purpose: p{mark}}}")
    return "\n".join(lines)


def rows(connection: Connection, table: Any, many: Any) -> None:
    held = []
    for row in many:
        held.append(row)
        if len(held) == AT_ONCE:
            connection.execute(insert(table), held)
            held = []
    if held:
        connection.execute(insert(table), held)


def occasion(i: int, parties: int, coin: random.Random) -> dict[str, Any]:
    """One that stands on the desk (the first ON_DESK), or a finished one of the last year."""
    here = i < ON_DESK
    about = NOW - coin.randrange(2 * DAY) if here else NOW - coin.randrange(DAY, 365 * DAY)
    state = (
        coin.choices(("open", "taken", "held"), (90, 5, 5))[0] if here else coin.choice(("done", "skipped", "slipped"))
    )
    owner = f"c{coin.randrange(COLLEAGUES_N)}" if coin.random() < 0.8 else f"team {coin.randrange(TEAMS_N)}"
    moment = 0 if here and coin.random() < 0.002 else coin.randrange(1, MOMENTS)
    event = {"id": f"s:{i}", "at": about, "seen": about, "name": f"event_{moment}"}
    return {
        "party": f"p{coin.randrange(parties)}", "moment": f"moment {moment}", "identity": f"i{moment}",
        "kind": "reached" if coin.random() < 0.8 else "slipping", "per": "", "about_us": about - i, "owner": owner,
        "shown_us": about, "until_us": about + 3 * DAY, "state": state, "stake": 1000.0 if moment == 0 else
        12 + coin.random() * 8, "taken_by": owner if state == "taken" else None,
        "held_until_us": NOW + DAY if state == "held" else None, "reason": "", "chance": None, "answer": "",
        "who": "customer", "facts": {"events": [event]}, "changed_us": about, "occurrence": None,
    }  # fmt: skip


def fill(engine: Engine, parties: int, finished: int) -> None:
    coin = random.Random(1)
    with writing(engine) as connection:
        rows(connection, COLLEAGUES, ({"id": f"c{i}", "name": f"Colleague {i}", "role": "colleague", "capacity": 12,
                                       "notify": {}, "joined_us": 0} for i in range(COLLEAGUES_N)))  # fmt: skip
        rows(connection, TEAMS, ({"team": f"team {i % TEAMS_N}", "colleague": f"c{i}"} for i in range(COLLEAGUES_N)))
        rows(connection, PARTIES, ({"party": f"p{i}", "kind": "customer", "name": f"Person {i}", "consent": {},
                                    "owner": f"c{i % COLLEAGUES_N}", "zone": ZONE, "made_us": 0, "changed_us": 0}
                                   for i in range(parties)))  # fmt: skip
        rows(connection, DETAILS, ({"party": f"p{coin.randrange(parties)}", "text": f"likes {i}", "use": "anything",
                                    "kind": "preference", "source": "said so", "noted_by": "c1", "noted_us": i,
                                    "sensitive": False, "unmentioned": False} for i in range(parties)))  # fmt: skip
        rows(connection, GESTURES, ({"party": f"p{coin.randrange(parties)}", "colleague": "c1", "form": "call",
                                     "text": "spoke", "at_us": NOW - coin.randrange(4 * DAY, 365 * DAY)}
                                    for i in range(parties // 4)))  # fmt: skip
        rows(connection, PROMISES, ({"party": f"p{coin.randrange(parties)}", "text": "call", "made_by": "c1",
                                     "made_us": 0, "due": "2026-03-09"} for i in range(parties // 100)))  # fmt: skip
        rows(connection, OCCASIONS, (occasion(i, parties, coin) for i in range(ON_DESK + finished)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def main() -> None:
    given = argparse.ArgumentParser()
    given.add_argument("--records", default="")
    given.add_argument("--parties", type=int, default=1_000_000)
    given.add_argument("--finished", type=int, default=1_000_000)
    given.add_argument("--times", type=int, default=30)
    asked = given.parse_args()
    known = parse_catalogue(catalogue())
    with tempfile.TemporaryDirectory() as folder:
        engine = open_records(asked.records or Path(folder) / "records.db")
        began = time.perf_counter()
        with engine.connect() as connection:
            filled = connection.execute(select(PARTIES.c.party).limit(1)).first() is not None
        if not filled:
            fill(engine, asked.parties, asked.finished)
        with engine.connect() as connection:
            counted = [
                connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (PARTIES, OCCASIONS)
            ]
        print(json.dumps({"filled_s": round(time.perf_counter() - began, 1), "parties": counted[0],
                          "occasions": counted[1], "database": engine.dialect.name}))  # fmt: skip
        for viewer in (
            Viewer("c7", "C", "colleague", ("team 7",), "en", ZONE),
            Viewer("m", "M", "manager", (), "en", ZONE),
            Viewer("a", "A", "analyst", (), "en", ZONE),
        ):
            took = []
            busy = time.process_time()
            for _ in range(asked.times):
                began = time.perf_counter()
                with engine.connect() as connection:
                    page = today(connection, viewer, NOW, catalogue=known, zone=ZONE)
                took.append(1000 * (time.perf_counter() - began))
            busy = 1000 * (time.process_time() - busy) / asked.times
            print(json.dumps({"viewer": viewer.role, "median_ms": round(statistics.median(took), 1),
                              "worst_ms": round(max(took), 1), "processor_ms": round(busy, 1),
                              "cards": len(page.today), "waiting": page.waiting_total}))  # fmt: skip
        engine.dispose()


if __name__ == "__main__":
    main()
