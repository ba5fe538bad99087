"""Simulated businesses with known truth: events drawn by a stated rule, and that rule as data.

A world is what a log would have shown and, beside it, what is true: which moments raise the chance of being kept, by
how much, and which only seem to. `events/world_kinds.py` draws them; tests and `docs/truth.md` hold finding to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

DAY_US = 86_400_000_000
EPOCH_US = 1_704_067_200_000_000  # 2024-01-01 UTC: the first start in every world
OUTCOME_NAME = "renewed"

Right = Literal["candidate", "association only"]


@dataclass(frozen=True)
class Truth:
    """One true statement about a world.

    `what`: a stream in the moment language without its threshold; `count`, `window_days`: the threshold (`count` 0: any
    threshold of this stream); `effect`: by how much reaching it raises the chance of being kept; `right`: the verdict
    that a finder ought to give; `why`: what makes it so.
    """

    what: str
    count: int
    window_days: float
    effect: float
    right: Right
    why: str


@dataclass(frozen=True)
class Derived:
    """A stream made of events: distinct counterparts, a slice with tie = "old", or `name` within a day of `after`."""

    kind: Literal["distinct", "slice", "pair"]
    name: str
    after: str = ""
    within_days: float = 1.0

    @property
    def what(self) -> str:
        """Its text in the moment language.

        >>> Derived("pair", "rent_clicked", after="picture_viewed").what
        'picture_viewed then first rent_clicked within 1 day'
        """
        if self.kind == "distinct":
            return f"distinct(counterpart of {self.name})"
        if self.kind == "slice":
            return f'count({self.name} where tie = "old")'
        unit = "day" if self.within_days == 1 else "days"
        return f"{self.after} then first {self.name} within {self.within_days:g} {unit}"


@dataclass(frozen=True)
class World:
    """What happened, and what is true.

    Events are parallel arrays sorted by (party, offset): `party` (row of `start_us`, `kept`), `name` (index into
    `names`), `offset_us` (microseconds since the party's start, >= 0), `counterpart` (-1: none), `old_tie`.
    `kept` is drawn by the truth; in the table a kept party has one `renewed` event between `horizon_days` and
    twice that after its start. Events after the horizon may occur; a finder that is honest about time leaves them out.
    `hidden` says whether something unseen drives both the events and the outcome.
    """

    kind: str
    names: tuple[str, ...]
    horizon_days: int
    start_us: npt.NDArray[np.int64]
    kept: npt.NDArray[np.bool_]
    party: npt.NDArray[np.int32]
    name: npt.NDArray[np.int16]
    offset_us: npt.NDArray[np.int64]
    truths: tuple[Truth, ...]
    hidden: bool
    counterpart: npt.NDArray[np.int32] | None = None
    old_tie: npt.NDArray[np.bool_] | None = None
    derived: tuple[Derived, ...] = field(default=())

    @property
    def moments(self) -> tuple[Truth, ...]:
        """The true moments: those that ought to be called `candidate`."""
        return tuple(t for t in self.truths if t.right == "candidate")

    @property
    def kept_text(self) -> str:
        """The outcome in the moment language."""
        h = self.horizon_days
        return f"count({OUTCOME_NAME}) >= 1 between {h} days and {2 * h} days after start"

    @property
    def as_of_us(self) -> int:
        """An instant by which every outcome is known."""
        return int(self.start_us.max()) + (2 * self.horizon_days + 1) * DAY_US


def event_table(world: World) -> pa.Table:
    """The world as an event table: party, name, at, id, counterpart, tie; sorted by time, as a log would be.

    Every party begins with a `joined` event; a kept one has one `renewed` inside the outcome's window, at a time that
    is a fixed function of its row.
    """
    n = len(world.kept)
    kept = np.flatnonzero(world.kept)
    h_us = world.horizon_days * DAY_US
    renewed = h_us + (kept.astype(np.int64) * 7_919_000_003) % (h_us - 1)
    party = np.concatenate([np.arange(n), world.party, kept])
    offset = np.concatenate([np.zeros(n, np.int64), world.offset_us, renewed])
    names = (*world.names, "joined", OUTCOME_NAME)
    code = np.concatenate(
        [np.full(n, len(names) - 2), world.name, np.full(len(kept), len(names) - 1)],
    ).astype(np.int32)
    at = world.start_us[party] + offset
    order = np.argsort(at, kind="stable")
    columns: dict[str, pa.Array] = {
        "party": pa.array(np.char.add("p", party[order].astype(str))),
        "name": pa.DictionaryArray.from_arrays(code[order], pa.array(names)).cast(pa.string()),
        "at": pa.array(at[order], pa.timestamp("us", tz="UTC")),
        "id": pa.array(np.char.add("e", np.arange(len(at)).astype(str))),
    }
    rows = np.concatenate([np.full(n, -1), np.arange(len(world.party)), np.full(len(kept), -1)])[order]
    if world.counterpart is not None:
        who = np.where(rows >= 0, world.counterpart[rows], -1)
        columns["counterpart"] = pa.array(np.char.add("c", who.astype(str)), mask=who < 0)
    if world.old_tie is not None:
        old = (rows >= 0) & world.old_tie[rows]
        columns["tie"] = pa.array(np.where(old, "old", "new"), mask=rows < 0)
    return pa.table(columns)


def sorted_events(
    parts: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int16], npt.NDArray[np.int64]]:
    """Parts of (party, name, offset_us) joined and sorted by (party, offset, name)."""
    party = np.concatenate([p[0] for p in parts])
    name = np.concatenate([p[1] for p in parts])
    offset = np.concatenate([p[2] for p in parts])
    if len(party) and int(party.max()) < 1 << 15 and int(name.max()) < 1 << 5 and int(offset.max()) < 1 << 43:
        key = np.sort((party << 48) | (offset << 5) | name)  # one packed sort is ten times a lexsort
        return (key >> 48).astype(np.int32), (key & 31).astype(np.int16), (key >> 5) & ((1 << 43) - 1)
    order = np.lexsort((name, offset, party))
    return party[order].astype(np.int32), name[order].astype(np.int16), offset[order]
