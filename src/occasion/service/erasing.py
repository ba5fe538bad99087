"""Erasing while the server runs: through its writer, sealer and watcher; asked for on the desk or by `occasion erase`.

The command asks by a file in data/requests: whoever may write there may change the records anyway, and no door to the
network is opened for it. The file is gone once it was read, its answer once it was fetched.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event as Signal
from threading import Lock, Thread
from typing import Any

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from occasion.errors import OccasionError
from occasion.events.event import Event
from occasion.people.erase import REQUESTS, Erased, doubt_state, erase, forget_state, leave_no_bytes, trust_state
from occasion.people.forget import forget_rows
from occasion.service.apart import Apart
from occasion.service.kept_sent import KeptSent
from occasion.service.watching import Following
from occasion.store.log import Log
from occasion.store.sealer import Sealer
from occasion.store.writer import Writer

LOOK = 0.25  # seconds between two looks at the folder
WAIT = 0.1  # seconds between two tries to have the watcher's state on disk
TRIES = 300
AGAIN = 5.0  # seconds until a watcher that has not forgotten somebody is asked again
LONGEST_PAUSE = 300.0  # between two tries, each after twice the time, where they fail
log = logging.getLogger(__name__)


class Running:
    """See occasion.people.erase.Erasing: with a server that runs. Not for the writer's own thread."""

    def __init__(
        self, data: Path, writer: Writer, sealer: Sealer, reading: Log, following: Following | Apart, *, sent: KeptSent
    ) -> None:
        self.data, self.engine = data, writer.engine
        self._writer, self._sealer, self._reading, self._following = writer, sealer, reading, following
        self._sent = sent
        self.left: dict[str, str] = {}  # whom the watcher has not forgotten yet, and what stands for them
        self.held = False  # whether a reading holds files of the log as it was
        self.unclean = False  # or what was deleted in the database's
        self.written = True  # whether these were written anew since

    def change(self, verb: Callable[[Connection], Any]) -> Any:
        """Through the writer."""
        return self._writer.do(verb).result()

    def events(self, party: str) -> Sequence[Event]:
        """The events of a canonical party."""
        return self._reading.of(party)

    def log(self, names: Mapping[str, str]) -> bool:
        """The tail is sealed, and the segments are written without them."""
        doubt_state(self.data)
        whole = self._sealer.erase(names)
        self.held |= not whole
        return whole

    def watched(self, names: Mapping[str, str]) -> bool:
        """The watcher forgets them, and reads again whose state names them; the index of what was sent forgets them."""
        self._sent.forget(names)
        self.left |= names
        if not self._forgotten(self.left):
            return False
        self.left = {}
        trust_state(self.data)
        return True

    def bytes(self) -> bool:
        """Nothing of what was deleted in the database's files, if no reading holds it and they could be written anew;
        else `again`.
        """
        self.unclean, self.written = True, False
        try:
            return self._cleaned()
        except (DBAPIError, sqlite3.Error):  # the disk is full, say; the rows are gone all the same
            log.exception("the database's files could not be written anew; it is tried again")
            return False

    def _cleaned(self) -> bool:
        """Files that were written anew are not written again: all of them would lie in the log that a reading holds."""
        self.unclean = not leave_no_bytes(self.engine, written=self.written)
        self.written = True
        return not self.unclean

    @property
    def unfinished(self) -> bool:
        """Whether there is something to be done by `again`."""
        return bool(self.left) or self.held or self.unclean

    def again(self, now: int, by: str = "system") -> None:
        """Ask a watcher that had not forgotten; what it wrote of them meanwhile goes too. Files go that were held."""
        if self.held:
            self.held = not self._sealer.tidied()
        if (names := self.left) and self.watched(names):
            self.change(lambda connection: forget_rows(connection, names, now=now, by=by))
            self.unclean, self.written = True, False
        if self.unclean:
            self._cleaned()

    def _forgotten(self, names: Mapping[str, str]) -> bool:
        """Whether the watcher's state holds nothing of them."""
        if isinstance(self._following, Apart):
            return self._following.forget(list(names))
        if self._following.reading is None:  # nothing is watched now; it once may have been
            forget_state(self.data)
            return True
        here = self._following
        self._writer.do(lambda _: here.forget_names(list(names), self._writer.clock())).result()
        for _ in range(TRIES):
            if self._writer.do(lambda _: here.scrubbed()).result():
                return True
            time.sleep(WAIT)
        return False


class Erasures:
    """Erases, one party at a time, and answers the requests of commands while it runs."""

    def __init__(self, tools: Running, clock: Callable[[], int]) -> None:
        self._tools, self._clock = tools, clock
        self._folder = tools.data / REQUESTS
        self._one = Lock()
        self._end = Signal()
        self._thread: Thread | None = None

    def erase(self, party: str, by: str) -> Erased:
        """Erase a party. Raises InputError when nothing is held about it."""
        with self._one:
            return erase(self._tools, party, now=self._clock(), by=by)

    def start(self) -> None:
        """Answer requests from now on; those left from before are older than this server."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for path in self._folder.iterdir():
            path.unlink()
        self._thread = Thread(target=self._run, name="erasures", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way, before the writer and the sealer end."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        asked, pause = time.monotonic(), AGAIN
        while not self._end.wait(LOOK):
            for path in sorted(self._folder.glob("*.json")):
                self._answer(path)
            if self._tools.unfinished and time.monotonic() - asked >= pause:
                pause = AGAIN if self._ask_again() else min(2 * pause, LONGEST_PAUSE)
                asked = time.monotonic()

    def _ask_again(self) -> bool:
        """Whether it could be asked."""
        try:
            with self._one:
                self._tools.again(self._clock())
        except Exception:
            log.exception("what is left of who was erased is not known; it is looked for again")
            return False
        return True

    def _answer(self, path: Path) -> None:
        try:
            asked = msgspec.json.decode(path.read_bytes(), type=Request)
            path.unlink()
            answer = Answer(erased=self.erase(asked.party, asked.by))
        except (OccasionError, OSError, msgspec.MsgspecError) as error:
            answer = Answer(error=str(error))
        except Exception as error:
            log.exception("an erasure failed")
            answer = Answer(error=f"it failed half-way ({type(error).__name__}): do it again, it goes on where it was")
        path.unlink(missing_ok=True)
        _put(path.with_suffix(".answer"), msgspec.json.encode(answer))


class Request(msgspec.Struct):
    """What a command asks for."""

    party: str
    by: str


class Answer(msgspec.Struct):
    """What came of it: one of the two is set."""

    erased: Erased | None = None
    error: str | None = None


def ask(data: Path, party: str, by: str, seconds: float) -> Answer:
    """Ask the running server to erase a party, and wait for the answer; an error when none comes in time."""
    folder = data / REQUESTS
    if not folder.is_dir():
        return Answer(error=f"{data}: something else changes it, and no server answers: wait until it is done")
    path = folder / f"{secrets.token_hex(8)}.json"
    answer = path.with_suffix(".answer")
    _put(path, msgspec.json.encode(Request(party, by)))
    for _ in range(int(seconds / LOOK)):
        if answer.exists():
            found = msgspec.json.decode(answer.read_bytes(), type=Answer)
            answer.unlink()
            return found
        time.sleep(LOOK)
    if path.exists():
        path.unlink(missing_ok=True)
        return Answer(error="the server did not take the request: is a load under way? Nothing was erased")
    return Answer(error="the server has not finished yet: ask again in a while, it goes on")


def _put(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".temporary")
    temporary.touch(mode=0o600)
    temporary.write_bytes(content)
    temporary.rename(path)
