"""The doors for events over real HTTP: every path, every place for a key, every status with its body."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from clocks import Clock
from occasion.events.event import Event
from occasion.service.ingest import door
from occasion.service.keys import FRESH_US, end_key
from occasion.store.arrived import Arrived, Batch, NotWritten
from occasion.store.schema.log import REFUSED
from serving import ServerHere, make_key, serving_here

NOW = 1_795_000_000_000_000


CLOCK = Clock(NOW)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHere]:
    with serving_here(tmp_path_factory.mktemp("ingest") / "shop", clock=CLOCK, following=False) as running:
        yield running


@pytest.fixture(autouse=True)
def _a_minute_later() -> None:
    CLOCK.now += 60_000_000  # limits by the minute start anew


def post(server: ServerHere, path: str, given: Any = None, **more: Any) -> requests.Response:
    """A request with the key as Basic user, unless the test shows another."""
    if not {"auth", "headers"} & more.keys():
        more["auth"] = (server.key, "")
    if isinstance(given, bytes):
        return requests.post(server.url + path, data=given, timeout=10, **more)
    return requests.post(server.url + path, json=given, timeout=10, **more)


def stored(server: ServerHere) -> list[Event]:
    """Everything in the log."""
    return [event for group in server.service.log.after(0) for event in group.events]


def refused_rows(server: ServerHere) -> list[Any]:
    with server.service.engine.connect() as connection:
        return list(connection.execute(REFUSED.select().order_by(REFUSED.c.number)))


def is_error(answer: requests.Response, status: int, code: str) -> bool:
    """The one shape of errors."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert body.keys() == {"success", "code", "message", "detail"}
    assert body["success"] is False
    assert body["message"]
    assert "\n" not in body["message"]
    return True


TRACK = {"event": "Lease Signed", "userId": "u1"}
CAPTURED = {"event": "Lease Signed", "distinct_id": "u1"}
CLOUD = {"specversion": "1.0", "source": "/a", "type": "Lease Signed", "subject": "u1"}
SINGLES = ("track", "identify", "group", "page", "screen", "alias")
FITS = {"event": "Lease Signed", "userId": "u1", "groupId": "g", "previousId": "p", "traits": {"a": 1}}
BATCHES = ("/v1/batch", "/v1/batch/", "/v1/import", "/v1/import/", "/v1/b")
CAPTURES = ("/batch/", "/batch", "/i/v0/e/", "/capture/", "/e/")


@pytest.mark.parametrize(
    "path", [f"/v1/{kind}" for kind in SINGLES] + [f"/v1/{letter}" for letter in "tigpsa"] + ["/v1/track/"]
)
def test_single_calls(server: ServerHere, path: str) -> None:
    answer = post(server, path, {**FITS, "messageId": f"single {path}", "previousId": f"p {path}"})
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "taken": 1, "known": 0, "refused": 0}
    again = post(server, path, {**FITS, "messageId": f"single {path}", "previousId": f"p {path}"})
    assert again.json() == {"success": True, "taken": 0, "known": 1, "refused": 0}


@pytest.mark.parametrize("path", BATCHES)
def test_batches(server: ServerHere, path: str) -> None:
    good = {"type": "track", **TRACK, "messageId": f"batch {path}"}
    answer = post(server, path, {"batch": [good, good, {"type": "track"}]})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["taken"], body["known"], body["refused"]) == (1, 1, 1)
    assert (
        body["reasons"] == ["event: is missing: track needs what happened; send its name"]
        or "userId" in body["reasons"][0]
    )


@pytest.mark.parametrize("path", CAPTURES)
def test_captures_in_every_shape(server: ServerHere, path: str) -> None:
    events = [{**CAPTURED, "uuid": f"{shape} {path}"} for shape in ("batch", "one", "list")]
    batch = post(server, path, {"batch": [events[0]], "api_key": server.key}, auth=None)
    one = post(server, path, {**events[1], "api_key": server.key}, auth=None)
    listed = post(server, path, [{**events[2], "properties": {"token": server.key}}], auth=None)
    for answer in (batch, one, listed):
        assert (answer.status_code, answer.json()["taken"]) == (200, 1), answer.text
    ids = {event.id for event in stored(server)}
    assert {f"tests:{event['uuid']}" for event in events} <= ids


