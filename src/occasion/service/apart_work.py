"""The watcher as a process of its own: it reads what the writer committed and writes what follows by itself.

Occurrences, the desk and the position of the log they follow from are committed together. It ends at once with the
server whose pipe it holds, and holds a lock meanwhile: never do two of them follow one log.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection as Pipe
from threading import Condition, Thread
from time import monotonic, perf_counter, sleep
from typing import Any, Literal, NamedTuple

from sqlalchemy.exc import DBAPIError, OperationalError

from occasion.service.clock import steady_micros, utc_micros
from occasion.service.logging import configure
from occasion.service.reacting import Reacting
from occasion.service.watched import Plan
from occasion.service.watching import Following
from occasion.store.arrived import Effects
from occasion.store.checkpointing import Checkpointing
from occasion.store.durable import FileLock, is_full
from occasion.store.history import History
from occasion.store.kept_state import is_damage, remove_state
from occasion.store.positions import WATCH, advance, position
from occasion.store.records import alone, leave_copying, reading, writing
from occasion.store.trailing import EVENTS_AT_ONCE, TrailingLog
from occasion.store.workspace import Workspace

TICK = 0.1  # seconds without anything after which it looks at the clock
APART = 0.1  # seconds from one reading to the next: groups are written together, as each transaction has its price
LONGEST = 0.01  # seconds a transaction goes on with further steps: the writer waits for it
PIECE = 1_000  # events that a piece of history is reckoned as
RETRY = 0.5  # seconds until what could not be written is tried again
TRIES = 60  # before it ends, so that nobody waits for it: another is started, and reads it again
STOP_READING = 10.0  # seconds of reading on once it is told to stop; the rest is read after the next start
FORGET_SECONDS = 30.0  # for the state to be on disk without those that were erased
COLLECTING = (50_000, 4, 250)  # thresholds of the garbage collector: what is old is looked at little by little
log_ = logging.getLogger(__name__)

Verb = Literal["more", "kept", "forget", "stop"]


class Asked(NamedTuple):
    """What the server says. `more`: something was committed; `kept`: the state is to be saved soon."""

    verb: Verb
    names: tuple[str, ...] = ()
    number: int = 0  # of a `forget`, by which its answer is known


class Standing(NamedTuple):
    """How far it is, told whenever that changed. `seq`: what is on record follows from the log up to here."""

    seq: int
    saved_seq: int
    until: int  # everything that happened up to this instant is read and on record
    busy: bool  # still reading what was there before
    beginning: bool  # and that is all of the log
    problems: tuple[str, ...]


class Told(NamedTuple):
    """Words for open pages."""

    words: tuple[str, ...]


class Forgotten(NamedTuple):
    """The answer to a `forget`: whether nothing of them is left in the state's file."""

    number: int
    whole: bool


class Failed(NamedTuple):
    """Why it ends."""

    why: str


Said = Standing | Told | Forgotten | Failed | Plan


