"""A program's definitions in words: the tables that the compiled loop (`live/kernel.py`) reads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from occasion.events.event import Event
from occasion.moments.definition import Selection
from occasion.moments.live.choose import chooses
from occasion.moments.live.program import Program
from occasion.moments.live.words import KINDS, Flat, flat

NO, ALWAYS = -1, 63  # in the tables of what an operation chooses: a name never, always, else the bit that says so
MOST = 1_000  # definitions: what one event may say of all of them must have room
WIDEST = 1 << 14  # words of a party: a place among them takes two bytes where they are packed


class Plan:
    """A program's definitions in words: the tables that the compiled loop reads. `rest`: those that are not; `gains`:
    whether it is worth while.
    """

    def __init__(self, program: Program) -> None:
        made: dict[int, Flat] = {}
        asked, width = set[Selection](), 0
        for i, definition in enumerate(program.definitions):
            one = None if program.places else flat(definition.node, program.readers[i])
            asks = asked if one is None else asked | {s for s in (one.source, one.anchor) if s and s.where}
            if one is not None and len(asks) <= ALWAYS and len(made) < MOST and width + len(one.initial) <= WIDEST:
                made[i], asked, width = one, asks, width + len(one.initial)
        self.which, self.flats = list(made), list(made.values())
        self.rest = [i for i in range(len(program.definitions)) if i not in made]
        self.bits: list[tuple[str, Callable[[Event], bool]]] = []
        self._bit: dict[Selection, int] = {}
        self._names()
        self.gains = 2 * len(made) >= len(program.definitions) > 0
        widths = [len(one.initial) for one in self.flats]
        self.offsets = [sum(widths[:i]) for i in range(len(widths))]
        self.template = np.array([word for one in self.flats for word in one.initial], np.int64)
        places = [o + j for one, o in zip(self.flats, self.offsets, strict=True) for j in one.serials]
        self.serials = np.array(places, np.int64)
        self.speaks = np.zeros(len(self.template), np.bool_)  # whether a word is an event's number
        self.speaks[self.serials] = True
        self.units = list(dict.fromkeys(one.unit for one in self.flats if one.unit is not None))
        self.ops = np.array([self._op(one, o) for one, o in zip(self.flats, self.offsets, strict=True)], np.int64)
        self.timed = np.array([k for k, one in enumerate(self.flats) if one.timer is not None], np.int64)

    def _op(self, one: Flat, offset: int) -> list[int]:
        unit = self.units.index(one.unit) if one.unit is not None else 0
        return [KINDS.index(one.kind), offset, one.n, one.lo, one.hi, int(one.start), one.k, unit]

    def _names(self) -> None:
        """Which operation chooses which name: tables by the number of a name; 0 is every name that none speaks of."""
        chosen = [(one.source, one.anchor) for one in self.flats]
        names = [s.name for pair in chosen for s in pair if s is not None]
        self.codes = {name: code for code, name in enumerate(dict.fromkeys(names), 1)}
        shape = len(self.codes) + 1, len(self.flats)
        self.source, self.anchor = np.full(shape, NO, np.int8), np.full(shape, NO, np.int8)
        for k, pair in enumerate(chosen):
            for table, selection in zip((self.source, self.anchor), pair, strict=True):
                if selection is not None:
                    table[self.codes[selection.name], k] = self._asked(selection)
        touched = (self.source != NO) | (self.anchor != NO)
        self.touched_from = np.concatenate([[0], np.cumsum(touched.sum(axis=1))]).astype(np.int64)
        self.touched = np.nonzero(touched)[1].astype(np.int64)
        many = np.array([one.kind.endswith("many") for one in self.flats], np.bool_)
        self.filling = (touched & many).any(axis=1)
        self.asking = {self.codes[name] for name, _ in self.bits}

    def _asked(self, selection: Selection) -> int:
        if selection.where is None:
            return ALWAYS
        if selection not in self._bit:
            self._bit[selection] = len(self.bits)
            self.bits.append((selection.name, chooses(selection)))
        return self._bit[selection]


__all__ = ["Plan"]
