"""Tells open pages that something changed: from the writer's thread to whoever listens on the server's loop."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

REMEMBERED = 20_000  # things of which it is known when they were told last
ENDING = "end"  # told to everybody when the server stops


class Listener:
    """What one listener has not heard yet, each thing once, however often it was told."""

    def __init__(self, wanted: frozenset[str] | None) -> None:
        self.point = ""  # how far it has heard
        self._wanted = wanted
        self._waiting: set[str] = set()
        self._something = asyncio.Event()

    def put(self, what: str, point: str) -> None:
        """It was told, and that was how far things were; on the listener's loop."""
        self.point = point
        if self._wanted is None or what in self._wanted or what == ENDING:
            self._waiting.add(what)
            self._something.set()

    async def something(self) -> None:
        """Wait until there is something to hear."""
        await self._something.wait()

    def take(self) -> set[str]:
        """Everything that was told since."""
        found, self._waiting = self._waiting, set()
        self._something.clear()
        return found


class Changed:
    """A broadcast within the process. `tell` may be called from any thread; `listening` only on an event loop.

    What was told is counted, so that who comes late can ask what it missed. `run` tells one process from the one before
    it: nothing is known of what was told there.
    """

    def __init__(self, run: str = "") -> None:
        self._run = run
        self._listeners: dict[Listener, asyncio.AbstractEventLoop] = {}
        self._told: OrderedDict[str, int] = OrderedDict()  # when each thing was told last, the latest at the end
        self._count = self._forgotten = 0
        self._lock = threading.Lock()

    @property
    def point(self) -> str:
        """How far it has got; what is told later is after it."""
        return f"{self._run}-{self._count}"

    def since(self, point: str, wanted: frozenset[str]) -> frozenset[str]:
        """What of `wanted` was told after `point`; all of it where that is not known any more."""
        run, _, count = point.rpartition("-")
        with self._lock:
            if run != self._run or not count.isdecimal() or int(count) < self._forgotten:
                return wanted
            return frozenset(what for what in wanted if self._told.get(what, 0) > int(count))

    def tell(self, what: str) -> None:
        """Say to every listener that `what` changed: a word and maybe an id, such as "occasions" or "party:u1"."""
        with self._lock:
            self._count += 1
            self._told[what] = self._count
            self._told.move_to_end(what)
            if len(self._told) > REMEMBERED:
                self._forgotten = self._told.popitem(last=False)[1]
            for listener, loop in list(self._listeners.items()):  # in the order of the points
                if not loop.is_closed():
                    loop.call_soon_threadsafe(listener.put, what, self.point)

    @contextmanager
    def listening(self, wanted: frozenset[str] | None = None) -> Iterator[Listener]:
        """What of `wanted` (None: of all) changes from now on, until the block ends."""
        listener = Listener(wanted)
        self._listeners[listener] = asyncio.get_running_loop()
        try:
            yield listener
        finally:
            self._listeners.pop(listener, None)
