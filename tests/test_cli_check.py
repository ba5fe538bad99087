"""`occasion check` as a person meets it: the catalogue beside the workspace's own history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from occasion.cli import run

EVENTS = """party,name,at,plan
ann,visit,2026-01-01T09:00:00Z,free
ann,order,2026-01-02T09:00:00Z,team
bo,visit,2026-01-03T09:00:00Z,free
bo,far_away,2200-01-01T00:00:00Z,free
"""
CATALOGUE = """moments:
  first order: {when: first order, owner: desk, purpose: thank them}
  third order: {when: 3rd order, owner: desk, purpose: thank them again}
  not yet: {when: first far_away, owner: desk, purpose: it lies ahead of the clock}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "shop"
    assert run(["init", str(folder)]) == 0
    monkeypatch.chdir(folder)
    (folder / "moments.yaml").write_text(CATALOGUE)
    (tmp_path / "events.csv").write_text(EVENTS)
    assert run(["load", str(tmp_path / "events.csv")]) == 0
    capsys.readouterr()
    return folder


def checked(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, str]]:
    """The exit code, and the code of each finding by what it is about."""
    code = run(["check", "--json", *options])
    found = json.loads(capsys.readouterr().out)["findings"]
    return code, {one["about"]: one["code"] for one in found}


def test_what_never_occurred_is_said_and_an_event_ahead_of_the_clock_has_not_occurred(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = checked(capsys)
    assert code == 1
    assert found == {'moment "third order"': "none", 'moment "not yet"': "none"}


def test_quick_does_not_look_into_the_history_and_a_clean_file_is_no_finding(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(capsys, "--quick") == (0, {})


def test_a_misspelt_event_is_said_with_its_line_and_the_nearest_name(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "moments.yaml").write_text(CATALOGUE.replace("first order,", "first ordr,"))
    assert run(["check", "--quick"]) == 1
    said = capsys.readouterr().out
    (line,) = [one for one in said.splitlines() if "ordr" in one]
    assert "moments.yaml:2:" in line
    assert "did you mean" in line
    assert "order" in line.split("did you mean")[1]


def test_a_file_that_is_not_there_is_one_line_and_exit_code_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["check", "--catalogue", "nowhere.yaml"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "nowhere.yaml" in said


def test_an_owner_who_is_nobody_is_said_once_there_are_colleagues(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 'moment "first order"' not in checked(capsys, "--quick")[1]
    assert run(["colleague", "add", "ewa", "--no-password", "--team", "desks"]) == 0
    capsys.readouterr()
    code = run(["check", "--quick"])
    said = capsys.readouterr().out
    assert code == 1
    assert "moments.yaml:2:" in said
    assert "its owner 'desk' is no colleague who is here and no team with people: did you mean desks?" in said
    assert run(["colleague", "add", "ola", "--no-password", "--team", "desk"]) == 0
    capsys.readouterr()
    assert checked(capsys, "--quick") == (0, {})


def test_what_a_moment_keeps_is_said_when_it_is_asked_for(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--quick"])
    assert "keeps for each party" not in capsys.readouterr().out
    run(["check", "--quick", "--notes"])
    assert capsys.readouterr().out.count("note: moment") == 3


def test_a_name_that_is_nearly_one_of_the_catalogue_is_offered(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reach", "--moment", "first ordr"]) == 0  # it can be read: an event that never came
    assert run(["reach", "--moment", "thrid order"]) == 2
    assert "the catalogue has a moment 'third order'" in capsys.readouterr().err
