"""`occasion watch` as a person uses it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from occasion.cli import run

ROWS = "party,name,at\nana,signup,2026-03-02T09:00:00Z\nana,order,2026-03-03T09:00:00Z\n"
MORE = "party,name,at\nana,order,2026-03-04T09:00:00Z\nben,signup,2026-03-04T10:00:00Z\nben,note,2026-03-08T10:00:00Z\n"
LATE = "party,name,at\nben,order,2026-03-05T10:00:00Z\n"
SILENT = "no order for 2 days after signup"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "1.csv").write_text(ROWS)
    return folder


def watched(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[tuple[str, str, str]]:
    assert run(["watch", *arguments]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return sorted((one["change"], one["party"], one["at"]) for one in lines)


def test_what_comes_is_said_once_and_what_comes_late_takes_it_back(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--source", str(source), "--moment", "2nd order", "--moment", SILENT, "--once")
    assert watched(capsys, *given) == []
    (source / "2.csv").write_text(MORE)
    assert watched(capsys, *given) == [
        ("reached", "ana", "2026-03-04T09:00:00.000000Z"),
        ("reached", "ben", "2026-03-06T10:00:00.000000Z"),
    ]
    assert watched(capsys, *given) == []
    (source / "3.csv").write_text(LATE)
    assert watched(capsys, *given) == [("retracted", "ben", "2026-03-06T10:00:00.000000Z")]


def test_a_file_a_batch(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    given = ("--source", str(source), "--moment", "order", "--once", "--out", str(out), "--state", str(tmp_path / "s"))
    assert watched(capsys, *given) == []
    (written,) = out.iterdir()
    assert written.name == "batch-000000.jsonl"
    assert json.loads(written.read_text())["evidence"]


def test_it_waits_for_more_and_ends_with_an_interrupt(source: Path) -> None:
    command = [sys.executable, "-m", "occasion.cli", "watch", "--source", str(source), "--moment", "order"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["party"] == "ana"
        (source / ".2.csv").write_text(MORE)  # a file appears whole: written under another name, then renamed
        (source / ".2.csv").rename(source / "2.csv")
        assert json.loads(process.stdout.readline())["at"] == "2026-03-04T09:00:00.000000Z"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 0
    assert "goes on from here" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--source", "nowhere", "--moment", "order"], "--source nowhere: is no folder"),
        (["--source", ".", "--moment", "order", "--engine", "flink"], "--engine 'flink' is not known: choose local"),
    ],
)
def test_what_cannot_be_watched_is_said_in_a_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["watch", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
