"""`occasion people` as a person meets it: brought in, found again, shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from occasion.cli import run


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    folder, table = tmp_path / "practice", tmp_path / "people.csv"
    table.write_text("id,name,owner,plan\nc1,Zofia Łącka,ewa,basic\nc2,Jan Nowak,,basic\nc3,Ola,,plus\n")
    assert run(["init", str(folder)]) == 0
    assert run(["people", "import", str(table), "--workspace", str(folder)]) == 0
    assert "occasion people find" in capsys.readouterr().out
    return ["--workspace", str(folder)]


def test_people_are_found_by_the_beginnings_of_words(place: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["people", "find", "lac", "zof", *place]) == 0
    assert capsys.readouterr().out == "c1  Zofia Łącka  customer, ewa\n"
    assert run(["people", "find", "c3", "--json", *place]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == [{"party": "c3", "name": "Ola", "kind": "customer", "owner": None, "found": "identity"}]


def test_without_words_those_changed_last_are_listed(place: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["people", "find", "--limit", "2", *place]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["c1  Zofia Łącka  customer, ewa", "c2  Jan Nowak  customer"]  # of those changed at once, by id


def test_who_is_not_there_is_said(place: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["people", "find", "nobody", *place]) == 0
    assert capsys.readouterr().out.startswith("nobody is found by 'nobody'")
