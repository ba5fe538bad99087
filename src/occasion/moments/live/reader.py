"""One definition read live: its machine, where its state lies, and a step of it; and where a party is.

The slots of a definition lie in the party's row beside those of all others. A `per` has one slot in the row for a state
of its own, [values, slots...]: `values` are the states of each value by its text, laid out alike; the state that holds
them saw only what is the party's.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from occasion.events.event import Event, Scalar
from occasion.moments.calendar import FAR
from occasion.moments.definition import (
    After,
    And,
    Did,
    Every,
    Fewer,
    Node,
    Nth,
    Or,
    Per,
    Reach,
    Rolling,
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
from occasion.moments.live.once import OnceFewerMachine, OnceReachMachine, SilentMachine, opens_once, silent
from occasion.moments.live.rolling import RollingMachine
from occasion.moments.live.state import Found, Instant, State, copied, united
from occasion.moments.live.windows import FewerMachine, ReachMachine
from occasion.moments.meaning import tagged

VALUES = 0  # the head of the state of a `per`
TIMER, PLACE, ENTERS = range(3)  # the state of a set of stages


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
            parts = built(node.anchor, slots), built(node.measure.source, slots)
            return OnceReachMachine(slots, node, *parts) if opens_once(node) else ReachMachine(slots, node, *parts)
        case Fewer():
            parts = built(node.anchor, slots), built(node.measure.source, slots)
            if silent(node):
                return SilentMachine(slots, node, *parts)
            if opens_once(node):
                return OnceFewerMachine(slots, node, *parts)
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


def alarms(node: Node) -> int:
    """How many timers a pattern needs in the row; those of all values of a `per` are one there."""
    count = sum(isinstance(part, (Fewer, Every)) for part in walk(node))
    return min(count, 1) if isinstance(node, Per) else count


class Reader:
    """One definition: what it looks at, and one step of it on a row, of which it touches its own slots only.

    `kept` and `timers`: where these are. For a `per`: `kept` is the slot of its own state, `initial` that state at the
    beginning, `own_timers` and `reached` (when the moment was last reached) are slots in it.
    """

    def __init__(self, node: Node, slots: Slots) -> None:
        self.field = node.field if isinstance(node, Per) else None
        self.pattern = node.pattern if isinstance(node, Per) else node
        begin = len(slots.initial)
        own = slots if self.field is None else Slots(alarms(self.pattern), None)
        self.slot = slots.take(None) if self.field is not None else begin
        self.reached = own.take(None)
        self.machine = built(self.pattern, own)
        self.initial = own.initial
        self.own_timers = self.machine.timers
        self.timers = self.own_timers if self.field is None or not self.own_timers else (slots.alarm(),)
        self.kept = slice(begin, len(slots.initial))
        chosen = list(selections(self.pattern))
        self.choosers = [chooses(selection) for selection in chosen]
        named = all(selection.of == "event" for selection in chosen)
        self.names = frozenset(selection.name for selection in chosen) if named else None  # None: any may count
        parts = list(walk(self.pattern))
        self.starts = any(isinstance(part, Start) for part in parts)
        self.listens = any(isinstance(p, Fewer) and p.silence is not None and p.silence.coming_in for p in parts)

    def blank(self) -> State:
        """The own state of a `per` before anything happened."""
        state = [*self.initial]
        state[VALUES] = {}
        return state

    def held(self, row: State) -> State:
        """What it keeps in the row, but for the timers."""
        own = row[self.kept]
        return [self.blank()] if self.field is not None and own == [None] else own

    def due(self, row: State) -> int:
        """When it must be called although nothing happens."""
        return min((row[timer] for timer in self.timers), default=FAR)

    def concerned(self, row: State, now: Instant) -> bool:
        """Whether anything may change at this instant."""
        if (now.start is not None and self.starts) or (now.came is not None and self.listens):
            return True
        if self.timers and self.due(row) <= now.at:
            return True
        return bool(now.events) and (self.names is None or any(event.name in self.names for event in now.events))

    def step(self, row: State, now: Instant) -> list[tuple[Scalar | None, Found]]:
        """What is reached at this instant; the row changed in place."""
        if self.field is not None:
            return self._per(row, now, self.field)
        found = self._one(row, now)
        return [(None, found)] if found is not None else []

    def tick(self, row: State, now: Instant) -> list[tuple[Scalar | None, Found]]:
        """The same at an instant at which nothing happened but a timer is due."""
        if self.field is not None:
            return self._per(row, now, self.field)
        found = self.machine.tick(row, now)
        if not found:
            return []
        row[self.reached] = now.at
        return [(None, united(found))]

    def _one(self, state: State, now: Instant) -> Found | None:
        found = self.machine.step(state, now)
        if not found:
            return None
        state[self.reached] = now.at
        return united(found)

    def own_due(self, state: State) -> int:
        """The next timer in a state of a `per`."""
        return min((state[timer] for timer in self.own_timers), default=FAR)

    def _per(self, row: State, now: Instant, name: str) -> list[tuple[Scalar | None, Found]]:
        """Every value that has an event now, or all if a timer is due or something of the party's changed; a new value
        begins as a copy of the state that saw what is the party's only.
        """
        state = row[self.slot]
        if state is None:
            state = row[self.slot] = self.blank()
        values: dict[str, State] = state[VALUES]
        events, carried = now.events, self._carried(now.events, name, values)
        for text in carried:
            if text not in values:
                values[text] = [None, *copied(state[VALUES + 1 :])]
        before = self.due(row)
        everyone = now.start is not None or now.came is not None or before <= now.at
        reached: list[tuple[Scalar | None, Found]] = []
        stepped = values if everyone else carried
        wake = FAR if everyone else before  # it may be too early then, never too late
        for text in stepped:
            now.events = carried.get(text, ())
            found = self._one(values[text], now)
            if found is not None:
                reached.append((untagged(text), found))
            wake = min(wake, self.own_due(values[text]))
        now.events = ()
        self.machine.step(state, now)
        now.events = events
        if self.timers:
            row[self.timers[0]] = min(wake, self.own_due(state))
        return reached

    def _carried(self, events: Sequence[Event], name: str, values: dict[str, State]) -> dict[str, list[Event]]:
        """The events by the value they carry, where it is one already or a selection chooses one of them."""
        carried: dict[str, list[Event]] = {}
        chosen = set(values)
        for event in events:
            value = event.field(name)
            if value is not None:
                text = ":".join(tagged(value))
                carried.setdefault(text, []).append(event)
                if text not in chosen and any(choose(event) for choose in self.choosers):
                    chosen.add(text)
        return {text: own for text, own in carried.items() if text in chosen}


def untagged(text: str) -> Scalar:
    """The value that was written with its type."""
    kind, _, value = text.partition(":")
    return value == "true" if kind == "flag" else Decimal(value) if kind == "number" else value


class Places:
    """A catalogue's stages: where a party is. State: [next timer, place or None, what the stages' patterns keep]."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.names = [stage.name for stage in stages]
        self.slots = Slots(sum(alarms(stage.enter) for stage in stages))
        self.readers = [Reader(stage.enter, self.slots) for stage in stages]

    def blank(self) -> State:
        """Nowhere yet."""
        return [FAR, None, [*self.slots.initial]]

    def step(self, state: State, now: Instant) -> None:
        """Enters the stage reached at this instant (of several, the later in the catalogue); sets place and came."""
        now.came = None
        entered, own = None, state[ENTERS]
        for name, reader in zip(self.names, self.readers, strict=True):
            if reader.concerned(own, now):
                for _, found in reader.step(own, now):
                    entered = (name, found)
        if entered is not None:
            name, found = entered
            before = state[PLACE]
            fresh = before is None or before[0] != name
            state[PLACE] = [name, now.at if fresh else before[1], found[0]]
            now.came = found if fresh else None
        now.place = state[PLACE]
        state[TIMER] = min(own[self.slots.begin : self.slots.end], default=FAR)
