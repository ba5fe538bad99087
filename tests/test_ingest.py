"""What clients send, read: pure functions from bytes to what is stored and what is refused."""

from __future__ import annotations

import gzip
import json
import zlib
from decimal import Decimal
from typing import Any

import pytest
import zstandard

from occasion.service.ingest.answers import results_answer
from occasion.service.ingest.cloudevents import binary_item, read_cloudevents
from occasion.service.ingest.envelope import Envelope, open_envelope
from occasion.service.ingest.fields import Unfit, micros
from occasion.service.ingest.limits import (
    CLOUDEVENTS,
    NESTED,
    POSTHOG,
    SEGMENT,
    TooLarge,
    UnknownPacking,
    Unreadable,
    unpack,
)
from occasion.service.ingest.pace import Pace
from occasion.service.ingest.posthog import read_posthog
from occasion.service.ingest.reading import Asked, Reading
from occasion.service.ingest.segment import read_segment
from occasion.store.arrived import Arrived, Merge, Receipt, RefusedItem, Traits

NOW = 1_795_000_000_000_000  # 2026-11-18T11:06:40Z
ASKED = Asked("shop", NOW)
HOUR = 3_600_000_000


def segment(*items: dict[str, Any], **head: Any) -> Reading:
    """A batch, as it would come."""
    body = json.dumps({"batch": items, **head}).encode()
    return read_segment(open_envelope(body, SEGMENT, single=False), SEGMENT, ASKED, "batch")


def single(kind: str, **item: Any) -> Reading:
    """One call at its own path."""
    return read_segment(open_envelope(json.dumps(item).encode(), SEGMENT, single=True), SEGMENT, ASKED, kind)


def posthog(*items: dict[str, Any], **head: Any) -> Reading:
    """A batch of the other family."""
    body = json.dumps({"batch": items, **head}).encode()
    return read_posthog(open_envelope(body, POSTHOG, single=None), POSTHOG, ASKED, "capture")


def cloud(body: bytes) -> Reading:
    """CloudEvents."""
    return read_cloudevents(open_envelope(body, CLOUDEVENTS, single=None), CLOUDEVENTS, ASKED, "cloudevent")


def only(reading: Reading) -> Arrived:
    """The one item, which was read."""
    assert not reading.batch.refused, reading.batch.refused[0].reason
    (item,) = reading.batch.arrived
    return item


def refused(reading: Reading) -> RefusedItem:
    """The one item, which was refused."""
    assert not reading.batch.arrived
    (row,) = reading.batch.refused
    return row


def track(**more: Any) -> dict[str, Any]:
    """A good call, and what the test is about."""
    return {"type": "track", "event": "Lease Signed", "userId": "u1", "messageId": "m1", **more}


