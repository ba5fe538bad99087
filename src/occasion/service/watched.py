"""What the server watches: a reading of the catalogue, and a watcher over the log with its rows kept on disk."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Protocol

import msgspec

from occasion.events.event import Event, in_order
from occasion.moments.again import replayed
from occasion.moments.catalogue import Catalogue
from occasion.moments.changes import Change
from occasion.moments.definition import Definition
from occasion.moments.derived import Watched, watched
from occasion.moments.live.fast import Shown
from occasion.moments.rows import ShelvedRows
from occasion.moments.watch import Watcher
from occasion.service.pieces import pieces, together
from occasion.store.arrived import Group
from occasion.store.kept_state import Beginning, Checkpoint, KeptState
from occasion.store.occurrences import Noticed

IN_MEMORY = 200_000  # parties whose rows stay in memory; the others are fetched when something comes
WORDS_BYTES = 1 << 30  # of the words of rows in the table at most
MANY_PARTIES = 10_000  # from so many on it is expected that many events come at once
NOTHING = Catalogue("moments.yaml")
Key = tuple[str, str, str]  # (identity, moment, role)


class WatchedLog(Protocol):
    """The log as the watcher needs it; parties are those that merges lead to."""

    def of(self, party: str) -> Iterable[Event]:
        """Every event of a party; none for an identity that is read as another."""

    def unread(self, horizon: int, clock: int) -> Iterable[Event]:
        """Every event that happened later than the horizon or was seen later than the clock."""

    def after(self, seq: int) -> Iterable[Group]:
        """The groups committed after a position that is not before `sealed`."""

    def position(self) -> int:
        """What was committed last."""

    def sealed(self) -> int:
        """Up to where segments hold the log: from there on `after` can tell."""

    def loads(self) -> int:
        """How often the history was loaded into beside the log."""

    def by_party(self, upto: int) -> Iterator[tuple[str, list[Event]]]:
        """Every party with all its events up to a position, each party once, in any order."""


@dataclass(frozen=True)
class Plan:
    """One reading of the catalogue: what is watched, by the identity of its definition."""

    catalogue: Catalogue = NOTHING
    watched: tuple[Watched, ...] = ()
    problems: tuple[str, ...] = ()
    names: dict[str, list[Watched]] = field(default_factory=dict)

    @classmethod
    def of(cls, catalogue: Catalogue) -> Plan:
        """Everything that can be watched of a catalogue; its errors are the problems."""
        found = tuple(one for moment in catalogue.moments for one in watched(moment))
        names: dict[str, list[Watched]] = {}
        for one in found:
            names.setdefault(one.definition.identity, []).append(one)
        return cls(catalogue, found, tuple(catalogue.errors()), names)

    @property
    def definitions(self) -> list[Definition]:
        """Each definition once, in an order that does not depend on the catalogue's."""
        return [self.names[identity][0].definition for identity in sorted(self.names)]

    @property
    def keys(self) -> set[Key]:
        """(identity, moment, role) of all."""
        return {(w.definition.identity, w.moment, w.role) for w in self.watched}


class _View:
    """The log as far as it was given to the watcher: events that are still to be given are hidden from it.

    What is read again must not rest on them: when they are given, the watcher compares what was so without them.
    """

    def __init__(self, log: WatchedLog) -> None:
        self.log, self.hidden = log, set[str]()

    def of(self, party: str) -> Iterable[Event]:
        return self._seen(self.log.of(party))

    def unread(self, horizon: int, clock: int) -> Iterable[Event]:
        return self._seen(self.log.unread(horizon, clock))

    def _seen(self, events: Iterable[Event]) -> Iterable[Event]:
        hidden = self.hidden
        return [event for event in events if event.id not in hidden] if hidden else events


