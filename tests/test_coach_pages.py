"""The coach on the desk and for programs: what is shown, to whom, and that nothing of a draft is kept."""

from __future__ import annotations

import html
import json
import logging
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doors import Client, desk_app, do, signed_in, stranger
from occasion.coach.keeping import READ
from occasion.coach.reading import PARTS
from occasion.desk import actions
from occasion.events.event import Event
from occasion.people import parties
from occasion.service.coach_api import ANSWER
from occasion.service.keys import add_key
from occasion.store.arrived import Arrived, Batch
from occasion.store.schema.desk import OCCASIONS

NOW = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC
DAY = 86_400_000_000
READ_KEY = "occ_reading_0123456789abcdef01234567"
CANARY = "zyxglorp"
NOTE = (
    "Dear {name}, thank you so much for the wonderful apple cake that you left at the desk for all of us on Friday "
    "afternoon, it was gone in ten minutes and we still talk about it. Warm wishes, Col"
)


def arrived(party: str, at: int, body: str, **fields: Any) -> Arrived:
    given = {"name": "message", "direction": "out", "channel": "email", "actor": "col", **fields}
    id = f"t-{party}-{at}"
    return Arrived("tests", id, event=Event(party=party, at=at, seen=at, id=f"tests:{id}", body=body, **given))


def fill(connection: Any) -> None:
    for party, name, owner in (
        ("jan", "Jan Kot", "col"),
        ("kasia", "Kasia Lis", "col"),
        ("zoe-s", "Olga Zoesia", "zoe"),
    ):
        parties.change(connection, party, now=NOW, by="t", kind="customer", name=name, owner=owner, channel="email")
    actions.note_detail(connection, "kasia", "bakes apple cake", now=NOW - DAY, by="col", source="at the desk")
    for number, party in ((1, "kasia"), (2, "zoe-s")):
        row = {
            **{"party": party, "moment": "thanks", "identity": "i", "kind": "reached", "per": "", "about_us": NOW},
            **{"owner": "col" if number == 1 else "zoe", "shown_us": NOW, "until_us": NOW + DAY, "state": "open"},
            **{"reason": "", "stake": 1.0, "answer": "", "who": "customer", "facts": {}, "changed_us": NOW},
        }
        connection.execute(OCCASIONS.insert().values(number=number, **row))
    add_key(connection, READ_KEY, name="r", source="r", may="read", now=0, by="t", overlap_us=None)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    with desk_app(tmp_path_factory.mktemp("coach"), lambda: NOW) as running:
        do(running, fill)
        sent = [
            arrived("jan", NOW - 88 * DAY, NOTE.format(name="Jan")),
            arrived("zoe-s", NOW - 40 * DAY, NOTE.format(name="Olga")),
            arrived("kasia", NOW - 2 * DAY, "Did the cake arrive whole?", direction="in", actor=None),
        ]
        running.state.service.writer.submit(Batch(arrived=sent)).result(30)
        until = time.monotonic() + 20
        while running.state.service.sent.index.messages < 2:
            assert time.monotonic() < until, "what was sent is not in the index"
            time.sleep(0.02)
        yield running


def read(client: Client, text: str, party: str = "kasia", **fields: str) -> Any:
    return client.post(
        f"/coach/{party}", data={"draft": text, "channel": "email", **fields}, headers={"Accept": "text/html"}
    )


