"""The index of what was sent, kept up to date in a thread of its own while the server runs."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event as Signal
from threading import Thread

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from occasion.coach.index import Sent
from occasion.coach.keeping import READ, keep_up, open_sent

LOOK = 0.25  # seconds between two looks at the log
REST = 0.05  # seconds between two pieces of history, so that clients are answered meanwhile
AFTER_TROUBLE = 10.0  # seconds
log = logging.getLogger(__name__)


class _Ended(Exception):
    """The server stops."""


class KeptSent:
    """`index` is for reading, from any thread; `trouble` says why it stands still, if it does.

    `position`: of the log, without asking the database. `forgotten` is called after somebody was erased, `more` after
    messages came that were not there before.
    """

    def __init__(self, data: Path, engine: Engine, folder: Path, position: Callable[[], int]) -> None:
        self._engine, self._folder, self._position = engine, folder, position
        self._keeping = open_sent(data)
        self.index: Sent = open_sent(data)
        self.trouble: str | None = None
        self.forgotten: Callable[[], None] = _nothing
        self.more: Callable[[], None] = _nothing
        self._seen = -1
        self._share = 0.0
        self._end = Signal()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Follow the log from now on; what is missing is read first."""
        self._thread = Thread(target=self._run, name="sent", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; what was not read yet is read after the next start."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        self._keeping.close()
        self.index.close()

    def forget(self, parties: Iterable[str]) -> None:
        """Keep nothing of parties that were erased; once the log gives nothing of them any more."""
        self._keeping.forget(parties)
        self._keeping.scrub()
        self.forgotten()

    def _run(self) -> None:
        while not self._end.wait(LOOK):
            try:
                position = self._position()
                if position != self._seen:
                    if keep_up(self._keeping, self._engine, self._folder, self._rest, self._told):
                        self.more()
                    self._seen = position
                self.trouble = None
            except _Ended:
                return
            except (OSError, sqlite3.Error, SQLAlchemyError) as error:
                self.trouble = f"{type(error).__name__}: {error}".splitlines()[0]
                log.error("the index of what was sent stands still", exc_info=error)
                self._end.wait(AFTER_TROUBLE)

    @property
    def share(self) -> float | None:
        """How much of what was sent before is read, from 0 to 1, while it is read for the first time; else None."""
        return None if self.index.ready else self._share

    def _told(self, what: str, done: int, of: int) -> None:
        self._share = done / of if of and what == READ else 1.0

    def _rest(self, taken: int) -> None:
        if self._end.wait(REST):
            raise _Ended


def _nothing() -> None:
    """Nobody else keeps anything of it."""


__all__ = ["KeptSent"]
