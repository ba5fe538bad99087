"""The watcher beside the server: started, looked after and stopped by it (see apart_work.py for what it does there).

What the server asks of a watcher in its own process (service/watching.py) it asks of this one in the same words.
"""

from __future__ import annotations

import logging
import multiprocessing
import select
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from multiprocessing.util import Finalize
from threading import Condition, Event, Lock, Thread
from time import monotonic
from typing import Any

from occasion.errors import InputError
from occasion.moments.catalogue import Catalogue, read_catalogue
from occasion.service.apart_work import FORGET_SECONDS, Asked, Failed, Forgotten, Said, Standing, Told, work
from occasion.service.watched import Plan
from occasion.store.workspace import Workspace

LONGEST_PAUSE = 60.0  # seconds before one that failed is started again, at most
WELL = 60.0  # seconds after which one that failed had been well
GIVE_UP = 5  # failures in a row after which nothing waits for it any more; it is tried all the same
STOP_SECONDS = 60.0  # to read some of what was committed and save the state
BEHIND_EVENTS, BEHIND_US = 1_000_000, 30_000_000  # it may be behind by before groups wait for it (ADR 22)
FAR_EVENTS, FAR_US = 2_000_000, 300_000_000  # and before they are refused
FEW = 5_000  # events: after a long time without any, it is late by the clock for a moment
BEGINNING = Standing(0, 0, 0, True, True, ())
log_ = logging.getLogger(__name__)


