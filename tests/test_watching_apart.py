"""The watcher in a process of its own: killed alone, erasing, an edited catalogue, a stop; on both databases."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
import requests
from sqlalchemy import Engine, select, text

from occasion.cli import run
from occasion.moments.catalogue import read_catalogue
from occasion.service.watched import Plan
from occasion.store.history import History
from occasion.store.log import Log
from occasion.store.records import open_records
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.log import REFUSED
from occasion.store.schema.watched import OCCURRENCES, VERSIONS
from serving import ServerProcess, serving
from watched_streams import differences

CATALOGUE = """
moments:
  third: {when: 3rd session, owner: a, purpose: p}
  pair: {when: call then first order within 2 seconds, owner: a, purpose: p}
  quiet: {when: no session for 1 second, owner: a, purpose: p}
"""
PARTIES = 6


@pytest.fixture
def server(records_url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    with serving(tmp_path / "w", catalogue=CATALOGUE, env={"OCCASION_RECORDS": records_url}) as running:
        yield running


@pytest.fixture
def engine(server: ServerProcess) -> Iterator[Engine]:
    found = open_records(server.env["OCCASION_RECORDS"])
    yield found
    found.dispose()


def soon(what: Callable[[], object], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)


def send(server: ServerProcess, begin: int, end: int) -> None:
    names = ("session", "call", "session", "order")
    items = [
        {"type": "track", "event": names[i % 4], "messageId": f"m{i}", "userId": f"p{i % PARTIES}"}
        for i in range(begin, end)
    ]
    answer = requests.post(f"{server.url}/v1/batch", json={"batch": items}, auth=(server.key, ""), timeout=20)
    answer.raise_for_status()


def watching(server: ServerProcess) -> str:
    said: dict[str, str] = requests.get(f"{server.url}/health/ready", timeout=20).json()
    return said["watching"]


def watcher(server: ServerProcess) -> int | None:
    """The watcher's process: the child that holds the lock."""
    lock = server.folder / "data" / "watching.lock"
    if not lock.exists():
        return None
    held = lock.stat().st_ino
    for line in Path("/proc/locks").read_text().splitlines():
        parts = line.split()
        if "->" not in parts and parts[5].rsplit(":", 1)[1] == str(held):
            return int(parts[4])
    return None


def wrong(server: ServerProcess) -> list[str]:
    """What on record is not as `reach` has it; the server is stopped."""
    records = server.env["OCCASION_RECORDS"]
    with History(server.folder / "data", records=records) as history:
        log = Log(history.engine, history)
        events = [event for n in range(PARTIES) for event in log.of(f"p{n}")]
        with history.engine.connect() as connection:
            clock = connection.execute(text("SELECT clock_us FROM positions WHERE reader = 'watch'")).scalar_one()
        plan = Plan.of(read_catalogue(server.folder / "moments.yaml"))
        return differences(history.engine, plan, events, clock - 500_000)


def on_record(engine: Engine, moment: str) -> set[tuple[str, str]]:
    with engine.connect() as connection:
        query = select(OCCURRENCES.c.party, OCCURRENCES.c.state).where(OCCURRENCES.c.moment == moment)
        return {(row[0], row[1]) for row in connection.execute(query)}


def test_killed_alone_it_is_started_again_and_goes_on(server: ServerProcess, engine: Engine) -> None:
    for kill in range(3):
        send(server, kill * 60, kill * 60 + 60)
        soon(lambda: watcher(server))
        pid = watcher(server)
        assert pid is not None
        assert server.process is not None
        assert pid != server.process.pid
        os.kill(pid, signal.SIGKILL)
        soon(lambda before=pid: watcher(server) not in (None, before))  # type: ignore[misc]
    everybody = {(f"p{n}", "holds") for n in range(PARTIES) if n % 2 == 0}
    soon(lambda: on_record(engine, "third") >= everybody)
    soon(lambda: watching(server) == "well")
    time.sleep(2.5)  # longer than the buffer and every timer
    assert server.stop() == 0
    assert wrong(server) == []


def test_it_ends_with_a_server_that_is_killed(server: ServerProcess) -> None:
    soon(lambda: watcher(server))
    server.kill()
    soon(lambda: watcher(server) is None)


