"""A commit that went through though the writer was told that it did not: nothing is taken twice, nothing is missed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from occasion.store import writer
from occasion.store.arrived import NotWritten
from occasion.store.manifest import Manifest, State
from occasion.store.records import writing
from occasion.store.sealer import Sealer
from storing import Store, arrived, store

OURS = [arrived("ann", message="m-doubt-1"), arrived("ben", message="m-doubt-2")]


class Doubt:
    """The connection is lost right after a commit, once it is told to be."""

    lost = False

    @contextmanager
    def writing(self, engine: Engine) -> Iterator[Any]:
        with writing(engine) as connection:
            yield connection
        if self.lost:
            self.lost = False
            raise OperationalError(
                "COMMIT", None, Exception("server closed the connection"), connection_invalidated=True
            )


@pytest.fixture
def doubt(monkeypatch: pytest.MonkeyPatch) -> Doubt:
    found = Doubt()
    monkeypatch.setattr(writer, "writing", found.writing)
    return found


def all_there(one: Store) -> None:
    """Each event is in the log once, and known when it comes again."""
    assert one.put(*OURS).known == 2
    for item in OURS:
        assert item.event is not None
        assert [event.id for event in one.log.of(item.event.party)] == [item.event.id]


def test_a_group(tmp_path: Path, records_url: str, doubt: Doubt) -> None:
    with store(tmp_path / "data", records_url) as one:
        doubt.lost = True
        with pytest.raises(NotWritten):
            one.put(*OURS)
        all_there(one)


def sealed_in_doubt(one: Store, doubt: Doubt, monkeypatch: pytest.MonkeyPatch, what: Any) -> None:
    """Whatever the sealer does is committed, and it does not know."""
    made = Sealer._commit

    def commit(sealer: Sealer, changes: Any, **how: Any) -> None:
        doubt.lost = True
        made(sealer, changes, **how)

    monkeypatch.setattr(Sealer, "_commit", commit)
    with pytest.raises(NotWritten):
        what()
    monkeypatch.setattr(Sealer, "_commit", made)


def test_what_was_sealed(tmp_path: Path, records_url: str, doubt: Doubt, monkeypatch: pytest.MonkeyPatch) -> None:
    with store(tmp_path / "data", records_url) as one:
        one.put(*OURS)
        sealer = Sealer(one.writer, one.history, apart=False)
        sealed_in_doubt(one, doubt, monkeypatch, sealer.seal)
        all_there(one)
        one.put(arrived("ann"))
        assert sealer.seal()
        assert len(one.log.of("ann")) == 2
        assert one.put(*OURS).known == 2


def test_who_was_erased(tmp_path: Path, records_url: str, doubt: Doubt, monkeypatch: pytest.MonkeyPatch) -> None:
    with store(tmp_path / "data", records_url) as one:
        one.put(*OURS, arrived("canary-20f"))
        sealer = Sealer(one.writer, one.history, apart=False)
        assert sealer.seal()
        one.log.of("ann")
        names = {"canary-20f": "erased-1"}
        sealed_in_doubt(one, doubt, monkeypatch, lambda: sealer.erase(names))
        time.sleep(0.5)
        assert [event.party for event in one.log.of("ann")] == ["ann"], "also where nothing is written meanwhile"
        all_there(one)
        assert one.log.of("canary-20f") == []
        assert sealer.erase(names)
        assert one.put(*OURS).known == 2


def test_the_sealer_goes_on_after_the_database_was_away(
    tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("occasion.store.sealer.LOOK", 0.02)
    away = [OperationalError("SELECT", None, Exception("the database is shutting down"))]
    state = Manifest.state

    def asked(manifest: Manifest) -> State:
        if away:
            raise away.pop()
        return state(manifest)

    with store(tmp_path / "data", records_url) as one:
        one.put(*OURS)
        sealer = Sealer(one.writer, one.history, rows=1, apart=False)
        monkeypatch.setattr(Manifest, "state", asked)
        sealer.start()
        until = time.monotonic() + 10
        while one.writer.tail.rows:
            assert time.monotonic() < until
            time.sleep(0.05)
        sealer.stop()
        assert sealer.trouble is None
        all_there(one)
