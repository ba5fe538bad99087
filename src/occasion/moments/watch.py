"""Definitions kept up to date as events come in: a reorder buffer, timers, and parties read again when one comes late.

The watcher keeps a row of state for each party and no occurrences. What it says are changes: an occurrence `reached`,
`corrected` (the same instant rests on other events), `retracted` (no longer true), or `stands` (no longer true, but a
person acted on it). Changes can be said again after a restart; they are keyed by (party, moment, per, at).
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Literal, Protocol, cast

import msgspec

from occasion.errors import InputError
from occasion.events.event import Event, Scalar, in_order
from occasion.moments.definition import Definition
from occasion.moments.live.fast import Fast, Handler, Shown
from occasion.moments.live.program import DUE, LAST, STARTED, ZONE, Program, Reached, Saved
from occasion.moments.live.state import LONG_AGO, State
from occasion.moments.meaning import Occurrence, tagged

BUFFER_US = 2_000_000
BY_AT, BY_ID, BY_PARTY = attrgetter("at"), attrgetter("id"), attrgetter("party")
Key = tuple[str, str, tuple[str, str], int]  # party, identity of the moment, value of `per`, at


class Log(Protocol):
    """Where events are kept before they are watched; each id once."""

    def of(self, party: str) -> Iterable[Event]:
        """Every event of a party, in any order."""

    def unread(self, horizon: int, clock: int) -> Iterable[Event]:
        """Every event of any party that happened later than the horizon or was seen later than the clock."""


class MemoryLog:
    """A log in memory."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}
        self.parties: dict[str, list[Event]] = {}

    def add(self, events: Iterable[Event]) -> list[Event]:
        """Keeps them; those that are new by their id, which alone are to be watched."""
        new = []
        for event in events:
            if self.events.setdefault(event.id, event) is event:
                new.append(event)
                self.parties.setdefault(event.party, []).append(event)
        return new

    def of(self, party: str) -> Iterable[Event]:
        return self.parties.get(party, ())

    def unread(self, horizon: int, clock: int) -> Iterable[Event]:
        return [event for event in self.events.values() if event.at > horizon or event.seen > clock]


class Change(msgspec.Struct, frozen=True, gc=False):
    """What became true or ceased to be: an occurrence of the moment (its identity), `when` that was noticed (by the
    clock), and for what is not simply reached the `reason`.
    """

    kind: Literal["reached", "corrected", "retracted", "stands"]
    moment: str
    party: str
    per: Scalar | None
    at: int
    known_at: int
    evidence: tuple[str, ...]
    when: int
    reason: str = ""

    @property
    def occurrence(self) -> Occurrence:
        """The occurrence as the law says it."""
        return Occurrence(self.party, self.per, self.at, self.known_at, self.evidence)

    @property
    def key(self) -> Key:
        """What it is about: two changes of one occurrence have the same key."""
        return self.party, self.moment, tagged(self.per), self.at


