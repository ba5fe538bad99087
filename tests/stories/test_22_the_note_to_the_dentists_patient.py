"""Story 22, what the coach says of it: mint rinse, a daughter starts school; the note on the Friday after."""

from __future__ import annotations

from pathlib import Path

import pytest

from coached import Coached, marked, message, part

FRIDAY = ("--to", "igor", "--channel", "sms", "--at", "2026-03-06T09:10", "--by", "Lena Sato")


@pytest.fixture
def house(tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch) -> Coached:
    place = Coached(tmp_path, records_url, monkeypatch)
    place.load([
        {"party": "igor", "name": "extraction", "at": "2026-03-03T08:00:00Z", "actor": "Lena Sato", "tooth": "38"},
        message("ola", "2026-02-20T10:00:00Z", "Ola, the plaster cast is here. Is Tuesday too early? Lena", "out"),
    ])  # fmt: skip
    place.people("id,name", ["igor,Igor Wolski", "ola,Ola Lis"])
    place.note("igor", "prefers the mint rinse", "2025-09-14T12:00:00+00:00", kind="preference")
    place.note("igor", "daughter Mila starts school in May", "2026-01-14T12:00:00+00:00", kind="family")
    place.note("igor", "takes blood thinners", "2025-09-14T12:00:00+00:00", kind="health", source="anamnesis")
    return place


def test_the_daughter_tells_him_from_a_hundred(house: Coached, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "Good morning Mr Wolski, three days after it the swelling should go down. Has Mila chosen her satchel for "
        "school yet, and could you smile for the photograph? Answer me here. Lena Sato"
    )
    reading = house.read(capsys, text, *FRIDAY)
    assert reading["verdict"] == "moment", reading["why"]
    relatable = part(reading, "relatable")
    assert relatable["level"] == "good"
    assert "daughter Mila starts school in May" in relatable["why"]
    assert "Mila" in " ".join(marked(text, relatable))
    assert "“extraction” on 3 March, but comes 3 days after it" in part(reading, "relevant")["why"]


def test_a_son_is_caught(house: Coached, capsys: pytest.CaptureFixture[str]) -> None:
    text = "Good morning Mr Wolski, how did your son like the first day at school? Answer me here. Lena Sato"
    relatable = part(house.read(capsys, text, *FRIDAY), "relatable")
    assert relatable["level"] in ("mixed", "poor")
    assert "“son” speaks of another child" in relatable["why"]
    assert "daughter Mila" in relatable["why"]


def test_a_set_note_is_told_what_is_on_file_and_never_the_health_fact(
    house: Coached, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Dear Mr Wolski, thank you for your visit. We hope you were happy with it. Your practice team"
    reading = house.read(capsys, text, *FRIDAY)
    assert reading["verdict"] == "touch"
    changes = " ".join(reading["changes"])
    assert "daughter Mila starts school in May" in changes
    assert "blood thinners" not in changes
