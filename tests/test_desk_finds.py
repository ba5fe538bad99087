"""Finds started from the desk: a process beside the server, with its progress, its report, and its end."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from occasion.desk import finds
from occasion.desk.owners import House
from occasion.desk.pages_house import FindPage
from occasion.desk.viewer import Viewer
from occasion.errors import InputError
from occasion.events.load import plan_load
from occasion.moments.check import Seen
from occasion.store.history import History
from occasion.store.workspace import Workspace, make_workspace

HOUSE = House({"ewa": "Ewa Nowak"}, frozenset({"ewa"}), {"ewa": 8}, {})
VIEWER = Viewer("ewa", "Ewa Nowak", "analyst")
KEPT = "count(session) >= 1 between 28 days and 70 days after start"
DAY = 86_400


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("work")
    rows = ["party,name,at"]
    for i in range(400):
        keen = i % 3 == 0
        days = [0, *range(1, 6 if keen else 2), *([40] if keen or i % 5 == 0 else [])]
        rows += [f"p{i},session,{1_700_000_000 + day * DAY + i}" for day in days]
        rows += [f"p{i},friend_added,{1_700_000_000 + DAY + i + k}" for k in range(5 if keen else i % 3)]
    rows.append(f"p0,session,{1_700_000_000 + 100 * DAY}")
    (folder / "events.csv").write_text("\n".join(rows), encoding="utf-8")
    made = make_workspace(folder)
    with History(made.data) as history:
        history.load(plan_load([folder / "events.csv"]))
    return made


def page(workspace: Workspace) -> FindPage:
    return finds.finds(workspace, VIEWER, HOUSE, now=1, seen=Seen({"session": 3, "friend_added": 9}))


def wait(workspace: Workspace, run: str) -> str:
    steps: list[str] = []
    until = time.monotonic() + 60
    while time.monotonic() < until:
        one = next(one for one in page(workspace).runs if one.id == run)
        if one.step and one.step not in steps:
            steps.append(one.step)
        if one.state != "running":
            return one.state
        time.sleep(0.05)
    raise AssertionError(f"still running, at {steps}")


def test_a_find_runs_beside_and_leaves_its_report(workspace: Workspace) -> None:
    run = finds.start(workspace, KEPT, "start", now=1_772_438_400_000_000, by="ewa")
    with pytest.raises(InputError, match="is running already"):
        finds.start(workspace, KEPT, "start", now=1_772_438_400_000_001, by="ewa")
    with pytest.raises(InputError, match="has no report"):
        finds.report(workspace, run)
    assert wait(workspace, run) == "done", (workspace.data / "finds" / run / "log").read_text(encoding="utf-8")
    shown = page(workspace)
    (one,) = shown.runs
    assert (one.by_name, one.kept, one.start, one.report, one.error) == ("Ewa Nowak", KEPT, "start", True, "")
    assert one.parties == 400
    assert one.step
    assert shown.events == ("friend_added", "session")
    text = finds.report(workspace, run).read_text(encoding="utf-8")
    assert "<html" in text.lower()
    with pytest.raises(InputError, match="does not run"):
        finds.stop(workspace, run)


def test_one_that_cannot_be_asked_is_not_started(workspace: Workspace) -> None:
    before = page(workspace).runs
    with pytest.raises(InputError):
        finds.start(workspace, "count(session", "start", now=5, by="ewa")
    assert page(workspace).runs == before


def test_one_that_fails_says_why(workspace: Workspace) -> None:
    run = finds.start(
        workspace, "count(sesion) >= 1 between 900 days and 1000 days after start", "start", now=7, by="ewa"
    )
    assert wait(workspace, run) == "failed"
    one = next(one for one in page(workspace).runs if one.id == run)
    assert one.error
    assert not one.report


def test_one_is_stopped(workspace: Workspace) -> None:
    run = finds.start(workspace, KEPT, "start", now=9, by="ewa")
    finds.stop(workspace, run)
    assert wait(workspace, run) == "stopped"


@pytest.mark.parametrize("run", ["../../etc", "12", "", "٣", "9" * 30])
def test_only_ids_of_finds_name_a_folder(workspace: Workspace, run: str) -> None:
    with pytest.raises(InputError, match="there is none"):
        finds.report(workspace, run)


def test_one_whose_process_is_gone_does_not_run(workspace: Workspace, tmp_path: Path) -> None:
    own = workspace.data / "finds" / "11"
    own.mkdir()
    finds.put(own / "request.json", (workspace.data / "finds" / "9" / "request.json").read_text(encoding="utf-8"))
    (own / "lock").touch()
    assert next(one for one in page(workspace).runs if one.id == "11").state == "stopped"
    assert os.listdir(tmp_path) == []
