"""Story 12: Gosia stayed late to call a worried patient, who wrote back; her lead writes "I saw what you did"."""

from __future__ import annotations

import base64
import html
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from doors import Client, desk_app, do, signed_in, stranger
from occasion.events.instants import rfc3339
from occasion.people import parties
from occasion.service import colleagues
from occasion.service.keys import add_key
from occasion.store.schema.desk import OCCASIONS
from occasion.store.workspace import make_workspace

HOUR = 3_600_000_000
NOW = 1_772_442_000_000_000  # Monday, 2026-03-02 09:00 UTC
GOT = re.compile(r"got these \d+ words")
HTML = {"Accept": "text/html", "Accept-Language": "en-GB"}
KEY = "occ_clinic_0123456789abcdef01234567"
CATALOGUE = """\
moments:
  went out of their way:
    when: late_call then patient_wrote within 2 days per counterpart
    who: colleague
    owner: mia
    purpose: they know that somebody saw it
    make: [say what you saw in your own words]
"""
PEOPLE = {"gosia": "Gosia Wilk", "bartek": "Bartek Nowy", "celina": "Celina Duda"}
ANSWER = "You rang when I had given up on anybody ringing. I slept after that, thank you."
NOTE = (
    "{name}, I saw what you did: you stayed after seven and rang a patient who lay awake with worry, and I read what "
    "came back. What made you pick up the telephone once more that evening? Tell me over coffee. Mia Lead"
)


@pytest.fixture
def clock() -> list[int]:
    return [NOW]


@pytest.fixture
def app(tmp_path: Path, clock: list[int]) -> Iterator[FastAPI]:
    place = make_workspace(tmp_path / "place", "UTC")
    (place.folder / "moments.yaml").write_text(CATALOGUE, encoding="utf-8")
    with desk_app(tmp_path, lambda: clock[0], following=True) as running:
        do(running, fill)
        yield running


def fill(connection: Any) -> None:
    for id, name in PEOPLE.items():
        colleagues.add(connection, 0, "t", id=id, name=name, role="colleague")
        parties.change(connection, id, now=0, by="t", kind="colleague", name=name, channel="note", owner="mia")
    add_key(connection, KEY, name="clinic", source="clinic", may="write", now=0, by="t", overlap_us=None)


def send(app: FastAPI, party: str, event: str, at: int, **properties: Any) -> None:
    """An event as the practice's telephone or mail sends it."""
    sent = {"userId": party, "event": event, "messageId": f"{party}-{event}", "timestamp": rfc3339(at)}
    token = base64.b64encode(f"{KEY}:".encode()).decode()
    answer = stranger(app).post(
        "/v1/track", json={**sent, "properties": properties}, headers={"Authorization": f"Basic {token}"}
    )
    assert answer.json()["refused"] == 0, answer.text


def soon(app: FastAPI, party: str) -> int:
    """The occasion about a colleague, which the watcher opens."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with app.state.service.engine.connect() as connection:
            number = connection.execute(OCCASIONS.select().where(OCCASIONS.c.party == party)).first()
        if number is not None:
            return int(number.number)
        time.sleep(0.02)
    raise AssertionError(f"there is no occasion about {party}")


def words(page: str) -> str:
    """What a person reads on a page."""
    without = re.sub(r"<sup>.*?</sup>|<mark[^>]*>|</mark>|</?bdi>", "", page)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without)).split())


def coach(client: Client, party: str, text: str, occasion: int | None = None) -> str:
    fields = {"draft": text, "channel": "note", **({} if occasion is None else {"occasion": str(occasion)})}
    answer = client.post(f"/coach/{party}", data=fields, headers=HTML)
    assert answer.status_code == 200, answer.text
    return words(answer.text)


def note(app: FastAPI, client: Client, number: int, text: str) -> None:
    """The lead gives the note and says so; the coach knows it from then on."""
    before = app.state.service.sent.index.messages
    assert client.post(f"/occasions/{number}/done", data={"made": "note", "text": text}).status_code == 303
    until = time.monotonic() + 20
    while app.state.service.sent.index.messages == before:
        assert time.monotonic() < until, "the note is not in the index"
        time.sleep(0.02)


def test_it_is_tied_to_the_call_and_the_answer_and_the_third_time_the_coach_says_so(
    app: FastAPI, clock: list[int]
) -> None:
    mia = signed_in(app, "manager", "mia")
    for n, party in enumerate(PEOPLE):
        at = NOW - 14 * HOUR + n * HOUR
        send(app, party, "late_call", at, counterpart=f"patient-{n}", channel="phone", minutes=21)
        assert words(mia.get("/", headers=HTML).text).count("went out of their way") == 0 or n  # a call is not yet it
        send(app, party, "patient_wrote", at + HOUR, counterpart=f"patient-{n}", direction="in", body=f"{ANSWER} ({n})")
    gosia, bartek, celina = (soon(app, party) for party in PEOPLE)

    page = words(mia.get(f"/occasions/{gosia}", headers=HTML).text)
    assert "Your colleague reached the moment “went out of their way”" in page
    assert "late_call" in page or "late call" in page
    assert f"{ANSWER} (0)" in page
    assert "(1)" not in page  # and nobody else's
    assert "say what you saw in your own words" in page

    first = coach(mia, "gosia", NOTE.format(name="Gosia"), gosia)
    assert f"It speaks of what they wrote: “{ANSWER}" in first  # the answer, which she would know
    assert not GOT.search(first)
    note(app, mia, gosia, NOTE.format(name="Gosia"))
    timeline = words(mia.get("/party/gosia", headers=HTML).text)
    assert "I saw what you did: you stayed after seven" in timeline
    assert ANSWER in timeline
    with app.state.service.engine.connect() as connection:
        row = connection.execute(OCCASIONS.select().where(OCCASIONS.c.number == gosia)).one()
    (gesture,) = [event for event in app.state.service.log.of("gosia") if event.name == "gesture"]
    assert gesture.properties["occasion"] == str(gosia)  # the note, by its occasion to what shows it
    assert (row.state, row.taken_by) == ("done", "mia")

    clock[0] += 60_000_000
    second = coach(mia, "bartek", NOTE.format(name="Bartek"), bartek)
    assert re.search(r"Gosia Wilk got these \d+ words on 2 March", second)
    note(app, mia, bartek, NOTE.format(name="Bartek"))
    clock[0] += 60_000_000
    third = coach(mia, "celina", NOTE.format(name="Celina"), celina)
    assert re.search(r"(Bartek Nowy and Gosia Wilk|Gosia Wilk and Bartek Nowy) got these \d+ words", third)
    assert "A touch" in third
    own = coach(mia, "celina", "Celina, the lady with the crown wrote twice, you know? How did you calm her? Mia Lead")
    assert not GOT.search(own), own
