"""Definitions read together: one party's row of state for all of them, saved and restored.

A row is [the last instant, next timer, zone, started, woken, a state per set of stages, a state per definition]; a
state is None as long as nothing concerned it. `woken` is for who keeps the timers (FAR: nobody waits for this row).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from occasion.events.event import Event, Scalar, in_order
from occasion.moments.calendar import FAR
from occasion.moments.definition import LANGUAGE, Definition, Stage, plain
from occasion.moments.live.reader import PLACE, TIMER, Places, Reader
from occasion.moments.live.state import LONG_AGO, Found, Instant, State, revived, written
from occasion.moments.meaning import Occurrence, tagged

LAST, DUE, ZONE, STARTED, WOKEN, PLACES = range(6)
LAYOUT = 1  # how states are laid out: a change of it makes saved states unreadable, and parties are read again
Reached = tuple[int, Scalar | None, int, Found]  # which definition, the value of `per`, when, and what shows it
Saved = dict[str, object]


class Program:
    """Definitions to be read together over one party's events at a time."""

    def __init__(self, definitions: Sequence[Definition], zone: str = "UTC") -> None:
        self.definitions = tuple(definitions)
        self.identities = [definition.identity for definition in definitions]
        self.zone = zone
        self.sets = list(dict.fromkeys(d.stages for d in definitions if d.stages))
        self.set_identities = [_identity(stages) for stages in self.sets]
        self.places = [Places(stages) for stages in self.sets]
        self.readers = [Reader(d.node) for d in definitions]
        self.placed = [self.sets.index(d.stages) if d.stages else -1 for d in definitions]
        self.timed = [i for i, reader in enumerate(self.readers) if reader.timers]
        self.layout = _layout([self.zone, *self.set_identities, *self.identities])
        self.first = PLACES + len(self.places)  # where the definitions' states begin in a row

    def blank(self) -> State:
        """The row of a party that has no events yet."""
        places = [places.blank() for places in self.places]
        return [LONG_AGO, FAR, None, False, FAR, *places, *[None] * len(self.readers)]

    def instant(self, row: State, at: int, events: Sequence[Event]) -> list[Reached]:
        """Reads a closed instant: all its events in order of id (none: only timers). Timers before it must have run."""
        start: Found | None = None
        for event in events:
            if event.zone is not None:
                row[ZONE] = event.zone
        if events and not row[STARTED]:
            row[STARTED] = True
            start = (events[0].seen, ((at, events[0].id),), events[0])
        now = Instant(at, events, row[ZONE] or self.zone, start)
        row[LAST] = at
        stands: list[tuple[State | None, Found | None]] = [(None, None)]  # what -1 finds
        for i, places in enumerate(self.places):
            places.step(row[PLACES + i], now)
            stands.insert(i, (now.place, now.came))
        reached: list[Reached] = []
        for i, reader in enumerate(self.readers):
            now.place, now.came = stands[self.placed[i]]
            state = row[self.first + i]
            if reader.concerned(state, now):
                if state is None:
                    state = row[self.first + i] = reader.blank()
                reached += [(i, per, at, found) for per, found in reader.step(state, now)]
        row[DUE] = min([unit[TIMER] for unit in row[PLACES:] if unit is not None], default=FAR)
        return reached

    def advance(self, row: State, until: int) -> list[Reached]:
        """Runs the timers that are due by then, that instant included."""
        reached: list[Reached] = []
        while row[DUE] <= until:
            at = row[DUE]
            if self.places and min(row[place][TIMER] for place in range(PLACES, self.first)) <= at:
                reached += self.instant(row, at, ())
            else:
                reached += self._tick(row, at)
        return reached

    def _tick(self, row: State, at: int) -> list[Reached]:
        """Runs the definitions' timers of an instant at which no stage can be entered."""
        now = Instant(at, (), row[ZONE] or self.zone)
        row[LAST] = at
        reached: list[Reached] = []
        due, first = FAR, self.first
        for place in range(PLACES, first):
            due = min(due, row[place][TIMER])
        for i in self.timed:
            state = row[first + i]
            if state is not None:
                if state[TIMER] <= at:
                    placed = self.placed[i]
                    now.place = row[PLACES + placed][PLACE] if placed >= 0 else None
                    reached += [(i, per, at, found) for per, found in self.readers[i].tick(state, now)]
                due = min(due, state[TIMER])
        row[DUE] = due
        return reached

    def read(self, row: State, events: Iterable[Event]) -> list[Reached]:
        """Reads ordered events, each later than what the row has read, with the timers before each."""
        reached: list[Reached] = []
        for at, together in groupby(events, key=lambda event: event.at):
            reached += self.advance(row, at - 1)
            reached += self.instant(row, at, list(together))
        return reached

    def save(self, row: State) -> Saved:
        """A party's state as plain data (JSON-ready), each definition's under its identity."""
        return {
            "layout": LAYOUT,
            "read": row[LAST],
            "zone": row[ZONE],
            "started": row[STARTED],
            "stages": dict(zip(self.set_identities, map(written, row[PLACES : self.first]), strict=True)),
            "moments": dict(zip(self.identities, map(written, row[self.first :]), strict=True)),
        }

    def restore(self, saved: Saved) -> State | None:
        """The row that was saved; None if it lacks a definition or stages or is laid out in another way: read the party
        from its log then.
        """
        if saved.get("layout") != LAYOUT:
            return None
        stages, moments = saved["stages"], saved["moments"]
        assert isinstance(stages, dict)
        assert isinstance(moments, dict)
        if not (set(self.set_identities) <= set(stages) and set(self.identities) <= set(moments)):
            return None
        own = [revived(stages[i]) for i in self.set_identities] + [revived(moments[i]) for i in self.identities]
        due = min((unit[TIMER] for unit in own if unit is not None), default=FAR)
        return [saved["read"], due, saved["zone"], saved["started"], FAR, *own]

    def pack(self, row: State) -> bytes:
        """A party's row in few bytes (MessagePack), for `unpack` of a program with the same definitions."""
        head = [self.layout, row[LAST], row[DUE], row[ZONE], row[STARTED]]
        try:
            return msgspec.msgpack.encode(head + row[PLACES:])
        except OverflowError:  # a sum beyond 63 bits
            return msgspec.msgpack.encode(head + written(row[PLACES:]))

    def unpack(self, packed: bytes) -> State | None:
        """The row that was packed; None if by other definitions or in another layout: read the party from the log."""
        layout, last, due, zone, started, *own = msgspec.msgpack.decode(packed)
        if layout != self.layout:
            return None
        return [last, due, zone, started, FAR, *revived(own)]


def _identity(stages: tuple[Stage, ...]) -> str:
    return hashlib.sha256(json.dumps([LANGUAGE, plain(stages)], sort_keys=True).encode()).hexdigest()[:16]


def _layout(parts: Sequence[str]) -> int:
    """A number for this layout of these definitions in a row."""
    digest = hashlib.sha256(json.dumps([LAYOUT, LANGUAGE, *parts]).encode()).digest()
    return int.from_bytes(digest[:4], "big")


def occurrence(party: str, reached: Reached) -> Occurrence:
    """What was reached, as the law says it."""
    _, per, at, (known, evidence, _) = reached
    return Occurrence(party, per, at, max(at, known), tuple(id_ for _, id_ in evidence))


def live(definition: Definition, events: Iterable[Event], as_of: int, zone: str = "UTC") -> list[Occurrence]:
    """Every occurrence of a definition for one party as of an instant, read step by step; equal to `meaning`."""
    ordered = in_order(events, as_of)
    if not ordered:
        return []
    program = Program([definition], zone)
    row = program.blank()
    reached = program.read(row, ordered) + program.advance(row, as_of)
    made = [occurrence(ordered[0].party, one) for one in reached]
    return sorted(made, key=lambda o: (o.at, tagged(o.per)))
