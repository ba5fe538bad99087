"""The server's side of the watcher beside it: whatever becomes of that process, the server goes on."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from occasion.service import apart
from occasion.service.apart import Apart
from occasion.service.apart_work import Asked, Forgotten, Standing
from occasion.store.workspace import Workspace


@pytest.fixture
def beside(tmp_path: Path) -> Apart:
    return Apart(Workspace(tmp_path, "UTC"), "sqlite://", 0, lambda what: None)


@pytest.fixture
def theirs(beside: Apart) -> Iterator[Any]:
    """The process's end of the pipe."""
    beside._pipe, other = multiprocessing.Pipe()
    yield other
    beside._pipe.close()
    other.close()


def test_a_process_that_does_not_read_keeps_nobody_waiting(beside: Apart, theirs: Any) -> None:
    def write() -> None:
        for _ in range(20_000):
            beside.committed()
        beside.kept(1)

    writer = Thread(target=write, daemon=True)
    writer.start()
    writer.join(10)
    assert not writer.is_alive()
    assert beside.forget(["p"]) is False
    assert theirs.recv() == Asked("more")
    while theirs.poll():
        theirs.recv()
    beside.committed()
    assert theirs.recv() == Asked("more"), "once it reads again it is told again"


def test_an_answer_that_came_too_late_is_not_taken_for_another(
    beside: Apart, theirs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "FORGET_SECONDS", -4.5)  # half a second
    assert not beside.forget(["p"])
    asked: list[Asked] = [theirs.recv()]

    def answer() -> None:
        asked.append(theirs.recv())
        beside._hear(Forgotten(asked[0].number, whole=True))
        time.sleep(0.1)
        beside._hear(Forgotten(asked[1].number, whole=False))

    process = Thread(target=answer)
    process.start()
    assert not beside.forget(["q"])
    process.join()


def test_a_process_that_cannot_be_started_is_tried_again(beside: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def live() -> None:
        tried.append(1)
        if len(tried) < 3:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        beside._end.set()

    monkeypatch.setattr(beside, "_live", live)
    monkeypatch.setattr(apart, "LONGEST_PAUSE", 0.01)
    beside.start()
    beside._thread.join(10)
    assert len(tried) == 3
    assert beside.trouble == "the watcher's process could not be started (Resource temporarily unavailable)"


def test_one_that_is_well_again_is_waited_for_again(
    beside: Apart, theirs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = Standing(5, 5, 0, False, False, ())
    monkeypatch.setattr(beside, "_failures", apart.GIVE_UP)
    beside._begun = time.monotonic()
    beside._hear(behind)
    assert beside.kept(6), "it failed again and again: segments do not wait for it"
    beside._begun = time.monotonic() - apart.WELL - 1
    beside._hear(behind)
    assert not beside.kept(6)
    assert beside.kept(5)


def test_pages_look_again_when_another_has_caught_up(tmp_path: Path) -> None:
    """The one before it may have ended between a commit and telling of it."""
    told: list[str] = []
    beside = Apart(Workspace(tmp_path, "UTC"), "sqlite://", 0, told.append)
    begins, well = Standing(3, 3, 5, True, False, ()), Standing(9, 3, 9, False, False, ())
    for said in (begins, well, well._replace(seq=12)):
        beside._hear(said)
    assert told == [], "the first: there are no pages that know of anything"
    beside._ended = True
    beside._standing = apart.BEGINNING
    for said in (begins, well, well._replace(seq=12)):
        beside._hear(said)
    assert told == ["occasions"]


def test_the_log_waits_only_where_the_watcher_is_far_behind(beside: Apart) -> None:
    second = 1_000_000
    beside._hear(Standing(100, 100, 60 * second, False, False, ()))
    assert beside.pressure(100, 900 * second) == 0, "everything is read, however long ago"
    assert beside.pressure(900_000, 61 * second) == 0, "a rush is taken in"
    assert beside.pressure(1_000_101, 61 * second) == 1
    assert beside.pressure(6_000, 89 * second) == 0
    assert beside.pressure(6_000, 91 * second) == 1
    assert beside.pressure(6_000, 361 * second) == 2
    assert beside.pressure(4_000, 361 * second) == 1, "few events, late by the clock alone"
    assert beside.pressure(2_000_101, 61 * second) == 2
    beside._hear(Standing(100, 100, 60 * second, True, True, ()))
    assert beside.pressure(2_000_000, 900 * second) == 0, "while all of the log is read nothing waits"


def test_how_late_the_desk_is(beside: Apart) -> None:
    beside._buffer_us = 500_000
    beside._hear(Standing(100, 100, 60_000_000, False, False, ()))
    assert beside.late_s(100, 900_000_000) == 0
    assert beside.late_s(101, 60_900_000) == 0, "the buffer is no delay"
    assert beside.late_s(101, 68_400_000) == 7
    beside._hear(Standing(100, 100, 60_000_000, True, True, ()))
    assert beside.late_s(101, 68_400_000) == 0, "it reads history, and `busy` says so"
