"""For whom there is something to add, on both databases: who is proposed, who never, and what was taken up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desk_world import DAY, HOUR, MORNING, World, event
from occasion.desk import actions
from occasion.desk.cards import Ground
from occasion.desk.expand import FEW, Send, decline, sends, still, take_up
from occasion.desk.owners import read_house
from occasion.desk.pages import TodayPage
from occasion.desk.today import today
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.people import details, merges, parties
from occasion.store.records import writing
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.doors import AUDIT

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
        with pytest.raises(InputError, match="was taken up or declined already"):
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


def test_declined_with_a_reason_it_stays_declined_and_the_others_stay_proposed(world: World) -> None:
    note(world, "p00003", "learns the lute")
    note(world, "p00004", "keeps a heron")
    (send,) = proposed(world, letters(10))
    with writing(world.engine) as connection:
        for reason in ("", "  ", "x" * 301):
            with pytest.raises(InputError, match="the reason has"):
                decline(connection, send, "p00003", reason, now=NOW, by="ewa")
        with pytest.raises(InputError, match="is not proposed"):
            decline(connection, send, "p00005", "why not", now=NOW, by="ewa")
        number = decline(connection, send, "p00003", "She  told me herself", now=NOW, by="ewa")
        with pytest.raises(InputError, match="taken up or declined already"):
            take_up(connection, send, "p00003", now=NOW, by="marek")
    with world.engine.connect() as connection:
        (row,) = connection.execute(OCCASIONS.select()).all()
        (line,) = connection.execute(AUDIT.select().where(AUDIT.c.action == "proposal declined")).all()
    assert (row.number, row.state, row.reason, row.owner) == (number, "skipped", "She told me herself", "ewa")
    assert (line.actor, line.about) == ("ewa", f"occasion:{number}")
    assert "herself" not in str(line.facts)
    with writing(world.engine) as connection:  # under another name of hers too
        merges.merge(connection, "p00003", "p00013", now=NOW, by="ewa", why="the same")
    (again,) = proposed(world, letters(20))
    assert [party for party, _ in who(again)] == ["p00004"]


def on_today(world: World, viewer: str, found: tuple[Send, ...], whose: str = "") -> TodayPage:
    with world.engine.connect() as connection:
        looks = world.viewer(viewer)
        return today(connection, looks, NOW, catalogue=world.catalogue, zone="Europe/Warsaw", sends=found, whose=whose)


def shown(page: TodayPage) -> list[list[str]]:
    return [[party for party, _ in who(send)] for send in page.sends]


def test_on_today_each_stands_once_for_its_owner_as_far_as_the_day_has_room(world: World) -> None:
    world.colleague("kim", "Kim", capacity=2)
    for i in range(3, 7):
        note(world, f"p{i:05d}", "keeps a heron", ago=30 + i)
        world.party(f"p{i:05d}", f"Party {i}", owner="kim")
    note(world, "p00007", "keeps a heron")
    log = [*letters(10), *letters(12, at=NOW - 3 * DAY, kind="autumn")]
    found = proposed(world, log)
    assert len(found) == 2
    page = on_today(world, "kim", found)
    assert (shown(page), page.more_to_add) == ([["p00003", "p00004"]], 2)
    assert page.sends[0].few[0].party.name == "Party 3"
    world.events(event("p00009", "complaint", NOW), clock=NOW)  # of ewa's
    assert shown(on_today(world, "kim", found)) == [["p00003", "p00004"]]
    with writing(world.engine) as connection:
        actions.hand_over(connection, 1, "kim", "yours", now=NOW, by="ewa")
    page = on_today(world, "kim", found)  # an occasion goes first
    assert (len(page.today), shown(page), page.more_to_add) == (1, [["p00003"]], 3)
    boss = on_today(world, "boss", found)  # everybody's: as far as each one's day has room, and what is nobody's
    assert (shown(boss), boss.more_to_add) == ([["p00007", "p00003"]], 3)
    assert shown(on_today(world, "jan", found)) == []
    world.colleague("ann", "Ann", role="analyst")
    assert shown(on_today(world, "ann", found)) == []


def test_what_was_found_a_while_ago_is_sifted_when_it_is_shown(world: World) -> None:
    noted = {i: note(world, f"p{i:05d}", "keeps a heron", ago=30 + i) for i in range(3, 9)}
    found = proposed(world, letters(10))
    (send,) = found
    with writing(world.engine) as connection:
        take_up(connection, send, "p00003", now=NOW, by="boss")
        decline(connection, send, "p00004", "no", now=NOW, by="boss")
        parties.change(connection, "p00005", now=NOW, by="boss", deceased="2026-03-01")
        details.end(connection, noted[6], now=NOW)
        actions.gesture(connection, "p00007", "call", "Rang.", now=NOW, by="boss", append=lambda _: None)
    with world.engine.connect() as connection:
        here = ground(world, connection)
        (left,) = still(here, found, None)
        assert still(here, found, ("jan",)) == ()
    assert [party for party, _ in who(left)] == ["p00008"]
