"""A party read again from its log: what it shows, and the row it leaves; only the definitions that a late event touches
where the others cannot change.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from occasion.events.event import Event
from occasion.moments.calendar import FAR
from occasion.moments.definition import Definition, selections
from occasion.moments.live.fast import Fast, Shown
from occasion.moments.live.program import DUE, LAST, PLACES, STARTED, ZONE, Program, Reached
from occasion.moments.live.state import State

BY_AT = attrgetter("at")
Names = frozenset[str] | None  # None: any name


def said(out: list[Shown], party: str, reached: list[Reached]) -> None:
    """Adds what a program reached for a party to what is shown."""
    out += [(party, i, per, at, known, evidence) for i, per, at, (known, evidence, _) in reached]


def replayed(fast: Fast, row: State, party: str, events: Sequence[Event], horizon: int) -> list[Shown]:
    """Reads a party's ordered events later than the row has read, none later than the horizon, and the timers until
    then; the row is changed in place. The events may carry another name that the party came with.
    """
    program: Program = fast.program
    begin = row[LAST]
    out: list[Shown] = []
    for at, together in groupby((event for event in events if event.at > begin), key=BY_AT):
        own = list(together)
        if len(own) == 1 and row[STARTED] and fast.event(row, own[0], out, []):
            continue
        said(out, party, program.advance(row, at - 1))
        said(out, party, program.instant(row, at, own))
    said(out, party, program.advance(row, horizon))
    return [(party, *one[1:]) for one in out]


class Part:
    """Some definitions of a program, read alone. `which`: their places in it."""

    def __init__(self, whole: Program, which: Sequence[int]) -> None:
        self.whole, self.which = whole, which
        self.program = Program([whole.definitions[i] for i in which], whole.zone)
        self.fast = Fast(self.program)
        named = [_names(whole.definitions[i]) for i in which]
        self.names: Names = None if None in named else frozenset[str]().union(*(names or () for names in named))

    def seen(self, events: Sequence[Event]) -> list[Event]:
        """Of a party's ordered events those that matter here: what may be chosen, the first, and what sets the zone."""
        if self.names is None:
            return list(events)
        return [e for i, e in enumerate(events) if i == 0 or e.name in self.names or e.zone is not None]

    def taken(self, row: State) -> State:
        """Its own row from one of the whole program's; what is in it belongs to both."""
        own = self.program.blank()
        own[LAST], own[ZONE], own[STARTED] = row[LAST], row[ZONE], row[STARTED]
        self._copy(self.whole, row, self.program, own, [(i, k) for k, i in enumerate(self.which)])
        return own

    def put(self, own: State, row: State) -> None:
        """Its row's slots into the whole program's row."""
        self._copy(self.program, own, self.whole, row, list(enumerate(self.which)))

    @staticmethod
    def _copy(one: Program, source: State, other: Program, row: State, pairs: list[tuple[int, int]]) -> None:
        for i, k in pairs:
            row[other.readers[k].kept] = source[one.readers[i].kept]
            for timer, again in zip(one.readers[i].timers, other.readers[k].timers, strict=True):
                row[again] = source[timer]
            if one.placed[i] >= 0:
                row[PLACES + other.placed[k]] = source[PLACES + one.placed[i]]
                row[other.due.start + other.placed[k]] = source[one.due.start + one.placed[i]]
        row[DUE] = min(row[other.due], default=FAR)


class Parts:
    """The parts of a program that were asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.named = [_names(definition) for definition in program.definitions]
        self.made: dict[tuple[int, ...], Part] = {}

    def touched(self, late: Sequence[Event], first: int) -> Part | None:
        """The definitions that may change by these events of a party that started at `first`; None if none can."""
        which = tuple(range(len(self.named)))
        if late[0].at > first and all(event.zone is None for event in late):
            came = {event.name for event in late}
            which = tuple(i for i in which if (names := self.named[i]) is None or not came.isdisjoint(names))
        if which and which not in self.made:
            self.made[which] = Part(self.program, which)
        return self.made[which] if which else None


def _names(definition: Definition) -> Names:
    """The names that it or the stages it speaks of choose."""
    chosen = [*selections(definition.node), *(one for stage in definition.stages for one in selections(stage.enter))]
    return frozenset(one.name for one in chosen) if all(one.of == "event" for one in chosen) else None


__all__ = ["Part", "Parts", "replayed", "said"]
