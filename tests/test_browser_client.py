"""Events from a page: the real browser client of Segment, unmodified, in a real browser on a page of another host."""

from __future__ import annotations

import functools
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from browsing import chromium, new_page
from occasion.events.event import Event
from occasion.store.schema.log import REFUSED
from occasion.store.schema.people import TRAITS
from serving import ServerHere, serving_here

__all__ = ["chromium"]
pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parent.parent
PAGE = """<!doctype html><html lang="en"><title>A shop</title><h1>A shop</h1>
<script src="/package/dist/umd/index.js"></script>
<script>
const [api, key, batching] = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const segment = { apiKey: key, apiHost: api, protocol: "http" };
if (batching) segment.deliveryStrategy = { strategy: "batching", config: { size: 4, timeout: 300 } };
window.analytics = AnalyticsNext.AnalyticsBrowser.load(
  { writeKey: key, cdnSettings: { integrations: { "Segment.io": segment }, metrics: { sampleRate: 0 } } });
</script>"""


class Quiet(SimpleHTTPRequestHandler):
    """Files, without a line for each."""

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with the client, on a host of its own; skipped with the reason where the client cannot be had."""
    client = Path(os.environ.get("OCCASION_BROWSER_CLIENT", ROOT / ".venv" / "browser-client")) / "package"
    if not client.is_dir():
        pytest.skip("needs Segment's browser client: `make test` gets it with npm (scripts/browser_client)")
    folder = tmp_path_factory.mktemp("shop")
    (folder / "package").symlink_to(client, target_is_directory=True)
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "favicon.ico").write_bytes(b"")  # which browsers ask for
    files = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=files.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{files.server_port}"
    files.shutdown()
    thread.join(10)
    files.server_close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerHere]:
    with serving_here(tmp_path / "place", following=False) as running:
        yield running


def stored(server: ServerHere) -> list[Event]:
    return [event for group in server.service.log.after(0) for event in group.events]


def until(server: ServerHere, many: int) -> list[Event]:
    end = time.monotonic() + 20
    while len(found := stored(server)) < many:
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def opened(chromium: Any, shop: str, server: ServerHere, *, batching: bool) -> Any:
    page = new_page(chromium)
    given = [f"{server.url.removeprefix('http://')}/v1", server.key, batching]
    page.goto(f"{shop}/#{json.dumps(given)}")
    return page


@pytest.mark.parametrize("batching", [False, True])
def test_what_a_page_sends_arrives_once_under_who_it_is(
    chromium: Any, shop: str, server: ServerHere, batching: bool
) -> None:
    page = opened(chromium, shop, server, batching=batching)
    page.evaluate(
        """async () => {
        await analytics.ready();
        await analytics.page("docs", "Prices");
        await analytics.track("Picture Viewed", { listing: "A12", n: 1 });
        await analytics.identify("u1", { name: "Ewa Nowak" });
        for (let n = 2; n < 9; n++) await analytics.track("Picture Viewed", { listing: "A12", n });
        await analytics.group("house 4", { floors: 3 });
        await analytics.alias("u-one", "u1");
    }"""
    )
    events = until(server, 9)
    page.wait_for_timeout(700)  # nothing is sent again
    events = stored(server)
    with server.service.engine.connect() as connection:
        assert connection.execute(REFUSED.select()).all() == []
        traits = {(row.party, row.key): row.value for row in connection.execute(TRAITS.select())}
    assert Counter(event.name for event in events) == {"page viewed": 1, "Picture Viewed": 8}
    assert sorted(int(event.properties["n"]) for event in events if event.name == "Picture Viewed") == [*range(1, 9)]
    assert len({event.party for event in events}) == 1  # the visits before it was known who it is too
    assert "Ewa Nowak" in traits.values()
    assert all(abs(event.at - event.seen) < 30_000_000 for event in events)
    assert all(asked.startswith((shop, server.url)) for asked in page.asked)
    assert page.complaints == []  # the browser let everything through
    page.context.close()


def test_what_is_sent_as_the_page_closes_arrives_too(chromium: Any, shop: str, server: ServerHere) -> None:
    page = opened(chromium, shop, server, batching=True)
    page.evaluate("async () => { await analytics.ready(); await analytics.identify('u2'); }")
    page.wait_for_timeout(400)
    page.evaluate("() => { analytics.track('Left', { to: 'nowhere' }) }")
    page.wait_for_timeout(50)
    page.goto("about:blank")
    assert [event.name for event in until(server, 1)] == ["Left"]
    page.context.close()


def test_a_beacon_without_any_client(chromium: Any, shop: str, server: ServerHere) -> None:
    page = opened(chromium, shop, server, batching=False)
    sent = {"writeKey": server.key, "type": "track", "event": "Rent Clicked", "userId": "u3", "messageId": "b1"}
    assert page.evaluate("([url, body]) => navigator.sendBeacon(url, body)", [f"{server.url}/v1/t", json.dumps(sent)])
    assert [(event.name, event.party) for event in until(server, 1)] == [("Rent Clicked", "u3")]
    page.context.close()


def test_a_page_without_a_key_is_told_so_and_may_read_it(chromium: Any, shop: str, server: ServerHere) -> None:
    page = opened(chromium, shop, server, batching=False)
    ask = """async ([url, headers]) => {
        const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ type: "track" }) });
        return [answer.status, (await answer.json()).code];
    }"""
    plain, asked_first = {"Content-Type": "text/plain"}, {"Content-Type": "application/json", "X-Write-Key": "none"}
    for headers in (plain, asked_first):
        assert page.evaluate(ask, [f"{server.url}/v1/t", headers]) == [401, "unauthorized"]
    page.context.close()
