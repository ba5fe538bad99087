"""The thread that sends: webhooks that are due, notices that wait, the morning's digests."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from sqlalchemy import Connection, Engine

from occasion.service.clock import Clock
from occasion.service.out import notices, webhooks

Do = Callable[[Callable[[Connection], Any]], Future[Any]]
PAUSE = 0.25  # seconds between two looks
REST = 5.0  # seconds after a look that failed
DIGEST_EVERY_US = 60_000_000
PATIENCE = 30.0
KEPT_US = 30 * 86_400_000_000  # how long what was sent stays on record
log = logging.getLogger(__name__)


class Sending:
    """Looks at the queues a few times a second. Reads with `engine`, writes what came of it through `do` (the writer).

    `post`, `notify`: how to send. What could not even be written down is logged. An outage of the other side
    delays, and never holds up, what the desk does.
    """

    def __init__(
        self,
        engine: Engine,
        do: Do,
        clock: Clock,
        *,
        post: webhooks.Post,
        notify: notices.Notify = notices.by_apprise,
        zone: str = "UTC",
    ) -> None:
        self._engine, self._do, self._clock = engine, do, clock
        self._post, self._notify, self._zone = post, notify, zone
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sending", daemon=True)
        self._digests_at = -DIGEST_EVERY_US

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is under way and end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        while not self._stop.wait(PAUSE):
            try:
                self.once()
            except Exception:  # the thread outlives a database that is away for a while
                log.exception("what waits to be sent could not be looked at")
                self._stop.wait(REST)

    def once(self) -> int:
        """One look at everything; how much was sent or tried."""
        now = self._clock()
        if now - self._digests_at >= DIGEST_EVERY_US:
            self._digests_at = now
            self._do(lambda connection: self._minute(connection, now)).result(PATIENCE)
        with self._engine.connect() as connection:
            waiting = webhooks.due(connection, now)
            told = notices.waiting(connection)
        for message in told:  # first: somebody may be in trouble
            if self._stop.is_set():
                break
            self._told(notices.send(message, self._notify))
        for one in waiting:
            if self._stop.is_set():
                break
            status, said = webhooks.send(one, self._post, self._clock())
            self._settle(one, status, said)
        return len(waiting) + len(told)

    def _minute(self, connection: Connection, now: int) -> None:
        """The morning's digests; and what was settled long ago goes."""
        notices.queue_digests(connection, now, self._zone)
        notices.tidy(connection, now - KEPT_US)
        webhooks.tidy(connection, now - KEPT_US)

    def _told(self, outcome: dict[int, str]) -> None:
        now = self._clock()
        self._do(lambda connection: notices.settle_notices(connection, outcome, now)).result(PATIENCE)

    def _settle(self, one: webhooks.Delivery, status: int | None, said: str) -> None:
        now = self._clock()
        self._do(lambda connection: webhooks.settle(connection, one, status, said, now)).result(PATIENCE)
