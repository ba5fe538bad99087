"""Story 6: Dana has 4 friends on day 9; of those who stood there, 3 of 10 made it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, select

from desk_world import DAY, HOUR, MORNING, ZONE, World, event
from occasion.desk.ahead import look, write
from occasion.desk.parts import Card
from occasion.desk.texts import plain
from occasion.desk.today import today
from occasion.estimate import Estimate, Refusal
from occasion.events.event import Event
from occasion.store.records import writing
from occasion.store.schema.desk import GESTURES, OCCASIONS

CATALOGUE = """\
moments:
  ten friends:
    when: distinct(friend of friend_added) >= 10 within 14 days of first signup
    owner: ewa
    purpose: the newcomer's people are here
    expect: 14 days after start
    make: [introduce two people who share a course]
"""
DAY_0 = MORNING - 200 * DAY


@pytest.fixture
def world(records_url: str) -> Iterator[World]:
    with World(records_url, CATALOGUE, now=DAY_0) as world:
        yield world


def newcomer(party: str, signup: int, early: int, later: int) -> list[Event]:
    """Signs up, adds `early` friends in the first week and `later` ones on day 12; one of the first twice."""
    friends = [event(party, "friend_added", signup + (i + 1) * 12 * HOUR, friend=f"f{i}") for i in range(early)]
    friends += [event(party, "friend_added", signup + 12 * DAY + i, friend=f"g{i}") for i in range(later)]
    again = event(party, "friend_added", signup + 7 * DAY, friend="f0")
    return [event(party, "signup", signup), *friends, again]


def arrive(world: World, events: list[Event]) -> None:
    for one in sorted(events, key=lambda e: e.at):
        world.events(one, clock=max(world.now, one.at))


def looked(world: World) -> None:
    with writing(world.engine) as connection:
        found = look(connection, world.catalogue, now=world.now, zone=ZONE, events_of=world.log.of)
        write(connection, found, now=world.now)


def cards(world: World) -> tuple[Card, ...]:
    with world.engine.connect() as connection:
        return today(connection, world.viewer("ewa"), world.now, catalogue=world.catalogue, zone=ZONE).today


def rows(world: World, **where: Any) -> list[Any]:
    with world.engine.connect() as connection:
        query = select(OCCASIONS).filter_by(**where).order_by(OCCASIONS.c.number)
        return list(connection.execute(query).all())


def test_slipping_with_the_chance_and_what_helped_then_missed_not_gone(world: World) -> None:
    past: list[Event] = []
    introduced = []
    for i in range(20):  # of twenty with four on day 9 six made it, and of seven who were called five
        signup = DAY_0 + i * DAY
        past += newcomer(f"past{i}", signup, 4, 6 if i < 6 else 2)
        if i < 5 or i in (10, 11):
            introduced.append({"party": f"past{i}", "colleague": "ewa", "form": "call", "text": "Introduced.",
                               "at_us": signup + 10 * DAY})  # fmt: skip
    for i in range(3):  # and three who were far ahead at that time
        past += newcomer(f"fast{i}", DAY_0 + i * DAY, 9, 1)
    arrive(world, past)
    with writing(world.engine) as connection:
        connection.execute(insert(GESTURES), introduced)

    world.party("dana", "Dana Lis")
    signup = DAY_0 + 100 * DAY
    world.tick(signup)
    hers = newcomer("dana", signup, 4, 0)
    arrive(world, hers[:-1])
    world.tick(signup + 5 * DAY)
    looked(world)
    assert cards(world) == ()  # not half of the time is over

    arrive(world, hers[-1:])
    world.tick(signup + 9 * DAY)
    looked(world)
    (card,) = cards(world)
    assert (card.party.name, card.kind, card.owner_name) == ("Dana Lis", "slipping", "Ewa Nowak")
    assert isinstance(card.chance, Estimate)
    assert (card.chance.value, card.chance.n) == (0.3, 20)
    assert card.chance.low < 0.3 < card.chance.high
    assert card.progress is not None
    assert plain(card.progress.said) == "4 of 10, 5 days left"
    assert "unlikely from here: 4 of 10" in plain(card.why, ZONE)
    assert [dict(one.facts) for one in card.helped] == [
        {"form": "call", "n": 5, "of_n": 7, "without": 1, "without_n": 13}
    ]
    assert any(one.by_catalogue == "introduce two people who share a course" for one in card.suggestions)

    looked(world)  # again the same day: nothing twice
    assert len(rows(world, party="dana")) == 1

    world.tick(signup + 14 * DAY)
    kinds = {row.kind: (row.state, row.owner) for row in rows(world, party="dana")}
    assert kinds == {"slipping": ("retracted", "ewa"), "missed": ("slipped", "ewa")}
    with world.engine.connect() as connection:
        page = today(connection, world.viewer("ewa"), world.now, catalogue=world.catalogue, zone=ZONE)
    assert [(line.party.name, line.kind) for line in page.missed] == [("Dana Lis", "missed")]


def test_who_is_no_longer_unlikely_leaves_the_desk(world: World) -> None:
    for i in range(12):
        arrive(world, newcomer(f"slow{i}", DAY_0 + i * DAY, 4, 0) + newcomer(f"fast{i}", DAY_0 + i * DAY, 9, 1))
    signup = DAY_0 + 100 * DAY
    world.tick(signup)
    arrive(world, newcomer("dana", signup, 4, 0))
    world.tick(signup + 9 * DAY)
    looked(world)
    assert [row.kind for row in rows(world, party="dana")] == ["slipping"]
    arrive(world, [event("dana", "friend_added", world.now + i, friend=f"n{i}") for i in range(5)])
    world.tick(signup + 10 * DAY)
    looked(world)
    states = {row.kind: (row.state, row.reason) for row in rows(world, party="dana")}
    assert states == {"slipping": ("retracted", "reason.better"), "coming": ("open", "")}
    (card,) = cards(world)
    assert card.progress is not None
    assert card.progress.have == "9"


def test_with_too_few_before_her_nothing_is_said_of_the_chance(world: World) -> None:
    arrive(world, newcomer("first", DAY_0, 4, 6))
    signup = DAY_0 + 100 * DAY
    world.tick(signup)
    arrive(world, newcomer("dana", signup, 8, 0))
    world.tick(signup + 9 * DAY)
    looked(world)
    (card,) = cards(world)
    assert card.kind == "coming"
    assert isinstance(card.chance, Refusal)
    assert card.chance.needs == 10
    assert card.progress is not None
    assert plain(card.progress.said) == "8 of 10, 5 days left"
