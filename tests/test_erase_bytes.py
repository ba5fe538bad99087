"""The database's file written anew at an erasure: who writes waits for it without giving up, who reads holds it up."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from clocks import Clock
from occasion.people import erase
from occasion.people.erase import leave_no_bytes
from occasion.service.running import Service, Settings
from occasion.store import erasing
from occasion.store.arrived import Batch
from occasion.store.records import open_records, reading, turn, writing
from occasion.store.workspace import read_workspace
from serving import make_place
from storing import START, arrived

CANARY = "canary-0c3fb2"


def held_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file() and CANARY.encode() in path.read_bytes()}


def test_it_waits_its_turn_like_everybody_who_writes(tmp_path: Path) -> None:
    """So that no writer gives up after the ten seconds that the database itself would wait."""
    engine = open_records(tmp_path / "records.db")
    with ThreadPoolExecutor(1) as pool:
        with turn(engine):
            done = pool.submit(leave_no_bytes, engine)
            time.sleep(0.4)
            assert not done.done()
        assert done.result(20)
    engine.dispose()


def test_a_reading_holds_it_up_and_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "EMPTYING", 0.01)
    engine = open_records(tmp_path / "records.db")
    with writing(engine) as connection:
        connection.execute(text("INSERT INTO history_settings VALUES ('who', :who)"), {"who": CANARY})
    with reading(engine) as before:
        before.execute(text("SELECT count(*) FROM history_settings")).all()
        with writing(engine) as connection:
            connection.execute(text("DELETE FROM history_settings WHERE key = 'who'"))
        assert not leave_no_bytes(engine)
        with writing(engine) as connection:  # and nobody who writes waits for that reading
            connection.execute(text("INSERT INTO history_settings VALUES ('other', 'o')"))
        assert "records.db-wal" in held_in(tmp_path)
    assert leave_no_bytes(engine)
    assert held_in(tmp_path) == set()
    engine.dispose()


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(erasing, "EMPTYING", 0.01)
    monkeypatch.setattr("occasion.service.erasing.AGAIN", 0.2)
    folder = make_place(tmp_path / "shop")
    service = Service(Settings(read_workspace(folder), clock=Clock(START + 60_000_000), apart=False))
    service.start()
    try:
        service.writer.submit(Batch([arrived(CANARY, "call")])).result(20)
        yield service
    finally:
        service.stop()


def wait_until_gone(folder: Path) -> None:
    until = time.monotonic() + 20
    while held_in(folder) and time.monotonic() < until:
        time.sleep(0.1)
    assert held_in(folder) == set()


def test_a_server_does_it_again_when_the_reading_is_over(service: Service) -> None:
    with reading(service.engine) as before:
        before.execute(text("SELECT count(*) FROM parties")).all()
        assert not service.erasures.erase(CANARY, "ewa").whole
    wait_until_gone(service.workspace.data)


def test_what_a_reading_held_is_copied_before_anybody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes waits for the database's own lock meanwhile, ten seconds at most: a gigabyte may take longer."""
    engine, file = open_records(tmp_path / "records.db"), tmp_path / "records.db"
    reader = sqlite3.connect(file, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM parties").fetchall()
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("CREATE TABLE pages (what BLOB)")
    writer.execute("PRAGMA wal_autocheckpoint=0")
    writer.executemany("INSERT INTO pages VALUES (?)", [(b"x" * 4000,)] * 500)
    copied: list[bool] = []

    def begun(statement: str) -> None:
        if "TRUNCATE" in statement:
            copied.append(file.stat().st_size > 500 * 4000)

    writer.set_trace_callback(begun)
    monkeypatch.setattr(erasing, "EMPTYING", 0.05)
    monkeypatch.setattr(erasing, "sleep", lambda seconds: reader.close())
    assert erasing.emptied(writer.cursor())
    assert copied == [False, True]
    writer.close()
    engine.dispose()


def test_a_long_reading_does_not_have_it_written_again_and_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time all of the file would be added to the log that the reading holds."""
    tried: list[bool] = []

    def emptied(cursor: Any) -> bool:
        tried.append(True)
        return erasing.emptied(cursor)

    monkeypatch.setattr("occasion.people.erase.emptied", emptied)
    log = service.workspace.data / "records.db-wal"
    with reading(service.engine) as before:
        before.execute(text("SELECT count(*) FROM parties")).all()
        assert not service.erasures.erase(CANARY, "ewa").whole
        once, until = log.stat().st_size, time.monotonic() + 20
        while len(tried) < 4 and time.monotonic() < until:
            time.sleep(0.05)
        assert len(tried) >= 4
        assert log.stat().st_size < once + 100_000  # the file has 400 kB
    wait_until_gone(service.workspace.data)


def test_a_disk_that_is_full_holds_it_up_and_a_server_does_it_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bool] = []

    def vacuumed(cursor: Any, engine: Any) -> bool:
        tried.append(True)
        if len(tried) < 3:
            raise sqlite3.OperationalError("database or disk is full")
        return written_anew(cursor, engine)

    written_anew = erase._vacuumed
    monkeypatch.setattr(erase, "_vacuumed", vacuumed)
    assert not service.erasures.erase(CANARY, "ewa").whole
    until = time.monotonic() + 20
    while len(tried) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    assert len(tried) == 3
    wait_until_gone(service.workspace.data)


def test_what_fails_is_tried_more_and_more_seldom(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes waits for every try."""
    tried: list[float] = []

    def vacuumed(cursor: Any, engine: Any) -> bool:
        tried.append(time.monotonic())
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(erase, "_vacuumed", vacuumed)
    assert not service.erasures.erase(CANARY, "ewa").whole
    time.sleep(2.5)
    assert 2 <= len(tried) <= 5


SCRIPT = """
import resource, sys
from pathlib import Path
from sqlalchemy import text
from occasion.people.erase import leave_no_bytes
from occasion.store.records import open_records, reading, writing

engine = open_records(Path(sys.argv[1]))
with writing(engine) as connection:
    connection.execute(text("CREATE TABLE large (said TEXT)"))
    rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000) "
    connection.execute(text(f"INSERT INTO large {rows} SELECT hex(randomblob(500)) FROM n"))
with reading(engine) as connection:
    assert connection.execute(text("PRAGMA temp_store")).scalar() == 1  # a large sort goes through a file
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert leave_no_bytes(engine)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_writing_the_file_anew_does_not_take_as_much_memory_as_the_file_is_large(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "records.db")],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert (tmp_path / "records.db").stat().st_size > 110_000_000
    assert int(told.stdout) < 70_000  # kB
