"""Rows as they are kept: whole (`Program.pack`), or, of parties in the table, with their words as they lie there.

Words are packed and put back many parties at a time, since one by one that takes as long as reading their events. Of
the table only what differs from its template is kept, and of the events that words speak of their keys, each party's
own, beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from itertools import compress
from operator import is_not, itemgetter
from typing import Any
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt

from occasion.moments.calendar import FAR
from occasion.moments.columns import Columns, Serials
from occasion.moments.in_words import Plan
from occasion.moments.live.program import DUE, LAST, PLACES, STARTED, WOKEN, ZONE, Program
from occasion.moments.live.state import LONG_AGO, State, written
from occasion.moments.live.words import Unplaced

FORM = 1  # how definitions lie in words: a change of `live/words.py` makes words unreadable, and parties are read again
SERIAL_BITS = 40
Ints = npt.NDArray[Any]
Row = tuple[str, int, bytes]  # party, next timer, row


class Words(msgspec.Struct, array_like=True, gc=False):
    """A party in the table, packed: what of its row differs from the beginning, and of its words from the template.

    `places`: which words (uint32), `values`: what they are (int64), those that speak of an event by its number in `ats`
    (int64) and `ids`. `last`, `due`: of the definitions in words. `proof`: of the bytes, since a compiled loop trusts
    what it reads.
    """

    layout: int
    where: list[int]
    what: list[Any]
    form: int
    last: int
    due: int
    places: bytes
    values: bytes
    ats: bytes
    ids: list[str]
    proof: int


class Packing:
    """A program's rows, to be kept and read again. `plan`: its definitions in words, made when first asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program

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
        return self.program.pack(row)

    def unpack(self, packed: bytes, before: int = FAR, which: Collection[int] | None = None) -> State | None:
        """A whole row, however it was packed; None if by other definitions or in another layout, or if it read
        something at or after `before`. `which`: only these definitions are needed.
        """
        if not in_words(packed):
            return self.program.unpack(packed, before)
        kept = self.words(packed)
        if kept is None or kept.last >= before:
            return None
        row = self.program.filled(kept.where, kept.what)
        if row[LAST] >= before:
            return None
        plan, keys = self.plan, Serials(np.frombuffer(kept.ats, np.int64).tolist(), kept.ids)
        words = plan.template.copy()
        words[np.frombuffer(kept.places, np.uint32)] = np.frombuffer(kept.values, np.int64)
        for i, one, o in zip(plan.which, plan.flats, plan.offsets, strict=True):
            if which is None or i in which:
                one.write(words[o : o + len(one.initial)].tolist(), row, keys)
        row[LAST], row[STARTED] = max(row[LAST], kept.last), True
        row[DUE] = min(row[self.program.due], default=FAR)
        return row

    def settled(self, row: State) -> tuple[int, bytes]:
        """A whole row that nobody needs any more: its next timer, and the row packed, as words where it can be."""
        due, plan, keys = row[DUE], self.plan, Serials()
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
        ats = np.array(keys.ats, np.int64)
        return due, self._packed(row, row[LAST], own, places.astype(np.uint32), words[places], ats, keys.ids)

    # of parties in the table

    def words(self, packed: bytes) -> Words | None:
        """A party packed by `of_table`; None if by other definitions, in another layout or form, or damaged."""
        kept = msgspec.msgpack.decode(packed, type=Words)
        same = kept.layout == self.program.layout and kept.form == FORM
        return kept if same and kept.proof == _proof(kept.places, kept.values, kept.ats) else None

    def of_table(self, table: Columns, parties: Sequence[str]) -> list[Row]:
        """Parties that are in the table, packed; a party's next timer is that of all its definitions."""
        numbers = np.array([table.number[party] for party in parties], np.int64)
        words = table.words[numbers]
        row, place = np.nonzero(words != table.plan.template)
        value = words[row, place]
        speaks = np.flatnonzero(table.plan.speaks[place] & (value >= 0))
        events, local = np.unique((row[speaks] << SERIAL_BITS) | value[speaks], return_inverse=True)
        ends = np.arange(len(parties) + 1)
        own = np.searchsorted(events >> SERIAL_BITS, ends)
        value[speaks] = local - own[row[speaks]]
        serials = (events & ((1 << SERIAL_BITS) - 1)).tolist()
        ids = [table.serials.ids[serial] for serial in serials]
        ats = np.array([table.serials.ats[serial] for serial in serials], np.int64)
        place, begins, owns = place.astype(np.uint32), np.searchsorted(row, ends).tolist(), own.tolist()
        lasts, dues = table.last[numbers].tolist(), table.due[numbers].tolist()
        made: list[Row] = []
        for i, party in enumerate(parties):
            a, b, c, d = begins[i], begins[i + 1], owns[i], owns[i + 1]
            held = table.held[party]
            packed = self._packed(held, lasts[i], dues[i], place[a:b], value[a:b], ats[c:d], ids[c:d])
            made.append((party, min(held[DUE], dues[i]), packed))
        return made

    def _packed(  # noqa: PLR0917 - what a packed party consists of
        self, row: State, last: int, due: int, place: Ints, value: Ints, ats: Ints, ids: list[str]
    ) -> bytes:
        slots, taken, first = self._beside
        beside = taken(row)
        differs = [*map(is_not, beside, first)]
        where, what = [*compress(slots, differs)], [*compress(beside, differs)]
        places, values, at = place.tobytes(), value.tobytes(), ats.tobytes()
        proof = _proof(places, values, at)
        kept = Words(self.program.layout, where, what, FORM, last, due, places, values, at, ids, proof)
        try:
            return msgspec.msgpack.encode(kept)
        except OverflowError:  # a sum beyond 63 bits
            kept.what = written(what)
            return msgspec.msgpack.encode(kept)

    def into_table(self, table: Columns, some: Sequence[tuple[str, Words]]) -> None:
        """Puts parties that are in no table yet into this one, and what is not in words into their rows."""
        if not some:
            return
        for party, one in some:
            table.held[party] = self.program.filled(one.where, one.what)
        numbers = np.array([table.number[party] for party, _ in some], np.int64)
        table.grown()
        lengths = [len(one.places) // 4 for _, one in some]
        place = np.frombuffer(b"".join([one.places for _, one in some]), np.uint32).astype(np.int64)
        value = np.frombuffer(b"".join([one.values for _, one in some]), np.int64).copy()
        serials, many = table.serials, [len(one.ids) for _, one in some]
        begins = np.repeat(len(serials.ids) + np.cumsum([0, *many[:-1]]), lengths)
        speaks = table.plan.speaks[place] & (value >= 0)
        value[speaks] += begins[speaks]
        for _, one in some:
            serials.ids += one.ids
        serials.ats += np.frombuffer(b"".join([one.ats for _, one in some]), np.int64).tolist()
        table.words[np.repeat(numbers, lengths), place] = value
        table.last[numbers], table.due[numbers] = [one.last for _, one in some], [one.due for _, one in some]
        table.flat[numbers] = True


def in_words(packed: bytes) -> bool:
    """Whether a row was packed with words."""
    return packed[:1] == FIRST


def _proof(places: bytes, values: bytes, ats: bytes) -> int:
    return crc32(ats, crc32(values, crc32(places)))


FIRST = msgspec.msgpack.encode(Words(0, [], [], FORM, LONG_AGO, FAR, b"", b"", b"", [], 0))[:1]  # an array of eleven
__all__ = ["FORM", "Packing", "Row", "Words", "in_words"]
