"""Story 28, on the timeline: parking, invoice, the answering machine, a tweet, by a real door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from occasion.cli import run
from occasion.people.timeline import Line, WholeLog, timeline
from serving import serving_here

CATALOGUE = """\
stages:
  - {name: looking, enter: start}
  - {name: customer, enter: first invoice_sent}
moments:
  a word in public: {when: first tweet, owner: front desk, purpose: somebody speaks of us}
"""
REMOTE: list[tuple[str, dict[str, Any]]] = [
    ("parking_entered", {"direction": "in", "channel": "gate", "waited_s": 140}),
    ("announcement_heard", {"direction": "out", "channel": "answering machine", "voice": "2019"}),
    ("newsletter", {"direction": "out", "channel": "email", "mass": True}),
    ("page looked at", {"page": "/prices"}),
    ("invoice_sent", {"direction": "out", "channel": "letter", "amount": 120.5}),
    ("tweet", {"direction": "in", "channel": "x", "body": "Took 20 minutes to find the door", "rating": 2}),
]


def test_every_contact_leaves_its_trace(tmp_path: Path, capsys: Any) -> None:
    with serving_here(tmp_path, catalogue=CATALOGUE) as server:
        batch = [
            {"type": "track", "userId": "ben", "event": name, "properties": given, "messageId": f"m{day}",
             "timestamp": f"2026-03-0{day}T09:00:00Z"}
            for day, (name, given) in enumerate(REMOTE, 2)
        ]  # fmt: skip
        answer = requests.post(f"{server.url}/v1/batch", auth=(server.key, ""), json={"batch": batch}, timeout=20)
        assert answer.json()["taken"] == len(REMOTE)
        service = server.service
        service.writer.do(lambda _: None).result(20)  # what the watcher found of it is written
        service.writer.do(lambda _: None).result(20)
        lines: list[Line] = []
        cursor = None
        with service.engine.connect() as connection:
            while not lines or cursor is not None:  # two lines a page: none is lost between them
                page = timeline(connection, WholeLog(service.log.of), "ben", cursor=cursor, limit=2)
                lines += page.lines
                cursor = page.older
    told = [line.event for line in reversed(lines) if line.event is not None]
    assert [event.name for event in told] == [name for name, _ in REMOTE]
    assert [event.name for event in told if event.contact] == [
        "parking_entered", "announcement_heard", "invoice_sent", "tweet"]  # fmt: skip
    tweet = told[-1]  # the rarest, with what it left: the words and the rating
    assert (tweet.body, str(tweet.properties["rating"])) == ("Took 20 minutes to find the door", "2.000000")
    assert [line.facts["moment"] for line in lines if line.kind == "reached"] == ["a word in public"]

    assert run(["reach", "--moment", 'any while stage = "customer"', "--json", "--workspace", str(tmp_path)]) == 0
    inside = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert len(inside) == 2  # each stands in its stage: the invoice and the tweet after it
