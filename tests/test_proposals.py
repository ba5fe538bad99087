"""What an assistant proposed stands on the desk for those whose it is, and a person takes it up or declines it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from doors import desk_app, do, signed_in
from occasion.people import parties
from occasion.service.out.assistant import Assistant
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.doors import AUDIT
from occasion.store.schema.out import PROPOSALS

NOW = 1_772_442_000_000_000
DAY = 86_400_000_000
IDEA, WHY = "a call about the school", "her daughter Zuzanna starts school"
LINE, REASON = "3rd visit", "Zuzanna came back after a call"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    with desk_app(tmp_path, lambda: NOW) as running:
        do(running, fill)
        service = running.state.service
        assistant = Assistant(service.engine, service.workspace.catalogue, lambda: NOW, "UTC")
        assert "proposal 1" in assistant.propose_gesture(1, IDEA, WHY)
        assert "proposal 2" in assistant.propose_moment(LINE, REASON)
        yield running


def fill(connection: Any) -> None:
    parties.change(connection, "hers", now=NOW, by="tests", kind="customer", name="Hana", owner="ewa")
    for number, owner in ((1, "ewa"), (2, "ewa"), (3, "zoe")):
        row = {
            **{"party": "hers", "moment": f"m{number}", "identity": "i", "kind": "reached", "per": "", "about_us": NOW},
            **{"owner": owner, "shown_us": NOW, "until_us": NOW + DAY, "state": "open", "reason": "", "stake": 1.0},
            **{"answer": "", "who": "customer", "facts": {}, "changed_us": NOW},
        }
        connection.execute(OCCASIONS.insert().values(number=number, **row))


def states(app: FastAPI) -> list[tuple[str, str | None]]:
    query = select(PROPOSALS.c.state, PROPOSALS.c.settled_by).order_by(PROPOSALS.c.number)
    return do(app, lambda c: [tuple(row) for row in c.execute(query)])


def test_an_idea_stands_on_its_occasion_and_is_taken_up_with_it(app: FastAPI) -> None:
    ewa = signed_in(app, "colleague", "ewa")
    for path in ("/", "/occasions/1", "/party/hers"):
        page = ewa.get(path).text
        assert IDEA in page
        assert WHY in page
    assert IDEA not in ewa.get("/occasions/2").text
    assert IDEA not in signed_in(app, "colleague", "jan").get("/").text
    analyst = signed_in(app, "analyst", "ala").get("/").text
    assert "m1" in analyst
    assert IDEA not in analyst
    assert ewa.post("/occasions/2/take_up", data={"proposal": "1"}).status_code == 422  # it is about another one
    assert states(app) == [("open", None), ("open", None)]
    assert ewa.post("/occasions/1/take_up", data={"proposal": "1"}).status_code == 303
    assert states(app)[0] == ("taken", "ewa")
    assert do(app, lambda c: c.execute(select(OCCASIONS.c.taken_by).where(OCCASIONS.c.number == 1)).scalar()) == "ewa"
    assert IDEA not in ewa.get("/occasions/1").text
    assert ewa.post("/occasions/1/decline", data={"proposal": "1"}).status_code == 422
    assert states(app)[0] == ("taken", "ewa")


def test_what_cannot_be_taken_leaves_the_proposal_open(app: FastAPI) -> None:
    ewa, boss = signed_in(app, "colleague", "ewa"), signed_in(app, "admin", "ann")
    assert ewa.post("/occasions/1/take").status_code == 303
    assert boss.post("/occasions/1/take_up", data={"proposal": "1"}).status_code == 422  # somebody has it
    assert states(app)[0] == ("open", None)
    assert boss.post("/occasions/1/decline", data={"proposal": "1"}).status_code == 303
    assert states(app)[0] == ("declined", "ann")


def test_a_line_stands_with_the_catalogue_and_becomes_a_form(app: FastAPI) -> None:
    boss, analyst, ewa = (signed_in(app, role) for role in ("admin", "analyst", "colleague"))
    assert LINE in (page := boss.get("/moments").text)
    assert REASON in page
    assert LINE in (page := analyst.get("/moments").text)
    assert "Zuzanna" not in page
    assert LINE not in ewa.get("/moments").text
    assert LINE not in ewa.get("/moment?proposal=2").text
    assert ewa.post("/moment", data={"do": "take_up", "proposal": "2"}).status_code == 403
    assert boss.post("/moment", data={"do": "decline", "proposal": "1"}).status_code == 422  # that is about an occasion
    assert boss.post("/moment", data={"do": "decline", "proposal": "x"}).status_code == 422
    taken = boss.post("/moment", data={"do": "take_up", "proposal": "2"})
    assert (taken.status_code, taken.headers["location"]) == (303, "/moment?proposal=2")
    assert f">{LINE}</textarea>" in boss.get("/moment?proposal=2").text
    assert boss.get("/moment?proposal=99999999999999999999999").status_code == 200
    assert LINE not in boss.get("/moments").text.replace("3rd visits", "")
    assert states(app) == [("open", None), ("taken", "adm")]
    rows = do(app, lambda c: [(row.actor, row.action) for row in c.execute(select(AUDIT).order_by(AUDIT.c.number))])
    assert ("adm", "proposal taken") in rows
