"""What follows from what was read, written in several transactions: what open pages are told of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from occasion.moments.watch import Change
from occasion.service import effects as effects_module
from occasion.service.effects import Work
from occasion.store.occurrences import Noticed
from occasion.store.records import open_records

PARTIES = ("p0", "p1", "p2", "p3")


@pytest.fixture
def engine(records_url: str) -> Iterator[Engine]:
    found = open_records(records_url)
    yield found
    found.dispose()


def reached(party: str) -> Noticed:
    change = Change("reached", "v1", party, None, 1_000_000, 1_000_000, (f"{party}-e",), 2_000_000)
    return Noticed(change, "reached", "third", "v1")


@pytest.mark.parametrize("committed", [1, 2])
def test_pages_are_told_of_what_was_committed_before_the_rest_was_tried_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, committed: int
) -> None:
    monkeypatch.setattr(effects_module, "CHANGES_AT_ONCE", 2)
    told: list[str] = []
    work = Work(None, told.append)
    work.changes([reached(party) for party in PARTIES], 4)
    effects = work.effects(3_000_000)
    assert effects is not None
    assert effects.steps is not None
    assert effects.done is not None
    steps = effects.steps()
    for _ in range(committed):  # each in a transaction of its own; then the database is lost
        with engine.begin() as connection:
            next(steps)(connection)
    with engine.begin() as connection:
        for step in effects.steps():
            step(connection)
    assert told == [], "nothing before all of it is on record"
    effects.done()
    assert told == ["occasions", *(f"party:{party}" for party in PARTIES)]
    assert not work
