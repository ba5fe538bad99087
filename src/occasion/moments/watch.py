"""Definitions kept up to date as events come in: a reorder buffer, timers, and parties read again when one comes late.

The watcher keeps a row of state for each party (in memory, or on a shelf: `rows.py`) and no occurrences. What it says
are changes: an occurrence `reached`, `corrected` (the same instant rests on other events), `retracted` (no longer
true), or `stands` (no longer true, but a person acted on it). Changes can be said again after a restart; they are keyed
by (party, moment, per, at).
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Literal, cast

import msgspec

from occasion.errors import InputError
from occasion.events.event import Event, in_order
from occasion.moments.again import Part, Parts, replayed, said
from occasion.moments.changes import Change, Key, Log, MemoryLog, difference
from occasion.moments.definition import Definition
from occasion.moments.live.fast import Shown
from occasion.moments.live.program import Program, Saved
from occasion.moments.live.state import LONG_AGO, State, copied
from occasion.moments.reading import Reading
from occasion.moments.rows import MemoryRows, Rows
from occasion.moments.timers import Timers
from occasion.moments.waiting import Waiting

BUFFER_US = 2_000_000
AHEAD_US = 3_600_000_000  # timers of rows on a shelf are asked for an hour ahead
BY_AT, BY_PARTY = attrgetter("at"), attrgetter("party")


class Watcher:
    """Reads many definitions live.

    `definitions`: what to watch. `log`: asked only when a party must be read again, or after a restart. `zone`: the
    workspace's. `buffer_us`: an instant is closed this long after it, by the clock that is given with the events.
    `rows`: where the parties' state is, in memory unless given.
    """

    def __init__(
        self,
        definitions: Sequence[Definition],
        log: Log,
        zone: str = "UTC",
        buffer_us: int = BUFFER_US,
        rows: Rows | None = None,
    ) -> None:
        if buffer_us < 0:
            raise InputError(f"the reorder buffer is {buffer_us} microseconds; give 0 or more")
        self.log, self.buffer_us = log, buffer_us
        self.rows: Rows = rows if rows is not None else MemoryRows()
        self.clock = self.horizon = self.asked = LONG_AGO  # every instant up to the horizon is closed
        self.waiting = Waiting()  # later than the horizon
        self.unseen: list[tuple[int, int, Event]] = []  # seen later than the clock: a heap
        self.timers = Timers()
        self.acted: set[Key] = set()
        self.added: set[str] = set()  # definitions whose past is yet to be said, for parties not read since
        self._take(definitions, zone)

    def _take(self, definitions: Sequence[Definition], zone: str) -> None:
        self.program = Program(definitions, zone)
        self.reading = Reading(self.program, self.rows, self.timers)
        self.fast = self.reading.fast
        self.parts = Parts(self.program)
        self.rows.use(self.program)

    def feed(self, events: Iterable[Event], clock: int) -> list[Change]:
        """Takes events that are new to the log, in any order, and moves the clock (UTC microseconds); what changed.

        Repeats are for the log to refuse (`MemoryLog.add`, or the store), since only the log knows every id.
        """
        given = list(events)
        if clock < self.clock:
            raise InputError(f"the clock is at {clock}, before {self.clock}; give the time of day as it goes on")
        if self.unseen or max([event.seen for event in given], default=clock) > clock:
            given = self._seen_by(given, clock)
        late = [event for event in given if event.at <= self.horizon]
        self.waiting.add([event for event in given if event.at > self.horizon] if late else given)
        self.clock = clock
        changes = self._late(late) if late else []
        return changes + self._close(clock - self.buffer_us)

    def advance(self, clock: int) -> list[Change]:
        """Moves the clock without events; what changed."""
        return self.feed((), clock)

    def prepare(self, parties: int = 0) -> None:
        """Be ready for many events at once, of so many parties: some second of processor now, not when they come."""
        self.reading.prepare(parties)

    def act(self, change: Change) -> None:
        """A person acted on this occurrence: it stands, whatever comes late."""
        self.acted.add(change.key)

    def reread(self, party: str, why: str, known: Iterable[Change]) -> list[Change]:
        """Reads a party whose identity changed (merged with another, or parted again) from the log, which by now says
        which events are its own. `known`: what was said of it and not retracted; what changed against that, with `why`
        as the reason. A party that has no events any more is forgotten, and everything known of it retracted.
        """
        before = {change.key: change for change in known}
        after = {change.key: change for change in self.read_again((party,))}
        return difference(before, after, why, self.clock, self.acted)

    def read_again(self, parties: Collection[str]) -> list[Change]:
        """Reads these parties from the log as `reread` does; all that they have reached."""
        self._drop_waiting(parties)
        found: list[Change] = []
        later: list[Event] = []
        for party in parties:
            events = list(self.log.of(party))
            own = [event if event.party == party else msgspec.structs.replace(event, party=party) for event in events]
            later += [event for event in own if event.at > self.horizon or event.seen > self.clock]
            found += self._anew(party, self._readable(events))
        self._queue(later)
        return found

    def forget(self, party: str) -> None:
        """Erases a party: its row, saved or not, its waiting events, and what was acted on."""
        self._drop_waiting((party,))
        self._remove(party)
        self.acted = {key for key in self.acted if key[0] != party}

    def redefine(self, definitions: Sequence[Definition], parties: Iterable[str] | None = None) -> list[Change]:
        """Watches other definitions from now on; what those that are new have reached already.

        `parties`: those to be read from the log at once (None: all that have a row). Any other is read when something
        touches it or `catch_up` names it; until then its timers are those of the definitions it was read with.
        """
        self.added |= {definition.identity for definition in definitions} - set(self.program.identities)
        everyone = list(self.rows.everyone()) if parties is None else parties
        self._take(definitions, self.program.zone)
        changes = self.catch_up(everyone)
        if parties is None:
            self.added.clear()
        return changes

    def catch_up(self, parties: Iterable[str]) -> list[Change]:
        """Reads those of the parties that were not read since definitions were exchanged; what the new ones reached."""
        return self._bring(list(parties))

    def _seen_by(self, given: list[Event], clock: int) -> list[Event]:
        """Of the events given and kept back, those that were seen by the clock."""
        for event in given:
            if event.seen > clock:
                heapq.heappush(self.unseen, (event.seen, id(event), event))
        ready = [event for event in given if event.seen <= clock]
        while self.unseen and self.unseen[0][0] <= clock:
            ready.append(heapq.heappop(self.unseen)[2])
        return ready

    def _queue(self, events: list[Event]) -> None:
        self.waiting.add(self._seen_by(events, self.clock))

    def _drop_waiting(self, parties: Collection[str]) -> None:
        gone = frozenset(parties)
        self.waiting.drop(gone)
        self.unseen = [one for one in self.unseen if one[2].party not in gone]
        heapq.heapify(self.unseen)

    def _readable(self, events: Iterable[Event], but: Collection[str] = ()) -> list[Event]:
        """Those of a party's events that are closed by now, in order, without some by their id."""
        return [e for e in in_order(events, self.clock) if e.at <= self.horizon and e.id not in but]

    def _anew(self, party: str, events: list[Event]) -> list[Change]:
        """The party's row is what these events leave; all that they show."""
        if not events:
            self._remove(party)
            return []
        row = self.program.blank()
        out = replayed(self.fast, row, party, events, self.horizon)
        self._put(party, row)
        return self._changes(out)

    def _remove(self, party: str) -> None:
        self.rows.remove(party)  # before it is gone: a row that is being saved is saved as it was
        self.reading.drop(party)

    def _put(self, party: str, row: State) -> None:
        self.rows.replaced(party)  # before it is: a row that is being saved is saved as it was
        if self.rows.held.get(party) is not row:
            self.reading.drop(party)
        self.rows.held[party] = row
        self.rows.changed((party,))
        self.timers.set(party, row)

    def _bring(self, parties: Iterable[str], but: Collection[str] = (), said_until: int | None = None) -> list[Change]:
        """Rows of these parties at hand, those that must be from the log. What the definitions added have reached; of
        the others what was reached after `said_until` (None: the horizon).
        """
        changes: list[Change] = []
        until = self.horizon if said_until is None else said_until
        for party in self.rows.load(parties):
            found = self._anew(party, self._readable(self.log.of(party), but))
            changes += [change for change in found if change.moment in self.added or change.at > until]
        return changes

    def _close(self, horizon: int) -> list[Change]:
        """Reads every instant up to the horizon: events first, then the timers of parties that had none."""
        if horizon < self.horizon:
            return []
        batch = self.waiting.closed(horizon)
        brought = self._bring(event.party for event in batch)
        if horizon > self.asked:
            self.timers.add(self.rows.due(self.asked, horizon + AHEAD_US))
            self.asked = horizon + AHEAD_US
        self.timers.add([timer for timer in self.rows.let_go() if timer[0] <= self.asked])
        before, self.horizon = self.horizon, horizon
        out: list[Shown] = []
        read = self.reading.read(batch, out, self.clock)
        again: list[Change] = []
        due = self.timers.due(horizon, lambda some: again.extend(self._bring(some, (), before)), self.rows.row)
        for party in due:
            row = self.rows.held[party]
            if not self.fast.put_off(row, horizon):
                said(out, party, self.program.advance(row, horizon))
            self.timers.set(party, row)
        self.rows.changed(due)
        read += self.reading.wake(horizon, self.clock)
        return brought + again + read + self._changes(out)

    def _late(self, late: list[Event]) -> list[Change]:
        """Events of instants already closed. Where nothing of the party was read since, they are simply read; else the
        party is read again from its last snapshot, with and without them, and the difference is what changed.
        """
        changes = self._bring(list({event.party: None for event in late}), {event.id for event in late})
        simply: list[Event] = []
        for party, together in groupby(sorted(late, key=lambda event: (event.party, event.at)), key=BY_PARTY):
            events = list(together)
            last = self.reading.last(party)
            if last is None or events[0].at > last:
                simply += events
            else:
                changes += self._again(party, events)
        if simply:
            changes += self._simply(simply)
        return changes

    def _simply(self, late: list[Event]) -> list[Change]:
        """Events later than anything read of their parties, and the timers until the horizon."""
        out: list[Shown] = []
        changes = self.reading.read(sorted(late, key=BY_AT), out, self.clock)
        parties = list({event.party: None for event in late})
        for party in parties:
            row = self.rows.held[party]
            said(out, party, self.program.advance(row, self.horizon))
            self.timers.set(party, row)
        self.rows.changed(parties)
        changes += self.reading.wake(self.horizon, self.clock)
        return changes + self._changes(out)

    def _again(self, party: str, late: list[Event]) -> list[Change]:
        """Reads a party again, as far as the late events touch it; its state becomes what the whole log says."""
        now = self._readable(self.log.of(party))
        came = {event.id for event in late}
        held = [event for event in now if event.id not in came]
        if len(held) == len(now):
            return []  # the log refused them: repeats
        part = self.parts.touched(late, held[0].at if held else late[0].at)
        if part is None:
            return []
        own = self._until(party, part, held, late[0].at)
        twin = cast(State, copied(own))
        before = self._changes(replayed(part.fast, own, party, part.seen(held), self.horizon), part)
        after = self._changes(replayed(part.fast, twin, party, part.seen(now), self.horizon), part)
        self._put(party, self.reading.replaced(party, part, twin))
        reason = f"{', '.join(sorted(came)[:3])} came late" + (f", and {len(came) - 3} more" if len(came) > 3 else "")
        return difference({c.key: c for c in before}, {c.key: c for c in after}, reason, self.clock, self.acted)

    def _until(self, party: str, part: Part, events: list[Event], late: int) -> State:
        """A part's row as it was before the instant `late`, from the party's last snapshot or from the beginning."""
        row = self.rows.earlier(party, late, part.which)
        own = part.taken(row) if row is not None else part.program.blank()
        replayed(part.fast, own, party, [event for event in part.seen(events) if event.at < late], late - 1)
        return own

    def _changes(self, out: list[Shown], part: Part | None = None) -> list[Change]:
        names, when = (part.program if part else self.program).identities, self.clock
        kind: Literal["reached"] = "reached"
        return [
            Change(kind, names[i], party, per, at, max(at, known), tuple([key[1] for key in evidence]), when)
            for party, i, per, at, known, evidence in out
        ]

    def save(self) -> dict[str, object]:
        """Everything that a restart needs besides the log and what the rows keep elsewhere, as plain data; it becomes
        every party's last snapshot.
        """
        position = self.place()
        if self.rows.whole:
            self.reading.gather()
        if self.rows.save() is not None:
            position["parties"] = {party: self.program.save(row) for party, row in self.rows.held.items()}
        return position

    def place(self) -> dict[str, object]:
        """What `save` says, without the rows: for who saves those in pieces."""
        return {
            "clock": self.clock,
            "horizon": self.horizon,
            "moments": sorted(set(self.program.identities) - self.added),
            "acted": [[party, moment, *per, at] for party, moment, per, at in sorted(self.acted)],
        }

    def restore(self, saved: dict[str, object]) -> None:
        """Goes on from what was saved, in a new watcher. A party that was saved without one of the definitions, or in
        another layout, is read from its log (from a shelf only when something touches it); events after the horizon are
        taken from the log.
        """
        self.clock, self.horizon = cast(int, saved["clock"]), cast(int, saved["horizon"])
        self.acted = {(p, m, (kind, text), at) for p, m, kind, text, at in cast(list[list[object]], saved["acted"])}  # type: ignore[misc]
        for party, kept in cast(dict[str, Saved], saved.get("parties", {})).items():
            row = self.program.restore(kept)
            if row is None:
                self._anew(party, self._readable(self.log.of(party)))
            else:
                self.rows.held[party] = row
                self.timers.set(party, row)
        if "parties" in saved:
            self.rows.save()
        else:
            self.added = set(self.program.identities) - set(cast(list[str], saved["moments"]))
        self._queue(list(self.log.unread(self.horizon, self.clock)))


__all__ = ["BUFFER_US", "Change", "Log", "MemoryLog", "Watcher"]
