"""The law: what a definition means for one party's events, slow and obvious.

The SQL reading (`query.py`) and the live one (`live.py`) are held to this one on generated definitions and streams.
Rules that hold everywhere: all events of an instant are seen together; every window is open at its end; whether an
instant is reached depends only on events up to it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from itertools import groupby

from occasion.events.event import Event, Scalar, in_order
from occasion.moments import calendar
from occasion.moments.condition import selects
from occasion.moments.definition import After as AfterNode
from occasion.moments.definition import (
    And,
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
    Stage,
    Start,
    Streak,
    While,
    selections,
)

EVIDENCE_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Point:
    """An instant (`at`) with when it could be known and the (at, id) of the events that show it, in order."""

    at: int
    known: int
    evidence: tuple[tuple[int, str], ...]
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A moment reached by a party: at the instant `at`, known since `known_at`; `per` is None without a `per`."""

    party: str
    per: Scalar | None
    at: int
    known_at: int
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """The party is in `stage` from `at` until the next entry."""

    at: int
    stage: str
    point: Point


@dataclass(frozen=True)
class Log:
    """One party's events in order, cut at `as_of`, with its stages; `sees` is what `per` lets the selections see."""

    events: Sequence[Event]
    as_of: int
    workspace_zone: str
    entries: tuple[Entry, ...] = ()
    sees: Callable[[Event], bool] = field(default=lambda event: True)

    def zone(self, at: int) -> str:
        """The zone in force: the latest that the party's events stated by then, else the workspace's."""
        stated = [event.zone for event in self.events if event.zone is not None and event.at <= at]
        return stated[-1] if stated else self.workspace_zone

    def plus(self, at: int, period: Period | None) -> int:
        """The instant a period after `at`, in the zone in force at `at`."""
        return calendar.add(at, period, self.zone(at) if period is not None and period.civil else "UTC")

    def stage(self, at: int) -> Entry | None:
        """The entry in force at an instant."""
        return next((entry for entry in reversed(self.entries) if entry.at <= at), None)

    def throughout(self, stage: str, begin: int, end: int) -> bool:
        """Whether the party is in the stage at every instant from begin to end, both included."""
        now = self.stage(begin)
        inside = [entry.stage for entry in self.entries if begin < entry.at <= end]
        return now is not None and now.stage == stage and all(name == stage for name in inside)


def meaning(definition: Definition, events: Iterable[Event], as_of: int, zone: str = "UTC") -> list[Occurrence]:
    """Every occurrence of a definition for one party, as of an instant, ordered by (at, per).

    `events`: the party's, in any order; those that happened or were seen after `as_of` are not looked at, a repeated id
    counts once (the first seen). `as_of`: UTC microseconds, included. `zone`: the workspace's IANA zone.
    """
    ordered = in_order(events, as_of)
    if not ordered:
        return []
    bare = Log(ordered, as_of, zone)
    log = replace(bare, entries=_entries(definition.stages, bare))
    found = _found(definition.node, log)
    occurrences = [
        Occurrence(ordered[0].party, value, p.at, max(p.at, p.known), tuple(id_ for _, id_ in p.evidence))
        for value, p in found
    ]
    return sorted(occurrences, key=lambda o: (o.at, tagged(o.per)))


def _found(node: Node, log: Log) -> Iterator[tuple[Scalar | None, Point]]:
    if isinstance(node, Per):
        yield from _per(node, log)
    else:
        yield from ((None, point) for point in instants(points(node, log)))


def tagged(value: Scalar | None) -> tuple[str, str]:
    """A value with its type, to hash and sort by: the text "5", the number 5 and true are three values."""
    if value is None:
        return ("", "")
    if isinstance(value, bool):
        return ("flag", "true" if value else "false")
    return ("number", str(value)) if isinstance(value, Decimal) else ("text", value)


def _per(node: Per, log: Log) -> Iterator[tuple[Scalar | None, Point]]:
    chosen = list(selections(node.pattern))
    first: dict[tuple[str, str], tuple[Scalar, int]] = {}
    for event in log.events:
        value = event.field(node.field)
        if value is not None and any(selects(selection, event) for selection in chosen):
            first.setdefault(tagged(value), (value, event.at))
    for value, since in first.values():
        seen = replace(log, sees=partial(_carries, node.field, value))
        yield from ((value, point) for point in instants(points(node.pattern, seen)) if point.at >= since)


