"""Story 20: a year of messages, each read as touch or moment from what happened; the shares add up to all."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailing import OURS, mail, mbox
from occasion.cli import run
from occasion.people import details
from occasion.store.history import History
from occasion.store.records import writing

DAY = 86_400
NEWS = "Dear friends of the house, our new opening hours are from eight to six, and we have a garden now."
READY = "Dear {name}, your appointment for the yearly check of the boiler is due. Please use the link to choose a time."
OWN = (
    "The hinge of your green gate is in, and I oiled the lock as well; does it still scrape in the rain?",
    "I asked the roofer about the moss on the north side: he says it can wait until the swallows have left.",
    "The blue tiles you liked are back in the shop on the corner, eleven boxes; shall I have six put aside?",
    "Your neighbour found the key you lost behind the bins, it lies here in the drawer with the red label.",
)


def a_year(begin: int) -> list[Any]:
    """Petra, Jan and Ola of a small firm write to thirty people."""
    people = [f"p{i}@c{i}.example" for i in range(30)]
    sent: list[Any] = []
    sent += [mail("office@firm.example", who, NEWS, begin + 10 * DAY, id=f"news{i}@firm", List_Id="<news.firm.example>")
             for i, who in enumerate(people)]  # fmt: skip
    sent += [mail("jan@firm.example", who, READY.format(name=f"Ms Bauer{i}"), begin + 40 * DAY + i, id=f"ready{i}@firm")
             for i, who in enumerate(people[:12])]  # fmt: skip
    away = "I am away until Monday."
    sent.append(mail(people[0], "jan@firm.example", away, begin + 40 * DAY + 900, id="away", re="ready0@firm",
                     Auto_Submitted="auto-replied"))  # fmt: skip
    for i, text in enumerate(OWN):  # unprompted, of one's own words, and answered in the thread
        sent.append(mail("petra@firm.example", people[i], text, begin + 100 * DAY + i, id=f"own{i}@firm"))
        sent.append(mail(people[i], "petra@firm.example", "It does not!", begin + 102 * DAY + i, id=f"thanks{i}",
                         re=f"own{i}@firm"))  # fmt: skip
    asked = "The gutter over the door is leaking again, could you have a look at it?"
    sent.append(mail(people[20], "ola@firm.example", asked, begin + 150 * DAY, id="asked"))
    found = "I was at yours with the ladder: a tennis ball sat in the gutter, and it runs freely now."
    sent.append(mail("ola@firm.example", people[20], found, begin + 151 * DAY, id="found", re="asked"))
    sent.append(mail(people[21], "ola@firm.example", asked, begin + 150 * DAY, id="asked2"))
    late = "A slate had come loose above your porch; Tomek nailed it down this morning before the storm."
    sent.append(mail("ola@firm.example", people[21], late, begin + 190 * DAY, id="late", re="asked2"))
    oboe = "How did the oboe concert of your daughter go in the end, did the new reed hold out?"
    sent.append(mail("petra@firm.example", people[22], oboe, begin + 200 * DAY, id="oboe"))
    bland = "We hope that everything is going well and remain at your service in all matters."
    sent.append(mail("jan@firm.example", people[23], bland, begin + 210 * DAY, id="bland"))
    new = "I left the spare washers for the bath in your letter box, the thin ones are for the left tap."
    sent.append(mail("petra@firm.example", people[24], new, time.time_ns() // 10**9 - 2 * DAY, id="new"))
    return sent


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    begin = time.time_ns() // 10**9 - 300 * DAY
    place = tmp_path / "work"
    assert run(["init", str(place), "--zone", "Europe/Warsaw"]) == 0
    with History(place / "data") as history, writing(history.engine) as connection:
        details.note(connection, "p22@c22.example", "daughter plays the oboe", now=begin * 10**6, by="petra",
                     source="said on the phone", kind="family")  # fmt: skip
    path = mbox(tmp_path / "year.mbox", *a_year(begin))
    assert run(["load", str(path), "--ours", OURS, "--workspace", str(place)]) == 0
    capsys.readouterr()
    return place


def told(place: Path, capsys: pytest.CaptureFixture[str], *how: str) -> str:
    assert run(["journey", "touches", "--workspace", str(place), *how]) == 0
    return capsys.readouterr().out


def test_each_message_is_read_from_what_happened(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.loads(line) for line in told(place, capsys, "--each").splitlines()]
    read = {line["event"].split(" ")[0].removesuffix("@firm"): line for line in lines}
    assert len(read) == len(lines) == 30 + 12 + 4 + 5
    assert {read[f"news{i}"]["outcome"] for i in range(30)} == {"touch"}
    assert {read[f"news{i}"]["why"] for i in range(30)} == {"it went to many alike"}
    ready = [read[f"ready{i}"] for i in range(12)]
    assert {(one["outcome"], one["share"], one["others"], one["answer"]) for one in ready} == {("touch", 1.0, 11, None)}
    assert {one["why"] for one in ready} == {"others got most of its words"}  # an absence note answers nothing
    for i in range(4):
        own = read[f"own{i}"]
        assert (own["outcome"], own["answer"]["event"], own["answer"]["threaded"]) == (
            "moment", f"thanks{i} p{i}@c{i}.example", True,
        )  # fmt: skip
    assert (read["found"]["outcome"], read["found"]["timing"]) == ("moment", "in time")
    assert (read["late"]["outcome"], read["late"]["timing"]) == ("nearly", "far too late")
    assert (read["oboe"]["outcome"], len(read["oboe"]["details"])) == ("nearly", 1)  # personal, and nobody answered
    assert (read["bland"]["outcome"], read["bland"]["share"]) == ("touch", 0.0)  # one-way, and anybody's
    assert read["new"]["outcome"] == "open"
    assert all("by" not in line for line in lines)  # nothing here to rank colleagues by


def test_the_shares_add_up_to_all(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(told(place, capsys, "--json"))
    outcomes = Counter(json.loads(line)["outcome"] for line in told(place, capsys, "--each").splitlines())
    assert {name: found["all"][name] for name in outcomes} == outcomes
    assert found["all"] == {"moment": 5, "nearly": 2, "touch": 43, "open": 1, "unread": 0, "total": 51}
    for lines in (found["stages"], found["months"]):
        for outcome in ("moment", "nearly", "touch", "open", "unread"):
            assert sum(line["shares"][outcome] for line in lines) == found["all"][outcome]
    assert (found["answered"], found["mass"]) == (4, 30)
    assert "own" not in found
    assert all(line["name"] <= f"{date.today():%Y-%m}" for line in found["months"])  # noqa: DTZ011
    shown = told(place, capsys)
    assert "51 messages, 4 answered, 30 to many alike" in shown
    assert "5 (10%)" in shown


def test_a_shorter_time_reads_fewer(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(told(place, capsys, "--json", "--days", "30"))
    assert found["all"]["total"] == found["all"]["open"] == 1
