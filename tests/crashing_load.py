"""Loads a file again and again from the same history, each time broken off at another lasting step; not a test itself.

    python crashing_load.py kill|full EVERY SCRATCH

`kill`: the process dies by SIGKILL at the step; `full`: the step fails as on a full disk. Tries every
EVERY-th step, and the one that is not broken off. Prints a JSON line for each
step: what happened, which state was found afterwards, what lay about once it was opened, and whether loading again
then gave the new state. Every try is a fork of this process, which has everything imported and no thread.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb  # noqa: F401  (imported before the forks, so that each is quick)
import pyarrow.csv  # noqa: F401
import pyarrow.parquet as pq
import sqlalchemy.engine
import sqlalchemy.event

from occasion.errors import InputError
from occasion.events.load import plan_load
from occasion.store.history import History

HEAD = "id,user,event,ts,amount\n"


class Steps:
    """Counts lasting steps, before and after each, and breaks off at one of them."""

    def __init__(self, mode: str, at: int) -> None:
        self.mode, self.at, self.count = mode, at, 0

    def point(self, *_: object, **__: object) -> None:
        self.count += 1
        if self.count != self.at:
            return
        if self.mode == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **how: Any) -> Any:
            self.point()
            result = function(*args, **how)
            self.point()
            return result

        return step

    def watch(self) -> None:
        """Every file synced, renamed, removed or written as Parquet, every statement and commit of the database."""
        for name in ("replace", "fsync", "unlink", "rmdir"):
            setattr(os, name, self.around(getattr(os, name)))
        pq.write_table = self.around(pq.write_table)
        sqlalchemy.event.listen(sqlalchemy.engine.Engine, "commit", self.point)
        for name in ("before_cursor_execute", "after_cursor_execute"):
            sqlalchemy.event.listen(sqlalchemy.engine.Engine, name, self.statement)

    def statement(self, _: object, __: object, statement: str, *___: object) -> None:
        if statement.split(maxsplit=1)[0] in ("INSERT", "DELETE", "UPDATE", "CREATE"):
            self.point()


def write(path: Path, rows: str) -> Path:
    path.write_text(HEAD + rows)
    return path


def in_child(work: Callable[[], object]) -> tuple[int, str]:
    """Run in a fork; its wait status and what it returned, as text."""
    get, put = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(get)
        try:
            os.write(put, str(work()).encode())
        except BaseException as error:
            os.write(put, f"{type(error).__name__}: {error}".encode())
            os._exit(1)
        os._exit(0)
    os.close(put)
    with os.fdopen(get) as pipe:
        said = pipe.read()
    return os.waitpid(child, 0)[1], said


def prepare(data: Path, folder: Path) -> None:
    """A history in which the next load merges the segments of one bucket and adds one to the other."""
    with History(data, buckets=2) as history:
        for i in range(4):
            parties = "abcdef" if i == 0 else "ab"  # a and b are in one bucket, c in the other
            rows = "".join(f"{i}{p},{p},x,2024-01-0{i + 1},{i}\n" for p in parties)
            history.load(plan_load([write(folder / f"{i}.csv", rows)]))


def found(data: Path) -> str:
    with History(data) as history:
        ids = sorted(event.id for event in history.events())
        source = history.source()
        assert all(file.exists() for file in source.files)
        known = {*history.state().files(), *(str(path) for path in history.manifest.rejects())}
        left = [p.name for p in history.folder.iterdir() if p.suffix != ".lock" and p.name not in known]
        left += [str(path) for path in (data / "rejects").glob("*/*") if str(path) not in known]
    return json.dumps([ids, sorted(left)])


def load(data: Path, path: Path, steps: Steps | None = None) -> str:
    if steps:
        steps.watch()
    with History(data) as history:
        try:
            history.load(plan_load([path]))
        except InputError as error:
            return f"InputError: {error}"
    return str(steps.count if steps else 0)


def look(data: Path, new: Path) -> str:
    """What is there, and what is there after loading the file again."""
    state = found(data)
    load(data, new)
    return json.dumps([state, found(data)])


def main(mode: str, every: int, scratch: Path) -> None:
    base, new = (
        scratch / "base",
        write(scratch / "new.csv", "9a,a,x,2024-02-01,1\n9z,z,y,2024-02-01,1\n0a,a,x,2024-01-01,7\n"),
    )
    in_child(lambda: prepare(base, scratch))
    old = in_child(lambda: found(base))[1]
    at = 0
    while True:
        at += every
        data = scratch / "data"
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(base, data)
        status, said = in_child(lambda data=data, at=at: load(data, new, Steps(mode, at)))  # type: ignore[misc]
        state, again = json.loads(in_child(lambda data=data: look(data, new))[1])  # type: ignore[misc]
        tried = {"at": at, "status": status, "said": said, "old": old, "state": state, "again": again}
        sys.stdout.write(json.dumps(tried) + "\n")
        if status == 0 and said.isdigit():
            return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
