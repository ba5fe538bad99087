"""Story 23: a thank-you note goes to Jan and, word for word but for the name, to Kasia; the second is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from occasion.cli import run

NOTE = (
    "Dear {name},\n\nwhen I opened your tin of gingerbread the whole corridor stood in my door within a minute, and "
    "the last star went to Dr Sato for her tea. Nobody was ever so very kind to us here. Where did you learn to bake?"
    "\n\nWarm regards,\nMirek Hale"
)
OWN = (
    "Dear Kasia,\n\nyour plum cake survived exactly one meeting, and Lena now wants the recipe for her mother. Does "
    "the pinch of salt go into the crumble or beneath it?\n\nWarm regards,\nMirek Hale"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A workspace in which Jan got the note on 4 December, and Ola something else."""
    folder = tmp_path / "practice"
    assert run(["init", str(folder)]) == 0
    rows = [
        {"id": "m1", "party": "jan", "name": "message", "at": "2026-12-04T10:03:00Z", "direction": "out",
         "channel": "email", "body": NOTE.format(name="Jan")},
        {"id": "m2", "party": "ola", "name": "message", "at": "2026-12-05T10:03:00Z", "direction": "out",
         "channel": "email", "body": "Dear Ola, your crown came back from the workshop a shade too light. Could you "
         "come by on Monday so that we see it against the window? Warm regards, Mirek Hale"},
        {"id": "v1", "party": "kasia", "name": "visit", "at": "2026-12-10T09:00:00Z", "direction": "in",
         "channel": "in person", "body": None},
    ]  # fmt: skip
    file = tmp_path / "sent.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert run(["load", str(file), "--workspace", str(folder)]) == 0
    contacts = tmp_path / "people.csv"
    contacts.write_text("id,name\njan,Jan\nola,Ola\nkasia,Kasia\n", encoding="utf-8")
    assert run(["people", "import", str(contacts), "--workspace", str(folder)]) == 0
    return folder


def coached(place: Path, text: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    draft = place / "draft.txt"
    draft.write_text(text, encoding="utf-8")
    capsys.readouterr()
    asked = ["coach", "--to", "kasia", "--at", "2026-12-11T10:00:00Z", "--channel", "email", "--json", str(draft)]
    assert run([*asked, "--workspace", str(place)]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return next(part for part in said["parts"] if part["name"] == "unique") | {"verdict": said["verdict"]}


def test_the_second_note_is_told_who_got_it_and_when(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = NOTE.format(name="Kasia")
    unique = coached(place, text, capsys)
    assert unique["why"] == "Jan got these 41 words on 4 December."
    assert (unique["level"], unique["score"], unique["verdict"]) == ("poor", 0.0, "touch")
    marked = [text[span["start"] : span["end"]] for span in unique["spans"]]
    assert marked[0].startswith("when I opened your tin of gingerbread")
    assert marked[-1].endswith("Where did you learn to bake")
    assert not any(word in " ".join(marked) for word in ("Kasia", "Sato", "regards", "Mirek"))
    assert unique["facts"]["recipients"] == [{"party": "jan", "name": "Jan", "at_us": 1_796_378_580_000_000}]


def test_her_own_words_are_hers(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unique = coached(place, OWN, capsys)
    assert (unique["level"], unique["spans"]) == ("good", [])
    assert unique["why"] == "Nobody is known to have got these words."
