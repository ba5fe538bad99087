"""The way in and out, through the whole application: sessions, their end, what slows guessing, and forged requests."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text

from clocks import Clock
from databases import Postgres, postgres_server  # noqa: F401
from doors import AWAY, HERE, PASSWORD, add, desk_app, do, signed_in, stranger
from logging_in import START, actions, app, clock, form, log_in
from occasion.errors import InputError
from occasion.service import colleagues, cookies, passwords, sessions
from occasion.service.door_settings import HOUR, LoginSettings
from occasion.service.logging import Line
from occasion.service.login import safe_next
from occasion.store import audit
from occasion.store.schema.doors import SESSIONS

__all__ = ["app", "clock"]


SECOND = 1_000_000


def test_in_and_out(app: FastAPI) -> None:
    client = stranger(app)
    gone = client.get("/password?x=1", headers={"Accept": "text/html"})
    assert (gone.status_code, gone.headers["location"]) == (303, "/login?next=/password%3Fx%3D1")
    assert client.get("/password", headers={"Accept": "application/json"}).json()["code"] == "not_logged_in"
    entered = log_in(client)
    assert (entered.status_code, entered.headers["location"]) == (303, "/password")
    assert client.get("/password").status_code == 200
    assert client.get("/login?next=/password").headers["location"] == "/password"
    left = client.post("/logout", data={"csrf": form(client, "/password")})
    assert (left.status_code, client.get("/password", headers={"Accept": ""}).status_code) == (303, 401)
    assert actions(app) == ["colleague added", "logged in", "logged out"]


def test_in_and_out_on_postgresql(
    tmp_path: Path,
    clock: Clock,
    postgres_server: Postgres,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "HASHER", passwords.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
    with desk_app(tmp_path, clock, records=postgres_server.database()) as running:
        add(running, "ewa", "admin", password=PASSWORD)
        client, other = stranger(running), signed_in(running, "manager", "jan", teams=("front",))
        assert log_in(client).status_code == 303
        assert client.get("/password").status_code == 200
        clock.now += HOUR
        assert client.get("/password").status_code == 200
        do(running, lambda c: colleagues.set_role(c, clock(), "ewa", "jan", "analyst"))
        assert other.get("/password", headers={"Accept": ""}).status_code == 401
        assert client.post("/logout/everywhere", data={"csrf": form(client, "/password")}).status_code == 303
        assert client.get("/metrics").status_code == 200
        assert actions(running)[-3:] == ["logged in", "colleague role changed", "logged out everywhere"]


def test_passwords_wait_for_their_turn_and_not_for_ever(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 0.05)
    held = [passwords._AT_ONCE.acquire(timeout=1) for _ in range(2)]
    try:
        assert log_in(stranger(app)).status_code == 429
    finally:
        for _ in held:
            passwords._AT_ONCE.release()
    assert log_in(stranger(app)).status_code == 303


def test_the_mail_address_is_a_name_too_and_capital_letters_do_not_matter(app: FastAPI) -> None:
    assert log_in(stranger(app), "Ewa@Example.com ").status_code == 303


def test_the_cookie_is_kept_from_scripts_and_other_sites(app: FastAPI) -> None:
    plain = log_in(stranger(app)).headers["set-cookie"]
    assert re.match(r"occasion=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax", plain)
    safe = log_in(stranger(app, base="https://desk.test")).headers["set-cookie"]
    assert re.match(r"__Host-occasion=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax; Secure", safe)


def test_only_a_digest_of_the_token_is_stored(app: FastAPI) -> None:
    client = stranger(app)
    log_in(client)
    token = client.cookies["occasion"]
    rows = do(app, lambda c: c.execute(select(SESSIONS)).all())
    assert [row.digest for row in rows] == [sessions.digest_of(token)]
    assert token not in str(rows)


def test_a_login_rotates_and_the_token_before_is_dead(app: FastAPI) -> None:
    client = stranger(app)
    log_in(client)
    before = client.cookies["occasion"]
    token = form(client, "/password")
    client.post("/login", data={"csrf": "x", "name": "ewa", "password": PASSWORD})  # stale form: nothing happens
    client.cookies.delete("occasion")
    csrf = form(client)
    client.cookies.set("occasion", before, domain="desk.test")
    assert client.post("/login", data={"csrf": csrf, "name": "ewa", "password": PASSWORD}).status_code == 303
    after = [c.value for c in client.cookies.jar if c.name == "occasion"]
    assert before not in after[-1:]
    assert do(app, lambda c: c.execute(text("select count(*) from sessions")).scalar()) == 1
    assert token


def test_a_session_nobody_uses_ends_and_so_does_one_that_is_always_used(app: FastAPI, clock: Clock) -> None:
    settings, client = LoginSettings(), signed_in(app, "manager")
    for _ in range(settings.longest_us // (6 * HOUR) - 1):
        clock.now += 6 * HOUR
        assert client.get("/password").status_code == 200
        do(app, lambda c: None)  # the use was written
    clock.now += 6 * HOUR
    assert client.get("/password", headers={"Accept": ""}).status_code == 401
    client = signed_in(app, "manager")
    clock.now += settings.idle_us - 1
    assert client.get("/password").status_code == 200
    clock.now += settings.idle_us
    assert client.get("/password", headers={"Accept": ""}).status_code == 401


@pytest.mark.parametrize("change", ["role", "password", "leave"])
def test_another_role_a_new_password_or_leaving_ends_every_session(app: FastAPI, clock: Clock, change: str) -> None:
    client = signed_in(app, "analyst", "ola")
    assert client.get("/password").status_code == 200
    verbs = {
        "role": lambda c: colleagues.set_role(c, clock(), "ewa", "ola", "colleague"),
        "password": lambda c: colleagues.set_password(c, clock(), "ewa", "ola", "nine slow yellow trams"),
        "leave": lambda c: colleagues.close_account(c, clock(), "ewa", "ola"),
    }
    do(app, verbs[change])
    assert client.get("/password", headers={"Accept": ""}).status_code == 401


def test_everywhere_means_every_device_of_mine_and_nobody_elses(app: FastAPI) -> None:
    first, second, other = signed_in(app, "manager", "ewa"), signed_in(app, "manager", "ewa"), signed_in(app, "admin")
    assert first.post("/logout/everywhere").status_code == 303
    assert second.get("/password", headers={"Accept": ""}).status_code == 401
    assert other.get("/password").status_code == 200


def test_a_new_password_of_ones_own(app: FastAPI) -> None:
    client, elsewhere = stranger(app), signed_in(app, "manager", "ewa")
    log_in(client)
    wrong = client.post(
        "/password", data={"csrf": form(client, "/password"), "old": "x", "new": "nine slow yellow trams"}
    )
    weak = client.post("/password", data={"csrf": form(client, "/password"), "old": PASSWORD, "new": "short"})
    assert (wrong.status_code, weak.status_code) == (403, 422)
    new = {"csrf": form(client, "/password"), "old": PASSWORD, "new": "nine slow yellow trams"}
    assert client.post("/password", data=new).status_code == 303
    assert client.get("/password").status_code == 200
    assert elsewhere.get("/password", headers={"Accept": ""}).status_code == 401
    assert log_in(stranger(app)).status_code == 401
    assert log_in(stranger(app), password="nine slow yellow trams").status_code == 303


def test_guessing_gets_slower_and_patience_opens_again(app: FastAPI, clock: Clock) -> None:
    client = stranger(app)
    assert [log_in(client, password="wrong wrong").status_code for _ in range(7)] == [401] * 5 + [429] * 2
    refused = log_in(client)
    assert refused.status_code == 429, "even the right password waits"
    assert int(refused.headers["retry-after"]) >= 1
    assert log_in(stranger(app, AWAY, "https://desk.test")).status_code == 303, "the owner elsewhere is not locked out"
    clock.now += 2 * SECOND
    assert log_in(client, password="wrong again").status_code == 401
    clock.now += SECOND
    assert log_in(client).status_code == 429, "each failure doubles the wait"
    clock.now += 2 * SECOND
    assert log_in(client).status_code == 303
    assert log_in(stranger(app), password="wrong").status_code == 401, "a success starts anew"


def test_many_names_from_one_address_are_slowed_too(app: FastAPI) -> None:
    client = stranger(app)
    answers = [log_in(client, f"name{i}", "wrong").status_code for i in range(35)]
    assert answers[:30] == [401] * 30
    assert answers[30:] == [429] * 5


def test_an_unknown_name_takes_the_time_of_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    real = passwords.PasswordHasher(time_cost=2, memory_cost=8 * 1024, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", real)
    passwords._nobody.cache_clear()
    passwords.warm_up()
    stored = real.hash(PASSWORD)

    def best(encoded: str | None) -> float:
        times = []
        for _ in range(15):
            begun = time.perf_counter()
            assert not passwords.verify(encoded, "wrong wrong wrong")
            times.append(time.perf_counter() - begun)
        return min(times)

    known, unknown = best(stored), best(None)
    passwords._nobody.cache_clear()
    assert 0.5 < unknown / known < 2


def test_the_answers_to_a_wrong_name_and_a_wrong_password_are_alike(app: FastAPI) -> None:
    def plain(answer: Any) -> str:
        return re.sub(r'value="[^"]*"', "", answer.text)

    assert plain(log_in(stranger(app), "ewa", "wrong")) == plain(log_in(stranger(app), "nobody", "wrong"))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://desk.test.evil.example"},
        {"Origin": "https://desk.test"},  # the other scheme is another origin
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_cannot_log_in_or_change_anything(app: FastAPI, headers: dict[str, str]) -> None:
    client = stranger(app)
    data = {"csrf": form(client), "name": "ewa", "password": PASSWORD}
    assert client.post("/login", data=data, headers=headers).status_code == 403
    inside = signed_in(app, "manager")
    assert inside.post("/logout/everywhere", headers=headers).status_code == 403
    assert inside.get("/password").status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": {"csrf": "wrong"}},
        {"data": {"csrf": ""}},
        {"files": {"csrf": (None, "wrong")}},
        {"content": b"\xff\xfe" * 50, "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"json": {"csrf": "right"}},
    ],
)
def test_without_the_sessions_token_nothing_changes(app: FastAPI, sent: dict[str, Any]) -> None:
    client = signed_in(app, "manager")
    right, client.csrf = client.csrf, ""
    if sent.get("json"):
        sent = {"json": {"csrf": right}}  # a token where no form would put it
    assert client.post("/logout/everywhere", **sent).status_code == 403
    other = signed_in(app, "admin")
    assert client.post("/logout/everywhere", headers={"X-CSRF-Token": other.csrf}).status_code == 403
    assert client.post("/logout/everywhere", files={"csrf": (None, right), "x": ("a.txt", b"1")}).status_code == 303


def test_a_large_body_is_refused_before_it_is_read(app: FastAPI) -> None:
    client = signed_in(app, "manager")
    assert client.post("/logout", content=b"x" * 300_000).status_code == 413

    def parts() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * 10_000

    assert client.post("/logout", content=parts()).status_code == 413
    assert client.post("/login", content=b"x" * 20_000).status_code == 413


def test_a_password_does_not_cross_a_network_in_the_open(app: FastAPI) -> None:
    refused = log_in(stranger(app, AWAY))
    assert (refused.status_code, "TLS" in refused.text) == (403, True)


def test_where_it_is_meant_it_may(tmp_path: Path) -> None:
    with desk_app(tmp_path, toml="\n[login]\nplain_http = true\n") as app:
        add(app, "ewa", password=PASSWORD)
        assert log_in(stranger(app, AWAY)).status_code == 303


def test_a_proxy_that_is_not_trusted_cannot_say_who_asks(app: FastAPI) -> None:
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
    client = stranger(app, AWAY)
    data = {"csrf": form(client), "name": "ewa", "password": PASSWORD}
    assert client.post("/login", data=data, headers=forged).status_code == 403
    assert stranger(app, HERE).get("/metrics").status_code == 200
    assert stranger(app, HERE).get("/metrics", headers={"X-Forwarded-For": "8.8.8.8"}).status_code == 401
    assert stranger(app, AWAY).get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401


def test_one_that_is_trusted_can(tmp_path: Path) -> None:
    toml = '\n[proxy]\ntrusted = ["127.0.0.1"]\n[limits]\naddress_per_minute = 5\n'
    with desk_app(tmp_path, toml=toml) as app:
        add(app, "ewa", password=PASSWORD)
        through = {"X-Forwarded-For": "198.51.100.4", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "desk.test"}
        client = stranger(app, base="https://desk.test")
        page = client.get("/login", headers=through)
        assert page.headers["set-cookie"].startswith("__Host-occasion-before=")
        answers = [client.get("/login", headers=through).status_code for _ in range(6)]
        assert answers == [200] * 4 + [429] * 2
        others = {**through, "X-Forwarded-For": "127.0.0.1, 198.51.100.5"}  # what the client says itself does not count
        assert client.get("/login", headers=others).status_code == 200


def test_too_many_requests_are_told_when_to_come_back(tmp_path: Path, clock: Clock) -> None:
    with desk_app(tmp_path, clock, toml="\n[limits]\naddress_per_minute = 60\ncolleague_per_minute = 30\n") as app:
        client, inside = stranger(app, AWAY), signed_in(app, "manager")
        assert [client.get("/favicon.ico").status_code for _ in range(61)].count(429) == 1
        assert {inside.get("/password").status_code for _ in range(30)} == {200}
        slow = inside.get("/password")
        assert (slow.status_code, slow.headers["retry-after"], slow.headers["x-ratelimit-reset"]) == (429, "2", "2")
        assert slow.json()["code"] == "too_many_requests"
        clock.now += 2 * SECOND
        assert inside.get("/password").status_code == 200


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        *(("/party/u1?tab=2#x", True), ("/", True), ("//evil.example", False), ("https://evil.example", False)),
        *(("/\\evil.example", False), ("/a\nb", False), ("javascript:alert(1)", False), ("", False), ("/login", False)),
        *(("/" + "a" * 3000, False), ("/\u202e", False), ("/\tx", False)),
    ],
)
def test_where_to_go_on_is_a_path_of_ours(path: str, safe: bool) -> None:
    assert safe_next(path) == (path if safe else "/")


def test_an_error_nobody_foresaw_says_nothing_of_what_it_was_about(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("about zq7canary")

    app.add_api_route("/fails", fail)
    for accept, kind in (("text/html", "text/html"), ("application/json", "application/json")):
        answer = stranger(app).get("/fails", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (500, kind)
        assert answer.headers["x-request-id"] in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "canary" not in answer.text
        assert "Traceback" not in answer.text
    lines = [Line().format(record) for record in caplog.records]
    assert not any("canary" in line for line in lines)
    assert [line for line in lines if '"ValueError"' in line]


def test_every_answer_has_the_headers_that_keep_a_page_to_itself(app: FastAPI) -> None:
    client = signed_in(app, "manager")
    for path in ("/password", "/login", "/nowhere", "/health/live", "/openapi.json"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "strict-transport-security" not in headers
    assert client.get("/password").headers["cache-control"] == "no-store"
    assert "strict-transport-security" in stranger(app, base="https://desk.test").get("/login").headers


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"id": "Ewa K"}, "small letters"),
        ({"id": "ewa"}, "is taken"),
        ({"role": "boss"}, "must be one of"),
        ({"email": "ewa@example.com"}, "ewa's already"),
        ({"email": "nothing"}, "no mail address"),
        ({"zone": "Mars/Base"}, "no time zone"),
        ({"password": "short"}, "12 to 256"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "too easy"),
        ({"name": " "}, "needs a name"),
    ],
)
def test_what_a_colleague_cannot_be(app: FastAPI, what: dict[str, Any], said: str) -> None:
    given = {"id": "jan", "role": "colleague", "name": "Jan", **what}
    with pytest.raises(InputError, match=said):
        do(app, lambda c: colleagues.add(c, START, "tests", **given))


def test_the_audit_says_who_came_in_without_the_name_of_a_party(app: FastAPI) -> None:
    log_in(stranger(app))
    with app.state.service.engine.connect() as connection:
        assert isinstance(audit.verify(connection), audit.Head)


def test_cookies_are_written_and_read_alike() -> None:
    for secure in (True, False):
        header = cookies.written("occasion", "abc", secure=secure).partition(";")[0].encode()
        assert cookies.read(b"a=b; " + header + b"; c", "occasion", secure=secure) == "abc"
        assert cookies.read(header, "occasion", secure=not secure) == ""
