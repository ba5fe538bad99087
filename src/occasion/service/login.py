"""The way in and out: name and password, and the end of sessions. The company's login is in oidc.py.

A wrong name and a wrong password take the same time and get the same answer. After some failures each further try has
to wait, for the account from this address first, then for the address and for the account from anywhere.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection, func, or_, select, update
from starlette.responses import HTMLResponse, RedirectResponse

from occasion.desk.viewer import Viewer
from occasion.errors import InputError
from occasion.service import colleagues, cookies, csrf, passwords, sessions
from occasion.service.doors import Doors, doors_of
from occasion.service.pages.alone import Login
from occasion.service.pages.reader import Reader, accepted, reader_for
from occasion.service.pages.rendering import Shell, rendered
from occasion.service.rates import Patience
from occasion.service.viewer import caller_of, csrf_token, session_of, viewer_or_none, who
from occasion.store import audit
from occasion.store.schema.doors import COLLEAGUES

router = APIRouter(include_in_schema=False)
WRONG = "wrong"  # keys of the page's sentences
SLOWED = "slowed"
STALE = "stale"
PLAIN = "plain"
NOBODY = "nobody"
BOTH, ADDRESS, ACCOUNT = Patience(5), Patience(30), Patience(100)
LONGEST_NAME = 200


@dataclass(frozen=True)
class PasswordPage:
    """The form for a new password of one's own."""

    id: str
    shortest: int
    error: str = ""


@router.get("/login")
async def login_page(request: Request, next: str = "/") -> Response:
    """The form; who is in already goes on."""
    if session_of(request) is not None:
        return RedirectResponse(safe_next(next), 303)
    return await show(request, next)


@router.post("/login")
async def login(request: Request) -> Response:
    """Name and password for a session."""
    doors, asks = doors_of(request), caller_of(request)
    form = await request.form(max_files=0, max_fields=20)
    name, password, following = (_text(form, key) for key in ("name", "password", "next"))
    before = cookies.read(request.headers.get("cookie", "").encode("latin-1"), cookies.BEFORE_LOGIN, secure=asks.secure)
    if not asks.secure and not asks.loopback and not doors.settings.login.plain_http:
        return await show(request, following, name, PLAIN, status=403)
    if not csrf.is_right(_text(form, csrf.FIELD), before):
        return await show(request, following, name, STALE, status=403)
    wait = _waits(doors, name, asks.bucket)
    if wait > 0:
        doors.metrics.login("password", SLOWED)
        return await show(request, following, name, SLOWED, seconds=int(wait) + 1, status=429)
    try:
        found = await asyncio.to_thread(_check, doors, name, password)
    except passwords.TooMany:
        return await show(request, following, name, SLOWED, seconds=passwords.PATIENCE, status=429)
    if found is None:
        _count_failure(doors, name, asks.bucket)
        doors.metrics.login("password", WRONG)
        return await show(request, following, name, WRONG, status=401)
    doors.failures.forget(_key(name, asks.bucket))
    return await let_in(request, found, "password", following, password)


@router.post("/logout")
async def logout(request: Request, viewer: Annotated[Viewer, Depends(who)]) -> Response:
    """This session ends."""
    doors, token = doors_of(request), _token(request)

    def change(connection: Connection) -> None:
        sessions.end(connection, token)
        audit.note(connection, doors.clock(), viewer.id, "logged out", f"colleague:{viewer.id}")

    await asyncio.wrap_future(doors.service.writer.do(change))
    return _gone(request)


@router.post("/logout/everywhere")
async def logout_everywhere(request: Request, viewer: Annotated[Viewer, Depends(who)]) -> Response:
    """All sessions of this colleague end, on every device."""
    doors = doors_of(request)

    def change(connection: Connection) -> None:
        facts = {"sessions ended": sessions.end_all(connection, viewer.id)}
        audit.note(connection, doors.clock(), viewer.id, "logged out everywhere", f"colleague:{viewer.id}", facts)

    await asyncio.wrap_future(doors.service.writer.do(change))
    return _gone(request)


