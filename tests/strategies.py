"""Generated definitions, and generated events that aim at their edges.

definitions()        every node in every surface form, over few names, fields and values
stages()             the stages of a catalogue
logs(definition)     events that fall on, just before and just after the definition's windows; ties, duplicates,
                     late ones, zones, missing and wrong-typed properties
cutoffs(definition, log)   instants to read at, edges again
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from occasion.events.event import Event, Scalar
from occasion.moments.definition import (
    NOW,
    STRICTLY_LATER,
    After,
    And,
    Both,
    Compare,
    Condition,
    Definition,
    Did,
    Either,
    Every,
    Fewer,
    Measure,
    Node,
    Not,
    Nth,
    OneOf,
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
    at_most_once,
    selections,
    walk,
)

NAMES = ("a", "a", "a", "b", "b", "c", "Lease Signed", "first")
TEXTS = ("in", "out", "x", 'say "no"\n')
NUMBERS = (Decimal(0), Decimal(1), Decimal("2.5"), Decimal("-3.000001"))
PROPERTIES_NAMED = ("f", "g", "Order Total", "count")
FIELDS = ("f", "f", "g", *PROPERTIES_NAMED, "direction", "counterpart")
ORDERS = ("<", "<=", ">", ">=")
PER_FIELDS = ("f", "g", "counterpart")
FIXED = (
    Period(2, "microsecond"),
    Period(3, "second"),
    Period(90, "minute"),
    Period(1, "hour"),
    Period(1, "day"),
    Period(3, "day"),
    Period(1, "week"),
)
CIVIL = (Period(1, "month"), Period(2, "month"), Period(1, "year"))
FAR = (Period(1, "day"), Period(3, "day"), Period(1, "week"), *CIVIL)  # between two dates of an `every`
# (lo, hi) of `between`, lo before hi whatever the calendar
WINDOWS = (
    (STRICTLY_LATER, Period(2, "microsecond")),
    (STRICTLY_LATER, Period(1, "day")),
    (Period(1, "hour"), Period(90, "minute")),
    (Period(1, "day"), Period(3, "day")),
    (Period(3, "day"), Period(1, "month")),
    (Period(1, "month"), Period(2, "month")),
    (Period(1, "week"), Period(1, "year")),
)
STAGE_NAMES = ("new", "settled", 'the "end"')


@cache
def scalars() -> st.SearchStrategy[Scalar]:
    """A condition's value."""
    return st.sampled_from([*TEXTS, *NUMBERS, True, False])


@cache
def comparisons() -> st.SearchStrategy[Condition]:
    """One comparison; an order only against numbers."""
    field = st.sampled_from(FIELDS)
    equal = st.builds(Compare, field, st.sampled_from(["=", "!="]), scalars())
    order = st.builds(Compare, st.sampled_from(PROPERTIES_NAMED), st.sampled_from(ORDERS), st.sampled_from(NUMBERS))
    among = st.builds(OneOf, field, st.lists(scalars(), min_size=1, max_size=3).map(tuple))
    way = st.builds(Compare, st.just("direction"), st.sampled_from(["=", "!="]), st.sampled_from(["in", "out"]))
    return st.one_of(equal, order, among, way)


@cache
def conditions() -> st.SearchStrategy[Condition]:
    """Comparisons under and, or, not."""
    return st.recursive(
        comparisons(),
        lambda inner: st.one_of(st.builds(Not, inner), st.builds(Both, inner, inner), st.builds(Either, inner, inner)),
        max_leaves=3,
    )


@cache
def chosen() -> st.SearchStrategy[Selection]:
    """A selection: an event mostly, or any, or contact; with a condition at times."""
    where = st.one_of(st.none(), st.none(), conditions())
    named = st.builds(Selection, st.just("event"), st.sampled_from(NAMES), where)
    return st.one_of(named, named, named, st.builds(Selection, st.sampled_from(["any", "contact"]), st.just(""), where))


@cache
def did() -> st.SearchStrategy[Node]:
    """Every event of a selection."""
    return chosen().map(Did)


@cache
def lengths() -> st.SearchStrategy[Period]:
    """A period, civil at times."""
    return st.sampled_from(FIXED * 2 + CIVIL)


@cache
def windows() -> st.SearchStrategy[tuple[Period, Period]]:
    """(lo, hi) of a window after an anchor."""
    return st.one_of(lengths().map(lambda hi: (NOW, hi)), st.sampled_from(WINDOWS))


def counted(source: Node) -> Measure:
    """How many points of a pattern."""
    return Measure("count", source)


@cache
def measured() -> st.SearchStrategy[tuple[Measure, Decimal]]:
    """A measure and a number to hold it against."""
    whole = st.integers(1, 3).map(Decimal)
    some = st.sampled_from([Decimal(1), Decimal("2.5"), Decimal("0.000001")])
    summed = st.sampled_from(("f", *FIELDS))
    return st.one_of(
        st.tuples(st.builds(Measure, st.just("count"), did()), whole),
        st.tuples(st.builds(Measure, st.just("distinct"), did(), st.sampled_from(FIELDS)), whole),
        st.tuples(st.builds(Measure, st.just("sum"), did(), summed), some),
    )


