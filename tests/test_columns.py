"""States in a table of words, read by the compiled loop, are what the rows and their machines say, word by word."""

from __future__ import annotations

from collections import Counter
from typing import cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from occasion.events.event import Event
from occasion.moments.definition import (
    Definition,
)
from occasion.moments.watch import MemoryLog, Watcher
from test_live_law import simple_cases, simple_patterns
from test_meaning import DAY
from test_watch import restarted, short

SECOND = 1_000_000
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
Case = tuple[list[Definition], list[Event], list[tuple[int, str]], int, bool]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Definitions of one log each, its events in the order they come (on time, late, shuffled), and what is done after
    how many of them.
    """
    first, log, _ = draw(simple_cases())
    watched = [first, *(Definition(draw(simple_patterns())) for _ in range(3))]
    other = [msgspec.structs.replace(e, party="q", id=f"q{e.id}") for e in draw(simple_cases())[1]]
    stated = draw(st.booleans())
    events = [e if stated else msgspec.structs.replace(e, zone=None) for e in (*log, *other)]
    came = draw(st.sampled_from(["seen", "at", "at", "shuffled"]))
    if came == "shuffled":
        events = draw(st.permutations(events))
    else:
        events = sorted(events, key=lambda e: (getattr(e, came), e.id))
    done = st.sampled_from(["feed", "feed", "feed", "save", "restart", "forget"])
    steps = draw(st.lists(st.tuples(st.integers(1, 9), done), max_size=8))
    return watched, events, steps, draw(st.sampled_from([0, 2 * SECOND, DAY])), draw(st.booleans())


def kept(watcher: Watcher) -> dict[str, dict[str, object]]:
    """What is saved of each party, but for when it was last read: a timer merely put off may count or not."""
    parties = cast(dict[str, dict[str, object]], watcher.save()["parties"])
    return {party: {key: value for key, value in one.items() if key != "read"} for party, one in parties.items()}


def by_many(watched: list[Definition], log: MemoryLog, buffer_us: int) -> Watcher:
    """A watcher that has its table from the first event on."""
    watcher = Watcher(watched, log, buffer_us=buffer_us)
    watcher.reading.many = 1
    return watcher


def agrees(case: Case) -> int:
    """How many parties were in the table at the end."""
    watched, events, steps, buffer_us, saving = case
    watched = list({d.identity: d for d in watched}.values())
    log = MemoryLog()
    table, rows = by_many(watched, log, buffer_us), Watcher(watched, log, buffer_us=buffer_us)
    rows.reading.many = None
    at = inside = 0
    for size, what in [*steps, (len(events), "feed"), (0, "later")]:
        batch, at = events[at : at + size], at + size
        clock = max([table.clock, *(e.seen if size % 2 else e.at for e in batch)])
        if clock < 0:
            continue
        new = log.add(batch)
        clock += 400 * DAY * (what == "later")
        one, two = table.feed(new, clock), rows.feed(new, clock)
        assert Counter(one) == Counter(two)
        inside = len(table.reading.columns.everyone()) if table.reading.columns is not None else 0
        if what == "restart":
            table, rows = restarted(table, log), restarted(rows, log)
            table.reading.many, rows.reading.many = 1, None
        elif what == "save":
            assert kept(table) == kept(rows)
        elif what == "forget":
            log.events = {key: e for key, e in log.events.items() if e.party != "q"}
            log.parties.pop("q", None)
            table.forget("q")
            rows.forget("q")
        if saving:  # puts every party into its row
            assert kept(table) == kept(rows)
    assert kept(table) == kept(rows)
    return inside


def fit(case: Case) -> bool:
    watched, events, _, buffer_us, _ = case
    return short(watched, events, buffer_us + 400 * DAY)


@QUICK
@given(cases().filter(fit))
def test_the_table_says_and_keeps_what_the_rows_do(case: Case) -> None:
    agrees(case)


@pytest.mark.slow
@settings(QUICK, max_examples=15_000)
@given(cases().filter(fit))
def test_the_table_says_and_keeps_what_the_rows_do_on_many(case: Case) -> None:
    agrees(case)
