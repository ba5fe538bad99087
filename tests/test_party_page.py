"""What a party's page says of moments that are open: those under way or dated, in words that are true of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from databases import records_url  # noqa: F401  (a fixture: each test runs once on each database)
from desk_world import DAY, MORNING, ZONE, World, event
from occasion.desk.cards import Ground
from occasion.desk.owners import read_house
from occasion.desk.party_page import party_page
from occasion.desk.texts import plain

CATALOGUE = """
moments:
  first call: {when: first call, owner: ewa, purpose: we know them}
  a year: {when: every 1 year since first visit, owner: ewa, purpose: they stayed}
  tenth visit: {when: 10th visit, owner: ewa, purpose: at home}
  silence: {when: no contact for 45 days, owner: ewa, purpose: we write}
  quiet start: {when: count(visit) < 3 within 60 days of start, owner: ewa, purpose: we ask}
  ten letters: {when: count(letter) >= 10 within 20 days of start, owner: ewa, purpose: they answer}
  late: {when: count(letter) >= 2 within 5 days of start, owner: ewa, purpose: too late}
"""


@pytest.fixture
def world(records_url: str) -> Iterator[World]:  # noqa: F811
    with World(records_url, CATALOGUE) as world:
        yield world


def test_only_what_is_under_way_or_dated_is_said_and_in_fitting_words(world: World) -> None:
    world.party("hana", "Hana", zone="America/New_York")
    begin = MORNING - 10 * DAY
    world.events(
        event("hana", "visit", begin, direction="in", channel="visit"),
        event("hana", "visit", begin + DAY),
        clock=MORNING,
    )
    with world.engine.connect() as connection:
        house = read_house(connection, world.now)
        ground = Ground(connection, world.viewer("ewa"), world.now, ZONE, world.catalogue, house)
        page = party_page(ground, ZONE, "hana", world.log.of)
    said = {one.moment: plain(one.said) for one in page.moments}
    assert said == {
        "tenth visit": "2 of 10",
        "a year": "comes on 2027-02-20",
        "silence": "due in 1 month, if nothing comes before",
        "quiet start": "due in 1 month unless 3 come, 2 so far",
        "ten letters": "0 of 10, 10 days left",
        "late": "missed, with 0 of 2",
    }
    assert page.moments[-1].moment == "late"
