"""Story 21: "Happy holidays from all of us!" to Hana at 23:10, who asked a question two days ago."""

from __future__ import annotations

from pathlib import Path

import pytest

from coached import Coached, marked, message, part

GREETING = "Happy holidays from all of us! May your new year be full of smiles and your family in good health."
ASKED = "Is it normal that it still tastes of metal? I am a bit worried."
LATE = ("--to", "hana", "--channel", "sms", "--at", "2026-12-22T23:10")


@pytest.fixture
def house(tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch) -> Coached:
    place = Coached(tmp_path, records_url, monkeypatch)
    rows = [message(f"patient-{n}", "2026-12-22T15:00:00Z", GREETING, "out") for n in range(212)]
    rows += [
        {"party": "hana", "name": "visit", "at": "2026-12-18T10:00:00Z", "actor": "Dr Sato", "kind": "crown"},
        message("hana", "2026-12-20T18:00:00Z", ASKED),
    ]
    place.load(rows)
    place.people("id,name", ["hana,Hana Petrov", "patient-0,Jan Kot"])
    return place


def test_it_is_a_touch_and_she_waits(house: Coached, capsys: pytest.CaptureFixture[str]) -> None:
    reading = house.read(capsys, GREETING, *LATE)
    assert reading["verdict"] == "touch"
    unique, relevant, respectful = (part(reading, name) for name in ("unique", "relevant", "respectful"))
    assert (unique["score"], unique["facts"]["others"]) == (0.0, 212)
    assert "212 others got" in unique["why"]
    assert "full of smiles" in " ".join(marked(GREETING, unique))
    assert relevant["level"] == "poor"
    assert ASKED in relevant["why"]
    assert relevant["facts"]["asked"] == ASKED
    assert respectful["level"] == "poor"
    assert "quiet hours" in respectful["why"]
    assert part(reading, "relatable")["level"] == "poor"
    assert ASKED in reading["question"]

    changes = reading["changes"]
    assert len(changes) >= 3
    assert any("112 of" in one or "fewer than a fifth" in one for one in changes)  # the words
    assert any(ASKED in one for one in changes)  # the question
    assert any("21:00" in one or "08:00" in one for one in changes)  # the hour
    assert not any(one.startswith(("Dear", "Hi", "Hello")) for one in changes)  # facts, no ready text


def test_the_same_table_for_a_person(house: Coached, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run(GREETING, *LATE) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("touch")
    for said in (
        "unique",
        "relatable",
        "relevant",
        "respectful",
        "two-way",
        "would change it",
        "If you were Hana Petrov",
    ):
        assert said in shown


def test_an_answer_in_the_morning_is_a_moment(house: Coached, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "Good morning Hana, yes, a taste of metal is normal for the first week with that crown, and it fades. Does it "
        "come back after coffee, or all day long? Text me here, I look between patients. Lena Sato"
    )
    reading = house.read(
        capsys, text, "--to", "hana", "--channel", "sms", "--at", "2026-12-23T09:10", "--by", "Lena Sato"
    )
    assert reading["verdict"] == "moment", reading["why"]
    assert {one["name"]: one["level"] for one in reading["parts"]}["relevant"] == "good"
    assert "metal" in " ".join(marked(text, part(reading, "relatable")))


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("Hello.", ("--to", "nobody"), "party 'nobody'"),
        ("Hello.", (), "--to"),
        ("  \n", ("--to", "hana"), "is empty"),
        ("Hello.", ("--to", "hana", "--at", "soon"), "--at 'soon'"),
    ],
)
def test_wrong_use_is_one_line(
    house: Coached, capsys: pytest.CaptureFixture[str], text: str, options: tuple[str, ...], said: str
) -> None:
    capsys.readouterr()
    assert house.run(text, *options) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    assert said in err
