"""An occasion shows what it rests on, whether or not segments held those events by the time it was opened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from databases import records_url  # noqa: F401  (a fixture: each test runs once on each database)
from desk_world import DAY, MORNING, ZONE, World, event
from occasion.desk.cards import Ground
from occasion.desk.occasions import Openings
from occasion.desk.owners import read_house
from occasion.desk.parts import Card
from occasion.desk.texts import plain
from occasion.people import merges
from occasion.store.records import writing
from occasion.store.schema.desk import OCCASIONS

CATALOGUE = """
moments:
  asked after: {when: 'no contact where direction = "out" for 3 days after extraction', owner: ewa, purpose: we ask}
  back: {when: contact returns after 5 years, owner: ewa, purpose: old friends meet}
"""


@pytest.fixture
def world(records_url: str) -> Iterator[World]:  # noqa: F811
    with World(records_url, CATALOGUE) as world:
        yield world


def sealed_before(world: World, at: int) -> None:
    """From now on occasions open with only the events from an instant on at hand, as when the rest is in segments."""
    world.openings = Openings(
        lambda: world.catalogue, ZONE, lambda party: [one for one in world.log.of(party) if one.at >= at]
    )


def card(world: World, viewer: str = "ewa", **facts: Any) -> Card:
    with world.engine.connect() as connection:
        (row,) = connection.execute(select(OCCASIONS)).all()
        assert {key: key in row.facts for key in facts} == facts
        house = read_house(connection, world.now)
        ground = Ground(connection, world.viewer(viewer), world.now, ZONE, world.catalogue, house, recent=world.log.of)
        return ground.cards([row]).card(row)


def test_a_silence_shows_what_it_is_counted_from(world: World) -> None:
    world.events(event("igor", "extraction", MORNING, id="x1", tooth="18"))
    sealed_before(world, MORNING + DAY)
    world.tick(MORNING + 3 * DAY)
    shown = card(world, events=False)
    assert [(one.id, one.facts) for one in shown.events] == [("x1", (("tooth", "18"),))]


def test_first_words_in_years_are_said_although_the_last_ones_are_sealed(world: World) -> None:
    old = event("ben", "message", MORNING - 2500 * DAY, id="old", direction="in", body="see you")
    world.events(old)
    sealed_before(world, MORNING)
    world.events(event("ben", "message", MORNING + 1, id="new", direction="in"))
    shown = card(world, events=True, gap_for_us=False)
    assert [one.id for one in shown.events] == ["old", "new"]
    assert shown.why.key == "why.returns"
    assert "6 years, 10 months" in plain(shown.why)


def test_an_analyst_sees_no_event_of_it(world: World) -> None:
    world.colleague("ala", "Ala", role="analyst")
    world.events(event("igor", "extraction", MORNING, id="x1"))
    sealed_before(world, MORNING + DAY)
    world.tick(MORNING + 3 * DAY)
    assert card(world, "ala").events == ()


def test_the_events_of_somebody_who_was_merged_meanwhile_are_read_where_they_are(world: World) -> None:
    world.events(event("igor", "extraction", MORNING, id="x1"))
    sealed_before(world, MORNING + DAY)
    world.tick(MORNING + 3 * DAY)
    with writing(world.engine) as connection:
        merges.merge(connection, "igor", "igor@example.org", now=world.now, by="ewa", why="the same")
    read = world.log.of
    world.log.of = lambda party: read("igor") if party == "igor@example.org" else []  # type: ignore[method-assign]
    assert [one.id for one in card(world).events] == ["x1"]
