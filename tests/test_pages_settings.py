"""Calendar feeds and webhooks in Settings, in a real browser: made, shown once, read by a real reader, revoked."""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from browsing import chromium, cut_off, faults, new_page, unfold
from occasion.people import parties
from occasion.service import colleagues
from occasion.store.schema.desk import OCCASIONS
from occasion.store.workspace import make_workspace
from serving import ServerHere, serving_here

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
PASSWORD = "a long walk by the river"
DAY = 86_400_000_000
CATALOGUE = """
moments:
  first visit: {when: first visit, owner: ewa, purpose: they came}
"""


@dataclass
class Other:
    """Another system that is told: what came to it, headers in small letters and body."""

    url: str
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def wait(self, many: int) -> None:
        until = time.monotonic() + 20
        while len(self.got) < many:
            assert time.monotonic() < until, f"{len(self.got)} messages came"
            time.sleep(0.05)


@pytest.fixture
def other() -> Iterator[Other]:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    door = HTTPServer(("127.0.0.1", 0), Door)
    found = Other(f"http://127.0.0.1:{door.server_port}/told")
    thread = threading.Thread(target=door.serve_forever, daemon=True)
    thread.start()
    yield found
    door.shutdown()
    thread.join(10)
    door.server_close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHere]:
    folder: Path = tmp_path_factory.mktemp("desk") / "place"
    make_workspace(folder, "UTC")
    with (folder / "occasion.toml").open("a", encoding="utf-8") as file:
        file.write('\n[webhooks]\nallow = ["127.0.0.1"]\n')
    with serving_here(folder, catalogue=CATALOGUE, buffer_us=0) as running:
        running.service.writer.do(lambda c: furnish(c, running.service.clock())).result(30)
        yield running


def furnish(connection: Any, now: int) -> None:
    colleagues.add(connection, 1, "t", id="ewa", name="Ewa Nowak", role="admin", password=PASSWORD)
    parties.change(connection, "igor", now=now, by="t", name="Igor Wolski", owner="ewa")
    row = {
        "party": "igor", "moment": "a year with us", "identity": "i", "kind": "coming", "per": "", "owner": "ewa",
        "about_us": now + 3 * DAY, "shown_us": now, "until_us": now + 9 * DAY, "state": "open", "reason": "",
        "stake": 1.0, "answer": "", "who": "customer", "facts": {"on_date": "x"}, "changed_us": now,
    }  # fmt: skip
    connection.execute(OCCASIONS.insert().values(number=1, **row))


def send(server: ServerHere, party: str) -> None:
    """A first visit, as a client sends it."""
    key = base64.b64encode(f"{server.key}:".encode()).decode()
    body = json.dumps({"userId": party, "event": "visit", "messageId": f"{party}-visit"}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {key}"}
    with urllib.request.urlopen(urllib.request.Request(server.url + "/v1/track", body, headers), timeout=5) as answer:
        assert answer.status == 200


def settings(chromium: Any, server: ServerHere, width: int, *, scripts: bool) -> Any:
    page = new_page(chromium, width, java_script_enabled=scripts)
    page.goto(server.url + "/settings")
    page.fill("#name", "ewa")
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("body.desk")
    return page


def fetched(address: str) -> list[str]:
    """What a calendar reads at an address; nobody is signed in."""
    with urllib.request.urlopen(address, timeout=5) as answer:
        return [str(event["SUMMARY"]) for event in Calendar.from_ical(answer.read()).walk("VEVENT")]


@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (320, False)])
def test_a_feed_is_made_shown_once_read_and_revoked(
    chromium: Any, server: ServerHere, width: int, scripts: bool
) -> None:
    page = settings(chromium, server, width, scripts=scripts)
    said = {}
    for names in (False, True):
        page.locator("summary", has_text="Make a feed").click()
        if names:
            page.locator("#feeds input[name=names]").check()
        page.get_by_role("button", name="Make the feed").click()
        address = page.inner_text("code.once")
        assert address.startswith(f"{server.url}/feed/")
        assert "This is shown once" in page.locator("[role=status]", has_text="shown once").inner_text()
        assert cut_off(page) == [] if scripts else True
        said[names] = address
    assert fetched(said[False]) == ["A moment comes: a year with us"]  # nobody's name unless asked for
    assert fetched(said[True]) == ["a year with us: Igor Wolski"]
    page.goto(server.url + "/settings")
    assert page.locator("code.once").count() == 0
    assert not any(address.rpartition("/")[2] in page.content() for address in said.values())
    if scripts:
        unfold(page)
        assert faults(page) == []
    for _ in said:
        page.locator("#feeds").get_by_role("button", name="Close it").first.click()
        page.get_by_text("The feed is closed.").wait_for()
    assert page.locator("#feeds").get_by_role("button", name="Close it").count() == 0
    for address in said.values():
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetched(address)
    page.context.close()


def test_a_webhook_is_added_told_with_the_secret_that_was_shown_once_and_closed(
    chromium: Any, server: ServerHere, other: Other
) -> None:
    page = settings(chromium, server, 1280, scripts=True)
    page.locator("summary", has_text="Add a webhook").click()
    page.get_by_label("Address", exact=True).fill("http://10.0.0.1/told")
    page.get_by_role("button", name="Add it").click()
    assert "which is not a public address" in page.inner_text("#hooks .error")  # beside the form, with what was typed
    assert page.get_by_label("Address", exact=True).input_value() == "http://10.0.0.1/told"
    page.get_by_label("Address", exact=True).fill(other.url)
    page.get_by_role("button", name="Add it").click()
    secret = page.inner_text("code.once")
    assert secret.startswith("whsec_")
    page.goto(server.url + "/settings")
    assert secret not in page.content()
    send(server, "lena")
    other.wait(1)
    kinds = set()
    for headers, body in other.got:
        kinds.add(Webhook(secret).verify(body, headers)["type"])
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body + b" ", headers)
    assert "moment.reached" in kinds or "occasion.opened" in kinds
    page.set_viewport_size({"width": 320, "height": 900})
    unfold(page)
    assert cut_off(page) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("#hooks").get_by_role("button", name="Close it").click()
    page.get_by_text("The webhook is off.").wait_for()
    page.wait_for_timeout(1000)  # what was on its way is there
    many = len(other.got)
    send(server, "rosa")
    page.goto(server.url + "/audit")
    rows = page.inner_text("table")
    assert "webhook added" in rows
    assert "webhook closed" in rows
    page.wait_for_timeout(2000)
    assert len(other.got) == many
    assert page.complaints == [one for one in page.complaints if "422" in one]
    page.context.close()
