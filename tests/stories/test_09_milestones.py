"""Story 9: a 100th order, a third anniversary of a lease signed on 29 February, a first silence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select
from whenever import ZonedDateTime

from desk_world import DAY, HOUR, ZONE, World, event
from occasion.desk.ahead import HORIZON_DAYS, look, write
from occasion.desk.certain import dates_in, dates_of, upcoming
from occasion.desk.owners import read_house
from occasion.desk.texts import plain
from occasion.desk.today import today
from occasion.events.event import Event
from occasion.events.load import plan_load
from occasion.store.history import History
from occasion.store.records import writing
from occasion.store.schema.desk import OCCASIONS

CATALOGUE = """\
moments:
  hundredth order: {when: every 100th order, owner: ewa, purpose: they stay, mark: peak}
  a year more: {when: every 1 year since first lease_signed, owner: ewa, purpose: they are at home}
  silence: {when: no visit for 45 days after first visit, owner: ewa, purpose: they are missed}
"""


def at(year: int, month: int, day: int, hour: int = 12) -> int:
    return int(ZonedDateTime(year, month, day, hour, tz=ZONE).timestamp()) * 10**6


SIGNED = at(2024, 2, 29)
START = at(2024, 2, 1)


@pytest.fixture
def world(records_url: str) -> Iterator[World]:
    with World(records_url, CATALOGUE, now=START) as world:
        world.party("dana", "Dana Lis")
        yield world


def arrive(world: World, events: list[Event]) -> None:
    for one in sorted(events, key=lambda e: e.at):
        world.events(one, clock=max(world.now, one.at))


def looked(world: World) -> None:
    until = world.now + HORIZON_DAYS * DAY
    found = dates_of(world.catalogue.moments, "dana", list(world.log.of("dana")), now=world.now, until=until, zone=ZONE)
    with writing(world.engine) as connection:
        seen = look(connection, world.catalogue, now=world.now, zone=ZONE, events_of=world.log.of, dates=found)
        write(connection, seen, now=world.now)


def kinds(world: World, moment: str) -> list[tuple[str, str]]:
    with world.engine.connect() as connection:
        rows = connection.execute(select(OCCASIONS).where(OCCASIONS.c.moment == moment).order_by(OCCASIONS.c.number))
        return [(row.kind, row.state) for row in rows]


def test_the_hundredth_is_seen_one_step_before_and_reached_at_that_order(world: World) -> None:
    arrive(world, [event("dana", "order", START + i * DAY) for i in range(99)])
    looked(world)
    with world.engine.connect() as connection:
        page = today(connection, world.viewer("ewa"), world.now, catalogue=world.catalogue, zone=ZONE)
    assert [plain(card.why) for card in page.today] == ["One step from “hundredth order”: 99 of 100"]
    looked(world)
    assert kinds(world, "hundredth order") == [("coming", "open")]
    arrive(world, [event("dana", "order", START + 99 * DAY)])
    assert kinds(world, "hundredth order") == [("coming", "retracted"), ("reached", "open")]


def test_the_third_anniversary_of_29_february_is_on_28_february(world: World) -> None:
    arrive(world, [event("dana", "lease_signed", SIGNED)])
    world.tick(at(2026, 2, 28, 13))
    world.tick(at(2027, 2, 10))
    looked(world)
    with world.engine.connect() as connection:
        house = read_house(connection, world.now)
        (coming,) = upcoming(connection, ("ewa",), house, now=world.now, zone=ZONE)
        assert (coming.on, coming.name, coming.moment) == (date(2027, 2, 28), "Dana Lis", "a year more")
        assert upcoming(connection, ("jan",), house, now=world.now, zone=ZONE) == []
        early = today(connection, world.viewer("ewa"), world.now, catalogue=world.catalogue, zone=ZONE)
        assert early.today == ()
        eve = today(connection, world.viewer("ewa"), at(2027, 2, 27, 9), catalogue=world.catalogue, zone=ZONE)
    assert [(line.moment, line.kind) for line in eve.tomorrow] == [("a year more", "coming")]
    assert [plain(card.why) for card in eve.today] == ["“a year more” comes on 2027-02-28"]
    world.tick(at(2027, 2, 11))
    looked(world)
    with world.engine.connect() as connection:
        again = upcoming(connection, None, house, now=world.now, zone=ZONE)
    assert again == [coming]  # the same entry under the same key
    world.tick(at(2027, 2, 28, 12))
    states = kinds(world, "a year more")
    assert states[-1] == ("reached", "open")
    assert ("coming", "retracted") in states


def test_the_silence_comes_on_the_day_it_is_45_days_long(world: World) -> None:
    visits = [START + i * 7 * DAY for i in range(6)]
    arrive(world, [event("dana", "visit", one) for one in visits[:1]])
    world.tick(visits[0] + 45 * DAY - HOUR)
    assert kinds(world, "silence") == []
    world.tick(visits[0] + 45 * DAY)
    assert kinds(world, "silence") == [("reached", "open")]


def test_a_query_over_the_history_finds_the_same_dates(world: World, tmp_path: Path) -> None:
    events = []
    for i in range(40):
        events.append(event(f"p{i}", "lease_signed", SIGNED - i * 20 * DAY))
        events += [event(f"p{i}", "order", START + k * HOUR) for k in range(97 + i % 5)]
    rows = [f"{e.party},{e.name},{e.at // 10**6},{e.id}" for e in events]
    (tmp_path / "events.csv").write_text("\n".join(["party,name,at,id", *rows]), encoding="utf-8")
    now, until = at(2026, 6, 1), at(2026, 7, 1)
    moments = world.catalogue.moments
    with History(tmp_path / "data") as history:
        history.load(plan_load([tmp_path / "events.csv"]))
        found = dates_in(history, moments, now=now, until=until, zone=ZONE)
    by_party: dict[str, list[Event]] = {}
    for one in events:
        by_party.setdefault(one.party, []).append(one)
    law = [
        date
        for party, own in by_party.items()
        for date in dates_of(moments, party, own, now=now, until=until, zone=ZONE)
    ]
    assert {one for one in found if one.need == 0} == {one for one in law if one.need == 0}
    assert {one.party for one in found if one.need} == {one.party for one in law if one.need} == {
        f"p{i}" for i in range(40) if i % 5 == 2}  # fmt: skip
    assert any(one.need == 0 for one in found)
