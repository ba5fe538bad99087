"""What clients of Segment's kind send, read: pure functions from bytes to what is stored and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from asked_ingest import HOUR, NOW, only, posthog, refused, segment, single, track
from occasion.service.ingest.fields import Unfit, micros
from occasion.store.arrived import Merge, Traits


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
