"""Practice: when a message comes back, what moved, whose it is, and what a team is told."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from clocks import Clock
from doors import Client, desk_app, do, signed_in
from occasion.coach import practice
from occasion.coach.practice import LADDER, Read
from occasion.coach.reading import PARTS, Draft
from occasion.coach.rewriting import known_then
from occasion.coach.skeleton import skeleton
from occasion.coach.tones import pairs
from occasion.desk import actions
from occasion.errors import InputError
from occasion.estimate import Refusal
from occasion.events.event import Event
from occasion.people import parties
from occasion.service.coaching import coaching
from occasion.service.farewell import say_goodbye
from occasion.service.roles import ROLES
from occasion.store.arrived import Arrived, Batch
from occasion.store.records import open_records, writing
from occasion.store.schema.practice import ATTEMPTS, EXERCISES

NOW = 1_772_442_000_000_000  # Monday, 2026-03-02 09:00 UTC
DAY = 86_400_000_000
CANARY = "zyxglorp"
COLD = (
    "Dear Ms Lisowska, please be advised that your appointment has been rescheduled. As you failed to confirm, kindly "
    "use the link below. Do not reply to this message. The dental team"
)
HTML = {"Accept": "text/html"}


def read(verdict: str = "touch", **levels: str) -> Read:
    every = {name: levels.get(name.replace("-", "_"), "good") for name in PARTS}
    scores = {name: {"poor": 0.0, "mixed": 0.5, "good": 1.0, "unknown": None}[level] for name, level in every.items()}
    return Read(verdict, every, scores)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdicts", "days"),
    [
        (["moment", "moment", "moment", "moment"], [4, 10, 25, None]),
        (["touch", "moment", "touch"], [1, 4, 1]),
        (["nearly", "nearly", "moment", "nearly"], [4, 4, 10, 4]),
        (["moment", "moment", "touch", "moment", "moment"], [4, 10, 1, 4, 10]),
    ],
)
def test_the_ladder_of_days(verdicts: list[str], days: list[int | None]) -> None:
    rung: int | None = 0
    found = []
    for verdict in verdicts:
        assert rung is not None
        rung = practice.rung_after(rung, verdict)  # type: ignore[arg-type]
        found.append(None if rung is None else LADDER[rung])
    assert found == days


def test_it_comes_back_in_the_morning_of_the_day_also_when_clocks_change() -> None:
    noon = int(datetime(2026, 3, 27, 11, tzinfo=UTC).timestamp()) * 1_000_000  # summer time begins on the 29th
    back = datetime.fromtimestamp(practice.day_after(noon, 4, "Europe/Warsaw") / 1e6, UTC)
    assert back == datetime(2026, 3, 30, 22, tzinfo=UTC)  # midnight of the 31st in Warsaw


def test_what_is_weak_still_comes_first_then_what_was() -> None:
    before = read(relatable="poor", respectful="mixed", two_way="unknown")
    assert practice.weak_in(before, read(relevant="mixed", unique="poor")) == (
        *("unique", "relevant"),
        *("relatable", "respectful"),
    )
    assert practice.weak_in(before, read("moment")) == ("relatable", "respectful")
    assert practice.weak_in(read("moment"), read("moment")) == ()


def test_what_moved() -> None:
    moved = {one.name: one for one in practice.moved(read(relatable="poor", two_way="unknown"), read(relevant="mixed"))}
    assert (moved["relatable"].step, moved["relatable"].by) == (1, 1.0)
    assert (moved["relevant"].step, moved["relevant"].by) == (-1, -0.5)
    assert (moved["two-way"].step, moved["two-way"].by) == (0, None)


def test_a_team_is_told_sums_of_weeks_with_three_people_and_never_a_person(records_url: str) -> None:
    engine = open_records(records_url)

    def keep(who: str, at: int, after: str = "moment") -> None:
        with writing(engine) as connection:
            number = practice.begin(connection, who, f"m-{who}-{at}", None, now=at)
            mine = practice.get(connection, who, number)
            practice.keep(
                connection, mine, "x", read(relatable="poor"), read(after, relatable="good"), now=at, zone="UTC"
            )

    def progress() -> Any:
        with engine.connect() as connection:
            return practice.progress(connection, ["ewa", "jan", "ola", "zoe"], now=NOW, zone="UTC")

    for who in ("ewa", "jan", "ewa"):
        keep(who, NOW - 3 * DAY - len(who))
        keep(who, NOW - DAY)
    assert progress() == Refusal("fewer than 3 people practised in the same week", 1)
    keep("ola", NOW - 9 * DAY)  # another week
    assert isinstance(progress(), Refusal)
    keep("stranger", NOW - DAY)  # of another team
    assert isinstance(progress(), Refusal)
    keep("ola", NOW - DAY, "touch")
    (week,) = progress()
    assert (week.monday, week.people, week.kept, week.better) == ("2026-02-23", 3, 7, 6)
    assert week.moved == {name: 7 if name == "relatable" else 0 for name in PARTS}
    engine.dispose()


def message(party: str, at: int, body: str, **fields: Any) -> Arrived:
    given = {"name": "message", "direction": "out", "channel": "email", "actor": "Col", **fields}
    return Arrived(
        "t", f"{party}-{at}", event=Event(party=party, at=at, seen=at, id=f"t:{party}-{at}", body=body, **given)
    )


def fill(connection: Any) -> None:
    for party, name, owner in (("hanna", "Hanna Lisowska", "col"), ("olga", "Olga Zoesia", "zoe")):
        parties.change(connection, party, now=NOW, by="t", kind="customer", name=name, owner=owner)
    note = lambda text, **more: actions.note_detail(  # noqa: E731
        connection, "hanna", text, now=NOW - 60 * DAY, by="col", source="said on the phone", **more
    )
    note("sings in a choir with Bronka")
    note("secretlywed", unmentioned=True)
    note("takes thinnerpills", kind="health")


def test_of_two_that_keep_at_once_one_succeeds(records_url: str) -> None:
    engine = open_records(records_url)
    with writing(engine) as connection:
        mine = practice.get(connection, "ewa", practice.begin(connection, "ewa", "m", None, now=NOW))
        practice.keep(connection, mine, "x", read(), read("moment"), now=NOW, zone="UTC")
        with pytest.raises(InputError, match="was kept a moment ago"):
            practice.keep(connection, mine, "x", read(), read("moment"), now=NOW, zone="UTC")
        assert len(practice.attempts(connection, "ewa")) == 1
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def app(tmp_path: Any, clock: Clock) -> Iterator[FastAPI]:
    with desk_app(tmp_path, clock, "\n[login]\nidle_hours = 168\nlongest_hours = 744\n") as running:
        do(running, fill)
        sent = [
            message("hanna", NOW - 30 * DAY, COLD),
            message("hanna", NOW - 31 * DAY, "Is the choir on Tuesday?", direction="in", actor=None),
            message("olga", NOW - 20 * DAY, COLD.replace("Lisowska", "Zoesia")),
            message("hanna", NOW - 10 * DAY, COLD, mass=True),
        ]
        running.state.service.writer.submit(Batch(arrived=sent)).result(30)
        yield running


def begin(client: Client) -> int:
    """Take a message; its number."""
    answer = client.post("/practice", data={"do": "new"})
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rpartition("=")[2])


def plain(page: str) -> str:
    """The words of a page, without markup and the numbers of notes."""
    without = re.sub(r"<sup>.*?</sup>|<mark[^>]*>|</mark>", "", page)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without)).split())


def test_one_practises_on_a_touch_of_ones_own_under_other_names(app: FastAPI) -> None:
    client = signed_in(app, "colleague", "col")
    number = begin(client)
    page = plain(client.get(f"/practice?exercise={number}", headers=HTML).text)
    assert "failed to confirm" in page
    assert "What you sent" in page
    assert "Is the choir on Tuesday?" in page
    assert "sings in a choir with" in page
    for word in ("Lisowska", "Hanna", "Bronka", "Zoesia", "secretlywed", "thinnerpills"):
        assert word not in page, word
    assert client.post("/practice", data={"do": "read", "exercise": number, "draft": " "}).status_code == 422
    assert "What it says no longer" not in page
    better = {"do": "read", "exercise": number, "draft": "How did the choir sing on Tuesday? Ring me: 555 0101. Col"}
    read_ = client.post("/practice", data=better, headers=HTML)
    assert read_.status_code == 200
    assert "What moved, part by part" in plain(read_.text)
    with app.state.service.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(ATTEMPTS)).scalar() == 0  # read, not kept


NOTE = "the plums of your garden were gone before noon, and whoever came late got a stone and my best regards"


def test_a_note_that_was_copied_later_reads_as_one_that_others_got_and_never_as_its_own_copy(app: FastAPI) -> None:
    sent = [
        message("hanna", NOW - 9 * DAY, f"Dear Hanna, {NOTE}. Col"),
        message("olga", NOW - 5 * DAY, f"Dear Olga, {NOTE}. Col"),
        message("hanna", NOW - 4 * DAY, "Dear Hanna, the lamp from the hall hangs in the kitchen now. Col"),
    ]
    service = app.state.service
    service.writer.submit(Batch(arrived=sent)).result(30)
    held = service.sent.index
    for _ in range(200):
        if (
            held.like(skeleton(f"Dear Olga, {NOTE}. Col").codes, NOW).sendings
            and held.like(skeleton("the lamp from the hall hangs in the kitchen now").codes, NOW).sendings
        ):
            break
        time.sleep(0.05)
    with service.engine.connect() as connection:
        made = coaching(service)
        around = made.around(connection, None)
        found = {}
        for event in (one for one in around.log.of("hanna") if one.direction == "out" and not one.mass):
            draft = Draft(event.body or "", "hanna", event.at, event.channel, event.actor or "")
            known = known_then(around, draft, event.id)
            found[event.at] = made.again(around)(draft, known, None).part("unique")
    assert found[NOW - 9 * DAY].level == "poor"  # olga got it four days later
    assert found[NOW - 9 * DAY].facts["others"] == 1
    assert found[NOW - 9 * DAY].facts["own_us"] is None
    assert found[NOW - 4 * DAY].level == "good"
    assert found[NOW - 4 * DAY].facts["shared"] == 0


def test_it_is_kept_and_comes_back_with_what_was_weak(app: FastAPI, clock: Clock) -> None:
    client = signed_in(app, "colleague", "col")
    number = begin(client)
    kept = client.post("/practice", data={"do": "keep", "exercise": number, "draft": "Please use the link. The team"})
    assert kept.status_code == 200
    assert "Kept. It comes back" in kept.text
    assert "Look then at:" in kept.text
    assert "Nothing is waiting" not in client.get("/practice", headers=HTML).text
    assert "The next one comes back" in client.get("/practice", headers=HTML).text
    again = client.post("/practice", data={"do": "keep", "exercise": number, "draft": "Again"})
    assert again.status_code == 422
    assert "is not due" in again.text
    clock.now += DAY
    back = plain(client.get("/practice", headers=HTML).text)
    assert "You rewrote it once. Weak then:" in back
    assert "failed to confirm" in back
    away = client.post("/practice", data={"do": "away", "exercise": number})
    assert away.status_code == 303
    with app.state.service.engine.connect() as connection:
        assert [
            connection.execute(select(func.count()).select_from(one)).scalar() for one in (EXERCISES, ATTEMPTS)
        ] == [0, 0]


def test_where_there_is_no_touch_one_practises_on_written_pairs(app: FastAPI) -> None:
    client = signed_in(app, "colleague", "new")
    for one in pairs():
        number = begin(client)
        page = plain(client.get(f"/practice?exercise={number}", headers=HTML).text)
        assert " ".join(one.cold.split()) in page, one.name
        assert " ".join(one.warm.split()) not in page, one.name
    refused = client.post("/practice", data={"do": "new"}, headers=HTML)
    assert refused.status_code == 422
    assert "every written example is among your exercises" in refused.text


PLACES = [
    *("/", "/?whose=all", "/practice", "/search?q=zyxglorp", "/moments", "/settings", "/audit", "/audit?actor=col"),
    *("/party/hanna", "/export/hanna", "/export/hanna?form=json", "/refused", "/coach/hanna", "/help", "/openapi.json"),
]


@pytest.mark.parametrize("role", ROLES)
def test_nobody_else_reads_what_somebody_practised(app: FastAPI, role: str) -> None:
    mine = signed_in(app, "colleague", "col", teams=("front",))
    number = begin(mine)
    mine.post("/practice", data={"do": "keep", "exercise": number, "draft": f"{CANARY} how is the choir?"})
    other = signed_in(app, role, f"another-{role}", teams=("front",))
    for path in PLACES:
        answer = other.get(path, headers=HTML)
        assert CANARY not in answer.text.replace(f'value="{CANARY}"', "").replace(f"“{CANARY}”", ""), path
    asked = {"exercise": number, "draft": "a text of a few words"}
    denied = 403 if role == "analyst" else 422
    assert other.get(f"/practice?exercise={number}").status_code == (403 if role == "analyst" else 404)
    for verb in ("read", "keep"):
        answer = other.post("/practice", data={"do": verb, **asked}, headers=HTML)
        assert answer.status_code == denied, verb
        assert CANARY not in answer.text
        assert "failed to confirm" not in plain(answer.text)
    other.post("/practice", data={"do": "away", **asked})
    with app.state.service.engine.connect() as connection:
        assert len(practice.attempts(connection, "col")) == 1
        assert practice.attempts(connection, f"another-{role}") == []


def test_it_goes_with_the_party_and_with_the_colleague(app: FastAPI) -> None:
    def rows() -> int:
        with app.state.service.engine.connect() as connection:
            return sum(
                connection.execute(select(func.count()).select_from(one)).scalar() for one in (EXERCISES, ATTEMPTS)
            )

    client = signed_in(app, "colleague", "col")
    number = begin(client)
    client.post("/practice", data={"do": "keep", "exercise": number, "draft": f"{CANARY} how is the choir?"})
    assert rows() == 2
    assert signed_in(app, "admin").post("/erase/hanna", data={"sure": "yes"}).status_code == 303
    assert rows() == 0
    begin(client)  # a written pair: about nobody
    assert rows() == 1
    place = app.state.service.workspace
    do(app, lambda c: say_goodbye(c, NOW, "t", "col", place=place, to="adm"))
    assert rows() == 0


def test_a_message_to_somebody_who_is_not_theirs_any_more_is_not_shown(app: FastAPI) -> None:
    client = signed_in(app, "colleague", "col")
    number = begin(client)
    signed_in(app, "colleague", "zoe")
    do(app, lambda c: parties.change(c, "hanna", now=NOW, by="t", owner="zoe"))
    assert client.get(f"/practice?exercise={number}", headers=HTML).status_code == 404
    assert "failed to confirm" not in plain(client.get("/practice", headers=HTML).text)
