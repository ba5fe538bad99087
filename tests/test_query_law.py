"""The SQL reading is held to the law: on generated definitions, logs and cut-offs, and on the fixed table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from occasion.events.event import Event
from occasion.moments.definition import Definition, Every, walk
from occasion.store.engine_duckdb import DuckEngine
from sql_reading import by_law, by_query
from strategies import cutoffs, definitions, logs

QUICK = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=6_000)
MOST_DATES = 60
Case = tuple[Definition, list[Event], int, str]


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckEngine]:
    with DuckEngine() as engine:
        yield engine


def without_ambiguity(log: list[Event]) -> list[Event]:
    """The log without a second event under an id seen at the same instant: which of the two counts is nobody's rule."""
    first: dict[tuple[str, int], Event] = {}
    for event in log:
        first.setdefault((event.id, event.seen), event)
    return list(first.values())


def countable(definition: Definition, events: list[Event], as_of: int) -> bool:
    """Whether no `every` has too many dates to list between the first event and the cut-off."""
    tops = [definition.node, *(stage.enter for stage in definition.stages)]
    periods = [n.period for top in tops for n in walk(top) if isinstance(n, Every) and not n.period.civil]
    span = as_of - min((e.at for e in events), default=as_of)
    return all(span / period.us < MOST_DATES for period in periods)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Definition, list[Event], int, str]:
    definition = draw(definitions())
    parties = [without_ambiguity(draw(logs(definition, parties=(f"p{i}",)))) for i in range(3)]
    events = [event for log in parties for event in log]
    as_of = draw(cutoffs(definition, events))
    assume(countable(definition, events, as_of))
    return definition, events, as_of, draw(st.sampled_from(["UTC", "UTC", "Europe/Warsaw"]))


def holds(duck: DuckEngine, case: Case) -> None:
    definition, events, as_of, zone = case
    wanted, found = by_law(definition, events, as_of, zone), by_query(duck, definition, events, as_of, zone)
    assert found == wanted, f"too much: {sorted(found - wanted)}; missing: {sorted(wanted - found)}"


@QUICK
@given(case=cases())
def test_sql_reads_what_the_law_reads(duck: DuckEngine, case: Case) -> None:
    holds(duck, case)


@pytest.mark.slow
@LONG
@given(case=cases())
def test_sql_reads_what_the_law_reads_at_length(
    duck: DuckEngine, case: Case
) -> None:
    holds(duck, case)