class Apart:
    """A watcher in a process of its own. `tell(what)`: words for open pages, from a thread of this.

    `trouble`: why it does not run, if so; it is started again after a pause. Any thread may ask.
    """

    def __init__(self, workspace: Workspace, address: str, buffer_us: int, tell: Callable[[str], None]) -> None:
        self.workspace, self._address, self._buffer_us, self._tell = workspace, address, buffer_us, tell
        self.trouble: str | None = None
        self.plan = _plan_of(workspace)
        self._standing = BEGINNING
        self._failures, self._begun = 0, 0.0
        self._ended = False  # whether one did, and the next has not caught up yet
        self._pipe: Pipe | None = None
        self._process: Any = None
        self._sending = Lock()
        self._answers: list[Forgotten] = []
        self._forgets = 0  # how often somebody was to be forgotten
        self._answered = Condition()
        self._forgetting = Lock()
        self._end = Event()
        self._thread = Thread(target=self._run, name="watcher's keeper", daemon=True)

    # asked by the server

    def catalogue(self) -> Catalogue:
        """The catalogue in force."""
        return self.plan.catalogue

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the catalogue as it was last read, one line each."""
        return self._standing.problems

    @property
    def busy(self) -> bool:
        """Whether it still starts or reads history."""
        return self._standing.busy

    def settled(self, until: int) -> bool:
        """Whether everything that happened up to an instant is read and on record."""
        now = self._standing
        return now.until >= until and not now.busy

    def kept(self, upto: int) -> bool:
        """Whether its state is on disk up to a position; where it is not, it is saved as soon as may be."""
        if self._standing.saved_seq >= upto or self._failures >= GIVE_UP:
            return True
        self._ask(Asked("kept"))
        return False

    def pressure(self, seq: int, clock: int) -> float:
        """How far behind the log it is: 1 and more where groups are to wait, 2 where they are to be refused.

        0 while all of the log is read, or where it does not run: that may take long, and nothing is hurried by it.
        """
        now = self._standing
        events, late_us = seq - now.seq, clock - self._buffer_us - now.until
        if now.beginning or events <= 0:
            return 0.0
        if events > FAR_EVENTS or (late_us > FAR_US and events > FEW):
            return 2.0
        return 1.0 if events > BEHIND_EVENTS or late_us > BEHIND_US else 0.0

    def late_s(self, seq: int, clock: int) -> int:
        """By how many whole seconds what is on record is behind the log; 0 while it reads all of it."""
        now = self._standing
        if now.beginning or seq <= now.seq:
            return 0
        return max(0, clock - self._buffer_us - now.until) // 1_000_000

    def committed(self) -> None:
        """Something was committed."""
        self._ask(Asked("more"))

    def forget(self, names: Sequence[str]) -> bool:
        """Keep nothing of erased parties, in memory or in the state's file; False: not yet, ask again. Waits for it."""
        with self._forgetting:
            self._forgets += 1
            if not self._ask(Asked("forget", tuple(names), self._forgets)):
                return False
            with self._answered:
                self._answered.wait_for(lambda: bool(self._its_answers()), FORGET_SECONDS + 5)
                found = self._its_answers()
                self._answers.clear()
                return bool(found) and found[0].whole

    def _its_answers(self) -> list[Forgotten]:
        return [one for one in self._answers if one.number == self._forgets]  # others came too late

    # start and stop

    def start(self) -> None:
        """Have one running from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Let it read what was committed and save its state; after the writer has stopped."""
        self._end.set()
        self._ask(Asked("stop"))
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive() and self._process is not None:
            log_.error("the watcher did not stop in time: it reads the log again at the next start")
            self._process.kill()
            self._thread.join()

    def _ask(self, asked: Asked) -> bool:
        """Say it, if it can be said at once: a process that does not read keeps nobody waiting."""
        with self._sending:
            if self._pipe is None or not _has_room(self._pipe):
                return False
            with suppress(OSError):
                self._pipe.send(asked)
                return True
            return False

    def _run(self) -> None:
        while not self._end.is_set():
            self._begun = monotonic()
            try:
                self._live()
            except OSError as error:
                self.trouble = f"the watcher's process could not be started ({error.strerror})"
            if self._end.is_set():
                return
            self._failures = 1 if monotonic() - self._begun > WELL else self._failures + 1
            self._ended = True
            self.trouble = self.trouble or "the watcher's process ended"
            log_.error("the watcher ended (%s); it is started again", self.trouble)
            self._end.wait(min(LONGEST_PAUSE, 2.0 ** (self._failures - 1)))

    def _live(self) -> None:
        """One process, from its start to its end."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        with theirs:
            process = context.Process(
                target=work, args=(theirs, self.workspace, self._address, self._buffer_us), name="watching", daemon=True
            )
            process.start()
        self._process = process
        at_exit = Finalize(None, _kill, (self._process,), exitpriority=10)  # a server that ends without `stop`
        with self._sending:
            self._pipe = ours
        if self._end.is_set():  # told to stop before there was anybody to tell
            self._ask(Asked("stop"))
        try:
            while True:
                self._hear(ours.recv())
        except (EOFError, OSError):
            pass
        finally:
            with self._sending:
                self._pipe = None
                ours.close()
            self._process.join()
            at_exit.cancel()
            self._process.close()
            self._process = None
            self._standing = BEGINNING._replace(problems=self._standing.problems)

    def _hear(self, said: Said) -> None:
        if isinstance(said, Standing):
            self._standing, self.trouble = said, None
            if self._ended and not said.busy:  # the one before may have committed what it did not live to tell
                self._ended = False
                self._tell("occasions")
            if self._failures and monotonic() - self._begun > WELL:
                self._failures = 0  # so that segments wait for it again
        elif isinstance(said, Told):
            for word in said.words:
                self._tell(word)
        elif isinstance(said, Plan):
            self.plan = said
        elif isinstance(said, Failed):
            self.trouble = said.why
        else:
            with self._answered:
                self._answers.append(said)
                self._answered.notify()


def _has_room(pipe: Pipe) -> bool:
    """Whether a short message can be sent without waiting."""
    poll = select.poll()
    poll.register(pipe.fileno(), select.POLLOUT)
    return bool(poll.poll(0))


def _kill(process: Any) -> None:
    with suppress(ValueError):  # closed: it ended before
        process.kill()


def _plan_of(workspace: Workspace) -> Plan:
    """What the catalogue says now; nothing where it cannot be read: the watcher says why."""
    try:
        return Plan.of(read_catalogue(workspace.catalogue))
    except (InputError, OSError):
        return Plan()


__all__ = ["Apart"]
