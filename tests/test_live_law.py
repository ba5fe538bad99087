"""The live reading is held to the law: on generated definitions, logs and cut-offs, and on the fixed table."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import test_meaning
from occasion.events.event import Event, in_order
from occasion.moments.definition import Definition, Did, Every, Measure, Nth, Reach, Selection, Start, walk
from occasion.moments.live import Program, live, occurrence
from occasion.moments.meaning import meaning
from strategies import cutoffs, definitions, logs

DAY = 86_400_000_000
QUICK = settings(max_examples=2500, deadline=None, suppress_health_check=list(HealthCheck))
HALF = settings(QUICK, max_examples=800)
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


@st.composite
def cut_cases(draw: st.DrawFn) -> tuple[Definition, list[Event], int, int]:
    definition, log, as_of = draw(cases())
    return definition, log, draw(st.sampled_from([e.at + off for e in log for off in (-1, 0, 1)] or [as_of])), as_of


@HALF
@given(cut_cases())
def test_saved_and_restored_at_any_instant_is_never_saved(case: tuple[Definition, list[Event], int, int]) -> None:
    definition, log, cut, as_of = case
    ordered = in_order(log, as_of)
    cut = min(cut, as_of)
    program = Program([definition])
    row = program.blank()
    before = program.read(row, [e for e in ordered if e.at <= cut]) + (program.advance(row, cut) if ordered else [])
    saved = msgspec.json.decode(msgspec.json.encode(program.save(row)))
    again = Program([definition]).restore(saved)
    assert again is not None
    reached = before + program.read(again, [e for e in ordered if e.at > cut]) + program.advance(again, as_of)
    whole = program.blank()
    never = program.read(whole, ordered) + program.advance(whole, as_of)
    assert [occurrence("p", one) for one in reached] == [occurrence("p", one) for one in never]
    assert program.save(again) == program.save(whole)


def test_a_sum_beyond_63_bits_is_saved() -> None:
    huge = Definition(Reach(Measure("sum", Did(Selection("event", "x")), "v"), Decimal(10) ** 17 * 15, Start()))
    program = Program([huge])
    row = program.blank()
    events = [test_meaning.event("x", d, v=Decimal(10) ** 17 * 9) for d in range(2)]
    assert program.read(row, events[:1]) == []
    restored = program.restore(msgspec.json.decode(msgspec.json.encode(program.save(row))))
    assert restored is not None
    assert [at for _, _, at, _ in program.read(restored, events[1:])] == [DAY]


def test_a_definition_that_was_not_saved_is_not_restored() -> None:
    one, two = Definition(Start()), Definition(Nth(Did(Selection("event", "x")), 2))
    saved = Program([one]).save(Program([one]).blank())
    assert Program([one, two]).restore(saved) is None


TABLE = [name for name in vars(test_meaning) if name.startswith("test_")]


@pytest.mark.parametrize("name", [n for n in TABLE if "leaves_the_calendar" not in n])
def test_the_fixed_table_holds_live(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_meaning, "meaning", live)
    vars(test_meaning)[name]()


@pytest.mark.parametrize("unit", ["month", "year"])
def test_a_period_that_leaves_the_calendar_never_ends_live(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_meaning, "meaning", live)
    test_meaning.test_a_period_that_leaves_the_calendar_never_ends(unit)
