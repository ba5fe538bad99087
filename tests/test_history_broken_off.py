"""A load that breaks off, at whatever step and for whatever reason, leaves the old state or the new one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from occasion.errors import InputError
from occasion.events.load import plan_load
from occasion.store.history import History

HEAD = "id,user,event,ts,amount\n"
OLD = ["0a", "0b", "0c", "0d", "0e", "0f", "1a", "1b", "2a", "2b", "3a", "3b"]
NEW = [*OLD, "9a", "9z"]


def tries(mode: str, every: int, scratch: Path) -> list[dict[str, Any]]:
    command = [sys.executable, str(Path(__file__).with_name("crashing_load.py")), mode, str(every), str(scratch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(found: list[dict[str, Any]], mode: str) -> None:
    states = []
    for try_ in found:
        ids, left = json.loads(try_["state"])
        assert ids in (OLD, NEW), f"step {try_['at']}: neither the old nor the new state"
        assert not left, f"step {try_['at']}: {left} still lies about"
        assert json.loads(try_["again"]) == [NEW, []], f"step {try_['at']}: loading again does not give the new state"
        states.append(ids == NEW)
        broken_off = try_ is not found[-1]
        if mode == "full" and broken_off and ids == OLD:
            assert try_["said"].startswith("InputError: "), try_["said"]
            assert "the disk is full" in try_["said"]
            assert "\n" not in try_["said"]
    assert states == sorted(states), "once new, new at every later step"
    assert not states[0]
    assert states[-1]


@pytest.mark.parametrize(("mode", "every"), [("kill", 11), ("full", 13)])
def test_some_steps(tmp_path: Path, mode: str, every: int) -> None:
    check(tries(mode, every, tmp_path), mode)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["kill", "full"])
def test_every_step(tmp_path: Path, mode: str) -> None:
    found = tries(mode, 1, tmp_path)
    assert len(found) > 30
    check(found, mode)
    if mode == "kill":
        assert all(try_["status"] == 9 for try_ in found[:-1])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    ):
        pytest.xfail("no small file system can be mounted here; the file that may not grow stands for it")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def rows(n: int) -> str:
    return HEAD + "".join(f"{i},u{i},x,2024-01-01,{i}\n" for i in range(n))


def test_a_disk_that_is_really_full(small_disk: Path, tmp_path: Path) -> None:
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_text(rows(5))
    large.write_text(rows(100_000))
    with History(small_disk / "data") as history:
        history.load(plan_load([small]))
    with History(small_disk / "data") as history, pytest.raises(InputError, match="the disk is full") as error:
        history.load(plan_load([large]))
    assert "\n" not in str(error.value)
    with History(small_disk / "data") as history:
        assert sorted(event.id for event in history.events()) == list("01234")
        assert sum(file.stat().st_size for file in history.folder.rglob("*")) < 100_000, "nothing is left behind"


LIMITED = """
import resource, sys
from pathlib import Path
from occasion.errors import InputError
from occasion.events.load import plan_load
from occasion.store.history import History
with History(Path(sys.argv[1])) as history:
    plan = plan_load([sys.argv[2]])
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        history.load(plan)
    except InputError as error:
        print(error)
"""


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    large = tmp_path / "large.csv"
    large.write_text(rows(100_000))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "data"), str(large)], capture_output=True, text=True, check=False
    )
    assert "the disk is full or a file may grow no further; nothing was changed" in done.stdout, done.stderr
    with History(tmp_path / "data") as history:
        assert not list(history.events())
