"""The tail in memory: what no segment holds yet, by party and by digest, as the records have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, select

from occasion.events.event import Event
from occasion.store.arrived import DIGEST_BYTES
from occasion.store.packed import unpack
from occasion.store.positions import LOG, SEALED, position
from occasion.store.schema.log import TAIL
from occasion.store.segments import Segments

STRETCH_EVENTS = 50_000


class Stretch:
    """Some groups in a row. Only the writer adds; others may read meanwhile."""

    def __init__(self, after: int) -> None:
        self.after = self.seq = after  # holds the positions after < seq
        self.first_clock = 0
        self.digests: set[bytes] = set()
        # One event as it is, several as a list: most have one, and lists cost the garbage collector its time.
        self._parties: dict[str, Event | list[Event]] = {}
        self.groups: list[tuple[int, int, list[Event]]] = []  # seq, clock, events
        self.rows = 0

    def add(self, seq: int, clock: int, digests: Sequence[bytes], events: list[Event]) -> None:
        """A group that is committed."""
        self.first_clock = self.first_clock or clock
        self.digests.update(digests)
        parties = self._parties
        for event in events:
            theirs = parties.get(event.party)
            if theirs is None:
                parties[event.party] = event
            elif theirs.__class__ is list:
                theirs.append(event)
            else:
                parties[event.party] = [theirs, event]  # type: ignore[list-item]
        self.groups.append((seq, clock, events))
        self.rows += len(events)
        self.seq = seq

    def of(self, party: str) -> Sequence[Event]:
        """The events of an identity as they came."""
        theirs = self._parties.get(party, ())
        return (theirs,) if isinstance(theirs, Event) else theirs


class Tail:
    """Stretches in order; the last one grows, and the oldest leave when segments hold them."""

    def __init__(self) -> None:
        # What segments hold and what is here change together, so that a reader sees each event once.
        self.held: tuple[Segments | None, tuple[Stretch, ...]] = (None, (Stretch(0),))
        self.seq = 0
        self.clock = 0
        self.sealed = 0

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """All of them, the growing one last."""
        return self.held[1]

    @property
    def rows(self) -> int:
        """How many events there are."""
        return sum(stretch.rows for stretch in self.stretches)

    @property
    def first_clock(self) -> int:
        """When the oldest group was committed; 0: there is none."""
        return next((stretch.first_clock for stretch in self.stretches if stretch.groups), 0)

    def refresh(self, connection: Connection) -> list[tuple[int, int, list[Event]]]:
        """Take in what the records have and this has not: seq, clock and events of each group; drop what was sealed."""
        sealed = position(connection, SEALED).seq
        if sealed != self.sealed:  # stretches here need not end where segments now do
            self.held, self.sealed, self.seq = (self.held[0], (Stretch(sealed),)), sealed, sealed
        new = select(TAIL).where(TAIL.c.seq > self.seq).order_by(TAIL.c.seq)
        groups = []
        for seq, clock, digests, events in connection.execute(new):
            read = unpack(bytes(events))
            self.add(seq, clock, split(bytes(digests)), read)
            groups.append((seq, clock, read))
        there = position(connection, LOG)
        self.seq, self.clock = max(self.seq, there.seq), max(self.clock, there.clock)
        return groups

    def add(self, seq: int, clock: int, digests: Sequence[bytes], events: list[Event]) -> None:
        """A group that is committed."""
        if self.stretches[-1].rows >= STRETCH_EVENTS:
            self.cut()
        self.stretches[-1].add(seq, clock, digests, events)
        self.seq, self.clock = seq, clock

    def cut(self) -> int:
        """Begin a new stretch; the position up to which the others reach."""
        if self.stretches[-1].groups:
            self.held = (self.held[0], (*self.stretches, Stretch(self.seq)))
        return self.stretches[-1].after

    def drop(self, segments: Segments) -> None:
        """These segments hold everything up to their position, which ends a stretch."""
        self.sealed = segments.state.sealed
        if self.stretches[-1].groups and self.stretches[-1].seq <= self.sealed:
            self.cut()
        last = self.stretches[-1]
        self.held = (segments, (*(one for one in self.stretches[:-1] if one.seq > self.sealed), last))


def groups_after(stretches: Iterable[Stretch], seq: int) -> Iterator[tuple[int, int, list[Event]]]:
    """The groups after a position: seq, clock, events."""
    for stretch in stretches:
        if stretch.seq > seq:
            yield from [group for group in stretch.groups if group[0] > seq]


def split(digests: bytes) -> list[bytes]:
    """Digests that lie one after the other."""
    return [digests[at : at + DIGEST_BYTES] for at in range(0, len(digests), DIGEST_BYTES)]
