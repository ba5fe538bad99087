"""The writer's follower: the catalogue watched over the log, its occurrences written with the log's position.

Everything here runs in the writer's thread. What changes is kept as work until the transaction that writes it is
committed; a checkpoint of the watcher's state is made only when none is left, so it never runs ahead of the records.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection

from occasion.errors import InputError
from occasion.moments.catalogue import Catalogue, read_catalogue
from occasion.moments.changes import Change
from occasion.service.watched import PARTIES_AT_ONCE, Plan, Reading, WatchedLog
from occasion.store import versions
from occasion.store.arrived import Effects, Group
from occasion.store.merged import changed_since
from occasion.store.occurrences import Noticed, per_text, settle, write_changes
from occasion.store.positions import WATCH, position
from occasion.store.workspace import Workspace

OnChanges = Callable[[Connection, Sequence[Noticed], int], None]
Job = Callable[[Connection], list[Noticed]]
SECOND = 1_000_000
LOOK_US = SECOND  # how often the catalogue's file is looked at
SAVE_US = 10 * SECOND  # how often the state is saved, if anything changed
SAVE_ROWS = 20_000  # and when so many rows changed
RECENT_US = 100 * 86_400 * SECOND  # of what is read from history the desk is told no older things
AT_ONCE = 200  # parties that read history between two groups
IN_FRONT = 3_000  # parties that read history before a start is done
LATE = "events came late"
JOINED = "identities were joined or parted"
TOLD = 50  # parties named to open pages; of more at once they know only that there were some
log_ = logging.getLogger(__name__)


class Following:
    """Follows the log (`store.arrived.Follower`).

    `on_changes(connection, noticed, now)` is called within the transaction that writes them; `tell(what)` once it is
    committed. `problems`: what is wrong with the catalogue as it was last read, one line each.
    """

    def __init__(
        self,
        workspace: Workspace,
        buffer_us: int,
        on_changes: OnChanges | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.workspace, self.buffer_us = workspace, buffer_us
        self.on_changes, self.tell = on_changes, tell
        self.problems: tuple[str, ...] = ()
        self.plan = Plan()
        self.reading: Reading | None = None
        self._file: tuple[int, ...] = ()  # the catalogue's file as it was read
        self._seen: tuple[int, ...] = ()  # and as it was last looked at
        self._looked = self._saved = 0
        self._work: list[tuple[str, Job]] = []  # not yet handed to the writer
        self._outstanding = 0  # effects handed to the writer and not yet committed
        self._moved: set[str] = set()  # whose identity changed while history was read
        self._beginning: Iterator[list[Change]] | None = None
        self._written_until = 0  # up to which position of the log effects were written before the start
        self._known_until = 0  # what the records knew already when the log was begun anew: by their clock

    def catalogue(self) -> Catalogue:
        """The catalogue in force: as it was last read without a fault that makes all of it unreadable."""
        return self.plan.catalogue

    @property
    def state(self) -> Path:
        """The file of the watcher's state."""
        return self.workspace.data / "state.db"

    @property
    def busy(self) -> bool:
        """Whether it still reads history."""
        return self._beginning is not None or (self.reading is not None and self.reading.is_behind())

    def settled(self, until: int) -> bool:
        """Whether everything that happened up to an instant is read and on record."""
        reading, busy = self.reading, self.busy or bool(self._work) or self._outstanding > 0
        return reading is not None and not busy and reading.watcher.horizon >= until

    def kept(self, upto: int) -> bool:
        """Whether the state is on disk up to a position, so that no group before it is needed after a crash.

        Where it is not, it is saved as soon as may be. What segments hold is no group any more: without this, all of
        the log would have to be read again. From any thread.
        """
        reading = self.reading
        if reading is not None and reading.saved_seq >= upto:
            return True
        self._saved = 0
        return False

    # start and stop

    def start(self, log: WatchedLog, clock: int, connection: Connection) -> None:
        """Stand where it stood and read what was committed since; a long way is gone later, as the writer goes on.

        In the writer's thread, in a transaction of its own; until then `read` and `tick` do nothing.
        """
        self.log = log
        self._looked = self._saved = clock
        self._look_now()
        reading = self._read_from_here(clock, connection)
        if self._beginning is None:
            moved = changed_since(connection, reading.watcher.clock - SECOND)
            self._catch_up(reading)
            self._settle(reading, moved, clock)
        self._go_on(clock, IN_FRONT)
        work, self._work = self._work, []
        self._do(work, connection, clock)

    def stop(self) -> None:
        """Save the state, so that the next start replays nothing. After the writer has stopped."""
        if self.reading is not None:
            if not self._work and not self._outstanding and self._beginning is None:
                self.reading.save()
            self.reading.close()
            self.reading = None

    def _read_from_here(self, clock: int, connection: Connection | None = None) -> Reading:
        """A reading of the plan: from the last checkpoint, or else to begin with the whole log."""
        reading = Reading(self.plan, self.log, self.state, self.workspace.zone, self.buffer_us)
        resumed = reading.resume()
        if connection is not None:
            self._written_until, self._known_until = position(connection, WATCH)
        if not resumed:
            self._beginning = reading.begin(clock)
        self._work.append(("versions", partial(self._begin_versions, clock, not resumed)))
        self.reading = reading
        return reading

    # follow

    def read(self, group: Group) -> Effects:
        """A group, right after its commit."""
        self._before(group.clock)
        reading = self.reading
        if reading is not None and self._beginning is None:
            self._notice(reading, reading.feed(group))
            self._settle(reading, group.changed, group.clock)
        else:
            self._moved.update(group.changed)
        return self._effects(group.clock) or Effects()

    def tick(self, clock: int) -> Effects | None:
        """The clock moved and nothing came."""
        self._before(clock)
        reading = self.reading
        if reading is not None and self._beginning is None:
            self._notice(reading, reading.advance(clock))
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
        reading = self.reading
        if reading is None:
            return
        if self._beginning is not None:
            reading.close()
            self._beginning = None
            self._read_from_here(clock)
            return
        reading.forget(parties)
        forms = [form for party in parties for form in (party, per_text(party))]
        self._settle(reading, [one for one in reading.kept.naming(forms) if one not in parties], clock)

    def scrubbed(self) -> bool:
        """Have what was forgotten gone from the state's file; False: not yet, ask again. In the writer's thread."""
        reading = self.reading
        if reading is None or self._beginning is not None:
            return True  # there is none, or it is being made anew
        if self._work or self._outstanding:
            return False
        reading.save()
        reading.kept.scrub()
        return True

    def _before(self, clock: int) -> None:
        """What is done between two groups: the state saved, the catalogue looked at, a piece of history read."""
        reading = self.reading
        if reading is not None and self._beginning is None and not self._work and not self._outstanding:
            changed = len(reading.rows.dirty)
            behind = reading.seq > reading.saved_seq or changed > 0
            if changed >= SAVE_ROWS or (behind and clock - self._saved >= SAVE_US):
                reading.save()
                self._saved = clock
        if clock - self._looked >= LOOK_US:
            self._looked = clock
            self._look(clock)
        self._go_on(clock, AT_ONCE)

    # the catalogue

    def _look(self, clock: int) -> None:
        """Read the catalogue again if its file changed, and watch what it says from now on."""
        before = self.plan
        if not self._look_now() or self.plan.keys == before.keys:
            return
        if self.reading is None:
            return
        if self._beginning is not None:
            self.reading.close()
            self._beginning = None
            self._read_from_here(clock)
            return
        self.reading.redefine(self.plan)
        self._work.append(("versions", partial(self._begin_versions, clock, False)))

    def _look_now(self) -> bool:
        """Whether the file is another than it was and could be read."""
        path = self.workspace.catalogue
        try:
            found = path.stat()
            stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
            if stamp == self._file or self._half_written(stamp):
                return False
            self._file = stamp
            plan = Plan.of(read_catalogue(path))
        except OSError as error:
            self.problems = (f"{path.name}: cannot be read ({error.strerror}); what was watched goes on",)
            return False
        except InputError as error:
            self.problems = (f"{error}; what was watched goes on",)
            return False
        self.plan, self.problems = plan, plan.problems
        return True

    def _half_written(self, stamp: tuple[int, ...]) -> bool:
        """Whether somebody may still be writing: the very file that was read changed since the last look."""
        before, self._seen = self._seen, stamp
        return bool(self._file) and stamp[0] == self._file[0] and stamp != before

    def _begin_versions(self, clock: int, anew: bool, connection: Connection) -> list[Noticed]:
        fresh = versions.begin(connection, self.plan.watched, clock)
        versions.unconfirm(connection, self.plan.keys if anew else fresh)
        return []

    def _versions_ready(self, clock: int, keys: Iterable[versions.Key], connection: Connection) -> list[Noticed]:
        versions.ready(connection, keys, clock)
        return []

    # history

    def _go_on(self, clock: int, parties: int) -> None:
        """Read a piece of history, where that is still to be done."""
        reading = self.reading
        if reading is None:
            return
        if self._beginning is not None:
            for changes in islice(self._beginning, max(1, parties // PARTIES_AT_ONCE)):
                self._notice(reading, changes, anew=True)
            if reading.begun:
                self._beginning = None
                self._catch_up(reading)
                self._settle(reading, sorted(self._moved), clock)
                self._moved.clear()
            if reading.begun and self._beginning is None:
                self._work.append(("ready", partial(self._versions_ready, clock, self.plan.keys)))
        elif reading.is_behind():
            self._notice(reading, reading.go_back(parties))
            if not reading.is_behind():
                self._work.append(("ready", partial(self._versions_ready, clock, self.plan.keys)))

    def _catch_up(self, reading: Reading) -> None:
        """Read what was committed since; where segments took some of it in, the whole log has to be read again."""
        if reading.seq < self.log.sealed():
            self._beginning = reading.begin(reading.watcher.clock)
            return
        lost = set[str]()
        for group, changes in reading.catch_up():
            self._notice(reading, changes)
            if group.seq > self._written_until:
                lost.update(event.party for event in group.events if event.at <= self._known_until)
        # What the last groups took back may not have been written; said anew it may be in another order, or not at all.
        self._settle(reading, sorted(lost), reading.watcher.clock, LATE)

    # work

    def _notice(self, reading: Reading, changes: list[Change], anew: bool = False) -> None:
        if not changes:
            return
        noticed = list(reading.noticed(changes, self._known_until if anew else None))
        self._work.append(("changes", partial(self._write, noticed, reading.seq)))

    def _write(self, noticed: list[Noticed], seq: int, connection: Connection) -> list[Noticed]:
        return write_changes(connection, noticed, seq)

    def _settle(self, reading: Reading, parties: Sequence[str], clock: int, reason: str = JOINED) -> None:
        """Read parties again, and make the records say what is true of them."""
        at_once = AT_ONCE if reason == LATE else max(1, len(parties))  # who was joined is looked at together
        for begin in range(0, len(parties), at_once):
            some = parties[begin : begin + at_once]
            true = list(reading.noticed(reading.again(some)))
            job = partial(settle, parties=some, true=true, seq=reading.seq, now=clock, reason=reason)
            self._work.append(("identities", job))

    def _effects(self, clock: int) -> Effects | None:
        """The work there is, to be done in one transaction."""
        if not self._work:
            return None
        work, self._work = self._work, []
        self._outstanding += 1
        made: list[Noticed] = []

        def write(connection: Connection) -> None:
            made[:] = self._do(work, connection, clock)

        def done() -> None:
            self._outstanding -= 1
            self._tell(made, [kind for kind, _ in work])

        return Effects(write, done)

    def _do(self, work: list[tuple[str, Job]], connection: Connection, clock: int) -> list[Noticed]:
        made = [one for _, job in work for one in job(connection)]
        told = [one for one in made if not one.history or one.change.at >= clock - RECENT_US]
        if told and self.on_changes is not None:
            self.on_changes(connection, told, clock)
        return made

    def _tell(self, made: list[Noticed], kinds: list[str]) -> None:
        if self.tell is None:
            return
        if "versions" in kinds or "ready" in kinds:
            self.tell("moments")
        if made:
            self.tell("occasions")
            for party in list(dict.fromkeys(one.change.party for one in made))[:TOLD]:
                self.tell(f"party:{party}")


__all__ = ["Following", "OnChanges"]
