"""Closed instants read, and where each party's state is meanwhile: in its row, or in the table of those that are read
by the many (`columns.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, cast

from occasion.events.event import Event, in_order
from occasion.moments.again import Part, said
from occasion.moments.changes import Change
from occasion.moments.live.fast import Fast, Handler, Shown
from occasion.moments.live.program import DUE, LAST, ZONE, Program
from occasion.moments.live.state import State
from occasion.moments.rows import Rows
from occasion.moments.timers import Timers

if TYPE_CHECKING:
    from occasion.moments.columns import Columns

MANY, MANY_ON_SHELF = 1_000, 300  # so many events at once, and there is a table from then on
BY_AT, BY_PARTY = attrgetter("at"), attrgetter("party")


class Reading:
    """Definitions read over rows. `many`: events at once from which on there is a table; None: there is one, or none
    is made.
    """

    def __init__(self, program: Program, rows: Rows, timers: Timers) -> None:
        self.program, self.rows, self.timers = program, rows, timers
        self.fast = self.others = Fast(program)
        self.handlers = _Handlers(self.fast)
        self.columns: Columns | None = None
        self.many: int | None = MANY if rows.whole else MANY_ON_SHELF

    def _table(self) -> Columns | None:
        from occasion.moments.columns import Columns

        self.columns, self.many = Columns.of(self.program, self.rows.held), None
        if self.columns is not None:
            self.others = Fast(self.program, self.columns.plan.rest)
            self.rows.tabled(self.columns)
        return self.columns

    def prepare(self, parties: int = 0) -> None:
        """Make the table now, with room for so many, and have its loop's machine code at hand: that takes some second
        of processor.
        """
        if self.columns is None and self.many is not None and (table := self._table()) is not None:
            table.prepare(parties)

    def inside(self, party: str) -> Columns | None:
        """The table, if the party is in it."""
        return self.columns if self.columns is not None and party in self.columns else None

    def last(self, party: str) -> int | None:
        """The last instant at which anything of the party was read; None: it has no row."""
        if (table := self.inside(party)) is not None:
            return table.last_of(party)
        row = self.rows.held.get(party)
        return None if row is None else cast(int, row[LAST])

    def drop(self, party: str) -> None:
        """The table forgets the party."""
        if self.columns is not None:
            self.columns.drop(party)

    def wake(self, horizon: int, when: int) -> list[Change]:
        """Runs the timers that are in the table until the horizon; what they reach."""
        if self.columns is None:
            return []
        parties = self.columns.waiting(horizon)
        self.rows.load(parties)  # they are about to change
        self.rows.changed(parties)
        return self.columns.wake(horizon, when)

    def replaced(self, party: str, part: Part, own: State) -> State:
        """A part of the party's state is what the part's row says, in the table if the party is there; its row."""
        row, table = self.rows.held[party], self.inside(party)
        was = list(row)
        self._put(part, own, row)
        if table is not None and not table.sink(party, row, part.which):
            row[:] = was
            self.whole(party)
            self._put(part, own, row)
        return row

    @staticmethod
    def _put(part: Part, own: State, row: State) -> None:
        part.put(own, row)
        row[ZONE], row[LAST] = own[ZONE], max(row[LAST], own[LAST])  # a timer that it set may be later

    def read(self, batch: list[Event], out: list[Shown], when: int) -> list[Change]:
        """Reads closed instants, in order of time. What is reached: in `out`, or of parties in the table given back
        (noticed `when`).
        """
        if self.columns is None and self.many is not None and len(batch) >= self.many:
            self._table()
        if self.columns is None or not batch:
            self._instants(batch, out)
            return []
        changes, rest, left = self.columns.read(batch, when)
        self.rows.changed([event.party for event in batch])
        self._rest(rest, self.columns.plan.rest, out)
        for party in {event.party: None for event in left}:
            self.whole(party)
        self._instants(sorted(left, key=BY_AT), out)
        return changes

    def _rest(self, events: list[Event], which: Sequence[int], out: list[Shown]) -> None:
        """The same for the definitions that are not in the table: one event an instant, by party."""
        rows, wake, rest = self.rows.held, list[str](), self.others
        for event in events:
            party, at = event.party, event.at
            row = rows[party]
            if at >= row[DUE] and not self.fast.put_off(row, at):
                said(out, party, self.program.advance(row, at - 1))
            if not rest.event(row, event, out, wake):
                said(out, party, self.program.instant(row, at, [event], which))
            self.timers.set(party, row)

    def whole(self, party: str, moves: int = 1) -> None:
        """Takes the party out of the table, if it is there: its row has all of its state again."""
        if self.columns is not None and party in self.columns:
            row = self.columns.lift(party, moves)
            if row is not None:
                self.timers.set(party, row)

    def gather(self) -> None:
        """Makes the rows in memory whole, for who reads them: no party is in a table of words."""
        for party in self.columns.everyone() if self.columns is not None else ():
            self.whole(party, 0)

    def _instants(self, batch: list[Event], out: list[Shown]) -> None:
        """Reads closed instants, in order of time; an instant of a party with several events the long way."""
        if len({event.at for event in batch}) == len(batch):
            self._single(batch, out)
            return
        single: list[Event] = []
        for _, together in groupby(batch, key=BY_AT):
            events = list(together)
            if len(events) > 1 and len({event.party for event in events}) < len(events):
                self._single(single, out)
                single = []
                for _, own in groupby(sorted(events, key=BY_PARTY), key=BY_PARTY):
                    self._long(list(own), out)
            else:
                single += events
        self._single(single, out)

    def _single(self, batch: list[Event], out: list[Shown]) -> None:
        """Reads instants of one event each, in order of time; a party's one after another, while its state is at
        hand. This is the loop that everything goes through.
        """
        rows, handlers, put_off, wake = self.rows.held, self.handlers, self.fast.put_off, list[str]()
        parties: dict[str, list[Event]] = defaultdict(list)
        for event in batch:
            parties[event.party].append(event)
        for party, events in parties.items():
            row = rows.get(party)
            if row is None:
                row = rows[party] = self.program.blank()
                if not self.fast.event(row, events[0], out, wake):
                    self._long([events[0]], out)
                del events[0]
            for event in events:
                at = event.at
                if at >= row[DUE] and not put_off(row, at):
                    said(out, party, self.program.advance(row, at - 1))
                    self.timers.set(party, row)
                handle = handlers[event.name]
                if handle is None or at == row[DUE] or (event.zone is not None and event.zone != row[ZONE]):
                    self._long([event], out)
                else:
                    handle(row, at, event, out, wake)
                    row[LAST] = at
        for party in wake:
            self.timers.set(party, rows[party])
        self.rows.changed(parties)

    def _long(self, events: list[Event], out: list[Shown]) -> None:
        """Reads one instant of a party with everything that may happen at it. The same event twice counts once."""
        party, at = events[0].party, events[0].at
        row = self.rows.held.get(party)
        if row is None:
            row = self.rows.held[party] = self.program.blank()
        if len(events) > 1:
            events = in_order(events)
        said(out, party, self.program.advance(row, at - 1))
        said(out, party, self.program.instant(row, at, events))
        self.timers.set(party, row)
        self.rows.changed((party,))


class _Handlers(dict[str, Handler | None]):
    """The quick path's function by event name, made at its first event."""

    def __init__(self, fast: Fast) -> None:
        super().__init__()
        self.fast = fast

    def __missing__(self, name: str) -> Handler | None:
        self[name] = made = self.fast.handler(name)
        return made


__all__ = ["MANY", "MANY_ON_SHELF", "Reading"]
