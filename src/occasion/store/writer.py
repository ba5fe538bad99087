"""The one writer of the records: what waits is committed together, and answered once it is on disk."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition, Thread
from time import sleep
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from occasion.store.arrived import Batch, Busy, Effects, Follower, Group, NotWritten, Receipt
from occasion.store.digests import Runs
from occasion.store.durable import is_full
from occasion.store.history import History
from occasion.store.intake import Intake, Overtaken, TakeTraits
from occasion.store.manifest import State, read_state
from occasion.store.merged import Identities
from occasion.store.positions import WATCH, advance, position
from occasion.store.records import alone, reading, writing
from occasion.store.segments import Segments
from occasion.store.tail import Tail

T = TypeVar("T")
log = logging.getLogger(__name__)
GROUP_EVENTS = 5_000
WAITING_EVENTS = 100_000
LARGE = 2_000  # bytes from which on an event counts as several
LINGER = 0.002  # seconds in which more may join a group
PROBE = "probe"  # a row of POSITIONS that says nothing
TAIL_FULL = 3_000_000  # events that no segment holds yet, all of them in memory: no more until some are sealed
WAITED, REFUSED = 1.0, 2.0  # pressure of a follower beside from which on groups wait for it, and are refused
HOLDS, HOLD = 40, 0.005  # how often, and how many seconds, a group waits then
TICK = 0.1  # seconds without anything after which the follower hears that time goes on


@dataclass
class _Entry:
    """A batch, or another change of the records, and who waits for it."""

    batch: Batch | None
    change: Callable[[Connection], Any] | None
    future: Future[Any]
    done: Callable[[], None] | None = None
    result: Any = None
    error: Exception | None = None

    @property
    def events(self) -> int:
        """How much of the queue it takes up; large events count as several."""
        if self.batch is None:
            return 0
        return max(len(self.batch.arrived) + len(self.batch.refused), self.batch.size // LARGE)

    def answer(self, receipt: Receipt | None) -> None:
        """It is committed: nothing that goes wrong from here on undoes it."""
        try:
            if self.done is not None and self.error is None:
                self.done()
        except Exception as error:
            log.error("what follows a change failed", exc_info=error)
            self.error = error
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(receipt if receipt is not None else self.result)


class Beside(Protocol):
    """Who follows in another process."""

    def pressure(self, seq: int, clock: int) -> float:
        """How far behind the log's position and clock it is: below 1 not too far, from 2 on much too far."""

    def committed(self) -> None:
        """Something was committed. In the writer's thread."""


