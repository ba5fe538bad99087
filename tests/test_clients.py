"""The real, unmodified clients against a running server: only a host and a key are changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from client_events import kept
from occasion.events.event import Event
from occasion.service.ingest import routes
from occasion.store.schema.log import REFUSED
from occasion.store.schema.people import TRAITS
from serving import ServerHere, serving, serving_here

CALLING = Path(__file__).parent / "calling.py"
OLD = "2.3.3"  # the last version of Segment's client that takes nothing but 200 for success
PATIENCE = 100

# name: client, options
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "segment": ("segment", {}),
    "segment gzip": ("segment", {"gzip": True}),
    "segment one by one": ("segment", {"sync_mode": True}),
    "old segment": ("segment", {}),
    "old segment gzip": ("segment", {"gzip": True}),
    "rudder": ("rudder", {}),
    "rudder plain": ("rudder", {"gzip": False}),
    "posthog": ("posthog", {}),
    "posthog gzip": ("posthog", {"gzip": True}),
    "posthog one by one": ("posthog", {"sync_mode": True}),
    "posthog v1": ("posthog", {"capture_mode": "v1"}),
    "posthog v1 gzip": ("posthog", {"capture_mode": "v1", "capture_compression": "gzip"}),
    "posthog v1 deflate": ("posthog", {"capture_mode": "v1", "capture_compression": "deflate"}),
    "posthog v1 zstd": ("posthog", {"capture_mode": "v1", "capture_compression": "zstd"}),
}
ONE_OF_EACH = ("segment", "old segment", "rudder", "posthog", "posthog v1")


def some(ways: Iterable[str], *quick: str) -> list[Any]:
    """All ways, those that are not named as slow tests."""
    return [pytest.param(way, marks=() if way in quick else pytest.mark.slow) for way in ways]


@pytest.fixture(scope="session")
def old_segment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the older client; skipped with the reason where it cannot be had."""
    folder = tmp_path_factory.mktemp("old-segment")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check"]
    named = [f"segment-analytics-python=={OLD}", "--target", str(folder)]
    try:
        done = subprocess.run([*command, *named], capture_output=True, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"segment-analytics-python {OLD} could not be had within a minute")
    if done.returncode or not (folder / "segment").is_dir():
        pytest.skip(f"segment-analytics-python {OLD} cannot be installed here: {done.stderr.strip()[-200:]}")
    return folder


Call = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def call(request: pytest.FixtureRequest) -> Iterator[Call]:
    """Starts a client as a process of its own, in one of WAYS; ended with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(way: str, url: str, key: str, count: int, pace: float = 0.0, **more: Any) -> subprocess.Popen[str]:
        client, options = WAYS[way]
        env = dict(os.environ)
        if way.startswith("old"):
            env["PYTHONPATH"] = str(request.getfixturevalue("old_segment"))
        command = [sys.executable, str(CALLING), client, url, key, str(count)]
        command += ["--pace", str(pace), "--options", json.dumps({**options, **more})]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE)


def said(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What the client said at its end."""
    written, trouble = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, trouble
    found: dict[str, Any] = json.loads(written)
    return found


def stored(server: ServerHere) -> list[Event]:
    return [event for group in server.service.log.after(0) for event in group.events]