class TestSegment:
    def test_a_track_call_is_an_event_of_its_user(self) -> None:
        item = only(segment(track(anonymousId="a", properties={"unit": "4B"}, integrations={})))
        event = item.event
        assert event is not None
        assert (item.source, item.message_id, event.id) == ("shop", "m1", "shop:m1")
        assert (event.party, event.name, event.seen, dict(event.properties)) == (
            "u1",
            "Lease Signed",
            NOW,
            {"unit": "4B"},
        )

    def test_null_is_absent_and_ids_may_be_numbers(self) -> None:
        found = [
            only(segment(track(userId=None, anonymousId=7))).event,
            only(segment(track(userId=12.0))).event,
            only(segment(track(userId="", anonymousId="a"))).event,
        ]
        assert [event.party for event in found if event] == ["7", "12", "a"]

    @pytest.mark.parametrize("value", [True, ["u1"], {"id": 1}])
    def test_an_id_of_another_type_is_refused_by_name(self, value: object) -> None:
        row = refused(segment(track(userId=value)))
        assert row.field == "userId"
        assert "expected" in row.reason

    def test_a_batch_keeps_the_good_and_says_why_not_of_the_bad(self) -> None:
        reading = segment(track(), track(event=None, messageId="m2"), {"type": "page"}, {"type": "gesture"}, 5, None)
        assert [item.message_id for item in reading.batch.arrived] == ["m1"]
        said = [(row.kind, row.field, row.message_id) for row in reading.batch.refused]
        assert said == [
            ("track", "event", "m2"),
            ("page", "userId", None),
            ("gesture", "type", None),
            ("unknown", "event", None),
            ("unknown", "event", None),
        ]
        assert all(row.received_us == NOW and "\n" not in row.reason for row in reading.batch.refused)
        assert reading.batch.refused[0].party == "u1"

    def test_what_one_batch_says_of_all_is_merged_into_each(self) -> None:
        context = {"timezone": "Europe/Warsaw", "active": False}
        reading = segment(track(), track(messageId="m2", context={"timezone": "Asia/Tokyo"}), context=context)
        zones = [item.event.zone for item in reading.batch.arrived if item.event]
        assert zones == ["Europe/Warsaw", "Asia/Tokyo"]
        assert all(item.event and item.event.properties["active"] is False for item in reading.batch.arrived)

    def test_a_zone_nobody_knows_is_no_zone(self) -> None:
        event = only(segment(track(context={"timezone": "Mars/Olympus"}))).event
        assert event is not None
        assert event.zone is None

    def test_identify_joins_and_its_traits_may_be_in_the_context(self) -> None:
        item = only(
            single(
                "identify", userId="u1", anonymousId="a", context={"traits": {"name": "Ewa", "n": 1}}, traits={"n": 2}
            )
        )
        assert item.event is None
        assert item.merge == Merge("a", "u1", "identify")
        assert item.traits == Traits("u1", {"name": "Ewa", "n": 2}, "customer")

    def test_identify_says_the_zone(self) -> None:
        item = only(single("identify", anonymousId="a", context={"timezone": "Europe/Warsaw"}))
        assert item.merge is None
        assert item.traits == Traits("a", {"timezone": "Europe/Warsaw"}, "customer")

    def test_an_id_that_is_its_own_alias_says_nothing(self) -> None:
        assert only(single("alias", previousId="u1", userId="u1")).merge is None
        given = {"alias": "u1"}
        assert only(posthog({"event": "$create_alias", "distinct_id": "u1", "properties": given})).merge is None

    def test_alias_joins_the_previous_id_to_the_user(self) -> None:
        assert only(single("alias", previousId="a", userId="u1")).merge == Merge("a", "u1", "alias")

    @pytest.mark.parametrize(
        ("kind", "given", "field"),
        [
            ("track", {"userId": "u1"}, "event"),
            ("track", {"event": "x"}, "userId"),
            ("identify", {"traits": {}}, "userId"),
            ("page", {"name": "Prices"}, "userId"),
            ("screen", {}, "userId"),
            ("group", {"userId": "u1"}, "groupId"),
            ("alias", {"userId": "u1"}, "previousId"),
            ("alias", {"previousId": "u1"}, "userId"),
            ("track", {"event": "x", "userId": "u" * 513}, "userId"),
            ("track", {"event": "x" * 513, "userId": "u"}, "event"),
            ("track", {"event": "x", "userId": "u", "properties": "none"}, "properties"),
        ],
    )
    def test_what_a_kind_needs(self, kind: str, given: dict[str, Any], field: str) -> None:
        row = refused(single(kind, **given))
        assert (row.kind, row.field) == (kind, field)
        assert field in row.reason

    def test_a_page_is_an_event_with_its_name_as_a_property(self) -> None:
        event = only(single("page", anonymousId="a", name="Prices", category="docs", properties={"path": "/p"})).event
        assert event is not None
        assert event.name == "page viewed"
        assert dict(event.properties) == {"path": "/p", "name": "Prices", "category": "docs"}
        screen = only(single("screen", userId="u", name="Home")).event
        assert screen is not None
        assert screen.name == "screen viewed"

    def test_a_group_is_told_of_its_member_and_alone_of_itself(self) -> None:
        member = only(single("group", userId="u1", groupId=4, traits={"floors": 3}))
        assert member.traits == Traits("u1", {"group": "4", "group.floors": 3}, "customer")
        alone = only(single("group", groupId="house", traits={"floors": 3}))
        assert alone.traits == Traits("group/house", {"floors": 3}, "customer")

    def test_without_a_message_id_each_gets_one_of_its_own(self) -> None:
        item = {key: value for key, value in track().items() if key != "messageId"}
        ids = [found.message_id for found in segment(item, item).batch.arrived]
        assert len(set(ids)) == 2
        assert ids == [found.message_id for found in segment(item, item).batch.arrived]  # nothing random in it


