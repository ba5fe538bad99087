"""The thirteen nodes of the moment language, and what they are made of.

A pattern denotes, for one party, a set of instants. Inside a pattern a selection (`Did`) gives a point for every
event, any other node a point for every instant. Every surface form of the language lowers to these nodes (`text.py`);
what they mean is in `meaning.py`. A new node needs a decision record and all readings in the same change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from typing import Any, Literal, cast

from occasion.events.event import Scalar

LANGUAGE = 1  # part of every identity: a change of meaning is a new version

Unit = Literal["microsecond", "second", "minute", "hour", "day", "week", "month", "year"]
CivilUnit = Literal["day", "week", "month", "year"]
FIXED_US: dict[str, int] = {
    "microsecond": 1,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 7 * 86_400_000_000,
}


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time. Microseconds to weeks are fixed; months and years are civil, counted from an anchor."""

    n: int
    unit: Unit

    @property
    def civil(self) -> bool:
        """Whether its length depends on where in the calendar it starts."""
        return self.unit in ("month", "year")

    @property
    def us(self) -> int:
        """Its length in microseconds; only for fixed units."""
        return self.n * FIXED_US[self.unit]

    @property
    def months(self) -> int:
        """Its length in months; only for civil units."""
        return self.n * (12 if self.unit == "year" else 1)

    def times(self, k: int) -> Period:
        """k of it, counted from one anchor (two times a month is two months, not a month and then a month)."""
        return Period(self.n * k, self.unit)


NOW = Period(0, "microsecond")  # a window that begins with its anchor's own instant
STRICTLY_LATER = Period(1, "microsecond")  # a window that begins after it

Operator = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Compare:
    """`field op value`; unknown where the field is missing or of another type. Text and flags know only = and !=."""

    field: str
    op: Operator
    value: Scalar


@dataclass(frozen=True, slots=True)
class OneOf:
    """`field in (...)`: true if it equals one; else unknown if the comparison with any of them is; else false."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not unknown is unknown."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Both:
    """Three-valued and."""

    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Either:
    """Three-valued or."""

    left: Condition
    right: Condition


Condition = Compare | OneOf | Not | Both | Either


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events: those called `name`, or `any` event, or every `contact`; where the condition is true."""

    of: Literal["event", "any", "contact"]
    name: str = ""
    where: Condition | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """What is counted over a window: points of `source`, distinct values of `field`, or the exact sum of `field`.

    `distinct` and `sum` need a selection as source; they skip events on which the field is missing (`sum`: or not a
    number).
    """

    kind: Literal["count", "distinct", "sum"]
    source: Node
    field: str = ""


@dataclass(frozen=True, slots=True)
class Did:
    """Every event of the selection."""

    selection: Selection


@dataclass(frozen=True, slots=True)
class Start:
    """The party's first event."""


