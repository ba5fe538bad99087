"""How long Today's page takes at 1M parties: a colleague's own, a manager's of everybody, an analyst's.

    python bench/today.py [--records URL] [--parties 1000000] [--finished 1000000] [--times 30]
    python bench/today.py --http --events 50000000     # a workspace with so many events, a running server, logged in

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
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import Connection, Engine, func, insert, select, text

from occasion.desk.today import today
from occasion.desk.viewer import Viewer
from occasion.moments.catalogue import Catalogue, parse_catalogue
from occasion.store.records import open_records, writing
from occasion.store.schema.desk import GESTURES, OCCASIONS
from occasion.store.schema.doors import COLLEAGUES, TEAMS
from occasion.store.schema.people import DETAILS, PARTIES, PROMISES

DAY = 86_400_000_000
NOW = 1_772_438_400_000_000
PASSWORD = "a long password for the bench"
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


def one_occasion(i: int, parties: int, coin: random.Random, now: int) -> dict[str, Any]:
    """One that stands on the desk (the first ON_DESK), or a finished one of the last year."""
    here = i < ON_DESK
    about = now - coin.randrange(2 * DAY) if here else now - coin.randrange(DAY, 365 * DAY)
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
        "held_until_us": now + DAY if state == "held" else None, "reason": "", "chance": None, "answer": "",
        "who": "customer", "facts": {"events": [event]}, "changed_us": about, "occurrence": None,
    }  # fmt: skip


def fill(engine: Engine, parties: int, finished: int, now: int) -> None:
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
                                     "text": "spoke", "at_us": now - coin.randrange(4 * DAY, 365 * DAY)}
                                    for i in range(parties // 4)))  # fmt: skip
        rows(connection, PROMISES, ({"party": f"p{coin.randrange(parties)}", "text": "call", "made_by": "c1",
                                     "made_us": 0, "due": "2026-03-09"} for i in range(parties // 100)))  # fmt: skip
        rows(connection, OCCASIONS, (one_occasion(i, parties, coin, now) for i in range(ON_DESK + finished)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def shown(engine: Engine, viewer: Viewer, known: Catalogue) -> None:
    """The page's content from the records."""
    with engine.connect() as connection:
        today(connection, viewer, NOW, catalogue=known, zone=ZONE)


def timed(ask: Callable[[], None], times: int) -> dict[str, float]:
    """Median and worst by the clock."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - began))
    return {"median_ms": round(statistics.median(took), 1), "worst_ms": round(max(took), 1)}


def let_in(folder: Path) -> None:
    """A colleague and a manager can sign in."""
    from serving import occasion

    for name, role in (("c7", "colleague"), ("c8", "manager")):
        password = [sys.executable, "-m", "occasion.cli", "colleague", "password", name, "--workspace", str(folder)]
        subprocess.run(password, input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL)
        if role != "colleague":
            occasion("colleague", "role", name, role, "--workspace", str(folder))


def over_http(asked: argparse.Namespace) -> None:
    """The whole page as a browser gets it, from a server over so many events; nothing is watched meanwhile."""
    from serving import memory_mb, processor_s, server, store

    def at_rest(process: subprocess.Popen[bytes]) -> float:
        """Seconds until the server does nothing by itself: after a start it looks for what was sent, and more."""
        began = time.perf_counter()
        while time.perf_counter() < began + 300:
            before = sum(processor_s(process).values())
            time.sleep(2)
            if sum(processor_s(process).values()) - before < 0.1:
                break
        return time.perf_counter() - began

    with tempfile.TemporaryDirectory(prefix="occasion-today-") as scratch:
        folder, stored = asked.keep or Path(scratch) / "work", 0.0
        if not (folder / "filled").exists():
            began = time.perf_counter()
            store(folder, asked.events, asked.parties)
            stored = time.perf_counter() - began
            (folder / "moments.yaml").write_text(catalogue())
            engine = open_records(folder / "data" / "records.db")
            fill(engine, asked.parties, asked.finished, time.time_ns() // 1000)
            engine.dispose()
            let_in(folder)
            (folder / "filled").touch()
        with server(folder, "--no-watch") as (port, process, ready):
            print(json.dumps({"events": asked.events, "parties": asked.parties, "stored_s": round(stored),
                              "ready_s": round(ready, 2), "memory_mb": memory_mb(process)}), flush=True)  # fmt: skip
            print(json.dumps({"at_rest_after_s": round(at_rest(process), 1)}), flush=True)
            for name in ("c7", "c8"):
                session, url = requests.Session(), f"http://127.0.0.1:{port}"
                token = re.search(r'name="csrf" value="([^"]+)"', session.get(f"{url}/login").text)
                assert token is not None
                session.post(f"{url}/login", data={"csrf": token[1], "name": name, "password": PASSWORD, "next": "/"})
                page = session.get(url)
                assert page.status_code == 200
                assert "moment 1" in page.text, "not logged in, or nothing on the desk"
                found = timed(lambda s=session, u=url: s.get(u).raise_for_status(), asked.times)
                print(json.dumps({"viewer": name, **found, "page_kb": len(page.content) // 1024}), flush=True)


def main() -> None:
    given = argparse.ArgumentParser()
    given.add_argument("--records", default="")
    given.add_argument("--parties", type=int, default=1_000_000)
    given.add_argument("--finished", type=int, default=1_000_000)
    given.add_argument("--times", type=int, default=30)
    given.add_argument("--http", action="store_true", help="ask a running server over HTTP")
    given.add_argument("--events", type=int, default=50_000_000, help="with --http: in its history")
    given.add_argument("--keep", type=Path, help="with --http: a folder for it, filled once")
    asked = given.parse_args()
    if asked.http:
        over_http(asked)
        return
    known = parse_catalogue(catalogue())
    with tempfile.TemporaryDirectory() as folder:
        engine = open_records(asked.records or Path(folder) / "records.db")
        began = time.perf_counter()
        with engine.connect() as connection:
            filled = connection.execute(select(PARTIES.c.party).limit(1)).first() is not None
        if not filled:
            fill(engine, asked.parties, asked.finished, NOW)
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
            with engine.connect() as connection:
                page = today(connection, viewer, NOW, catalogue=known, zone=ZONE)
            busy = time.process_time()
            took = timed(lambda v=viewer: shown(engine, v, known), asked.times)
            busy = 1000 * (time.process_time() - busy) / asked.times
            print(json.dumps({"viewer": viewer.role, **took, "processor_ms": round(busy, 1),
                              "cards": len(page.today), "waiting": page.waiting_total}))  # fmt: skip
        engine.dispose()


if __name__ == "__main__":
    main()
