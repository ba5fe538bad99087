"""Tells open pages that something changed: from the writer's thread to whoever listens on the server's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

WAITING = 64  # what one listener may have unread; more are dropped oldest first, since a page only needs the latest


class Changed:
    """A broadcast within the process. `tell` may be called from any thread; `listening` only on an event loop."""

    def __init__(self) -> None:
        self._listeners: dict[asyncio.Queue[str], asyncio.AbstractEventLoop] = {}

    def tell(self, what: str) -> None:
        """Say to every listener that `what` changed: a word and maybe an id, such as "occasions" or "party:u1"."""
        for queue, loop in list(self._listeners.items()):
            if not loop.is_closed():
                loop.call_soon_threadsafe(_put, queue, what)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[str]]:
        """A queue of what changes from now on, until the block ends."""
        queue: asyncio.Queue[str] = asyncio.Queue(WAITING)
        self._listeners[queue] = asyncio.get_running_loop()
        try:
            yield queue
        finally:
            self._listeners.pop(queue, None)


def _put(queue: asyncio.Queue[str], what: str) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(what)
