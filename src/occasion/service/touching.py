"""How messages turned out, for a running server: read once a day in a process of its own, and shown from a file."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any

from sqlalchemy import Connection

from occasion.coach.copies import Copies
from occasion.coach.keeping import FILE
from occasion.coach.sent import Turned, is_sent
from occasion.desk.dates import DAY_US
from occasion.desk.expand import LATELY_DAYS
from occasion.desk.parts import Card
from occasion.desk.touches import Reading, Touches, turned_about
from occasion.desk.touches_kept import kept
from occasion.events.event import Event
from occasion.events.instants import rfc3339
from occasion.store.workspace import RECORDS

AGAIN_SECONDS = 600.0  # before a reading that failed is tried again
STOP_SECONDS = 10.0
LATELY_SECONDS = 30.0  # before the log is looked through for the messages of the last days again


@dataclass
class Touching:
    """The sums as they were read last, and the messages of the last days."""

    service: Any
    _lock: Lock = field(default_factory=Lock)
    _process: subprocess.Popen[bytes] | None = None
    _started: float | None = None
    _lately: tuple[float, list[Event]] | None = None

    def latest(self, now: int) -> Touches | None:
        """The sums, at most about a day old; None where they are being read for the first time."""
        found = kept(self.service.workspace.data)
        if found is None or found.as_of_us < now - DAY_US:
            self._read(now)
        return found

    def _read(self, now: int) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            if self._started is not None and monotonic() - self._started < AGAIN_SECONDS:
                return
            self._started = monotonic()
            command = [sys.executable, "-m", "occasion.cli", "journey", "touches", "--json", "--as-of", rfc3339(now)]
            address = self.service.engine.url.render_as_string(hide_password=False)
            self._process = subprocess.Popen(
                [*command, "--workspace", str(self.service.workspace.folder)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env={**os.environ, RECORDS: address},
            )  # fmt: skip

    def stop(self) -> None:
        """End a reading that is under way; it is done again after the next start."""
        with self._lock:
            if self._process is not None:
                self._process.terminate()
                self._process.wait(STOP_SECONDS)
                self._process = None

    def lately(self, now: int) -> list[Event]:
        """What went out in the last days."""
        clock, held = monotonic(), self._lately
        if held is None or clock - held[0] > LATELY_SECONDS:
            since = now - LATELY_DAYS * DAY_US
            events = [event for event in self.service.log.unread(since, now) if event.at > since and is_sent(event)]
            held = self._lately = (clock, events)
        return held[1]


def touching(service: Any) -> Touching:
    """The one of this service."""
    found: Touching = service.__dict__.setdefault("touching", Touching(service))
    return found


def turned_beside(service: Any, connection: Connection, card: Card, now: int) -> Turned | None:
    """How what was done about an occasion turned out; None while nothing was."""
    if card.state != "done" or not card.party.party:
        return None
    log, catalogue = service.log.of(card.party.party), service.watching.catalogue()
    path = service.workspace.data / FILE
    with closing(Copies(path)) if path.exists() else nullcontext() as copies:
        return turned_about(Reading(connection, catalogue, copies, now, service.workspace.zone), log, card.number)
