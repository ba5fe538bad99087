"""What every answer gets and leaves behind: security headers, a request id, a line in the log, a figure in the metrics.

An error nobody caught ends here as a 500 in the one shape; the log says its kind and where, never its message, which
may hold what a customer wrote.
"""

from __future__ import annotations

import logging
import secrets
import time

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from occasion.service.doors import Doors
from occasion.service.errors import Refuse, error_answer, for_program
from occasion.service.guard import FOUND_KEY
from occasion.service.roles import EMPTY, WRITE_KEY, Found
from occasion.service.viewer import CALLER_KEY, SESSION_KEY

LOG = logging.getLogger("occasion.requests")
FAILED = logging.getLogger("occasion.failed")
CONTENT_SECURITY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
A_YEAR = "max-age=31536000"


class Observe:
    """The outermost ASGI middleware."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, request_id = time.perf_counter(), secrets.token_hex(8)
        status = 0

        async def headed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(scope, MutableHeaders(raw=message["headers"]), request_id)
            await send(message)

        try:
            await self._app(scope, receive, headed)
        except Exception as why:
            FAILED.error("unforeseen", extra={"request": request_id, "route": _route(scope)}, exc_info=why)
            if not status:
                await _broken(scope, request_id)(scope, receive, headed)
        finally:
            self._note(scope, status or 499, time.perf_counter() - begun, request_id)

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        session = scope.get(SESSION_KEY)
        method, route = scope["method"] if scope["method"] in METHODS else "other", _route(scope)
        said = {
            "request": request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "role": session.viewer.role if session else None,
        }
        LOG.info("request", extra=said)
        self._doors.metrics.request(method, route, status, seconds)


def _route(scope: Scope) -> str:
    """The route's template: what was in its place may name a party. What no line covers is "other"."""
    found: Found | None = scope.get(FOUND_KEY)
    return found.template if found else "other"


def _broken(scope: Scope, request_id: str) -> Response:
    """A page for a person, where one can be drawn, else the error body."""
    why = Refuse(500, "internal", f"this should not happen; the log knows it as {request_id}")
    page = getattr(scope["app"].state, "error_page", None)
    try:
        request = Request(scope)
        drawn: Response | None = page(request, why.status, why.message) if page and not for_program(request) else None
    except Exception as again:
        FAILED.error("the page of an error failed", extra={"request": request_id}, exc_info=again)
        drawn = None
    return drawn or error_answer(why)


def _add_headers(scope: Scope, headers: MutableHeaders, request_id: str) -> None:
    found: Found | None = scope.get(FOUND_KEY)
    line = found.line if found else None
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    shared = line is not None and line.door in (WRITE_KEY, EMPTY)
    headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if shared else "same-origin")
    if line is None or line.roles or SESSION_KEY in scope:
        headers.setdefault("Cache-Control", "no-store")
    asks = scope.get(CALLER_KEY)
    if asks is not None and asks.secure:
        headers.setdefault("Strict-Transport-Security", A_YEAR)
    headers["X-Request-Id"] = request_id
