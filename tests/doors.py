"""Colleagues who are logged in, for tests: an application in this process, and a client of each role.

with desk_app(tmp_path, clock) as app:
    client = signed_in(app, "manager")          # an httpx client with a session; .post sends the csrf token
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from occasion.service import colleagues, cookies, sessions
from occasion.service.app import Settings, make_app
from occasion.store.workspace import make_workspace, read_workspace

PASSWORD = "seven green bicycles"
HERE = ("127.0.0.1", 50000)
AWAY = ("203.0.113.7", 50000)


@contextmanager
def desk_app(
    folder: Path, clock: Callable[[], int] | None = None, toml: str = "", **settings: Any
) -> Iterator[FastAPI]:
    """An application that runs on a workspace in `folder`; `toml` is added to its occasion.toml."""
    place = folder / "place"
    if not place.exists():
        make_workspace(place)
        with (place / "occasion.toml").open("a", encoding="utf-8") as file:
            file.write(toml)
    if clock is not None:
        settings["clock"] = clock
    app = make_app(Settings(read_workspace(place), following=settings.pop("following", False), **settings))
    with TestClient(app, client=HERE):
        yield app


def do(app: FastAPI, change: Callable[[Any], Any]) -> Any:
    """A change of the records by the one writer."""
    return app.state.service.writer.do(change).result(30)


def add(app: FastAPI, id: str, role: str = "colleague", **more: Any) -> None:
    """A colleague; `password` is hashed as ever (slow), left out there is none."""
    do(app, lambda c: colleagues.add(c, app.state.service.clock(), "tests", id=id, name=id.title(), role=role, **more))


class Client(TestClient):
    """A client that sends the session's token with whatever changes something."""

    csrf = ""

    def request(self, method: str, url: Any, **more: Any) -> Any:
        headers = dict(more.pop("headers", None) or {})
        if self.csrf and method.upper() not in ("GET", "HEAD", "OPTIONS"):
            headers.setdefault("X-CSRF-Token", self.csrf)
        return super().request(method, url, headers=headers, **more)


def stranger(app: FastAPI, client: tuple[str, int] = HERE, base: str = "http://desk.test") -> Client:
    """Somebody who is not logged in; the application must be running."""
    return Client(app, base_url=base, client=client, follow_redirects=False, raise_server_exceptions=False)


def signed_in(app: FastAPI, role: str, id: str = "", teams: tuple[str, ...] = ()) -> Client:
    """A client with a session of a colleague of this role (made if there is none of this id)."""
    id, doors = id or role[:3], app.state.doors

    def begin(connection: Any) -> tuple[str, str]:
        if id not in {one.id for one in colleagues.accounts(connection)}:
            colleagues.add(connection, doors.clock(), "tests", id=id, name=id.title(), role=role, teams=teams)
        token = sessions.begin(connection, id, doors.clock(), doors.settings.login)
        found = sessions.find(connection, token, doors.clock(), doors.settings.login)
        assert found is not None
        return token, found.csrf

    token, csrf = do(app, begin)
    client = stranger(app)
    client.cookies.set(cookies.SESSION, token)
    client.csrf = csrf
    return client
