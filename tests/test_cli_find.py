"""What `occasion find` refuses, in one line, before it works for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from occasion.cli import run

KEPT = "count(visit) >= 1 between 7 days and 14 days after start"


@pytest.fixture
def log(tmp_path: Path) -> str:
    rows = [
        f"p{i},{name},2026-01-{day:02d}T0{i % 9}:00:00Z"
        for i in range(40)
        for name, day in (("visit", 1), ("order_completed", 2), ("visit", 9 if i % 2 else 3), ("later", 28))
    ]
    path = tmp_path / "events.csv"
    path.write_text("\n".join(["party,name,at", *rows]) + "\n")
    return str(path)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line in which `find --json` refuses."""
    assert run(["find", "--json", *arguments]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1
    assert "should not happen" not in err
    return err


@pytest.mark.parametrize(
    "asked",
    [
        ["--kept", KEPT.replace("visit", "vist")],
        ["--kept", KEPT, "--start", "first vist"],
        ["--kept", KEPT, "--ask", "count(vist) >= 2 within 3 days of start"],
    ],
)
def test_a_misspelt_event_is_named_with_the_nearest_there_is(
    asked: list[str], log: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, log, *asked)
    assert "no event is called 'vist': did you mean 'visit'?" in said


def test_an_event_like_no_other_is_answered_with_those_there_are(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, log, "--kept", KEPT.replace("visit", "zzz"))
    assert "the history has later, order_completed, visit" in said


def test_a_true_name_with_an_outcome_that_tells_nobody_apart_is_said_as_that(
    log: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, log, "--kept", KEPT.replace("visit", "order_completed"))
    assert "nobody of 40 parties was kept" in said


def test_a_report_that_has_nowhere_to_go_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (tmp_path / "no" / "report.html", tmp_path):
        assert str(place) in refused(capsys, "nowhere.csv", "--kept", KEPT, "--html", str(place))


@pytest.mark.parametrize(
    "command", [["find", "--json", "--kept", KEPT], ["reach", "--moment", "count(visit) >= 1 ever"]]
)
def test_an_engine_that_is_none_is_refused_before_anything_is_read(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "nowhere.csv", "--engine", "foo"]) == 2
    err = capsys.readouterr().err
    assert "'foo'" in err
    assert "duckdb or spark" in err
    assert err.count("\n") == 1
