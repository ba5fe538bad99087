"""Story 1: ten different friends within 14 days of signing up; the last second counts, the next one does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clocks import Clock
from occasion.moments.progress import progress_of, said
from occasion.moments.text import read
from occasion.store import occurrences
from occasion.store.occurrences import Occurred
from serving import make_place
from watched_server import Watched, watched
from watched_streams import BEGIN, DAY, SECOND

LINE = "distinct(friend of friend_added) >= 10 within 14 days of first signup"
CATALOGUE = f"""
moments:
  ten friends: {{when: {LINE}, owner: growth, purpose: the newcomer's people are here}}
"""
DAY_0 = BEGIN  # 2026-03-02, 09:00


@pytest.fixture
def server(records_url: str, tmp_path: Path) -> Iterator[Watched]:
    with watched(make_place(tmp_path / "w", CATALOGUE), Clock(DAY_0), records_url) as server:
        yield server


def nine_friends(server: Watched) -> list[str]:
    """Ana signs up and adds nine different friends by day 12, one of them twice: the events that count."""
    counted = [server.happens("ana", "signup", DAY_0)]
    for i in range(9):
        counted.append(server.happens("ana", "friend_added", DAY_0 + (i + 1) * DAY, friend=f"friend {i}"))
    server.happens("ana", "friend_added", DAY_0 + 11 * DAY, friend="friend 3")
    return counted


def on_record(server: Watched) -> dict[str, list[Occurred]]:
    server.passed()
    with server.service.engine.connect() as connection:
        found = occurrences.of(connection, "ana")
    return {role: [one for one in found if one.role == role] for role in ("opened", "reached", "missed")}


def test_the_tenth_comes_in_the_last_second(server: Watched) -> None:
    counted = nine_friends(server)
    server.clock.now = DAY_0 + 12 * DAY
    assert [one.at_us for one in on_record(server)["opened"]] == [DAY_0]
    (so_far,) = progress_of(read(LINE), server.service.log.of("ana"), DAY_0 + 12 * DAY).values()
    assert said(so_far, DAY_0 + 12 * DAY) == "9 of 10, 2 days left"

    last = DAY_0 + 14 * DAY - SECOND
    counted.append(server.happens("ana", "friend_added", last, friend="friend 9"))
    server.clock.now = DAY_0 + 20 * DAY
    found = on_record(server)
    (reached,) = found["reached"]
    assert (reached.at_us, reached.state) == (last, "holds")
    assert list(reached.evidence) == counted, "the signing up and the ten, not the one who was added twice"
    assert found["missed"] == []


def test_a_second_later_it_is_closed_and_shown_as_missed(server: Watched) -> None:
    nine_friends(server)
    server.happens("ana", "friend_added", DAY_0 + 14 * DAY, friend="friend 9")
    server.clock.now = DAY_0 + 14 * DAY + 10 * SECOND
    found = on_record(server)
    assert found["reached"] == []
    assert [one.at_us for one in found["missed"]] == [DAY_0 + 14 * DAY]
    (closed,) = progress_of(read(LINE), server.service.log.of("ana"), server.clock.now).values()
    assert closed.state == "closed"
    assert said(closed, server.clock.now) == "missed, with 9 of 10"
