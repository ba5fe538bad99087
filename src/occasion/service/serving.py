"""Runs the application on a socket: one process, one event loop."""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from occasion.service.changed import ENDING
from occasion.service.logging import configure

KEEP_ALIVE = 75  # seconds an idle connection stays; longer than the pause between two batches of any client
PATIENCE = 10  # seconds that requests under way get when the server is told to stop


class Server(uvicorn.Server):
    """The server, which says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Open pages listen for changes as long as they may: tell them that it ends, then stop."""
        self.config.app.state.service.changed.tell(ENDING)  # type: ignore[union-attr]
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal to stop is an order like any other: stop in order and end with 0; a second one does not wait."""
        self.force_exit = self.should_exit
        self.should_exit = True


def make_server(app: FastAPI, ready: Callable[[], None]) -> Server:
    """The server for an application, not yet running."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,  # addresses of requests may name people
        log_config=None,  # service.logging says what is written
        proxy_headers=False,  # the doors decide whose forwarded headers are believed
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=PATIENCE,
    )
    return Server(config, ready)


def run_server(app: FastAPI, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve on a socket that listens already, until a signal ends it; `ready` is called once events can be sent.

    Raises what kept the service from starting, such as InputError for a workspace that cannot be used.
    """
    configure()
    try:
        make_server(app, ready).run(sockets=[listening])
    except SystemExit:
        failed: Exception | None = getattr(app.state, "failed", None)
        if failed is None:
            raise
        raise failed from None
