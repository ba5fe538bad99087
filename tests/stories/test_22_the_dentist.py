"""Story 22: mint rinse, a daughter starts school; extraction on Tuesday, nobody wrote; Friday 09:00."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desk_world import DAY, HOUR, MONDAY, ZONE, World, event
from occasion.desk.parts import Card
from occasion.desk.texts import plain
from occasion.desk.today import today
from occasion.people import details
from occasion.store.records import writing

CATALOGUE = """\
moments:
  follow-up:
    when: no contact where direction = "out" for 3 days after extraction
    owner: ewa
    purpose: they know we think of them
    make: [ask how the first night was]
"""
TUESDAY = MONDAY + DAY + 8 * HOUR  # 09:00 in Warsaw
FRIDAY = TUESDAY + 3 * DAY


@pytest.fixture
def world(records_url: str) -> Iterator[World]:
    with World(records_url, CATALOGUE) as world:
        world.party("igor", "Igor Wolski")
        with writing(world.engine) as connection:
            note = lambda text, by, days, **more: details.note(  # noqa: E731
                connection, "igor", text, now=TUESDAY - days * DAY, by=by, **more
            )
            note("prefers mint rinse", "ewa", 200, source="said in the chair", kind="preference")
            note("daughter starts school", "marek", 30, source="said on the phone", kind="family", on_date="2026-05")
            note("takes blood thinners", "ewa", 300, source="anamnesis", kind="health")
        yield world


def card_of(world: World) -> Card | None:
    with world.engine.connect() as connection:
        page = today(
            connection, world.viewer("ewa"), world.now, catalogue=world.catalogue, zone=ZONE, recent=world.log.of
        )
    return page.today[0] if page.today else None


def test_friday_at_nine_his_occasion_is_there(world: World) -> None:
    world.events(event("igor", "extraction", TUESDAY, actor="ola", tooth="38"))
    world.events(event("igor", "message", TUESDAY + 2 * DAY, direction="in", body="Is it normal that it aches?"))
    world.tick(FRIDAY - HOUR)
    assert card_of(world) is None
    world.tick(FRIDAY)
    card = card_of(world)
    assert card is not None
    assert (card.party.name, card.kind, card.about_us) == ("Igor Wolski", "reached", FRIDAY)
    assert [one.name for one in card.events] == ["extraction"]
    assert plain(card.why, ZONE) == "Your customer reached the moment “follow-up” on 2026-03-06 09:00"

    noted = {one.text: (one.noted_by_name, one.noted_us, one.source) for one in card.details}
    assert noted["prefers mint rinse"] == ("Ewa Nowak", TUESDAY - 200 * DAY, "said in the chair")
    assert noted["daughter starts school"] == ("Marek Zając", TUESDAY - 30 * DAY, "said on the phone")

    offered = [(one.form, plain(one.why, ZONE)) for one in card.suggestions]
    assert offered[0] == ("call", "They asked something on 2026-03-05 09:00 and nobody answered: call")
    assert ("note", "What you wrote down for this moment: ask how the first night was") in offered
    assert ("note", "You know this about them: daughter starts school") in offered
    assert [text for form, text in offered if form == "gift"] == [
        "A gift that fits their 5-to-9: daughter starts school"
    ]
    assert not any("blood thinners" in text for _, text in offered)


def test_who_was_written_to_needs_no_follow_up(world: World) -> None:
    world.events(event("igor", "extraction", TUESDAY), event("igor", "message", TUESDAY + DAY, direction="out"))
    world.tick(FRIDAY + HOUR)
    assert card_of(world) is None