def test_the_newer_capture_answers_for_each_event(server: ServerHere) -> None:
    batch = [{**CAPTURED, "uuid": "v1-1"}, {"event": "x", "uuid": "v1-2"}]
    answer = post(server, "/i/v1/analytics/events", {"batch": batch}, headers={"Authorization": f"Bearer {server.key}"})
    results = answer.json()["results"]
    assert results["v1-1"] == {"result": "ok"}
    assert results["v1-2"]["result"] == "drop"


def test_the_newer_capture_corrects_by_its_header(server: ServerHere) -> None:
    headers = {"Authorization": f"Bearer {server.key}", "PostHog-Request-Timestamp": "2030-01-01T00:00:10Z"}
    body = {"batch": [{**CAPTURED, "uuid": "skew", "timestamp": "2030-01-01T00:00:00Z"}], "created_at": "2029-01-01"}
    assert post(server, "/i/v1/analytics/events", body, headers=headers).json()["taken"] == 1
    event = next(event for event in stored(server) if event.id == "tests:skew")
    assert event.at == CLOCK.now - 10_000_000


def test_cloudevents_in_all_forms(server: ServerHere) -> None:
    auth = {"X-Write-Key": server.key}
    structured = post(server, "/v1/cloudevents", json.dumps({**CLOUD, "id": "s"}).encode(),
                      headers={**auth, "Content-Type": "application/cloudevents+json"})  # fmt: skip
    batch = post(server, "/v1/cloudevents", json.dumps([{**CLOUD, "id": "b1"}, {**CLOUD, "id": "b2"}]).encode(),
                 headers={**auth, "Content-Type": "application/cloudevents-batch+json"})  # fmt: skip
    ce = {f"ce-{name}": value for name, value in {**CLOUD, "id": "h"}.items()}
    binary = post(
        server, "/v1/cloudevents", b'{"unit": "4B"}', headers={**auth, **ce, "Content-Type": "application/json"}
    )
    assert [a.json()["taken"] for a in (structured, batch, binary)] == [1, 2, 1]
    found = {event.id: event for event in stored(server)}
    assert found["tests:/a h"].properties == {"unit": "4B"}
    bad = post(server, "/v1/cloudevents", b"{nope", headers={**auth, **ce, "Content-Type": "application/json"})
    assert is_error(bad, 400, "unreadable")