class Reading:
    """A plan's watcher with its rows on disk, standing at a position of the log. For one thread at a time."""

    def __init__(self, plan: Plan, log: WatchedLog, path: Path, zone: str, buffer_us: int) -> None:
        self.plan, self.log, self.zone, self.buffer_us = plan, log, zone, buffer_us
        self.view = _View(log)
        self.kept = KeptState(path)
        self._new()
        self.seq = self.saved_seq = 0
        self._checkpoint: Checkpoint | None = None  # that is being written
        self._beginning: Checkpoint | None = None  # where the log stood when reading all of it was begun
        self.begun = False  # whether all of the log up to `seq` was read
        self.since = 0  # the clock when definitions were last exchanged: what the added ones reached before is history
        self.behind: Iterator[str] | None = None  # parties that may not have been read since
        self._prepared = False
        self._warming: Iterator[list[tuple[str, bytes]]] = iter(())  # what is on disk, to be brought into memory
        self._ahead = 0  # until there are so many
        self.all_again = False  # whether they are to be, also those whose rows tell of every definition

    def _new(self) -> None:
        self.rows = ShelvedRows(self.kept)
        self.watcher = Watcher(self.plan.definitions, self.view, self.zone, self.buffer_us, self.rows)

    # begin: from the last checkpoint, or from the whole log

    def resume(self) -> bool:
        """Stand where the last checkpoint did; False if there is none that serves, or it is one of a beginning."""
        found = self._serving()
        if found is None or found.beginning is not None:
            return False
        self.seq = self.saved_seq = found.seq
        self._hide()
        self.watcher.restore(msgspec.msgpack.decode(found.watcher))
        self.since = self.watcher.clock
        self.begun = True
        self._go_back_for(self.plan.keys.difference(found.said), found.watched)
        return True

    def broken_off(self) -> Beginning | None:
        """How the reading of the whole log was begun that came to no end, if it can go on: same log, same plan."""
        found = self._serving()
        if found is None or found.beginning is None or found.beginning.keys != sorted(self.plan.keys):
            return None
        return found.beginning

    def _serving(self) -> Checkpoint | None:
        """The last checkpoint, if the log can tell what came since and is otherwise the same."""
        found = self.kept.checkpoint()
        if found is None or found.zone != self.zone or found.loads != self.log.loads():
            return None
        return found if found.seq >= self.log.sealed() else None

    def begin(self, clock: int, known_until: int = 0) -> Iterator[list[Change]]:
        """Read the whole log as of the clock, some parties after others; what they have reached. Go on to the end, then
        `end_beginning`.
        """
        self._checkpoint = None
        self.kept.remove_all()
        self._new()
        watcher = self.watcher
        watcher.clock, watcher.horizon = clock, clock - self.buffer_us
        self.seq = self.log.position()
        return self._begin(self.log.loads(), Beginning(sorted(self.plan.keys), known_until), again=False)

    def begin_again(self) -> Iterator[list[Change]]:
        """Go on where reading the whole log was broken off (see `broken_off`)."""
        found = self.kept.checkpoint()
        assert found is not None
        assert found.beginning is not None
        said = msgspec.msgpack.decode(found.watcher)
        self.watcher.clock, self.watcher.horizon = said["clock"], said["horizon"]
        self.seq = found.seq
        return self._begin(found.loads, found.beginning, again=True)

    def _begin(self, loads: int, beginning: Beginning, *, again: bool) -> Iterator[list[Change]]:
        self.begun = False
        self.saved_seq, self.since = self.seq, self.watcher.clock
        place = msgspec.msgpack.encode(self.watcher.place())
        self._beginning = Checkpoint(self.seq, place, self.zone, loads, beginning=beginning)
        return self._read_all(self._beginning, again)

    def _read_all(self, begun: Checkpoint, again: bool) -> Iterator[list[Change]]:
        watcher, clock, horizon = self.watcher, self.watcher.clock, self.watcher.horizon
        for some in pieces(self.log.by_party(begun.seq)):
            done = self.kept.has([party for party, _ in some]) if again else ()
            written, changes = [], []
            for party, events in some:
                closed = [event for event in in_order(events, clock) if event.at <= horizon]
                if closed and party not in done:
                    row = watcher.program.blank()
                    changes += self._reached(replayed(watcher.fast, row, party, closed, horizon))
                    written.append((party, *self.rows.packing.settled(row)))
            self.kept.write(written, ())
            yield changes

    def end_beginning(self) -> None:
        """All of the log is read: a checkpoint. Once everything that followed from it is on record, and not before."""
        assert self._beginning is not None
        begun, self._beginning = self._beginning, None
        self._hide()
        saved = self.watcher.save()
        self.watcher.restore(saved)
        self._commit(self._checkpoint_of(msgspec.msgpack.encode(saved), begun.loads))
        self.begun = True

    def keep_beginning(self) -> None:
        """What was read of the whole log so far need not be read again: once what followed from it is on record."""
        if self._beginning is not None:
            self.kept.commit(self._beginning)

    # go on

    def feed(self, group: Group) -> list[Change]:
        """Read a group; what changed. Parties whose identity changed are read by `again`."""
        if group.seq <= self.seq and group.events:
            return []
        self.seq = max(self.seq, group.seq)
        if self.view.hidden or self.log.position() > self.seq:
            self._hide()
        return self.watcher.feed(group.events, max(self.watcher.clock, group.clock))

    def catch_up(self) -> Iterator[tuple[Group, list[Change]]]:
        """Read what was committed since, some groups as one; what that changed. Of what comes meanwhile `hide` must be
        told.
        """
        self._hide()
        while groups := list(together(self.log.after(self.seq))):
            for group in groups:
                self.view.hidden.difference_update([event.id for event in group.events])
                self.seq = group.seq
                yield group, self.watcher.feed(group.events, max(self.watcher.clock, group.clock))

    def hide(self, group: Group) -> None:
        """This group is to be given later: nothing that is read again may rest on it."""
        self.view.hidden.update([event.id for event in group.events])

    def _hide(self) -> None:
        self.view.hidden = {event.id for group in self.log.after(self.seq) for event in group.events}

    def advance(self, clock: int) -> list[Change]:
        """Move the clock; what changed by time alone."""
        return self.watcher.advance(max(self.watcher.clock, clock))

    def again(self, parties: Collection[str]) -> list[Change]:
        """Read parties again whose identity changed; all that they have reached."""
        return self.watcher.read_again(parties)

    def prepare(self) -> None:
        """Where there are many parties, be ready for many events at once."""
        if self.behind is not None:  # rows in another layout are still to come
            return
        if not self._prepared and (parties := self.kept.count()) >= MANY_PARTIES:
            self._ahead = min(parties, self._room())
            self.watcher.prepare(self._ahead * 5 // 4)  # room for those that come between two saves
            if self.rows.table is not None:
                self._warming = self.kept.latest(self._ahead)
        self._prepared = True

    def _room(self) -> int:
        """How many rows of the table stay in memory."""
        return min(IN_MEMORY, WORDS_BYTES // (8 * len(self.rows.packing.plan.template) + 1))

    def warm(self, seconds: float) -> bool:
        """For so long bring rows into memory before something comes; whether there are more, and room for them."""
        until = perf_counter() + seconds
        while some := next(self._warming, None):
            if self.rows.held.many() >= self._ahead:
                break
            self.rows.warm(some)
            if perf_counter() >= until:
                return True
        self._warming = iter(())
        return False

    @property
    def said(self) -> frozenset[Key]:
        """Of what is watched, that whose history is read; what was reached is on record when the work is done."""
        return frozenset(key for key in self.plan.keys if key[0] not in self.watcher.added)

    def redefine(self, plan: Plan) -> None:
        """Watch another plan from now on; parties are read again when something touches them, or by `go_back`."""
        self.end_save()
        new, before = plan.keys - self.plan.keys, self.plan.names
        self.plan, self.since = plan, self.watcher.clock
        self.watcher.redefine(plan.definitions, ())
        self._prepared, self._warming = False, iter(())  # its table is another
        self._go_back_for(new, before)

    def _go_back_for(self, new: Collection[Key], watched: Container[str]) -> None:
        """Have history read for these, and by everybody where a definition that was `watched` serves another moment."""
        self.watcher.added |= {identity for identity, _, _ in new}
        self.all_again = any(identity in watched for identity in self.watcher.added)  # an earlier one's too, half read
        self.behind = self.rows.everyone() if self.watcher.added else None

    def go_back(self, some: int) -> list[Change]:
        """Let some more parties read their history with definitions that are new; what these have reached.

        `behind` is None once all have.
        """
        if self.behind is None:
            return []
        parties = list(islice(self.behind, some))
        if self.all_again:
            changes = [change for change in self.again(parties) if change.moment in self.watcher.added]
        else:
            changes = self.watcher.catch_up(parties)
        if len(parties) < some:
            self.behind = None
            self.watcher.added.clear()
        return changes

    def is_behind(self) -> bool:
        """Whether there are parties that may not have read history with every definition."""
        return self.behind is not None

    def noticed(self, changes: Iterable[Change], known_until: int | None = None) -> Iterator[Noticed]:
        """What a change means for every moment and role that its definition serves.

        It is history where it was reached before its definition was watched, or, if given, up to `known_until`.
        """
        added, since = self.watcher.added, self.since
        for change in changes:
            past = change.moment in added and change.at < since
            history = past or (known_until is not None and change.at <= known_until)
            for one in self.plan.names.get(change.moment, ()):
                yield Noticed(change, one.role, one.moment, change.moment, 0, history)

    def forget(self, parties: Iterable[str], *, save: bool = True) -> None:
        """Keep nothing of parties that were erased, here or (once something is saved) on disk."""
        self.end_save()
        for party in parties:
            self.watcher.forget(party)
        if save:
            self.save()
            self.kept.scrub()
        else:
            self.rows.save()  # so that all of them can be asked; they count from the next checkpoint on

    def _reached(self, shown: Iterable[Shown]) -> list[Change]:
        names, when = self.watcher.program.identities, self.watcher.clock
        return [
            Change("reached", names[i], party, per, at, max(at, known), tuple([key[1] for key in evidence]), when)
            for party, i, per, at, known, evidence in shown
        ]

    # keep

    def save(self) -> None:
        """A checkpoint: every row that changed goes to disk; of those that did not, some leave memory."""
        self.end_save()
        self.begin_save()
        self.end_save()

    @property
    def saving(self) -> bool:
        """Whether a checkpoint was begun and is not yet whole."""
        return self._checkpoint is not None

    def begin_save(self) -> None:
        """Begin a checkpoint of where it stands now; `save_some` writes it, whatever is read meanwhile."""
        place = msgspec.msgpack.encode(self.watcher.place())
        self._checkpoint = self._checkpoint_of(place, self.log.loads())
        self.rows.begin_save()

    def save_some(self, rows: int) -> None:
        """Write some more rows of the checkpoint that was begun, and the checkpoint with the last."""
        if self._checkpoint is not None and self.rows.save_some(rows):
            self._commit(self._checkpoint)
            self._checkpoint = None
            self.rows.evict(IN_MEMORY if self.rows.table is None else self._room())

    def end_save(self) -> None:
        """Write the rest of a checkpoint that was begun."""
        self.save_some(len(self.rows.leaving))

    def _checkpoint_of(self, place: bytes, loads: int) -> Checkpoint:
        watched = list(self.watcher.program.identities)
        return Checkpoint(self.seq, place, self.zone, loads, said=sorted(self.said), watched=watched)

    def _commit(self, checkpoint: Checkpoint) -> None:
        self.kept.commit(checkpoint)
        self.saved_seq = checkpoint.seq

    def close(self) -> None:
        """Let go of the file."""
        self.kept.close()


__all__ = ["Plan", "Reading", "WatchedLog"]
