"""How a gesture turned out, beside its occasion: the message as it went out, changed a little, is the one."""

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
from doors import desk_app, do, signed_in, stranger
from occasion.events.instants import rfc3339
from occasion.people import merges, parties
from occasion.service.keys import add_key
from occasion.store.schema.desk import OCCASIONS

NOW = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC
HOUR = 3_600_000_000
DAY = 24 * HOUR
KEY = "occ_mailing_0123456789abcdef01234567"
DRAFT = (
    "Dear {name}, how is the lute since the wedding? I kept the spare string for you, and the bridge you lost in May "
    "lies on my desk. Shall I bring both on Friday?"
)
AS_SENT = (
    "Dear {name},\n\nhow is the lute since the wedding? I kept a spare string for you, and the bridge you lost in May "
    "lies here on my desk. Shall I bring them both on Friday?\n\nWarm regards,\nEwa Nowak\nLinden 3, 0161 496 0123\n\n"
    "On Monday {name} wrote:\n> Did I leave anything with you? I miss the bridge.\n> {name}"
)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[FastAPI]:
    with desk_app(tmp_path, clock) as running:
        do(running, fill)
        yield running


def fill(connection: Any) -> None:
    for party, name in (("ada", "Ada Lis"), ("jan", "Jan Kot")):
        parties.change(connection, party, now=NOW, by="t", name=name, owner="ewa", channel="email")
    row = {
        "party": "ada", "moment": "thanks", "identity": "i", "kind": "reached", "per": "", "about_us": NOW,
        "owner": "ewa", "shown_us": NOW, "until_us": NOW + 5 * DAY, "state": "open", "reason": "", "stake": 1.0,
        "answer": "", "who": "customer", "facts": {}, "changed_us": NOW,
    }  # fmt: skip
    connection.execute(OCCASIONS.insert().values(number=1, **row))
    add_key(connection, KEY, name="m", source="m", may="write", now=0, by="t", overlap_us=None)


def mailed(app: FastAPI, party: str, at: int, text: str, direction: str = "out", **more: Any) -> None:
    """A mail as the mailing system sends it."""
    before = app.state.service.sent.index.messages
    said = {"direction": direction, "channel": "email", "body": text, "message_id": f"<{party}{at}@x>", **more}
    sent = {"userId": party, "event": "message", "messageId": f"{party}-{at}", "timestamp": rfc3339(at)}
    token = base64.b64encode(f"{KEY}:".encode()).decode()
    answer = stranger(app).post(
        "/v1/track", json={**sent, "properties": said}, headers={"Authorization": f"Basic {token}"}
    )
    assert answer.json()["refused"] == 0, answer.text
    if direction == "out":
        known(app, before + 1)


def known(app: FastAPI, many: int) -> None:
    until = time.monotonic() + 20
    while app.state.service.sent.index.messages < many:
        assert time.monotonic() < until, "what was sent is not in the index"
        time.sleep(0.02)


def turned(app: FastAPI) -> str:
    page = signed_in(app, "colleague", "ewa").get("/occasions/1").text
    found = re.search(r"How it turned out</h2>\s*<p>(.*?)</p>", page, re.DOTALL)
    assert found is not None, page
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", found[1])).split())


@pytest.mark.parametrize("to", ["ada", "ada@home.example"])
def test_it_is_known_again_though_it_was_changed_and_is_judged_by_what_happened(
    app: FastAPI, clock: Clock, to: str
) -> None:
    ewa = signed_in(app, "colleague", "ewa")
    if to != "ada":
        do(app, lambda c: merges.merge(c, to, "ada", now=NOW, by="ewa", why="her address"))
    assert ewa.post("/coach/ada", data={"draft": DRAFT.format(name="Ada"), "occasion": "1"}).status_code == 200
    kept = {"made": "note", "text": DRAFT.format(name="Ada"), "back": "/"}  # "This is what I sent"
    assert ewa.post("/occasions/1/done", data=kept).status_code == 303
    known(app, 1)
    mailed(app, to, NOW - HOUR, "Your invoice no. 12 is enclosed. It is payable by the end of the month.")
    clock.now = NOW + 2 * DAY
    mailed(app, to, clock.now, AS_SENT.format(name="Ada"))
    clock.now += HOUR
    assert turned(app) == "Too early: they have 14 days to answer, which are not over."
    mailed(app, to, clock.now, "Both, please! It rattles.", "in", in_reply_to=f"<{to}{NOW + 2 * DAY}@x>")
    clock.now += HOUR
    assert turned(app).startswith("Moment: words of its own, and they answered. They answered:")
    clock.now += 20 * DAY
    mailed(app, "jan", clock.now, AS_SENT.format(name="Jan").replace("lute", "harp"))  # a copy, changed a little
    assert turned(app).startswith("Touch: others got most of its words.")
