"""How messages turned out, for a running server: read once a day in a process of its own, and shown from a file."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from threading import Event as Signal
from threading import Lock, Thread, Timer
from time import monotonic
from typing import Any

from sqlalchemy import Connection

from occasion.coach.copies import Copies
from occasion.coach.keeping import FILE
from occasion.coach.sent import Turned, is_sent
from occasion.desk.cards import Ground
from occasion.desk.dates import DAY_US
from occasion.desk.expand import LATELY_DAYS, sends
from occasion.desk.owners import read_house
from occasion.desk.parts import Card, Send
from occasion.desk.touches import Reading, Touches, turned_about
from occasion.desk.touches_kept import kept
from occasion.desk.viewer import SYSTEM, Viewer
from occasion.events.event import Event
from occasion.events.instants import rfc3339
from occasion.store.merged import identities
from occasion.store.workspace import RECORDS

AGAIN_SECONDS = 600.0  # before a reading that failed is tried again
STOP_SECONDS = 10.0
TOUCHES = "touches"  # what open pages are told of: sums or sends that are new
log = logging.getLogger(__name__)
AFRESH_SECONDS = 120.0  # before it is looked again for whom there is something to add
FIRST_SECONDS = 0.25
MOST = 400  # of them, of one send: more than any viewer is shown
EVERYBODY = Viewer(SYSTEM, "", "admin")
LATELY_SECONDS = 30.0  # before the log is looked through for the messages of the last days again


@dataclass
class Touching:
    """The sums as they were read last, and the messages of the last days."""

    service: Any
    _lock: Lock = field(default_factory=Lock)
    _process: subprocess.Popen[bytes] | None = None
    _started: float | None = None
    _lately: tuple[float, list[Event]] | None = None
    _few: tuple[Send, ...] = ()
    _looked: float | None = None
    _takes: float = 0.0  # seconds to look for them
    _later: Timer | None = None  # tells open pages what was sent meanwhile
    _mores: int = 0  # how often something was sent: a look that was begun before may not have seen it
    _forgets: int = 0  # how often somebody was erased: a look that was begun before finds nothing
    _looking: Thread | None = None
    _end: Signal = field(default_factory=Signal)

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
            Thread(target=self._await, args=(self._process,), name="reading touches", daemon=True).start()

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        """Tell open pages once the sums are there."""
        if process.wait() == 0 and not self._end.is_set():
            self.service.changed.tell(TOUCHES)

    def stop(self) -> None:
        """End a reading that is under way; it is done again after the next start."""
        self._end.set()
        if (later := self._later) is not None:
            later.cancel()
        if (looking := self._looking) is not None:
            looking.join(STOP_SECONDS)
        with self._lock:
            if self._process is not None:
                self._process.terminate()
                self._process.wait(STOP_SECONDS)
                self._process = None

    def lately(self, now: int) -> list[Event]:
        """What went out in the last days."""
        clock, held, forgets, mores = monotonic(), self._lately, self._forgets, self._mores
        if held is not None and clock - held[0] <= LATELY_SECONDS:
            return held[1]
        found = self._sent_lately(now)
        with self._lock:
            if self._forgets == forgets:
                self._lately = clock, found
                if self._mores != mores:
                    self._tell_later()
        return found

    def more(self) -> None:
        """Something was sent: open pages hear of it when the last days are to be looked through again."""
        with self._lock:
            self._mores += 1
            self._tell_later()

    def _tell_later(self) -> None:
        """Within the lock."""
        if self._lately is None or self._later is not None or self._end.is_set():
            return
        wait = max(0.0, LATELY_SECONDS - (monotonic() - self._lately[0]))
        self._later = Timer(wait, self._look_again)
        self._later.daemon = True
        self._later.start()

    def _look_again(self) -> None:
        with self._lock:
            self._later = self._lately = None
        self.service.changed.tell(TOUCHES)

    def few(self, now: int) -> tuple[Send, ...]:
        """What went to many, each with everybody for whom there is something to add, as it was looked through last.

        Nobody waits for a look, but a moment for the very first: it is done beside, seldom enough to take a twentieth
        of the time at most, and open pages are told when it finds others. What it gives is to be sifted for whoever
        sees it (`expand.still`).
        """
        with self._lock:
            waits = max(AFRESH_SECONDS, 20 * self._takes)
            first = self._looked is None
            due = self._looked is None or monotonic() - self._looked > waits
            if due and not self._end.is_set() and (self._looking is None or not self._looking.is_alive()):
                self._looked = monotonic()
                self._looking = Thread(target=self._look, args=(now,), name="expanding", daemon=True)
                self._looking.start()
            looking = self._looking
        if first and looking is not None:
            looking.join(FIRST_SECONDS)
        return self._few

    def forget(self) -> None:
        """Somebody was erased: nothing that may name them stays."""
        with self._lock:
            self._few, self._lately, self._looked = (), None, None
            self._forgets += 1

    def _look(self, now: int) -> None:
        service, begun, forgets = self.service, monotonic(), self._forgets

        def events_of(party: str) -> list[Event]:
            if self._end.is_set():
                raise _Ended
            return list(service.log.of(party))

        try:
            with service.engine.connect() as connection:
                catalogue, house = service.watching.catalogue(), read_house(connection, now)
                ground = Ground(connection, EVERYBODY, now, service.workspace.zone, catalogue, house, service.rules)
                lately = self._sent_lately(now)
                found = sends(ground, lately, events_of, lambda some: texts_of(service, some), most=MOST)
        except _Ended:
            return
        except Exception:
            log.exception("nobody was looked for to add something to what went to many")
            return
        finally:
            self._takes = monotonic() - begun
        with self._lock:
            if self._forgets != forgets:
                return
            before, self._few = self._few, found
        if _who(before) != _who(found):
            service.changed.tell("occasions")

    def _sent_lately(self, now: int) -> list[Event]:
        since = now - LATELY_DAYS * DAY_US
        return [event for event in self.service.log.unread(since, now) if event.at > since and is_sent(event)]


class _Ended(Exception):
    """The server stops."""


def _who(found: Sequence[Send]) -> set[tuple[str, str]]:
    return {(send.key, one.party.party) for send in found for one in send.few}


def texts_of(service: Any, events: Sequence[Event]) -> Mapping[str, int]:
    """Which text each message is; none are known while the index is not there."""
    try:
        with Copies(service.workspace.data / FILE) as copies:
            return copies.texts([event.id for event in events])
    except sqlite3.Error:
        return {}


def touching(service: Any) -> Touching:
    """The one of this service."""
    found: Touching = service.__dict__.setdefault("touching", Touching(service))
    service.sent.forgotten, service.sent.more = found.forget, found.more
    return found


def turned_beside(service: Any, connection: Connection, card: Card, now: int) -> Turned | None:
    """How what was done about an occasion turned out; None while nothing was."""
    if card.state != "done" or not card.party.party:
        return None
    log, catalogue = service.log.of(card.party.party), service.watching.catalogue()
    path = service.workspace.data / FILE
    merged = identities(connection).moved()
    with closing(Copies(path, merged)) if path.exists() else nullcontext() as copies:
        reading = Reading(connection, catalogue, copies, now, service.workspace.zone, sent=service.sent.index)
        return turned_about(reading, log, card.number)
