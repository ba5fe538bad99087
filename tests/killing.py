"""A server under load that is killed at random instants, and what has to be true afterwards.

    with killed(folder, records=None) as trial:      # None: SQLite; else a database's address
        trial.kill(5)
        trial.settle()
        assert trial.wrong() == []

Clients send batches and, like real ones, send again with the same ids what was not acknowledged; now and then they
send again what was. Every kill is a SIGKILL at a random instant. In the end everything acknowledged is in the log,
nothing is in it twice or without having been sent, and the occurrences on record are what `reach` says of that log.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import requests

from occasion.events.event import Event
from occasion.moments.catalogue import read_catalogue
from occasion.service.watched import Plan
from occasion.store.history import History
from occasion.store.kept_state import KeptState
from occasion.store.log import Log
from serving import ServerProcess, serving
from watched_streams import DAY, SECOND, differences, iso

CATALOGUE = """
stages:
  - {name: new, enter: start}
  - {name: settled, enter: count(session) >= 3 within 2 days of start}
moments:
  third: {when: 3rd session, owner: a, purpose: p, expect: 3 seconds after start}
  fast: {when: count(session) >= 4 within 2 seconds of first session, owner: a, purpose: p}
  pair: {when: call then first order within 1 second, owner: a, purpose: p}
  quiet: {when: no session for 1 second, owner: a, purpose: p}
  rolling: {when: count(session) >= 3 within 3 seconds, owner: a, purpose: p}
  sum: {when: sum(amount of order) >= 100 within 4 days of start, owner: a, purpose: p}
  friends: {when: distinct(friend of call) >= 3 within 2 days of start, owner: a, purpose: p}
  settled: {when: 'no order for 2 seconds while stage = "settled"', owner: a, purpose: p}
  both: {when: call and order within 5 seconds, owner: a, purpose: p}
  every: {when: every 1 day since first order, owner: a, purpose: p}
  per: {when: count(session) >= 2 then first order within 1 day per listing, owner: a, purpose: p}
"""
PARTIES = 40
PATIENCE = 5.0  # seconds for the watcher to follow, before a kill that waits for it


@dataclass
class Trial:
    """A server, clients that send to it, and what they know."""

    server: ServerProcess
    draw: random.Random
    kills: int = 0
    acknowledged: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    ending: threading.Event = field(default_factory=threading.Event)
    pause: float = 0.05

    def client(self, number: int) -> None:
        """Send until told to end; a batch is sent until it is acknowledged."""
        draw, n = random.Random(self.draw.random()), 0
        answered: list[list[dict[str, Any]]] = []
        with requests.Session() as session:
            while not self.ending.is_set():
                batch = [self._item(draw, f"{number}-{n + i}") for i in range(draw.randint(1, 40))]
                n += len(batch)
                self.sent.update(item["messageId"] for item in batch)
                while not self._acknowledged(session, batch):
                    time.sleep(0.2)
                self.acknowledged.update(item["messageId"] for item in batch)
                answered = [*answered[-20:], batch]
                if draw.random() < 0.05:
                    self._acknowledged(session, draw.choice(answered))
                time.sleep(self.pause)

    def _acknowledged(self, session: requests.Session, batch: list[dict[str, Any]]) -> bool:
        try:
            answer = session.post(
                f"{self.server.url}/v1/batch", json={"batch": batch}, auth=(self.server.key, ""), timeout=10
            )
        except requests.RequestException:
            return False
        return answer.status_code == 200

    @staticmethod
    def _item(draw: random.Random, message: str) -> dict[str, Any]:
        """An item of about now; some a little late, few very late."""
        late = draw.choice([0] * 15 + [round(draw.random() * 3 * SECOND)] * 4 + [round(draw.random() * 3 * DAY)])
        name = draw.choice(["session", "session", "order", "call"])
        properties: dict[str, Any] = {"amount": draw.choice([10, 20.5]), "listing": draw.choice("AB")}
        properties |= {"friend": draw.choice("abcd")} if name == "call" else {}
        item = {"type": "track", "event": name, "messageId": message, "userId": f"p{draw.randrange(PARTIES)}"}
        return item | {"timestamp": iso(time.time_ns() // 1000 - late), "properties": properties}

    def kill(self, times: int) -> None:
        """Kill the server at random instants under load, and start it again; as often before its watcher follows as
        after.
        """
        for _ in range(times):
            if self.draw.random() < 0.5:
                self.watched(PATIENCE)
            time.sleep(self.draw.random() * 0.8)
            self.server.kill()
            self.kills += 1
            self.server.start()

    def watched(self, seconds: float) -> bool:
        """Wait until the watcher follows what comes; whether it does."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with suppress(requests.RequestException):
                if requests.get(f"{self.server.url}/health/ready", timeout=10).json().get("watching") == "well":
                    return True
            time.sleep(0.05)
        return False

    def settle(self) -> None:
        """The clients end, everything is acknowledged, the server stops in order."""
        self.ending.set()
        for thread in threading.enumerate():
            if thread.name.startswith("client-"):
                thread.join(60)
                assert not thread.is_alive(), "a client cannot get its last batch acknowledged"
        assert self.watched(60 * PATIENCE), "the watcher does not come to follow"
        time.sleep(2.5)  # longer than the reorder buffer: everything sent is closed
        assert self.server.stop() == 0

    def wrong(self) -> list[str]:
        """What is not as it has to be; the server does not run."""
        place = self.server.folder
        records = self.server.env.get("OCCASION_RECORDS")
        with History(place / "data", records=records) if records else History(place / "data") as history:
            log = Log(history.engine, history)
            events: list[Event] = [event for n in range(PARTIES) for event in log.of(f"p{n}")]
            ids = Counter(event.id.removeprefix("tests:") for event in events)
            found = [f"lost: {sorted(lost)[:5]}"] if (lost := self.acknowledged - ids.keys()) else []
            found += [f"doubled: {doubled[:5]}"] if (doubled := [i for i, n in ids.items() if n > 1]) else []
            found += [f"never sent: {sorted(more)[:5]}"] if (more := ids.keys() - self.sent) else []
            kept = KeptState(place / "data" / "state.db")
            checkpoint = kept.checkpoint()
            kept.close()
            assert checkpoint is not None
            assert checkpoint.beginning is None, "the watcher had no time to read everything"
            horizon = msgspec.msgpack.decode(checkpoint.watcher)["horizon"]
            assert all(event.seen <= horizon for event in events), "the watcher had no time to read everything"
            plan = Plan.of(read_catalogue(place / "moments.yaml"))
            return found + differences(history.engine, plan, events, horizon)

    def again(self) -> None:
        """Go on after a look."""
        self.server.start()
        self.ending.clear()
        self.begin()

    def begin(self, clients: int = 3) -> None:
        """Let the clients send."""
        base = len(self.sent)  # ids of an earlier round are not used again
        for n in range(clients):
            threading.Thread(target=self.client, args=(base * 10 + n,), name=f"client-{n}", daemon=True).start()


@contextmanager
def killed(folder: Path, records: str | None, seed: int = 1) -> Iterator[Trial]:
    """A trial on a new workspace, its clients sending."""
    env = {} if records is None else {"OCCASION_RECORDS": records}
    with serving(folder, catalogue=CATALOGUE, env=env) as server:
        trial = Trial(server, random.Random(seed))
        trial.begin()
        try:
            yield trial
        finally:
            trial.ending.set()