def ns(events: list[Event]) -> list[int]:
    """The numbers of the events that the client counted, each as often as it is there."""
    return sorted(int(str(event.properties["n"]).split(".")[0]) for event in events if event.name == "Lease Signed")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The path of every request that a door for events saw, while the server runs in this process."""
    paths: list[str] = []
    take = routes.take

    async def counting(request: Any, *more: Any) -> Any:
        paths.append(request.url.path)
        return await take(request, *more)

    monkeypatch.setattr(routes, "take", counting)
    return paths


@pytest.mark.parametrize(
    "way", some(WAYS, "segment", "segment one by one", "old segment gzip", "rudder", "posthog gzip", "posthog v1 zstd")
)
def test_everything_a_client_sends_arrives_once(way: str, tmp_path: Path, call: Call, counted: list[str]) -> None:
    count = 8 if "one by one" in way else 150
    with serving_here(tmp_path / "shop", following=False) as server:
        end = said(call(way, server.url, server.key, count))
        events = stored(server)
        log = server.service.log
        with server.service.engine.connect() as connection:
            refused = list(connection.execute(REFUSED.select()))
            traits = {(row.party, row.key): row.value for row in connection.execute(TRAITS.select())}
    assert end["errors"] == []
    assert (end["version"] == OLD) == way.startswith("old")
    assert refused == []
    assert ns(events) == list(range(count))
    assert len(counted) < count + 10  # in batches, and nothing sent again: the answers satisfied it
    names = Counter(event.name for event in events if event.name != "$feature_flag_called")
    pages = {"page viewed": 1, "screen viewed": 1} if "posthog" not in way else {}
    assert names == {"Lease Signed": count, "Anonymous Visit": 1, **pages}
    assert {event.party for event in events} == {"u1"}  # the anonymous visit too, under whom it turned out to be
    assert log.members("u1") == {"u1", "a-1"}
    assert log.members("u2") == {"u2", "b-1"}
    assert traits["u1", "name"] == "Ewa Nowak"
    signed = next(event for event in events if event.name == "Lease Signed")
    assert (signed.properties["unit"], signed.properties["address.city"]) == ("4B", "Łódź")
    assert all(abs(event.at - event.seen) < 30_000_000 for event in events)


@pytest.mark.parametrize("way", some(ONE_OF_EACH, "old segment", "rudder", "posthog v1"))
def test_a_client_does_not_repeat_what_a_4xx_answers(way: str, tmp_path: Path, call: Call, counted: list[str]) -> None:
    with serving_here(tmp_path / "shop", following=False) as server:
        end = said(call(way, server.url, "no-such-key-0123456789", 3))
        assert stored(server) == []
    assert len(end["errors"]) == len(counted) >= 1  # each request failed, and none was a repetition
    assert all("401" in error for error in end["errors"]), end["errors"]
    assert "no key opens this" in end["errors"][0]


@pytest.mark.parametrize("way", ["rudder plain", "posthog"])
def test_a_body_that_is_too_large_is_given_up_at_once(way: str, tmp_path: Path, counted: list[str]) -> None:
    program = {
        "rudder plain": "from rudderstack.analytics.request import post\n"
        "post(K, U, gzip=False, batch=[{'type': 'track', 'event': 'x' * 600000, 'userId': 'u'}])",
        "posthog": "from posthog.request import batch_post\nbatch_post(K, U, batch=['x' * 7000000])",
    }[way]
    with serving_here(tmp_path / "shop", following=False) as server:
        program = f"K, U = {server.key!r}, {server.url!r}\n{program}"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert "APIError" in done.stderr
    assert "413" in done.stderr
    assert len(counted) == 1


@pytest.mark.parametrize("way", some(ONE_OF_EACH, "segment"))
def test_told_to_wait_a_client_comes_again_and_nothing_is_lost(
    way: str, tmp_path: Path, call: Call, counted: list[str]
) -> None:
    with serving_here(tmp_path / "shop", following=False, rate=20) as server:  # 200 at once, then 20 a second
        begun = time.monotonic()
        end = said(call(way, server.url, server.key, 225))
        took = time.monotonic() - begun
        events = stored(server)
    assert end["errors"] == []
    assert ns(events) == list(range(225))
    assert len(counted) > 3  # some were told to wait
    assert took > 1


@pytest.mark.parametrize("way", some(ONE_OF_EACH, "rudder"))
def test_a_server_killed_in_the_middle_loses_and_doubles_nothing(way: str, tmp_path: Path, call: Call) -> None:
    count = 400
    with serving(tmp_path / "shop", "--no-watch") as server:
        # PostHog's client gives up after three tries, 7 s, which a busy machine may need for a start.
        patient = {"max_retries": 10} if way.startswith("posthog") else {}
        process = call(way, server.url, server.key, count, pace=0.005, **patient)
        for _ in range(2):
            time.sleep(0.9)
            server.kill()
            server.start()
        end = said(process)
        server.stop()
        events = kept(server)
    assert end["errors"] == []
    assert ns(events) == list(range(count))
    assert sum(event.name == "Anonymous Visit" for event in events) == 1
