"""Whatever bytes come: items that were read, items that were refused with a reason, or one of three plain answers."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from occasion.events.event import EVENT_FIELDS
from occasion.service.ingest.cloudevents import binary_item, read_cloudevents
from occasion.service.ingest.envelope import Envelope, open_envelope
from occasion.service.ingest.fields import AHEAD_US, FIRST_US, LONGEST
from occasion.service.ingest.limits import (
    CLOUDEVENTS,
    POSTHOG,
    SEGMENT,
    Limits,
    TooLarge,
    UnknownPacking,
    Unreadable,
    unpack,
)
from occasion.service.ingest.posthog import read_posthog
from occasion.service.ingest.reading import Asked, Reading, refused_whole
from occasion.service.ingest.segment import KINDS, read_segment
from occasion.store.arrived import Arrived, RefusedItem
from serving import ServerHere, serving_here

NOW = 1_795_000_000_000_000
ASKED = Asked("shop", NOW)
Reader = Callable[[Envelope, Limits, Asked, str], Reading]
READERS: tuple[tuple[Reader, Limits, bool | None, str], ...] = (
    (read_segment, SEGMENT, False, "batch"),
    *((read_segment, SEGMENT, True, kind) for kind in KINDS),
    (read_posthog, POSTHOG, None, "capture"),
    (read_cloudevents, CLOUDEVENTS, None, "cloudevent"),
)
MILLION = 1_000_000


def check_everything(body: bytes, packing: str = "") -> int:
    """Every reader reads it; returns how many items were read at all."""
    seen = 0
    for reader, limits, single, kind in READERS:
        seen += check(reader, limits, single, kind, body, packing)
    return seen


def check(reader: Reader, limits: Limits, single: bool | None, kind: str, body: bytes, packing: str = "") -> int:
    """One reader reads it, and what comes out can be stored on either database and shown to a person."""
    try:
        envelope = open_envelope(unpack(body, packing, limits), limits, single=single)
    except (TooLarge, Unreadable, UnknownPacking) as why:
        msgspec.json.encode(refused_whole(body, ASKED, kind, str(why), ["key"]))
        return 0
    reading = reader(envelope, limits, ASKED, kind)
    assert len(reading.batch.arrived) + len(reading.batch.refused) == len(envelope.items)
    for item in reading.batch.arrived:
        check_arrived(item)
    for row in reading.batch.refused:
        check_refused(row)
    return len(envelope.items)


def check_arrived(item: Arrived) -> None:
    """Ids that can be indexed, texts without NUL, a time that is not ahead."""
    msgspec.msgpack.encode(item)
    assert not any("\0" in text for text in texts(msgspec.to_builtins(item)))  # which PostgreSQL would refuse
    assert 0 < len(item.message_id) <= 3 * LONGEST + 1
    event = item.event
    if event is not None:
        assert 0 < len(event.party) <= LONGEST
        assert 0 < len(event.name) <= LONGEST
        assert FIRST_US <= event.at <= NOW + AHEAD_US
        assert event.direction in (None, "in", "out")
        assert not any(isinstance(event.field(name), (dict, list, float)) for name in EVENT_FIELDS)
        assert not any(isinstance(value, (dict, list, float, int)) and value is not True and value is not False
                       for value in event.properties.values())  # fmt: skip
    if item.merge is not None:
        assert item.merge.party != item.merge.into
        assert all(0 < len(party) <= LONGEST for party in item.merge[:2])
    if item.traits is not None:
        json.dumps(dict(item.traits.values))


def texts(value: Any) -> Iterator[str]:
    """Every text in it, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from texts(entry)
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from texts(name)
            yield from texts(entry)


def check_refused(row: RefusedItem) -> None:
    """A row of the database, and one line for a person."""
    assert row.reason
    assert "\n" not in row.reason
    assert row.field
    said = [row.body, row.value, row.field, row.party, row.message_id, row.kind, row.reason]
    assert not any("\0" in text for text in texts(said))
    json.dumps(said, allow_nan=False, ensure_ascii=False).encode()
    assert row.party is None or len(row.party) <= LONGEST


TRACK = {
    **{"type": "track", "event": "A", "userId": "u", "messageId": "m", "timestamp": "2026-11-18T11:06:40Z"},
    "properties": {"a": 1.5, "b": {"c": "x"}},
    "context": {"timezone": "Europe/Warsaw", "active": False},
}
CORPUS = [
    json.dumps(item).encode()
    for item in (
        {
            "batch": [TRACK, {"type": "identify", "userId": 1, "anonymousId": "a", "traits": {"n": None}}],
            "sentAt": "2026-11-18",
        },
        {
            "batch": [
                {"type": "alias", "previousId": "a", "userId": "b"},
                {"type": "group", "groupId": "g", "userId": "u"},
            ]
        },
        TRACK,
        {"api_key": "k", "batch": [{"event": "$create_alias", "distinct_id": "a", "properties": {"alias": "b"}}]},
        {
            "event": "$set",
            "distinct_id": "u",
            "$set": {"a": 1},
            "offset": 5,
            "options": {"disable_skew_correction": True},
        },
        [{"event": "$groupidentify", "properties": {"$group_type": "t", "$group_key": "k", "$group_set": {"a": 1}}}],
        {"specversion": "1.0", "id": "1", "source": "/a", "type": "t", "subject": "u", "data": {"a": 1}, "time": 1e9},
        [
            {
                "specversion": "1.0",
                "id": "1",
                "source": "/a",
                "type": "t",
                "subject": "u",
                "data_base64": "eyJhIjoiXHUwMDAwIn0=",
            }
        ],
    )
]
PLAIN = rb'null true false 0 -1 1e999 NaN [] {} "" "u" \u0000 \ud800 \ [[[[ }}}} , : " 99999999999999999 2026-02-30'
STARTS = rb'"userId": "timestamp": "properties":{ "context": "$set": "batch":['
PIECES = [*PLAIN.split(), *STARTS.split(), b"\xff", b"\0", b"\xef\xbb\xbf"]