@dataclass(frozen=True, slots=True)
class Or:
    """Every instant of either."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class And:
    """Where both were reached within the last `within` (none: ever), at the edge."""

    left: Node
    right: Node
    within: Period | None = None


@dataclass(frozen=True, slots=True)
class Nth:
    """The k-th point; with `every`, the k-th, 2k-th, 3k-th, ..."""

    pattern: Node
    k: int
    every: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """For each a of `anchor`: the first instant in [a+lo, a+hi) by which the measure over [a+lo, it] is at least n.

    `hi` None: no end. `n` is a whole number for counts and distinct, exact for sums; always > 0.
    """

    measure: Measure
    n: Decimal
    anchor: Node
    lo: Period = NOW
    hi: Period | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """What `while` adds to a silence: it lies wholly in the stage; `coming_in`: entering the stage starts one too."""

    stage: str
    coming_in: bool


@dataclass(frozen=True, slots=True)
class Fewer:
    """For each a of `anchor` for which `Reach` has nothing: a+hi. With `silence`, only if in the stage throughout."""

    measure: Measure
    n: Decimal
    anchor: Node
    lo: Period
    hi: Period
    silence: Silence | None = None


@dataclass(frozen=True, slots=True)
class Rolling:
    """Where the measure over (t - within, t] is at least n, at the edge. `within` is fixed, never civil."""

    measure: Measure
    n: Decimal
    within: Period


@dataclass(frozen=True, slots=True)
class After:
    """Every p of `pattern` that has an a of `anchor` with a < p and p < a + within (none: ever)."""

    anchor: Node
    pattern: Node
    within: Period | None = None


@dataclass(frozen=True, slots=True)
class Streak:
    """The first point in the n-th civil unit in a row, once a run."""

    pattern: Node
    n: int
    unit: CivilUnit


@dataclass(frozen=True, slots=True)
class Every:
    """a+W, a+2W, ... for each a of `anchor`, each counted from a."""

    anchor: Node
    period: Period


@dataclass(frozen=True, slots=True)
class While:
    """The instants of the pattern at which the party is in the stage."""

    pattern: Node
    stage: str


@dataclass(frozen=True, slots=True)
class Per:
    """The pattern, once for every value of the field; only outermost.

    Every selection sees only events with that value; `start`, stages and zone stay the party's. A value exists from the
    first event that one of the pattern's selections chooses and that carries it: nothing is reached for it before.
    """

    pattern: Node
    field: str


Node = Did | Start | Or | And | Nth | Reach | Fewer | Rolling | After | Streak | Every | While | Per


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a party is from the moment `enter` is reached until it enters another; `enter` has no `while` or `per`."""

    name: str
    enter: Node


@dataclass(frozen=True, slots=True)
class Definition:
    """A moment's pattern with the catalogue's stages, in their order (empty where the pattern names none)."""

    node: Node
    stages: tuple[Stage, ...] = ()

    @property
    def identity(self) -> str:
        """The hash of the lowered form, the stages it needs and the version of the language: 16 hex digits."""
        form = json.dumps([LANGUAGE, plain(self.node), plain(self.stages)], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(form.encode()).hexdigest()[:16]


def plain(value: object) -> object:
    """A definition as JSON-ready lists and dicts, tagged by node; decimals as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {"is": type(value).__name__} | {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        return {"number": format(value.normalize(), "f")}
    return value


def children(node: Node | Measure) -> Iterator[Node]:
    """The patterns a node is directly made of, a measure's source included."""
    for f in fields(node):
        value = getattr(node, f.name)
        if isinstance(value, Measure):
            yield value.source
        elif isinstance(value, Node):
            yield value


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


def selections(node: Node) -> Iterator[Selection]:
    """Every selection in the pattern, from left to right."""
    for part in walk(node):
        if isinstance(part, Did):
            yield part.selection


def rewrite(node: Node, change: Callable[[Node], Node]) -> Node:
    """The pattern with `change` applied to every node, children first."""
    made: dict[str, Any] = {}
    for f in fields(node):
        value = getattr(node, f.name)
        if isinstance(value, Measure):
            made[f.name] = replace(value, source=rewrite(value.source, change))
        elif isinstance(value, Node):
            made[f.name] = rewrite(value, change)
    return change(replace(cast(Any, node), **made) if made else node)


def starting_with(node: Node, start: Node) -> Node:
    """The pattern with `start` meaning the first point of another pattern (what `--start` says)."""
    begin = start if at_most_once(start) else Nth(start, 1)
    return rewrite(node, lambda part: begin if isinstance(part, Start) else part)


def at_most_once(node: Node) -> bool:
    """Whether the pattern is reached at most once per party by its form alone (what `distinct` and `sum` ask for)."""
    match node:
        case Start():
            return True
        case Nth(every=False):
            return True
        case And(within=None):
            return True
        case Reach(anchor=anchor) | Fewer(anchor=anchor, silence=None):
            return at_most_once(anchor)
        case While(pattern=pattern):
            return at_most_once(pattern)
        case _:
            return False
