"""What the doors of a running server remember, and how they are put in front of an application.

`install(app)` comes last in make_app, when all routes are there.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request

from occasion.service import sessions
from occasion.service.authorization import TABLE
from occasion.service.door_settings import DoorSettings, read_doors
from occasion.service.metrics import Metrics
from occasion.service.passwords import warm_up
from occasion.service.rates import Failures, Rates
from occasion.service.roles import Authorization, pairs
from occasion.service.sessions import Session
from occasion.store.arrived import NotWritten

if TYPE_CHECKING:
    from occasion.service.running import Service

LOG = logging.getLogger("occasion.doors")


class Doors:
    """Limits, settings and the table; one for each application, as `app.state.doors`."""

    def __init__(self, service: Service, settings: DoorSettings, authorization: Authorization) -> None:
        self.service = service
        self.settings = settings
        self.authorization = authorization
        self.clock = service.clock
        self.by_address = Rates(settings.limits.address, settings.limits.address)
        self.by_colleague = Rates(settings.limits.colleague, settings.limits.colleague)
        self.wrong_keys = Rates(settings.limits.address, settings.limits.address)
        self.failures = Failures()
        self.metrics = Metrics(service)

    def find_session(self, token: str) -> Session | None:
        """The living session of a token; its use is written now and then, without waiting for it."""
        now = self.clock()
        with self.service.engine.connect() as connection:
            session = sessions.find(connection, token, now, self.settings.login)
        if session is not None and session.stale:
            digest = session.digest
            with suppress(NotWritten):  # the server is about to stop
                self.service.writer.do(lambda connection: sessions.touch(connection, digest, now)).add_done_callback(
                    _said
                )
        return session


def install(app: FastAPI) -> Doors:
    """Put the guard and the watch over every answer before the application's routes."""
    from occasion.service.guard import Guard
    from occasion.service.observe import Observe

    service = app.state.service
    unlisted = sorted(set(routes(app)) - set(pairs(TABLE)))
    for method, path in unlisted:
        LOG.warning("route without a line in the authorization table", extra={"method": method, "route": path})
    doors = Doors(service, read_doors(service.workspace.folder), Authorization(TABLE, unlisted))
    app.state.doors = doors
    warm_up()
    app.add_middleware(Guard, doors=doors)
    app.add_middleware(Observe, doors=doors)
    return doors


mount = install  # what make_app calls


def doors_of(request: Request) -> Doors:
    """The doors of this application."""
    doors: Doors = request.app.state.doors
    return doors


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every (method, path template) the application answers, HEAD aside."""
    import fastapi.routing

    every: Any = getattr(fastapi.routing, "iter_route_contexts", iter)  # older versions keep included routes flat
    found = []
    for context in every(app.router.routes):
        path, methods = getattr(context, "path", None), getattr(context, "methods", None) or ()
        found += [(method, path) for method in methods if path is not None and method != "HEAD"]
    return found


def _said(done: Future[Any]) -> None:
    if not done.cancelled() and done.exception() is not None:
        LOG.error("a session's use was not written", extra={"kind": type(done.exception()).__name__})