class _Inbox:
    """What was asked and not done yet, read in a thread; without the server the process ends."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._something = Condition()
        self._asked: list[Asked] = []
        self._more = False
        Thread(target=self._read, name="asked", daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                asked: Asked = self._pipe.recv()
            except (EOFError, OSError):
                os._exit(1)  # the server is gone: what is not committed is read again by the next
            with self._something:
                if asked.verb == "more":
                    self._more = True
                else:
                    self._asked.append(asked)
                self._something.notify()

    def take(self, seconds: float) -> list[Asked]:
        """Wait so long for something to do; what was asked, without `more`."""
        with self._something:
            if not self._asked and not self._more and seconds > 0:
                self._something.wait(seconds)
            self._more = False
            asked, self._asked = self._asked, []
            return asked


class _Watcher:
    """Follows until told to stop."""

    def __init__(self, pipe: Pipe, workspace: Workspace, address: str, buffer_us: int) -> None:
        self._pipe, self._inbox = pipe, _Inbox(pipe)
        self._history = History(workspace.data, records=address)
        self._engine = self._history.engine
        self._words: list[str] = []
        self._following = Following(workspace, buffer_us, tell=self._words.append, steady=steady_micros)
        self._log = TrailingLog(self._engine, self._history)
        self._ahead = Checkpointing(self._engine)
        leave_copying(self._engine)
        self._following.work.on_changes = Reacting(self._following.catalogue, workspace.zone, self._log.recent)
        self._heard = 0.0
        self._seq = 0  # on record
        self._standing: Standing | None = None
        self._plan: Plan | None = None

    def run(self) -> None:
        """Begin, follow, and stop in order."""
        with reading(self._engine) as connection:
            self._following.start(self._log, self._now(), connection)
        self._tick()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECTING)
        self._ahead.start()
        wait = 0.0
        while self._answer(self._inbox.take(wait)):
            wait = self._follow()
        self._read_on()
        self._ahead.stop()
        self._following.stop()
        self._history.close()

    def _read_on(self) -> None:
        """To the end of what was committed, where that does not take long: the server's stop waits for it."""
        reached, until = -1, monotonic() + STOP_READING
        while self._log.position() > reached and monotonic() < until:
            reached = self._log.position()
            self._follow()

    def _follow(self) -> float:
        """Read what came; how long to wait until the next time."""
        begun = monotonic()
        group = self._log.refresh()
        if group is not None:
            self._write(self._following.read(group))
            full = len(group.events) >= EVENTS_AT_ONCE // 2
            self._ahead.wrote(len(group.events), rushing=full)
            self._heard = begun
            self._say()
            return 0.0 if full else max(0.001, begun + APART - monotonic())
        self._ahead.wrote(0)
        if begun - self._heard >= TICK or self._following.busy:
            self._heard = begun
            self._tick()
        self._say()
        return 0.001 if self._following.busy else TICK

    def _tick(self) -> None:
        effects = self._following.tick(self._now())
        self._write(effects)
        if effects is not None:
            self._ahead.wrote(PIECE)
        self._say()

    def _now(self) -> int:
        return max(utc_micros(), self._log.clock)

    def _write(self, effects: Effects | None) -> None:
        """Commit effects with the position, in several transactions where they are long.

        Each says until which time there may be something on record: how far the watcher's clock is, which in a rush is
        far behind the time of day. After a crash between two of them what came late by then is settled.
        """
        assert self._following.reading is not None
        clock = self._following.reading.watcher.clock
        seq, right = self._read_until(), min(self._log.position(), self._following.position)
        tries = 0
        while effects is not None and effects.steps is not None:
            steps, ended, tries = effects.steps(), False, tries + 1
            try:
                while not ended:
                    with writing(self._engine) as connection:
                        alone(connection)
                        until = perf_counter() + LONGEST
                        while not ended and perf_counter() < until:
                            step = next(steps, None)
                            if step is not None:
                                step(connection)
                                continue
                            ended = True
                        before = position(connection, WATCH)  # its clock is ahead while this one catches up
                        advance(connection, WATCH, right if ended else before.seq, max(before.clock, clock))
            except DBAPIError as error:
                passes = error.connection_invalidated or is_full(error) or isinstance(error, OperationalError)
                if not passes or tries >= TRIES:
                    raise
                log_.warning("what follows could not be written yet", exc_info=error)
                sleep(RETRY)
                continue
            if effects.done is not None:
                effects.done()
            break
        self._seq = seq

    def _read_until(self) -> int:
        """Up to where the log was given to the watcher: not all that was handed out while it reads what was before."""
        reading_ = self._following.reading
        return self._log.position() if reading_ is None else min(self._log.position(), reading_.seq)

    def _answer(self, asked: Sequence[Asked]) -> bool:
        """Do what was asked; False: stop."""
        for one in asked:
            if one.verb == "stop":
                return False
            if one.verb == "kept":
                self._following.kept(self._log.position())
            elif one.verb == "forget":
                self._pipe.send(Forgotten(one.number, self._forget(one.names)))
        return True

    def _forget(self, names: Sequence[str]) -> bool:
        self._log.renew()
        self._following.forget_names(names, self._now())
        until = monotonic() + FORGET_SECONDS
        while monotonic() < until:
            self._tick()
            if self._following.scrubbed():
                return True
            if self._follow():
                sleep(0.01)
        return False

    def _say(self) -> None:
        """Tell the server what changed."""
        if self._following.plan is not self._plan:
            self._plan = self._following.plan
            self._pipe.send(self._plan)
        if self._words:
            self._pipe.send(Told(tuple(dict.fromkeys(self._words))))
            self._words.clear()
        following = self._following
        reading_ = following.reading
        assert reading_ is not None
        now = Standing(
            self._seq, reading_.saved_seq, following.handed_over, following.busy or bool(following.work),
            following.beginning, following.problems,
        )  # fmt: skip
        if now != self._standing:
            self._standing = now
            self._pipe.send(now)


def work(pipe: Any, workspace: Workspace, address: str, buffer_us: int) -> None:
    """The process: until the server says stop, or is gone."""
    configure()
    for one in (signal.SIGINT, signal.SIGTERM):  # may come to the whole group; the server says when
        signal.signal(one, signal.SIG_IGN)
    lock = FileLock(workspace.data / "watching.lock")
    lock.take(wait=True)  # an earlier one, whose server was killed, may still be ending
    try:
        _Watcher(pipe, workspace, address, buffer_us).run()
    except Exception as error:
        log_.error("the watcher stands still", exc_info=error)
        if is_damage(error):  # of the state: what the records' database says is told in another way
            remove_state(workspace.data / "state.db")
        pipe.send(Failed(f"{type(error).__name__}: {error}".splitlines()[0]))
        os._exit(1)
    finally:
        lock.release()
