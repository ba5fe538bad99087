"""The database's file written anew at an erasure: who writes waits for it without giving up, who reads holds it up."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from clocks import Clock
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


def test_a_server_does_it_again_when_the_reading_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "EMPTYING", 0.01)
    monkeypatch.setattr("occasion.service.erasing.AGAIN", 0.2)
    folder = make_place(tmp_path / "shop")
    service = Service(Settings(read_workspace(folder), clock=Clock(START + 60_000_000), apart=False))
    service.start()
    try:
        service.writer.submit(Batch([arrived(CANARY, "call")])).result(20)
        with reading(service.engine) as before:
            before.execute(text("SELECT count(*) FROM parties")).all()
            assert not service.erasures.erase(CANARY, "ewa").whole
        until = time.monotonic() + 20
        while held_in(folder / "data") and time.monotonic() < until:
            time.sleep(0.1)
        assert held_in(folder / "data") == set()
    finally:
        service.stop()
