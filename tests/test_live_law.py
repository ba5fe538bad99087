"""The live reading is held to the law: on generated definitions, logs and cut-offs, and on the fixed table."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import test_meaning
from occasion.events.event import Event, in_order
from occasion.moments.definition import (
    NOW,
    STRICTLY_LATER,
    After,
    And,
    Compare,
    Definition,
    Did,
    Every,
    Fewer,
    Measure,
    Node,
    Nth,
    Or,
    Per,
    Period,
    Reach,
    Rolling,
    Selection,
    Silence,
    Stage,
    Start,
    Streak,
    While,
    walk,
)
from occasion.moments.live import Program, live, occurrence
from occasion.moments.live.fast import Fast, Shown
from occasion.moments.meaning import meaning
from strategies import cutoffs, definitions, logs

DAY = 86_400_000_000
QUICK = settings(max_examples=1200, deadline=None, suppress_health_check=list(HealthCheck))
HALF = settings(QUICK, max_examples=400)
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


def leaves() -> st.SearchStrategy[Node]:
    where = st.sampled_from([None, None, None, Compare("f", "=", "x"), Compare("v", ">", Decimal(1))])
    return st.builds(Did, st.builds(Selection, st.just("event"), st.sampled_from("ab"), where))


@st.composite
def simple_patterns(draw: st.DrawFn) -> Node:
    """The patterns that have a snippet: selections right below the node."""
    a, b = draw(leaves()), draw(leaves())
    n = draw(st.integers(1, 4))
    lo = draw(st.sampled_from([NOW, STRICTLY_LATER, Period(1, "hour")]))
    hi = draw(st.sampled_from([Period(1, "day"), Period(3, "day"), Period(1, "month")]))
    anchor = draw(st.sampled_from([Start(), Nth(b, 1), b, Or(a, Start()), a]))
    once = draw(st.sampled_from([Start(), Nth(b, 1)]))
    kind = draw(st.sampled_from(["count", "count", "distinct", "sum"]))
    measure = Measure(kind, a, "" if kind == "count" else draw(st.sampled_from("fv")))
    window = draw(st.sampled_from([Reach, Fewer]))
    return draw(
        st.sampled_from(
            [
                a,
                Nth(a, n, draw(st.booleans())),
                window(measure, Decimal(n), anchor if kind == "count" else once, lo, hi),
                window(measure, Decimal(n), anchor if kind == "count" else once, lo, hi),
                Reach(measure, Decimal(n), anchor if kind == "count" else once, lo, None),
                Fewer(Measure("count", a), Decimal(1), anchor, STRICTLY_LATER, hi),
                Rolling(measure, Decimal(n), Period(3, "day")),
                After(b, a, draw(st.sampled_from([None, Period(1, "day")]))),
                Streak(a, n, draw(st.sampled_from(["day", "week"]))),
                Every(Nth(a, n), Period(1, "week")),
                And(Nth(a, n), Nth(b, 2)),
            ]
        )
    )


@st.composite
def simple_cases(draw: st.DrawFn) -> tuple[Definition, list[Event], int]:
    """Longer logs of few names, so that groups fill, windows end and values repeat."""
    node = draw(simple_patterns())
    if draw(st.sampled_from([False, False, True])):
        node = Per(node, "g")
    gaps = st.sampled_from([0, 1, DAY // 24, DAY // 3, DAY // 2])
    lengths = [DAY // 24, DAY, DAY, 3 * DAY, 3 * DAY]
    aims = st.tuples(st.integers(0, 4), st.sampled_from(lengths), st.sampled_from([-1, 0, 0, 1]))
    row = st.tuples(
        st.sampled_from("aaab"),
        st.one_of(gaps, aims),  # how long after the event before, or on the edge of a window that an earlier one opened
        st.sampled_from([{}, {"f": "x"}, {"f": "y"}, {"f": Decimal(2)}]),
        st.sampled_from([{}, {"v": Decimal(2)}, {"v": Decimal("-1.5")}, {"v": "2"}]),
        st.sampled_from([{}, {"g": "u"}, {"g": "u"}, {"g": "w"}, {"g": Decimal(1)}]),
        st.sampled_from([0, 0, 0, 5, DAY]),
        st.sampled_from([None] * 8 + ["Europe/Warsaw", "UTC"]),
    )
    at, log = 1_711_756_800_000_000, list[Event]()  # 2024-03-30, the day before a clock change in Warsaw
    for i, (name, step, f, v, g, late, zone) in enumerate(draw(st.lists(row, max_size=25))):
        if isinstance(step, int):
            at += step
        elif log:
            back, length, off = step
            at = max(at, log[max(0, len(log) - 1 - back)].at + length + off)
        log.append(Event(party="p", name=name, at=at, seen=at + late, id=f"{i:02}", properties=f | v | g, zone=zone))
    return Definition(node), log, at + draw(st.sampled_from([0, DAY, 100 * DAY]))


def agrees(case: tuple[Definition, list[Event], int]) -> None:
    definition, log, as_of = case
    assert live(definition, log, as_of) == meaning(definition, log, as_of)


@QUICK
@given(st.one_of(cases(), simple_cases()))
def test_live_is_the_law(case: tuple[Definition, list[Event], int]) -> None:
    agrees(case)


@pytest.mark.slow
@LONG
@given(st.one_of(cases(), simple_cases()))
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


def quick_is_long(case: tuple[Definition, list[Event], int]) -> None:
    """Instant by instant the quick path finds and leaves what the machines find and leave."""
    definition, log, as_of = case
    program = Program([definition])
    fast = Fast(program)
    long, quick = program.blank(), program.blank()
    for at, together in groupby(in_order(log, as_of), key=lambda event: event.at):
        events = list(together)
        expected = program.advance(long, at - 1) + program.instant(long, at, events)
        found: list[Shown] = []
        reached = program.advance(quick, at - 1)
        if len(events) > 1 or not fast.event(quick, events[0], found, []):
            reached += program.instant(quick, at, events)
        found = [("p", i, per, when, known, evidence) for i, per, when, (known, evidence, _) in reached] + found
        expected_too = [("p", i, per, when, known, list(e)) for i, per, when, (known, e, _) in expected]
        assert [(*one[:5], list(one[5])) for one in found] == expected_too
        assert program.save(quick) == program.save(long)
        assert quick[1] <= long[1]  # the next timer may be looked for too early, never too late


@QUICK
@given(cases())
def test_the_quick_path_is_the_long_one(case: tuple[Definition, list[Event], int]) -> None:
    quick_is_long(case)


@QUICK
@given(simple_cases())
def test_the_quick_path_is_the_long_one_where_it_is_quick(case: tuple[Definition, list[Event], int]) -> None:
    quick_is_long(case)


EDGE_A, EDGE_B = Did(Selection("event", "a")), Did(Selection("event", "b"))
EDGES: list[Node] = [
    *(Reach(Measure("count", EDGE_A), Decimal(n), anchor, lo, Period(3, "day"))
      for n in (1, 2, 4) for anchor in (Start(), Nth(EDGE_B, 1), EDGE_B) for lo in (NOW, STRICTLY_LATER)),
    *(Reach(Measure(kind, EDGE_A, field), Decimal(4), Start(), NOW, Period(3, "day"))
      for kind, field in (("distinct", "f"), ("sum", "v"))),
    *(Fewer(Measure("count", EDGE_A), Decimal(n), anchor, STRICTLY_LATER, Period(3, "day"))
      for n in (1, 4) for anchor in (Start(), EDGE_A, EDGE_B, Or(EDGE_A, Start()))),
    *(Rolling(Measure("count", EDGE_A), Decimal(n), Period(3, "day")) for n in (2, 3)),
    After(EDGE_B, EDGE_A, Period(3, "day")),
    Streak(EDGE_A, 3, "day"),
]  # fmt: skip


@pytest.mark.parametrize("node", EDGES)
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_the_quick_path_on_the_edges(node: Node, off: int) -> None:
    """A b or an a, then a's: the last but one on the end of the first one's window, the last on that of the third."""
    begin = 1_711_756_800_000_000
    ends = [begin, begin + DAY // 2, begin + DAY, begin + 3 * DAY + off, begin + 4 * DAY + off]
    for first in ("b", "a"):
        log = [
            Event(party="p", name=name, at=at, seen=at, id=f"{i}", properties={"f": str(i), "v": Decimal(1)})
            for i, (name, at) in enumerate(zip([first, *"aaaa"], ends, strict=True))
        ]
        case = Definition(node), log, begin + 10 * DAY
        quick_is_long(case)
        agrees(case)


@pytest.mark.slow
@LONG
@given(st.one_of(cases(), simple_cases()))
def test_the_quick_path_is_the_long_one_on_many(case: tuple[Definition, list[Event], int]) -> None:
    quick_is_long(case)


TABLE = [name for name in vars(test_meaning) if name.startswith("test_")]


@pytest.mark.parametrize("name", [n for n in TABLE if "leaves_the_calendar" not in n])
def test_the_fixed_table_holds_live(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_meaning, "meaning", live)
    vars(test_meaning)[name]()


@pytest.mark.parametrize("unit", ["month", "year"])
def test_a_period_that_leaves_the_calendar_never_ends_live(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_meaning, "meaning", live)
    test_meaning.test_a_period_that_leaves_the_calendar_never_ends(unit)


def test_a_flag_is_no_number_in_a_sum() -> None:
    total = Definition(Reach(Measure("sum", EDGE_A, "v"), Decimal(1), Start()))
    assert live(total, [test_meaning.event("a", d, v=True) for d in (0, 1)], 9 * DAY) == []


def test_entering_the_stage_one_is_in_starts_no_silence() -> None:
    quiet = Fewer(Measure("count", EDGE_B), Decimal(1), EDGE_A, STRICTLY_LATER, Period(3, "day"), Silence("in", True))
    definition = Definition(While(quiet, "in"), (Stage("in", Did(Selection("event", "enter"))),))
    entered = [test_meaning.event("enter", d) for d in (0, 1)]
    assert [o.at for o in live(definition, entered, 9 * DAY)] == [3 * DAY]
    assert live(definition, entered, 9 * DAY) == meaning(definition, entered, 9 * DAY)


@st.composite
def complements(draw: st.DrawFn) -> tuple[Reach, Fewer, list[Event]]:
    """One window said both ways, from each single anchor: `>= n` and `< n`, or `then first` and `no ... for`."""
    a, x = draw(leaves()), draw(leaves())
    kind = draw(st.sampled_from(["count", "count", "sum", "distinct"]))
    measure = Measure(kind, x, "" if kind == "count" else draw(st.sampled_from("fv")))
    anchor = Nth(a, draw(st.integers(1, 4)))
    lo, n = draw(st.sampled_from([NOW, STRICTLY_LATER, Period(1, "hour")])), Decimal(draw(st.integers(1, 3)))
    hi = draw(st.sampled_from([Period(1, "day"), Period(3, "day"), Period(1, "month")]))
    _, log, _ = draw(simple_cases())
    return Reach(measure, n, anchor, lo, hi), Fewer(measure, n, anchor, lo, hi), log


@HALF
@given(complements())
def test_once_the_window_is_over_exactly_one_of_reached_and_not_holds(case: tuple[Reach, Fewer, list[Event]]) -> None:
    reached, fewer, log = case
    end = max((e.seen for e in log), default=0) + 40 * DAY
    anchors = live(Definition(reached.anchor), log, end)
    both = live(Definition(reached), log, end) + live(Definition(fewer), log, end)
    assert len(both) == len(anchors) <= 1


@HALF
@given(st.one_of(cases(), simple_cases()), st.integers(0, 30))
def test_the_reading_at_t_is_the_reading_at_the_end_cut_at_t(
    case: tuple[Definition, list[Event], int], which: int
) -> None:
    definition, log, as_of = case
    at_once = [msgspec.structs.replace(e, id=f"{e.id}/{i}", seen=e.at) for i, e in enumerate(log)]
    cuts = [as_of, *(e.at + off for e in log for off in (-1, 0, 1))]
    cut = min(as_of, cuts[which % len(cuts)])
    whole = live(definition, at_once, as_of)
    assert live(definition, at_once, cut) == [o for o in whole if o.at <= cut]
