"""What SQLite has written ahead is copied beside the writers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import Engine, text

from occasion.store import checkpointing
from occasion.store.checkpointing import Checkpointing
from occasion.store.records import open_records, turn, writing


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
    beside = Checkpointing(engine)
    beside.start()
    try:
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
