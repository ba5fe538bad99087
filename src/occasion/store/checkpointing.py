"""What SQLite has written ahead is copied into its file beside the writers, not by one of them after its commit.

SQLite lets whoever commits the page that is one too many copy all of them and wait for the disk: in that time it holds
the turn, so nobody else writes. Here a thread copies most of them while others write; only the rest, which is little,
is copied in the turn, so that the next who writes begins the log anew. In a rush it is put off: a page that is written
again and again is copied once then, and the disk is there for those who wait for their commit.
"""

from __future__ import annotations

import logging
from threading import Event, Thread

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from occasion.store.records import turn

EVENTS = 5_000  # read from one copying to the next: some 4 000 pages, their occurrences included
RUSH_EVENTS = 400_000  # in a rush: about a gigabyte at most
PAGES = 6_000  # in the log from which on it begins anew; by itself SQLite copies at `records.WAL_PAGES`
REST = 2_000  # pages that were written during a copying: with more it is done again before anybody has to wait
ROUNDS = 5
PAUSE = 1.0  # seconds after what could not be done
log_ = logging.getLogger(__name__)


class Checkpointing:
    """A thread that copies from `start` to `stop`, whenever enough was written; none for another database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._events = 0
        self._enough, self._end = Event(), Event()
        self._thread = Thread(target=self._run, name="checkpointing", daemon=True)

    def start(self) -> None:
        """Do it from now on, at once with what is there: a crash may have left a gigabyte."""
        if self._engine.dialect.name == "sqlite":
            self._enough.set()
            self._thread.start()

    def stop(self) -> None:
        """Do it no more; what is not copied is as safe where it is."""
        self._end.set()
        self._enough.set()
        if self._thread.is_alive():
            self._thread.join()

    def wrote(self, events: int, *, rushing: bool = False) -> None:
        """What follows from so many events was committed; `rushing`: more wait. From one thread."""
        self._events += events
        if self._events >= (RUSH_EVENTS if rushing else EVENTS):
            self._events = 0
            self._enough.set()

    def _run(self) -> None:
        while self._enough.wait() and not self._end.is_set():
            self._enough.clear()
            try:
                self.once()
            except (DBAPIError, self._engine.dialect.loaded_dbapi.Error) as error:
                log_.warning("what is written ahead could not be copied: SQLite will do it", exc_info=error)
                self._end.wait(PAUSE)

    def once(self) -> int:
        """Copy what is there; how many pages the log had."""
        with self._engine.connect() as connection:
            before = 0
            for _ in range(ROUNDS):
                pages, copied = _copied(connection.connection)
                if (pages - before if pages >= before else pages) <= REST:  # fewer: the log has begun anew
                    break
                before = copied
            if pages >= PAGES:
                with turn(self._engine):
                    _copied(connection.connection)
            return pages


def _copied(connection: PoolProxiedConnection) -> tuple[int, int]:
    """How many pages the log has, and how many of them are copied now."""
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")  # waits for nobody
        _, pages, copied = cursor.fetchone() or (0, 0, 0)
        return int(pages), int(copied)
    finally:
        cursor.close()


__all__ = ["Checkpointing"]