@st.composite
def windowed(draw: st.DrawFn, inner: st.SearchStrategy[Node]) -> Node:
    """`>= n` or `< n` in a window after an anchor; distinct and sum after one that happens at most once."""
    measure, n = draw(measured())
    lo, hi = draw(windows())
    anchor = draw(inner)
    if measure.kind != "count" and not at_most_once(anchor):
        anchor = draw(st.sampled_from([Start(), Nth(anchor, 1), Nth(anchor, 2)]))
    return draw(st.sampled_from([Reach, Fewer]))(measure, n, anchor, lo, hi)


@st.composite
def silences(draw: st.DrawFn, inner: st.SearchStrategy[Node], stage: str | None) -> Node:
    """`no X for D`, with and without an `after`; within a `while` it knows the stage."""
    quiet = draw(did())
    after = draw(st.one_of(st.none(), inner))
    anchor = Or(quiet, Start()) if after is None else after
    silence = None if stage is None else Silence(stage, coming_in=after is None)
    return Fewer(counted(quiet), Decimal(1), anchor, STRICTLY_LATER, draw(lengths()), silence)


@st.composite
def returns(draw: st.DrawFn) -> Node:
    """`X returns after D`."""
    again = draw(did())
    silence = Fewer(counted(again), Decimal(1), again, STRICTLY_LATER, draw(lengths()))
    return Reach(counted(again), Decimal(1), silence, NOW, None)


@cache
def totals() -> st.SearchStrategy[Node]:
    """A distinct or a sum without a window."""
    return measured().filter(lambda m: m[0].kind != "count").map(lambda m: Reach(m[0], m[1], Start()))


@cache
def rollings() -> st.SearchStrategy[Node]:
    """A measure over the last so long."""
    return st.builds(lambda m, w: Rolling(m[0], m[1], w), measured(), st.sampled_from(FIXED))


@cache
def streaks() -> st.SearchStrategy[Node]:
    """A streak of civil units."""
    return st.builds(Streak, did(), st.integers(1, 3), st.sampled_from(["day", "week", "month", "year"]))


def dates(anchor: Node, period: Period) -> Node:
    """`every W since`, never around another: dates since dates would come by the million."""
    nested = any(isinstance(part, Every) for part in walk(anchor))
    return Every(Start() if nested else anchor, period)


def compounds(inner: st.SearchStrategy[Node], stage: str | None) -> st.SearchStrategy[Node]:
    """Every node once around others."""
    within = st.one_of(st.none(), lengths())
    next_one = st.builds(lambda p, a, w: Reach(counted(p), Decimal(1), a, STRICTLY_LATER, w), inner, inner, within)
    return st.one_of(
        st.builds(Or, inner, inner),
        st.builds(And, inner, inner, within),
        st.builds(Nth, inner, st.integers(1, 3), st.booleans()),
        st.builds(After, inner, inner, within),
        st.builds(dates, inner, st.sampled_from(FAR)),
        next_one,
        windowed(inner),
        windowed(inner),
        silences(inner, stage),
        silences(inner, stage),
        rollings(),
        totals(),
        returns(),
        streaks(),
    )


@cache
def patterns(stage: str | None = None, depth: int = 2) -> st.SearchStrategy[Node]:
    """Patterns of at most so many levels above their selections; `stage`: of the `while` they stand in."""
    leaf = st.one_of(did(), did(), st.just(Start()))
    for _ in range(depth):
        leaf = st.one_of(leaf, compounds(leaf, stage))
    return leaf


@st.composite
def stages(draw: st.DrawFn) -> tuple[Stage, ...]:
    """One to three stages, as a catalogue names them."""
    names = STAGE_NAMES[: draw(st.integers(1, 3))]
    return tuple(Stage(name, draw(patterns(depth=1))) for name in names)


@st.composite
def definitions(draw: st.DrawFn, depth: int = 2) -> Definition:
    """Any definition that can be written."""
    known: tuple[Stage, ...] = draw(stages()) if draw(st.sampled_from([False, False, True])) else ()
    if known:
        stage = draw(st.sampled_from(known)).name
        node: Node = While(draw(patterns(stage, depth)), stage)
    else:
        node = draw(patterns(None, depth))
    if draw(st.sampled_from([False, False, True])):
        node = Per(node, draw(st.sampled_from(PER_FIELDS)))
    return Definition(node, known)


# events that aim at a definition's edges

DAY = 86_400_000_000
BEGINNINGS = tuple(
    int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000
    for when in ((2024, 1, 31, 12), (2024, 2, 29, 9, 30), (2024, 3, 30, 23, 30), (2023, 10, 28, 1, 30), (1969, 12, 31))
)
PROPERTIES = ({}, {}, {"f": "x"}, {"f": "y"}, {"f": Decimal(1)}, {"f": Decimal("2.5"), "g": "x"}, {"g": True})
ZONES = (None, None, None, "UTC", "Europe/Warsaw", "America/New_York", "Asia/Kathmandu")


