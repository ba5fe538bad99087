"""Rows as they are kept: whole (`Program.pack`), or, of parties in the table, with their words as they lie there.

Words are packed and put back many parties at a time, since one by one that takes as long as reading their events. Of
the table only what differs from its template is kept, and of the events that words speak of their keys, each party's
own. The bytes, little-endian: MAGIC, form (2 bytes), layout and proof (4 each); how many places, values, events, bytes
of ids and bytes beside (4 each); the last instant and the next timer of the words (8 each); the values (8 each); of
each event when and how long its id is, of each place which and what (2 each: a number below BIG, or BIG and which of
the values); the ids (`serials.short`); what is beside the words: the next timer there (8), where and what
(MessagePack); zeros, to a multiple of 8.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from itertools import compress, pairwise
from operator import is_not, itemgetter
from struct import Struct
from typing import NamedTuple
from zlib import crc32

import msgspec
import numpy as np

from occasion.moments.calendar import FAR
from occasion.moments.columns import Columns
from occasion.moments.in_words import Plan
from occasion.moments.live.program import DUE, LAST, PLACES, STARTED, WOKEN, ZONE, Program
from occasion.moments.live.state import State, written
from occasion.moments.live.words import Unplaced
from occasion.moments.serials import Ints, Listed, long, short

FORM = 2  # how definitions lie in words: a change of it or of `live/words.py` makes words unreadable: read from the log
MAGIC = b"\xc1\x00"  # begins no MessagePack
WHOLE = b"\xc1\x01"  # begins a whole row: then its proof (4), then MessagePack
BEGIN, HEAD, TIMER = Struct("<2sHI"), Struct("<Iiiiiiqq"), Struct("<q")
PROVED = BEGIN.size + 4  # from here on the proof is of
VALUES = BEGIN.size + HEAD.size  # where values begin
BIG = 1 << 15
FIRST_ROOM = 1 << 20
Row = tuple[str, int, bytes]  # party, next timer, row


class Words(NamedTuple):
    """A party in the table, unpacked: which words differ from the template (`places`) and what they are (those that
    speak of an event by its number in `ats` and `ids`), and what is beside them. `last`, `due`: of the words.
    """

    last: int
    due: int
    places: Ints
    values: Ints
    ats: list[int]
    ids: list[str]
    beside: bytes


class Packing:
    """A program's rows, to be kept and read again. `plan`: its definitions in words, made when first asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._begin = BEGIN.pack(MAGIC, FORM, program.layout)

    @cached_property
    def plan(self) -> Plan:
        """The definitions in words."""
        return Plan(self.program)

    @cached_property
    def _beside(self) -> tuple[list[int], Callable[[State], Sequence[object]], Sequence[object]]:
        """The slots that may hold something of a party in the table, how to take them, and what is in them at first."""
        readers = [self.program.readers[i] for i in self.plan.rest]
        own = {slot for reader in readers for slot in [*range(reader.kept.start, reader.kept.stop), *reader.timers]}
        slots = sorted({*range(PLACES), *own} - {WOKEN})
        taken = itemgetter(*slots)
        return slots, taken, taken(self.program.initial)

    # of rows that are whole

    def pack(self, row: State) -> bytes:
        """A whole row."""
        packed = self.program.pack(row)
        return WHOLE + crc32(packed).to_bytes(4, "little") + packed

    def unpack(self, packed: bytes, before: int = FAR, which: Collection[int] | None = None) -> State | None:
        """A whole row, however it was packed; None if by other definitions, in another layout or form, or damaged, or
        if it read something at or after `before`. `which`: only these definitions are needed.
        """
        if not in_words(packed):
            proof, whole = packed[len(WHOLE) : len(WHOLE) + 4], packed[len(WHOLE) + 4 :]
            right = packed.startswith(WHOLE) and proof == crc32(whole).to_bytes(4, "little")
            return self.program.unpack(whole, before) if right else None
        kept = self.words(packed)
        if kept is None or kept.last >= before:
            return None
        row = self.woken(kept.beside)
        if row[LAST] >= before:
            return None
        plan, keys = self.plan, Listed(kept.ats, kept.ids)
        words = plan.template.copy()
        words[kept.places] = kept.values
        for i, one, o in zip(plan.which, plan.flats, plan.offsets, strict=True):
            if which is None or i in which:
                one.write(words[o : o + len(one.initial)].tolist(), row, keys)
        row[LAST], row[STARTED] = max(row[LAST], kept.last), True
        row[DUE] = min(row[self.program.due], default=FAR)
        return row

    def woken(self, beside: bytes) -> State:
        """The row of a party in the table, of what was packed beside its words."""
        where, what = msgspec.msgpack.decode(memoryview(beside)[TIMER.size :])
        return self.program.filled(where, what)

    def settled(self, row: State) -> tuple[int, bytes]:
        """A whole row that nobody needs any more: its next timer, and the row packed, as words where it can be."""
        due, plan, keys = row[DUE], self.plan, Listed()
        if not plan.gains or row[ZONE] is not None:
            return due, self.pack(row)
        try:
            words = np.array([word for one in plan.flats for word in one.read(row, keys)], np.int64)
        except Unplaced:
            return due, self.pack(row)
        own = min([row[one.timer] for one in plan.flats if one.timer is not None], default=FAR)
        for i, one in zip(plan.which, plan.flats, strict=True):
            kept = self.program.readers[i].kept
            row[kept] = self.program.initial[kept]
            if one.timer is not None:
                row[one.timer] = FAR
        row[DUE] = min(row[self.program.due], default=FAR)
        places = np.flatnonzero(words != plan.template)
        return due, self._of_one(row, own, places.tolist(), words[places].tolist(), keys)

    def _of_one(self, row: State, due: int, places: list[int], values: list[int], keys: Listed) -> bytes:
        number: dict[int, int] = {}
        ids = [short(id_) for id_ in keys.ids]
        codes = []
        for value in [*keys.ats, *map(len, ids), *values]:
            small = 0 <= value < BIG
            codes.append(value if small else BIG + number.setdefault(value, len(number)))
        events = 2 * len(ids)
        pairs = [one for pair in zip(places, codes[events:], strict=True) for one in pair]
        body = np.array([*number], np.int64).tobytes() + np.array([*codes[:events], *pairs], np.uint16).tobytes()
        heads = len(places), len(number), len(ids), row[LAST], due
        return self._whole(heads, body + b"".join(ids), sum(map(len, ids)), self._packed(row))

    def _packed(self, row: State) -> bytes:
        """What is beside words."""
        slots, taken, first = self._beside
        beside = taken(row)
        differs = [*map(is_not, beside, first)]
        where, what = [*compress(slots, differs)], [*compress(beside, differs)]
        try:
            packed = msgspec.msgpack.encode((where, what))
        except OverflowError:  # a sum beyond 63 bits
            packed = msgspec.msgpack.encode((where, written(what)))
        return TIMER.pack(row[DUE]) + packed

    def _whole(self, heads: tuple[int, int, int, int, int], body: bytes, of_ids: int, beside: bytes) -> bytes:
        n, d, m, last, due = heads
        head = HEAD.pack(0, n, d, m, of_ids, len(beside), last, due)
        row = b"".join((head[4:], body, beside, bytes(-(len(body) + len(beside)) % 8)))
        return b"".join((self._begin, crc32(row).to_bytes(4, "little"), row))

    # of parties in the table

    def right(self, packed: bytes) -> bool:
        """Whether these are words, by these definitions, in this layout and form, and undamaged."""
        if not packed.startswith(self._begin) or len(packed) % 8 or len(packed) < VALUES:
            return False
        return crc32(memoryview(packed)[PROVED:]).to_bytes(4, "little") == packed[BEGIN.size : PROVED]

    def words(self, packed: bytes) -> Words | None:
        """A party packed by `of_table`; None if not `right`."""
        if not self.right(packed):
            return None
        _, n, d, m, of_ids, of_beside, last, due = HEAD.unpack_from(packed, BEGIN.size)
        codes = np.frombuffer(packed, np.uint16, 2 * (m + n), VALUES + 8 * d).astype(np.int64)
        numbers = np.concatenate([codes[: 2 * m], codes[2 * m + 1 :: 2]])
        big = numbers >= BIG
        numbers[big] = np.frombuffer(packed, np.int64, d, VALUES)[numbers[big] - BIG]
        o = VALUES + 8 * d + 4 * (m + n)
        ends = [o, *(o + np.cumsum(numbers[m : 2 * m])).tolist()]
        ids = [long(packed[a:b]) for a, b in pairwise(ends)]
        beside = packed[o + of_ids : o + of_ids + of_beside]
        return Words(last, due, codes[2 * m :: 2], numbers[2 * m :], numbers[:m].tolist(), ids, beside)

    def of_table(self, table: Columns, parties: Sequence[str], asleep: Mapping[str, bytes]) -> list[Row]:
        """Parties that are in the table, packed; a party's next timer is that of all its definitions. `asleep`: what is
        beside the words of those that have no row.
        """
        numbers = np.array([table.number[party] for party in parties], np.int64)
        heads, room = table.packed(numbers)
        lasts, dues = table.last[numbers].tolist(), table.due[numbers].tolist()
        made: list[Row] = []
        for party, (begin, end, n, d, m), last, due in zip(parties, heads.tolist(), lasts, dues, strict=True):
            beside = asleep.get(party) or self._packed(table.held[party])
            of_ids = end - begin - 8 * d - 4 * (n + m)
            packed = self._whole((n, d, m, last, due), room[begin:end].tobytes(), of_ids, beside)
            made.append((party, min(due, TIMER.unpack_from(beside)[0]), packed))
        return made

    def into_table(self, table: Columns, some: Sequence[tuple[str, bytes]], asleep: dict[str, bytes]) -> None:
        """Puts parties that are in no table yet into this one, from rows that are `right`, and what is beside their
        words to those that are asleep.
        """
        if not some:
            return
        numbers = np.array([table.number[party] for party, _ in some], np.int64)
        ends = np.cumsum([len(packed) for _, packed in some])
        all_of_them = b"".join([packed for _, packed in some])
        starts = np.concatenate([[0], ends[:-1]])
        counts = np.frombuffer(all_of_them, np.int32).take(starts[:, None] // 4 + np.arange(3, 8))
        places, values, events, of_ids, of_beside = counts.astype(np.int64).T
        begins = starts + VALUES + 8 * values + 4 * (places + events) + of_ids
        table.put(all_of_them, starts, numbers, int(events.sum()), int(of_ids.sum()))
        for (party, _), begin, end in zip(some, begins.tolist(), (begins + of_beside).tolist(), strict=True):
            asleep[party] = all_of_them[begin:end]


def in_words(packed: bytes) -> bool:
    """Whether a row was packed with words."""
    return packed.startswith(MAGIC)


__all__ = ["FORM", "Packing", "Row", "Words", "in_words"]
