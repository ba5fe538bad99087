"""Definitions made ready to be read live: their machines, and one party's row of state for all of them.

A row is [the last instant, next timer, zone, started, a place per set of stages, a state per definition]. A state is
[next timer, its slots] and, for `per`, a third item: {value as text: [next timer, its slots]}.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from occasion.events.event import Event, Scalar, in_order
from occasion.moments.calendar import FAR
from occasion.moments.definition import (
    After,
    And,
    Definition,
    Did,
    Every,
    Fewer,
    Node,
    Nth,
    Or,
    Per,
    Reach,
    Rolling,
    Selection,
    Stage,
    Start,
    Streak,
    While,
    selections,
    walk,
)
from occasion.moments.live.choose import chooses
from occasion.moments.live.node import (
    AfterMachine,
    AndMachine,
    DidMachine,
    EveryMachine,
    Machine,
    NthMachine,
    OrMachine,
    Slots,
    StartMachine,
    StreakMachine,
    WhileMachine,
)
from occasion.moments.live.rolling import RollingMachine
from occasion.moments.live.state import LONG_AGO, Found, Instant, State, copied, united
from occasion.moments.live.windows import FewerMachine, ReachMachine
from occasion.moments.meaning import Occurrence, tagged

LAST, DUE, ZONE, STARTED, PLACES = range(5)
Reached = tuple[int, Scalar | None, int, Found]  # which definition, the value of `per`, when, and what shows it


def built(node: Node, slots: Slots) -> Machine:  # noqa: PLR0912 - one case a node
    """The machine of a pattern; parts first, so that a latch knows which slots lie below it."""
    first = len(slots.initial)
    match node:
        case Did(selection):
            return DidMachine(selection)
        case Start():
            return StartMachine()
        case Or(left, right):
            return OrMachine(built(left, slots), built(right, slots))
        case And(left, right, within):
            return AndMachine(slots, first, built(left, slots), built(right, slots), within)
        case Nth(pattern, k, every):
            return NthMachine(slots, first, built(pattern, slots), k, every)
        case Reach():
            return ReachMachine(slots, node, built(node.anchor, slots), built(node.measure.source, slots))
        case Fewer():
            parts = built(node.anchor, slots), built(node.measure.source, slots)
            return FewerMachine(slots, node, *parts, silence=node.silence)
        case Rolling():
            return RollingMachine(slots, node, built(node.measure.source, slots))
        case After(anchor, pattern, within):
            return AfterMachine(slots, built(anchor, slots), built(pattern, slots), within)
        case Streak(pattern, n, unit):
            return StreakMachine(slots, built(pattern, slots), n, unit)
        case Every(anchor, period):
            return EveryMachine(slots, built(anchor, slots), period)
        case While(pattern, stage):
            return WhileMachine(built(pattern, slots), stage)
        case Per():
            raise ValueError("`per` stands only at the end of a moment")


class Reader:
    """One definition: what it looks at, and one step of it on a party's state."""

    def __init__(self, node: Node) -> None:
        slots = Slots()
        self.field = node.field if isinstance(node, Per) else None
        self.pattern = node.pattern if isinstance(node, Per) else node
        self.machine = built(self.pattern, slots)
        self.initial = slots.initial
        self.selections = list(selections(self.pattern))
        self.choosers = [chooses(selection) for selection in self.selections]
        self.starts = any(isinstance(part, Start) for part in walk(self.pattern))

    def blank(self) -> State:
        """The state before anything happened."""
        return [FAR, [*self.initial]] if self.field is None else [FAR, [*self.initial], {}]

    def step(self, state: State, now: Instant) -> list[tuple[Scalar | None, Found]]:
        """What is reached at this instant; the state changed in place, its next timer at its head."""
        if self.field is not None:
            return self._per(state, now, self.field)
        found = self.machine.step(state[1], now)
        state[0] = self.machine.due(state[1])
        return [(None, united(found))] if found else []

    def _per(self, state: State, now: Instant, name: str) -> list[tuple[Scalar | None, Found]]:
        """Every value that has an event or a timer now, or all if something of the party's changed; a new value begins
        as a copy of the state that saw what is the party's only.
        """
        carried: dict[str, list[Event]] = {}
        values: dict[str, State] = state[2]
        events, chosen = now.events, set[str]()
        for event in events:
            value = event.field(name)
            if value is not None:
                text = ":".join(tagged(value))
                carried.setdefault(text, []).append(event)
                if text not in values and any(choose(event) for choose in self.choosers):
                    chosen.add(text)
        for text in chosen:
            values[text] = copied(state[:2])
        everyone = now.start is not None or now.came is not None
        reached: list[tuple[Scalar | None, Found]] = []
        wake = FAR
        for text, own in values.items():
            if everyone or text in carried or own[0] <= now.at:
                now.events = carried.get(text, ())
                found = self.machine.step(own[1], now)
                own[0] = self.machine.due(own[1])
                if found:
                    reached.append((untagged(text), united(found)))
            wake = min(wake, own[0])
        now.events = ()
        self.machine.step(state[1], now)
        now.events = events
        state[0] = min(wake, self.machine.due(state[1]))
        return reached


