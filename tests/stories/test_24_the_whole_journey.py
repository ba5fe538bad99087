"""Story 24: a sales team's journey with eight mass steps; the three to turn first; after a demo, for one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk_world import DAY, HOUR, MORNING, ZONE, World, event
from occasion.cli import run
from occasion.desk.cards import Ground
from occasion.desk.journey_audit import JourneyAudit, audit_journey
from occasion.desk.owners import read_house
from occasion.desk.texts import plain
from occasion.desk.turning_to_one import for_people
from occasion.events.event import Event
from occasion.people import details
from occasion.store.records import writing
from occasion.store.workspace import make_workspace

CATALOGUE = """\
stages:
  - {name: lead, enter: start}
  - {name: demo, enter: first demo_held}
  - {name: customer, enter: first contract_signed}
process:
  - {name: after the demo, event: mail where template = "after demo", due: 1 day after first demo_held, purpose: thanks}
moments:
  complaint: {when: complaint, owner: ewa, purpose: heard, mark: pit}
"""
NOW = MORNING
TO_LEADS = ("hello", "news 1", "news 2", "webinar")
TO_CUSTOMERS = ("invoice tips", "renewal", "survey")


@pytest.fixture
def world(records_url: str) -> Iterator[World]:
    with World(records_url, CATALOGUE) as world:
        yield world


def journeys() -> dict[str, list[Event]]:
    """100 leads; every second sees a demo, of those every second signs for 1000 and pays 100 more. Every fifth lead
    answers the newsletters, every second customer the renewal; the webinar is offered to half of the leads.
    """
    found: dict[str, list[Event]] = {}
    for i in range(100):
        party, at = f"p{i}", NOW - 90 * DAY + i * HOUR
        log = [event(party, "form_sent", at, direction="in")]
        for k, template in enumerate(TO_LEADS):
            sent = at + (k + 1) * DAY
            if template != "webinar" or i % 2:
                log.append(event(party, "mail", sent, direction="out", mass=True, channel="mail", template=template))
            if i % 5 == 0 and template.startswith("news"):
                log.append(event(party, "mail", sent + HOUR, direction="in", channel="mail", body="Thanks."))
        if i % 2 == 0:
            log.append(event(party, "demo_held", at + 20 * DAY, direction="out", rating=8))
            log.append(event(party, "mail", at + 21 * DAY, direction="out", mass=True, template="after demo"))
        if i % 4 == 0:
            log.append(event(party, "contract_signed", at + 40 * DAY, amount=1000))
            log.append(event(party, "invoice_paid", at + 45 * DAY, amount=100))
            log += [event(party, "mail", at + (50 + k) * DAY, direction="out", mass=True, template=template)
                    for k, template in enumerate(TO_CUSTOMERS)]  # fmt: skip
        if i % 8 == 0:
            log.append(event(party, "call", at + 52 * DAY + HOUR, direction="in"))
        found[party] = log
    found["p7"].append(event("p7", "parking", NOW - DAY))
    return found


def audited(world: World) -> JourneyAudit:
    return audit_journey(journeys().items(), world.catalogue, now=NOW, zone=ZONE)


def test_every_interaction_is_counted_in_its_stage_and_the_three_to_turn_first_are_named(world: World) -> None:
    found = audited(world)
    assert found.parties == 100
    assert sum(one.count for one in found.interactions) == found.events == sum(map(len, journeys().values()))
    assert sum(stage.interactions for stage in found.stages) == found.events
    rare = {(one.stage, one.name, one.count) for one in found.interactions if one.count == 1}
    assert rare == {("lead", "parking", 1)}

    worth = {stage.stage: (stage.parties, stage.worth) for stage in found.stages}
    assert worth == {"lead": (100, 275.0), "demo": (50, 550.0), "customer": (25, 1100.0)}
    assert len(found.mass) == 8
    by_name = {step.name: step for step in found.mass}
    news = by_name["mail (news 1)"]
    assert (news.people, news.sendings, news.unanswered, news.score) == (100, 100, 0.8, pytest.approx(22_000))
    after = by_name["after the demo"]
    assert (after.people, after.unanswered, after.worth, after.score) == (50, 1.0, 550.0, 27_500.0)
    renewal = by_name["mail (renewal)"]
    assert (renewal.people, renewal.unanswered, renewal.score) == (25, 0.48, pytest.approx(13_200))
    assert by_name["mail (webinar)"].score == pytest.approx(13_750)
    assert [step.name for step in found.first] == ["after the demo", "mail (hello)", "mail (news 1)"]


def test_for_the_step_after_a_demo_a_film_and_a_gift_that_fit_this_person(world: World) -> None:
    world.party("p8", "Lena Król")
    world.party("p10", "Max Wied")
    with writing(world.engine) as connection:
        details.note(
            connection, "p8", "climbs on Sundays", now=NOW - 9 * DAY, by="ewa", source="demo", kind="preference"
        )
    logs = journeys()
    said = "We lose two hours a day copying numbers from the till."
    logs["p8"].append(event("p8", "message", NOW - 2 * DAY, direction="in", channel="mail", body=said))
    logs["p10"].append(event("p10", "complaint", NOW - DAY))
    world.events(*logs["p8"], *logs["p10"], clock=NOW)
    found = audit_journey(logs.items(), world.catalogue, now=NOW, zone=ZONE)
    step = next(one for one in found.mass if one.name == "after the demo")
    wider = type(step)(step.name, step.stage, step.people, step.sendings, step.unanswered, step.worth, step.score,
                       ("p8", "p10", "p12"))  # fmt: skip
    with world.engine.connect() as connection:
        house = read_house(connection, NOW)
        ground = Ground(connection, world.viewer("marek"), NOW, ZONE, world.catalogue, house)
        people = for_people(ground, wider, lambda party: logs[party])
        nobody = for_people(
            Ground(connection, world.colleague("ann", "Ann", role="analyst"), NOW, ZONE, world.catalogue, house),
            wider, lambda party: logs[party],
        )  # fmt: skip
    assert nobody == ()
    assert [one.party.label for one in people] == ["Lena Król", "p12"]  # who complains is not one to delight
    ways = {one.form: plain(one.why) for one in people[0].suggestions}
    assert ways["film"] == f"They said: {said}. Show it to them in a film of your own"
    assert ways["gift"] == "A gift that fits their 5-to-9: climbs on Sundays"


def test_where_nothing_was_brought_every_stage_counts_the_same(world: World) -> None:
    found = audit_journey(journeys().items(), world.catalogue, now=NOW, zone=ZONE, worth="euros")
    assert found.valued_by is None
    assert {stage.worth for stage in found.stages} == {1.0}
    assert found.first[0].people == 100


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = make_workspace(tmp_path / "work", ZONE)
    place.catalogue.write_text(CATALOGUE, encoding="utf-8")
    lines = []
    for log in journeys().values():
        for one in log:
            row = {key: getattr(one, key) for key in ("party", "name", "id", "direction", "mass")}
            row |= {"at": one.at // 10**6, **{key: str(value) for key, value in one.properties.items()}}
            row |= {"amount": float(one.properties["amount"])} if "amount" in one.properties else {}
            lines.append(json.dumps({key: value for key, value in row.items() if value is not None}))
    (tmp_path / "events.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert run(["load", str(tmp_path / "events.jsonl"), "--workspace", str(place.folder)]) == 0
    capsys.readouterr()
    assert run(["journey", "audit", "--json", "--workspace", str(place.folder)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["parties"] == 100
    assert len(told["mass"]) == 8
    assert [len(told["first"]), len(told["for_people"])] == [3, 3]
    assert run(["journey", "audit", "--workspace", str(place.folder)]) == 0
    out = capsys.readouterr().out
    assert "parking" in out
    assert "To turn into one-to-one first" in out