class Writer:
    """Everything a running server writes goes through here, in one thread, in the order it was given.

    `clock`: UTC microseconds. `follower`: reads each group after its commit; what follows from it is committed with the
    next. `traits`: takes what identify says. `group_events`: a group has no more; `waiting_events`: with more waiting,
    `submit` raises Busy. `beside`: follows in a process of its own; groups wait a little where it is far behind, and
    are refused where it is very far. While it runs, nobody else may load into the workspace.
    """

    def __init__(
        self, engine: Engine, history: History, clock: Callable[[], int], follower: Follower | None = None,
        traits: TakeTraits | None = None, *, group_events: int = GROUP_EVENTS, waiting_events: int = WAITING_EVENTS,
        beside: Beside | None = None,
    ) -> None:  # fmt: skip
        self.engine, self.history, self.clock = engine, history, clock
        self.tail = Tail()
        self.trouble: str | None = None  # why the follower stands still, if it does
        self._follower, self._beside = follower, beside
        self._intake = Intake(self.tail, Runs(), traits)
        self._group_events, self._waiting_events = group_events, waiting_events
        self._waiting: deque[_Entry] = deque()
        self._events = 0  # that wait
        self._more = Condition()
        self._effects: list[tuple[Group, Effects]] = []  # read, and to be written
        self.broken: str | None = None  # why nothing can be written, if so
        self._heard_us = 0  # when the follower last heard of the time
        self._stale = False
        self._ending = False
        self._thread: Thread | None = None

    @property
    def position(self) -> int:
        """What was committed last."""
        return self.tail.seq

    @property
    def waiting(self) -> int:
        """How many batches and changes wait."""
        return len(self._waiting)

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def identities(self) -> Identities:
        """The merge map as it stands."""
        return self._intake.identities

    def start(self) -> None:
        """Know what the records hold, and begin. Raises InputError when a load or another server writes here."""
        self.history.serve()
        with reading(self.engine) as connection:
            self._intake.refresh(connection)
            self.take_over(read_state(connection))
        self._thread = Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def take_over(self, state: State, *, anew: bool = False) -> None:
        """The history is in this state now, segments hold everything up to its position: in the writer's thread.

        `anew`: nothing that was known of the state before holds.
        """
        segments = Segments(self.history.folder, state, None if anew else self.tail.held[0])
        self._intake.runs = Runs([self.history.folder / file for file in state.runs])
        self.tail.drop(segments)

    def stop(self) -> None:
        """Commit what waits, and end."""
        with self._more:
            self._ending = True
            self._more.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.history.end_serving()

    def submit(self, batch: Batch) -> Future[Receipt]:
        """Store a batch; the receipt comes after the commit. Raises Busy when too much waits.

        The future's error is NotWritten when it could not be stored: then none of it is.
        """
        return self._put(_Entry(batch, None, Future()))

    def do(self, change: Callable[[Connection], T], done: Callable[[], None] | None = None) -> Future[T]:
        """Any other change of the records, in a transaction; its result after the commit, or what it raised.

        What it raises undoes this change alone. `done` runs once it is committed, before anything else is. Both run in
        the writer's thread and must not wait for the writer.
        """
        return self._put(_Entry(None, change, Future(), done))

    def _put(self, entry: _Entry) -> Future[Any]:
        events = entry.events
        with self._more:
            if self._ending:
                raise NotWritten("the server is about to stop: send it again")
            if events and (self._events > self._waiting_events or self._pressure() >= REFUSED):
                raise Busy
            self._events += events
            entry.future.set_running_or_notify_cancel()  # who waits may go away; what they gave is written all the same
            self._waiting.append(entry)
            self._more.notify()
        return entry.future

    def _run(self) -> None:
        while True:
            entries = self._take()
            if entries is None:
                return
            if entries or self._effects or self._stale:
                self._commit(entries)
            if not self._ending and (not entries or abs(self.clock() - self._heard_us) >= TICK * 1_000_000):
                self._tick()

    def _pressure(self) -> float:
        if self.tail.rows >= TAIL_FULL:
            return REFUSED
        return 0.0 if self._beside is None else self._beside.pressure(self.tail.seq, self.tail.clock)

    def _take(self) -> list[_Entry] | None:
        """What goes into the next transaction: batches, then changes; None: nothing more will come."""
        with self._more:
            if not self._waiting and not self._ending and not self._effects:
                self._more.wait(TICK)
            few = 0 < self._events < self._group_events and not self._ending
        if few:
            sleep(LINGER)  # rather than a wait, which every submit would end
        for _ in range(HOLDS):
            if not self._events or self._ending or self._pressure() < WAITED:
                break
            sleep(HOLD)
        with self._more:
            taken: list[_Entry] = []
            events = 0
            while self._waiting and events < self._group_events:
                entry = self._waiting[0]
                if entry.batch is not None and taken and taken[-1].change is not None:
                    break  # in the order given: what comes after a change sees it
                taken.append(self._waiting.popleft())
                events += entry.events
            self._events -= events
            if self._ending and not taken and not self._effects:
                return None
            return taken

    def _commit(self, entries: list[_Entry]) -> None:
        try:
            self._transact(entries)
        except Exception as error:
            if len(entries) > 1:  # one of them may be to blame
                for entry in entries:
                    self._commit([entry])
            elif entries:
                entries[0].future.set_exception(_not_written(error))
            else:
                self.broken = str(error).splitlines()[0]
                sleep(TICK)  # what follows from the last groups waits until it can be written
                if self._ending:
                    self._effects = []  # read again from the log after a start

    def _transact(self, entries: list[_Entry]) -> None:
        batches = [entry.batch for entry in entries if entry.batch is not None]
        changes = [entry for entry in entries if entry.change is not None]
        missed = self._refresh() if self._stale else []
        now = max(self.clock(), self.tail.clock)
        self._stale = True  # until the commit is known to have gone through
        with writing(self.engine) as connection:
            self._write_effects(connection)
            sifted = self._intake.sift(batches)
            group = self._intake.write(connection, sifted, now)
            if changes and self._beside is not None:
                alone(connection)
            for entry in changes:
                self._change(connection, entry)
            changed = self._intake.look_again(connection) if changes else ()
        self._intake.keep(sifted, group)
        self._stale, self.broken = False, None
        if self._beside is not None and (sifted.new or changes):
            self._beside.committed()
        receipts = iter(self._intake.receipts(batches, sifted, group))
        for entry in entries:
            entry.answer(next(receipts) if entry.batch is not None else None)
        self._effects_done()
        for earlier in missed:
            self._follow(earlier)
        if group.events or group.changed or changed:
            self._follow(Group(group.seq, now, group.events, tuple(sorted({*group.changed, *changed}))))

    def _refresh(self) -> list[Group]:
        """After a transaction whose end is not known: what the records hold. It may have changed the history too."""
        with reading(self.engine) as connection:
            missed = self._intake.refresh(connection)
            state = read_state(connection)
        known = self.tail.held[0]
        if known is None or known.state != state:
            self.take_over(state, anew=True)
        return missed

    def _change(self, connection: Connection, entry: _Entry) -> None:
        assert entry.change is not None
        entry.error = None  # of an earlier try
        try:
            with connection.begin_nested():
                entry.result = entry.change(connection)
        except Exception as error:
            self._refuse_if_broken(connection, error)
            entry.error = error

    def _refuse_if_broken(self, connection: Connection, error: Exception) -> None:
        """Raise what happened if the database is to blame for it, and not what was asked of it."""
        if isinstance(error, DBAPIError):
            if error.connection_invalidated or is_full(error):
                raise error
            advance(connection, PROBE, self.tail.seq, self.tail.clock)  # raises where nothing can be written

    def _write_effects(self, connection: Connection) -> None:
        if not self._effects:
            return
        try:
            with connection.begin_nested():
                for _, effects in self._effects:
                    if effects.write is not None:
                        effects.write(connection)
                last = self._effects[-1][0]
                advance(connection, WATCH, last.seq, max(last.clock, position(connection, WATCH).clock))
        except Exception as error:
            self._refuse_if_broken(connection, error)
            self._stand_still(error)

    def _effects_done(self) -> None:
        done, self._effects = self._effects, []
        for _, effects in done:
            try:
                if effects.done is not None:
                    effects.done()
            except Exception as error:
                log.error("what follows a change failed", exc_info=error)

    def _follow(self, group: Group) -> None:
        if self._follower is None:
            return
        try:
            self._effects.append((group, self._follower.read(group)))
        except Exception as error:
            self._stand_still(error)
        self._heard_us = group.clock

    def _tick(self) -> None:
        if self._follower is None:
            return
        now = self._heard_us = max(self.clock(), self.tail.clock, self._heard_us)
        try:
            effects = self._follower.tick(now)
        except Exception as error:
            self._stand_still(error)
            return
        if effects is not None:
            self._effects.append((Group(self.tail.seq, now, []), effects))

    def _stand_still(self, error: Exception) -> None:
        """The follower failed: events are stored on, and it reads them again after a start."""
        self.trouble = f"{type(error).__name__}: {error}".splitlines()[0]
        self._follower, self._effects = None, []
        log.error("the watcher stands still", exc_info=error)


def _not_written(error: Exception) -> Exception:
    if not isinstance(error, (SQLAlchemyError, Overtaken)):
        return error
    why = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return NotWritten(f"could not be stored ({why}): nothing of it is kept, send it again")
