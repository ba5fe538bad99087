"""Seals the tail, or takes a party out, again and again from the same store, each time killed at another lasting step.

    python crashing_seal.py seal|erase EVERY SCRATCH

Tries every EVERY-th step, and the one that is not broken off. Prints a JSON line for each: what was found afterwards,
and what was found once the same was done again. Every try is a fork of this process, which has no thread.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from crashing_load import Steps, in_child
from occasion.store.history import History
from occasion.store.sealer import Sealer
from occasion.store.tombstones import bury
from storing import Store, arrived, merged, store

GONE = "canary-crash"
NAMES = {GONE: "erased-1"}
MESSAGES = [[f"{round_}-{i}" for i in range(8)] for round_ in range(6)]


def event(message: str) -> Any:
    number = int(message[-1])
    party = GONE if number == 7 else f"u{number % 4}"
    other = GONE if number == 5 else "u9"
    return arrived(party, "x", number, message, properties={"friend": other}, counterpart=other)


def opened(data: Path) -> Any:
    return store(data, f"sqlite:///{data / 'records.db'}")


def prepare(data: Path, what: str) -> None:
    """Segments and runs that the next sealing merges in part, and a tail with a merge in it."""
    with opened(data) as one:
        sealer = Sealer(one.writer, one.history, apart=False)
        for messages in MESSAGES[:-1]:
            one.put(*map(event, messages))
            sealer.seal()
        one.put(*map(event, MESSAGES[-1]))
        one.put(merged("u1", "u2", "alias"))
        if what == "erase":
            one.writer.do(lambda c: bury(c, GONE, now=1, random=lambda n: b"s" * n)).result()


def act(data: Path, what: str, steps: Steps | None = None) -> int:
    with opened(data) as one:
        if steps:
            steps.watch()
        sealer = Sealer(one.writer, one.history, apart=False)
        sealer.seal() if what == "seal" else sealer.erase(NAMES)
    return steps.count if steps else 0


def events(one: Store) -> dict[str, list[str]]:
    parties = ("u0", "u2", "u3", GONE)
    return {party: [f"{e.id} {e.properties['friend']}" for e in one.log.of(party)] for party in parties}


def look(data: Path) -> dict[str, Any]:
    """What is there, by the log and by its files, and what lies about."""
    with History(data) as history:
        listed = history.state()
        known = {*listed.files(), *(f"{segment.file}.parties" for segment in listed.segments)}
        left = [path.name for path in history.folder.iterdir() if path.suffix != ".lock" and path.name not in known]
        by_files = sorted(event.id for event in history.events())
        missing = sorted(file for file in listed.files() if not (history.folder / file).exists())
    with opened(data) as one:
        log = events(one)
        again = [one.put(*map(event, messages)).known for messages in MESSAGES]
        unmerged = one.put(merged("u1", "u2", "alias")).taken
        sealed = one.history.state().sealed
    traces = [str(p.relative_to(data)) for p in data.rglob("*") if p.is_file() and GONE.encode() in p.read_bytes()]
    return {
        "log": log, "files": by_files, "left": left, "missing": missing, "known": again, "unmerged": unmerged,
        "sealed": sealed, "traces": traces,
    }  # fmt: skip


def both(data: Path, what: str) -> str:
    """What is there, and what is there after doing it again."""
    found = look(data)
    act(data, what)
    return json.dumps([found, look(data)])


def main(what: str, every: int, scratch: Path) -> None:
    base, data, at = scratch / "base", scratch / "data", 0
    in_child(lambda: prepare(base, what))
    old = in_child(lambda: json.dumps(look(base)))[1]
    while True:
        at += every
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(base, data)
        status, said = in_child(lambda at=at: act(data, what, Steps("kill", at)))  # type: ignore[misc]
        state, again = json.loads(in_child(lambda: both(data, what))[1])
        tried = {"at": at, "status": status, "said": said, "old": json.loads(old), "state": state, "again": again}
        sys.stdout.write(json.dumps(tried) + "\n")
        if status == 0 and said.isdigit():
            return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
