"""The writer's follower: the catalogue watched over the log, its occurrences written with the log's position.

Everything here runs in the writer's thread. What changes is kept as work until the transaction that writes it is
committed; a checkpoint of the watcher's state is made only when none is left, so it never runs ahead of the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

from sqlalchemy import Connection

from occasion.moments.catalogue import Catalogue
from occasion.moments.changes import Change
from occasion.moments.live.state import LONG_AGO
from occasion.service.catalogue_file import CatalogueFile
from occasion.service.clock import Forward
from occasion.service.effects import Done, OnChanges, Work
from occasion.service.watched import Plan, Reading, WatchedLog
from occasion.store import versions
from occasion.store.arrived import Effects, Group
from occasion.store.merged import changed_since
from occasion.store.occurrences import per_text
from occasion.store.positions import LOG, WATCH, position
from occasion.store.workspace import Workspace

SECOND = 1_000_000
LOOK_US = SECOND  # how often the catalogue's file is looked at
SAVE_US = 30 * SECOND  # how often the state is saved, if anything changed
SAVE_SOON_US = 10 * SECOND  # and where sealing waits for it
RESTS = 4  # and so many times as long as that took last
SAVE_AT_ONCE = 100  # rows
KEEP_US = 10 * SECOND  # how often it is written down how far reading all of the log has come
CATCH_US = 3 * SECOND  # and reading what was committed since: a server that is killed again and again must get on
WAITED_US = 120 * SECOND  # what was asked for so long ago may have been committed only now
AT_ONCE = 50  # parties that are settled in one step: nobody else writes meanwhile
BETWEEN, IDLE = 0.02, 0.08  # seconds for history and for saving between two groups, and where none came
GO_BACK, FEW = 10, 1_000  # parties that read history with other definitions in one step; events at once: no load
LATE, JOINED = "events came late", "identities were joined or parted"


class Following:
    """Follows the log (`store.arrived.Follower`). Where the clock it is given goes back, its own stands still until
    that has caught up, and so do timers; when files are looked at and saved is by `steady`, which always goes on.

    `on_changes(connection, noticed, now)` is called within the transaction that writes them; `tell(what)` once it is
    committed. `problems`: what is wrong with the catalogue as it was last read, one line each.
    """

    def __init__(
        self,
        workspace: Workspace,
        buffer_us: int,
        on_changes: OnChanges | None = None,
        tell: Callable[[str], None] | None = None,
        steady: Callable[[], int] | None = None,
    ) -> None:
        self.workspace, self.buffer_us = workspace, buffer_us
        self._clock = Forward(steady)
        self.work = Work(on_changes, tell)
        self._file = CatalogueFile(workspace.catalogue)
        self.plan = Plan()
        self.reading: Reading | None = None
        self._looked = self._saved = 0
        self.handed_over = LONG_AGO  # up to where all that follows was
        self._moved: set[str] = set()  # whose identity changed while history was read
        self._beginning: Iterator[list[Change]] | None = None
        self._catching: Iterator[tuple[Group, list[Change]]] | None = None
        self._lost = set[str]()  # parties of whom something may not be on record that was read
        self._resting = False  # what was caught up with is settled, and saved before it goes on
        self._rest_us, self._work_us = 0, CATCH_US  # when that began last; how long it catches up until the next time
        self._settled = 0  # up to which position of the log the records are right, whatever was read since
        self._wanted = False  # whether somebody waits for the state to be saved
        self._written_until = 0  # up to which position of the log effects were written before the start
        self._known_until = 0  # the watcher's clock by which the records knew something before the start

    def catalogue(self) -> Catalogue:
        """The catalogue in force: as it was last read without a fault that makes all of it unreadable."""
        return self.plan.catalogue

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the catalogue as it was last read."""
        return self._file.problems

    @property
    def state(self) -> Path:
        """The file of the watcher's state."""
        return self.workspace.data / "state.db"

    @property
    def busy(self) -> bool:
        """Whether it still reads history."""
        return self._reads_first or (self.reading is not None and self.reading.is_behind())

    @property
    def beginning(self) -> bool:
        """Whether that is all of the log, from its beginning or for a new definition."""
        return self._beginning is not None or (self.reading is not None and self.reading.is_behind())

    @property
    def _reads_first(self) -> bool:
        """Whether something is to be read before any group that comes now."""
        return self._beginning is not None or self._catching is not None

    @property
    def position(self) -> int:
        """Up to where in the log the records are right once all effects are committed: while it catches up that is less
        than what was read, since a crash has to leave it known whom to settle."""
        assert self.reading is not None
        return self._settled if self._catching is not None else self.reading.seq

    def settled(self, until: int) -> bool:
        """Whether everything that happened up to an instant is read and on record. From any thread."""
        handed_over = self.handed_over >= until  # looked at first: what follows from it is outstanding by then
        busy = self.busy or bool(self.work)
        return self.reading is not None and handed_over and not busy

    def kept(self, upto: int) -> bool:
        """Whether the state is on disk up to a position, so that no group before it is needed after a crash.

        Where it is not, it is saved as soon as may be. What segments hold is no group any more: without this, all of
        the log would have to be read again. From any thread.
        """
        reading = self.reading
        if reading is not None and reading.saved_seq >= upto:
            return True
        self._wanted = True
        return False

    # start and stop

    def start(self, log: WatchedLog, clock: int, connection: Connection) -> None:
        """Stand where it stood; what was committed since is read by `read` and `tick`, which do nothing until then."""
        self.log = log
        self._looked = self._saved = self._clock.elapsed(clock)
        clock = self._clock.now(max(clock, position(connection, LOG).clock, position(connection, WATCH).clock))
        self.plan = self._file.plan() or self.plan
        reading = self._read_from_here(clock, connection)
        self._clock.now(reading.watcher.clock)
        self._moved.update(changed_since(connection, reading.watcher.clock - WAITED_US))
        if self._beginning is None:
            self._catch_up(reading)

    def stop(self) -> None:
        """Save the state, so that the next start replays nothing. After the writer has stopped."""
        if self.reading is not None:
            if not self.work and self._beginning is not None:
                self.reading.keep_beginning()
            elif not self.work and not self._reads_first:
                self.reading.save()
            self.reading.close()
            self.reading = None

    def _read_from_here(self, clock: int, connection: Connection | None = None, *, anew: bool = False) -> Reading:
        """A reading of the plan: from the last checkpoint, or else the whole log, from where that was broken off or
        (always if `anew`) from its beginning.
        """
        reading = Reading(self.plan, self.log, self.state, self.workspace.zone, self.buffer_us)
        if connection is not None:
            self._written_until, self._known_until = position(connection, WATCH)
            self._settled = self._written_until
        again = None if anew else reading.broken_off()
        unconfirmed = False
        if again is not None:
            self._known_until = again.known_until
            self._beginning = reading.begin_again()
        elif anew or not reading.resume():
            unconfirmed = True
            self._beginning = reading.begin(clock, self._known_until)
        self.work.add("versions", partial(self._begin_versions, clock, None if again else unconfirmed, reading.said))
        self.reading, self._resting = reading, False
        return reading

    # follow

    def read(self, group: Group) -> Effects:
        """A group, right after its commit."""
        if self._catching is not None and self.reading is not None:
            self.reading.hide(group)
        clock = self._before(group.clock, BETWEEN)
        reading = self.reading
        if reading is not None and not self._reads_first:
            self._notice(reading, reading.feed(group))
            if len(group.events) < FEW:
                reading.warm(BETWEEN)
            self._settle(reading, group.changed, clock)
        else:
            self._moved.update(group.changed)
        return self._effects(clock) or Effects()

    def tick(self, clock: int) -> Effects | None:
        """The clock moved and nothing came."""
        clock = self._before(clock, IDLE)
        reading = self.reading
        if reading is not None and not self._reads_first:
            self._notice(reading, reading.advance(clock))
            reading.prepare()
            reading.warm(IDLE)
        return self._effects(clock)

    def forget(self, parties: Iterable[str]) -> None:
        """Keep nothing of parties that were erased, here or in the state's file. In the writer's thread, and once the
        log gives nothing of them any more.
        """
        if self.reading is not None:
            self.reading.forget(parties)

    def forget_names(self, parties: Sequence[str], clock: int) -> None:
        """Forget parties, and read again every other whose state names one of them (as the value of a `per`, or one of
        several that are counted). In the writer's thread; `scrubbed` says when nothing of it is left on disk.
        """
        reading, clock = self.reading, self._clock.now(clock)
        if reading is None:
            return
        if self._beginning is not None:
            reading.close()
            self._beginning = None
            self._read_from_here(clock, anew=True)
            return
        reading.forget(parties, save=self._catching is None)  # after a crash it has to be known whom to settle
        forms = [form for party in parties for form in (party, per_text(party))]
        self._settle(reading, [one for one in reading.kept.naming(forms) if one not in parties], clock)

    def scrubbed(self) -> bool:
        """Have what was forgotten gone from the state's file; False: not yet, ask again. In the writer's thread."""
        reading = self.reading
        if reading is None or self._beginning is not None:
            return True  # there is none, or it is being made anew
        if self.work or self._catching is not None:
            return False
        reading.save()
        reading.kept.scrub()
        return True

    def _before(self, given: int, seconds: float) -> int:
        """What is done between two groups: state saved, catalogue looked at, a piece of history read; the clock."""
        clock, elapsed = self._clock.now(given), self._clock.elapsed(given)
        self._save(elapsed, seconds)
        if elapsed - self._looked >= LOOK_US:
            self._looked = elapsed
            self._look(clock)
        self._go_on(clock, seconds)
        return clock

    def _save(self, elapsed: int, seconds: float) -> None:
        """Begin a checkpoint if it is time, where everything up to it is on record; write some of one that is begun."""
        reading = self.reading
        if reading is None:
            return
        if self._beginning is not None:
            if not self.work and elapsed - self._saved >= KEEP_US:
                self._saved = elapsed
                reading.keep_beginning()
            return
        if self._catching is not None:
            if self._resting and not self.work:
                self._work_us = max(CATCH_US, RESTS * (elapsed - self._rest_us))
                self._saved, self._resting = elapsed, False
                reading.begin_save()
        elif not reading.saving and not self.work:
            soon = SAVE_US if not self._wanted else SAVE_SOON_US if seconds == BETWEEN else 0
            if (reading.seq > reading.saved_seq or reading.rows.dirty) and elapsed - self._saved >= soon:
                self._saved, self._wanted = elapsed, False
                reading.begin_save()
        until = perf_counter() + seconds
        while reading.saving:
            reading.save_some(SAVE_AT_ONCE)
            if perf_counter() >= until:
                return

    # the catalogue

    def _look(self, clock: int) -> None:
        """Read the catalogue again if its file changed, and watch what it says from now on."""
        before = self.plan
        self.plan = self._file.plan() or before
        if self.plan.keys == before.keys or self.reading is None:
            return
        if self._beginning is not None:
            self.reading.close()
            self._beginning = None
            self._read_from_here(clock)
            return
        self.reading.redefine(self.plan)
        self.work.add("versions", partial(self._begin_versions, clock, False, self.reading.said))

    def _begin_versions(
        self, clock: int, anew: bool | None, said: frozenset[versions.Key], connection: Connection
    ) -> Done:
        """`anew`: all is read again; None: it goes on where that was broken off, and nothing is to be found twice, as
        with those whose history was `said`.
        """
        fresh = versions.begin(connection, self.plan.watched, clock)
        again = () if anew is None else self.plan.keys if anew else fresh - said
        return self._unconfirm(frozenset(again), 0, connection)

    def _unconfirm(self, keys: frozenset[versions.Key], after: int, connection: Connection) -> Done:
        reached = versions.unconfirm(connection, keys, after)
        return [], None if reached is None else partial(self._unconfirm, keys, reached)

    def _ready(self, clock: int) -> None:
        self.work.add("ready", partial(self._versions_ready, clock, frozenset(self.plan.keys), 0))

    def _versions_ready(self, clock: int, keys: frozenset[versions.Key], after: int, connection: Connection) -> Done:
        if after == 0 and versions.are_ready(connection, keys):
            return [], None
        reached = versions.ready(connection, keys, clock, after)
        return [], None if reached is None else partial(self._versions_ready, clock, keys, reached)

    # history

    def _go_on(self, clock: int, seconds: float) -> None:
        """Read pieces of history for so long, where that is still to be done."""
        until = perf_counter() + seconds
        while self.reading is not None and self.busy:
            if not self._step(self.reading, clock) or perf_counter() >= until:
                return

    def _step(self, reading: Reading, clock: int) -> bool:
        """Some of it; False: it can go on only when what follows is on record."""
        if self._beginning is not None:
            changes = next(self._beginning, None)
            if changes is not None:
                self._notice(reading, changes, anew=True)
            elif self.work:
                return False
            else:
                reading.end_beginning()
                self._beginning = None
                self._catch_up(reading)
        elif self._resting:
            return False
        elif self._catching is not None and not reading.saving and self._worked(clock) >= self._work_us:
            self._settle_some(reading, clock)
            self._resting, self._rest_us = True, self._clock.elapsed(clock)
            self._settled = max(self._settled, reading.seq)
        elif self._catching is not None:
            found = next(self._catching, None)
            if found is None:
                self._caught_up(reading, clock)
            else:
                self._notice(reading, found[1])
                if found[0].seq > self._written_until:
                    self._lost.update(event.party for event in found[0].events if event.at <= self._known_until)
        else:
            self._notice(reading, reading.go_back(GO_BACK))
            if not reading.is_behind():
                self._ready(clock)
        return True

    def _worked(self, clock: int) -> int:
        return self._clock.elapsed(clock) - self._saved

    def _catch_up(self, reading: Reading) -> None:
        """Read what was committed since; where segments took some of it in, the whole log has to be read again."""
        if reading.seq < self.log.sealed():
            self._beginning = reading.begin(reading.watcher.clock)
        else:
            self._catching = reading.catch_up()

    def _caught_up(self, reading: Reading, clock: int) -> None:
        self._catching = None
        self._settle_some(reading, clock)
        if not reading.is_behind():
            self._ready(clock)

    def _settle_some(self, reading: Reading, clock: int) -> None:
        # What the last groups took back may not have been written; said anew it may be in another order, or not at all.
        self._settle(reading, sorted(self._lost - self._moved), reading.watcher.clock, LATE)
        self._settle(reading, sorted(self._moved), clock)
        self._lost.clear()
        if self._catching is None:  # groups that are still to be given were made while they had their names of before
            self._moved.clear()

    # work

    def _notice(self, reading: Reading, changes: list[Change], anew: bool = False) -> None:
        if changes:
            self.work.changes(list(reading.noticed(changes, self._known_until if anew else None)), reading.seq)

    def _settle(self, reading: Reading, parties: Sequence[str], clock: int, reason: str = JOINED) -> None:
        """Read parties again, and make the records say what is true of them."""
        at_once = AT_ONCE if reason == LATE else max(1, len(parties))  # who was joined is looked at together
        for begin in range(0, len(parties), at_once):
            some = parties[begin : begin + at_once]
            true = list(reading.noticed(reading.again(some)))
            self.work.settle(some, true, reading.seq, clock, reason)

    def _effects(self, clock: int) -> Effects | None:
        """The work there is, to be done in one transaction."""
        effects = self.work.effects(clock)
        if self.reading is not None:
            self.handed_over = self.reading.watcher.horizon
        return effects


__all__ = ["Following", "OnChanges"]
