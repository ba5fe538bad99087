"""Rows that are brought into memory before anything comes of their parties: what is said stays what the law says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from followed import SECOND, Server, edit, engine, of, on_record, server
from occasion.events.event import Event
from occasion.moments.calendar import FAR
from occasion.moments.definition import Definition
from occasion.service import watched as watched_module
from occasion.service.watched import Reading
from occasion.store.kept_state import KeptState
from test_meaning import DAY, event
from test_packing import simple_streams
from test_watching import follows_the_law

__all__ = ["engine", "server"]
BETWEEN = ["group", "group", "group", "stop", "crash", "crash again", "tick", "checkpoint", "begin to save"]


@st.composite
def days(draw: st.DrawFn) -> tuple[list[Definition], list[Event], list[tuple[int, str]], int]:
    """As `test_watching.days`, of patterns that go into words."""
    watched, events, steps, buffer_us = draw(simple_streams().filter(lambda s: s[0][0].identity != s[0][1].identity))
    return watched, events, [(size, draw(st.sampled_from(BETWEEN))) for size, _ in steps], buffer_us


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(days(), st.booleans())
def test_rows_at_hand_before_anything_comes_say_what_the_law_says(
    day: tuple[list[Definition], list[Event], list[tuple[int, str]], int], small: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watched_module, "MANY_PARTIES", 0)
        patch.setattr("occasion.moments.reading.MANY_ON_SHELF", 1)
        patch.setattr("occasion.store.kept_state.AT_ONCE", 1)  # a row is brought between two groups, and at a tick
        for seconds in ("BETWEEN", "IDLE"):
            patch.setattr(f"occasion.service.watching.{seconds}", 0.0)
        follows_the_law(day, small)


def nine_in_the_table(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine parties that started, of moments that go into words, where so many count as many."""
    monkeypatch.setattr(watched_module, "MANY_PARTIES", 0)
    monkeypatch.setattr("occasion.moments.reading.MANY_ON_SHELF", 1)
    edit(server, "    expect: 10 days after start\n", "")
    server.tick(3 * SECOND)
    server.take([of(f"q{n}", event("a", 1)) for n in range(9)], 1 * DAY)
    server.tick(2 * DAY)


def room_for_five(reading: Reading, setting: str) -> int:
    """What a setting has to be for that."""
    return 5 if setting == "IN_MEMORY" else 5 * (8 * len(reading.rows.packing.plan.template) + 1)


@pytest.mark.parametrize("setting", ["IN_MEMORY", "WORDS_BYTES"])
def test_after_a_start_rows_are_at_hand_as_many_as_there_is_room_for(
    server: Server, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setattr("occasion.store.kept_state.AT_ONCE", 2)
    nine_in_the_table(server, monkeypatch)
    assert server.following is not None
    assert server.following.reading is not None
    most = room_for_five(server.following.reading, setting)
    server.stop()
    monkeypatch.setattr(watched_module, setting, most)
    server.start(2 * DAY)
    server.tick()
    assert server.following is not None
    reading = server.following.reading
    assert reading is not None
    assert 5 <= reading.rows.held.many() <= 6  # in pieces of two
    assert not reading.rows.held
    monkeypatch.setattr(KeptState, "read", lambda *_: [])
    server.take([of(party, event("a", 3)) for party in [*reading.rows.held.asleep]], 3 * DAY)
    server.tick(7 * DAY)
    assert len(on_record(server, "quiet")) > 0


@pytest.mark.parametrize("setting", ["IN_MEMORY", "WORDS_BYTES"])
def test_rows_that_events_touched_go_with_the_next_checkpoint_where_there_is_no_room(
    server: Server, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    nine_in_the_table(server, monkeypatch)
    assert server.following is not None
    reading = server.following.reading
    assert reading is not None
    assert reading.rows.table is not None
    monkeypatch.setattr(watched_module, setting, room_for_five(reading, setting))
    server.take([of(f"q{n}", event("a", 2)) for n in range(9)], 2 * DAY)
    assert reading.rows.held.many() == 9, "what is to be saved stays"
    for n in range(1, 6):
        server.tick(2 * DAY + 40 * n * SECOND)
    assert reading.rows.held.many() == 5
    server.take([of(f"q{n}", event("a", 3)) for n in range(9)], 3 * DAY)
    server.tick(7 * DAY)
    assert len(on_record(server, "quiet")) > 0


def test_the_rows_written_last_come_first_and_what_is_written_meanwhile_does_not(tmp_path: Path) -> None:
    kept = KeptState(tmp_path / "state.db")
    kept.write([(party, FAR, b"1") for party in "abcdef"], ())
    kept.write([(party, FAR, b"2") for party in "bd"], ["e"])
    rows = kept.latest(3)
    assert next(rows) == [("d", b"2"), ("b", b"2"), ("f", b"1")]
    kept.write([("g", FAR, b"3")], ())
    assert [*rows] == []
    assert [party for some in kept.latest(100) for party, _ in some] == ["g", "d", "b", "f", "c", "a"]
    kept.close()


def test_after_an_edit_rows_are_brought_into_the_table_that_is_new(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    nine_in_the_table(server, monkeypatch)
    server.stop()
    asked: list[int] = []
    latest = KeptState.latest
    monkeypatch.setattr(KeptState, "latest", lambda kept, most: [asked.append(most), latest(kept, most)][1])
    server.start(2 * DAY)
    server.tick()
    assert server.following is not None
    reading = server.following.reading
    assert reading is not None
    assert reading.rows.held.many() == 9
    assert asked == [9]
    edit(server, "count(x) >= 3", "count(x) >= 2")
    server.tick(2 * DAY + 3 * SECOND)
    for _ in range(9):
        server.tick(2 * DAY + 3 * SECOND)
    reading = server.following.reading
    assert reading is not None
    assert not reading.is_behind()
    assert reading.rows.table is not None
    assert asked == [9, 9]
