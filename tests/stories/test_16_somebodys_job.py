"""Story 16: an owner leaves; no moment is without an owner for a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from desk_world import DAY, MORNING, ZONE, World, event
from occasion.desk import actions
from occasion.desk.leaving import NotHandedOver, leave, plan
from occasion.desk.parts import Said
from occasion.desk.texts import plain
from occasion.desk.today import today
from occasion.errors import InputError
from occasion.moments.catalogue import parse_catalogue
from occasion.store import audit
from occasion.store.records import writing
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.doors import COLLEAGUES
from occasion.store.schema.people import PARTIES

CATALOGUE = """\
# our moments
moments:
  first call:       # somebody dares
    when: 'first call where direction = "in"'
    owner: jan      # he likes the phone
    purpose: they dared to call
  # the next one is for everybody
  first order: {when: first order, owner: bond or jan, purpose: they trust us}
  complaint: {when: complaint, owner: front desk, purpose: heard, mark: pit}
"""


@pytest.fixture
def world(records_url: str) -> Iterator[World]:
    with World(records_url, CATALOGUE) as world:
        world.party("cem", "Cem Kaya", owner="jan")
        world.party("ada", "Ada Wilk", owner="jan", kind="partner")
        world.party("bea", "Bea Lis", owner="ewa")
        yield world


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "moments.yaml"
    path.write_text(CATALOGUE, encoding="utf-8")
    return path


def close(world: World, who: str) -> None:
    with writing(world.engine) as connection:
        connection.execute(update(COLLEAGUES).where(COLLEAGUES.c.id == who).values(left_us=world.now))


def test_what_would_be_left_is_listed_and_the_closing_refused(world: World, file: Path) -> None:
    with writing(world.engine) as connection:
        left = plan(connection, world.catalogue, "jan", now=world.now, zone=ZONE)
        assert left.moments == ("first call", "first order")
        assert [one.name for one in left.parties] == ["Ada Wilk", "Cem Kaya"]
        with pytest.raises(NotHandedOver) as refused:
            leave(connection, "jan", moments={"first call": "ewa"}, parties={"cem": "ewa"}, file=file, now=world.now,
                  by="marek")  # fmt: skip
    assert refused.value.refused == (
        Said("leaving.moment", {"moment": "first order"}), Said("leaving.party", {"party": "Ada Wilk"}))  # fmt: skip
    assert "the moment 'first order', Ada Wilk would have no owner" in str(refused.value)
    assert all(plain(one) for one in refused.value.refused)
    assert file.read_text(encoding="utf-8") == CATALOGUE
    with world.engine.connect() as connection:
        assert set(connection.execute(select(PARTIES.c.owner)).scalars()) == {"jan", "ewa"}


def test_each_is_handed_over_by_name_and_met_in_person(world: World, file: Path) -> None:
    world.events(event("cem", "call", MORNING, direction="in"))
    with writing(world.engine) as connection:
        number = connection.execute(select(OCCASIONS.c.number)).scalar_one()
        actions.take(connection, number, now=world.now, by="jan")
        people = leave(
            connection, "jan", to="ewa", moments={"first order": "front desk"}, parties={"ada": "marek"}, file=file,
            now=world.now, by="marek",
        )  # fmt: skip
        assert audit.verify(connection)
    assert people == 2
    close(world, "jan")
    text = file.read_text(encoding="utf-8")
    assert text == CATALOGUE.replace("owner: jan ", "owner: ewa ").replace("bond or jan", "bond or front desk")
    owners = {moment.name: moment.owner for moment in parse_catalogue(text).moments}
    assert owners == {"first call": "ewa", "first order": "bond or front desk", "complaint": "front desk"}

    with world.engine.connect() as connection:
        rows = {(row.party, row.kind): row for row in connection.execute(select(OCCASIONS))}
        bonds = {row[0]: row[1] for row in connection.execute(select(PARTIES.c.party, PARTIES.c.owner))}
        page = today(connection, world.viewer("ewa"), world.now, catalogue=world.catalogue, zone=ZONE)
    assert bonds == {"cem": "ewa", "ada": "marek", "bea": "ewa"}
    assert (rows["cem", "reached"].owner, rows["cem", "reached"].state) == ("ewa", "open")
    assert {key: row.owner for key, row in rows.items() if key[1] == "handover"} == {
        ("cem", "handover"): "ewa", ("ada", "handover"): "marek"}  # fmt: skip
    card = next(card for card in page.today if card.kind == "handover")
    assert plain(card.why) == "Jan Kot has left: say in person that you are there for them now"
    assert {one.form for one in card.suggestions} >= {"call", "visit"}

    with writing(world.engine) as connection, pytest.raises(InputError, match="handed over in person"):
        actions.done(connection, card.number, "note", "Wrote.", now=world.now, by="ewa", append=world.append)
    with writing(world.engine) as connection:
        actions.done(connection, card.number, "call", "Said hello.", now=world.now, by="ewa", append=world.append)


def test_new_moments_of_those_people_go_to_the_new_owner(world: World, file: Path) -> None:
    with writing(world.engine) as connection:
        leave(connection, "jan", to="ewa", file=file, now=world.now, by="marek")
    close(world, "jan")
    world.catalogue = parse_catalogue(file.read_text(encoding="utf-8"))
    world.events(event("cem", "order", world.now + DAY))
    with world.engine.connect() as connection:
        query = select(OCCASIONS.c.owner).where(OCCASIONS.c.moment == "first order")
        assert connection.execute(query).scalar_one() == "ewa"


def test_the_last_of_a_team_leaves_the_teams_moments(world: World, file: Path) -> None:
    close(world, "ewa")
    with writing(world.engine) as connection:
        left = plan(connection, world.catalogue, "marek", now=world.now, zone=ZONE)
        assert left.moments == ("complaint",)
        with pytest.raises(NotHandedOver):
            leave(connection, "marek", file=file, now=world.now, by="marek")


@pytest.mark.parametrize(("to", "message"), [("nobody", "cannot take over"), ("jan", "cannot take over"),
                                             ("front desk", "cannot take over")])  # fmt: skip
def test_only_who_is_here_and_stays_may_take_over(world: World, file: Path, to: str, message: str) -> None:
    with writing(world.engine) as connection, pytest.raises(InputError, match=message):
        leave(connection, "jan", to=to, file=file, now=world.now, by="marek")
    with writing(world.engine) as connection, pytest.raises(InputError, match="is not here"):
        leave(connection, "gone", to="ewa", file=file, now=world.now, by="marek")
    assert file.read_text(encoding="utf-8") == CATALOGUE
