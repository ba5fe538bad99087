"""What is told of changes: to whoever listens, and to whoever comes late and says how far it was."""

from __future__ import annotations

import asyncio

import pytest

from occasion.service import changed as module
from occasion.service.changed import Changed

BOTH = frozenset({"occasions", "party:ana"})


def test_who_comes_late_is_told_what_it_missed_and_nothing_else() -> None:
    changed = Changed("a")
    changed.tell("occasions")
    point = changed.point
    assert changed.since(point, BOTH) == frozenset()
    changed.tell("party:ana")
    changed.tell("party:ben")
    assert changed.since(point, BOTH) == {"party:ana"}
    assert changed.since(changed.point, BOTH) == frozenset()


@pytest.mark.parametrize("point", ["b-1", "a-", "a-x", "", "a"])
def test_a_point_of_another_run_or_none_may_have_missed_everything(point: str) -> None:
    changed = Changed("a")
    changed.tell("moments")
    assert changed.since(point, BOTH) == BOTH


def test_what_is_long_past_is_forgotten_towards_telling_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)
    changed = Changed("a")
    start = changed.point
    changed.tell("occasions")
    after = changed.point
    for number in range(3):
        changed.tell(f"party:{number}")
    assert changed.since(start, BOTH) == BOTH  # "occasions" is no longer remembered
    assert changed.since(after, BOTH) == frozenset()


def test_a_listener_hears_each_thing_once_and_knows_how_far_it_has_heard() -> None:
    async def listen() -> tuple[set[str], str]:
        with changed.listening(BOTH) as listener:
            for what in ("occasions", "party:ben", "occasions"):
                await asyncio.to_thread(changed.tell, what)
            await asyncio.wait_for(listener.something(), 5)
            await asyncio.sleep(0)
            return listener.take(), listener.point

    changed = Changed("a")
    assert asyncio.run(listen()) == ({"occasions"}, changed.point)