def _carries(name: str, value: Scalar, event: Event) -> bool:
    return tagged(event.field(name)) == tagged(value)


def _entries(stages: Sequence[Stage], log: Log) -> tuple[Entry, ...]:
    """One entry an instant: of stages entered at one instant, the later in the catalogue."""
    entered = [(p.at, i, p) for i, stage in enumerate(stages) for p in instants(points(stage.enter, log))]
    last = {at: (stages[i].name, p) for at, i, p in sorted(entered, key=lambda one: one[:2])}
    return tuple(Entry(at, name, p) for at, (name, p) in last.items())


def instants(found: Iterable[Point]) -> list[Point]:
    """Points made a set of instants: those of one instant become one, known as early as any, shown by all."""
    ordered = sorted(found, key=lambda point: (point.at, point.evidence))
    grouped = (list(group) for _, group in groupby(ordered, key=lambda point: point.at))
    return [Point(g[0].at, min(p.known for p in g), _evidence(*g), g[0].event) for g in grouped]


def _evidence(*shown: Point) -> tuple[tuple[int, str], ...]:
    return tuple(sorted({key for point in shown for key in point.evidence})[-EVIDENCE_LIMIT:])


def _because(at: int, used: Sequence[Point]) -> Point:
    """The instant `at`, resting on all of `used`."""
    return Point(at, max(point.known for point in used), _evidence(*used))


def points(node: Node, log: Log) -> list[Point]:
    """The points of a pattern in order: for a selection one an event, for any other node one an instant."""
    match node:
        case Did(selection):
            return [_point(e) for e in log.events if log.sees(e) and selects(selection, e)]
        case Start():
            return [_point(log.events[0])]
        case Or(left, right):
            return instants(points(left, log) + points(right, log))
        case And():
            return _and(node, log)
        case Nth(pattern, k, every):
            given = points(pattern, log)
            last = len(given) if every else min(k, len(given))
            reached = [
                replace(given[i - 1], known=max(p.known for p in given[:i]), event=None) for i in range(k, last + 1, k)
            ]
            return instants(reached)
        case Reach() | Fewer():
            return _windows(node, log)
        case Rolling(measure, n, within):
            return _rolling(measure, n, within, log)
        case AfterNode(anchor, pattern, within):
            anchors = instants(points(anchor, log))
            pairs = ((_lasting(anchors, p.at, within, log, strictly=True), p) for p in instants(points(pattern, log)))
            return [_because(p.at, (a, p)) for a, p in pairs if a is not None]
        case Streak():
            return _streak(node, log)
        case Every(anchor, period):
            return instants(date for a in points(anchor, log) for date in _dates(a, period, log))
        case While(pattern, stage):
            placed = ((log.stage(p.at), p) for p in instants(points(pattern, log)))
            return [replace(p, known=max(p.known, e.point.known)) for e, p in placed if e and e.stage == stage]
        case Per():
            raise ValueError("`per` stands only at the end of a moment")


def _point(event: Event) -> Point:
    return Point(event.at, event.seen, ((event.at, event.id),), event)


def _lasting(anchors: Sequence[Point], at: int, within: Period | None, log: Log, strictly: bool) -> Point | None:
    """Of the anchors before `at` (or at it, unless `strictly`) with an open window, the one that lasts longest."""
    before = [a for a in anchors if (a.at < at if strictly else a.at <= at) and at < log.plus(a.at, within)]
    return max(before, key=lambda a: (log.plus(a.at, within), a.at), default=None)


def _and(node: And, log: Log) -> list[Point]:
    left, right = (instants(points(side, log)) for side in (node.left, node.right))
    reached, held = [], False
    for at in sorted({p.at for p in left} | {p.at for p in right}):
        both = [_lasting(side, at, node.within, log, strictly=False) for side in (left, right)]
        shown = [p for p in both if p is not None]
        if len(shown) == 2 and not held:
            reached.append(_because(at, shown))
        held = len(shown) == 2
    return reached


