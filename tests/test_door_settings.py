"""Settings of the doors: what is allowed, what is said otherwise, and that the documentation shows what can be read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from doors import desk_app, do, signed_in
from occasion.cli import run
from occasion.errors import InputError
from occasion.people import parties
from occasion.people.permission import ContactRules
from occasion.service.address import caller
from occasion.service.contact_settings import contact_from
from occasion.service.door_settings import HOUR, DoorSettings, ProxySettings, doors_from, read_doors
from occasion.store.schema.desk import GESTURES, OCCASIONS
from occasion.store.workspace import make_workspace

DAY = 86_400_000_000


def read(said: dict[str, Any]) -> DoorSettings:
    return doors_from(said, "occasion.toml", {})


def test_nothing_said_is_the_safe_way(tmp_path: Path) -> None:
    found = read_doors(make_workspace(tmp_path / "w").folder)
    assert found == DoorSettings()
    assert not found.login.plain_http
    assert found.proxy.trusted == ()
    assert found.webhooks_allow == ()
    assert found.oidc is None


def test_what_the_documentation_shows_is_what_can_be_read() -> None:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.S)
    assert len(blocks) == 2
    found = read({name: section for block in blocks for name, section in tomllib.loads(block).items()})
    assert found.login.idle_us == 10 * HOUR == DoorSettings().login.idle_us
    assert found.login.longest_us == DoorSettings().login.longest_us
    assert found.limits == DoorSettings().limits
    assert found.proxy.public == "https://desk.example.com"
    assert found.oidc is not None
    assert "redirect address" in page
    assert contact_from(tomllib.loads(blocks[0] + blocks[1]), "UTC") == ContactRules()


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"rest_days": -1}, "a number from 0 to 365"),
        ({"quiet_from": "9pm"}, 'a time of day, such as "21:00"'),
        ({"quiet_to": "24:00"}, "a time of day"),
        ({"asked": "sms"}, "a list of texts"),
        ({"rest": 3}, "'rest' is no setting; it knows asked, quiet_from, quiet_to, rest_days"),
    ],
)
def test_contact_that_cannot_be_is_said_in_one_line(said: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what) as why:
        contact_from({"contact": said}, "UTC")
    assert "\n" not in str(why.value)


def test_what_is_said_of_contact_holds_on_the_desk(tmp_path: Path) -> None:
    now = 1_772_456_400_000_000  # 2026-03-02 13:00 UTC
    toml = '\n[contact]\nquiet_from = "12:00"\nquiet_to = "14:00"\nrest_days = 30\nasked = ["SMS"]\n'
    with desk_app(tmp_path, lambda: now, toml) as app:

        def fill(connection: Any) -> None:
            for number, party, channel in ((1, "quiet", "phone"), (2, "rests", "phone"), (3, "unasked", "sms")):
                parties.change(connection, party, now=0, by="tests", name=party.title(), owner="ewa", channel=channel)
                row = {
                    **{"party": party, "moment": "m", "identity": "i", "kind": "reached", "per": "", "stake": 1.0},
                    **{"owner": "ewa", "about_us": now, "shown_us": now, "until_us": now + DAY, "state": "open"},
                    **{"reason": "", "answer": "", "who": "customer", "facts": {}, "changed_us": now},
                }
                connection.execute(OCCASIONS.insert().values(number=number, **row))
            gesture = {"party": "rests", "colleague": "ewa", "form": "call", "text": "x", "at_us": now - 20 * DAY}
            connection.execute(GESTURES.insert().values(**gesture))

        do(app, fill)
        client = signed_in(app, "colleague", "ewa")
        assert "quiet hours" in client.get("/occasions/1").text.lower()
        assert "not said yes to SMS" in client.get("/occasions/3").text.replace("sms", "SMS")
        page = client.get("/").text
        assert page.index("Quiet") < page.index("Rests")  # laid aside until the thirty days are over
        assert "they heard from you on" in page.lower()


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"login": {"idle_hours": 0}}, r"idle_hours = 0: it must be a number from 0\.1 to 168"),
        ({"login": {"idle_hours": True}}, "must be a number"),
        ({"login": {"plain_http": "yes"}}, "true or false"),
        ({"login": {"plain": True}}, "'plain' is no setting; it knows idle_hours"),
        ({"login": 7}, "must be a section"),
        ({"proxy": {"trusted": ["10.0.0.0/33"]}}, "addresses or networks"),
        ({"proxy": {"trusted": "10.0.0.1"}}, "a list of texts"),
        ({"proxy": {"public": "desk.example.com"}}, "an address such as"),
        ({"proxy": {"public": "https://desk.example.com/path"}}, "an address such as"),
        ({"limits": {"address_per_minute": 0}}, "must be a number"),
        ({"webhooks": {"allow": [""]}}, "a list of texts"),
        ({"webhooks": {"deny": []}}, "'deny' is no setting"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(said: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what) as why:
        read(said)
    assert "\n" not in str(why.value)


def test_a_wrong_setting_stops_the_start_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = make_workspace(tmp_path / "w").folder
    with (place / "occasion.toml").open("a", encoding="utf-8") as file:
        file.write('\n[proxy]\ntrusted = ["everybody"]\n')
    assert run(["serve", "--port", "0", "--workspace", str(place)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "everybody" in said


def asked(peer: str | None, proxy: ProxySettings, scheme: str = "http", **headers: str) -> Any:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return caller({"headers": sent, "client": (peer, 1) if peer else None, "scheme": scheme}, proxy)


OURS = read({"proxy": {"trusted": ["127.0.0.1", "10.0.0.0/8", "fd00::/8"]}}).proxy
PUBLIC = read({"proxy": {"trusted": ["127.0.0.1"], "public": "https://Desk.example.com/"}}).proxy


@pytest.mark.parametrize(
    ("peer", "proxy", "forwarded", "address"),
    [
        ("198.51.100.1", OURS, "127.0.0.1", "198.51.100.1"),  # not a proxy of ours: its word counts for nothing
        ("10.1.1.1", OURS, "198.51.100.1", "198.51.100.1"),
        ("10.1.1.1", OURS, "6.6.6.6, 198.51.100.1, 10.2.2.2", "198.51.100.1"),  # 6.6.6.6 is what the client claims
        ("10.1.1.1", OURS, "198.51.100.1:4711", "198.51.100.1"),
        ("10.1.1.1", OURS, "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.1.1.1", OURS, "unknown", "10.1.1.1"),
        ("10.1.1.1", OURS, "", "10.1.1.1"),
        ("::ffff:10.1.1.1", OURS, "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", ProxySettings(), "198.51.100.1", "127.0.0.1"),
    ],
)
def test_whose_address_counts(peer: str, proxy: ProxySettings, forwarded: str, address: str) -> None:
    found = asked(peer, proxy, x_forwarded_for=forwarded)
    assert str(found.address) == address
    assert not found.loopback, "somebody passed it on"


def test_this_machine_is_who_asks_without_anybody_between() -> None:
    for peer in ("127.0.0.1", "::1", "::ffff:127.0.0.1", None):
        assert asked(peer, OURS).loopback
    assert not asked("198.51.100.1", OURS).loopback
    assert not asked("testclient", OURS).loopback
    for header in ("x_forwarded_for", "x_real_ip", "forwarded", "via", "x_forwarded_proto", "x_forwarded_host"):
        assert not asked("127.0.0.1", OURS, **{header: "127.0.0.1"}).loopback


def test_the_origin_people_use() -> None:
    assert asked("127.0.0.1", ProxySettings(), host="Desk.test:8000").origin == "http://desk.test:8000"
    assert asked("127.0.0.1", OURS, host="inner", x_forwarded_host="desk.test", x_forwarded_proto="https").origin == (
        "https://desk.test"
    )
    assert asked("6.6.6.6", OURS, host="inner", x_forwarded_host="evil", x_forwarded_proto="https").origin == (
        "http://inner"
    )
    assert asked("6.6.6.6", PUBLIC, host="whatever").origin == "https://desk.example.com"


def test_an_ipv6_neighbourhood_counts_as_one() -> None:
    near, far = asked("2001:db8::1", OURS), asked("2001:db8:0:1::1", OURS)
    assert near.bucket == asked("2001:db8::ffff", OURS).bucket
    assert near.bucket != far.bucket
