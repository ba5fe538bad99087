"""Sealing, or taking a party out, killed at whatever step: every event is there once, and known, or gone for good."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

GONE = "canary-crash"


def tries(what: str, every: int, scratch: Path) -> list[dict[str, Any]]:
    command = [sys.executable, str(Path(__file__).with_name("crashing_seal.py")), what, str(every), str(scratch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def sound(state: dict[str, Any], at: int) -> None:
    assert not state["missing"], f"step {at}: a file of the history is missing"
    assert not state["left"], f"step {at}: {state['left']} lie about"
    assert state["known"] == [8] * 6, f"step {at}: not every identity is known"
    assert state["unmerged"] == 0, f"step {at}: what is no event is known too"
    assert len(state["files"]) == len(set(state["files"])), f"step {at}: an event is doubled"
    assert sorted(one.split()[0] for events in state["log"].values() for one in events) == state["files"]


def check_sealing(found: list[dict[str, Any]]) -> None:
    for try_ in found:
        for when in ("state", "again"):
            sound(try_[when], try_["at"])
            assert try_[when]["log"] == try_["old"]["log"], f"step {try_['at']}: the log reads otherwise"
        assert try_["again"]["sealed"] == 49
    sealed = [try_["state"]["sealed"] for try_ in found]
    assert set(sealed) == {40, 49}
    assert sealed == sorted(sealed), "once new, new at every later step"


def check_erasing(found: list[dict[str, Any]]) -> None:
    for try_ in found:
        state, again = try_["state"], try_["again"]
        for one in (state, again):
            sound(one, try_["at"])
            gone = not one["log"][GONE]
            expected = {p: [e.replace(GONE, "erased-1") if gone else e for e in events] for p, events in
                        try_["old"]["log"].items() if p != GONE}  # fmt: skip
            assert {p: events for p, events in one["log"].items() if p != GONE} == expected, f"step {try_['at']}"
        assert not again["log"][GONE]
        assert again["traces"] == [], f"step {try_['at']}: erased again, and still there"
    assert found[-1]["state"]["traces"] == []
    assert found[0]["state"]["log"][GONE], "killed before anything was changed"


CHECKS = {"seal": check_sealing, "erase": check_erasing}


@pytest.mark.parametrize(("what", "every"), [("seal", 23), ("erase", 41)])
def test_some_steps(tmp_path: Path, what: str, every: int) -> None:
    CHECKS[what](tries(what, every, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("what", ["seal", "erase"])
def test_every_step(tmp_path: Path, what: str) -> None:
    found = tries(what, 1, tmp_path)
    assert len(found) > 50
    assert all(try_["status"] == 9 for try_ in found[:-1])
    CHECKS[what](found)