class TestProperties:
    def properties(self, **given: Any) -> dict[str, Any]:
        event = only(segment(track(properties=given))).event
        assert event is not None
        return dict(event.properties)

    def test_exact_numbers_text_and_flags(self) -> None:
        found = self.properties(a=1, b=0.1, c="x", d=True, e=None, f=[1, 2], g=1e30)
        assert found == {"a": Decimal(1), "b": Decimal("0.1"), "c": "x", "d": True}

    def test_an_object_is_flattened_once(self) -> None:
        found = self.properties(address={"city": "Łódź", "no": 4, "geo": {"lat": 1}, "tags": [1], "none": None})
        assert found == {"address.city": "Łódź", "address.no": Decimal(4)}

    def test_properties_that_name_a_field_of_the_event_become_it(self) -> None:
        given = {"channel": "mail", "direction": "Inbound", "actor": 7, "counterpart": "p1", "mass": True, "text": "Hi"}
        event = only(segment(track(properties=given))).event
        assert event is not None
        assert (event.channel, event.direction, event.actor, event.counterpart) == ("mail", "in", "7", "p1")
        assert (event.mass, event.body, dict(event.properties)) == (True, "Hi", {})

    def test_what_does_not_fit_a_field_stays_a_property(self) -> None:
        event = only(segment(track(properties={"direction": "north", "mass": "12 kg", "body": 5}))).event
        assert event is not None
        assert (event.direction, event.mass, event.body) == (None, False, None)
        assert dict(event.properties) == {"direction": "north", "mass": "12 kg", "body": Decimal(5)}


class TestTime:
    def at(self, *, sent: Any = None, **given: Any) -> int:
        event = only(segment(track(**given), sentAt=sent)).event
        assert event is not None
        return event.at

    def test_without_a_time_it_was_when_it_came(self) -> None:
        assert self.at() == NOW

    def test_a_wrong_clock_is_corrected(self) -> None:
        # the client's clock is an hour ahead: it says 12:06:40 when it is 11:06:40
        assert self.at(timestamp="2026-11-18T12:06:10Z", sent="2026-11-18T12:06:40Z") == NOW - 30_000_000
        assert self.at(
            originalTimestamp="2026-11-18T12:06:10Z", timestamp="2020-01-01", sent="2026-11-18T12:06:40Z"
        ) == (NOW - 30_000_000)

    def test_what_it_says_counts_where_nothing_says_when_it_was_sent(self) -> None:
        assert self.at(timestamp="2026-11-18T13:06:40+02:00") == NOW
        assert self.at(timestamp="2026-11-18T13:06:40+02:00", sent="yesterday") == NOW

    @pytest.mark.parametrize(
        "said",
        ["2026-11-18T11:06:40Z", "2026-11-18 11:06:40", "20261118T110640Z", 1795000000, 1795000000.0, 1795000000000,
         1795000000000000, 1795000000000000000, "2026-11-18T11:06:40.0000001+00:00"],
    )  # fmt: skip
    def test_the_ways_times_are_written(self, said: object) -> None:
        assert micros(said, "timestamp") == NOW

    @pytest.mark.parametrize("said", ["soon", "2026-02-30", "26", [], {}, True, 1e300, "9" * 100])
    def test_what_is_no_time_is_refused(self, said: object) -> None:
        assert refused(segment(track(timestamp=said))).field == "timestamp"
        with pytest.raises(Unfit, match="is no time"):
            micros(said, "timestamp")

    def test_ahead_of_the_clock_waits_and_far_ahead_is_refused(self) -> None:
        assert self.at(timestamp="2026-11-19T11:06:40Z") == NOW + 24 * HOUR
        row = refused(segment(track(timestamp="2026-11-19T11:06:41Z")))
        assert "more than 24 hours ahead" in row.reason
        ahead = {"timestamp": "2030-01-01T00:00:00Z", "sent": "2030-01-01T00:00:01Z"}  # only its clock is
        assert self.at(**ahead) == NOW - 1_000_000