def untagged(text: str) -> Scalar:
    """The value that was written with its type."""
    kind, _, value = text.partition(":")
    return value == "true" if kind == "flag" else Decimal(value) if kind == "number" else value


class Places:
    """A catalogue's stages: where a party is. State: [next timer, place or None, a state per stage]."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.names = [stage.name for stage in stages]
        self.readers = [Reader(stage.enter) for stage in stages]

    def blank(self) -> State:
        """Nowhere yet."""
        return [FAR, None, [reader.blank() for reader in self.readers]]

    def step(self, state: State, now: Instant) -> None:
        """Enters the stage reached at this instant (of several, the later in the catalogue); sets place and came."""
        now.came = None
        entered = None
        for name, reader, own in zip(self.names, self.readers, state[2], strict=True):
            for _, found in reader.step(own, now):
                entered = (name, found)
        if entered is not None:
            name, found = entered
            before = state[1]
            if before is None or before[0] != name:
                now.came = found
                state[1] = [name, now.at, found[0]]
            else:
                state[1] = [name, before[1], found[0]]
        now.place = state[1]
        state[0] = min((own[0] for own in state[2]), default=FAR)


class Program:
    """Definitions to be read together over one party's events at a time."""

    def __init__(self, definitions: Sequence[Definition], zone: str = "UTC") -> None:
        self.definitions = tuple(definitions)
        self.zone = zone
        self.sets = list(dict.fromkeys(d.stages for d in definitions if d.stages))
        self.places = [Places(stages) for stages in self.sets]
        self.readers = [Reader(d.node) for d in definitions]
        self.placed = [self.sets.index(d.stages) if d.stages else -1 for d in definitions]
        self.first = PLACES + len(self.places)  # where the definitions' states begin in a row

    def blank(self) -> State:
        """The row of a party that has no events yet."""
        places, readers = (places.blank() for places in self.places), (reader.blank() for reader in self.readers)
        return [LONG_AGO, FAR, None, False, *places, *readers]

    def instant(self, row: State, at: int, events: Sequence[Event]) -> list[Reached]:
        """Reads a closed instant: all its events in order of id (none: only timers). Timers before it must have run."""
        start: Found | None = None
        if events:
            stated = [event.zone for event in events if event.zone is not None]
            if stated:
                row[ZONE] = stated[-1]
            if not row[STARTED]:
                row[STARTED] = True
                start = (events[0].seen, ((at, events[0].id),), events[0])
        now = Instant(at, events, row[ZONE] or self.zone, start)
        row[LAST] = at
        stands: list[tuple[State | None, Found | None]] = []
        for i, places in enumerate(self.places):
            places.step(row[PLACES + i], now)
            stands.append((now.place, now.came))
        reached: list[Reached] = []
        for i, reader in enumerate(self.readers):
            placed = self.placed[i]
            now.place, now.came = stands[placed] if placed >= 0 else (None, None)
            reached += [(i, per, at, found) for per, found in reader.step(row[self.first + i], now)]
        row[DUE] = min(unit[0] for unit in row[PLACES:]) if len(row) > PLACES else FAR
        return reached

    def advance(self, row: State, until: int) -> list[Reached]:
        """Runs the timers that are due by then, that instant included."""
        reached: list[Reached] = []
        while row[DUE] <= until:
            reached += self.instant(row, row[DUE], ())
        return reached

    def read(self, row: State, events: Iterable[Event]) -> list[Reached]:
        """Reads ordered events, each later than what the row has read, with the timers before each."""
        reached: list[Reached] = []
        for at, together in groupby(events, key=lambda event: event.at):
            reached += self.advance(row, at - 1)
            reached += self.instant(row, at, list(together))
        return reached


def occurrence(party: str, reached: Reached) -> Occurrence:
    """What was reached, as the law says it."""
    _, per, at, (known, evidence, _) = reached
    return Occurrence(party, per, at, max(at, known), tuple(id_ for _, id_ in evidence))


def live(definition: Definition, events: Iterable[Event], as_of: int, zone: str = "UTC") -> list[Occurrence]:
    """Every occurrence of a definition for one party as of an instant, read step by step; equal to `meaning`."""
    ordered = in_order(events, as_of)
    return list(_occurrences(definition, ordered, as_of, zone))


def _occurrences(definition: Definition, ordered: list[Event], as_of: int, zone: str) -> Iterator[Occurrence]:
    if ordered:
        program = Program([definition], zone)
        row = program.blank()
        reached = program.read(row, ordered) + program.advance(row, as_of)
        made = (occurrence(ordered[0].party, one) for one in reached)
        yield from sorted(made, key=lambda o: (o.at, tagged(o.per)))


__all__ = ["Program", "Reached", "Selection", "live", "occurrence"]