def periods_in(value: object) -> list[Period]:
    """Every length that a definition names, its stages included."""
    if isinstance(value, Period):
        return [value] if value.n else []
    if isinstance(value, (tuple, list)):
        return [period for item in value for period in periods_in(item)]
    if is_dataclass(value) and not isinstance(value, type):
        found = [period for f in fields(value) for period in periods_in(getattr(value, f.name))]
        return [*found, Period(1, value.unit)] if isinstance(value, Streak) else found
    return []


def later(at: int, period: Period, zone: str | None) -> int:
    """About `at` plus the period, civil ones by the wall clock; it aims, it does not define."""
    if not period.civil:
        return at + period.us
    seconds, micros = divmod(at, 1_000_000)
    wall = datetime.fromtimestamp(seconds, ZoneInfo(zone or "UTC"))
    months = wall.year * 12 + wall.month - 1 + period.months
    year, month = divmod(months, 12)
    for day in range(wall.day, 27, -1) if wall.day > 28 else (wall.day,):
        try:
            moved = wall.replace(year=year, month=month + 1, day=day)
            return int(moved.timestamp()) * 1_000_000 + micros
        except ValueError:
            continue
    return at + 28 * DAY


def values_in(condition: Condition | None) -> list[tuple[str, Scalar]]:
    """The (field, value) pairs that a condition compares."""
    match condition:
        case None:
            return []
        case Compare(field, _, value):
            return [(field, value)]
        case OneOf(field, values):
            return [(field, value) for value in values]
        case Not(part):
            return values_in(part)
        case Both(left, right) | Either(left, right):
            return values_in(left) + values_in(right)


def _all_selections(definition: Definition) -> list[Selection]:
    found = list(selections(definition.node))
    for stage in definition.stages:
        found += selections(stage.enter)
    return found


def _text(value: Scalar | None) -> str | None:
    return value if isinstance(value, str) else None


@st.composite
def logs(draw: st.DrawFn, definition: Definition, most: int = 12, parties: Sequence[str] = ("p",)) -> list[Event]:
    """Events aimed at the definition: each stands an edge's width from a window that an earlier one opened."""
    known = _all_selections(definition)
    names = sorted({one.name for one in known if one.of == "event"} | {"a"})
    pairs = [pair for one in known for pair in values_in(one.where)] or [("f", "x")]
    steps = periods_in(definition) or [Period(1, "day")]
    row = st.tuples(
        st.sampled_from([*names, *names, *names, "other"]),
        st.integers(0, 3),  # how many events back the window opens
        st.integers(0, len(steps) + 3),  # which window; the rest: a tie
        st.sampled_from([-1, 0, 0, 0, 1]),
        st.lists(st.sampled_from(pairs), max_size=2),
        st.sampled_from(
            [{}, {}, {"f": "x"}, {"f": "y"}, {"f": Decimal(1)}, {"f": Decimal("2.5"), "g": "x"}, {"g": True}]
        ),
        st.sampled_from([None, None, "in", "out"]),
        st.sampled_from([None, "x", "y"]),
        st.sampled_from([0, 0, 0, 0, 1, DAY]),  # how much later it was seen
        st.sampled_from(ZONES),
        st.sampled_from([False] * 9 + [True]),  # a second event under the id of the one before
        st.sampled_from([False] * 4 + [True]),
        st.sampled_from(parties),
    )
    begin = draw(st.sampled_from(BEGINNINGS))
    found: list[Event] = []
    for i, drawn in enumerate(draw(st.lists(row, max_size=most))):
        name, back, which, off, said, extra, direction, counterpart, late, zone, again, mass, party = drawn
        opened = found[max(0, len(found) - 1 - back)] if found else None
        at = begin if opened is None else opened.at
        if opened is not None and which < len(steps):
            at = later(at, steps[which], zone) + off
        properties = {**extra, **dict(said)}
        own = {key: _text(properties.pop(key, None)) for key in ("direction", "counterpart")}
        found.append(
            Event(
                party=party,
                name=name,
                at=at,
                id=found[-1].id if again and found else f"e{(i * 7) % 100:02d}",  # ids in another order than time
                seen=at + late,
                properties=properties,
                direction=own["direction"] if own["direction"] in ("in", "out") else direction,
                counterpart=own["counterpart"] or counterpart,
                mass=mass,
                zone=zone,
            )
        )
    return found


@st.composite
def cutoffs(draw: st.DrawFn, definition: Definition, log: Sequence[Event]) -> int:
    """An instant to read at: on an edge of the log or of a window it opens, just before, or just after."""
    instants = [event.at for event in log] + [event.seen for event in log] or [BEGINNINGS[0]]
    at = draw(st.sampled_from([*instants, *[max(instants)] * len(instants)]))
    period = draw(st.sampled_from([None, None, *periods_in(definition)]))
    moved = at if period is None else later(at, period, None)
    return moved + draw(st.sampled_from([-1, 0, 0, 1, int(timedelta(days=40).total_seconds()) * 1_000_000]))
