"""The one place every request passes before its route: limits, who it is, whether they may, and that it is meant.

In order: address and how often, the line of the authorization table, the session, the role, the size of the body, that
a change comes from our own pages (origin and token), and that the party or occasion is theirs. What is not allowed
never reaches the route.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

import anyio.to_thread
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from occasion.service import cookies, csrf, own
from occasion.service.address import Caller, caller
from occasion.service.doors import Doors
from occasion.service.errors import Refuse, error_answer, for_program
from occasion.service.roles import ANYONE, EMPTY, MONITOR, READ_KEY, SECRET, WRITE_KEY, Found
from occasion.service.sessions import Session
from occasion.service.viewer import CALLER_KEY, SESSION_KEY

FOUND_KEY = "occasion.found"
KEYED = (WRITE_KEY, READ_KEY, SECRET)  # a wrong one is counted against the address
HOST = re.compile(rb"[A-Za-z0-9._\[\]:-]{0,255}\Z")


class Guard:
    """ASGI middleware; `doors` holds what it remembers."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            receive, send = await self._let_in(scope, receive, send)
        except Refuse as why:
            unreadable = why.code == "unreadable"  # no page can be drawn for an address that cannot be read
            answer = error_answer(why) if unreadable else self._refused(Request(scope), why)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> tuple[Receive, Send]:
        """What the route may read from and write to; raises Refuse."""
        doors, now = self._doors, self._doors.clock()
        asks = scope[CALLER_KEY] = caller(scope, doors.settings.proxy)
        headers = dict(scope["headers"])
        if not scope["query_string"].isascii() or not HOST.match(headers.get(b"host", b"")):
            raise Refuse(400, "unreadable", "the address or the Host header cannot be read; write it in ASCII")
        found = doors.authorization.find(scope["method"], scope["path"])
        scope[FOUND_KEY] = found
        if found and found.line.door == EMPTY:
            return receive, send
        if found and found.line.door in KEYED:
            _wait(doors.wrong_keys.peek(asks.bucket, now))
            return receive, self._counting_wrong_keys(asks, send)
        session = await self._session(scope, headers, asks)
        self._not_too_often(asks, session, now)
        if found is None:
            return receive, send
        if found.line.door not in (ANYONE, MONITOR):
            _has_role(found, session)
        if scope["method"] not in csrf.SAFE:
            body = await _read(receive, headers, found.line.most or 0)
            _is_meant(headers, body, asks, session, found)
            receive = _again(body, receive)
        if found.line.own and session is not None:
            await anyio.to_thread.run_sync(self._is_theirs, found, session)
        return receive, send

    async def _session(self, scope: Scope, headers: Mapping[bytes, bytes], asks: Caller) -> Session | None:
        token = cookies.read(headers.get(b"cookie", b""), cookies.SESSION, secure=asks.secure)
        if not token or not self._doors.service.running:
            return None
        session = await anyio.to_thread.run_sync(self._doors.find_session, token)
        scope[SESSION_KEY] = session
        return session

    def _not_too_often(self, asks: Caller, session: Session | None, now: int) -> None:
        if session is not None:
            _wait(self._doors.by_colleague.take(session.viewer.id, now))
        elif not asks.loopback:
            _wait(self._doors.by_address.take(asks.bucket, now))

    def _is_theirs(self, found: Found, session: Session) -> None:
        named = found.parameters[found.line.own]
        sees = own.sees_party if found.line.own == "party" else own.sees_occasion
        with self._doors.service.engine.connect() as connection:
            if not sees(connection, session.viewer, named):
                # The same as for one that does not exist: whether it does is not theirs to know.
                raise Refuse(404, "not_found", "there is nothing here, or it is somebody else's; search for the name")

    def _counting_wrong_keys(self, asks: Caller, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (401, 403, 404):
                self._doors.wrong_keys.take(asks.bucket, self._doors.clock())
            await send(message)

        return counted

    def _refused(self, request: Request, why: Refuse) -> Response:
        if for_program(request):
            return error_answer(why)
        if why.status == 401:
            place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            login = f"/login?next={quote(place, safe='/')}" if request.method == "GET" else "/login"
            if b"hx-request" in dict(request.scope["headers"]):
                return Response(status_code=401, headers={"HX-Redirect": "/login"})
            return RedirectResponse(login, 303)
        page = getattr(request.app.state, "error_page", None)
        answer: Response = page(request, why.status, why.message) if page else error_answer(why)
        answer.headers.update(why.headers)
        return answer


def _wait(seconds: float) -> None:
    if seconds > 0:
        whole = str(max(1, math.ceil(seconds)))
        headers = {"Retry-After": whole, "X-RateLimit-Reset": whole}
        raise Refuse(429, "too_many_requests", f"too many requests: try again in {whole} s", headers=headers)


def _has_role(found: Found, session: Session | None) -> None:
    if session is None:
        raise Refuse(401, "not_logged_in", "log in first, at /login")
    if session.viewer.role not in found.line.roles:
        allowed = " and ".join(sorted(found.line.roles))
        raise Refuse(403, "not_allowed", f"this is for {allowed}; ask an admin if you need it")


def _is_meant(headers: Mapping[bytes, bytes], body: bytes, asks: Caller, session: Session | None, found: Found) -> None:
    if csrf.from_elsewhere(headers, asks.origin):
        raise Refuse(403, "from_elsewhere", "this request was made by another site; open the page here and try again")
    if session is None or found.line.door == ANYONE:
        return  # the login form has a token of its own, since there is no session yet
    if not csrf.is_right(csrf.token_of(headers, body), session.csrf):
        raise Refuse(403, "csrf", "this form is out of date; load the page again and repeat it")


async def _read(receive: Receive, headers: Mapping[bytes, bytes], most: int) -> bytes:
    """The whole body, if it is not larger than it may be."""
    declared = headers.get(b"content-length", b"0")
    if not declared.isdigit() or len(declared) > 12 or int(declared) > most:
        raise _too_large(most)
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refuse(400, "broken_off", "the request broke off before its body was there; send it again")
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large(most: int) -> Refuse:
    return Refuse(413, "too_large", f"the body is larger than {most // 1024} KiB, which is the most that is taken here")


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, for the route; after it whatever the server says next."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def headers_of(message: MutableMapping[str, Any]) -> MutableHeaders:
    """The headers of a response about to start."""
    return MutableHeaders(raw=message["headers"])