class TestPostHog:
    def test_an_event(self) -> None:
        given = {"n": 1, "$lib": "posthog-python", "distinct_id": "u1", "$current_url": "/p"}
        item = only(posthog({"event": "Lease Signed", "distinct_id": "u1", "uuid": "x1", "properties": given}))
        assert item.event is not None
        assert (item.message_id, item.event.party, item.event.name) == ("x1", "u1", "Lease Signed")
        assert dict(item.event.properties) == {"n": Decimal(1), "$current_url": "/p"}

    def test_the_id_may_be_among_the_properties(self) -> None:
        event = only(posthog({"event": "x", "properties": {"distinct_id": 5, "$insert_id": "i"}})).event
        assert event is not None
        assert (event.party, event.id) == ("5", "shop:i")

    def test_an_alias_has_the_old_id_as_its_own(self) -> None:
        given = {"distinct_id": "old", "alias": "new"}
        item = only(posthog({"event": "$create_alias", "distinct_id": "old", "properties": given}))
        assert (item.event, item.merge) == (None, Merge("old", "new", "alias"))

    def test_the_other_ways_to_join(self) -> None:
        item = only(posthog({"event": "$identify", "distinct_id": "u", "properties": {"$anon_distinct_id": "a"}}))
        assert item.merge == Merge("a", "u", "identify")
        given = {"alias": "b"}
        item = only(posthog({"event": "$merge_dangerously", "distinct_id": "u", "properties": given}))
        assert item.merge == Merge("b", "u", "alias")
        assert refused(posthog({"event": "$create_alias", "distinct_id": "u"})).field == "alias"

    def test_what_is_set_may_be_at_the_top_or_inside(self) -> None:
        top = only(
            posthog({"event": "$set", "distinct_id": "u", "$set": {"name": "Ewa"}, "$set_once": {"name": "E", "a": 1}})
        )
        inside = only(posthog({"event": "$set", "distinct_id": "u", "properties": {"$set": {"name": "Ewa"}}}))
        assert top.event is None
        assert top.traits == Traits("u", {"name": "Ewa", "a": 1}, "customer")
        assert inside.traits == Traits("u", {"name": "Ewa"}, "customer")
        both = only(posthog({"event": "x", "distinct_id": "u", "properties": {"$set": {"name": "Ewa"}}}))
        assert both.event is not None
        assert both.traits == inside.traits

    def test_a_groups_random_id_is_nobody(self) -> None:
        given = {"$group_type": "company", "$group_key": "acme", "$group_set": {"floors": 3}}
        item = only(posthog({"event": "$groupidentify", "distinct_id": "0192-random", "properties": given}))
        assert (item.event, item.merge) == (None, None)
        assert item.traits == Traits("company/acme", {"floors": 3}, "customer")

    def test_times(self) -> None:
        late = {"event": "x", "distinct_id": "u", "timestamp": "2026-11-18T12:06:10Z"}
        event = only(posthog(late, sent_at="2026-11-18T12:06:40Z")).event
        assert event is not None
        assert event.at == NOW - 30_000_000
        late["timestamp"] = "2026-11-18T10:00:00Z"
        event = only(posthog({**late, "options": {"disable_skew_correction": True}}, sent_at="2020-01-01")).event
        assert event is not None
        assert event.at == micros("2026-11-18T10:00:00Z", "t")
        event = only(posthog({"event": "x", "distinct_id": "u", "offset": 1500})).event
        assert event is not None
        assert event.at == NOW - 1_500_000

    def test_a_key_among_the_properties_is_not_kept(self) -> None:
        item = {"event": "x", "distinct_id": "u", "properties": {"token": "secret-key", "n": 1}}
        envelope = open_envelope(json.dumps([item]).encode(), POSTHOG, single=None)
        assert envelope.key == "secret-key"
        event = only(read_posthog(envelope, POSTHOG, ASKED, "capture")).event
        assert event is not None
        assert dict(event.properties) == {"n": Decimal(1)}

    def test_each_event_has_its_result(self) -> None:
        reading = posthog({"event": "x", "distinct_id": "u", "uuid": "1"}, {"event": "x", "uuid": "2"}, {"uuid": {}})
        results = results_answer(Receipt(1, 0, 2), reading)["results"]
        assert results["1"] == {"result": "ok"}
        assert results["2"]["result"] == "drop"
        assert "distinct_id: is missing" in results["2"]["details"]
        assert len(results) == 2

    def test_one_event_alone(self) -> None:
        envelope = open_envelope(b'{"api_key": "k", "event": "x", "distinct_id": "u"}', POSTHOG, single=None)
        assert (envelope.single, envelope.key) == (True, "k")
        assert only(read_posthog(envelope, POSTHOG, ASKED, "capture")).event is not None


