"""The company's login against a real provider on loopback, with every check seen to refuse what it is there for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from doors import AWAY, add, desk_app, do, stranger
from occasion.errors import InputError
from occasion.service import colleagues, oidc
from occasion.service.door_settings import doors_from
from occasion.store.schema.doors import AUDIT, COLLEAGUES
from provider import CLIENT, SECRET, Provider, first_key, provider_here


class Clock:
    ahead = 0

    def __call__(self) -> int:
        return time.time_ns() // 1000 + self.ahead


CLOCK = Clock()


@pytest.fixture(scope="module")
def running_provider() -> Iterator[Provider]:
    with provider_here() as running:
        yield running


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    """The one of this run, behaving as it should."""
    CLOCK.ahead, running_provider.wrong, running_provider.claims = 0, "", {}
    running_provider.subject, running_provider.key = "sub-1", first_key()
    running_provider.asked.clear()
    return running_provider


def settings(provider: Provider, more: str = "") -> str:
    return f'\n[oidc]\nissuer = "{provider.issuer}"\nclient = "{CLIENT}"\nsecret = "{SECRET}"\nname = "Acme"\n{more}\n'


@pytest.fixture(scope="module")
def running_app(tmp_path_factory: pytest.TempPathFactory, running_provider: Provider) -> Iterator[FastAPI]:
    provider = running_provider
    with desk_app(tmp_path_factory.mktemp("desk"), CLOCK, settings(provider)) as running:
        add(running, "ewa", "manager", email="ewa@example.com")
        do(running, lambda c: colleagues.bind_subject(c, 1, "root", "ewa", issuer=provider.issuer, subject="sub-1"))
        yield running


@pytest.fixture
def app(running_app: FastAPI, provider: Provider) -> FastAPI:
    """The one of this run, knowing nothing of its provider yet."""
    running_app.state.oidc = None
    return running_app


def through(client: Any, following: str = "/password") -> Any:
    """The browser's way: to the provider, and with its answer back."""
    to = client.get(f"/login/oidc?next={following}")
    assert to.status_code == 303, to.text
    there = httpx.get(to.headers["location"], follow_redirects=False, trust_env=False)
    return client.get(there.headers["location"])


def test_a_colleague_comes_in(app: FastAPI, provider: Provider) -> None:
    client = stranger(app)
    assert "Acme" in client.get("/login").text
    entered = through(client)
    assert (entered.status_code, entered.headers["location"]) == (303, "/password")
    assert client.get("/password").status_code == 200
    assert through(client, "//evil.example").headers["location"] == "/"
    assert provider.asked.count("/keys") == 1, "its keys are kept"


def test_over_tls_the_cookies_are_of_this_host_only(app: FastAPI) -> None:
    client = stranger(app, AWAY, "https://desk.test")
    assert client.get("/login/oidc").headers["set-cookie"].startswith("__Host-occasion-oidc=")
    assert "__Host-occasion=" in through(client).headers["set-cookie"]
    assert stranger(app, AWAY).get("/login/oidc").status_code == 403, "not in the open"


def test_the_question_is_unlike_any_other_and_hides_the_verifier(app: FastAPI) -> None:
    def asked() -> dict[str, str]:
        query = parse_qs(urlsplit(stranger(app).get("/login/oidc").headers["location"]).query)
        return {name: value[0] for name, value in query.items()}

    one, two = asked(), asked()
    assert one["redirect_uri"] == "http://desk.test/login/oidc/back"
    assert "code_verifier" not in one
    assert all(one[name] != two[name] for name in ("state", "nonce", "code_challenge"))


@pytest.mark.parametrize(
    "wrong",
    ["state", "iss", "no iss", "denied", "no id token", "none", "hmac", "other key", "changed", "discovery", "far"],
)
def test_what_cannot_be_believed_lets_nobody_in(app: FastAPI, provider: Provider, wrong: str) -> None:
    provider.wrong = wrong
    client = stranger(app)
    to = client.get("/login/oidc")
    if wrong in ("discovery", "far"):
        assert (to.status_code, "occasion=" in str(to.headers)) == (403, False)
        return
    there = httpx.get(to.headers["location"], follow_redirects=False, trust_env=False)
    answer = client.get(there.headers["location"])
    assert answer.status_code == 403
    assert client.get("/password", headers={"Accept": ""}).status_code == 401


NOW = CLOCK() // 1_000_000


@pytest.mark.parametrize(
    "claims",
    [
        *({"iss": "https://evil.example"}, {"iss": None}, {"aud": "another"}, {"aud": None}, {"aud": []}),
        *({"aud": [CLIENT, "another"]}, {"aud": [CLIENT, "another"], "azp": "another"}, {"azp": "another"}),
        *(
            {"nonce": "another"},
            {"nonce": None},
            {"exp": NOW - 3600},
            {"exp": None},
            {"iat": NOW + 3600},
            {"iat": None},
        ),
        *({"nbf": NOW + 3600}, {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 300}, {"sub": "another"}),
        *({"exp": "soon"}, {"sub": "sub-1\n"}),
    ],
)
def test_every_claim_is_looked_at(app: FastAPI, provider: Provider, claims: dict[str, Any]) -> None:
    provider.claims = claims
    client = stranger(app)
    assert through(client).status_code == 403
    assert client.get("/password", headers={"Accept": ""}).status_code == 401