@router.get("/password")
async def password_page(request: Request, viewer: Annotated[Viewer, Depends(who)]) -> Response:
    """The form for a new password."""
    return _password_page(request, viewer)


@router.post("/password")
async def new_password(request: Request, viewer: Annotated[Viewer, Depends(who)]) -> Response:
    """A new password for oneself: the old one is asked for; other sessions end and this one gets a new token."""
    doors, asks = doors_of(request), caller_of(request)
    form = await request.form(max_files=0, max_fields=20)
    wait = _waits(doors, viewer.id, asks.bucket)
    if wait > 0:
        return _password_page(request, viewer, 429, SLOWED, seconds=int(wait) + 1)
    try:
        found = await asyncio.to_thread(_check, doors, viewer.id, _text(form, "old"))
    except passwords.TooMany:
        return _password_page(request, viewer, 429, SLOWED, seconds=passwords.PATIENCE)
    if found is None:
        _count_failure(doors, viewer.id, asks.bucket)
        return _password_page(request, viewer, 403, WRONG)
    new = _text(form, "new")

    def change(connection: Connection) -> str:
        now = doors.clock()
        colleagues.set_password(connection, now, viewer.id, viewer.id, new)
        return sessions.begin(connection, viewer.id, now, doors.settings.login)

    try:
        token = await asyncio.wrap_future(doors.service.writer.do(change))
    except InputError as why:
        return _password_page(request, viewer, 422, str(why))
    answer = RedirectResponse("/", 303)
    answer.headers.append("Set-Cookie", cookies.written(cookies.SESSION, token, secure=asks.secure))
    return answer


async def let_in(request: Request, id: str, way: str, following: str, password: str | None = None) -> Response:
    """A new session for a colleague whose identity is sure; what was there before ends."""
    doors, asks, old = doors_of(request), caller_of(request), _token(request)
    outdated = await asyncio.to_thread(_rehashed, doors, id, password) if password is not None else None

    def change(connection: Connection) -> str:
        now = doors.clock()
        if outdated:
            connection.execute(update(COLLEAGUES).where(COLLEAGUES.c.id == id).values(password=outdated))
        audit.note(connection, now, id, "logged in", f"colleague:{id}", {"way": way})
        return sessions.begin(connection, id, now, doors.settings.login, old)

    token = await asyncio.wrap_future(doors.service.writer.do(change))
    doors.metrics.login(way, "in")
    answer = RedirectResponse(safe_next(following), 303)
    answer.headers.append("Set-Cookie", cookies.written(cookies.SESSION, token, secure=asks.secure))
    answer.headers.append("Set-Cookie", cookies.written(cookies.BEFORE_LOGIN, "", secure=asks.secure, seconds=0))
    return answer


async def show(
    request: Request, following: str, name: str = "", problem: str = "", *, seconds: int = 0, status: int = 200
) -> Response:
    """The page of the way in, with a fresh token for its form. `problem`: a key of the catalogue's [login]."""
    doors, asks = doors_of(request), caller_of(request)
    token = secrets.token_urlsafe(sessions.TOKEN_BYTES)
    provider = doors.settings.oidc.name if doors.settings.oidc else ""
    if not problem and not await asyncio.to_thread(_anybody, doors):
        problem = NOBODY
    reader = _reader(request)
    error = reader.t(f"login.{problem}", seconds=seconds) if problem else ""
    page = Login(name=name[:LONGEST_NAME], next=safe_next(following), error=error, oidc=provider)
    html = rendered("login.html", page, reader, Shell(None, "login", "/login", csrf=token))
    answer = HTMLResponse(html, status)
    answer.headers.append("Set-Cookie", cookies.written(cookies.BEFORE_LOGIN, token, secure=asks.secure))
    answer.headers["Cache-Control"] = "no-store"
    if seconds:
        answer.headers["Retry-After"] = str(seconds)
    return answer


