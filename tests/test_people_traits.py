"""What systems say about a party, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from occasion.people import merges
from occasion.people.derived import civil_date, derive
from occasion.people.details import details_of
from occasion.people.parties import change, party_of
from occasion.people.search import search
from occasion.people.traits import Said, learn, take_traits, traits_of
from occasion.store.arrived import Arrived, Traits

NOW = 1_772_452_800_000_000  # 2026-03-02 12:00 UTC


def say(connection: Connection, party: str, at: int = NOW, **values: Any) -> int:
    return learn(connection, [Said(party, values, "segment", at)], now=at)


def test_traits_become_a_name_a_zone_a_locale_and_a_birthday(connection: Connection) -> None:
    say(connection, "u1", first_name="Anna", lastName="Łącka", timezone="Europe/Warsaw", language="pl_PL",
        birthday="1990-10-28T23:00:00.000Z", email="anna@example.com", gone=None,
        plan={"name": "pro", "seats": [1, 2]})  # fmt: skip
    found = party_of(connection, "u1")
    assert (found.name, found.zone, found.locale) == ("Anna Łącka", "Europe/Warsaw", "pl-PL")
    [birthday] = details_of(connection, "u1")
    assert (birthday.kind, birthday.on_date, birthday.source) == (
        "date",
        "1990-10-29",
        "identify",
    )  # 29 October is 29 October
    assert {t.key: t.value for t in traits_of(connection, "u1")}["plan"] == {"name": "pro", "seats": [1, 2]}
    assert [hit.place for hit in search(connection, "example")] == ["trait"]
    say(connection, "u1", NOW + 1, birthday="--11-02")
    assert [(d.on_date, d.ended_us is None) for d in details_of(connection, "u1", ended=True)] == [
        ("--11-02", True),
        ("1990-10-29", False),
    ]


def test_saying_it_again_changes_nothing_and_an_older_word_does_not_count(connection: Connection) -> None:
    assert say(connection, "u1", name="Anna", plan="pro") == 2
    assert say(connection, "u1", NOW + 5, name="Anna", plan="pro") == 0
    assert say(connection, "u1", NOW - 5, plan="free") == 0
    assert say(connection, "u1", NOW + 6, plan=None) == 1
    assert [t.key for t in traits_of(connection, "u1")] == ["name"]


def test_what_a_person_wrote_is_not_overwritten_by_a_system(connection: Connection) -> None:
    say(connection, "u1", name="ANNA N", timezone="Europe/Warsaw")
    say(connection, "u1", NOW + 1, name="ANNA M")
    assert party_of(connection, "u1").name == "ANNA M"
    change(connection, "u1", now=NOW + 2, by="ewa", name="Anna Maj", zone="Europe/London")
    say(connection, "u1", NOW + 3, name="ANNA K", timezone="Asia/Tokyo")
    found = party_of(connection, "u1")
    assert (found.name, found.zone) == ("Anna Maj", "Europe/London")
    assert search(connection, "anna k") == []


def test_traits_are_read_through_a_merge_and_given_back(connection: Connection) -> None:
    say(connection, "anon", city="Gdynia", birthday="--02-29")
    say(connection, "u1", NOW + 1, city="Sopot")
    number = merges.merge(connection, "anon", "u1", now=NOW + 2, by="segment", why="identify")
    assert [(t.key, t.value) for t in traits_of(connection, "u1")] == [
        ("birthday", "--02-29"), ("city", "Sopot"), ("city", "Gdynia")]  # fmt: skip
    assert [d.on_date for d in details_of(connection, "u1")] == ["--02-29"]
    say(connection, "anon", NOW + 3, birthday="--03-01")  # a late word of the old identity stays its own
    assert [d.on_date for d in details_of(connection, "u1")] == ["--03-01"]
    assert number is not None
    merges.undo(connection, number, now=NOW + 4, by="ewa")
    assert details_of(connection, "u1") == []
    assert [t.value for t in traits_of(connection, "anon") if t.key == "city"] == ["Gdynia"]


def test_many_at_once_and_characters_a_database_cannot_hold(connection: Connection) -> None:
    said = [
        Said(f"u{i % 900}", {"name": f"Name {i}", "n\x00ote": "a\x00b\ud800"}, "segment", NOW + i) for i in range(1800)
    ]
    learn(connection, said, now=NOW)
    assert party_of(connection, "u5").name == "Name 905"
    assert {t.key: t.value for t in traits_of(connection, "u5")} == {"name": "Name 905", "note": "ab?"}


@pytest.mark.parametrize(
    ("value", "zone", "meant"),
    [("1990-10-29", None, "1990-10-29"), ("1604-04-12", None, "--04-12"), ("--0229", None, "--02-29"),
     ("1990-10-29T00:00:00.000Z", "America/New_York", "1990-10-29"), ("1990-10-29T00:00:00+14:00", None, "1990-10-29"),
     ("1990-10-29T05:00:00Z", "America/New_York", "1990-10-29"), ("1990-10-29T17:45:00Z", "Europe/Warsaw", None),
     ("29.10.1990", None, None), (655_171_200, None, None), ("", None, None),
     ("9999-12-31T23:59:59Z", "Asia/Tokyo", None)],
)  # fmt: skip
def test_a_birthday_is_the_day_that_was_meant(value: object, zone: str | None, meant: str | None) -> None:
    assert civil_date(value, zone) == meant


def test_what_cannot_be_read_says_nothing() -> None:
    found = derive(
        {"timezone": "Warsaw", "locale": "polski język", "name": ["x"], "birthday": "soon", "deceased": False}
    )
    assert (found.name, found.zone, found.locale, found.birthday, found.deceased) == ("", None, None, None, None)
    assert derive({"deceased": True}).deceased == "unknown"
    assert derive({"died": "2026-02-01T00:00:00Z"}).deceased == "2026-02-01"


def test_items_of_a_writer_are_taken_in_their_order(connection: Connection) -> None:
    items = [
        Arrived("web", f"m{i}", traits=Traits("u1", {"name": name}, "partner"), at_us=at)
        for i, (name, at) in enumerate([("Anna", NOW), ("Anna Maj", NOW + 1), ("An", NOW - 1)])
    ]
    take_traits(connection, items, NOW + 2)
    found = party_of(connection, "u1")
    assert (found.name, found.kind) == ("Anna Maj", "partner")
    assert [(t.value, t.source, t.seen_us) for t in traits_of(connection, "u1")] == [("Anna Maj", "web", NOW + 1)]
