"""Story 25: any occasion being worked on shows the loyalty question; its answer is on the timeline."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desk_world import MORNING, ZONE, World, event
from occasion.desk import actions
from occasion.desk.texts import plain
from occasion.desk.today import today
from occasion.errors import InputError
from occasion.people.timeline import WholeLog, timeline
from occasion.store.records import writing

CATALOGUE = """\
moments:
  first call: {when: 'first call where direction = "in"', owner: ewa, purpose: they dared}
  complaint: {when: complaint, owner: ewa, purpose: heard, mark: pit}
"""


@pytest.fixture
def world(records_url: str) -> Iterator[World]:
    with World(records_url, CATALOGUE) as world:
        yield world


def test_it_stands_on_every_card_and_its_answer_on_the_timeline(world: World) -> None:
    world.events(event("ada", "call", MORNING, direction="in"), event("bea", "complaint", MORNING))
    with world.engine.connect() as connection:
        page = today(connection, world.viewer("ewa"), world.now, catalogue=world.catalogue, zone=ZONE)
    assert {plain(card.question) for card in page.today} == {
        "What am I doing right now that makes them want to come back?"
    }
    assert [card.moment for card in page.today] == ["complaint", "first call"]
    for card in page.today:
        with writing(world.engine) as connection:
            actions.take(connection, card.number, now=world.now, by="ewa")
            actions.answer(connection, card.number, f"I listened to {card.party.party}.", now=world.now, by="ewa")
            with pytest.raises(InputError, match="write one line"):
                actions.answer(connection, card.number, "   ", now=world.now, by="ewa")
            actions.done(connection, card.number, "call", "Spoke.", now=world.now, by="ewa", append=world.append)
    for party in ("ada", "bea"):
        with world.engine.connect() as connection:
            lines = timeline(connection, WholeLog(lambda who: list(world.log.of(who))), party).lines
        assert [(line.text, line.by) for line in lines if line.kind == "answer"] == [(f"I listened to {party}.", "ewa")]


def test_the_answer_is_whose_words_it_is_not_whose_occasion(world: World) -> None:
    world.events(event("ada", "call", MORNING, direction="in"))
    with writing(world.engine) as connection:
        page = today(connection, world.viewer("ewa"), world.now, catalogue=world.catalogue, zone=ZONE)
        number = page.today[0].number
        actions.answer(connection, number, "I let her finish.", now=world.now, by="marek")
        actions.done(connection, number, "call", "Spoke.", now=world.now + 1, by="ewa", append=world.append)
        lines = timeline(connection, WholeLog(lambda who: list(world.log.of(who))), "ada").lines
    assert [(line.text, line.by) for line in lines if line.kind == "answer"] == [("I let her finish.", "marek")]
