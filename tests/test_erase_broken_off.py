"""An erasure broken off, or one that the watcher could not follow yet: in the end its state knows nobody of them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from fastapi import Request
from sqlalchemy import Engine, select

from clocks import Clock
from occasion.desk.pages import MomentForm, Preview
from occasion.desk.viewer import Viewer
from occasion.people.erase import Alone, erase
from occasion.service import erasing
from occasion.service.erasing import Running
from occasion.service.pages.frame import Frame
from occasion.service.pages.known_names import names_in
from occasion.service.pages.moments import who_it_was
from occasion.service.watching import Following
from occasion.store.history import History
from occasion.store.records import open_records
from occasion.store.schema.watched import OCCURRENCES
from serving import make_place
from watched_server import Watched, watched
from watched_streams import BEGIN, DAY

WHO = "canary-81d20c"
CATALOGUE = "moments:\n  quiet: {when: no session for 3 days, owner: a, purpose: p}\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make_place(tmp_path / "w", CATALOGUE)


def come(server: Watched) -> None:
    for n in range(4):
        server.happens(WHO if n % 2 else "ben", "session", BEGIN + n * 1_000_000)
    server.passed()


def in_the_state(place: Path) -> bool:
    return any(WHO.encode() in path.read_bytes() for path in (place / "data").glob("state.db*"))


def reached(records: str) -> set[str]:
    engine: Engine = open_records(records)
    with engine.connect() as connection:
        found = set(connection.execute(select(OCCURRENCES.c.party)).scalars())
    engine.dispose()
    return found


class BrokenOff(Exception):
    """Stands for the end of the process."""


def break_off(*_: object) -> bool:
    raise BrokenOff


def test_broken_off_while_the_server_runs(place: Path, records_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(BEGIN)
    with watched(place, clock, records_url) as server:
        come(server)
        with monkeypatch.context() as patch:
            patch.setattr(Running, "watched", break_off)
            with pytest.raises(BrokenOff):
                server.service.erasures.erase(WHO, "ewa")
    assert in_the_state(place), "it was saved, at the stop at the latest"
    with watched(place, clock, records_url) as server:
        clock.now += 4 * DAY
        server.passed()
    assert not in_the_state(place)
    assert reached(records_url) == {"ben"}


def test_broken_off_while_no_server_runs(place: Path, records_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched(place, Clock(BEGIN), records_url) as server:
        come(server)
    assert in_the_state(place)
    with monkeypatch.context() as patch, History(place / "data", records=records_url) as history:
        patch.setattr(Alone, "watched", break_off)
        with pytest.raises(BrokenOff):
            erase(Alone(history), WHO, now=BEGIN + DAY, by="ewa")
    assert not in_the_state(place)


def test_a_watcher_that_has_no_time_yet_is_asked_again(
    place: Path, records_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "AGAIN", 0.1)
    monkeypatch.setattr(erasing, "TRIES", 1)
    clock = Clock(BEGIN)
    with watched(place, clock, records_url) as server:
        come(server)
        with monkeypatch.context() as patch:
            patch.setattr(Following, "forget_names", lambda *_: None)  # as one that is just being started
            patch.setattr(Following, "scrubbed", lambda _: False)
            assert not server.service.erasures.erase(WHO, "ewa").whole
        until = time.monotonic() + 20
        while in_the_state(place) or list((place / "data").glob("state.doubtful")):
            assert time.monotonic() < until
            time.sleep(0.1)
        clock.now += 4 * DAY
        server.passed()
    assert not in_the_state(place)
    assert reached(records_url) == {"ben"}


def test_what_the_pages_read_of_the_segments_is_let_go(place: Path, records_url: str) -> None:
    with watched(place, Clock(BEGIN), records_url) as server:
        come(server)
        service = server.service
        assert service.sealer.seal()
        names_in(service)
        until = time.monotonic() + 20
        while vars(service)["event_names"].known is None:
            assert time.monotonic() < until
            time.sleep(0.05)
        frame = Frame(Request({"type": "http"}), service, Viewer("ewa", "ewa", "admin"), service.clock(), "")
        form = MomentForm("often", "2nd session", "customers", "a", "p", "", "", ())
        assert isinstance(who_it_was(frame, None, form), Preview)
        assert service.erasures.erase(WHO, "ewa").whole
    history = place / "data" / "history"
    assert not [path for path in history.rglob("*") if path.is_file() and WHO.encode() in path.read_bytes()]


def test_files_that_a_reading_held_go_when_it_is_over(
    place: Path, records_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "AGAIN", 0.1)
    with watched(place, Clock(BEGIN), records_url) as server:
        come(server)
        assert server.service.sealer.seal()
        with server.service.history.beside() as analysis:
            old = analysis.source().files
            assert not server.service.erasures.erase(WHO, "ewa").whole
            time.sleep(0.5)
            assert all(file.is_file() for file in old)
        until = time.monotonic() + 20
        while any(WHO.encode() in path.read_bytes() for path in (place / "data" / "history").rglob("*.par*")):
            assert time.monotonic() < until
            time.sleep(0.1)
