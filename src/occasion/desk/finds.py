"""Finds started from the desk: each has a folder of its own in the workspace's data and runs in a process of its own.

request.json    what was asked, by whom, when        progress.json   how far it is
report.html, result.json   what came out             error.txt       why nothing did (empty: it was stopped)
lock            held while it runs                   stop            somebody wants it to end
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from occasion.desk.owners import House
from occasion.desk.pages_house import FindPage, FindRun
from occasion.desk.viewer import Looks
from occasion.errors import InputError
from occasion.moments.check import Seen
from occasion.store.durable import FileLock
from occasion.store.workspace import Workspace

FOLDER = "finds"
REQUEST, PROGRESS, RESULT = "request.json", "progress.json", "result.json"
REPORT, ERROR, LOCK, STOP, LOG = "report.html", "error.txt", "lock", "stop", "log"
KEPT_RUNS = 30
BEST = 5
JOB = "occasion.cli_find_job"
DEFAULT_KEPT = "count(any) >= 1 between 28 days and 70 days after start"


def put(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def start(workspace: Workspace, kept: str, begins: str, *, now: int, by: str, seed: int = 1) -> str:
    """Start a find; its id. Raises InputError for a question that cannot be asked, or while another one runs."""
    from occasion.finding.outcome import question

    kept, begins = kept.strip(), begins.strip() or "start"
    question(kept, begins)
    folder = workspace.data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    if any(_running(one) for one in _folders(folder)):
        raise InputError("a find is running already; wait until it is done, or stop it")
    for old in _folders(folder)[KEPT_RUNS - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
    own = folder / str(now)
    own.mkdir()
    asked = {"kept": kept, "start": begins, "by": by, "begun_us": now, "seed": seed,
             "workspace": str(workspace.folder.absolute())}  # fmt: skip
    put(own / REQUEST, json.dumps(asked, ensure_ascii=False))
    with (own / LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", JOB, str(own)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    _started[own] = process
    return own.name


_started: dict[Path, subprocess.Popen[bytes]] = {}  # of this process, so that they are waited for


def stop(workspace: Workspace, run: str) -> None:
    """Let a find end before its time. InputError where none of this id runs."""
    own = _folder(workspace, run)
    if not _running(own):
        raise InputError(f"find {run[:40]!r}: does not run")
    (own / STOP).touch()


def report(workspace: Workspace, run: str) -> Path:
    """The report of a find that is done; InputError where there is none."""
    path = _folder(workspace, run) / REPORT
    if not path.is_file():
        raise InputError(f"find {run[:40]!r}: has no report")
    return path


def finds(
    workspace: Workspace, viewer: Looks, house: House, *, now: int, seen: Seen | None = None, kept: str = "",
    begins: str = "", refused: str = "",
) -> FindPage:  # fmt: skip
    """The page of finds, the latest first; `kept`, `begins`, `refused`: what was asked for, why not started."""
    folder = workspace.data / FOLDER
    runs = tuple(run for one in _folders(folder) if (run := _run(one, house)) is not None)
    names = () if seen is None else tuple(sorted(seen.names, key=lambda one: (-seen.names[one], one)))
    return FindPage(
        now, viewer.zone or workspace.zone, runs, names, kept or (runs[0].kept if runs else DEFAULT_KEPT),
        begins or (runs[0].start if runs else "start"), refused, viewer.role != "colleague",
    )  # fmt: skip


def _folders(folder: Path) -> list[Path]:
    """The folders of all finds, the latest first."""
    if not folder.is_dir():
        return []
    return sorted((one for one in folder.iterdir() if one.name.isdigit()), key=lambda one: -int(one.name))


def _folder(workspace: Workspace, run: str) -> Path:
    own = workspace.data / FOLDER / run
    if not (run.isascii() and run.isdigit() and len(run) < 20 and own.is_dir()):
        raise InputError(f"find {run[:40]!r}: there is none; the page lists those there are")
    return own


def _running(own: Path) -> bool:
    """Whether its process is alive: it holds the lock, or has been started and does not hold it yet."""
    process = _started.get(own)
    if process is not None:
        if process.poll() is None:
            return True
        del _started[own]
    if (own / RESULT).exists() or (own / ERROR).exists() or not (own / LOCK).exists():
        return False
    lock = FileLock(own / LOCK)
    if lock.take():
        lock.release()
        return False
    return True


def _run(own: Path, house: House) -> FindRun | None:
    asked = _read(own / REQUEST)
    if asked is None:
        return None
    running = _running(own)
    progress = _read(own / PROGRESS) or {}
    result = _read(own / RESULT)
    ended = next((one for one in (own / RESULT, own / ERROR) if one.exists()), None)
    error = (own / ERROR).read_text(encoding="utf-8") if ended is not None and ended.name == ERROR else ""
    state = "running" if running else "done" if result is not None else "failed" if error else "stopped"
    best = [] if result is None else result["candidates"][:BEST]
    return FindRun(
        id=own.name, kept=asked["kept"], start=asked["start"], state=state, begun_us=asked["begun_us"],
        ended_us=None if ended is None or running else ended.stat().st_mtime_ns // 1000, by=asked["by"],
        by_name=house.name(asked["by"]), step=str(progress.get("step", "")), done=int(progress.get("done", 0)),
        total=int(progress.get("total", 0)), report=(own / REPORT).is_file() and result is not None, error=error,
        parties=None if result is None else result["parties"],
        candidates=tuple((one["when"], one["verdict"], one["why"]) for one in best),
    )  # fmt: skip


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    except (FileNotFoundError, ValueError):
        return None
