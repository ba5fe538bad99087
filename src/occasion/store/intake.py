"""What the writer does inside one transaction: who is known, what is new, and where it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, func, insert, select, update

from occasion.errors import InputError, OccasionError
from occasion.events.event import Event
from occasion.store.arrived import Arrived, Batch, Group, Receipt, RefusedItem, digest
from occasion.store.digests import Runs
from occasion.store.merged import READER, Identities, identities, merge, touched
from occasion.store.packed import pack
from occasion.store.positions import LOG, advance, position
from occasion.store.schema.log import POSITIONS, REFUSED, TAIL, TOMBSTONES
from occasion.store.tail import Tail
from occasion.store.tombstones import Erased

# Takes the items of a transaction that bring traits, in order, and the clock.
TakeTraits = Callable[[Connection, Sequence[Arrived], int], None]


class Overtaken(OccasionError):
    """Somebody else wrote to the log: what this writer knows of it is old."""


@dataclass
class Sifted:
    """What is new in some batches, and what to answer each."""

    new: list[Arrived] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    refused: list[RefusedItem] = field(default_factory=list)
    known: list[frozenset[int]] = field(default_factory=list)  # of each batch


class Intake:
    """Knows everything that was ever taken; used by the one writer, in its thread."""

    def __init__(self, tail: Tail, runs: Runs, traits: TakeTraits | None) -> None:
        self.tail, self.runs, self._traits = tail, runs, traits
        self.identities = Identities()
        self._erased: Erased | None = None
        self._buried = -1

    def refresh(self, connection: Connection) -> list[Group]:
        """Know what the records know; what they hold that was not known here."""
        groups = self.tail.refresh(connection)
        self.identities = identities(connection)
        self._read_erased(connection)
        return [self._group(seq, clock, events) for seq, clock, events in groups]

    def sift(self, batches: Sequence[Batch]) -> Sifted:
        """Which items are new: by identity for ever, the first of several in here, nobody who was erased."""
        digests = [digest(item.source, item.message_id) for batch in batches for item in batch.arrived]
        known = self._known(digests)
        given = iter(digests)
        sifted = Sifted()
        for batch in batches:
            sifted.refused += [one for one in batch.refused if not self._was_erased(one.party)]
            there = []
            for place, item in enumerate(batch.arrived):
                one = next(given)
                if one in known or (self._erased and self._is_erased(item)):
                    there.append(place)
                else:
                    known.add(one)
                    sifted.new.append(item)
                    sifted.digests.append(one)
            sifted.known.append(frozenset(there))
        return sifted

    def _known(self, digests: list[bytes]) -> set[bytes]:
        """Those of the digests that were taken before."""
        distinct = set(digests)
        known: set[bytes] = set()
        for stretch in self.tail.stretches:
            known |= distinct & stretch.digests
        if len(self.runs):
            ordered = list(distinct)
            known.update(ordered[i] for i in self.runs.contains(ordered).nonzero()[0].tolist())
        return known

    def _was_erased(self, party: str | None) -> bool:
        return self._erased is not None and party is not None and party in self._erased

    def _is_erased(self, item: Arrived) -> bool:
        assert self._erased is not None
        parties = [item.event.party] if item.event else []
        parties += item.merge[:2] if item.merge else ()
        parties += item.traits[:1] if item.traits else ()
        return any(party in self._erased for party in parties)

    def write(self, connection: Connection, sifted: Sifted, now: int) -> Group:
        """Write it: events, merges, traits, refused. Raises Overtaken when somebody else wrote since we looked."""
        events = [item.event for item in sifted.new if item.event is not None]
        seq = self.tail.seq + len(sifted.new)
        changed: set[str] = set()
        if sifted.new:
            self._move(connection, seq, now)
            row = {"seq": seq, "clock_us": now, "digests": b"".join(sifted.digests), "events": pack(events)}
            connection.execute(insert(TAIL), row)
            for item in sifted.new:
                if item.merge is not None:
                    changed |= self._merge(connection, item, sifted.refused, now)
            self._take_traits(connection, sifted, now)
        if sifted.refused:
            connection.execute(insert(REFUSED), [_refused_row(item) for item in sifted.refused])
        return self._group(seq, now, events, tuple(sorted(changed)))

    def keep(self, sifted: Sifted, group: Group) -> None:
        """It is committed: know it from now on."""
        if sifted.new:
            events = [item.event for item in sifted.new if item.event is not None]
            self.tail.add(group.seq, group.clock, sifted.digests, events)

    def look_again(self, connection: Connection) -> tuple[str, ...]:
        """After other changes: the parties whose identity they changed."""
        self._read_erased(connection)
        if position(connection, READER).seq == self.identities.version:
            return ()
        before, self.identities = self.identities, identities(connection)
        return touched(before, self.identities)

    def receipts(self, batches: Sequence[Batch], sifted: Sifted, group: Group) -> list[Receipt]:
        """What to answer each batch."""
        return [
            Receipt(len(batch.arrived) - len(there), len(there), len(batch.refused), there, group.seq)
            for batch, there in zip(batches, sifted.known, strict=True)
        ]

    def _group(self, seq: int, clock: int, events: list[Event], changed: tuple[str, ...] = ()) -> Group:
        if self.identities:
            root = self.identities.moved()
            events = [replace(e, party=root[e.party]) if e.party in root else e for e in events]
        return Group(seq, clock, events, changed)

    def _move(self, connection: Connection, seq: int, now: int) -> None:
        """The log's position, from where we believe it to be."""
        there = self.tail.seq
        if there == 0 and position(connection, LOG).seq == 0:
            advance(connection, LOG, seq, now)
            return
        at = (POSITIONS.c.reader == LOG) & (POSITIONS.c.seq == there)
        if connection.execute(update(POSITIONS).where(at).values(seq=seq, clock_us=now)).rowcount != 1:
            raise Overtaken(f"the log is not at {there} any more: something else writes to these records")

    def _merge(self, connection: Connection, item: Arrived, refused: list[RefusedItem], now: int) -> set[str]:
        assert item.merge is not None
        party, into, why = item.merge
        try:
            made = merge(connection, party, into, now=now, by=item.source, why=why, known=self.identities)
        except InputError as error:
            refused.append(_refusal(item, "merge", party, str(error), now))
            return set()
        return {party, self.identities.canonical(into)} if made is not None else set()

    def _take_traits(self, connection: Connection, sifted: Sifted, now: int) -> None:
        some = [item for item in sifted.new if item.traits is not None]
        if not some or self._traits is None:
            return
        try:
            with connection.begin_nested():
                self._traits(connection, some, now)
        except OccasionError as error:
            for item in some:
                sifted.refused.append(_refusal(item, "traits", item.traits[0] if item.traits else "", str(error), now))

    def _read_erased(self, connection: Connection) -> None:
        buried = connection.execute(select(func.count()).select_from(TOMBSTONES)).scalar_one()
        if buried != self._buried:
            self._erased, self._buried = Erased(connection), buried


def _refusal(item: Arrived, field_: str, party: str, reason: str, now: int) -> RefusedItem:
    body: dict[str, Any] = {"merge": item.merge and list(item.merge), "traits": item.traits and dict(item.traits[1])}
    return RefusedItem(
        received_us=now, source=item.source, kind="identify", field=field_, value=party[:100], reason=reason, body=body,
        party=party, message_id=item.message_id,
    )  # fmt: skip


def _refused_row(item: RefusedItem) -> dict[str, Any]:
    return {name: _storable(getattr(item, name)) for name in item.__struct_fields__}


def _storable(value: Any) -> Any:
    """The value as either database takes it: PostgreSQL has no character 0."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, Mapping):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(inner) for inner in value]
    return value
