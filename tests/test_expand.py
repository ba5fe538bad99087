"""For whom there is something to add, on both databases: who is proposed, who never, and what was taken up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desk_world import DAY, HOUR, MORNING, World, event
from occasion.desk import actions
from occasion.desk.cards import Ground
from occasion.desk.expand import FEW, Send, sends, take_up
from occasion.desk.owners import read_house
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.people import details, merges, parties
from occasion.store.records import writing

CATALOGUE = """\
process:
  - {name: spring letter, event: letter where kind = "spring", due: 9 days after start, purpose: they know what is new}
moments:
  complaint: {when: complaint, owner: ewa, purpose: heard, mark: pit}
"""
NOW = MORNING


@pytest.fixture
def world(records_url: str) -> Iterator[World]:
    with World(records_url, CATALOGUE) as world:
        yield world


def letters(many: int, at: int = NOW - DAY, **more: object) -> list[Event]:
    how = {"direction": "out", "mass": True, "body": "We have new bicycles.", "kind": "spring", **more}
    return [event(f"p{i:05d}", "letter", at, **how) for i in range(many)]


def note(world: World, party: str, text: str, ago: int = 30, **more: object) -> int:
    with writing(world.engine) as connection:
        return details.note(connection, party, text, now=NOW - ago * DAY, by="ewa", source="a call", **more)  # type: ignore[arg-type]


def proposed(world: World, log: list[Event], viewer: str = "boss") -> tuple[Send, ...]:
    with world.engine.connect() as connection:
        return sends(ground(world, connection, viewer), log, lambda party: [e for e in log if e.party == party])


def ground(world: World, connection: object, viewer: str = "boss") -> Ground:
    looks = world.viewer(viewer)
    return Ground(connection, looks, NOW, "Europe/Warsaw", world.catalogue, read_house(connection, NOW))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def boss(world: World) -> None:
    world.colleague("boss", "Boss", role="admin")


def who(send: Send) -> list[tuple[str, str]]:
    return [(one.party.party, one.reason) for one in send.few]


def test_it_is_called_as_the_process_calls_it_and_the_fitting_come_first(world: World) -> None:
    note(world, "p00003", "learns the lute")
    note(world, "p00001", "rides an old bicycle to work", ago=900)
    note(world, "p00002", "daughter's exam", on_date="2026-03-09")
    note(world, "p00004", "daughter's exam", on_date="2026-06-09")
    (send,) = proposed(world, letters(10))
    assert (send.name, send.people, send.text, send.known_of) == ("spring letter", 10, "We have new bicycles.", 4)
    assert who(send) == [("p00001", "text"), ("p00002", "date"), ("p00003", "unspoken")]
    assert (send.few[0].detail.source, send.few[0].detail.noted_by_name) == ("a call", "Ewa Nowak")
    assert proposed(world, letters(9)) == ()  # that is not many
    assert proposed(world, letters(10, at=NOW - 8 * DAY)) == ()


def test_who_was_spoken_to_about_it_is_not_proposed(world: World) -> None:
    note(world, "p00001", "learns the lute")
    before = event("p00001", "message", NOW - 40 * DAY, direction="out", body="How is the lute?")
    after = event("p00001", "message", NOW - 20 * DAY, direction="out", body="How is the lute?")
    to_many = event("p00001", "message", NOW - 20 * DAY, direction="out", mass=True, body="A lute for everybody!")
    (send,) = proposed(world, [*letters(10), before, to_many])
    assert who(send) == [("p00001", "unspoken")]
    (send,) = proposed(world, [*letters(10), after])
    assert who(send) == []


def test_never_the_dead_those_in_trouble_or_left_in_peace(world: World) -> None:
    for i in range(5):
        note(world, f"p{i:05d}", "learns the lute")
    with writing(world.engine) as connection:
        parties.change(connection, "p00000", now=NOW, by="ewa", deceased="2026-02-01")
        actions.gesture(connection, "p00002", "note", "Wrote.", now=NOW - HOUR, by="ewa", append=lambda _: None)
    world.events(event("p00001", "complaint", NOW - HOUR), clock=NOW)
    (send,) = proposed(world, letters(10))
    assert [party for party, _ in who(send)] == ["p00003", "p00004"]


def test_what_was_noted_of_another_identity_counts_and_of_many_only_the_latest(world: World) -> None:
    note(world, "anna@x.example", "learns the lute")
    with writing(world.engine) as connection:
        merges.merge(connection, "anna@x.example", "p00003", now=NOW, by="ewa", why="the same")
    (send,) = proposed(world, letters(10))
    assert who(send) == [("p00003", "unspoken")]
    for i in range(20):
        note(world, f"p{i:05d}", "keeps a heron", ago=20 - i)
    (send,) = proposed(world, letters(30))
    assert (len(send.few), send.known_of) == (FEW, 20)
    assert [party for party, _ in who(send)] == [f"p{i:05d}" for i in range(19, 7, -1)]


def test_to_more_people_than_are_asked_for_one_by_one(world: World) -> None:
    note(world, "p08003", "learns the lute")
    note(world, "p09999", "learns the lute")
    note(world, "p00002", "learns the lute", unmentioned=True)
    (send,) = proposed(world, letters(8200))
    assert (who(send), send.people, send.known_of) == ([("p08003", "unspoken")], 8200, 1)


def test_taken_up_it_is_an_occasion_once_and_of_whoever_took_it(world: World) -> None:
    number = note(world, "p00003", "learns the lute")
    (send,) = proposed(world, letters(10))
    with writing(world.engine) as connection:
        occasion = take_up(connection, send, "p00003", now=NOW, by="ewa")
        with pytest.raises(InputError, match="was taken up already"):
            take_up(connection, send, "p00003", now=NOW, by="marek")
        with pytest.raises(InputError, match="is not proposed"):
            take_up(connection, send, "p00004", now=NOW, by="ewa")
    with writing(world.engine) as connection:
        actions.done(connection, occasion, "note", "Sent her a tune.", now=NOW + HOUR, by="ewa", append=world.append)
    assert [e.properties["moment"] for e in world.log.of("p00003")] == ["more than spring letter"]
    (send,) = proposed(world, letters(10))
    assert (who(send), number > 0) == ([], True)


def test_who_may_not_see_names_is_shown_nobody(world: World) -> None:
    note(world, "p00003", "learns the lute")
    world.colleague("ann", "Ann", role="analyst")
    assert proposed(world, letters(10), "ann") == ()
    (send,) = proposed(world, letters(10), "jan")  # a colleague whose parties these are not
    assert who(send) == []