class TestCloudEvents:
    EVENT: dict[str, Any] = {  # noqa: RUF012 -- never changed
        "specversion": "1.0", "id": "1", "source": "/a shop", "type": "order_completed", "subject": "u1",
        "time": "2026-11-18T11:06:40Z", "data": {"amount": 12.5, "channel": "web"}, "campaign": "spring",
    }  # fmt: skip

    def test_structured(self) -> None:
        item = only(cloud(json.dumps(self.EVENT).encode()))
        event = item.event
        assert event is not None
        assert (event.name, event.party, event.at, event.channel) == ("order_completed", "u1", NOW, "web")
        assert dict(event.properties) == {"amount": Decimal("12.5"), "campaign": "spring"}
        assert item.message_id == "/a%20shop 1"

    def test_the_identity_is_the_source_and_the_id(self) -> None:
        other = {**self.EVENT, "source": "/a", "id": "shop 1"}
        assert only(cloud(json.dumps(other).encode())).message_id == "/a shop 1" != "/a%20shop 1"

    def test_a_batch(self) -> None:
        reading = cloud(json.dumps([self.EVENT, {**self.EVENT, "subject": None}, 4]).encode())
        assert len(reading.batch.arrived) == 1
        assert [row.field for row in reading.batch.refused] == ["subject", "event"]

    def test_binary(self) -> None:
        headers = [("content-type", "application/json; charset=utf-8"), ("ce-specversion", "1.0"), ("ce-id", "1"),
                   ("ce-source", "/a"), ("ce-type", "t"), ("ce-subject", "Jo%C3%A3o"), ("host", "x")]  # fmt: skip
        event = only(cloud(binary_item(headers, b'{"n": 1}'))).event
        assert event is not None
        assert (event.party, dict(event.properties)) == ("João", {"n": Decimal(1)})
        headers[0] = ("content-type", "text/plain")
        event = only(cloud(binary_item(headers, "Dzień dobry".encode()))).event
        assert event is not None
        assert event.body == "Dzień dobry"
        headers[0] = ("content-type", "application/octet-stream")
        event = only(cloud(binary_item(headers, b"\0\1"))).event
        assert event is not None
        assert dict(event.properties) == {}

    @pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "subject"])
    def test_what_it_needs(self, name: str) -> None:
        event = {key: value for key, value in self.EVENT.items() if key != name}
        assert refused(cloud(json.dumps(event).encode())).field == name


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
