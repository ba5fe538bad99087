"""What the linter finds in a catalogue: what never came, what can never hold, what is said twice."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from catalogue_texts import DESIGN, moments, places, the_one
from occasion.moments.alike import sense
from occasion.moments.catalogue import parse_catalogue
from occasion.moments.check import Seen, check, keeps, wrong
from occasion.moments.definition import And, Definition, Every, Node, Or, rewrite, walk
from occasion.moments.keeps import state_of
from occasion.moments.meaning import meaning
from occasion.moments.never import idle, never
from occasion.moments.placed import Place
from occasion.moments.text import read
from strategies import cutoffs, definitions, logs


def seen(fields: Mapping[str, str]) -> Seen:
    return Seen(dict.fromkeys(fields, 3), {name: frozenset(some.split()) for name, some in fields.items()})


def test_unknown_events_wherever_they_are_named() -> None:
    text = DESIGN.replace("14 days after start", "14 days after first sinup")
    found = [f for f in check(parse_catalogue(text), seen({"signup": "", "friend_added": ""})) if f.code == "event"]
    assert [(f.place.line, f.about.split()[0]) for f in found] == [(3, "stage"), (5, "process"), (13, "moment")]
    assert "did you mean signup?" in found[-1].message
    assert "the log has friend_added, signup" in found[0].message
    assert wrong(check(parse_catalogue(text))) == wrong(check(parse_catalogue(text)))[:1]  # without a log: not asked


def test_fields_that_never_came() -> None:
    log = seen({"a": "tie listing", "b": "listing direction"})
    catalogue = moments('a where tye = "old"', "sum(amount of b) >= 3", "a then b per listing", "a then b per tie")
    found = [f for f in wrong(check(catalogue, log)) if f.code in ("field", "per")]
    assert [(f.about, f.code, f.place.column) for f in found] == [
        ('moment "m1"', "field", 15),
        ('moment "m2"', "field", 11),
        ('moment "m4"', "per", 20),
    ]
    assert found[0].message == "a never has the field tye: did you mean tie?"
    assert found[2].message.startswith("b never has the `per` field tie")
    both = check(moments('any where x = 1 and direction = "in"'), log)
    assert the_one(both, "field").message == "any never has the field x"


def test_what_never_occurred_is_asked_only_of_what_could_have() -> None:
    catalogue = moments("first a", "first b", "2nd start", "first nobody")
    asked = []

    def reached(moment: object) -> int:
        asked.append(moment.name)  # type: ignore[attr-defined]
        return 1 if asked[-1] == "m1" else 0

    found = wrong(check(catalogue, Seen({"a": 1, "b": 1}), reached))
    assert asked == ["m1", "m2"]
    assert [(f.about, f.code) for f in found] == [
        ('moment "m2"', "none"),
        ('moment "m3"', "never"),
        ('moment "m4"', "event"),
    ]


def test_the_same_counts_for_one_kind_of_party_only() -> None:
    catalogue = parse_catalogue(
        "moments:\n  a: {when: first x or y, owner: o, purpose: p}\n  b: {when: y or first x, owner: o, purpose: p}\n"
        "  c: {when: first x or y, owner: o, purpose: p, who: partner}\n"
    )
    assert places(wrong(check(catalogue))) == [(3, 13, "warning", "same")]


NEVER = [
    "a where x = 1 and x = 2",
    'a where x = 1 and x = "1"',
    'a where x not in (1, "b")',
    "a where x > 3 and x <= 3",
    "a where (x > 3 and x < 2) or (x = true and x != true)",
    "a where not (x = 1 or x != 1)",
    'a where direction = "sideways"',
    'a where direction != "in" and direction != "out"',
    "a where channel = 3",
    "2nd start",
    "3rd (first a or first b)",
    "a then start",
    "first a then (first a)",
    "count(b) >= 3 within 7 days of first a and count(b) < 2 within 14 days of first a",
    "first a then first b within 3 days and no b for 3 days after first a",
    "count(a) >= 1 within 7 days of start and (count(b) >= 1 between 28 days and 70 days after start) within 20 days",
    "start then (no b for 30 days after start) within 7 days",
    "distinct(direction of a) >= 3 within 4 days of start",
    'distinct(f of a where f in ("x", "y")) >= 3 within 3 days',
    "sum(amount of a where amount < 0) >= 3",
    "b and (a where x = 1 and x = 2)",
    "(a where x = 1 and x = 2) or 2nd start",
    "every 1 year since (a where x = 1 and x = 2)",
]


POSSIBLE = [
    "a or b where x = 1 and x = 2",
    "a where x >= 3 and x <= 3",
    'a where x != 1 or x = "b"',
    "first a then (2nd a)",
    "2nd (first a or first b)",
    "count(b) >= 3 within 21 days of first a and count(b) < 2 within 14 days of first a",
    "count(b) >= 3 within 7 days of a and count(b) < 2 within 14 days of a",
    "sum(x of b) >= 3 between 1 day and 7 days after first a and sum(x of b) < 2 within 14 days of first a",
    "count(a) >= 1 within 7 days of start and (count(b) >= 1 between 28 days and 70 days after start) within 22 days",
    "start then (no b for 1 month after start) within 5 weeks",
    "no a where x = 1 and x = 2 for 3 days after start",
]


@pytest.mark.parametrize("text", NEVER)
def test_what_can_never_hold(text: str) -> None:
    finding = the_one(check(moments(text)), "never")
    assert finding.message.startswith("can never hold: ")
    assert finding.place == Place(3, 11)


@pytest.mark.parametrize("text", POSSIBLE)
def test_what_can_hold_is_not_called_never(text: str) -> None:
    assert never(read(text)) is None


def countable(definition: Definition, span: int) -> bool:
    """Whether the dates of its `every` stay few."""
    tops = [definition.node, *(stage.enter for stage in definition.stages)]
    periods = [part.period for top in tops for part in walk(top) if isinstance(part, Every)]
    return all(period.civil or span / period.us < 1000 for period in periods)


def holds(data: st.DataObject, definition: Definition) -> bool:
    """Whether a log aimed at the definition reaches it."""
    log = data.draw(logs(definition))
    as_of = data.draw(cutoffs(definition, log))
    assume(not log or countable(definition, as_of - min(event.at for event in log)))
    return bool(meaning(definition, log, as_of))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_called_never_is_never_reached(data: st.DataObject) -> None:
    known = [read(text) for text in NEVER]
    definition = data.draw(st.one_of(st.sampled_from(known), definitions()))
    assume(never(definition) is not None)
    assert not holds(data, definition)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_an_idle_silence_comes_for_every_anchor(data: st.DataObject) -> None:
    anchor = data.draw(st.sampled_from(["b", "first b", "b or c"]))
    definition = read(f"no a where x = 1 and x = 2 for 3 days after ({anchor})")
    assert list(idle(definition))
    log = data.draw(logs(definition))
    far = max((event.at for event in log), default=0) + 10**14
    assert len(meaning(definition, log, far)) == len({found.at for found in meaning(read(anchor), log, far)})


def exchanged(node: Node) -> Node:
    """The two sides of every `or` and `and` exchanged, fixed lengths in microseconds."""
    if isinstance(node, Or):
        return Or(node.right, node.left)
    return And(node.right, node.left, node.within) if isinstance(node, And) else node


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_called_the_same_is_reached_at_the_same_instants(data: st.DataObject) -> None:
    definition = data.draw(definitions())
    other = Definition(rewrite(definition.node, exchanged), definition.stages)
    assert sense(definition) == sense(other)
    log = data.draw(logs(definition))
    as_of = data.draw(cutoffs(definition, log))
    assume(not log or countable(definition, as_of - min(event.at for event in log)))
    reached = [[(found.per, found.at) for found in meaning(one, log, as_of)] for one in (definition, other)]
    assert reached[0] == reached[1]


def test_the_same_and_not_the_same() -> None:
    same = [
        ("a then b within 2 weeks", "a then b within 14 days"),
        ("a or b or c", "c or (b or a)"),
        ("a where x in (1, 2, 1)", "a where x in (2, 1)"),
        ("every 12 months since a", "every 1 year since a"),
        ("a and b within 1 day", "b and a within 24 hours"),
        ("count(a) >= 3", "3rd a"),
    ]
    for one, other in same:
        assert sense(read(one)) == sense(read(other))
    for one, other in [("a then b", "b then a"), ("a where x = 1", "a where x = true"), ("first a", "a"),
                       ("streak of 7 days of a", "streak of 1 week of a")]:  # fmt: skip
        assert sense(read(one)) != sense(read(other))


@pytest.mark.parametrize(
    ("text", "says", "bounded"),
    [
        ("first a", "a counter", True),
        ("count(a) >= 3 within 14 days of b", "3 instants", True),
        ("distinct(f of a) >= 3 within 30 days", "3 values", True),
        ("sum(f of a) >= 3 within 30 days of start", "a total", True),
        ("no a for 3 days", "one open window with its timer", True),
        ("no a for 3 days after first b", "one open window", True),
        ("a returns after 3 days", "one open window", True),
        ("every 1 year since first a", "a number and a timer", True),
        ("streak of 4 weeks of a", "a unit and a length", True),
        ("sum(f of a) >= 3 within 30 days", "a rolling sum keeps every event of the last 30 days", False),
        ("first a per f", "for every value of f", False),
        ("no a for 3 days after b", "the open windows, each with its timer", False),
        ("count(a) >= 1 between 1 day and 2 days after b", "the open windows", False),
        ("every 1 day since a", "they never end", False),
    ],
)
def test_what_is_kept(text: str, says: str, bounded: bool) -> None:
    assert says in keeps(read(text))
    assert state_of(read(text)).bounded is bounded
    assert ("not bounded by the number of parties" in keeps(read(text))) is not bounded


def test_dates_that_come_too_often() -> None:
    found = wrong(check(moments("every 5 minutes since start", "every 1 hour since start")))
    assert [(f.about, f.code) for f in found] == [('moment "m1"', "often")]


@settings(max_examples=150, deadline=None)
@given(st.lists(definitions(), max_size=3))
def test_the_linter_survives_every_definition(some: list[Definition]) -> None:
    for definition in some:
        never(definition)
        list(idle(definition))
        sense(definition)
        assert keeps(definition)
