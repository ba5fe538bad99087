"""The calendar's address: read by a calendar's own reader, with the rights of who asked for it, until it is revoked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from icalendar import Calendar
from sqlalchemy import delete, select, update

from doors import AWAY, Client, desk_app, do, signed_in, stranger
from occasion.people import parties
from occasion.service import colleagues
from occasion.service.out.calendar import add_feed, revoke_feeds
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.doors import COLLEAGUES, TEAMS
from occasion.store.schema.out import FEEDS

NOW = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC
DAY = 86_400_000_000
SECRETS = {name: f"{name}-" + "x" * 40 for name in ("own", "named", "team")}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    with desk_app(tmp_path, lambda: NOW) as running:
        signed_in(running, "colleague", "ewa", teams=("front",))
        do(running, fill)
        yield running


def fill(connection: Any) -> None:
    for number, owner in ((1, "ewa"), (2, "front"), (3, "zoe")):
        party = f"party-{number}"
        parties.change(connection, party, now=NOW, by="tests", kind="customer", name=f"Nadia{number}")
        row = {
            **{"party": party, "moment": "a year", "identity": "i", "kind": "coming", "per": "", "owner": owner},
            **{"about_us": NOW + number * DAY, "shown_us": NOW, "until_us": NOW + 9 * DAY, "state": "open"},
            **{"reason": "", "stake": 1.0, "answer": "", "who": "customer", "facts": {"on_date": "x"}},
        }
        connection.execute(OCCASIONS.insert().values(number=number, changed_us=NOW, **row))
    for name, owner in (("own", "ewa"), ("named", "ewa"), ("team", "front")):
        add_feed(connection, SECRETS[name], colleague="ewa", owner=owner, names=name != "own", now=NOW)


def get(app: FastAPI, name: str) -> Any:
    client: Client = stranger(app, AWAY, "https://desk.test")
    return client.get(f"/feed/{SECRETS.get(name, name)}.ics")


def entries(app: FastAPI, name: str) -> list[tuple[str, str]]:
    answer = get(app, name)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    events = Calendar.from_ical(answer.text).walk("VEVENT")
    return [(str(event["SUMMARY"]), event.decoded("DTSTART").isoformat()) for event in events]


def test_ones_own_moments_and_by_default_nobodys_name(app: FastAPI) -> None:
    assert entries(app, "own") == [("A moment comes: a year", "2026-03-03")]
    assert entries(app, "named") == [("a year: Nadia1", "2026-03-03")]
    assert entries(app, "team") == [("a year: Nadia2", "2026-03-04")]


def test_an_entry_keeps_its_identity_and_counts_its_changes(app: FastAPI) -> None:
    first = Calendar.from_ical(get(app, "own").text).walk("VEVENT")[0]
    do(app, lambda c: c.execute(update(OCCASIONS).where(OCCASIONS.c.number == 1).values(about_us=NOW + 5 * DAY)))
    then = Calendar.from_ical(get(app, "own").text).walk("VEVENT")[0]
    assert (first["UID"], first["SEQUENCE"]) == (then["UID"], then["SEQUENCE"] - 1)


def test_an_address_that_is_none_is_not_there(app: FastAPI) -> None:
    for name in ("x", "y" * 43, "z" * 500, "%00", ".."):
        assert get(app, name).status_code == 404
    assert "Nadia" not in get(app, "own").text


@pytest.mark.parametrize("how", ["revoked", "left", "out of the team"])
def test_it_ends_with_the_right_to_it(app: FastAPI, how: str) -> None:
    ends = {
        "revoked": lambda c: revoke_feeds(c, now=NOW, colleague="ewa"),
        "left": lambda c: c.execute(update(COLLEAGUES).where(COLLEAGUES.c.id == "ewa").values(left_us=NOW)),
        "out of the team": lambda c: c.execute(delete(TEAMS).where(TEAMS.c.colleague == "ewa")),
    }
    assert get(app, "team").status_code == 200
    do(app, ends[how])
    assert get(app, "team").status_code == 404
    assert get(app, "own").status_code == (200 if how == "out of the team" else 404)


def test_whoever_becomes_an_analyst_reads_no_names(app: FastAPI) -> None:
    do(app, lambda c: colleagues.set_role(c, NOW, "tests", "ewa", "analyst"))
    assert entries(app, "named") == [("A moment comes: a year", "2026-03-03")]


def test_only_a_digest_of_the_secret_is_kept(app: FastAPI) -> None:
    rows = str(do(app, lambda c: c.execute(select(FEEDS)).all()))
    assert not any(secret in rows for secret in SECRETS.values())
