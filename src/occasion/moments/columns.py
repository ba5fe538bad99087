"""Parties by the many: the states of simple definitions as whole numbers side by side, read by a compiled loop.

A row of state (`live/program.py`) is some hundred small objects all over the memory, most of them cold when an event of
its party comes; here what an event touches lies in a few lines of a table. What the loop cannot read (an instant with
several events of a party, a zone of its own, evidence of several events at once) is read in the party's row: its words
go there, and come back with the next events. A party that did so a few times stays there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from occasion.events.event import Event
from occasion.moments.calendar import FAR
from occasion.moments.changes import Change
from occasion.moments.in_words import Plan
from occasion.moments.live.program import DUE, LAST, STARTED, ZONE, Program
from occasion.moments.live.state import LONG_AGO, Key, State
from occasion.moments.live.units import HOUR_US, Units
from occasion.moments.live.words import Unplaced
from occasion.moments.meaning import EVIDENCE_LIMIT
from occasion.moments.serials import Ints, Listed, Serials, larger

RECORDS, SHOWN = 1 << 16, 1 << 19  # room for what one run of the loop says
MOVES = 4  # a party that left the table so often stays in its row
ROOM = 1 << 14  # parties, at first
TAKEN = 1 << 20  # bytes of room for rows that are packed


class Columns:
    """The table of parties that are read together. `held`: their rows, where the definitions that are not in words are
    (`plan.rest`), and everything of a party that is not in the table.
    """

    def __init__(self, program: Program, plan: Plan, held: dict[str, State]) -> None:
        from occasion.moments.live import kernel, row_kernel

        self.row_kernel = row_kernel
        self.kernel, self.program, self.plan, self.held = kernel, program, plan, held
        self.number = _Numbers()
        self.serials = Serials()
        self.words = np.empty((0, len(plan.template)), np.int64)
        self.due, self.last = np.empty(0, np.int64), np.empty(0, np.int64)
        self.flat, self.moves = np.empty(0, np.bool_), np.empty(0, np.uint8)
        self.used = 0  # numbers of parties that there is something of in these
        self.counters = [Units(unit) for unit in plan.units]
        self.out, self.shown = np.empty((RECORDS, 5), np.int64), np.empty(SHOWN, np.int64)
        self.codes = _Codes(plan.codes)
        self.starts = any(program.readers[i].starts for i in plan.rest)
        self.named = self._named()

    @classmethod
    def of(cls, program: Program, held: dict[str, State]) -> Columns | None:
        """A table for these definitions; None where there is nothing to gain."""
        plan = Plan(program)
        return cls(program, plan, held) if plan.gains else None

    def _named(self) -> frozenset[str] | None:
        """The names that the definitions not in words look at; None: any."""
        names = [self.program.readers[i].names for i in self.plan.rest]
        return None if None in names else frozenset[str]().union(*(one or () for one in names))

    def __contains__(self, party: str) -> bool:
        p = self.number.get(party)
        return p is not None and bool(self.flat[p])

    def last_of(self, party: str) -> int:
        """The last instant at which anything of a party in the table was read."""
        return max(int(self.last[self.number[party]]), int(self.held[party][LAST]))

    def prepare(self, parties: int = 0) -> None:
        """Have the compiled loops' machine code at hand, and room for so many parties."""
        self._room(parties)
        nothing = np.empty(0, np.int64)
        self._run((), nothing, nothing, np.zeros(1, np.int64), LONG_AGO)
        self._wake(nothing, LONG_AGO, LONG_AGO)
        self.packed(nothing)
        self.put(b"", nothing, nothing, 0, 0)

    def due_of(self, party: str) -> int:
        """The next timer that is in the table of a party in it."""
        return int(self.due[self.number[party]])

    def waiting(self, horizon: int) -> list[str]:
        """The parties whose timers in the table are due by then."""
        names = self.number.names
        return [names[p] for p in np.flatnonzero(self.due <= horizon).tolist()]

    def read(self, events: Sequence[Event], when: int) -> tuple[list[Change], list[Event], list[Event]]:
        """Reads events in order of time; what they reach (noticed `when`), of the definitions in words. The second are
        events that the other definitions must be shown, the third those of which nothing was read: both by party, in
        order of time. Of the parties of the third, the rows are whole.
        """
        number = self.number
        party = np.array([number[event.party] for event in events], np.int64)
        self.grown()
        order = np.argsort(party, kind="stable")
        party = party[order]
        begins = np.concatenate([[0], np.flatnonzero(np.diff(party)) + 1, [len(party)]])
        self._taken_in(party[begins[:-1]])
        fresh = self.last[party[begins[:-1]]] == LONG_AGO
        changes, stop = self._run(events, order, party, begins, when)
        stopped = stop >= 0
        ends = np.where(stopped, stop, begins[1:])
        read = np.arange(len(party)) < np.repeat(ends, np.diff(begins))
        rest = self._for_the_rest(events, order, party, begins[:-1][fresh], read)
        left = [events[i] for i in order[~read].tolist()]
        return changes, rest, left

    def _taken_in(self, parties: Ints) -> None:
        """Those of the parties that have a row but are not in the table come in, if they can."""
        for p in parties[~self.flat[parties] & (self.moves[parties] < MOVES)].tolist():
            party = self.number.names[p]
            row = self.held.get(party)
            if row is None:
                row = self.held[party] = self.program.blank()
                self.flat[p], self.last[p], self.due[p] = True, LONG_AGO, FAR
            else:
                self.sink(party, row)

    def _run(
        self, events: Sequence[Event], order: Ints, party: Ints, begins: Ints, when: int
    ) -> tuple[list[Change], Ints]:
        """The compiled loop over the events; what is reached, and the event it stopped before by party (or -1)."""
        plan, kernel = self.plan, self.kernel
        self.serials.swept(self.words[: self.used], plan.serials)
        serial = order + self.serials.count
        ats = [event.at for event in events]
        self.serials.add(ats, [event.id for event in events])
        codes = self.codes
        name = np.array([codes[event.name] for event in events], np.int64)
        at = np.array(ats, np.int64)
        seen = np.array([event.seen for event in events], np.int64)[order]
        bits = self._bits(events, name)[order]
        odd = np.array([event.zone is not None for event in events], np.bool_)[order] | ~self.flat[party]
        units = np.zeros((max(1, len(self.counters)), len(at)), np.int64)
        for i, counter in enumerate(self.counters if events else ()):
            units[i] = self._units(counter, at)
        at, name, units = at[order], name[order], np.ascontiguousarray(units[:, order])
        stop, position = np.full(len(begins) - 1, -1, np.int64), np.zeros(2, np.int64)
        fill = np.zeros(2, np.int64)
        changes: list[Change] = []
        done = False
        while not done:
            done = kernel.run(
                begins, party, at, seen, serial, name, bits, units, odd, stop, position, self.words, self.due,
                self.last, plan.template, plan.ops, plan.timed, plan.filling, plan.touched_from, plan.touched,
                plan.source, plan.anchor, self.out, self.shown, fill,
            )  # fmt: skip
            changes += self._said(fill, when)
        return changes, stop

    def wake(self, horizon: int, when: int) -> list[Change]:
        """Runs the timers of the definitions in words until the horizon; what they reach."""
        parties = np.flatnonzero(self.due <= horizon)
        return self._wake(parties, horizon, when) if len(parties) else []

    def _wake(self, parties: Ints, horizon: int, when: int) -> list[Change]:
        position, fill = np.zeros(1, np.int64), np.zeros(2, np.int64)
        changes: list[Change] = []
        done = False
        while not done:
            done = self.kernel.wake(
                parties, position, horizon, self.words, self.due, self.last, self.plan.ops, self.plan.timed, self.out,
                self.shown, fill,
            )  # fmt: skip
            changes += self._said(fill, when)
        return changes

    def _said(self, fill: Ints, when: int) -> list[Change]:
        """What the loop wrote down, and the room for it empty again."""
        records = self.out[: fill[0]].tolist()
        ats, ids = self.serials.keys(self.shown[: fill[1]])
        ends = [*[record[4] for record in records[1:]], len(ids)][: len(records)]
        fill[:] = 0
        names, identities = self.number.names, self.program.identities
        moments = [identities[i] for i in self.plan.which]
        changes = []
        for (p, op, at, known, begin), end in zip(records, ends, strict=True):
            if end - begin == 1:
                evidence: tuple[str, ...] = (ids[begin],)
            else:
                keys = sorted(set(zip(ats[begin:end], ids[begin:end], strict=True)))
                evidence = tuple([key[1] for key in keys[-EVIDENCE_LIMIT:]])
            late = known if known > at else at
            changes.append(Change("reached", moments[op], names[p], None, at, late, evidence, when))
        return changes

    def _for_the_rest(self, events: Sequence[Event], order: Ints, party: Ints, first: Ints, read: Ints) -> list[Event]:
        """Of the events read those that the definitions not in words must be shown; `first`: their parties' first."""
        named = self.named
        if self.plan.rest:
            shown = np.array([named is None or event.name in named for event in events], np.bool_)[order]
        else:
            shown = np.zeros(len(events), np.bool_)
        shown[first] |= self.starts
        for p in party[first[~shown[first] & read[first]]].tolist():
            self.held[self.number.names[p]][STARTED] = True
        return [events[i] for i in order[shown & read].tolist()]

    def _bits(self, events: Sequence[Event], name: Ints) -> Ints:
        """Which conditions hold of each event, a bit each."""
        bits = np.zeros(len(events), np.int64)
        for code in self.plan.asking:
            where = np.flatnonzero(name == code).tolist()
            asked = [
                (1 << i, test) for i, (called, test) in enumerate(self.plan.bits) if self.plan.codes[called] == code
            ]
            some = [events[i] for i in where]
            bits[where] = [sum(bit for bit, test in asked if test(event)) for event in some]
        return bits

    def _units(self, counter: Units, at: Ints) -> Ints:
        """The civil unit of each instant in the workspace's zone."""
        zone = self.program.zone
        hours, where, inverse = np.unique(at // HOUR_US, return_index=True, return_inverse=True)
        units = np.array([counter.number(t, zone) for t in at[where].tolist()], np.int64)[inverse]
        held = counter.zones[zone]
        nothing = (0, 0, 0)  # of an hour that is not remembered any more
        bounds = np.array([held.get(hour, nothing)[:2] for hour in hours.tolist()], np.int64)[inverse]
        other = np.flatnonzero((at < bounds[:, 0]) | (at >= bounds[:, 1]))  # a unit that begins within the hour
        units[other] = [counter.number(t, zone) for t in at[other].tolist()]
        return units

    def grown(self) -> None:
        """Room for the parties that came since."""
        before, n = self.used, len(self.number.names)
        if n > len(self.words):
            self._room(max(n, 2 * len(self.words), ROOM))
        if n > before:
            self.due[before:n], self.last[before:n] = FAR, LONG_AGO
            self.flat[before:n], self.moves[before:n] = False, 0
            self.words[before:n] = self.plan.template
            self.used = n

    def _room(self, parties: int) -> None:
        """Room for so many in all; memory is taken only as they come."""
        used, room = self.used, max(parties, len(self.words))
        self.words, self.moves = larger(self.words, used, room), larger(self.moves, used, room)
        self.due, self.last = larger(self.due, used, room), larger(self.last, used, room)
        self.flat = larger(self.flat, used, room)
        self.flat[used:], self.due[used:] = False, FAR

    def packed(self, numbers: Ints) -> tuple[Ints, Ints]:
        """Parties in bytes (`row_kernel.taken`): their heads, and the bytes that these speak of."""
        width, serials = len(self.plan.template), self.serials
        of_values, of_events = (np.full((self.row_kernel.SLOTS, 3), -1, np.int64) for _ in range(2))
        codes, values, events = (np.empty(n * width, np.int64) for n in (4, 3, 1))
        heads, position, done = np.empty((len(numbers), 5), np.int64), np.zeros(2, np.int64), False
        room = np.empty(TAKEN // 8, np.int64)
        while not done:
            done = self.row_kernel.taken(
                numbers, position, self.words, self.plan.template, self.plan.speaks, serials.ats, serials.ends,
                serials.ids, of_values, of_events, codes, values, events, heads, room.view(np.uint8),
                room.view(np.uint16), room,
            )  # fmt: skip
            if not done:
                room = larger(room, int(position[1]) // 8, 2 * len(room))
                of_values[:, 0] = of_events[:, 0] = -1
        return heads, room.view(np.uint8)

    def put(self, rows: bytes, starts: Ints, numbers: Ints, events: int, characters: int) -> None:
        """Parties from bytes (`row_kernel.placed`) that speak of so many events, their ids in so many bytes."""
        self.grown()
        serials = self.serials
        serials.swept(self.words[: self.used], self.plan.serials)
        serials.room(events, characters)
        b8, b16, b32, b64 = (np.frombuffer(rows, kind) for kind in (np.uint8, np.uint16, np.int32, np.int64))
        serials.count = self.row_kernel.placed(
            b8, b16, b32, b64, starts, numbers, serials.count, self.words, self.last, self.due, self.plan.speaks,
            serials.ats, serials.ends, serials.ids,
        )  # fmt: skip
        self.flat[numbers] = True

    def lift(self, party: str, moves: int = 1) -> State | None:
        """The party's row made whole, the party no longer in the table; None: nothing was read of it yet."""
        p = self.number[party]
        self.flat[p], self.due[p] = False, FAR
        self.moves[p] += moves
        row = self.held[party]
        if self.last[p] == LONG_AGO:
            del self.held[party]
            return None
        self._into(row, p)
        row[LAST], row[STARTED] = max(row[LAST], int(self.last[p])), True
        self.words[p] = self.plan.template  # so that it speaks of no event
        return row

    def _into(self, row: State, p: int) -> None:
        words, serials = self.words[p].tolist(), self.serials
        for one, o in zip(self.plan.flats, self.plan.offsets, strict=True):
            one.write(words[o : o + len(one.initial)], row, serials)
        row[DUE] = min(row[self.program.due], default=FAR)

    def sink(self, party: str, row: State, which: Iterable[int] | None = None) -> bool:
        """Takes a party whose row is whole into the table, if it can be; or anew the definitions (by their place in the
        program) that were read again of one that is there.
        """
        p = self.number[party]
        if row[ZONE] is not None:
            self.moves[p] = MOVES
            return False
        some = [k for k, i in enumerate(self.plan.which) if which is None or i in which]
        flats, offsets = self.plan.flats, self.plan.offsets
        coming = _Coming(self.serials.count)
        try:
            words = [flats[k].read(row, coming) for k in some]
        except Unplaced:
            return False
        self.serials.add(coming.ats, coming.ids)
        due = FAR if which is None else int(self.due[p])
        for k, own in zip(some, words, strict=True):
            one, kept = flats[k], self.program.readers[self.plan.which[k]].kept
            self.words[p, offsets[k] : offsets[k] + len(own)] = own
            row[kept] = self.program.initial[kept]
            if one.timer is not None:
                due, row[one.timer] = min(due, row[one.timer]), FAR
        row[DUE] = min(row[self.program.due], default=FAR)
        self.due[p], self.flat[p] = due, True
        self.last[p] = row[LAST] if which is None else max(self.last[p], row[LAST])
        return True

    def drop(self, party: str) -> None:
        """The party is no longer in the table, whatever is there of it."""
        p = self.number.pop(party, None)
        if p is not None:
            self.flat[p], self.due[p], self.last[p], self.moves[p] = False, FAR, LONG_AGO, 0
            self.words[p] = self.plan.template
            self.number.free(p)

    def everyone(self) -> list[str]:
        """All parties in the table."""
        names = self.number.names
        return [names[p] for p in np.flatnonzero(self.flat).tolist()]


class _Coming(Listed):
    """Events that get the next numbers of the table's, all at once: one by one each costs as much as all."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self.first = first

    def key(self, serial: int) -> Key:
        return super().key(serial - self.first)

    def serial(self, key: Key) -> int:
        return self.first + super().serial(key)


class _Numbers(dict[str, int]):
    """A number for every party, given when it first comes; `names`: the parties by number."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self._free: list[int] = []

    def __missing__(self, party: str) -> int:
        if self._free:
            number = self._free.pop()
            self.names[number] = party
        else:
            number = len(self.names)
            self.names.append(party)
        self[party] = number
        return number

    def free(self, number: int) -> None:
        """To be given again."""
        self.names[number] = ""
        self._free.append(number)


class _Codes(dict[str, int]):
    """The number of a name; 0 for one that no definition in words speaks of."""

    def __missing__(self, name: str) -> int:
        return 0


__all__ = ["Columns", "Plan"]
