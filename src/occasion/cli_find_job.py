"""A find that the desk started: runs in a process of its own beside the server, and says how far it is in its folder.

python -m occasion.cli_find_job FOLDER      # desk/finds.py has what stands in the folder
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


class _Stopped(Exception):
    """Somebody wants it to end."""


def main(folder: Path) -> int:
    """Run the find that FOLDER/request.json asks for; 0: the report is there, 1: error.txt says why not."""
    from occasion.desk.finds import ERROR, LOCK, REQUEST, RESULT, put
    from occasion.errors import OccasionError
    from occasion.store.durable import FileLock

    os.nice(10)  # events and pages come first
    lock = FileLock(folder / LOCK)
    if not lock.take():
        return 1
    try:
        request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
        put(folder / RESULT, json.dumps(_find(folder, request), ensure_ascii=False))
        return 0
    except _Stopped:
        put(folder / ERROR, "")
    except OccasionError as error:
        put(folder / ERROR, str(error))
    except Exception as error:
        put(folder / ERROR, f"this should not happen ({type(error).__name__}); run occasion find and report it")
        raise
    finally:
        lock.release()
    return 1


def _find(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    from contextlib import closing

    from occasion.cli_source import now_us
    from occasion.desk.finds import REPORT
    from occasion.finding.report import write_report
    from occasion.finding.run import Options, find_in
    from occasion.finding.show import as_json
    from occasion.store.engine import engine
    from occasion.store.history import History
    from occasion.store.workspace import read_workspace

    place = read_workspace(Path(request["workspace"]))
    options = Options(kept=request["kept"], start=request["start"], clock_us=now_us(), seed=request["seed"])
    with History(place.data, records=place.records) as history, closing(engine("duckdb")) as runs:
        findings = find_in(runs, history.source(place.zone), options, _Said(folder))
    write_report(findings, folder / REPORT, source_text="the workspace's history", reach_command="occasion reach")
    found: dict[str, Any] = as_json(findings)
    return found


class _Said:
    """Writes down how far it is; ends the work where somebody wants it to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, step: str, /, done: int = 0, total: int | None = None) -> None:
        from occasion.desk.finds import PROGRESS, STOP, put

        if (self._folder / STOP).exists():
            raise _Stopped
        put(self._folder / PROGRESS, json.dumps({"step": step, "done": done, "total": total or 0}))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
