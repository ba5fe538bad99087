"""Sealing while a server runs: the tail goes into segments by size or age, in a process of its own."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from threading import Event as Signal
from threading import Lock, Thread
from typing import Any

from sqlalchemy import Engine

from occasion.errors import OccasionError
from occasion.store.history import History
from occasion.store.manifest import Changes, Manifest, State, read_state, write_changes
from occasion.store.party_file import SUFFIX
from occasion.store.records import open_records
from occasion.store.tail_sealing import Kept, file_by_party, forget_sealed, seal_tail
from occasion.store.writer import Writer

ROWS = 200_000
AGE_US = 600_000_000
LOOK = 0.5  # seconds between two looks at the tail
KEPT_TRIES, KEPT_WAIT = 100, 0.05  # how often, and how many seconds apart, who follows is asked
ERASE_TRIES = 1_000  # and where somebody is to be erased
GROUPS_AT_ONCE = 10  # removed in one transaction
LAZY = 10  # niceness: sealing waits for whoever answers clients
# A position to seal up to, names to erase, or a segment that needs its file by party.
Asked = int | dict[str, str] | str
log = logging.getLogger(__name__)


class Sealer:
    """Seals the tail of a running writer once it has so many rows or its oldest is so old (by the writer's clock).

    What is written and read goes on meanwhile. `apart`: in a process of its own, so that this one has its time for
    clients; a test may do without. `kept`: asked whether who follows the log keeps its state up to a position, so that
    it would not need the groups before it after a crash; what it may still need is not sealed.
    """

    def __init__(
        self,
        writer: Writer,
        history: History,
        rows: int = ROWS,
        age_us: int = AGE_US,
        *,
        apart: bool = True,
        kept: Callable[[int], bool] | None = None,
    ) -> None:
        self._kept = kept
        self._writer, self._history, self._rows, self._age_us = writer, history, rows, age_us
        self._apart = apart
        self._busy = Lock()
        self._dictionaries: Kept = {}
        self._process: Any = None
        self._pipe: Pipe | None = None
        self._end = Signal()
        self._thread: Thread | None = None
        self.trouble: str | None = None  # why the last try failed, if it did

    def start(self) -> None:
        """Look at the tail from now on."""
        self._thread = Thread(target=self._run, name="sealer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, before the writer does."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        self._end_process()

    def due(self) -> bool:
        """Whether the tail is long or old enough."""
        tail = self._writer.tail
        first = tail.first_clock
        return tail.rows >= self._rows or bool(first and self._writer.clock() - first >= self._age_us)

    def seal(self) -> bool:
        """Seal what is in the tail now; False when there is nothing, or somebody else changes the history."""
        with self._busy, self._history.writing():
            upto = self._writer.do(lambda _: self._writer.tail.cut()).result()
            if not self._wait_kept(upto):
                upto = self._kept_before(upto)
            changes = self._made(upto) if upto > self._writer.tail.sealed else None
            if changes is None:
                return False
            self._commit(changes)
            self._history.tidy()
        return True

    def _kept_before(self, upto: int) -> int:
        """The last end of a stretch up to which the state is kept: under load that is never now."""
        tail, kept = self._writer.tail, self._kept
        if self._end.is_set() or kept is None:
            return tail.sealed
        ends = [stretch.seq for stretch in tail.stretches if stretch.seq < upto]
        return next((end for end in reversed(ends) if kept(end)), tail.sealed)

    def _wait_kept(self, upto: int, tries: int = KEPT_TRIES) -> bool:
        if self._kept is None:
            return True
        for _ in range(tries):
            if self._kept(upto):
                return True
            if self._end.wait(KEPT_WAIT):
                return False
        return False

    def erase(self, names: Mapping[str, str]) -> bool:
        """Take parties out of the history (see `History.erase`) while the writer runs; they are buried already.

        Events that come meanwhile are stored. False: a reading under way still holds old files; they go once it is over
        and something was sealed. Raises InputError when somebody else changes the history.
        """
        with self._busy, self._history.writing():
            upto = self._writer.do(lambda _: self._writer.tail.cut()).result()
            if not self._wait_kept(upto, ERASE_TRIES):
                raise OccasionError("the watcher has not kept its state yet: erase again in a moment")
            if upto > self._writer.tail.sealed and (sealed := self._made(upto)) is not None:
                self._commit(sealed)
            if (changes := self._made(dict(names))) is not None:
                self._commit(changes, anew=True)
            return self._history.clean_up(names)

    def tidied(self) -> bool:
        """Remove what newer segments replaced; whether all of it could be, or a reading still holds some."""
        with self._busy, self._history.writing():  # which tidies
            return self._history.is_tidy()

    def file_by_party(self) -> bool:
        """Make one file by party that is missing (of what a load brought), so that a party is read quickly."""
        folder = self._history.folder
        state = self._writer.tail.held[0]
        for segment in state.state.segments if state is not None else ():
            if not (folder / f"{segment.file}{SUFFIX}").is_file():
                with self._busy, self._history.writing():
                    self._made(segment.file)
                return True
        return False

    def _run(self) -> None:
        while not self._end.wait(LOOK):
            try:
                while self.due() and self.seal():
                    pass
                while not self.due() and not self._end.is_set() and self.file_by_party():
                    pass
                self.trouble = None
            except Exception as error:  # also of the database: it may be away for a while
                self.trouble = f"{type(error).__name__}: {error}".splitlines()[0]
                log.error("the tail could not be sealed; it stays where it is", exc_info=error)
                self._end_process()
                self._end.wait(LOOK * 20)

    def _commit(self, changes: Changes, *, anew: bool = False) -> None:
        state: list[State] = []

        def change(connection: Any) -> None:
            write_changes(connection, changes)
            state[:] = [read_state(connection)]

        self._writer.do(change, lambda: self._writer.take_over(state[0], anew=anew)).result()
        sealed = state[0].sealed
        while self._writer.do(lambda c: forget_sealed(c, sealed, GROUPS_AT_ONCE)).result():
            pass

    def _made(self, asked: Asked) -> Changes | None:
        """What doing that changes."""
        if not self._apart:
            return _make(asked, self._history.folder, self._history.manifest, self._writer.engine, self._dictionaries)
        if self._process is None or not self._process.is_alive():
            self._start_process()
        assert self._pipe is not None
        self._pipe.send(asked)
        made: Changes | str | None = self._pipe.recv()
        if isinstance(made, str):
            raise OccasionError(made)
        return made

    def _start_process(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        address = self._writer.engine.url.render_as_string(hide_password=False)
        arguments = (theirs, self._history.folder, address, self._history.state().buckets)
        self._process = context.Process(target=_work, args=arguments, name="sealing", daemon=True)
        self._process.start()
        theirs.close()

    def _end_process(self) -> None:
        if self._process is not None:
            assert self._pipe is not None
            with suppress(OSError):
                self._pipe.close()  # which ends it
            self._process.join(10)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process.close()
            self._process = None


def _make(asked: Asked, folder: Path, manifest: Manifest, engine: Engine, kept: Kept) -> Changes | None:
    if isinstance(asked, int):
        return seal_tail(folder, manifest, engine, asked, kept)
    if isinstance(asked, str):
        file_by_party(folder, asked)
        return None
    from occasion.store.erasing import erase_sealed

    kept.clear()
    return erase_sealed(folder, manifest, asked)


def _work(pipe: Pipe, folder: Path, address: str, buckets: int) -> None:
    """Do what comes, and say what is to be listed, until the other side is gone."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the server ends us
    os.nice(LAZY)
    engine = open_records(address)
    manifest = Manifest(engine, buckets)
    kept: Kept = {}
    with suppress(EOFError, OSError):
        while True:
            asked = pipe.recv()
            try:
                pipe.send(_make(asked, folder, manifest, engine, kept))
            except Exception as error:
                pipe.send(f"{type(error).__name__}: {error}".splitlines()[0])