def test_an_answer_is_good_once_in_its_own_browser_and_not_for_long(app: FastAPI) -> None:
    client, other = stranger(app), stranger(app)
    to = client.get("/login/oidc")
    there = httpx.get(to.headers["location"], follow_redirects=False, trust_env=False).headers["location"]
    assert other.get(there).status_code == 403, "another browser has not asked"
    other.get("/login/oidc")
    assert other.get(there).status_code == 403, "it asked something else"
    assert client.get(there).status_code == 303
    assert client.get(there).status_code == 403, "a second time"
    to = client.get("/login/oidc")
    there = httpx.get(to.headers["location"], follow_redirects=False, trust_env=False).headers["location"]
    CLOCK.ahead += 601 * 1_000_000
    assert client.get(there).status_code == 403


def test_new_keys_of_the_provider_are_found(app: FastAPI, provider: Provider) -> None:
    assert through(stranger(app)).status_code == 303
    provider.rotate()
    assert through(stranger(app)).status_code == 403, (
        "not asked again at once, so that nobody makes us ask all the time"
    )
    CLOCK.ahead += 61 * 1_000_000
    provider.clock = CLOCK
    assert through(stranger(app)).status_code == 303


def test_a_provider_that_is_gone_is_said_plainly(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    doors = app.state.doors
    gone = replace(doors.settings, oidc=replace(doors.settings.oidc, issuer="http://127.0.0.1:9"))
    monkeypatch.setattr(doors, "settings", gone)
    answer = stranger(app).get("/login/oidc")
    assert (answer.status_code, "did not answer" in answer.text) == (403, True)


def test_a_token_endpoint_that_is_gone_is_no_fault_of_ours(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    known = oidc.Provider.about

    def gone(self: oidc.Provider, now: int) -> dict[str, Any]:
        return {**known(self, now), "token_endpoint": "http://127.0.0.1:9/token"}

    monkeypatch.setattr(oidc.Provider, "about", gone)
    ours = oidc.Provider(app.state.doors.settings.oidc)
    flow = oidc.Flow("state", "nonce", "v" * 43, "/", "http://desk.test/login/oidc/back", CLOCK())
    with pytest.raises(oidc.Untrusted, match="token endpoint"):
        ours.exchange("code", flow, CLOCK())


def subject(app: FastAPI, id: str) -> str | None:
    return do(app, lambda c: c.execute(select(COLLEAGUES.c.subject).where(COLLEAGUES.c.id == id)).scalar())


@pytest.mark.parametrize(
    ("allowed", "claims", "enters"),
    [
        (True, {"email": "Jan@Example.com", "email_verified": True}, True),
        (False, {"email": "jan@example.com", "email_verified": True}, False),
        (True, {"email": "jan@example.com", "email_verified": False}, False),
        (True, {"email": "jan@example.com", "email_verified": "true"}, False),
        (True, {"email": "jan@example.com"}, False),
        (True, {"email": "nobody@example.com", "email_verified": True}, False),
        (True, {"email": "ewa@example.com", "email_verified": True}, False),  # she has another account there
    ],
)
def test_by_a_mail_address_that_the_provider_vouches_for(
    tmp_path: Path, provider: Provider, allowed: bool, claims: dict[str, Any], enters: bool
) -> None:
    provider.subject, provider.claims = "sub-9", claims
    with desk_app(tmp_path, CLOCK, settings(provider, "bind_by_email = true" if allowed else "")) as app:
        add(app, "jan", email="jan@example.com")
        add(app, "ewa", email="ewa@example.com")
        do(app, lambda c: colleagues.bind_subject(c, 1, "root", "ewa", issuer=provider.issuer, subject="sub-1"))
        assert through(stranger(app)).status_code == (303 if enters else 403)
        assert subject(app, "jan") == (f"{provider.issuer} sub-9" if enters else None)
        assert subject(app, "ewa") == f"{provider.issuer} sub-1"
        if enters:
            provider.claims = {"email": "changed@example.com", "email_verified": True}
            assert through(stranger(app)).status_code == 303, "from now on by the subject"
        written = do(app, lambda c: str(c.execute(select(AUDIT)).all()))
        assert "sub-9" not in written


def test_whoever_left_stays_out(tmp_path: Path, provider: Provider) -> None:
    with desk_app(tmp_path, CLOCK, settings(provider)) as app:
        add(app, "ewa")
        do(app, lambda c: colleagues.bind_subject(c, 1, "root", "ewa", issuer=provider.issuer, subject="sub-1"))
        assert through(stranger(app)).status_code == 303
        do(app, lambda c: colleagues.close_account(c, CLOCK(), "root", "ewa"))
        assert through(stranger(app)).status_code == 403


def test_without_settings_there_is_no_such_door(tmp_path: Path) -> None:
    with desk_app(tmp_path) as app:
        assert stranger(app).get("/login/oidc").status_code == 404
        assert stranger(app).get("/login/oidc/back?code=x&state=y").status_code == 404


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"issuer": "http://id.example.com", "client": "c", "secret": "s"}, "https address"),
        ({"issuer": "https://id.example.com", "secret": "s"}, "needs client"),
        ({"issuer": "https://id.example.com", "client": "c"}, "needs secret"),
        ({"issuer": "https://id.example.com", "client": "c", "secret": "s", "scopes": 1}, "no setting"),
        ({"issuer": 7, "client": "c", "secret": "s"}, "a text"),
    ],
)
def test_settings_that_cannot_be(said: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what):
        doors_from({"oidc": said}, "occasion.toml", {})


def test_the_secret_may_come_from_the_environment_and_is_not_shown() -> None:
    said = {"oidc": {"issuer": "https://id.example.com", "client": "c"}}
    found = doors_from(said, "occasion.toml", {"OCCASION_OIDC_SECRET": "hush"}).oidc
    assert found is not None
    assert found.secret == "hush"
    assert "hush" not in repr(found)
