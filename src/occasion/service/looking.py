"""A thread that lets time work on the desk: every minute what comes back or slips by, every hour a look ahead."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from sqlalchemy import Connection, Engine

from occasion.desk.actions import unlogged
from occasion.desk.ahead import HORIZON_DAYS, Looked, in_pieces, look_at, look_at_dates, write
from occasion.desk.certain import dates_in
from occasion.desk.snapshot import EventsOf
from occasion.desk.turning import AT_ONCE, turn
from occasion.errors import InputError, OccasionError
from occasion.moments.catalogue import Catalogue
from occasion.people.permission import ContactRules
from occasion.store.arrived import Batch, Receipt
from occasion.store.history import History

PIECE = 50  # occasions written in one transaction: clients wait for it
TURN_SECONDS = 60.0
LOOK_SECONDS = 3600.0
PATIENCE = 5.0
DAY_US = 86_400_000_000
Do = Callable[[Callable[[Connection], Any]], Future[Any]]
log = logging.getLogger(__name__)


class Looking:
    """Started and stopped with the server. `do`: the writer's; `events_of`: all of a party's events; `zone`: the
    workspace's; `tell`: hears when the desk changed; `submit`: the writer's; `rules`: of contact, else the usual ones.
    """

    def __init__(
        self,
        engine: Engine,
        do: Do,
        clock: Callable[[], int],
        *,
        catalogue: Callable[[], Catalogue],
        history: History,
        events_of: EventsOf,
        zone: str,
        tell: Callable[[str], None],
        submit: Callable[[Batch], Future[Receipt]],
        rules: ContactRules | None = None,
    ) -> None:
        self._engine, self._do, self._clock = engine, do, clock
        self._catalogue, self._history, self._events_of = catalogue, history, events_of
        self._zone, self._tell, self._submit, self._rules = zone, tell, submit, rules
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="looking", daemon=True)

    def start(self) -> None:
        """Begin: a turn at once, a look ahead after the first minute."""
        self._thread.start()

    def stop(self) -> None:
        """End; a look that is under way is given some seconds, and what it found is left for the next start."""
        self._end.set()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        self._safely(self.make_up)
        since_look = LOOK_SECONDS - TURN_SECONDS
        while True:
            self._safely(self.turn)
            if since_look >= LOOK_SECONDS:
                self._safely(self.look)
                since_look = 0.0
            if self._end.wait(TURN_SECONDS):
                return
            since_look += TURN_SECONDS

    def _safely(self, work: Callable[[], int]) -> None:
        try:
            if work():
                self._tell("occasions")
        except OccasionError as error:
            log.warning("the desk was not brought up to date: %s", type(error).__name__)
        except Exception:
            log.exception("the desk was not brought up to date")

    def make_up(self) -> int:
        """Gestures whose events a sudden end may have kept from the log are given to it again: it knows what it has."""
        with self._engine.connect() as connection:
            events = unlogged(connection, self._clock() - 2 * DAY_US)
        return self._submit(Batch(arrived=events)).result().taken if events else 0

    def turn(self) -> int:
        """What was held comes back, what nobody took slips by, promises come due; how many occasions changed."""
        now, changed = self._clock(), 0
        while some := int(self._do(lambda connection: turn(connection, now, self._zone, self._rules)).result()):
            changed += some
            if some < AT_ONCE:
                break
        return changed

    def look(self) -> int:
        """Who is coming and who is slipping, over everybody; how many occasions are new or gone."""
        now, catalogue = self._clock(), self._catalogue()
        until = now + HORIZON_DAYS * DAY_US
        try:
            with self._history.beside() as history:
                dates = dates_in(history, catalogue.moments, now=now, until=until, zone=self._zone)
        except InputError:  # no events yet
            dates = []
        looked = Looked(moments=frozenset(moment.name for moment in catalogue.moments))
        for moment in catalogue.moments:
            if self._end.is_set():
                return 0
            with self._engine.connect() as connection:
                look_at(connection, moment, looked, now=now, zone=self._zone, events_of=self._events_of)
        with self._engine.connect() as connection:
            look_at_dates(connection, catalogue, looked, dates, now=now, zone=self._zone)
        changed = 0
        for some in in_pieces(looked, PIECE):
            if self._end.is_set():
                break
            done = self._do(lambda connection, some=some: write(connection, some, now=now)).result()  # type: ignore[misc]
            changed += len(done.opened) + len(done.closed)
        return changed
