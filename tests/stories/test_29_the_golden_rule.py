# ruff: noqa: E501 - a case in one line is easier to read
"""Story 29: a dunning note to a widow: the golden-rule question, the fact on file, and no score."""

from __future__ import annotations

from pathlib import Path

import pytest

from coached import Coached, message, part

DUNNING = (
    "Dear Madam or Sir,\n\ndespite our invoice no. 20263 we have not received the amount of 184.00. You are in arrears. "
    "Please settle the sum within seven days.\n\nAccounts"
)
FACT = "her husband Adam died on 14 April 2026"


@pytest.fixture
def house(tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch) -> Coached:
    place = Coached(tmp_path, records_url, monkeypatch)
    place.load([
        {"party": "gosia", "name": "visit", "at": "2026-03-27T11:00:00Z", "actor": "Dr Adler", "kind": "filling"},
        {"party": "gosia", "name": "invoice", "at": "2026-03-29T09:00:00Z", "direction": "out", "amount": 184},
        message("jan", "2026-05-02T10:00:00Z", "Your retainer is ready, Jan. Would Monday at nine do? Nora", "out"),
    ])  # fmt: skip
    place.people("id,name", ["gosia,Gosia Kowalska", "jan,Jan Kot"])
    place.note("gosia", FACT, "2026-04-20T12:00:00+00:00", kind="family", use="inside", sensitive=True)
    return place


def test_the_question_stands_there_with_the_fact_and_is_not_scored(
    house: Coached, capsys: pytest.CaptureFixture[str]
) -> None:
    reading = house.read(capsys, DUNNING, "--to", "gosia", "--channel", "letter", "--at", "2026-05-12T10:00")
    assert FACT in reading["question"]
    assert reading["question"].endswith("If you were Gosia Kowalska, would you be glad to get this today?")
    assert reading["verdict"] == "touch"
    respectful = part(reading, "respectful")
    assert respectful["level"] == "poor"
    assert respectful["score"] is None
    assert part(reading, "relevant")["level"] == "poor"
    assert "mourn" in part(reading, "relevant")["why"]
    assert any(FACT in change for change in reading["changes"])


def test_for_a_person_the_question_is_the_last_word(house: Coached, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert house.run(DUNNING, "--to", "gosia", "--channel", "letter", "--at", "2026-05-12T10:00") == 0
    last = " ".join(capsys.readouterr().out.split("\n\n")[-1].split())
    assert FACT in last
    assert last.endswith("would you be glad to get this today?")


def test_who_lost_nobody_is_asked_without_a_fact(house: Coached, capsys: pytest.CaptureFixture[str]) -> None:
    reading = house.read(capsys, DUNNING, "--to", "jan", "--channel", "letter", "--at", "2026-05-12T10:00")
    assert reading["question"] == "If you were Jan Kot, would you be glad to get this?"
    assert part(reading, "respectful")["score"] is not None
