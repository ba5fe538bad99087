"""Tells open pages that something changed: from the writer's thread to whoever listens on the server's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = "end"  # told to everybody when the server stops


class Listener:
    """What one listener has not heard yet, each thing once, however often it was told."""

    def __init__(self, wanted: frozenset[str] | None) -> None:
        self._wanted = wanted
        self._waiting: set[str] = set()
        self._something = asyncio.Event()

    def put(self, what: str) -> None:
        """It was told; on the listener's loop."""
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
    """A broadcast within the process. `tell` may be called from any thread; `listening` only on an event loop."""

    def __init__(self) -> None:
        self._listeners: dict[Listener, asyncio.AbstractEventLoop] = {}

    def tell(self, what: str) -> None:
        """Say to every listener that `what` changed: a word and maybe an id, such as "occasions" or "party:u1"."""
        for listener, loop in list(self._listeners.items()):
            if not loop.is_closed():
                loop.call_soon_threadsafe(listener.put, what)

    @contextmanager
    def listening(self, wanted: frozenset[str] | None = None) -> Iterator[Listener]:
        """What of `wanted` (None: of all) changes from now on, until the block ends."""
        listener = Listener(wanted)
        self._listeners[listener] = asyncio.get_running_loop()
        try:
            yield listener
        finally:
            self._listeners.pop(listener, None)
