"""Whatever is sent to the doors' parsers: an answer, never a 500 and never a traceback.

By default some dozens of inputs each; `make test-slow` runs many more (test_for_long).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import anyio
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doors import desk_app, do, signed_in
from occasion.errors import InputError
from occasion.service import cookies, csrf
from occasion.service.address import Caller, caller
from occasion.service.authorization import TABLE
from occasion.service.door_settings import ProxySettings, doors_from
from occasion.service.login import safe_next
from occasion.service.roles import Authorization
from occasion.service.ssrf import Allowed, check_url

LONG = int(os.environ.get("OCCASION_FUZZ", "5000"))
SHORT = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
RAW = st.binary(max_size=200)
PIECES = st.sampled_from(
    [
        *(b"occasion=", b"__Host-occasion=", b";", b"=", b'"', b" ", b"csrf=", b"&", b"%", b"%00", b"\r\n", b"--x"),
        *(
            b'Content-Disposition: form-data; name="csrf"',
            b"filename=",
            b"127.0.0.1",
            b"::1",
            b"[",
            b"]",
            b",",
            b"\xff",
        ),
    ]
)
MIXED = st.lists(RAW | PIECES, max_size=12).map(b"".join)
PARTED = b"multipart/form-data"
TYPES = st.sampled_from(
    [
        *(b"application/x-www-form-urlencoded", PARTED + b"; boundary=x", PARTED, PARTED + b"; boundary"),
        *(PARTED + b"; boundary=" + b"y" * 300, b"application/json", b"text/plain", b"", b"\xff/;;="),
    ]
)
NAMES = st.sampled_from(
    [
        *(b"cookie", b"origin", b"sec-fetch-site", b"x-csrf-token", b"content-type", b"content-length", b"host"),
        *(b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded", b"accept", b"accept-language"),
        *(b"authorization", b"if-none-match", b"range", b"referer", b"hx-request", b"transfer-encoding"),
    ]
)
HEADERS = st.lists(st.tuples(NAMES, MIXED), max_size=8)
TRUSTING = ProxySettings(
    trusted=tuple(doors_from({"proxy": {"trusted": ["127.0.0.0/8", "::1"]}}, "", {}).proxy.trusted)
)


def cookie_is_read(header: bytes) -> None:
    for secure in (True, False):
        found = cookies.read(header, cookies.SESSION, secure=secure)
        assert ";" not in found


def csrf_is_found(kind: bytes, body: bytes) -> None:
    assert len(csrf.token_of({b"content-type": kind}, body)) <= csrf.LONGEST + 1


def address_is_read(headers: list[tuple[bytes, bytes]], client: str | None) -> None:
    scope = {"headers": headers, "client": (client, 1) if client is not None else None, "scheme": "http"}
    for proxy in (ProxySettings(), TRUSTING):
        found: Caller = caller(scope, proxy)
        assert found.bucket
        assert isinstance(found.loopback, bool)
    if any(name in (b"x-forwarded-for", b"forwarded") for name, _ in headers):
        assert not caller(scope, TRUSTING).loopback


def next_is_ours(path: str) -> None:
    found = safe_next(path)
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert found.isprintable()


def url_is_judged(url: str) -> None:
    try:
        check_url(url, Allowed(), lambda host, port: ["127.0.0.1"])
    except InputError as why:
        one_line(why)
    else:
        raise AssertionError(f"{url!r} leads to loopback and was let through")


def settings_are_read(said: dict[str, Any]) -> None:
    try:
        doors_from(said, "occasion.toml", {})
    except InputError as why:
        one_line(why)


def one_line(why: InputError) -> None:
    assert len(str(why).splitlines()) == 1


def path_is_looked_up(method: str, path: str) -> None:
    found = Authorization(TABLE).find(method, path)
    assert found is None or method in (*found.line.methods, "HEAD")


TEXTS = st.text(max_size=60) | st.sampled_from(["//", "/\\", "/", "/login", "\t", "\u202e"]).flatmap(
    lambda head: st.text(max_size=20).map(lambda tail: head + tail)
)
SAID = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(["idle_hours", "trusted", "public", "issuer", "client", "secret", "allow", "address_per_minute"])
SECTIONS = st.dictionaries(
    st.sampled_from(["login", "oidc", "proxy", "limits", "webhooks"]), st.dictionaries(KEYS, SAID) | SAID, max_size=3
)
CASES: dict[str, tuple[Any, Any]] = {
    "cookies": (cookie_is_read, {"header": MIXED}),
    "csrf": (csrf_is_found, {"kind": TYPES | MIXED, "body": MIXED}),
    "address": (
        address_is_read,
        {"headers": HEADERS, "client": st.none() | st.text(max_size=12) | st.just("127.0.0.1")},
    ),
    "next": (next_is_ours, {"path": TEXTS}),
    "url": (url_is_judged, {"url": TEXTS | TEXTS.map(lambda text: "https://" + text)}),
    "settings": (settings_are_read, {"said": SECTIONS}),
    "paths": (path_is_looked_up, {"method": st.sampled_from(["GET", "POST", "HEAD", "X"]), "path": TEXTS}),
}


@pytest.mark.parametrize("name", CASES)
def test_parsers_answer_whatever_they_are_given(name: str) -> None:
    check, given_ = CASES[name]
    SHORT(given(**given_)(check))()


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_for_long(name: str) -> None:
    check, given_ = CASES[name]
    settings(SHORT, max_examples=LONG)(given(**given_)(check))()


SEEDS = (
    *(
        b"occasion=abc; __Host-occasion=def",
        b'a="b"; occasion=',
        b"csrf=token&name=ewa&password=%C5%BC",
        b"https://[::1]/",
    ),
    b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\ntoken\r\n--x--\r\n',
    *(b"127.0.0.1, [2001:db8::1]:80, unknown", b"/party/u1?tab=2", b"https://user@example.com:443/x", b"http://0x7f.1"),
)


def mutated(random: Random) -> bytes:
    """One of the seeds, or two, with bytes changed, repeated, cut out or put in."""
    content = bytearray(random.choice(SEEDS) + (random.choice(SEEDS) if random.random() < 0.3 else b""))
    for _ in range(random.randrange(6)):
        at = random.randrange(len(content) + 1)
        how = random.randrange(4)
        if how == 0:
            content[at : at + 1] = bytes([random.randrange(256)])
        elif how == 1:
            content[at:at] = random.choice(SEEDS)[: random.randrange(1, 12)]
        elif how == 2:
            del content[at : at + random.randrange(1, 9)]
        else:
            content[at:at] = content[at : at + 4] * random.randrange(1, 20)
    return bytes(content)


@pytest.mark.slow
def test_a_million_inputs() -> None:
    random, count = Random(20261122), 0
    kinds = [b"application/x-www-form-urlencoded", PARTED + b"; boundary=x", None]
    while count < 1_000_000:
        content = mutated(random)
        text, kind = content.decode("latin-1"), random.choice(kinds)
        cookie_is_read(content)
        csrf_is_found(content if kind is None else kind, content)
        address_is_read([(b"x-forwarded-for", content), (b"host", content)], random.choice([None, "127.0.0.1", text]))
        next_is_ours(text)
        url_is_judged(text)
        path_is_looked_up("GET", text)
        count += 6


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    limits = "\n[limits]\naddress_per_minute = 1000000\ncolleague_per_minute = 1000000\n"
    with desk_app(tmp_path_factory.mktemp("fuzz"), toml=limits) as running:
        yield running


ROUTES = [(method, path) for line in TABLE if line.path != "/live" for path in (line.path,) for method in line.methods]


def through(app: FastAPI, request: dict[str, Any]) -> int:
    """A request as a server hands it over, whatever its bytes; the status."""
    status = 0
    scope = {"type": "http", "http_version": "1.1", "asgi": {"version": "3.0"}, "root_path": "", "state": {}}
    scope |= {"scheme": "http", "server": ("desk.test", 80), "client": ("127.0.0.1", 1), **request}
    body = scope.pop("body")

    async def ask() -> None:
        sent = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            return next(sent, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]

        with anyio.fail_after(20):
            await app(scope, receive, send)

    anyio.run(ask)
    return status


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    method, template = draw(st.sampled_from(ROUTES))
    path = re.sub(r"\{[^}]*\}", lambda _: draw(st.text(max_size=20) | st.sampled_from(["1", "u1", "../x"])), template)
    query = draw(MIXED | st.dictionaries(st.sampled_from(["next", "q", "older", "about", "day"]), TEXTS).map(encoded))
    fields = st.sampled_from(["csrf", "name", "password", "next", "old", "new", "to", "until", "reason", "look"])
    body = draw(MIXED | st.dictionaries(fields, TEXTS, max_size=6).map(encoded))
    headers = [(b"host", b"desk.test"), *draw(HEADERS), (b"content-type", draw(TYPES))]
    return {
        **{"method": method, "path": path, "raw_path": quote(path, errors="replace").encode(), "query_string": query},
        **{"headers": headers, "body": body},
    }


def encoded(fields: dict[str, str]) -> bytes:
    return urlencode(fields, errors="replace").encode()


def answers(app: FastAPI, session: list[tuple[bytes, bytes]], request: dict[str, Any]) -> None:
    status = through(app, {**request, "headers": [*session, *request["headers"]]})
    assert 200 <= status < 500, status


def test_no_request_to_any_route_ends_in_a_500(app: FastAPI) -> None:
    SHORT(given(request=requests())(lambda request: answers(app, [], request)))()


def test_nor_does_one_of_an_admin(app: FastAPI) -> None:
    SHORT(given(request=requests())(lambda request: answers(app, session_of(app), request)))()


@pytest.mark.slow
def test_requests_for_long(app: FastAPI) -> None:
    longer = settings(SHORT, max_examples=LONG)
    longer(given(request=requests())(lambda request: answers(app, session_of(app), request)))()


def session_of(app: FastAPI) -> list[tuple[bytes, bytes]]:
    """A session of an admin with its token; made anew once it was ended by what was sent."""
    kept: dict[str, Any] = app.state.__dict__.setdefault("_fuzz", {})
    client = kept.get("client")
    if client is None or do(app, lambda c: app.state.doors.find_session(client.cookies["occasion"])) is None:
        client = kept["client"] = signed_in(app, "admin")
    return [(b"cookie", f"occasion={client.cookies['occasion']}".encode()), (b"x-csrf-token", client.csrf.encode())]
