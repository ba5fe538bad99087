"""What finding works on: the parties whose outcome is known, and streams of points after their start.

Every candidate is a *stream*: for each party a sequence of instants at which "one more" was counted. A plain count
has a point for every event of that name; a slice for every event that satisfies it; a distinct count for every event
with a value not seen since the start; a pair for every B after an A; a return for every return. Once candidates are
streams, the screen, the curves and the confirmation need to know nothing else about them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Population:
    """The parties under study, all arrays of length n in one order.

    `ids`: the party's id (int64 codes); `start_us`: UTC microseconds of the party's start; `kept`: the outcome;
    `group`: which of `groups` hash groups (uint8), for split samples, cross-fitting and jackknife errors.
    A party whose outcome is not yet known is not in the population at all.
    """

    ids: npt.NDArray[np.int64]
    start_us: npt.NDArray[np.int64]
    kept: npt.NDArray[np.bool_]
    group: npt.NDArray[np.uint8]
    groups: int

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Streams:
    """Points of candidate streams, rows sorted by (party, at).

    `party`: row number in the Population (int32); `stream`: index into `what` (int32); `offset_us`: microseconds since
    the party's start (int64, >= 0). `what[s]` is the stream's text in the moment language without its threshold:
    `count(x)`, `distinct(f of x)`, `count(x where a = "b")`, or for pairs and returns the pattern.
    `base[s]` is the index of the plain event name the stream is made of (events with the same base are not held equal
    against each other when one is adjusted for the rest).
    """

    party: npt.NDArray[np.int32]
    stream: npt.NDArray[np.int32]
    offset_us: npt.NDArray[np.int64]
    what: Sequence[str]
    base: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.party)
