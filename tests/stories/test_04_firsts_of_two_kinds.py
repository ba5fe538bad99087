"""Story 4: a broker sends a client, and that client calls: two firsts, two owners, in the words of their kinds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desk_world import DAY, HOUR, MORNING, ZONE, World, event
from occasion.desk.texts import plain
from occasion.desk.today import today

CATALOGUE = """\
moments:
  first client sent: {when: first client_referred, who: partner, owner: front desk, purpose: they trust us}
  first call: {when: 'first call where direction = "in"', who: customer, owner: front desk, purpose: they dared}
"""


@pytest.fixture
def world(records_url: str) -> Iterator[World]:
    with World(records_url, CATALOGUE) as world:
        world.party("broker", "Broker & Sons", kind="partner", owner="jan")
        world.party("cem", "Cem Kaya", owner="ewa")
        yield world


def test_each_owner_gets_theirs_in_the_words_of_their_kind(world: World) -> None:
    world.events(event("broker", "call", MORNING - DAY, direction="in"))  # a partner's call is no customer's first
    world.events(
        event("broker", "client_referred", MORNING, client="cem"),
        event("cem", "call", MORNING + HOUR, direction="in"),
    )
    shown = {}
    for who in ("jan", "ewa"):
        with world.engine.connect() as connection:
            page = today(connection, world.viewer(who), world.now, catalogue=world.catalogue, zone=ZONE)
        shown[who] = [(card.party.name, card.moment, plain(card.why, ZONE)) for card in page.today]
    assert shown == {
        "jan": [("Broker & Sons", "first client sent",
                 "Your partner reached the moment “first client sent” on 2026-03-02 09:00")],
        "ewa": [("Cem Kaya", "first call", "Your customer reached the moment “first call” on 2026-03-02 10:00")],
    }  # fmt: skip
    world.events(event("cem", "call", MORNING + 2 * HOUR, direction="in"))  # not a first any more
    with world.engine.connect() as connection:
        page = today(connection, world.viewer("ewa"), world.now, catalogue=world.catalogue, zone=ZONE)
    assert len(page.today) == 1
