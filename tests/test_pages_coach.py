"""The coach and practice in a real browser on a running server: with keys, in place, and without scripts."""

from __future__ import annotations

import base64
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browsing import chromium, cut_off, faults, new_page, unfold
from occasion.events.instants import rfc3339
from occasion.people import details, parties
from occasion.service import colleagues
from occasion.store.workspace import make_workspace
from serving import ServerHere, serving_here

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
PASSWORD = "a long walk by the river"
CATALOGUE = """
moments:
  first visit: {when: first visit, owner: ewa, purpose: they came, make: [ask how it was]}
"""
COLD = (
    "Dear {name}, please be advised that your next check-up is due. Kindly use the link below to confirm the "
    "appointment. Do not reply to this message. The dental team"
)
OWN = "Dear Igor, how did the allotment take the frost? Ring me about Tuesday, 0161 496 0123. Ewa Nowak"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHere]:
    folder: Path = tmp_path_factory.mktemp("desk") / "place"
    make_workspace(folder, "UTC")
    with serving_here(folder, catalogue=CATALOGUE, buffer_us=0) as running:
        running.service.writer.do(furnish).result(30)
        for n, (party, name) in enumerate((("lena", "Lena"), ("igor", "Igor"))):
            body = COLD.format(name=name)
            send(running, party, "note", 9 - n, direction="out", channel="email", actor="ewa", body=body)
        send(running, "igor", "visit")
        until = time.monotonic() + 20
        while running.service.sent.index.messages < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
        yield running


def furnish(connection: Any) -> None:
    colleagues.add(connection, 1, "t", id="ewa", name="Ewa Nowak", role="colleague", password=PASSWORD)
    for party, name in (("igor", "Igor Wolski"), ("lena", "Lena Maj")):
        parties.change(connection, party, now=1, by="t", name=name, owner="ewa", channel="email")
    details.note(connection, "igor", "has an allotment by the river", now=1, by="ewa", source="said in the chair")


def send(server: ServerHere, party: str, event: str, days: int = 0, **properties: Any) -> None:
    """An event of some days ago, as a client sends it."""
    key = base64.b64encode(f"{server.key}:".encode()).decode()
    at = rfc3339(server.service.clock() - days * 86_400_000_000)
    body = {"userId": party, "event": event, "messageId": f"{party}-{event}-{at}", "timestamp": at}
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {key}"}
    sent = json.dumps({**body, "properties": properties}).encode()
    with urllib.request.urlopen(urllib.request.Request(server.url + "/v1/track", sent, headers), timeout=5) as answer:
        assert answer.status == 200


def enter(page: Any, server: ServerHere, path: str = "/") -> None:
    page.goto(server.url + path)
    page.fill("#name", "ewa")
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("body.desk")


def test_a_message_is_read_beside_its_occasion_with_the_keyboard_alone(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server)
    card = page.locator("article.card", has_text="Igor")
    card.wait_for(timeout=8000)
    card.get_by_role("link", name="Ask the coach").click()
    page.wait_for_url("**/occasions/*#coach")
    draft = page.get_by_label("What you will send")
    draft.fill(COLD.format(name="Igor"))
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="A touch").wait_for()
    assert page.evaluate("document.activeElement.className") == "verdict-word"  # one is taken to the answer
    answer = page.locator("#coach-answer")
    assert "Lena Maj" in answer.inner_text()
    assert answer.locator("mark.meant").count() > 0
    note = answer.locator("sup a").first
    assert page.locator(note.get_attribute("href")).inner_text()
    assert draft.input_value() == COLD.format(name="Igor")
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        unfold(page)
        assert cut_off(page) == []
        assert faults(page) == []
    draft.fill(OWN)
    send(server, "lena", "visit")  # the desk changes meanwhile
    page.wait_for_timeout(600)
    assert draft.input_value() == OWN
    page.get_by_role("button", name="Read it", exact=True).click()
    page.get_by_role("heading", name="A touch").wait_for(state="detached")
    assert "has an allotment by the river" in answer.inner_text()
    page.get_by_role("button", name="This is what I sent").click()
    page.wait_for_url(server.url + "/")
    page.goto(server.url + "/party/igor")
    assert OWN in page.inner_text("#timeline")
    assert page.complaints == []
    page.context.close()


def test_without_scripts_it_is_a_page(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium, 320, java_script_enabled=False)
    enter(page, server, "/party/lena")
    page.locator("#coach summary").click()
    page.get_by_label("What you will send").fill(COLD.format(name="Lena"))
    page.get_by_role("button", name="Read it", exact=True).click()
    assert page.url.endswith("/coach/lena")
    assert page.get_by_role("heading", name="A touch").is_visible()
    page.get_by_label("What you will send").fill(" ")
    page.get_by_role("button", name="Read it", exact=True).click()
    assert "is empty" in page.locator(".error").first.inner_text()
    page.context.close()


def test_one_practises_and_keeps_it(chromium: Any, server: ServerHere) -> None:
    page = new_page(chromium)
    enter(page, server, "/practice")
    page.get_by_role("button", name="Take a message of mine").click()
    page.get_by_text("What you sent").wait_for()
    page.get_by_label("Say it again, so that it is for them").fill(
        "How is your garden after the frost? Ring me, 0161 496 0123."
    )
    page.keyboard.press("Control+Enter")
    page.get_by_text("What moved, part by part").wait_for(state="attached")
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        unfold(page)
        assert cut_off(page) == []
        assert faults(page) == []
    page.get_by_role("button", name="Keep it").click()
    page.get_by_text("Kept. It comes back").wait_for()
    page.get_by_role("button", name="Keep it").click()
    page.get_by_text("is not due, so nothing was kept").wait_for()
    page.goto(server.url + "/practice")
    assert "The next one comes back" in page.inner_text("main")
    assert [one for one in page.complaints if "422" not in one] == []
    page.context.close()
