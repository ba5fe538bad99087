"""A party read again from its log: what it shows, and the row it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from occasion.events.event import Event
from occasion.moments.live.fast import Fast, Shown
from occasion.moments.live.program import LAST, STARTED, Program, Reached
from occasion.moments.live.state import State

BY_AT = attrgetter("at")


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
    if events:
        said(out, party, program.advance(row, horizon))
    return [(party, *one[1:]) for one in out]
