"""Occasions from what was noticed: opened, taken back, closed; whose they are; nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from desk_world import DAY, HOUR, MONDAY, MORNING, World, event
from occasion.desk.occasions import new_row, reached_until
from occasion.errors import InputError
from occasion.store.records import writing
from occasion.store.schema.desk import GESTURES, OCCASIONS

CATALOGUE = """\
moments:
  first call:
    {when: 'first call where direction = "in"', who: customer, owner: front desk, purpose: they dared to call}
  first client:
    {when: first client_referred, who: partner, owner: front desk, purpose: a partner trusts us}
  ten friends:
    {when: count(friend_added) >= 3 within 14 days of first signup, owner: ewa, purpose: people, expect: 9 days after first signup}
  quiet:
    {when: no visit for 3 days after extraction, owner: bond or jan, purpose: follow up}
  complaint:
    {when: complaint, owner: front desk, purpose: heard, mark: pit}
"""  # noqa: E501


@pytest.fixture
def world(records_url: str) -> Iterator[World]:
    with World(records_url, CATALOGUE) as world:
        yield world


def rows(world: World, **where: Any) -> list[Any]:
    with world.engine.connect() as connection:
        query = select(OCCASIONS).order_by(OCCASIONS.c.number)
        for key, value in where.items():
            query = query.where(OCCASIONS.c[key] == value)
        return list(connection.execute(query).all())


def test_owner_is_the_partys_own_colleague_where_a_team_was_written(world: World) -> None:
    world.party("cem", "Cem", owner="jan")
    world.party("ada", "Ada")
    world.events(event("cem", "call", MORNING, direction="in"), event("ada", "call", MORNING, direction="in"))
    assert {row.party: row.owner for row in rows(world)} == {"cem": "jan", "ada": "front desk"}


def test_a_bond_with_somebody_who_left_is_no_bond(world: World) -> None:
    world.party("cem", "Cem", owner="gone")
    world.events(event("cem", "call", MORNING, direction="in"))
    assert [row.owner for row in rows(world)] == ["front desk"]


def test_who_was_written_by_name_has_it_whoever_knows_the_party(world: World) -> None:
    world.party("cem", "Cem", owner="jan")
    signup = event("cem", "signup", MORNING)
    world.events(signup, *(event("cem", "friend_added", MORNING + i * HOUR) for i in range(3)))
    assert [(row.moment, row.owner) for row in rows(world)] == [("ten friends", "ewa")]


def test_bond_or_somebody(world: World) -> None:
    world.party("cem", "Cem", owner="ewa")
    world.events(event("cem", "extraction", MORNING), event("ada", "extraction", MORNING))
    world.tick(MORNING + 3 * DAY + HOUR)
    assert {row.party: row.owner for row in rows(world)} == {"cem": "ewa", "ada": "jan"}


def test_a_partners_call_is_no_customers_first(world: World) -> None:
    world.party("broker", "Broker", kind="partner")
    world.events(event("broker", "call", MORNING, direction="in"), event("broker", "client_referred", MORNING + HOUR))
    assert [(row.moment, row.who) for row in rows(world)] == [("first client", "partner")]


def test_nothing_is_opened_twice_and_the_events_are_kept_with_it(world: World) -> None:
    call = event("cem", "call", MORNING, direction="in", body="May I come today?", line="2")
    first = world.events(call)
    assert len(first.opened) == 1
    with writing(world.engine) as connection:
        row = connection.execute(select(OCCASIONS)).one()
        kept = row.facts["events"]
        assert kept[0]["id"] == call.id
        assert kept[0]["body"] == "May I come today?"
        assert kept[0]["facts"] == [["line", "2"]]
        from occasion.desk.occasions import open_one

        again = {column: getattr(row, column) for column in row._fields if column != "number"}
        assert open_one(connection, again) is None
    assert len(rows(world)) == 1


def test_nothing_for_the_dead(world: World) -> None:
    world.party("cem", "Cem", deceased="2026-02")
    world.events(event("cem", "call", MORNING, direction="in"))
    assert rows(world) == []


def test_what_is_too_old_opens_nothing(world: World) -> None:
    world.events(event("cem", "call", MORNING - 4 * DAY, seen=MORNING, direction="in"))
    assert rows(world) == []
    assert reached_until(MORNING - 4 * DAY, "Europe/Warsaw") < MORNING


def test_slipping_then_missed_stays_on_record_with_its_owner(world: World) -> None:
    world.events(event("dana", "signup", MORNING))
    world.tick(MORNING + 9 * DAY)
    slipping = rows(world)[0]
    assert (slipping.kind, slipping.state, slipping.owner) == ("slipping", "open", "ewa")
    assert slipping.until_us == MORNING + 14 * DAY
    world.tick(MORNING + 14 * DAY)
    after, missed = rows(world)
    assert (after.state, after.reason) == ("retracted", "reason.over")
    assert (missed.kind, missed.state, missed.owner, missed.about_us) == (
        "missed",
        "slipped",
        "ewa",
        MORNING + 14 * DAY,
    )


def test_what_was_reached_needs_no_slipping(world: World) -> None:
    world.events(event("dana", "signup", MORNING))
    world.tick(MORNING + 9 * DAY)
    world.events(*(event("dana", "friend_added", MORNING + 10 * DAY + i) for i in range(3)))
    assert [(row.kind, row.state) for row in rows(world)] == [("slipping", "retracted"), ("reached", "open")]


def test_late_events_take_back_what_nobody_acted_on(world: World) -> None:
    for party in ("a", "b", "c"):
        world.events(event(party, "extraction", MORNING))
    world.tick(MORNING + 3 * DAY + HOUR)
    with writing(world.engine) as connection:
        taken = next(row.number for row in rows(world) if row.party == "b")
        connection.execute(update(OCCASIONS).where(OCCASIONS.c.number == taken).values(state="taken", taken_by="jan"))
        held = next(row.number for row in rows(world) if row.party == "c")
        gesture = {"occasion": held, "party": "c", "colleague": "jan", "form": "call", "text": "", "at_us": MORNING}
        connection.execute(insert(GESTURES).values(**gesture))
    late = [event(party, "visit", MORNING + DAY, seen=world.now + HOUR) for party in ("a", "b", "c")]
    world.events(*late)
    states = {row.party: (row.state, row.reason) for row in rows(world)}
    assert states == {"a": ("retracted", "reason.late"), "b": ("taken", ""), "c": ("open", "")}
    assert all("came late" in row.facts["late"] for row in rows(world))


def test_a_pit_is_urgent_and_first(world: World) -> None:
    opened = world.events(event("cem", "complaint", MORNING), event("cem", "call", MORNING, direction="in"))
    pit = next(row for row in rows(world) if row.moment == "complaint")
    assert opened.urgent == [pit.number]
    assert pit.stake > max(row.stake for row in rows(world) if row.moment != "complaint")


def test_an_occasion_without_an_owner_is_refused() -> None:
    with pytest.raises(InputError, match="has no owner"):
        new_row(moment="x", owner=" ")


def test_the_third_local_day_ends_at_midnight_there() -> None:
    assert reached_until(MORNING, "Europe/Warsaw") == MONDAY - HOUR + 3 * DAY
    # the clocks go forward on 29 March 2026: that day has 23 hours
    assert reached_until(MONDAY + 26 * DAY + 8 * HOUR, "Europe/Warsaw") == MONDAY - HOUR + 29 * DAY - HOUR
