"""The live reading is held to the law: on generated definitions, logs and cut-offs, and on the fixed table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import test_meaning
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import cutoffs, definitions, logs

from occasion.events.event import Event
from occasion.moments.definition import Definition, Every, Stage, walk
from occasion.moments.live import live
from occasion.moments.meaning import Occurrence, meaning

DAY = 86_400_000_000
QUICK = settings(max_examples=2500, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=60_000, deadline=None, suppress_health_check=list(HealthCheck))


def patterns_of(definition: Definition) -> Iterator[object]:
    yield from walk(definition.node)
    for stage in definition.stages:
        yield from walk(stage.enter)


def shortened(definition: Definition, log: list[Event], as_of: int) -> int:
    """The cut-off, but no later than 300 dates of the shortest `every` after the last event."""
    shortest = [p.period.us for p in patterns_of(definition) if isinstance(p, Every) and not p.period.civil]
    if not shortest or not log:
        return as_of
    return min(as_of, max(e.at for e in log) + 300 * min(shortest))


def countable(definition: Definition, log: list[Event], as_of: int) -> bool:
    """Whether `every` has not too many dates between the first event and the cut-off to list."""
    span = as_of - min((e.at for e in log), default=as_of)
    return all(p.period.civil or span / p.period.us < 2000 for p in patterns_of(definition) if isinstance(p, Every))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Definition, list[Event], int]:
    definition = draw(definitions())
    log = draw(logs(definition))
    as_of = shortened(definition, log, draw(cutoffs(definition, log)))
    if not countable(definition, log, as_of):
        log = log[:1]
        as_of = shortened(definition, log, as_of)
    return definition, log, as_of


def agrees(case: tuple[Definition, list[Event], int]) -> None:
    definition, log, as_of = case
    assert live(definition, log, as_of) == meaning(definition, log, as_of)


@QUICK
@given(cases())
def test_live_is_the_law(case: tuple[Definition, list[Event], int]) -> None:
    agrees(case)


@pytest.mark.slow
@LONG
@given(cases())
def test_live_is_the_law_on_many(case: tuple[Definition, list[Event], int]) -> None:
    agrees(case)


TABLE = [name for name in vars(test_meaning) if name.startswith("test_")]


@pytest.mark.parametrize("name", [n for n in TABLE if "leaves_the_calendar" not in n])
def test_the_fixed_table_holds_live(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_meaning, "meaning", live)
    vars(test_meaning)[name]()


@pytest.mark.parametrize("unit", ["month", "year"])
def test_a_period_that_leaves_the_calendar_never_ends_live(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_meaning, "meaning", live)
    test_meaning.test_a_period_that_leaves_the_calendar_never_ends(unit)
