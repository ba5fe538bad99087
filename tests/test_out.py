"""What leaves the house, read by real readers of each protocol: calendar, Standard Webhooks, Apprise's JSON service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import httpx
import icalendar
import pytest
import vobject
from sqlalchemy import Engine, insert, select, update
from standardwebhooks.webhooks import Webhook as Reader

from databases import records_url  # noqa: F401  (a fixture: each test runs once on each database)
from occasion.errors import InputError
from occasion.service.clock import utc_micros
from occasion.service.out import calendar, notices, webhooks
from occasion.store.records import open_records
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.doors import COLLEAGUES, TEAMS
from occasion.store.schema.out import DELIVERIES, NOTICES, WEBHOOKS
from webhook_receiver import receiving, signing_secret

NOW = 1_772_438_400_000_000  # 2026-03-02 08:00 UTC
DAY = 86_400_000_000
SECRET = "s" * 40


@pytest.fixture
def records(records_url: str) -> Iterator[Engine]:  # noqa: F811
    engine = open_records(records_url)
    yield engine
    engine.dispose()


def coming(key: str, on: date, moment: str = "a year with us") -> calendar.Coming:
    return calendar.Coming(key, "p1", "Hana Quist", moment, on, "first visit on 2 March 2025")


# The calendar


def told(engine: Engine, some: list[calendar.Coming], now: int, names: bool = False) -> bytes:
    with engine.begin() as connection:
        feed = calendar.find_feed(connection, SECRET)
        if feed is None:
            calendar.add_feed(connection, SECRET, colleague="ewa", owner="clinic", names=names, now=now)
            feed = calendar.find_feed(connection, SECRET)
        assert feed is not None
        return calendar.calendar(feed, some, calendar.note_entries(connection, feed, some, now), "clinic")


def test_two_readers_see_whole_days_and_nobodys_name(records: Engine) -> None:
    text = told(records, [coming("a", date(2027, 2, 28)), coming("b", date(2026, 3, 5))], NOW)
    assert b"Hana" not in text
    assert b"p1" not in text
    assert b"DTSTART;VALUE=DATE:20270228" in text
    events = [e for e in icalendar.Calendar.from_ical(text).walk("VEVENT")]
    assert [e.decoded("dtstart") for e in events] == [date(2026, 3, 5), date(2027, 2, 28)]
    assert [e.decoded("dtend") for e in events] == [date(2026, 3, 6), date(2027, 3, 1)]
    other = vobject.readOne(text.decode())
    assert [e.dtstart.value for e in other.vevent_list] == [date(2026, 3, 5), date(2027, 2, 28)]
    assert {e.summary.value for e in other.vevent_list} == {"A moment comes: a year with us"}


def test_uid_stays_and_sequence_grows_only_with_a_change(records: Engine) -> None:
    def entries(text: bytes) -> dict[str, tuple[int, date]]:
        found = icalendar.Calendar.from_ical(text).walk("VEVENT")
        return {str(e["uid"]): (int(e["sequence"]), e.decoded("dtstart")) for e in found}

    first = entries(told(records, [coming("a", date(2026, 3, 5)), coming("b", date(2026, 3, 6))], NOW))
    same = entries(told(records, [coming("a", date(2026, 3, 5)), coming("b", date(2026, 3, 6))], NOW + DAY))
    moved = entries(told(records, [coming("a", date(2026, 3, 9)), coming("b", date(2026, 3, 6))], NOW + 2 * DAY))
    assert first == same
    assert set(moved) == set(first)
    assert sorted(moved.values()) == [(0, date(2026, 3, 6)), (1, date(2026, 3, 9))]


def test_names_only_where_they_were_asked_for_and_a_revoked_feed_is_none(records: Engine) -> None:
    assert b"A moment" not in told(records, [coming("a", date(2026, 3, 5))], NOW, names=True)
    with records.begin() as connection:
        assert calendar.revoke_feeds(connection, now=NOW, colleague="ewa") == 1
        assert calendar.find_feed(connection, SECRET) is None
        assert calendar.feeds_of(connection, "ewa") == []


# Webhooks


def post(url: str, body: bytes, headers: object, timeout: float) -> int:
    try:
        return httpx.post(url, content=body, headers=dict(headers), timeout=timeout).status_code  # type: ignore[call-overload]
    except httpx.HTTPError as failed:
        raise OSError(str(failed)) from failed


def add(engine: Engine, url: str, *kinds: str) -> int:
    with engine.begin() as connection:
        return webhooks.add_webhook(connection, url, kinds, signing_secret(), NOW)


def step(engine: Engine, now: int) -> list[int | None]:
    with engine.connect() as connection:
        some = webhooks.due(connection, now)
    statuses = []
    for one in some:
        status, said = webhooks.send(one, post, now)
        with engine.begin() as connection:
            webhooks.settle(connection, one, status, said, now)
        statuses.append(status)
    return statuses


def test_a_reader_of_the_rules_accepts_a_message_and_refuses_a_changed_one(records: Engine) -> None:
    now = utc_micros()  # the reader looks at the real clock
    with receiving() as hook:
        add(records, hook.url, "occasion.opened")
        with records.begin() as connection:
            assert webhooks.queue(connection, "moment.reached", "1", {}, now=now, party="p1") == 0
            assert webhooks.queue(connection, "occasion.opened", "7", {"moment": "ö"}, now=now, party="p1") == 1
        assert step(records, now) == [200]
        headers, body = hook.got[0]
        read = Reader(signing_secret()).verify(body, headers)
        assert read["type"] == "occasion.opened"
        assert read["data"] == {"moment": "ö"}
        with pytest.raises(Exception, match="signature"):
            Reader(signing_secret()).verify(body + b" ", headers)
        assert step(records, now + DAY) == []


def test_tried_again_with_the_same_id_until_it_is_taken(records: Engine) -> None:
    with receiving() as hook:
        add(records, hook.url)
        hook.status = 503
        with records.begin() as connection:
            webhooks.queue(connection, "moment.reached", "1", {}, now=NOW, party=None)
        assert step(records, NOW) == [503]
        assert step(records, NOW + webhooks.PAUSES[0] - 1) == []
        hook.status = 204
        assert step(records, NOW + webhooks.PAUSES[0]) == [204]
        ids = {headers["webhook-id"] for headers, _ in hook.got}
        assert len(hook.got) == 2
        assert len(ids) == 1


def test_gone_disables_and_no_answer_is_given_up_in_the_end(records: Engine) -> None:
    with receiving() as hook:
        gone = add(records, hook.url)
        hook.status = 410
        with records.begin() as connection:
            webhooks.queue(connection, "moment.reached", "1", {}, now=NOW, party=None)
        assert step(records, NOW) == [410]
        with records.begin() as connection:
            assert next(w for w in webhooks.webhooks(connection) if w.number == gone).disabled_us == NOW
            assert webhooks.queue(connection, "moment.reached", "2", {}, now=NOW, party=None) == 0
        url = hook.url
    add(records, url)  # nobody listens there any more
    with records.begin() as connection:
        webhooks.queue(connection, "moment.reached", "3", {}, now=NOW, party=None)
    now, tries = NOW, 0
    for pause in (0, *webhooks.PAUSES, DAY):
        now += pause
        tries += len(step(records, now))
    assert tries == len(webhooks.PAUSES) + 1
    with records.connect() as connection:
        outcomes = list(connection.execute(select(DELIVERIES.c.outcome)).scalars())
    assert any(said.startswith(f"given up after {tries} tries") for said in outcomes)


@pytest.mark.parametrize("url", ["ftp://x/y", "http://", "https://name:word@example.com/", "example.com"])
def test_an_address_that_cannot_be_is_refused(records: Engine, url: str) -> None:
    with pytest.raises(InputError, match="an address such as"):
        add(records, url)


# Notices


def colleague(engine: Engine, name: str, **notify: object) -> None:
    row = {"id": name, "name": name, "role": "colleague", "capacity": 5, "notify": notify, "joined_us": NOW}
    with engine.begin() as connection:
        connection.execute(insert(COLLEAGUES).values(row))
        connection.execute(insert(TEAMS).values(team="clinic", colleague=name))


@pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")  # a library of Apprise's
def test_trouble_reaches_the_whole_team_once_and_names_nobody(records: Engine) -> None:
    with receiving() as hook:
        colleague(records, "ewa", addresses=[hook.url.replace("http", "json")])
        colleague(records, "tom", addresses=[hook.url.replace("http", "json")], at_once=False)
        with records.begin() as connection:
            assert notices.tell_at_once(connection, "clinic", "angry with us", "patient-7", NOW) == 2
            outcome: dict[int, str] = {}
            for message in notices.waiting(connection):
                outcome |= notices.send(message, notices.by_apprise)
            notices.settle_notices(connection, outcome, NOW)
            assert notices.waiting(connection) == []
        assert sorted(outcome.values()) == ["not wanted", "sent"]
        [(_, body)] = hook.got
        assert "angry with us" in json.loads(body)["message"]
        assert b"patient-7" not in body


def test_one_digest_a_morning_in_the_colleagues_own_zone(records: Engine) -> None:
    colleague(records, "ewa", addresses=["json://127.0.0.1:9"])
    with records.begin() as connection:
        connection.execute(update(COLLEAGUES).values(zone="America/New_York"))  # 03:00 there at NOW
        occasion = {
            "party": "p1", "moment": "a year with us", "identity": "x", "kind": "reached", "per": "", "about_us": NOW,
            "owner": "clinic", "shown_us": NOW, "until_us": NOW + DAY, "state": "open", "reason": "", "stake": 1.0,
            "answer": "", "changed_us": NOW,
        }  # fmt: skip
        filled = {
            c.name: occasion.get(c.name, "" if not c.nullable and c.name != "number" else None) for c in OCCASIONS.c
        }
        filled.pop("number")
        connection.execute(insert(OCCASIONS).values(filled))
        assert notices.queue_digests(connection, NOW, "UTC") == 0
        assert notices.queue_digests(connection, NOW + 5 * 3_600_000_000, "UTC") == 1
        assert notices.queue_digests(connection, NOW + 6 * 3_600_000_000, "UTC") == 0
        assert notices.queue_digests(connection, NOW + DAY + 5 * 3_600_000_000, "UTC") == 1
        texts = set(connection.execute(select(NOTICES.c.text)).scalars())
    assert texts == {"On your desk this morning: 1 × a year with us."}


@pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")  # a library of Apprise's
def test_an_unknown_service_is_refused_without_repeating_the_secret() -> None:
    with pytest.raises(InputError) as refused:
        notices.check_address("nosuch://token-123@host")
    assert "nosuch" in str(refused.value)
    assert "token-123" not in str(refused.value)


def test_nothing_waits_for_a_webhook_nobody_made(records: Engine) -> None:
    with records.begin() as connection:
        assert webhooks.queue(connection, "moment.reached", "1", {}, now=NOW, party=None) == 0
        assert connection.execute(select(WEBHOOKS)).first() is None
