"""The computer's clock is set back: the watcher's stands still meanwhile, and nothing is taken back or found twice."""

from __future__ import annotations

from functools import partial

import pytest

import followed
from followed import SECOND, Server, all_ready, edit, engine, of, on_record, server
from occasion.service.clock import Forward
from occasion.service.watching import Following
from occasion.store.positions import WATCH, position
from test_meaning import DAY, event

__all__ = ["engine", "server"]


def test_it_never_goes_back_and_what_has_elapsed_goes_on() -> None:
    ticks = iter([10, 11])
    clock = Forward(lambda: next(ticks))
    assert [clock.now(given) for given in (5, 7, 3, 8)] == [5, 7, 7, 8]
    assert [clock.elapsed(2), clock.elapsed(1)] == [10, 11]
    alone = Forward()
    assert [alone.elapsed(given) for given in (4, 3, 6)] == [4, 4, 6], "else reading what came since never ends"


def test_a_clock_that_jumps_back_takes_nothing_back(server: Server) -> None:
    """The computer's clock was a day ahead, and is set right: what was true stays, timers wait for the time to come."""
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    assert on_record(server, "quiet") == [("p", 4, "holds")]
    server.clock = 4 * DAY
    server.tick()
    server.take([of("q", event("a", 2))], server.clock)
    server.tick(server.clock + SECOND)
    server.tick()
    watcher = server.following.reading.watcher  # type: ignore[union-attr]
    assert (watcher.clock, watcher.horizon) == (5 * DAY, 5 * DAY - server.buffer_us)
    with server.engine.connect() as connection:
        assert position(connection, WATCH).clock >= 5 * DAY
    assert on_record(server, "quiet") == [("p", 4, "holds")], "q has until the end of the fifth day"
    server.tick(5 * DAY + 3 * SECOND)
    assert on_record(server, "quiet") == [("p", 4, "holds"), ("q", 5, "holds")]


@pytest.mark.parametrize("kept", [True, False])
def test_started_again_with_a_clock_that_was_set_back_it_takes_nothing_back(server: Server, kept: bool) -> None:
    server.take([event("a", 1)], 1 * DAY)
    server.tick(5 * DAY)
    assert on_record(server, "quiet") == [("p", 4, "holds")]
    server.stop()
    if not kept:
        (server.folder / "data" / "state.db").unlink()
    server.clock = 2 * DAY
    server.start(2 * DAY)
    server.tick(2 * DAY + SECOND)
    server.tick(2 * DAY + 2 * SECOND)
    assert server.following.reading.watcher.clock == 5 * DAY  # type: ignore[union-attr]
    assert on_record(server, "quiet") == [("p", 4, "holds")]
    assert all_ready(server)


def test_while_the_clock_stands_still_the_catalogue_is_read_and_the_state_is_saved(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    elapsed = 0
    server.stop()
    monkeypatch.setattr(followed, "Following", partial(Following, steady=lambda: elapsed))
    server.start(5 * DAY)
    server.clock = 1 * DAY
    server.take([event("a", 1)], 1 * DAY)
    edit(server, "  friends:", "  again: {when: 2nd x, owner: growth, purpose: p}\n  friends:")
    saved = server.following.reading.saved_seq  # type: ignore[union-attr]
    for _ in range(4):
        elapsed += 31 * SECOND
        server.tick()
    assert "again" in {one.name for one in server.following.catalogue().moments}  # type: ignore[union-attr]
    assert server.following.reading.saved_seq > saved  # type: ignore[union-attr]
