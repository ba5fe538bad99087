"""What SQLite has written ahead is copied beside the writers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import Engine, text

from occasion.store import checkpointing, records
from occasion.store.checkpointing import Checkpointing
from occasion.store.records import leave_copying, open_records, turn, writing


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_records(tmp_path / "records.db")
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE pages (n INTEGER PRIMARY KEY, what BLOB)"))
    yield engine
    engine.dispose()


def write(engine: Engine, pages: int, begin: int = 0) -> None:
    with writing(engine) as connection:
        rows = [{"n": n, "what": b"x" * 4000} for n in range(begin, begin + pages)]
        connection.execute(text("INSERT INTO pages VALUES (:n, :what)"), rows)


def ahead(tmp_path: Path) -> int:
    return (tmp_path / "records.db-wal").stat().st_size


def wait(until: Callable[[], bool]) -> None:
    end = monotonic() + 20
    while not until():
        assert monotonic() < end
        sleep(0.01)


def test_what_is_written_ahead_begins_anew_once_it_is_copied(engine: Engine, tmp_path: Path) -> None:
    write(engine, 7_000)
    before = ahead(tmp_path)
    assert Checkpointing(engine).once() >= 7_000
    write(engine, 6_000, begin=7_000)
    assert ahead(tmp_path) == before
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*), max(n) FROM pages")).one() == (13_000, 12_999)


def test_little_is_copied_without_a_turn(engine: Engine) -> None:
    write(engine, 100)
    with turn(engine):
        assert Checkpointing(engine).once() >= 100


def test_whoever_reads_an_older_state_goes_on_reading_it(engine: Engine) -> None:
    write(engine, 10)
    with engine.connect() as reader, reader.begin():
        assert reader.execute(text("SELECT count(*) FROM pages")).scalar() == 10
        write(engine, 7_000, begin=10)
        Checkpointing(engine).once()
        assert reader.execute(text("SELECT count(*) FROM pages")).scalar() == 10
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pages")).scalar() == 7_010


def test_the_thread_copies_when_enough_was_written(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpointing, "PAGES", 500)
    once, done = Checkpointing.once, list[int]()
    monkeypatch.setattr(Checkpointing, "once", lambda beside: done.append(once(beside)))
    beside = Checkpointing(engine)
    beside.start()
    try:
        wait(lambda: len(done) == 1)
        write(engine, 1_000)
        size = (tmp_path / "records.db").stat().st_size
        beside.wrote(checkpointing.EVENTS - 1)
        sleep(0.2)
        assert (tmp_path / "records.db").stat().st_size == size
        beside.wrote(1)
        until = monotonic() + 20
        while (tmp_path / "records.db").stat().st_size < 1_000 * 4096:
            assert monotonic() < until
            sleep(0.01)
    finally:
        beside.stop()


def test_in_a_rush_it_is_put_off_and_done_when_less_comes(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_copying(engine)
    monkeypatch.setattr(checkpointing, "RUSH_EVENTS", 50_000)
    done: list[int] = []
    monkeypatch.setattr(Checkpointing, "once", lambda beside: done.append(beside._events) or 0)
    beside = Checkpointing(engine)
    beside.start()
    try:
        wait(lambda: len(done) == 1)  # what was there
        for _ in range(9):
            beside.wrote(checkpointing.EVENTS, rushing=True)
        sleep(0.2)
        assert len(done) == 1
        beside.wrote(checkpointing.EVENTS, rushing=True)
        wait(lambda: len(done) == 2)
        beside.wrote(checkpointing.EVENTS, rushing=True)
        sleep(0.2)
        assert len(done) == 2
        beside.wrote(0)
        wait(lambda: len(done) == 3)
    finally:
        beside.stop()


def test_whoever_leaves_it_to_another_does_not_copy_at_a_commit(engine: Engine, tmp_path: Path) -> None:
    pages = records.WAL_PAGES + 2_000
    leave_copying(engine)
    write(engine, pages)
    size = (tmp_path / "records.db").stat().st_size
    assert size < 1_000 * 4096, "nobody copied"
    assert ahead(tmp_path) > pages * 4096
    assert Checkpointing(engine).once() >= pages
    assert (tmp_path / "records.db").stat().st_size > pages * 4000
    write(engine, 1, begin=pages)
    assert ahead(tmp_path) <= 4096 * records.WAL_PAGES, "the room is given back"
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pages")).scalar() == pages + 1


def test_what_a_crash_left_is_copied_after_the_start_and_not_within_it(engine: Engine, tmp_path: Path) -> None:
    write(engine, 7_000)
    (tmp_path / "crashed").mkdir()
    for name in ("records.db", "records.db-wal"):
        copy(tmp_path / name, tmp_path / "crashed" / name)
    after = open_records(tmp_path / "crashed" / "records.db")
    leave_copying(after)
    file = tmp_path / "crashed" / "records.db"
    assert file.stat().st_size < 1_000 * 4096, "whoever starts does not wait for that"
    assert ahead(tmp_path / "crashed") > 7_000 * 4096
    beside = Checkpointing(after)
    beside.start()
    try:
        wait(lambda: file.stat().st_size > 7_000 * 4000)
    finally:
        beside.stop()
    with after.connect() as connection:
        assert connection.execute(text("PRAGMA wal_autocheckpoint")).scalar() == records.LEFT_PAGES
        assert connection.execute(text("SELECT count(*) FROM pages")).scalar() == 7_000
    after.dispose()


def test_what_is_written_during_a_copying_is_copied_before_anybody_waits(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_copying(engine)
    write(engine, 7_000)
    copied, held = checkpointing._copied, []

    def slowly(connection: Any) -> tuple[int, int]:
        found = copied(connection)
        if len(held) < 2:  # what others write meanwhile
            write(engine, 3_000, begin=10_000 * (len(held) + 1))
        held.append(found[0])
        return found

    monkeypatch.setattr(checkpointing, "_copied", slowly)
    Checkpointing(engine).once()
    assert [pages // 1_000 for pages in held] == [7, 3, 3], "again while much is written"