class Watcher:
    """Reads many definitions live.

    `definitions`: what to watch. `log`: asked only when a party must be read again, or after a restart. `zone`: the
    workspace's. `buffer_us`: an instant is closed this long after it, by the clock that is given with the events.
    """

    def __init__(
        self, definitions: Sequence[Definition], log: Log, zone: str = "UTC", buffer_us: int = BUFFER_US
    ) -> None:
        if buffer_us < 0:
            raise InputError(f"the reorder buffer is {buffer_us} microseconds; give 0 or more")
        self.program = Program(definitions, zone)
        self.fast = Fast(self.program)
        self.log, self.buffer_us = log, buffer_us
        self.clock = self.horizon = LONG_AGO  # every instant up to the horizon is closed
        self.rows: dict[str, State] = {}
        self.waiting: list[Event] = []  # later than the horizon, in order
        self.unseen: list[tuple[int, int, Event]] = []  # seen later than the clock: a heap
        self.timers: list[tuple[int, str]] = []  # a heap; a party's next is the one that its row says
        self.snapshots: dict[str, bytes] = {}
        self.acted: set[Key] = set()
        self.handlers = _Handlers(self.fast)

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
        self.waiting += [event for event in given if event.at > self.horizon] if late else given
        self.clock = clock
        changes = self._late(late) if late else []
        return changes + self._close(clock - self.buffer_us)

    def advance(self, clock: int) -> list[Change]:
        """Moves the clock without events; what changed."""
        return self.feed((), clock)

    def act(self, change: Change) -> None:
        """A person acted on this occurrence: it stands, whatever comes late."""
        self.acted.add(change.key)

    def _seen_by(self, given: list[Event], clock: int) -> list[Event]:
        """Of the events given and kept back, those that were seen by the clock."""
        for event in given:
            if event.seen > clock:
                heapq.heappush(self.unseen, (event.seen, id(event), event))
        ready = [event for event in given if event.seen <= clock]
        while self.unseen and self.unseen[0][0] <= clock:
            ready.append(heapq.heappop(self.unseen)[2])
        return ready

    def _close(self, horizon: int) -> list[Change]:
        """Reads every instant up to the horizon: events first, then the timers of parties that had none."""
        if horizon < self.horizon:
            return []
        self.waiting.sort(key=BY_AT)
        end = bisect_right(self.waiting, horizon, key=BY_AT)
        batch, self.waiting = self.waiting[:end], self.waiting[end:]
        self.horizon = horizon
        out: list[Shown] = []
        self._read(batch, out)
        while self.timers and self.timers[0][0] <= horizon:
            due, party = heapq.heappop(self.timers)
            row = self.rows[party]
            if row[DUE] <= due:  # else it was set again, and there is an entry for that
                self._say(out, party, self.program.advance(row, horizon))
                self._wake(row, party, due)
        return self._changes("reached", out)

    def _read(self, batch: list[Event], out: list[Shown]) -> None:
        """Reads closed instants, in order of time; an instant of a party with several events the long way."""
        if len({event.at for event in batch}) == len(batch):
            self._read_single(batch, out)
            return
        single: list[Event] = []
        for _, together in groupby(batch, key=BY_AT):
            events = list(together)
            if len(events) > 1 and len({event.party for event in events}) < len(events):
                self._read_single(single, out)
                single = []
                for _, own in groupby(sorted(events, key=BY_PARTY), key=BY_PARTY):
                    self._read_long(list(own), out)
            else:
                single += events
        self._read_single(single, out)

    def _read_single(self, batch: list[Event], out: list[Shown]) -> None:
        """Reads instants of one event each, in order of time; a party's one after another, while its state is at
        hand. This is the loop that everything goes through.
        """
        rows, handlers, wake = self.rows, self.handlers, list[tuple[int, str]]()
        parties: dict[str, list[Event]] = defaultdict(list)
        for event in batch:
            parties[event.party].append(event)
        for party, events in parties.items():
            row = rows.get(party)
            if row is None:
                row = rows[party] = self.program.blank()
                if not self.fast.event(row, events[0], out, wake):
                    self._read_long([events[0]], out)
                del events[0]
            for event in events:
                at = event.at
                if at > row[DUE]:
                    due = row[DUE]
                    self._say(out, party, self.program.advance(row, at - 1))
                    self._wake(row, party, due)
                handle = handlers[event.name]
                if handle is None or at == row[DUE] or (event.zone is not None and event.zone != row[ZONE]):
                    self._read_long([event], out)
                else:
                    handle(row, at, event, out, wake)
                    row[LAST] = at
        for timer in wake:
            heapq.heappush(self.timers, timer)

    def _read_long(self, events: list[Event], out: list[Shown]) -> None:
        """Reads one instant of a party with everything that may happen at it. The same event twice counts once."""
        party, at = events[0].party, events[0].at
        row = self.rows.get(party)
        if row is None:
            row = self.rows[party] = self.program.blank()
        if len(events) > 1:
            events = in_order(events)
        due = row[DUE]
        self._say(out, party, self.program.advance(row, at - 1))
        self._say(out, party, self.program.instant(row, at, events))
        self._wake(row, party, due)

    def _wake(self, row: State, party: str, before: int) -> None:
        """Sets the party's next timer where it is another than before."""
        if row[DUE] != before and row[DUE] < 1 << 62:
            heapq.heappush(self.timers, (row[DUE], party))

    @staticmethod
    def _say(out: list[Shown], party: str, reached: list[Reached]) -> None:
        out += [(party, i, per, at, known, evidence) for i, per, at, (known, evidence, _) in reached]

    def _late(self, late: list[Event]) -> list[Change]:
        """Events of instants already closed. Where nothing of the party was read since, they are simply read; else the
        party is read again from its last snapshot, with and without them, and the difference is what changed.
        """
        changes: list[Change] = []
        for party, together in groupby(sorted(late, key=lambda event: (event.party, event.at)), key=BY_PARTY):
            events = list(together)
            row = self.rows.get(party)
            if row is None or events[0].at > row[LAST]:
                out: list[Shown] = []
                for _, own in groupby(events, key=BY_AT):
                    self._read_long(list(own), out)
                row = self.rows[party]
                due = row[DUE]
                self._say(out, party, self.program.advance(row, self.horizon))
                self._wake(row, party, due)
                changes += self._changes("reached", out)
            else:
                changes += self._again(party, events)
        return changes

    def _again(self, party: str, late: list[Event]) -> list[Change]:
        """Reads a party again; its state becomes what the whole log says."""
        now = [event for event in in_order(self.log.of(party), self.clock) if event.at <= self.horizon]
        came = {event.id for event in late}
        held = [event for event in now if event.id not in came]
        if len(held) == len(now):
            return []  # the log refused them: repeats
        before, _ = self._replay(party, held, late[0].at)
        after, row = self._replay(party, now, late[0].at)
        due = self.rows[party][DUE]
        self.rows[party] = row
        self.snapshots.pop(party, None)
        self._wake(row, party, due)
        reason = f"{', '.join(sorted(came)[:3])} came late" + (f", and {len(came) - 3} more" if len(came) > 3 else "")
        return self._difference(before, after, reason)

    def _replay(self, party: str, events: list[Event], late: int) -> tuple[dict[Key, Change], State]:
        """What a party's events up to the horizon show from its last snapshot before the late event on."""
        row = self._restored(party, late)
        begin = row[LAST]
        out: list[Shown] = []
        wake: list[tuple[int, str]] = []
        for at, together in groupby((event for event in events if event.at > begin), key=BY_AT):
            own = list(together)
            if len(own) == 1 and row[STARTED] and self.fast.event(row, own[0], out, wake):
                continue
            self._say(out, party, self.program.advance(row, at - 1))
            self._say(out, party, self.program.instant(row, at, own))
        if events:
            self._say(out, party, self.program.advance(row, self.horizon))
        return {c.key: c for c in self._changes("reached", out)}, row

    def _restored(self, party: str, late: int) -> State:
        """The party's row at its last snapshot, if that is before the late event; else from the beginning."""
        kept = self.snapshots.get(party)
        if kept is not None:
            row = self.program.restore(cast(Saved, msgspec.msgpack.decode(kept)))
            if row is not None and row[LAST] < late:
                return row
        return self.program.blank()

    def _difference(self, before: dict[Key, Change], after: dict[Key, Change], reason: str) -> list[Change]:
        changes: list[Change] = []
        for key, old in before.items():
            if key not in after:
                kind: Literal["stands", "retracted"] = "stands" if key in self.acted else "retracted"
                changes.append(msgspec.structs.replace(old, kind=kind, when=self.clock, reason=reason))
        for key, new in after.items():
            if key not in before:
                changes.append(new)
            elif before[key].occurrence != new.occurrence:
                changes.append(msgspec.structs.replace(new, kind="corrected", reason=reason))
        return changes

    def _changes(self, kind: Literal["reached"], out: list[Shown]) -> list[Change]:
        names, when = self.program.identities, self.clock
        return [
            Change(kind, names[i], party, per, at, max(at, known), tuple([key[1] for key in evidence]), when)
            for party, i, per, at, known, evidence in out
        ]

    def save(self) -> dict[str, object]:
        """Everything that a restart needs besides the log, as plain data; it becomes every party's last snapshot."""
        self.snapshots = {party: msgspec.msgpack.encode(self.program.save(row)) for party, row in self.rows.items()}
        return {
            "clock": self.clock,
            "horizon": self.horizon,
            "parties": {party: msgspec.msgpack.decode(kept) for party, kept in self.snapshots.items()},
            "acted": [[party, moment, *per, at] for party, moment, per, at in sorted(self.acted)],
        }

    def restore(self, saved: dict[str, object]) -> None:
        """Goes on from what was saved, in a new watcher. A party that was saved without one of the definitions is read
        from its log; events after the horizon are taken from the log.
        """
        self.clock, self.horizon = cast(int, saved["clock"]), cast(int, saved["horizon"])
        self.acted = {(p, m, (kind, text), at) for p, m, kind, text, at in cast(list[list[object]], saved["acted"])}  # type: ignore[misc]
        for party, kept in cast(dict[str, Saved], saved["parties"]).items():
            row = self.program.restore(kept)
            if row is None:
                events = [e for e in in_order(self.log.of(party), self.clock) if e.at <= self.horizon]
                _, row = self._replay(party, events, LONG_AGO)
            else:
                self.snapshots[party] = msgspec.msgpack.encode(kept)
            self.rows[party] = row
            self._wake(row, party, 1 << 62)
        self.waiting = self._seen_by(list(self.log.unread(self.horizon, self.clock)), self.clock)


class _Handlers(dict[str, Handler | None]):
    """The quick path's function by event name, made at its first event."""

    def __init__(self, fast: Fast) -> None:
        super().__init__()
        self.fast = fast

    def __missing__(self, name: str) -> Handler | None:
        self[name] = made = self.fast.handler(name)
        return made


__all__ = ["BUFFER_US", "Change", "Log", "MemoryLog", "Watcher"]
