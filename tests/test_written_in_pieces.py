"""What follows from the log, written in several transactions: killed between two of them, nothing untrue is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, text, update
from sqlalchemy.exc import OperationalError

from followed import SECOND, Server, agrees, edit, engine, of, on_record, server
from occasion.moments.changes import Change
from occasion.service import apart_work, effects
from occasion.service.apart_work import _Watcher
from occasion.service.watched import Reading
from occasion.store import occurrences
from occasion.store.arrived import Effects
from occasion.store.merged import merge
from occasion.store.occurrences import Noticed, settle, write_changes
from occasion.store.positions import WATCH, position
from occasion.store.records import writing
from occasion.store.schema.log import REFUSED
from occasion.store.schema.watched import OCCURRENCES
from test_meaning import DAY, event

__all__ = ["engine", "server"]


class Killed(BaseException):
    """The process is gone."""


def watcher_of(server: Server) -> _Watcher:
    """The process's watcher, on what the server has."""
    here = object.__new__(_Watcher)
    here._engine, here._log, here._following = server.engine, server.log, server.following  # type: ignore[assignment]
    return here


def killed_after(transactions: int, server: Server, clock: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock moves; of what follows so many transactions are committed, a step in each, and no more."""
    begun = count()

    @contextmanager
    def some(engine: Engine) -> Iterator[Any]:
        if next(begun) == transactions:
            raise Killed
        with writing(engine) as connection:
            yield connection

    steps = count()
    monkeypatch.setattr(effects, "CHANGES_AT_ONCE", 1)
    monkeypatch.setattr(apart_work, "writing", some)
    monkeypatch.setattr(apart_work, "perf_counter", lambda: next(steps) * apart_work.LONGEST * 0.7)
    here = watcher_of(server)
    assert server.following is not None
    with pytest.raises(Killed):
        here._write(server.following.tick(clock))
    server.crash()
    monkeypatch.undo()


def test_what_was_written_of_a_time_that_came_is_taken_back_by_what_came_late(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    parties = [f"p{n}" for n in range(5)]
    server.take([of(party, event("a", 1)) for party in parties], 1 * DAY)
    server.tick(1 * DAY + 3 * SECOND)
    server.following.reading.save()  # type: ignore[union-attr]
    # committed by the writer and not read yet: right before the watcher's clock moves on
    server.log.add([of(party, event("x", 3)) for party in parties], 4 * DAY + SECOND)
    killed_after(3, server, 4 * DAY + 3 * SECOND, monkeypatch)
    assert [state for _, _, state in on_record(server, "quiet")] == ["holds"] * 3
    server.start(4 * DAY + 4 * SECOND)
    agrees(server)
    assert [state for _, _, state in on_record(server, "quiet")] == ["retracted"] * 3


def test_after_a_crash_in_a_rush_only_parties_are_settled_of_whom_something_came_late(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    parties = [f"p{n}" for n in range(5)]
    server.take([of(party, event("a", 1)) for party in parties], 1 * DAY)
    server.tick(1 * DAY + 3 * SECOND)
    assert server.following is not None
    assert server.following.reading is not None
    server.following.reading.save()
    here = watcher_of(server)  # what it writes is of the log's clock, years before the time of day
    here._write(server.following.read(server.log.add([of("q", event("a", 1.9))], 2 * DAY)))
    with server.engine.connect() as connection:
        assert position(connection, WATCH).clock == 2 * DAY
    late = of("p3", event("x", 1.5, "late"))
    server.log.add([late, *(of(party, event("a", 3)) for party in parties)], 3 * DAY + SECOND)  # and not read
    server.crash()
    settled: list[str] = []
    again = Reading.again

    def read_again(self: Reading, some: Sequence[str]) -> list[Change]:
        settled.extend(some)
        return again(self, some)

    monkeypatch.setattr(Reading, "again", read_again)
    server.start(3 * DAY + 2 * SECOND)
    assert settled == ["p3", "q"], "its group was read again together with the next"
    server.tick(6 * DAY)
    agrees(server)


def test_more_parties_than_a_query_takes_turn_out_to_be_others(engine: Engine) -> None:
    with writing(engine) as connection:
        parties = [f"p{n}" for n in range(70_000)]
        assert settle(connection, parties, [], 1, 1, "identities were joined or parted") == []


def test_settling_writes_only_what_is_not_on_record_as_it_is_true(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    parties = [f"p{n}" for n in range(5)]
    server.take([of(party, event("a", 1)) for party in parties], 1 * DAY)
    server.tick(5 * DAY)
    assert server.following is not None
    assert server.following.reading is not None
    reading, written = server.following.reading, list[str]()

    def write(connection: Connection, noticed: Sequence[Noticed], seq: int) -> list[Noticed]:
        written.extend(one.change.party for one in noticed)
        return write_changes(connection, noticed, seq)

    monkeypatch.setattr(occurrences, "write_changes", write)
    true = list(reading.noticed(reading.again(parties)))
    with writing(server.engine) as connection:
        assert settle(connection, parties, true, 1, 9 * DAY, "test") == []
        assert written == [], "all is there as it is true"
        connection.execute(update(OCCURRENCES).where(OCCURRENCES.c.party == "p3").values(seq=-1))
        connection.execute(update(OCCURRENCES).where(OCCURRENCES.c.party == "p2").values(evidence=["other"]))
        made = settle(connection, parties, true, 1, 9 * DAY, "test")
    assert {one.change.party for one in made} == {"p2", "p3"}, "another evidence, and what is to be said again"
    assert set(written) == {"p2", "p3"}
    assert on_record(server, "quiet") == [(party, 4, "holds") for party in parties]


def test_a_merge_that_waited_for_the_writer_is_made_up_for_after_a_crash(server: Server) -> None:
    server.take([of("q", event("a", 1))], 1 * DAY)
    server.tick(5 * DAY)
    asked = server.clock
    server.tick(asked + 30 * SECOND)
    server.following.reading.save()  # type: ignore[union-attr]
    with server.engine.begin() as connection:  # committed now, asked for half a minute ago
        merge(connection, "q", "p", now=asked, by="test", why="test", known=server.log.identities)
    server.crash()
    server.start(asked + 31 * SECOND)
    assert on_record(server, "quiet") == [("p", 4, "holds")]


def test_what_can_never_be_written_ends_the_watcher(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(connection: Connection) -> None:
        raise OperationalError("SELECT", None, Exception("too much was asked for"))

    monkeypatch.setattr(apart_work, "RETRY", 0.0)
    here = watcher_of(server)
    with pytest.raises(OperationalError):
        here._write(Effects(steps=lambda: iter([fails])))


@pytest.mark.parametrize("records_url", ["postgres"], indirect=True)  # SQLite has one writer at a time
def test_a_deadlock_is_nobodys_fault_and_tried_again(server: Server) -> None:
    told: list[str] = []

    def hook(connection: Connection, noticed: Sequence[Noticed], now: int) -> None:
        told.append(noticed[0].moment)
        if len(told) == 1:
            connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"))

    server.stop()
    server.on_changes = hook
    server.start(0)
    server.take([event("a", 1)], 1 * DAY)
    with pytest.raises(OperationalError):
        server.tick(1 * DAY + 3 * SECOND)
    server.write()
    assert told == ["friends", "friends"]
    with server.engine.connect() as connection:
        assert connection.execute(select(REFUSED)).first() is None, "nothing was set aside"


def test_somebody_is_erased_while_it_catches_up_after_a_crash_and_it_crashes_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    parties = [f"p{n}" for n in range(5)]
    server.take([of(party, event("a", 1)) for party in [*parties, "canary-3f"]], 1 * DAY)
    server.tick(1 * DAY + 3 * SECOND)
    server.following.reading.save()  # type: ignore[union-attr]
    server.log.add([of(party, event("x", 3)) for party in parties], 4 * DAY + SECOND)
    for n in range(20):
        server.log.add([of(f"q{n}", event("a", 4))], 4 * DAY + SECOND + 1 + n)
    killed_after(3, server, 4 * DAY + 3 * SECOND, monkeypatch)
    with monkeypatch.context() as slow:
        for name, value in (("CATCH_US", 1_000 * DAY), ("BETWEEN", 0.0), ("IDLE", 0.0)):
            slow.setattr(f"occasion.service.watching.{name}", value)
        slow.setattr("occasion.service.pieces.EVENTS_AT_ONCE", 1)
        server.start(4 * DAY + 4 * SECOND)
        following = server.following
        assert following is not None
        assert following.busy
        server.log.groups = [(s, c, [e for e in some if e.party != "canary-3f"]) for s, c, some in server.log.groups]
        following.forget_names(["canary-3f"], server.clock)
        server.tick()
        assert following.busy
        server.crash()
    server.start(4 * DAY + 5 * SECOND)
    for party in parties:
        assert (party, 4, "holds") not in on_record(server, "quiet")


def test_another_edit_while_a_moment_under_another_name_reads_history(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    also = "  also quiet:\n    when: no x for 3 days after a\n    owner: me\n    purpose: p\n"
    edit(server, "  friends:", also + "  friends:")
    server.tick(3 * SECOND)
    server.tick(6 * SECOND)
    parties = [f"p{n}" for n in range(6)]
    server.take([of(party, event("a", 1)) for party in parties], 1 * DAY)
    server.tick(5 * DAY)
    for name, value in (("BETWEEN", 0.0), ("IDLE", 0.0), ("GO_BACK", 1)):
        monkeypatch.setattr(f"occasion.service.watching.{name}", value)
    edit(server, "  quiet:", "  silent:")
    server.tick(5 * DAY + 2 * SECOND)
    server.tick(5 * DAY + 4 * SECOND)
    assert server.following is not None
    assert server.following.busy
    edit(server, also, "")
    for n in range(3, 20):
        server.tick(5 * DAY + 2 * n * SECOND)
    assert not server.following.busy
    assert sorted(on_record(server, "silent")) == [(party, 4, "holds") for party in parties]


class Behind:
    """A log of which so many groups were not read."""

    def __init__(self, groups: int) -> None:
        self.groups, self.read = groups, 0

    def position(self) -> int:
        return min(self.read, self.groups)

    def follow(self) -> float:
        self.read += 1
        return 0.0


@pytest.mark.parametrize(("behind", "read"), [(4, 5), (1_000, 10)])
def test_a_stop_far_behind_does_not_read_all_of_it_first(
    behind: int, read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = count()
    monkeypatch.setattr(apart_work, "monotonic", lambda: float(next(seconds)))
    monkeypatch.setattr(apart_work, "STOP_READING", 11.0)
    here, log = object.__new__(_Watcher), Behind(behind)
    monkeypatch.setattr(here, "_log", log, raising=False)
    monkeypatch.setattr(here, "_follow", log.follow)
    here._read_on()
    assert log.read == read, "to the end and a look whether there is more, or as long as that may take"


def test_what_was_not_read_before_a_stop_is_read_after_the_start(server: Server) -> None:
    parties = [f"p{n}" for n in range(5)]
    server.take([of(party, event("a", 1)) for party in parties], 1 * DAY)
    server.tick(1 * DAY + 3 * SECOND)
    server.log.add([of(party, event("x", 3)) for party in parties[:2]], 3 * DAY)  # committed, and not read
    server.stop()
    server.start(6 * DAY)
    server.tick(6 * DAY + SECOND)
    agrees(server)
    assert [party for party, _, state in on_record(server, "quiet") if state == "holds"] == ["p2", "p3", "p4"]