def test_an_edited_catalogue_is_read_by_both(server: ServerProcess, engine: Engine) -> None:
    send(server, 0, 60)
    soon(lambda: on_record(engine, "third"))
    made = server.folder / "moments.new"
    made.write_text(CATALOGUE + "  calls: {when: 2nd call, owner: a, purpose: p}\n")
    made.replace(server.folder / "moments.yaml")
    soon(lambda: on_record(engine, "calls"))

    def is_ready() -> bool:
        with engine.connect() as connection:
            return bool(connection.execute(select(VERSIONS.c.ready).where(VERSIONS.c.moment == "calls")).scalar())

    soon(is_ready)
    with engine.connect() as connection:
        opened = connection.execute(select(OCCASIONS.c.moment)).scalars().all()
    assert "calls" in opened
    assert server.stop() == 0
    assert wrong(server) == []


def test_who_is_erased_is_gone_from_its_state_too(
    server: ServerProcess, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "canary-5d1f0b"
    items = [
        {"type": "track", "event": "session", "messageId": f"c{i}", "userId": canary if i % 2 else "p0"}
        for i in range(12)
    ]
    requests.post(f"{server.url}/v1/batch", json={"batch": items}, auth=(server.key, ""), timeout=20).raise_for_status()
    soon(lambda: (canary, "holds") in on_record(engine, "third"))
    monkeypatch.setenv("OCCASION_RECORDS", server.env["OCCASION_RECORDS"])
    assert run(["erase", canary, "--yes", "--workspace", str(server.folder)]) == 0
    assert on_record(engine, "third") == {("p0", "holds")}
    for name in ("state.db", "state.db-wal"):
        path = server.folder / "data" / name
        assert not path.exists() or canary.encode() not in path.read_bytes(), name
    send(server, 0, 60)
    soon(lambda: on_record(engine, "third") >= {("p0", "holds"), ("p2", "holds")})
    assert server.stop() == 0
    assert wrong(server) == []


def test_what_the_desk_cannot_take_is_set_aside_and_the_rest_goes_on(server: ServerProcess, engine: Engine) -> None:
    send(server, 0, 6)
    with engine.begin() as connection:  # a moment whose occasion the database refuses
        if engine.dialect.name == "sqlite":
            connection.execute(text(
                "CREATE TRIGGER odd BEFORE INSERT ON occasions WHEN new.party = 'p0' "
                "BEGIN SELECT RAISE(ABORT, 'odd'); END"
            ))  # fmt: skip
        else:
            connection.execute(text("ALTER TABLE occasions ADD CONSTRAINT odd CHECK (party <> 'p0') NOT VALID"))
    send(server, 6, 60)

    def opened() -> set[str]:
        with engine.connect() as connection:
            query = select(OCCASIONS.c.party).where(OCCASIONS.c.moment == "third")
            return set(connection.execute(query).scalars())

    soon(lambda: {"p2", "p4"} <= opened())
    assert "p0" not in opened()
    assert on_record(engine, "third") >= {("p0", "holds"), ("p2", "holds")}
    with engine.connect() as connection:
        aside = connection.execute(select(REFUSED).where(REFUSED.c.source == "watcher")).mappings().all()
    assert {row["party"] for row in aside} == {"p0"}
    assert "could not be written" in aside[0]["reason"]
    assert msgspec.to_builtins(dict(aside[0]["body"]))["moment"] in ("third", "quiet", "pair")
    metrics = requests.get(f"{server.url}/metrics", timeout=20).text
    assert f"occasion_changes_set_aside {float(len(aside))}" in metrics
    soon(lambda: watching(server) == "well")
    log = server.output.read_text()
    assert "a change was set aside" in log
    assert "'p0'" not in log, "the log never says to whom"
    assert all(line.startswith(("{", "Occasion is at")) for line in log.splitlines()), log


def test_a_state_that_turns_out_to_be_damaged_is_made_anew(server: ServerProcess, engine: Engine) -> None:
    send(server, 0, 60)
    soon(lambda: on_record(engine, "third"))
    assert server.stop() == 0
    state = server.folder / "data" / "state.db"
    with closing(sqlite3.connect(state)) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'rows'").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with state.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"x" * size)
    server.start()
    send(server, 60, 120)
    soon(lambda: watching(server) == "well", 60)
    time.sleep(2.5)
    assert server.stop() == 0
    assert wrong(server) == []
