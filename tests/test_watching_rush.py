"""Identities that change, and a state that is lost, while the watcher catches up: what is on record becomes true."""

from __future__ import annotations

import pytest

from followed import SECOND, Server, agrees, edit, engine, of, on_record, server, step_by_step
from test_meaning import DAY, event

__all__ = ["engine", "server"]


@pytest.mark.parametrize("undone", [False, True])
def test_identities_change_while_a_rush_is_caught_up_with(
    server: Server, monkeypatch: pytest.MonkeyPatch, undone: bool
) -> None:
    server.take([of("q", event("a", 1))], 1 * DAY)
    server.tick(1 * DAY + 3 * SECOND)
    number = server.merge("p1", "p2") if undone else None
    server.tick(1 * DAY + 300 * SECOND)
    assert server.following is not None
    assert server.following.reading is not None
    server.following.reading.save()
    server.take([of("q2", event("a", 1.8))], 2 * DAY)
    server.write()
    for n in range(30):  # committed in a rush, and not read
        server.log.add([of(f"r{n}", event("a", 2.1 + n / 200))], round((2.1 + n / 200) * DAY))
    server.log.add([of("p1", event("a", 3))], 3 * DAY)
    server.log.add([of("p2", event("a", 3.5))], round(3.5 * DAY))
    server.log.add([of("p2", event("x", 9))], 9 * DAY)
    server.crash()
    with monkeypatch.context() as slow:
        step_by_step(slow)
        server.start(10 * DAY)
        for _ in range(3):
            server.tick(server.clock + 1)
        assert server.following._catching is not None  # groups are at hand under the names of now
        if number is None:
            server.merge("p1", "p2")
        else:
            server.undo(number)
        for _ in range(200):
            server.tick(server.clock + 1)
    for n in range(10):
        server.tick(11 * DAY + n * SECOND)
    assert not server.following.busy
    agrees(server)


@pytest.mark.parametrize("how", ["the state is lost", "history was loaded beside"])
def test_what_is_not_true_is_taken_back_where_all_is_read_anew(server: Server, how: str) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    assert on_record(server, "quiet") == [("p", 4, "holds")]
    if how == "the state is lost":
        server.log.add([event("x", 2, seen=5)], 5 * DAY + SECOND)  # committed and not read
        server.crash()
        (server.folder / "data" / "state.db").unlink()
    else:
        server.stop()
        server.log.groups[0][2].append(event("x", 2))
        server.log.loads = lambda: 1  # type: ignore[method-assign]
    server.start(6 * DAY)
    for n in range(20):
        server.tick(6 * DAY + n * SECOND)
    assert server.following is not None
    assert not server.following.busy
    assert on_record(server, "quiet") == [("p", 4, "retracted")]
    agrees(server)


def test_a_party_that_is_merged_before_anything_of_it_is_read_has_its_history_after_an_edit(server: Server) -> None:
    server.tick(1 * DAY)
    assert server.following is not None
    assert server.following.reading is not None
    server.following.reading.save()
    server.take([of("anon", event("a", 1)), of("ana", event("a", 1))], 1 * DAY)  # no instant of these is closed
    server.merge("anon", "ana")
    server.tick(1 * DAY + 3 * SECOND)
    edit(server, "count(x) >= 3", "count(x) >= 2")
    for at in (1 * DAY + 6 * SECOND, 1 * DAY + 8 * SECOND, 5 * DAY, 20 * DAY):
        server.tick(at)
    agrees(server)
