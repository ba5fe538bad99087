"""A watcher that starts again: what was on record is there once, what was lost is made up for, and it gets on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, update

from followed import (
    SECOND,
    Server,
    agrees,
    all_ready,
    crash_while_catching_up,
    edit,
    engine,
    of,
    on_record,
    server,
    step_by_step,
)
from occasion.service import pieces
from occasion.service import watched as watched_module
from occasion.service.watching import Following
from occasion.store.occurrences import Noticed
from occasion.store.schema.watched import OCCURRENCES, VERSIONS
from occasion.store.workspace import Workspace
from test_meaning import DAY, event

__all__ = ["engine", "server"]


def test_a_lost_state_is_read_from_the_log_and_what_was_on_record_stays_once(server: Server) -> None:
    told: list[Noticed] = []
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    before = on_record(server, "quiet")
    server.crash()
    (server.folder / "data" / "state.db").unlink()
    server.on_changes = lambda _, noticed, __: told.extend(noticed)
    server.start(5 * DAY + 10 * SECOND)
    assert on_record(server, "quiet") == before == [("p", 4, "holds")]
    assert {one.history for one in told} == {True}
    server.take([event("x", 2, seen=5)], 6 * DAY)
    server.tick()
    assert on_record(server, "quiet") == [("p", 4, "retracted")]


@pytest.mark.parametrize("edited", [False, True])
def test_reading_all_of_the_log_goes_on_where_it_was_broken_off(
    server: Server, monkeypatch: pytest.MonkeyPatch, edited: bool
) -> None:
    parties = [f"q{n}" for n in range(8)]
    server.take([of(party, event("a", 1)) for party in parties], 1 * DAY)
    server.tick(5 * DAY)
    before = on_record(server, "quiet")
    server.stop()
    (server.folder / "data" / "state.db").unlink()
    read: list[str] = []
    whole = watched_module.replayed

    def replayed(fast: Any, row: Any, party: str, events: Any, horizon: int) -> Any:
        read.append(party)
        return whole(fast, row, party, events, horizon)

    monkeypatch.setattr(watched_module, "replayed", replayed)
    monkeypatch.setattr(pieces, "EVENTS_AT_ONCE", 1)
    for seconds in ("BETWEEN", "IDLE"):
        monkeypatch.setattr(f"occasion.service.watching.{seconds}", 0.0)
    server.start(6 * DAY)
    server.tick(6 * DAY + 11 * SECOND)
    server.take([of("q0", event("x", 2, seen=6)), of("new", event("a", 6))], 6 * DAY + 30 * SECOND)
    server.tick(6 * DAY + 50 * SECOND)
    assert server.following.busy  # type: ignore[union-attr]
    there = len(read)
    assert 2 <= there < 8
    server.crash()
    if edited:
        edit(server, "no x for 3 days after a", "no x for 2 days after a")
    server.start(6 * DAY + 60 * SECOND)
    for second in range(70, 100):
        server.tick(6 * DAY + second * SECOND)
    assert not server.following.busy  # type: ignore[union-attr]
    agrees(server)
    if edited:
        assert set(read[there:]) >= set(parties), "other definitions: all of it is read again"
    else:
        assert set(read) == set(parties)
        assert set(read[there:]).isdisjoint(read[: there - 1]), "only what was read since that was written down"
        assert [one for one in on_record(server, "quiet") if one[0] != "q0"] == before[1:]
        assert ("q0", 4, "retracted") in on_record(server, "quiet")


def test_what_all_of_the_log_says_is_on_record_before_that_it_was_read(server: Server) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    server.stop()
    (server.folder / "data" / "state.db").unlink()
    with server.engine.begin() as connection:
        for table in (OCCURRENCES, VERSIONS):
            connection.execute(delete(table))
    following = Following(Workspace(server.folder, "UTC"), server.buffer_us)
    with server.engine.connect() as connection:
        following.start(server.log, 6 * DAY, connection)
    for second in range(5):
        following.tick(6 * DAY + second * SECOND)  # and what follows is never written
    assert following.reading is not None
    following.reading.close()
    server.start(6 * DAY + 10 * SECOND)
    assert on_record(server, "quiet") == [("p", 4, "holds")]
    assert all_ready(server)


def test_versions_become_ready_after_a_crash_right_before(server: Server) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    server.stop()
    with server.engine.begin() as connection:
        connection.execute(update(VERSIONS).values(ready=False))
    server.start(6 * DAY)
    assert all_ready(server)
    assert on_record(server, "quiet") == [("p", 4, "holds")]


def test_catching_up_goes_on_where_it_was_broken_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.following.reading.save()  # type: ignore[union-attr]
    for n in range(40):
        server.take([of(f"q{n}", event("a", 1))], 1 * DAY + n)
    step_by_step(monkeypatch)
    reached = []
    for _ in range(4):
        server.crash()
        server.start(server.clock)
        for _ in range(8):
            server.tick(server.clock + 1)
        assert server.following.busy  # type: ignore[union-attr]
        reached.append(server.following.reading.saved_seq)  # type: ignore[union-attr]
    assert reached == sorted(set(reached)), "every start gets further"
    server.crash()
    monkeypatch.undo()
    server.start(7 * DAY)
    agrees(server)


@pytest.mark.parametrize("ticks", range(8))
def test_what_came_late_before_two_crashes_takes_it_back_wherever_the_second_was(
    server: Server, monkeypatch: pytest.MonkeyPatch, ticks: int
) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)  # saved as it was a day after the start; then on record until now
    assert on_record(server, "quiet") == [("p", 4, "holds")]
    server.take([event("x", 2, seen=5)], 5 * DAY + 10)
    server.pending.clear()
    for n in range(3):
        server.log.add([of(f"q{n}", event("a", 5))], 5 * DAY + 20 + n)
    crash_while_catching_up(server, monkeypatch, ticks)
    assert on_record(server, "quiet") == [("p", 4, "retracted")]
    agrees(server)


def test_a_damaged_state_is_read_from_the_log(server: Server) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    server.stop()
    (server.folder / "data" / "state.db").write_bytes(b"this is no database" * 1000)
    server.start(6 * DAY)
    agrees(server)
