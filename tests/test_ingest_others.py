"""What clients of PostHog's kind and CloudEvents send, read."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from asked_ingest import ASKED, NOW, cloud, only, posthog, refused
from occasion.service.ingest.answers import results_answer
from occasion.service.ingest.cloudevents import binary_item
from occasion.service.ingest.envelope import open_envelope
from occasion.service.ingest.fields import micros
from occasion.service.ingest.limits import (
    POSTHOG,
)
from occasion.service.ingest.posthog import read_posthog
from occasion.store.arrived import Merge, Receipt, Traits


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
