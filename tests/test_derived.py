"""What is derived from a moment obeys its law: an opened window that is over was either reached in or missed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from occasion.events.event import Event, in_order
from occasion.moments.catalogue import Moment, parse_catalogue
from occasion.moments.definition import (
    NOW,
    After,
    Definition,
    Node,
    Per,
    Period,
    Reach,
    Start,
    While,
    at_most_once,
)
from occasion.moments.derived import missed, opened, slipping, watched, why_not
from occasion.moments.live.program import live
from occasion.moments.meaning import Log, meaning
from occasion.moments.text import read
from occasion.store.engine_duckdb import DuckEngine
from sql_reading import by_law, by_query
from strategies import FIXED, cutoffs, definitions, logs, measured, patterns, stages, windows
from test_query_law import countable, without_ambiguity

LAW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def windowed(draw: st.DrawFn, staged: bool) -> Definition:
    """A moment with a window of its own, in a stage or not."""
    known = draw(stages()) if staged else ()
    measure, n = draw(measured())
    lo, hi = draw(windows())
    anchor = draw(patterns(known[0].name if known else None, depth=1))
    if (measure.kind != "count" or known) and not at_most_once(anchor):
        anchor = Start()
    node: Node = Reach(measure, n, anchor, lo, hi)
    if draw(st.booleans()):
        node = After(anchor, measure.source, draw(st.sampled_from(FIXED)))
    return Definition(While(node, known[0].name), known) if known else Definition(node)


def ats(definition: Definition | None, log: list[Event], as_of: int) -> list[int]:
    assert definition is not None
    return [o.at for o in meaning(definition, log, as_of)]


@LAW
@given(st.data(), st.booleans())
def test_an_opened_window_that_is_over_was_reached_in_or_missed(data: st.DataObject, staged: bool) -> None:
    definition = data.draw(windowed(staged))
    events = data.draw(logs(definition))
    as_of = data.draw(cutoffs(definition, events))
    assume(countable(definition, events, as_of))
    seen = Log(in_order(events, as_of), as_of, "UTC")
    pattern = definition.node.pattern if isinstance(definition.node, While) else definition.node
    assert isinstance(pattern, (Reach, After))
    hi = pattern.hi if isinstance(pattern, Reach) else pattern.within
    anchors, reached = ats(opened(definition), events, as_of), ats(definition, events, as_of)
    over = ats(missed(definition), events, as_of)
    for a in anchors:
        end = seen.plus(a, hi)
        if end > as_of:
            continue
        inside = [r for r in reached if a <= r < end]
        assert inside or end in over
        if at_most_once(pattern.anchor):
            assert not (inside and over), "one window: either, not both"
    assert len(over) <= len(anchors)


@LAW
@given(st.data())
def test_who_was_expected_came_by_then_or_slips(data: st.DataObject) -> None:
    definition = data.draw(definitions(depth=1))
    assume(not isinstance(definition.node, Per))
    anchor = data.draw(st.sampled_from([Start(), *_anchors()]))
    length = data.draw(st.sampled_from([NOW, *FIXED, Period(1, "month")]))
    late = slipping(definition, length, anchor)
    events = data.draw(logs(late))
    as_of = data.draw(cutoffs(late, events))
    assume(countable(late, events, as_of))
    seen = Log(in_order(events, as_of), as_of, "UTC")
    reached, slips = ats(definition, events, as_of), ats(late, events, as_of)
    assert slips == [o.at for o in live(late, events, as_of)]
    for a in ats(Definition(anchor), events, as_of):
        end = seen.plus(a, length) if length.n else a + 1
        if end <= as_of:
            assert (end in slips) == (not any(a <= r < end for r in reached))


def _anchors() -> Iterator[Node]:
    for text in ("first a", "a", "2nd b"):
        yield read(text).node


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckEngine]:
    with DuckEngine() as engine:
        yield engine


@settings(LAW, max_examples=40)
@given(st.data(), st.booleans())
def test_history_says_the_same_of_what_is_derived(duck: DuckEngine, data: st.DataObject, per: bool) -> None:
    definition = data.draw(windowed(data.draw(st.booleans())))
    if per:
        definition = Definition(Per(definition.node, "f"), definition.stages)
    late = slipping(definition, data.draw(st.sampled_from(FIXED)), Start())
    events = without_ambiguity(data.draw(logs(definition)))
    as_of = data.draw(cutoffs(definition, events))
    assume(countable(definition, events, as_of))
    for derived in (opened(definition), missed(definition), late):
        if derived is not None:
            assert by_query(duck, derived, events, as_of) == by_law(derived, events, as_of)


CATALOGUE = """
stages: [{name: new, enter: start}]
moments:
  m:
    when: '%s'
    owner: growth
    purpose: p
    expect: %s
"""


def moment(when: str, expect: str = "14 days after start") -> Moment:
    found = parse_catalogue(CATALOGUE % (when, expect))
    assert not found.errors()
    return found.moments[0]


def test_what_is_watched_of_a_moment_with_a_window_and_an_expectation() -> None:
    found = watched(moment("count(friend_added) >= 10 within 14 days of first signup"))
    assert [one.role for one in found] == ["reached", "opened", "missed", "slipping"]
    assert found[1].definition == read("first signup")
    assert found[2].definition == read("count(friend_added) < 10 within 14 days of first signup")
    assert found[3].text == "not by 14 days after start: count(friend_added) >= 10 within 14 days of first signup"


def test_a_step_that_follows_opens_with_the_step_before() -> None:
    rent = read("count(picture_viewed) >= 3 then first rent_clicked within 1 day per listing")
    assert opened(rent) == read("3rd picture_viewed per listing")
    assert missed(rent) == read("no rent_clicked for 1 day after 3rd picture_viewed per listing")


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("every 100th order", "it may come at any time: no window ends"),
        ("streak of 4 weeks of workout", "it may come at any time: no window ends"),
        ("count(a) >= 2 within 30 days", "no single window opens it"),
        ("a and b within 2 days", "no single window opens it"),
        ("no contact for 45 days", "comes by itself: it is averted, not missed"),
        ("contact returns after 5 years", "its window never ends: it can still come at any time"),
        ("a then b", "its window never ends: it can still come at any time"),
        ("every 1 year since first lease", "its dates come by themselves"),
        ("a then first b within 2 days while stage = \"new\"", "opened many times has no single end"),
        ("first a then b within 2 days while stage = \"new\"", ""),
    ],
)  # fmt: skip
def test_where_nothing_can_be_derived_it_says_why(when: str, why: str) -> None:
    one = moment(when)
    assert why_not(one.definition).endswith(why)
    assert [w.role for w in watched(one)] == ["reached", *([] if why else ["opened", "missed"]), "slipping"]