@pytest.mark.parametrize("form", ["structured", "binary"])
def test_cloudevents_of_its_own_sdk(server: ServerHere, form: str) -> None:
    sdk = pytest.importorskip("cloudevents.core.bindings.http", reason="the cloudevents SDK comes with the extra dev")
    from cloudevents.core.formats.json import JSONFormat
    from cloudevents.core.v1.event import CloudEvent

    at = datetime.fromtimestamp(CLOCK.now // 1_000_000 - 60, UTC)
    attributes = {"id": f"sdk {form}", "source": "/shop", "type": "order_completed", "specversion": "1.0",
                  "subject": "Żaneta", "time": at, "datacontenttype": "application/json"}  # fmt: skip
    event = CloudEvent(attributes=attributes, data={"amount": 12.5, "address": {"city": "Łódź"}})
    message = (sdk.to_structured if form == "structured" else sdk.to_binary)(event, JSONFormat())
    headers = {**message.headers, "Authorization": f"Bearer {server.key}"}
    answer = post(server, "/v1/cloudevents", message.body, headers=headers)
    assert answer.json() == {"success": True, "taken": 1, "known": 0, "refused": 0}
    found = next(event for event in stored(server) if event.id == f"tests:/shop sdk {form}")
    assert (found.party, found.name) == ("Żaneta", "order_completed")
    assert found.at == (CLOCK.now // 1_000_000 - 60) * 1_000_000
    assert found.properties == {"amount": Decimal("12.5"), "address.city": "Łódź"}


class TestRefused:
    def test_a_key_that_may_read_sees_what_was_refused(self, server: ServerHere) -> None:
        reader = make_key(server.folder, "monitor", may="read", secret="occ_monitor_0123456789")
        CLOCK.now += FRESH_US
        for n in range(3):
            post(server, "/v1/track", {"userId": "u1", "messageId": f"listed {n}"})
        bearer = {"Authorization": f"Bearer {reader}"}
        page = requests.get(server.url + "/api/refused?source=tests&lines=2", headers=bearer, timeout=10).json()
        assert [json.loads(line["body"])["messageId"] for line in page["lines"]] == ["listed 2", "listed 1"]
        assert page["lines"][0]["reason"] == "event: is missing: track needs what happened; send its name"
        assert ["tests", "event"] in [row[:2] for row in page["by_source"]]
        assert sum(row[2] for row in page["by_source"]) == page["total"]
        older = f"/api/refused?source=tests&lines=1&older={page['older']}"
        page = requests.get(server.url + older, headers=bearer, timeout=10).json()
        assert json.loads(page["lines"][0]["body"])["messageId"] == "listed 0"
        assert requests.get(server.url + "/api/refused?source=nobody", headers=bearer, timeout=10).json()["lines"] == []

    def test_a_key_that_may_write_does_not(self, server: ServerHere) -> None:
        answer = requests.get(server.url + "/api/refused", auth=(server.key, ""), timeout=10)
        assert is_error(answer, 401, "unauthorized")

    def test_a_parameter_that_cannot_be_used(self, server: ServerHere) -> None:
        answer = requests.get(server.url + "/api/refused?lines=0", auth=(server.key, ""), timeout=10)
        assert is_error(answer, 422, "invalid")
        assert "lines" in answer.json()["message"]


class TestKeys:
    @pytest.mark.parametrize("place", ["basic", "bearer", "x-write-key", "writeKey", "api_key"])
    def test_a_key_opens_from_every_place(self, server: ServerHere, place: str) -> None:
        given: dict[str, Any] = dict(TRACK)
        more: dict[str, Any] = {"auth": None}
        if place == "basic":
            more = {"auth": (server.key, "")}
        elif place == "bearer":
            more = {"headers": {"Authorization": f"Bearer {server.key}"}}
        elif place == "x-write-key":
            more = {"headers": {"X-Write-Key": server.key}}
        else:
            given[place] = server.key
        assert post(server, "/v1/track", given, **more).status_code == 200

    @pytest.mark.parametrize("path", ["/v1/track", "/v1/batch", "/batch/", "/i/v1/analytics/events", "/v1/cloudevents"])
    def test_no_key_and_a_wrong_one(self, server: ServerHere, path: str) -> None:
        before = len(refused_rows(server))
        assert is_error(post(server, path, {"batch": []}, auth=None), 401, "unauthorized")
        assert is_error(post(server, path, {"writeKey": "wrong"}, auth=("also wrong", "")), 401, "unauthorized")
        assert is_error(post(server, path, b"no json", auth=("wrong", "")), 401, "unauthorized")
        assert is_error(post(server, path, {}, headers={"Authorization": "Basic ===="}), 401, "unauthorized")
        assert len(refused_rows(server)) == before

    def test_a_key_that_may_read_may_not_write(self, server: ServerHere) -> None:
        reading = make_key(server.folder, "reading", may="read")
        CLOCK.now += FRESH_US
        assert is_error(post(server, "/v1/track", TRACK, auth=(reading, "")), 401, "unauthorized")

    def test_two_keys_overlap_while_one_follows_the_other(self, server: ServerHere) -> None:
        first = make_key(server.folder, "app", source="app", secret="first-key-0123456789")
        second = make_key(server.folder, "app", source="app", secret="second-key-0123456789")
        CLOCK.now += FRESH_US
        given = {**TRACK, "messageId": "the same by either key"}
        assert post(server, "/v1/track", given, auth=(first, "")).json()["taken"] == 1
        assert post(server, "/v1/track", given, auth=(second, "")).json()["known"] == 1
        server.service.writer.do(lambda c: end_key(c, first[:8], CLOCK.now, "test")).result(10)
        CLOCK.now += FRESH_US
        assert is_error(post(server, "/v1/track", TRACK, auth=(first, "")), 401, "unauthorized")
        assert post(server, "/v1/track", TRACK, auth=(second, "")).status_code == 200

    def test_a_key_is_nowhere_in_the_clear(self, server: ServerHere) -> None:
        post(server, "/v1/track", {"event": "no party", "writeKey": server.key}, auth=None)
        post(server, "/v1/batch", f'{{"writeKey": "{server.key}" and no json'.encode())
        post(server, "/e/", [{**CAPTURED, "properties": {"token": server.key}}], auth=None)
        with server.service.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(FULL)")
        for file in server.folder.rglob("*"):
            assert not file.is_file() or server.key.encode() not in file.read_bytes(), file


class TestErrors:
    def test_a_single_call_that_is_refused_is_kept(self, server: ServerHere) -> None:
        answer = post(server, "/v1/track", {"userId": "u1", "messageId": "kept"})
        assert is_error(answer, 400, "refused")
        assert "event: is missing" in answer.json()["message"]
        row = refused_rows(server)[-1]
        assert (row.kind, row.field, row.party, row.message_id, row.source) == ("track", "event", "u1", "kept", "tests")
        assert row.body == {"userId": "u1", "messageId": "kept"}

    def test_what_cannot_be_read_is_kept_too(self, server: ServerHere) -> None:
        assert is_error(post(server, "/v1/batch", b'{"batch": [nope'), 400, "unreadable")
        row = refused_rows(server)[-1]
        assert (row.field, row.body) == ("body", {"text": '{"batch": [nope'})

    def test_too_large(self, server: ServerHere) -> None:
        large = json.dumps({"batch": [{"type": "track", **TRACK, "properties": {"a": "x" * 2000}}] * 300}).encode()
        assert is_error(post(server, "/v1/batch", large), 413, "too_large")
        packed = {"Content-Encoding": "gzip", "X-Write-Key": server.key}
        assert post(server, "/v1/batch", gzip.compress(large), headers=packed).status_code == 200
        bomb = gzip.compress(b"[" + b" " * 40_000_000)
        assert is_error(post(server, "/v1/batch", bomb, headers=packed), 413, "too_large")
        assert is_error(post(server, "/v1/track", {**TRACK, "properties": {"a": "x" * 33_000}}), 413, "too_large")
        assert is_error(post(server, "/v1/batch", {"batch": [1] * 2501}), 413, "too_large")
        assert is_error(post(server, "/v1/batch", b'{"batch": [' + b"[" * 99 + b"]" * 99 + b"]}"), 413, "too_large")
        assert is_error(post(server, "/batch/", b" " * (6 << 20) + b"{}"), 413, "too_large")
        assert post(server, "/batch/", b" " * (5 << 20) + b'{"batch": []}').status_code == 200
        assert {row.kind for row in refused_rows(server)[-6:]} == {"batch", "track", "capture"}

    def test_a_body_whose_size_is_not_stated(self, server: ServerHere) -> None:
        parts = (b" " * 100_000 for _ in range(80))
        answer = requests.post(server.url + "/v1/batch", data=parts, auth=(server.key, ""), timeout=10)
        assert is_error(answer, 413, "too_large")

    def test_an_unknown_packing(self, server: ServerHere) -> None:
        headers = {"Content-Encoding": "br", "X-Write-Key": server.key}
        assert is_error(post(server, "/v1/batch", b"x", headers=headers), 415, "unknown_encoding")

    def test_paths_and_methods_that_are_not_there(self, server: ServerHere) -> None:
        assert is_error(post(server, "/v1/nothing", {}), 404, "not_found")
        answer = requests.get(server.url + "/v1/track", timeout=10)
        assert is_error(answer, 405, "method_not_allowed")
        assert "POST" in answer.headers["Allow"]

    def test_a_body_that_does_not_come(self, server: ServerHere, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(door, "SLOWEST", 0.2)
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
            line.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
            answer = line.recv(4096)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b'"code":"too_slow"' in answer

    def test_a_request_that_breaks_off_harms_nobody(self, server: ServerHere) -> None:
        with socket.create_connection(("127.0.0.1", server.port)) as line:
            line.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert post(server, "/v1/track", TRACK).status_code == 200


class TestNotNow:
    def test_too_much_at_once_for_a_key(self, server: ServerHere) -> None:
        batch = {"batch": [{"type": "track", **TRACK}] * 2500}
        slow, server.service.pace.rate = server.service.pace.rate, 250
        try:
            key = {"auth": (make_key(server.folder, "eager"), "")}
            CLOCK.now += FRESH_US
            assert post(server, "/v1/batch", batch, **key).status_code == 200
            answer = post(server, "/v1/batch", batch, **key)
            assert is_error(answer, 429, "too_many")
            assert answer.headers["Retry-After"] == answer.headers["X-RateLimit-Reset"] == "10"
            assert "X-RateLimit-Reset" in answer.headers["Access-Control-Expose-Headers"]
            CLOCK.now += 10_000_000
            assert post(server, "/v1/batch", batch, **key).status_code == 200
        finally:
            server.service.pace.rate = slow

    def test_a_writer_that_is_behind(self, server: ServerHere, monkeypatch: pytest.MonkeyPatch) -> None:
        writer = server.service.writer
        monkeypatch.setattr(writer, "_waiting_events", 0)  # one that waits is too many
        go_on = threading.Event()
        held = writer.do(lambda _: go_on.wait(10))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(post, server, "/v1/track", {**TRACK, "messageId": "waited"})
            while not writer._events:
                assert not waiting.done()
            answer = post(server, "/v1/track", {**TRACK, "messageId": "told to wait"})
            go_on.set()
            assert waiting.result(10).json()["taken"] == 1
        assert held.result(10)
        assert is_error(answer, 429, "busy")
        assert answer.headers["Retry-After"] == answer.headers["X-RateLimit-Reset"] == "1"
        assert post(server, "/v1/track", {**TRACK, "messageId": "told to wait"}).json()["taken"] == 1

    def test_who_goes_away_while_it_is_written_harms_nobody(self, server: ServerHere) -> None:
        writer = server.service.writer
        go_on = threading.Event()
        writer.do(lambda _: go_on.wait(10))
        batch = Batch(
            [Arrived("tests", "nobody waits", Event(party="u1", name="x", at=NOW, id="tests:nobody waits", seen=NOW))]
        )
        waiting = writer.submit(batch)
        assert not waiting.cancel()
        go_on.set()
        assert waiting.result(10).taken == 1
        assert post(server, "/v1/track", {**TRACK, "messageId": "after it"}).json()["taken"] == 1

    def test_what_is_not_written_is_not_acknowledged(self, server: ServerHere, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(batch: object) -> Future[None]:
            found: Future[None] = Future()
            found.set_exception(NotWritten("the disk is full"))
            return found

        monkeypatch.setattr(server.service.writer, "submit", full)
        answer = post(server, "/v1/track", TRACK)
        assert is_error(answer, 503, "not_written")
        assert answer.headers["Retry-After"]


class TestBrowsers:
    def test_any_type_is_read_as_json_and_any_page_may_read_the_answer(self, server: ServerHere) -> None:
        headers = {"Content-Type": "text/plain", "Origin": "https://shop.example"}
        body = json.dumps({**TRACK, "writeKey": server.key}).encode()
        answer = post(server, "/v1/t", body, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        wrong = post(server, "/v1/t", b"{}", headers=headers)
        assert (wrong.status_code, wrong.headers["Access-Control-Allow-Origin"]) == (401, "*")

    @pytest.mark.parametrize("path", ["/v1/t", "/v1/b", "/v1/batch", "/i/v0/e/", "/v1/cloudevents"])
    def test_the_question_beforehand(self, server: ServerHere, path: str) -> None:
        asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "authorization,content-type"}  # fmt: skip
        answer = requests.options(server.url + path, headers=asked, timeout=10)
        assert answer.status_code == 204
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]

    @pytest.mark.parametrize("path", ["/flags/?v=4", "/decide/?v=3", "/i/v0/ai/batch/"])
    def test_what_is_not_done_here_gets_a_clean_empty_answer(self, server: ServerHere, path: str) -> None:
        answer = post(server, path, {"api_key": server.key, "distinct_id": "u1"}, auth=None)
        assert answer.status_code == 200
        assert not any(value for key, value in answer.json().items() if "lag" in key)


def test_an_event_is_in_the_log_once_it_is_acknowledged(server: ServerHere) -> None:
    for n in range(20):
        assert post(server, "/v1/track", {**TRACK, "messageId": f"now {n}"}).json()["taken"] == 1
        assert any(event.id == f"tests:now {n}" for event in stored(server))
