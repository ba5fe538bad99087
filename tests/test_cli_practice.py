"""`occasion practice`: with the person's own password, the same page as the desk's."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from occasion.cli import run

PASSWORD = "seven green bicycles"
COLD = "Dear {name}, kindly note that the check-up takes place on Monday. Do not reply to this message. The practice"
WARM = "Dear {name}, how did the choir sing? We look at the tooth on Monday; ring me if it aches, 0161 496 0123. Ewa"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "practice"
    assert run(["init", str(folder)]) == 0
    for id, role in (("ewa", "colleague"), ("ann", "analyst")):
        monkeypatch.setattr("sys.stdin", StringIO(f"{PASSWORD}\n"))
        assert run(["colleague", "add", id, "--role", role, "--workspace", str(folder)]) == 0
    rows = [
        {"party": party, "event": "note", "at": f"2026-02-2{n}T10:00:00Z", "direction": "out", "channel": "email",
         "actor": "ewa", "body": COLD.format(name=name)}
        for n, (party, name) in enumerate((("p-2", "Tomasz Wrona"), ("p-1", "Irena Sobol")))
    ]  # fmt: skip
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert run(["load", str(log), "--workspace", str(folder)]) == 0
    from occasion.people import details, parties
    from occasion.store.records import open_records, writing

    engine = open_records(folder / "data" / "records.db")
    with writing(engine) as connection:
        for party, name in (("p-1", "Irena Sobol"), ("p-2", "Tomasz Wrona")):
            parties.change(connection, party, now=1, by="t", name=name, owner="ewa")
        details.note(connection, "p-1", "sings in the church choir", now=1, by="ewa", source="said")
    engine.dispose()
    capsys.readouterr()
    return folder


def practise(place: Path, *options: str, said: str = "", password: str = PASSWORD, who: str = "ewa") -> int:
    from unittest.mock import patch

    with patch("sys.stdin", StringIO(f"{password}\n{said}")):
        return run(["practice", "--as", who, "--workspace", str(place), *options])


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_message_is_taken_said_again_and_kept(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert practise(place) == 0
    assert "nothing is waiting" in capsys.readouterr().out
    assert practise(place, "--new", "--json") == 0
    page = printed(capsys)
    assert page["exercise"]["pair"] is False
    assert "kindly note" in page["exercise"]["text"]
    assert "Irena" not in json.dumps(page)
    assert page["before"]["verdict"] == "touch"
    again = WARM.format(name=page["exercise"]["to"])
    assert practise(place, "-", said=again) == 0
    shown = capsys.readouterr().out
    assert "relatable: poor to good" in shown
    assert "kept" not in shown
    assert practise(place, "--keep", "--json", "-", said=again) == 0
    page = printed(capsys)
    assert page["kept"] is True
    assert page["next_us"] > page["now_us"]
    assert practise(place) == 0
    assert "the next one comes back on" in capsys.readouterr().out
    assert practise(place, "--keep", "-", "--exercise", "1", said=again) == 2
    assert "is not due" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "who", "password", "why"),
    [
        ((), "ewa", "another password", "not the password"),
        ((), "nobody", PASSWORD, "not the password"),
        ((), "ann", PASSWORD, "an analyst writes to nobody"),
        (("--exercise", "99"), "ewa", PASSWORD, "you have none with this number"),
        (("--keep",), "ewa", PASSWORD, "--keep keeps the rewriting"),
        (("--new", "--exercise", "1"), "ewa", PASSWORD, "give one or the other"),
        (("-",), "ewa", PASSWORD, "nothing is due"),
    ],
)
def test_what_cannot_be_is_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], who: str, password: str, why: str
) -> None:
    assert practise(place, *options, said="some words", password=password, who=who) == 2
    error = capsys.readouterr().err
    assert why in error
    assert error.count("\n") == 1
