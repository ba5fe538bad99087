"""SIGKILL at any instant while many send: what was acknowledged is there, once; what was not may be sent again."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import requests

from client_events import kept
from serving import ServerProcess, serving

SENDERS = 4
BATCH = 20


class Sender(threading.Thread):
    """Sends batches one after another, each until it is acknowledged, as every client does."""

    def __init__(self, server: ServerProcess, name: str, until: threading.Event) -> None:
        super().__init__(daemon=True)
        self.server, self.label, self.until = server, name, until
        self.acknowledged: list[str] = []
        self.repeated = 0

    def run(self) -> None:
        batch = 0
        while not self.until.is_set():
            ids = [f"{self.label}-{batch}-{n}" for n in range(BATCH)]
            items = [{"type": "track", "event": "x", "userId": f"u{n % 7}", "messageId": i} for n, i in enumerate(ids)]
            while not self._sent(items):
                self.repeated += 1
                time.sleep(0.05)
                if self.until.is_set():
                    return
            self.acknowledged += ids
            batch += 1

    def _sent(self, items: list[dict[str, str]]) -> bool:
        try:
            answer = requests.post(
                f"{self.server.url}/v1/batch", json={"batch": items}, auth=(self.server.key, ""), timeout=10
            )
        except requests.RequestException:  # also one cut off in the middle of its answer
            return False
        assert answer.status_code == 200, answer.text
        return True


def storm(server: ServerProcess, kills: int, rng: random.Random) -> list[Sender]:
    """Senders at work while the server is killed at random instants and started again."""
    until = threading.Event()
    senders = [Sender(server, f"s{n}", until) for n in range(SENDERS)]
    for sender in senders:
        sender.start()
    for _ in range(kills):
        time.sleep(rng.uniform(0.05, 0.6))
        server.kill()
        server.start()
    time.sleep(0.3)
    until.set()
    for sender in senders:
        sender.join(20)
        assert not sender.is_alive()
    return senders


@pytest.mark.parametrize("kills", [4, pytest.param(25, marks=pytest.mark.slow)])
def test_what_was_acknowledged_is_there_once(tmp_path: Path, kills: int) -> None:
    with serving(tmp_path / "shop", "--no-watch") as server:
        senders = storm(server, kills, random.Random(kills))
        assert server.stop() == 0
        found = Counter(event.id.removeprefix("tests:") for event in kept(server))
    acknowledged = [message for sender in senders for message in sender.acknowledged]
    assert len(acknowledged) > SENDERS * BATCH
    assert sum(sender.repeated for sender in senders) > 0  # it did happen in the middle
    assert set(acknowledged) <= found.keys()
    assert set(found.values()) == {1}