def measured(measure: Measure, n: Decimal, window: Iterable[Point]) -> tuple[int, list[Point]] | None:
    """The first instant by whose end the measure over the window's points is at least n, and the points counted."""
    total, seen, counted = Decimal(0), set[tuple[str, str]](), list[Point]()
    for at, together in groupby(window, key=lambda point: point.at):
        for point in together:
            gain = _gain(measure, point, seen)
            if gain is not None:
                total += gain
                counted.append(point)
        if total >= n:
            return at, counted
    return None


def _gain(measure: Measure, point: Point, seen: set[tuple[str, str]]) -> Decimal | None:
    """What one more point adds, None if it is not counted: a value seen before, or a missing one."""
    if measure.kind == "count":
        return Decimal(1)
    assert point.event is not None, "distinct and sum are over a selection"
    value = point.event.field(measure.field)
    if measure.kind == "sum":
        return value if isinstance(value, Decimal) else None
    key = tagged(value)
    if value is None or key in seen:
        return None
    seen.add(key)
    return Decimal(1)


def _windows(node: Reach | Fewer, log: Log) -> list[Point]:
    source = points(node.measure.source, log)
    at = [point.at for point in source]
    anchors = points(node.anchor, log)
    if isinstance(node, Fewer) and node.silence is not None and node.silence.coming_in:
        anchors = anchors + _coming_in(node.silence.stage, log)
    reached: list[Point] = []
    for a in instants(anchors):
        begin, end = log.plus(a.at, node.lo), log.plus(a.at, node.hi)
        hit = measured(node.measure, node.n, source[bisect_left(at, begin) : bisect_left(at, end)])
        if isinstance(node, Reach):
            if hit is not None:
                reached.append(_because(hit[0], [a, *hit[1]]))
        elif hit is None and end <= log.as_of and _in_stage(node, a.at, end, log):
            reached.append(_because(end, [a]))
    return instants(reached)


def _in_stage(node: Fewer, begin: int, end: int, log: Log) -> bool:
    return node.silence is None or log.throughout(node.silence.stage, begin, end)


def _coming_in(stage: str, log: Log) -> list[Point]:
    before = (None, *(entry.stage for entry in log.entries))
    return [e.point for previous, e in zip(before, log.entries, strict=False) if e.stage == stage != previous]


def _rolling(measure: Measure, n: Decimal, within: Period, log: Log) -> list[Point]:
    source = points(measure.source, log)
    reached, held = [], False
    for at in sorted({point.at for point in source}):
        window = [point for point in source if at - within.us < point.at <= at]
        counted = total_of(measure, window)
        if counted is not None and counted[0] >= n and not held:
            reached.append(_because(at, counted[1]))
        held = counted is not None and counted[0] >= n
    return reached


def total_of(measure: Measure, window: Sequence[Point]) -> tuple[Decimal, list[Point]] | None:
    """The measure over all of a window, and the points counted (of a value that came twice, the latest; a window that
    moves on loses its earliest, and nothing bounded could say which one comes next); None if nothing is counted.
    """
    seen = set[tuple[str, str]]()
    gains = [(gain, point) for point in reversed(window) if (gain := _gain(measure, point, seen)) is not None]
    return (sum((gain for gain, _ in gains), Decimal(0)), [point for _, point in gains]) if gains else None


def _streak(node: Streak, log: Log) -> list[Point]:
    run: list[Point] = []  # the first point of every unit of the run
    unit, reached = None, []
    for point in instants(points(node.pattern, log)):
        now = calendar.civil_unit(point.at, node.unit, log.zone(point.at))
        if unit is not None and now <= unit:
            continue
        run = [*run, point] if unit is not None and now == unit + 1 else [point]
        unit = now
        if len(run) == node.n:
            reached.append(_because(point.at, run))
    return reached


def _dates(anchor: Point, period: Period, log: Log) -> Iterator[Point]:
    k = 1
    while (at := log.plus(anchor.at, period.times(k))) <= log.as_of:
        yield _because(at, [anchor])
        k += 1
