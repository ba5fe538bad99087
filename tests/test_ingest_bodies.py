"""Bodies as they come: packed, broken, too large, oddly written; and how fast."""

from __future__ import annotations

import gzip
import json
import zlib
from decimal import Decimal
from typing import Any

import pytest
import zstandard

from asked_ingest import ASKED, NOW, only, refused, segment, single, track
from occasion.service.ingest.envelope import Envelope, open_envelope
from occasion.service.ingest.limits import (
    NESTED,
    SEGMENT,
    TooLarge,
    UnknownPacking,
    Unreadable,
    unpack,
)
from occasion.service.ingest.pace import Pace
from occasion.service.ingest.segment import read_segment


class TestBodies:
    PLAIN = json.dumps({"batch": [track()]}).encode()

    @pytest.mark.parametrize(
        ("packing", "packed"),
        [
            ("gzip", gzip.compress(PLAIN)),
            ("", gzip.compress(PLAIN)),
            ("GZIP", gzip.compress(PLAIN[:9]) + gzip.compress(PLAIN[9:])),
            ("deflate", zlib.compress(PLAIN)),
            ("deflate", zlib.compress(PLAIN)[2:-4]),
            ("zstd", zstandard.compress(PLAIN)),
            ("identity", PLAIN),
        ],
        ids=lambda value: value or "none" if isinstance(value, str) else "",  # gzip's bytes hold the time
    )
    def test_what_is_packed_is_unpacked(self, packing: str, packed: bytes) -> None:
        assert unpack(packed, packing, SEGMENT) == self.PLAIN

    @pytest.mark.parametrize(
        ("packing", "packed"),
        [
            ("gzip", gzip.compress(PLAIN)[:-9]),
            ("gzip", b"\x1f\x8b no"),
            ("gzip", gzip.compress(PLAIN)[:-8] + b"12345678"),
            ("gzip", PLAIN),
            ("deflate", b"\x78\x9c nothing"),
            ("zstd", b"\x28\xb5\x2f\xfd nothing"),
            ("zstd", zstandard.compress(PLAIN)[:-3]),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_what_is_broken_is_unreadable(self, packing: str, packed: bytes) -> None:
        with pytest.raises(Unreadable):
            open_envelope(unpack(packed, packing, SEGMENT), SEGMENT, single=False)

    def test_an_unknown_packing(self) -> None:
        with pytest.raises(UnknownPacking, match="gzip, deflate, zstd"):
            unpack(b"", "br", SEGMENT)

    @pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, zstandard.compress])
    def test_a_bomb_is_given_up_on(self, pack: Any) -> None:
        packing = {gzip.compress: "gzip", zlib.compress: "deflate"}.get(pack, "zstd")
        with pytest.raises(TooLarge, match="4,259,840"):
            unpack(pack(b" " * 50_000_000), packing, SEGMENT)

    def test_sizes(self) -> None:
        with pytest.raises(TooLarge, match="512,000"):
            unpack(b" " * 512_001, "", SEGMENT)
        with pytest.raises(TooLarge, match="2,501 events"):
            segment(*[1] * 2501)  # type: ignore[arg-type]
        with pytest.raises(TooLarge, match="an event of"):
            single("track", **track(properties={"a": "x" * 33_000}))
        reading = segment(track(properties={"a": "x" * 33_000}), track(messageId="m2"))
        assert [item.message_id for item in reading.batch.arrived] == ["m2"]
        assert "at most 32,768 bytes" in reading.batch.refused[0].reason

    def test_nesting(self) -> None:
        def nested(depth: int) -> bytes:
            return b'{"batch": [' + b"[" * depth + b"]" * depth + b"]}"

        open_envelope(nested(NESTED), SEGMENT, single=False)
        for depth in (NESTED + 1, 900, 100_000):
            with pytest.raises(TooLarge, match="nested"):
                open_envelope(nested(depth), SEGMENT, single=False)
        brackets = json.dumps({"batch": [track(properties={"a": "[" * 100 + '\\"{{{"'})]}).encode()
        assert len(open_envelope(brackets, SEGMENT, single=False).items) == 1

    @pytest.mark.parametrize(
        "body",
        [b"", b"nope", b'"text"', b"5", b"null", b"[]", b"{}", b'{"batch": 5}', b'{"batch": null}', b'{"batch": [}',
         b'{"batch": []} and more', b"\xff\xfe{\0}\0"],
    )  # fmt: skip
    def test_what_is_no_batch_is_unreadable(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            open_envelope(body, SEGMENT, single=False)

    def test_what_other_writers_of_json_get_wrong_costs_nothing(self) -> None:
        good = json.dumps(track()).encode()
        given = b'{"a": NaN, "b": "\\ud83d", "c": Infinity, "d": 1}'
        odd = b'{"type": "track", "event": "A", "userId": "u\\u0000", "properties": ' + given + b"}"
        envelope = open_envelope(b'\xef\xbb\xbf{"batch": [' + good + b"," + odd + b"]}", SEGMENT, single=False)
        found = read_segment(envelope, SEGMENT, ASKED, "batch").batch.arrived
        events = [item.event for item in found if item.event]
        assert [event.party for event in events] == ["u1", "u\ufffd"]
        assert dict(events[1].properties) == {"b": "?", "d": Decimal(1)}

    def test_nul_is_replaced_and_an_escaped_backslash_is_not(self) -> None:
        body = rb'{"batch": [{"type": "track", "event": "A\u0000B\\u0000", "userId": "u"}]}'
        event = only(read_segment(open_envelope(body, SEGMENT, single=False), SEGMENT, ASKED, "batch")).event
        assert event is not None
        assert event.name == "A\ufffdB\\u0000"

    def test_broken_text_costs_only_its_own_item(self) -> None:
        body = b'{"batch": [{"type": "track", "event": "A\xff", "userId": "u"}, ' + json.dumps(track()).encode() + b"]}"
        reading = read_segment(open_envelope(body, SEGMENT, single=False), SEGMENT, ASKED, "batch")
        assert len(reading.batch.arrived) == 1
        assert "UTF-8" in reading.batch.refused[0].reason
        assert "\ufffd" in reading.batch.refused[0].body["text"]

    def test_the_key_is_not_kept_with_what_is_refused(self) -> None:
        row = refused(single("track", writeKey="secret", api_key="secret", event="x"))
        assert "secret" not in json.dumps(row.body)


def test_an_empty_batch_is_nothing() -> None:
    assert open_envelope(b'{"batch": []}', SEGMENT, single=False) == Envelope([])


class TestPace:
    def test_a_burst_goes_in_and_then_the_rate_counts(self) -> None:
        pace = Pace(10)
        assert pace.wait(b"k", 100, NOW) == 0
        assert pace.wait(b"k", 50, NOW) == 5
        assert pace.wait(b"other", 50, NOW) == 0
        assert pace.wait(b"k", 50, NOW + 4_999_999) == 1
        assert pace.wait(b"k", 50, NOW + 5_000_000) == 0

    def test_more_than_the_bucket_goes_in_when_it_is_full(self) -> None:
        pace = Pace(10)
        assert pace.wait(b"k", 1000, NOW) == 0
        assert pace.wait(b"k", 1, NOW) == 91