def safe_next(path: str) -> str:
    """Where to go on: a path of ours, never another site's address.

    >>> safe_next("/party/u1?tab=2"), safe_next("//evil.example"), safe_next("https://evil.example")
    ('/party/u1?tab=2', '/', '/')
    """
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if plain and path.isascii() and len(path) < 2000 and not path.startswith("/login") else "/"


def _check(doors: Doors, name: str, password: str) -> str | None:
    """The id of the colleague whose name (or mail address) and password these are."""
    now = doors.clock()
    given = name.strip().lower()[:LONGEST_NAME]
    here = or_(COLLEAGUES.c.left_us.is_(None), COLLEAGUES.c.left_us > now)
    which = or_(COLLEAGUES.c.id == given, COLLEAGUES.c.email == given)
    with doors.service.engine.connect() as connection:
        row = connection.execute(select(COLLEAGUES.c.id, COLLEAGUES.c.password).where(which, here)).first()
    right = passwords.verify(row.password if row else None, password)
    return str(row.id) if row is not None and right else None


def _rehashed(doors: Doors, id: str, password: str) -> str | None:
    """The hash with today's costs, if the stored one has others."""
    with doors.service.engine.connect() as connection:
        stored = connection.execute(select(COLLEAGUES.c.password).where(COLLEAGUES.c.id == id)).scalar()
    return passwords.HASHER.hash(password) if stored and passwords.is_outdated(stored) else None


def _anybody(doors: Doors) -> bool:
    with doors.service.engine.connect() as connection:
        return bool(connection.execute(select(func.count()).select_from(COLLEAGUES)).scalar_one())


def _key(name: str, address: str) -> str:
    return f"both {name.strip().lower()[:LONGEST_NAME]} {address}"


def _keys(name: str, address: str) -> tuple[tuple[str, Patience], ...]:
    account = f"account {name.strip().lower()[:LONGEST_NAME]}"
    return (_key(name, address), BOTH), (f"address {address}", ADDRESS), (account, ACCOUNT)


def _waits(doors: Doors, name: str, address: str) -> float:
    now = doors.clock()
    return max(doors.failures.wait(key, patience, now) for key, patience in _keys(name, address))


def _count_failure(doors: Doors, name: str, address: str) -> None:
    for key, _ in _keys(name, address):
        doors.failures.failed(key, doors.clock())


def _token(request: Request) -> str:
    header = request.headers.get("cookie", "").encode("latin-1")
    return cookies.read(header, cookies.SESSION, secure=caller_of(request).secure)


def _gone(request: Request) -> Response:
    answer = RedirectResponse("/login", 303)
    secure = caller_of(request).secure
    answer.headers.append("Set-Cookie", cookies.written(cookies.SESSION, "", secure=secure, seconds=0))
    answer.headers["Clear-Site-Data"] = '"storage"'  # pages are not kept in the first place
    return answer


def _password_page(request: Request, viewer: Viewer, status: int = 200, error: str = "", seconds: int = 0) -> Response:
    """`error`: a key of the catalogue, or a whole sentence."""
    reader = _reader(request)
    said = reader.t(f"password.{error}", seconds=seconds) if error in (WRONG, SLOWED) else error
    page = PasswordPage(viewer.id, passwords.SHORTEST, said)
    shell = Shell(viewer, "password", "/password", csrf=csrf_token(request))
    return HTMLResponse(rendered("password.html", page, reader, shell), status)


def _reader(request: Request) -> Reader:
    """How whoever is there reads: as their account says, else as their browser does."""
    viewer = viewer_or_none(request)
    locale = (viewer.locale if viewer else None) or accepted(request.headers.get("accept-language", ""))
    doors = doors_of(request)
    zone = (viewer.zone if viewer else None) or doors.service.workspace.zone
    return reader_for(locale, zone, doors.clock())


def _text(form: Any, key: str) -> str:
    value = form.get(key, "")
    return value if isinstance(value, str) else ""
