"""Definitions read together: one party's row of state for all of them, saved and restored.

A row is one flat list: [the last instant, next timer, zone, started, woken, a state per set of stages, a timer per set,
the timers of all definitions, their other slots]. `woken` is for who keeps the timers (FAR: nobody waits for this row).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from itertools import compress, groupby
from operator import is_not

import msgspec

from occasion.events.event import Event, Scalar, in_order
from occasion.moments.calendar import FAR
from occasion.moments.definition import LANGUAGE, Definition, Stage, plain
from occasion.moments.live.node import Slots
from occasion.moments.live.reader import PLACE, TIMER, Places, Reader, alarms
from occasion.moments.live.state import LONG_AGO, PLAIN, Found, Instant, State, revived, written
from occasion.moments.meaning import Occurrence, tagged

LAST, DUE, ZONE, STARTED, WOKEN, PLACES = range(6)
LAYOUT = 2  # how states are laid out: a change of it makes saved states unreadable, and parties are read again
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
        count = sum(alarms(d.node) for d in definitions)
        places = PLACES + len(self.places)
        slots = Slots(count, LONG_AGO, FAR, None, False, FAR, *[None] * len(self.places), *[FAR] * len(self.places))
        self.readers = [Reader(d.node, slots) for d in definitions]
        self.initial = slots.initial
        self.due = slice(places, slots.end)  # every timer: those of stages, those of definitions
        self.placed = [self.sets.index(d.stages) if d.stages else -1 for d in definitions]
        self.alarms = [(timer, i) for i, reader in enumerate(self.readers) for timer in reader.timers]
        self.layout = _layout([self.zone, *self.set_identities, *self.identities])

    def blank(self) -> State:
        """The row of a party that has no events yet."""
        row = [*self.initial]
        for i, places in enumerate(self.places):
            row[PLACES + i] = places.blank()
        return row

    def instant(
        self, row: State, at: int, events: Sequence[Event], which: Sequence[int] | None = None
    ) -> list[Reached]:
        """Reads a closed instant: all its events in order of id (none: only timers). Timers before it must have run.
        `which`: only these definitions are read.
        """
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
            state = row[PLACES + i]
            places.step(state, now)
            row[self.due.start + i] = state[TIMER]
            stands.insert(i, (now.place, now.came))
        reached: list[Reached] = []
        for i in range(len(self.readers)) if which is None else which:
            reader = self.readers[i]
            now.place, now.came = stands[self.placed[i]]
            if reader.concerned(row, now):
                reached += [(i, per, at, found) for per, found in reader.step(row, now)]
        row[DUE] = min(row[self.due], default=FAR)
        return reached

    def advance(self, row: State, until: int) -> list[Reached]:
        """Runs the timers that are due by then, that instant included."""
        reached: list[Reached] = []
        while row[DUE] <= until:
            at = row[DUE]
            if self.places and min(row[self.due.start : self.due.start + len(self.places)]) <= at:
                reached += self.instant(row, at, ())
            else:
                reached += self._tick(row, at)
        return reached

    def _tick(self, row: State, at: int) -> list[Reached]:
        """Runs the definitions' timers of an instant at which no stage can be entered."""
        now = Instant(at, (), row[ZONE] or self.zone)
        row[LAST] = at
        reached: list[Reached] = []
        ticked = -1
        for timer, i in self.alarms:
            if row[timer] <= at and i != ticked:
                ticked, placed = i, self.placed[i]
                now.place = row[PLACES + placed][PLACE] if placed >= 0 else None
                reached += [(i, per, at, found) for per, found in self.readers[i].tick(row, now)]
        row[DUE] = min(row[self.due], default=FAR)
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
            "stages": dict(zip(self.set_identities, map(written, row[PLACES:]), strict=False)),
            "moments": {
                identity: written([[row[timer] for timer in reader.timers], reader.held(row)])
                for identity, reader in zip(self.identities, self.readers, strict=True)
            },
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
        row = self.blank()
        row[LAST], row[ZONE], row[STARTED] = saved["read"], saved["zone"], saved["started"]
        for i, identity in enumerate(self.set_identities):
            row[PLACES + i] = revived(stages[identity])
            row[self.due.start + i] = row[PLACES + i][TIMER]
        for identity, reader in zip(self.identities, self.readers, strict=True):
            timers, row[reader.kept] = revived(moments[identity])
            for slot, timer in zip(reader.timers, timers, strict=True):
                row[slot] = timer
        row[DUE] = min(row[self.due], default=FAR)
        return row

    def pack(self, row: State) -> bytes:
        """A party's row in few bytes (MessagePack: what differs from the beginning), for `unpack` of a program with the
        same definitions.
        """
        woken, row[WOKEN] = row[WOKEN], FAR
        where = list(compress(range(len(row)), map(is_not, row, self.initial)))
        what = [row[i] for i in where]
        row[WOKEN] = woken
        try:
            return msgspec.msgpack.encode([self.layout, where, what])
        except OverflowError:  # a sum beyond 63 bits
            return msgspec.msgpack.encode([self.layout, where, written(what)])

    def unpack(self, packed: bytes, before: int = FAR) -> State | None:
        """The row that was packed; None if by other definitions or in another layout: read the party from the log. None
        too if it read something at or after `before`.
        """
        layout, where, what = msgspec.msgpack.decode(packed)
        if layout != self.layout or (where and where[0] == LAST and what[0] >= before):
            return None
        return self.filled(where, what)

    def filled(self, where: Sequence[int], what: Sequence[object]) -> State:
        """A row that differs from the beginning so, as it was packed."""
        row = [*self.initial]
        for i, value in zip(where, what, strict=True):
            row[i] = value if value.__class__ in PLAIN else revived(value)
        return row


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