def test_a_message_is_read_as_a_page_and_in_place(app: FastAPI) -> None:
    client = signed_in(app, "colleague", "col")
    form = client.get("/coach/kasia?occasion=1", headers={"Accept": "text/html"})
    assert form.status_code == 200
    assert 'name="draft"' in form.text
    assert "verdict-word" not in form.text
    page = read(client, NOTE.format(name="Kasia"), occasion="1")
    assert page.status_code == 200
    assert "<html" in page.text
    assert html.escape("apple cake that you left") in page.text
    words = ["Unique", "Relatable", "Relevant", "Respectful", "Two-way"]
    assert [re.sub(r"\s+<.*", "", one).strip() for one in re.findall(r"<dt>(.*?)</dt>", page.text)] == words
    part = client.post("/coach/kasia", data={"draft": NOTE}, headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "verdict-word" in part.text


def test_who_else_got_the_words_is_named_to_whom_may_see_them(app: FastAPI) -> None:
    def shown(role: str, id: str) -> str:
        return read(signed_in(app, role, id), NOTE.format(name="Kasia")).text

    col = shown("colleague", "col")
    assert "2 others got these words" in col
    assert 'href="/party/jan"' in col
    assert "zoe-s" not in col
    assert "Zoesia" not in col
    boss = shown("manager", "max")
    assert 'href="/party/jan"' in boss
    assert 'href="/party/zoe-s"' in boss
    assert '<mark class="meant">' in col


def test_nothing_of_a_draft_is_kept_or_logged_unless_the_person_says_so(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    client = signed_in(app, "colleague", "col")
    folder: Path = app.state.service.workspace.folder
    with caplog.at_level(logging.DEBUG):
        assert read(client, f"Dear Kasia, {CANARY} cake?", occasion="1").status_code == 200
        assert read(client, f"{CANARY} " * 2000).status_code == 422
        for text in (f"Dear Kasia, {CANARY}", CANARY * 10_000):
            body = {"to": "kasia", "text": text}
            client.post("/api/coach", json=body, headers={"Authorization": f"Bearer {READ_KEY}"})
    assert CANARY not in caplog.text
    assert CANARY not in json.dumps([vars(record) for record in caplog.records], default=repr)
    assert not held_in(folder, CANARY)
    kept = client.post("/occasions/1/done", data={"made": "note", "text": f"{CANARY} cake", "back": "/"})
    assert kept.status_code == 303
    assert held_in(folder, CANARY)


def held_in(folder: Path, word: str) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file() and word.encode() in one.read_bytes()]


def test_what_cannot_be_read_says_why_beside_the_form(app: FastAPI) -> None:
    client = signed_in(app, "colleague", "col")
    whole = read(client, "   ")
    assert whole.status_code == 422
    assert "is empty" in whole.text
    assert "<form" in whole.text
    partial = client.post("/coach/kasia", data={"draft": "x" * 9000}, headers={"HX-Request": "true"})
    assert partial.status_code == 422
    assert "at most 8000" in partial.text
    assert "<" not in partial.text
    assert client.get("/coach/nobody-at-all", headers={"Accept": "text/html"}).status_code == 404
    boss = signed_in(app, "admin")
    assert boss.get("/coach/nobody-at-all", headers={"Accept": "text/html"}).status_code == 404
    assert read(client, "Hello", occasion="2").status_code == 200  # somebody else's occasion is none
    assert "/occasions/2" not in read(client, "Hello", occasion="2").text


def test_markup_in_a_draft_is_text(app: FastAPI) -> None:
    page = read(signed_in(app, "colleague", "col"), "<script>alert(1)</script> Dear <b>Kasia</b>, how is the cake?")
    assert "<script>alert" not in page.text
    assert "<b>Kasia" not in page.text


def test_the_api_gives_what_the_command_line_prints(
    app: FastAPI, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from occasion.cli import run

    draft = tmp_path / "draft.txt"
    draft.write_text(NOTE.format(name="Kasia"), encoding="utf-8")
    client = stranger(app)
    body = {"to": "kasia", "text": draft.read_text(), "channel": "email", "by": "col", "at": "2026-03-02T09:00:00Z"}
    answer = client.post("/api/coach", json=body, headers={"Authorization": f"Bearer {READ_KEY}"})
    assert answer.status_code == 200, answer.text
    place = app.state.service.workspace.folder
    given = ["--to", "kasia", "--channel", "email", "--by", "col", "--at", "2026-03-02T09:00:00Z", "--json"]
    capsys.readouterr()
    assert run(["coach", *given, "--workspace", str(place), str(draft)]) == 0
    assert json.loads(capsys.readouterr().out) == answer.json()
    assert [part["name"] for part in answer.json()["parts"]] == list(PARTS)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 400),
        (b"not json", 400),
        (b'{"to": "kasia", "text": " "}', 400),
        (b'{"to": "", "text": "x"}', 400),
        (b'{"to": "kasia", "text": "x", "more": 1}', 400),
        (b'{"to": "kasia", "text": 5}', 400),
        (b'{"to": "kasia", "text": "x", "at": "yesterday"}', 400),
        (b'{"to": "kasia", "text": "x", "at": "2026-03-02T09:00:00"}', 400),
        (b'{"to": "kasia", "text": "' + b"x" * 9000 + b'"}', 400),
        (b'{"to": "kasia", "text": "' + b"x" * 70_000 + b'"}', 413),
        (b'{"to": "nobody", "text": "x"}', 404),
        (b'{"to": "no\\u0000body", "text": "x"}', 404),
    ],
)
def test_the_api_refuses_in_one_line(app: FastAPI, body: bytes, status: int) -> None:
    answer = stranger(app).post("/api/coach", content=body, headers={"Authorization": f"Bearer {READ_KEY}"})
    assert answer.status_code == status, answer.text
    assert answer.json()["success"] is False
    assert "\n" not in answer.json()["message"]


