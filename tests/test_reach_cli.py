"""`occasion reach` as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from occasion.cli import run

LOG = """party,name,at,id,tie
ann,signup,2024-01-01T00:00:00Z,1,
ann,friend,2024-01-02T00:00:00Z,2,old
ann,friend,2024-01-03T00:00:00.000001Z,3,new
bob,signup,2024-01-01T12:00:00Z,4,
bob,friend,2024-02-01T12:00:00Z,5,new
"""
MAP = "party=party,name=name,at=at,id=id,prop:tie=tie"
CATALOGUE = """
stages:
  - {name: new, enter: start}
moments:
  two friends:
    when: count(friend) >= 2 within 14 days of first signup
    who: customer
    owner: growth
    purpose: people are here
    stage: new
  lonely:
    when: no friend for 7 days after first signup
    who: customer
    owner: growth
    purpose: somebody asks
    stage: new
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    return path


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_one_object_a_line(log: Path, capfd: pytest.CaptureFixture[str]) -> None:
    moment = "count(friend) >= 2 within 14 days of first signup"
    assert run(["reach", str(log), "--map", MAP, "--moment", moment, "--json"]) == 0
    out, err = capfd.readouterr()
    assert objects(out) == [
        {
            "moment": moment,
            "party": "ann",
            "per": None,
            "at": "2024-01-03T00:00:00.000001Z",
            "known_at": "2024-01-03T00:00:00.000001Z",
            "evidence": ["1", "2", "3"],
        }
    ]
    assert "as of 2024-02-01T12:00:00.000000Z" in err


@pytest.mark.spark
def test_spark_prints_the_same_as_duckdb(log: Path, capfd: pytest.CaptureFixture[str]) -> None:
    asked = [
        "reach",
        str(log),
        "--map",
        MAP,
        "--moment",
        "friend per tie",
        "--moment",
        "no friend for 7 days",
        "--json",
    ]
    printed = []
    for engine in ("duckdb", "spark"):
        assert run([*asked, "--engine", engine]) == 0
        printed.append(sorted(capfd.readouterr().out.splitlines()))
    assert printed[0] == printed[1] != []


def test_as_of_a_day_means_its_end_and_an_instant_is_included(log: Path, capfd: pytest.CaptureFixture[str]) -> None:
    asked = ["reach", str(log), "--map", MAP, "--moment", "friend", "--json", "--as-of"]
    for as_of, n in [("2024-01-01", 0), ("2024-01-02", 1), ("2024-01-02T00:00:00Z", 1), ("2024-01-01T23:59:59Z", 0)]:
        assert run([*asked, as_of]) == 0
        assert len(objects(capfd.readouterr().out)) == n


def test_per_is_shown_with_its_type(log: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["reach", str(log), "--map", MAP, "--moment", "first friend per tie", "--json"]) == 0
    found = {(o["party"], o["per"]) for o in objects(capfd.readouterr().out)}
    assert found == {("ann", "old"), ("ann", "new"), ("bob", "new")}


def test_a_table_for_people_says_how_to_get_all(log: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["reach", str(log), "--map", MAP, "--moment", "friend"]) == 0
    out, _ = capfd.readouterr()
    (row,) = [line.split() for line in out.splitlines() if line.strip().startswith("friend ")]
    assert row[:6] == ["friend", "2", "3", "2024-01-02", "2024-02-01", "bob,"]
    assert "--moment friend --json" in out


def test_a_catalogue_is_looked_through_and_its_names_are_known(
    log: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    catalogue = tmp_path / "moments.yaml"
    catalogue.write_text(CATALOGUE)
    asked = ["reach", str(log), "--map", MAP, "--catalogue", str(catalogue), "--json"]
    assert run(asked) == 0
    assert {(o["moment"], o["party"]) for o in objects(capfd.readouterr().out)} == {
        ("two friends", "ann"),
        ("lonely", "bob"),
    }
    assert run([*asked, "--moment", "lonely", "--moment", 'friend while stage = "new"']) == 0
    assert len(objects(capfd.readouterr().out)) == 1 + 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--moment", "count(friend) >= "], "line 1, column"),
        (["--moment", "friend", "--as-of", "yesterday"], "is no time"),
        (["--moment", "friend", "--engine", "sqlite"], "choose duckdb or spark"),
        (["--catalogue", "nowhere.yaml"], "no such catalogue"),
        (["--moment", 'friend while stage = "x"'], "stage"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    log: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["reach", str(log), "--map", MAP, *arguments]) == 2
    out, err = capfd.readouterr()
    assert said in err.splitlines()[-1]
    assert "Traceback" not in err
    assert out == ""


def test_nothing_to_look_for(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["reach", str(log), "--map", MAP]) == 2
    assert "--moment TEXT or --catalogue FILE" in capfd.readouterr().err


def test_a_reader_that_leaves_early_gets_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    rows = "".join(f"p{i % 500},x,{1_700_000_000 + i},{i}\n" for i in range(20_000))
    path.write_text("party,name,at,id\n" + rows)
    command = [sys.executable, "-m", "occasion.cli", "reach", str(path), "--moment", "x", "--json"]
    command += ["--map", "party=party,name=name,at:s=at,id=id"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert json.loads(child.stdout.readline())["moment"] == "x"
        child.stdout.close()
        said = child.stderr.read()
        assert child.wait() == 0
    assert "Traceback" not in said
    assert "Error" not in said
