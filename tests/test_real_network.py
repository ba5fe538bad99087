"""The campus network that ships with the package, by the command line: the published counts, and our own verdict.

The counts are those of the project's statistics page, computed there with pandas: of 1 800 people with 70 days of
follow-up 33.0 % write between day 28 and day 70; 504 have ten different counterparts within 14 days, of whom 62.7 % do,
against 21.5 % of the others.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from occasion.cli import run
from occasion.cli_demo import KEPT, MAPPING, TEN_FRIENDS
from occasion.finding import one_name
from occasion.finding.candidates import Candidate, Choice
from occasion.finding.population import Streams
from occasion.finding.screen import Cell

NETWORK = str(files("occasion") / "examples" / "collegemsg.txt.gz")
ASKED = ["find", NETWORK, "--map", MAPPING, "--both", "--kept", KEPT, "--ask", TEN_FRIENDS, "--json"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("network") / "found.json"
    import contextlib

    with out.open("w") as stream, contextlib.redirect_stdout(stream):
        assert run(ASKED) == 0
    answer: dict[str, Any] = json.loads(out.read_text())
    return answer


def test_ten_people_in_fourteen_days_is_stated_exactly(found: dict[str, Any]) -> None:
    assert (found["parties"], round(found["kept"], 3)) == (1800, 0.330)
    (ten,) = [one for one in found["candidates"] if one["when"] == TEN_FRIENDS]
    assert ten["reached"] == 504
    assert (round(ten["kept_with"], 3), round(ten["kept_without"], 4)) == (0.627, 0.2145)


def test_the_famous_line_is_no_candidate_here_and_says_why(found: dict[str, Any]) -> None:
    (ten,) = [one for one in found["candidates"] if one["when"] == TEN_FRIENDS]
    assert ten["verdict"] in ("association only", "cannot say")
    assert ten["effect"]["low"] < ten["effect"]["value"] < ten["effect"]["high"]
    assert ten["effect"]["value"] < ten["kept_with"] - ten["kept_without"]
    assert len(ten["why"]) > 40


def test_the_outcomes_own_events_are_set_aside_as_tautology(found: dict[str, Any]) -> None:
    aside = {one["what"]: one["why"] for one in found["refusals"]}
    assert "tautology" in aside['count(message where direction = "out")']


def test_the_people_behind_the_number_are_as_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reach", NETWORK, "--map", MAPPING, "--both", "--moment", TEN_FRIENDS, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (
        len(lines) == len({one["party"] for one in lines}) >= 504
    )  # those too recent to know the outcome are here too
    assert all(len(one["evidence"]) >= 10 and one["moment"] for one in lines)


def test_a_log_of_one_name_is_told_apart_by_direction() -> None:
    def one(kind: str, **choice: str) -> Candidate:
        return Candidate(kind, kind, Choice(0, **choice))  # type: ignore[arg-type]

    sides = [one("count"), one("slice", field="direction", value="in"), one("slice", field="direction", value="out")]
    candidates = [*sides, one("distinct")]
    assert one_name.told_apart(candidates)
    assert not one_name.told_apart(candidates[:2])
    kept, cells = one_name.by_direction(candidates, [Cell(3, 10, 14.0)])
    assert ([c.kind for c in kept], cells[0].stream) == (["slice", "slice", "distinct"], 2)
    empty = np.zeros(0, np.int32)
    streams = Streams(empty, empty, empty.astype(np.int64), [c.what for c in kept], np.zeros(3, np.int32))
    assert one_name.rebased(streams, kept).base.tolist() == [0, 1, 2]