TEXTS = st.one_of(
    st.text(min_size=1, max_size=300),
    st.lists(
        st.sampled_from([*NOTE.split(), "Kasia", "\n\n", "?", "!!!", "ŻÓŁĆ", "как", "¿qué", "🙂", "\u202e"]),
        max_size=40,
    ).map(" ".join),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TEXTS, channel=st.none() | st.text(max_size=60), by=st.text(max_size=40), at=st.none() | st.datetimes())
def test_whatever_is_written_is_read_or_refused(
    app: FastAPI, text: str, channel: str | None, by: str, at: datetime | None
) -> None:
    when = None if at is None else at.isoformat() + "Z"
    body = {"to": "kasia", "text": text, "channel": channel, "by": by, "at": when}
    answer = stranger(app).post("/api/coach", json=body, headers={"Authorization": f"Bearer {READ_KEY}"})
    assert answer.status_code == (200 if text.strip() else 400), answer.text
    if answer.status_code == 200:
        found = answer.json()
        jsonschema.validate(found, ANSWER)
        for part in found["parts"]:
            for span in part["spans"]:
                assert 0 <= span["start"] < span["end"] <= len(text), part
        page = read(signed_in(app, "colleague", "col"), text, channel=channel or "")
        if not text.replace("\x00", "").strip():
            assert page.status_code == 422
            return
        assert page.status_code == 200
        shown = re.sub(r"<sup>.*?</sup>", "", re.search(r'id="coach-text"><bdi>(.*?)</bdi>', page.text, re.DOTALL)[1])
        assert html.unescape(re.sub(r"</?mark[^>]*>", "", shown)) == text.replace("\r\n", "\n").replace("\x00", "")


def test_the_api_is_closed_without_a_reading_key(app: FastAPI) -> None:
    for client in (stranger(app), signed_in(app, "admin")):
        assert client.post("/api/coach", json={"to": "kasia", "text": "x"}).status_code == 401


def test_while_what_was_sent_is_read_for_the_first_time_the_form_says_how_far_it_is(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, sent = signed_in(app, "colleague", "col"), app.state.service.sent
    said = "is being read for the first time"
    assert said not in client.get("/coach/kasia").text
    monkeypatch.setattr(type(sent.index), "ready", False)
    sent._told(READ, 30, 120)
    for path in ("/coach/kasia", "/party/kasia"):
        assert f"{said} (25% so far)" in client.get(path).text
    assert "still being made" in read(client, NOTE.format(name="Kasia")).text