def mutated(rng: random.Random) -> bytes:
    """A good body, made worse in some places."""
    body = bytearray(rng.choice(CORPUS))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        place = rng.randrange(len(body) + 1)
        way = rng.randrange(5)
        if way == 0:
            body[place:place] = rng.choice(PIECES)
        elif way == 1:
            del body[place : place + rng.randint(1, 12)]
        elif way == 2:
            body[place : place + 1] = bytes([rng.randrange(256)])
        elif way == 3:
            end = body.find(b":", place)
            stop = min((p for p in (body.find(b",", end), body.find(b"}", end)) if p > 0), default=len(body))
            if end > 0:
                body[end + 1 : stop] = rng.choice(PIECES)
        else:
            body[place:place] = body[max(0, place - rng.randint(1, 30)) : place]
    return bytes(body)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["u1", "track", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
SEGMENTS = "anonymousId previousId groupId traits name category originalTimestamp sentAt"
OTHERS = (
    "distinct_id uuid offset options $set $set_once api_key specversion id source subject time data data_base64 batch"
)
NAMES = sorted({*TRACK, *SEGMENTS.split(), *OTHERS.split()})
ITEMS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=10)


def as_json(value: Any) -> bytes:
    """As Python's clients write it: NaN and halves of pairs included."""
    return json.dumps(value).encode()


@given(ITEMS, st.lists(ITEMS, max_size=3))
@settings(max_examples=150, deadline=None)
def test_any_values_under_the_names_that_are_known(item: dict[str, Any], more: list[dict[str, Any]]) -> None:
    for value in (item, [item, *more], {"batch": [item, *more]}, {**item, "batch": more}):
        check_everything(as_json(value))


@given(st.binary(max_size=200), st.sampled_from(["", "gzip", "deflate", "zstd", "br", "identity"]))
@settings(max_examples=300, deadline=None)
def test_any_bytes(body: bytes, packing: str) -> None:
    check_everything(body, packing)
    check_everything(gzip.compress(body), "gzip")


@given(st.lists(st.tuples(st.sampled_from(["ce-id", "ce-source", "ce-type", "ce-subject", "ce-specversion", "ce-time",
                                           "ce-data", "content-type"]), st.text(max_size=20)), max_size=8),
       st.binary(max_size=60) | VALUES.map(as_json))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_any_headers_of_the_binary_form(headers: list[tuple[str, str]], body: bytes) -> None:
    try:
        item = binary_item(headers, body)
    except (Unreadable, TooLarge):
        return
    check(read_cloudevents, CLOUDEVENTS, True, "cloudevent", item)


def test_good_bodies_made_worse() -> None:
    rng = random.Random(7)
    read = sum(check_everything(mutated(rng)) for _ in range(1500))
    assert read > 1000  # it does get past the envelope


@pytest.mark.slow
def test_a_million_bodies_made_worse() -> None:
    rng = random.Random(11)
    read = 0
    for turn in range(MILLION):
        reader, limits, single, kind = READERS[turn % len(READERS)]
        read += check(reader, limits, single, kind, mutated(rng))
    assert read > MILLION // 8  # the others are no JSON any more


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHere]:
    folder: Path = tmp_path_factory.mktemp("fuzz") / "shop"
    with serving_here(folder, following=False) as running:
        yield running


PATHS = ("/v1/track", "/v1/batch", "/v1/identify", "/v1/alias", "/v1/group", "/batch/", "/i/v1/analytics/events",
         "/v1/cloudevents", "/v1/t", "/flags/")  # fmt: skip


def test_over_http_every_body_gets_an_answer_of_the_contract(server: ServerHere) -> None:
    rng = random.Random(13)
    session = requests.Session()
    session.headers["X-Write-Key"] = server.key
    statuses = set()
    for turn in range(600):
        answer = session.post(server.url + PATHS[turn % len(PATHS)], data=mutated(rng), timeout=10)
        statuses.add(answer.status_code)
        assert answer.status_code in (200, 400, 413), (answer.status_code, answer.request.body)
        assert answer.status_code == 200 or answer.json()["success"] is False
    session.close()
    assert statuses >= {200, 400}
