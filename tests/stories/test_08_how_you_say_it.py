"""Story 8: Ewa's last notes were correct and cold; she practises on one of them, and it comes back in four days."""

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

from clocks import Clock
from doors import Client, desk_app, do, signed_in, stranger
from occasion.people import details, parties
from occasion.service.keys import add_key

NOW = 1_772_442_000_000_000  # Monday, 2026-03-02 09:00 UTC
DAY = 86_400_000_000
HTML = {"Accept": "text/html", "Accept-Language": "en-GB"}
KEY = "occ_clinic_0123456789abcdef01234567"
PEOPLE = (("p-1", "Irena Sobol"), ("p-2", "Tomasz Wrona"), ("p-3", "Lidia Maj"))
COLD = (
    "Dear {name},\n\nPlease be advised that following your extraction on Tuesday the swelling is normal. Kindly note "
    "that the check-up takes place on Monday at 9:00.\n\nThe dental practice"
)
WARM = (
    "Dear {name},\n\nthe swelling after Tuesday is normal, and I know it is a nuisance with the clarinet. Please leave "
    "it in its case until we have looked at it on Monday at 9:00. How was the first night? Ring me if it keeps you "
    "awake: 0161 496 0123.\n\nEwa Nowak"
)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[FastAPI]:
    with desk_app(tmp_path, clock, "\n[login]\nidle_hours = 168\nlongest_hours = 744\n") as running:
        do(running, fill)
        yield running


def fill(connection: Any) -> None:
    for party, name in PEOPLE:
        parties.change(connection, party, now=NOW, by="t", name=name, owner="ewa", channel="email")
    details.note(connection, "p-1", "plays the clarinet", now=NOW - 90 * DAY, by="ewa", source="said in the chair")
    add_key(connection, KEY, name="clinic", source="clinic", may="write", now=0, by="t", overlap_us=None)


def send(app: FastAPI, party: str, event: str, at: str, **properties: Any) -> None:
    """An event as the practice's system sends it."""
    sent = {"userId": party, "event": event, "messageId": f"{party}-{event}-{at}", "timestamp": at}
    token = base64.b64encode(f"{KEY}:".encode()).decode()
    answer = stranger(app).post(
        "/v1/track", json={**sent, "properties": properties}, headers={"Authorization": f"Basic {token}"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["refused"] == 0, answer.text


def words(page: str) -> str:
    without = re.sub(r"<sup>.*?</sup>|<mark[^>]*>|</mark>", "", page)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without)).split())


def table(page: str) -> dict[str, tuple[str, ...]]:
    """What moved: by part before, now and the change in a word."""
    body = page[page.index("What moved, part by part") :]
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", body[: body.index("</table>")])
    return {part: tuple(words(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", cells)) for part, cells in rows}


def practise(client: Client, do_: str, number: int, text: str) -> str:
    answer = client.post("/practice", data={"do": do_, "exercise": number, "draft": text}, headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_same_said_warmly_and_back_in_four_days(app: FastAPI, clock: Clock) -> None:
    ewa = signed_in(app, "colleague", "ewa")
    for minute, (party, name) in enumerate(reversed(PEOPLE)):
        send(app, party, "extraction", "2026-02-24T10:00:00Z", tooth="38")
        at, note = f"2026-02-26T10:0{minute}:00Z", COLD.format(name=name)
        send(app, party, "note", at, direction="out", channel="email", actor="ewa", body=note)
    until = time.monotonic() + 20
    while app.state.service.sent.index.messages < len(PEOPLE):  # the coach knows what was sent
        assert time.monotonic() < until
        time.sleep(0.02)
    begun = ewa.post("/practice", data={"do": "new"})
    number = int(begun.headers["location"].rpartition("=")[2])
    page = words(ewa.get(begun.headers["location"], headers=HTML).text)
    name = re.search(r"To ([\w ]+)\. Names are replaced\.", page)
    assert name is not None
    assert "the swelling is normal" in page
    assert not any(part in page.replace("Ewa", "") for _, real in PEOPLE for part in real.split())

    read = practise(ewa, "read", number, WARM.format(name=name[1]))
    moved = table(read)
    assert moved["Relatable"][1:] == ("good", "better")
    assert moved["Respectful"][2] == "better"
    assert moved["Unique"] == ("poor", "good", "better")
    assert "From “A touch” to “A moment”." in words(read)
    assert "What it says no longer" not in read  # the same content
    other = words(practise(ewa, "read", number, "How was the first night with the clarinet in its case? Ewa Nowak"))
    assert "Not found in yours: Tuesday , Monday , 9:00" in other

    kept = words(practise(ewa, "keep", number, WARM.format(name=name[1])))
    assert "Kept. It comes back Fri 6 Mar." in kept
    assert re.search(r"Look then at: [^.]*relatable", kept)
    assert re.search(r"Look then at: [^.]*respectful", kept)
    for days in (1, 3):
        clock.now = NOW + days * DAY
        assert "The next one comes back" in ewa.get("/practice", headers=HTML).text
    clock.now = NOW + 4 * DAY
    back = words(ewa.get("/practice", headers=HTML).text)
    assert "You rewrote it once. Weak then:" in back
    assert "respectful" in back.split("Weak then:")[1].split(".")[0]
    assert "Yours, before and after" not in back  # she says it anew
    practise(ewa, "keep", number, WARM.format(name=name[1]))
    after = words(ewa.get("/practice", headers=HTML).text)
    assert "The next one comes back" in after  # in ten days
    assert "Yours, before and after" in after
    assert "the swelling after Tuesday is normal" in after
