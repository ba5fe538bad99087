"""Story 18: a newsletter went to 412 people; the next day five of them, with the detail and its source, no other."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from doors import desk_app, do, signed_in
from mailing import OURS, mail, mbox
from occasion.cli import run
from occasion.desk import actions
from occasion.people import details, parties
from occasion.store.schema.desk import OCCASIONS
from occasion.store.workspace import make_workspace

SENT = int(dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC).timestamp())
DAY = 86_400
NOW = (SENT + DAY) * 10**6
NEWS = "Our garden café opens on Saturday. There will be rhubarb cake, and the roses by the wall are in bloom."
PEOPLE = [f"p{i}@c{i}.example" for i in range(412)]
NOTED: dict[str, dict[str, Any]] = {  # who has something noted of them, and how
    PEOPLE[7]: {"text": "grows old roses behind the house", "noted": SENT - 700 * DAY},  # the text speaks of it
    PEOPLE[30]: {"text": "sister's wedding", "on_date": "2026-05-09", "kind": "date"},  # the day is near
    PEOPLE[31]: {"text": "learning to play the accordion"},  # nobody has spoken of it yet
    PEOPLE[64]: {"text": "adopted a deaf greyhound called Plum"},
    PEOPLE[200]: {"text": "moving her bakery to the harbour"},
    PEOPLE[8]: {"text": "keeps bees on the roof"},  # was spoken of since
    PEOPLE[9]: {
        "text": "collects maps of Norway",
        "noted": SENT - 700 * DAY,
    },  # long ago, and the text is about other things
    PEOPLE[10]: {"text": "going through a hard divorce", "unmentioned": True},
    PEOPLE[11]: {"text": "diabetic", "kind": "health"},
    PEOPLE[12]: {"text": "pays late, ask the manager first", "use": "inside"},
    PEOPLE[13]: {"text": "sings in the cathedral choir"},  # has died
    PEOPLE[14]: {"text": "restores a wooden boat"},  # was called yesterday, and is left in peace
    "somebody@else.example": {"text": "grows prize roses"},  # did not get it
}
FEW = {PEOPLE[7], PEOPLE[30], PEOPLE[31], PEOPLE[64], PEOPLE[200]}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    place = make_workspace(tmp_path / "place")
    letter = "The bees on your roof must be out by now. Did the second hive survive the frost?"
    path = mbox(tmp_path / "sent.mbox",
                *(mail("office@firm.example", who, f"Dear {i}, {NEWS}", SENT + i % 300, id=f"n{i}",
                       subject="The garden opens", List_Id="<news.firm.example>") for i, who in enumerate(PEOPLE)),
                mail("ewa@firm.example", PEOPLE[8], letter, SENT - 20 * DAY, id="bees"))  # fmt: skip
    assert run(["load", str(path), "--ours", OURS, "--workspace", str(place.folder)]) == 0
    with desk_app(tmp_path, lambda: NOW) as app:
        for party, detail in NOTED.items():
            how = {"kind": "other", "use": "anything", **detail}
            text, noted = how.pop("text"), how.pop("noted", SENT - 60 * DAY)
            do(app, lambda c, p=party, t=text, n=noted, h=how: details.note(
                c, p, t, now=n * 10**6, by="ewa", source="said on the phone", **h))  # fmt: skip
        do(app, lambda c: parties.change(c, PEOPLE[13], now=NOW, by="ewa", deceased="2026-04-30"))
        do(app, lambda c: parties.change(c, PEOPLE[7], now=NOW, by="ewa", name="Rosa Lind", owner="ewa"))
        do(app, lambda c: actions.gesture(c, PEOPLE[14], "call", "Rang her.", now=NOW - 3600 * 10**6, by="ewa",
                                          append=lambda _: None))  # fmt: skip
        yield app


def few(page: str) -> dict[str, str]:
    """Who is proposed, with what stands beside."""
    article = page.split("<article", 1)[1].split("</article>", 1)[0]
    lines = re.findall(r"<li>(.*?)</li>", article, re.DOTALL)
    return {
        re.search(r'name="party" value="([^"]*)"', line)[1]: unescape(re.sub(r"<[^>]+>", " ", line)) for line in lines
    }  # type: ignore[index]


def test_five_of_412_with_the_detail_and_its_source_and_one_is_taken_up(app: FastAPI) -> None:
    manager = signed_in(app, "manager")
    page = manager.get("/touches")
    assert page.status_code == 200
    assert "To 412 people" in page.text
    assert "For 5 of them there is something to add" in page.text
    proposed = few(page.text)
    assert set(proposed) == FEW
    assert re.search(r"Rosa Lind.*It spoke of this.*grows old roses.*said on the phone", proposed[PEOPLE[7]], re.DOTALL)
    assert "The day is near" in proposed[PEOPLE[30]]
    assert "Nobody has spoken of it yet" in proposed[PEOPLE[31]]
    for secret in ("divorce", "diabetic", "pays late", "choir", "Norway", "wooden boat", "prize roses"):
        assert secret not in page.text
    assert next(iter(proposed)) == PEOPLE[7]  # what the text itself speaks of comes first

    send = re.search(r'name="send" value="([^"]*)"', page.text)[1]  # type: ignore[index]
    done = manager.post("/touches", data={"send": send, "party": PEOPLE[64]})
    assert done.status_code == 303, done.text
    occasion = manager.get(done.headers["location"])
    assert "“The garden opens” went to many, and you know this about them: adopted a deaf greyhound" in unescape(
        occasion.text
    )
    with app.state.service.engine.connect() as connection:
        (row,) = connection.execute(OCCASIONS.select()).all()
    assert (row.party, row.owner, row.state, row.taken_by, row.moment) == (
        PEOPLE[64], "man", "taken", "man", "more than The garden opens",
    )  # fmt: skip
    assert set(few(manager.get("/touches").text)) == FEW - {PEOPLE[64]}
    text = "Does Plum bark at all, being deaf? Mine never heard the postman either."
    number = row.number
    assert "How it turned out" not in occasion.text
    assert manager.post(f"/occasions/{number}/done", data={"made": "note", "text": text}).status_code == 303
    said = None
    for _ in range(100):  # what was done comes into the log a moment later
        said = re.search(r"How it turned out</h2>\s*<p>(.*?)</p>", manager.get(f"/occasions/{number}").text, re.DOTALL)
        if said is not None:
            break
        time.sleep(0.05)
    assert re.sub(r"<[^>]+>", "", said[1]) == "Too early: they have 14 days to answer, which are not over."  # type: ignore[index]
    for party in (PEOPLE[64], PEOPLE[9], PEOPLE[13]):  # again, and of those who were never proposed
        assert manager.post("/touches", data={"send": send, "party": party}).status_code == 422


def on_today(page: str) -> set[str]:
    """Who is proposed on Today."""
    section = re.search(r'<section class="section" id="expand".*?</section>', page, re.DOTALL)
    return set(re.findall(r'name="party" value="([^"]*)"', section[0])) if section else set()


def today(client: Any) -> str:
    """Today, once it was looked for whom there is something to add."""
    page = ""
    for _ in range(100):
        page = client.get("/").text
        if on_today(page):
            break
        time.sleep(0.05)
    return page


def test_they_stand_on_today_and_each_is_taken_up_or_declined_alone(app: FastAPI) -> None:
    manager = signed_in(app, "manager")
    page = today(manager)
    assert on_today(page) == FEW
    assert "Expand on what went to many" in page
    assert "To 412 people" in page
    assert re.search(r"It spoke of this.*grows old roses.*said on the phone", page, re.DOTALL)
    for secret in ("divorce", "diabetic", "pays late", "choir", "Norway", "wooden boat", "prize roses"):
        assert secret not in page
    send = re.search(r'name="send" value="([^"]*)"', page)[1]  # type: ignore[index]
    given = {"send": send, "do": "decline", "back": "/"}
    assert manager.post("/touches", data={**given, "party": PEOPLE[31]}).status_code == 422  # no reason
    why = "He gave it up, he told me"
    answer = manager.post("/touches", data={**given, "party": PEOPLE[31], "reason": why})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    taken = manager.post("/touches", data={"send": send, "party": PEOPLE[30], "back": "/"})
    assert taken.headers["location"].endswith("#coach")
    beside = unescape(manager.get(taken.headers["location"]).text)
    assert re.search(r'id="coach-box".*you know this about them: sister\'s wedding.*name="draft"', beside, re.DOTALL)
    assert on_today(manager.get("/").text) == FEW - {PEOPLE[30], PEOPLE[31]}  # at once, and from then on
    assert set(few(manager.get("/touches").text)) == FEW - {PEOPLE[30], PEOPLE[31]}
    audit = unescape(manager.get("/audit").text)
    assert "proposal declined" in audit
    assert why not in audit
    with app.state.service.engine.connect() as connection:
        rows = {row.party: row for row in connection.execute(OCCASIONS.select())}
    assert (rows[PEOPLE[31]].state, rows[PEOPLE[31]].reason) == ("skipped", why)
    assert on_today(today(signed_in(app, "colleague", "ewa"))) == {PEOPLE[7]}
    for nobody in (signed_in(app, "colleague", "jan"), signed_in(app, "analyst")):
        assert on_today(nobody.get("/").text) == set()


def test_a_colleague_sees_their_own_and_an_analyst_nobody(app: FastAPI) -> None:
    assert set(few(signed_in(app, "colleague", "ewa").get("/touches").text)) == {PEOPLE[7]}
    assert "For none of those you see" in signed_in(app, "colleague", "jan").get("/touches").text
    analyst = signed_in(app, "analyst")
    shown = analyst.get("/touches")
    assert shown.status_code == 200
    assert "article" not in shown.text
    assert "@c7.example" not in shown.text
    assert analyst.post("/touches", data={"send": "x", "party": PEOPLE[7]}).status_code == 403


def test_after_a_week_nothing_is_proposed_any_more(tmp_path: Path) -> None:
    place = make_workspace(tmp_path / "place")
    path = mbox(tmp_path / "a.mbox", *(mail("office@firm.example", who, NEWS, SENT, id=f"n{i}", Precedence="bulk")
                                       for i, who in enumerate(PEOPLE[:12])))  # fmt: skip
    assert run(["load", str(path), "--ours", OURS, "--workspace", str(place.folder)]) == 0
    with desk_app(tmp_path, lambda: (SENT + 8 * DAY) * 10**6) as app:
        assert "Nothing went to many in the last seven days" in signed_in(app, "manager").get("/touches").text


def test_the_same_words_to_many_are_a_send_to_many_though_nothing_marks_them(tmp_path: Path) -> None:
    place = make_workspace(tmp_path / "place")
    path = mbox(tmp_path / "a.mbox",
                *(mail("jan@firm.example", who, f"Dear Ms Bauer{i},\n\n{NEWS}\n\nRegards, Jan", SENT + i, id=f"n{i}",
                       subject="The garden opens") for i, who in enumerate(PEOPLE[:12])),
                *(mail("jan@firm.example", who, f"Your {w} is here, shall I bring the {w} round on my way home?",
                       SENT + i, id=f"o{i}")
                  for i, (who, w) in enumerate(zip(PEOPLE[20:24], ("lamp", "kiln", "oven", "drum"),
                                                                               strict=True))))  # fmt: skip
    assert run(["load", str(path), "--ours", OURS, "--workspace", str(place.folder)]) == 0
    with desk_app(tmp_path, lambda: NOW) as app:
        do(app, lambda c: details.note(c, PEOPLE[3], "grows old roses", now=NOW, by="ewa", source="a letter"))
        manager = signed_in(app, "manager")
        page = ""
        for _ in range(200):  # the index follows the log in a thread of its own
            page = manager.get("/touches").text
            if "To 12 people" in page:
                break
        assert set(few(page)) == {PEOPLE[3]}
        assert page.count("<article") == 1


def test_who_is_erased_is_nowhere_at_once(app: FastAPI) -> None:
    manager = signed_in(app, "admin")
    assert PEOPLE[64] in on_today(today(manager))
    found = app.state.service.touching
    assert "greyhound" in str(found._few)
    assert manager.post(f"/erase/{PEOPLE[64]}", data={"sure": "yes"}).status_code == 303
    assert "greyhound" not in str(vars(found))
    assert on_today(today(manager)) == FEW - {PEOPLE[64]}
