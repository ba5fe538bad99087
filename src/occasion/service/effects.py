"""What follows from what the watcher read, as work for a transaction: occurrences, versions, the desk.

A job does some of its work and says what is left of it, so that a long one can be done in several transactions; all of
it is keyed, so said twice it is there once. A change that the desk cannot take is set aside, and the others go on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

from sqlalchemy import Connection, insert
from sqlalchemy.exc import DBAPIError

from occasion.store.arrived import Effects
from occasion.store.durable import is_full
from occasion.store.occurrences import Noticed, settle, write_changes
from occasion.store.schema.log import REFUSED

OnChanges = Callable[[Connection, Sequence[Noticed], int], None]
Job = Callable[[Connection], "Done"]
Done = tuple[list[Noticed], Job | None]  # what changed on record, and what is left to be done
Step = Callable[[Connection], None]
CHANGES_AT_ONCE = 1_000
RECENT_US = 100 * 86_400_000_000  # of what is read from history the desk is told no older things
TOLD = 50  # parties named to open pages; of more at once they know only that there were some
SOURCE, KIND, FIELD = "watcher", "change", "occasion"  # of what is set aside, among what was refused
log_ = logging.getLogger(__name__)


class Work:
    """Jobs in order. `on_changes(connection, noticed, now)` is called in the transaction that writes what was noticed;
    `tell(what)` once all of it is committed. `outstanding`: effects given out and not yet committed.
    """

    def __init__(self, on_changes: OnChanges | None, tell: Callable[[str], None] | None) -> None:
        self.on_changes, self.tell = on_changes, tell
        self.outstanding = 0
        self._jobs: list[tuple[str, Job]] = []  # not yet given out

    def __bool__(self) -> bool:
        """Whether anything is still to be committed."""
        return bool(self._jobs) or self.outstanding > 0

    def add(self, kind: str, job: Job) -> None:
        """One more; kind: changes, identities, versions, ready."""
        self._jobs.append((kind, job))

    def changes(self, noticed: Sequence[Noticed], seq: int) -> None:
        """Changes to be written, at this position of the log."""
        self.add("changes", partial(_write_some, noticed, seq))

    def settle(self, parties: Sequence[str], true: Sequence[Noticed], seq: int, now: int, reason: str) -> None:
        """The records are to say of these parties what is true of them (`occurrences.settle`)."""

        def settled(connection: Connection) -> Done:
            return settle(connection, parties, true, seq, now, reason), None

        self.add("identities", settled)

    def effects(self, clock: int) -> Effects | None:
        """All of it as effects; None: there is nothing."""
        jobs, self._jobs = self._jobs, []
        if not jobs:
            return None
        self.outstanding += 1
        touched: dict[str, None] = {}  # parties, of every try: what an earlier one committed is found done by the next

        def steps() -> Iterator[Step]:
            return self._steps(jobs, clock, touched)

        def write(connection: Connection) -> None:
            for step in steps():
                step(connection)

        def done() -> None:
            self.outstanding -= 1
            self._tell(touched, {kind for kind, _ in jobs})

        return Effects(write, done, steps)

    def _steps(self, jobs: Sequence[tuple[str, Job]], clock: int, touched: dict[str, None]) -> Iterator[Step]:
        """Each is to be taken before the next is asked for."""
        for _, job in jobs:
            left: list[Job] = [job]
            while left:
                yield partial(self._take, left, clock, touched)

    def _take(self, left: list[Job], clock: int, touched: dict[str, None], connection: Connection) -> None:
        changed, more = left[0](connection)
        told = [one for one in changed if not one.history or one.change.at >= clock - RECENT_US]
        aside = self._react(connection, told, clock) if told and self.on_changes is not None else False
        touched.update((one.change.party, None) for one in changed)
        left[:] = [] if more is None else [more]
        if aside and self.tell is not None:
            self.tell("refused")

    def _react(self, connection: Connection, told: Sequence[Noticed], clock: int) -> bool:
        """What follows from changes; where that fails, from each alone, and what cannot be done is set aside."""
        error = self._tried(connection, told, clock)
        if error is None:
            return False
        errors = [error] if len(told) == 1 else [self._tried(connection, [one], clock) for one in told]
        failed = [(one, why) for one, why in zip(told, errors, strict=True) if why is not None]
        for one, why in failed:
            log_.error("a change was set aside", exc_info=why)
            connection.execute(insert(REFUSED).values(**_set_aside(one, why, clock)))
        return bool(failed)

    def _tried(self, connection: Connection, told: Sequence[Noticed], clock: int) -> Exception | None:
        assert self.on_changes is not None
        try:
            with connection.begin_nested():
                self.on_changes(connection, told, clock)
        except Exception as error:
            if isinstance(error, DBAPIError) and (error.connection_invalidated or is_full(error) or _passes(error)):
                raise  # not the change's fault: it is tried again
            return error
        return None

    def _tell(self, touched: Iterable[str], kinds: set[str]) -> None:
        if self.tell is None:
            return
        if kinds & {"versions", "ready"}:
            self.tell("moments")
        parties = list(islice(touched, TOLD))
        if parties:
            self.tell("occasions")
            for party in parties:
                self.tell(f"party:{party}")


def _passes(error: DBAPIError) -> bool:
    """Whether PostgreSQL may take the same at another time: a deadlock, no room, a lock, somebody's order to stop."""
    return str(getattr(error.orig, "sqlstate", None) or "")[:2] in {"40", "53", "55", "57", "58"}


def _write_some(noticed: Sequence[Noticed], seq: int, connection: Connection) -> Done:
    made = write_changes(connection, noticed[:CHANGES_AT_ONCE], seq)
    rest = noticed[CHANGES_AT_ONCE:]
    return made, partial(_write_some, rest, seq) if rest else None


def _set_aside(one: Noticed, why: Exception, clock: int) -> dict[str, object]:
    """The row among what was refused."""
    said = f"{type(why).__name__}: {why}".splitlines()[0][:300]
    reason = (
        f"{one.moment!r} ({one.role}, {one.change.kind}): what follows from it could not be written ({said}); the "
        "occurrence is on record, its occasion is as it was: look at the party's page, and report this"
    )
    change = one.change
    body: dict[str, object] = {"moment": one.moment, "version": one.identity, "role": one.role, "kind": change.kind}
    body |= {"party": change.party, "at_us": change.at, "occurrence": one.number}
    return {
        "received_us": clock, "source": SOURCE, "kind": KIND, "field": FIELD, "value": one.moment[:100],
        "reason": reason.replace("\0", "\ufffd"), "party": change.party, "message_id": None, "body": body,
    }  # fmt: skip


__all__ = ["Done", "Job", "OnChanges", "Step", "Work"]
