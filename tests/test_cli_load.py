"""`occasion init` and `occasion load` as a person meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from occasion import cli_load
from occasion.errors import InputError
from occasion.store.history import History
from occasion.store.workspace import find_workspace, make_workspace

APP = typer.Typer()
cli_load.register(APP)


def run(*arguments: object) -> None:
    APP([str(argument) for argument in arguments], standalone_mode=False)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    run("init", tmp_path / "shop", "--zone", "Europe/Warsaw")
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def test_a_workspace_is_made_and_found_from_below(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(workspace / "deep" / "er")
    found = find_workspace()
    assert (found.folder, found.zone) == (workspace, "Europe/Warsaw")
    assert found.data.is_dir()


def test_the_catalogue_of_a_new_workspace_can_be_read(workspace: Path) -> None:
    from occasion.moments.catalogue import read_catalogue

    catalogue = read_catalogue(find_workspace().catalogue)
    assert not catalogue.findings
    assert [moment.name for moment in catalogue.moments] == ["ten friends"]


def test_a_workspace_is_never_made_over_another(workspace: Path) -> None:
    (workspace / "moments.yaml").write_text("moments: {}\n")
    with pytest.raises(InputError, match="is a workspace already"):
        make_workspace(workspace)
    assert (workspace / "moments.yaml").read_text() == "moments: {}\n"


def test_without_a_workspace_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="occasion init DIR"):
        run("load", "a.csv")
    with pytest.raises(InputError, match="is no time zone"):
        run("init", "x", "--zone", "Mars/Base")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("settings", ["zone = 'Mars'", "zone = 3", "zone = "])
def test_settings_that_cannot_be_read(workspace: Path, settings: str) -> None:
    (workspace / "occasion.toml").write_text(settings)
    with pytest.raises(InputError, match=r"occasion\.toml: "):
        find_workspace()


def test_load_says_what_it_read_took_and_refused(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "a.csv").write_text("user,event,ts\na,x,2024-01-01\nb,x,\nc,x,2024-01-01\n")
    capsys.readouterr()
    run("load", "a.csv")
    said = capsys.readouterr()
    assert "mapping party=user,name=event,at=ts (guessed: party, name, at)" in said.err
    rejects = workspace / "data" / "rejects" / "load-000001" / "rejects.jsonl"
    assert said.out.splitlines() == [
        "refused 1: at is missing",
        f"3 rows read: 2 taken, 1 refused (kept in {rejects}), 0 already known",
    ]
    kept = {"file": "a.csv", "line": 3, "field": "at", "value": "", "reason": "is missing"}
    assert json.loads(rejects.read_text()) == kept
    with History(workspace / "data") as history:
        # midnight in Warsaw
        assert {event.at for event in history.events()} == {1_704_063_600_000_000}


def test_load_as_json(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "m.txt").write_text("1 2 1082040961\n2 1 1082040962\n")
    capsys.readouterr()
    run("load", "m.txt", "--both", "--json", "--map", "party=1,counterpart=2,at=3,name='message'", "--tz", "UTC")
    shown = json.loads(capsys.readouterr().out)
    assert {key: shown[key] for key in ("read", "taken", "refused", "known", "events", "rejects")} == {
        "read": 2, "taken": 2, "refused": 0, "known": 0, "events": 4, "rejects": None,
    }  # fmt: skip
    assert shown["mapping"] == "party=column_1,name='message',at:s=column_3,counterpart=column_2"


def test_the_same_file_read_in_another_way_is_said_to_count_twice(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "a.csv").write_text("user,event,ts,plan\na,x,2024-01-01,free\n")
    for mapping in ("party=user", "party=user", "party=user,prop:level=plan"):
        run("load", "a.csv", "--map", mapping)
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if "loaded before" in line] == [said[-2]]
    assert said[-2].startswith("this file was loaded before with its columns read in another way (load 1), ")


def test_workspace_can_be_named(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("user,event,ts\na,x,2024-01-01\n")
    run("load", "a.csv", "--workspace", workspace)
    with History(workspace / "data") as history:
        assert [event.party for event in history.events()] == ["a"]
    with pytest.raises(InputError, match=r"holds no occasion\.toml"):
        run("load", "a.csv", "--workspace", tmp_path)
