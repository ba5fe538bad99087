"""Which party's timer is due: an entry a party, in buckets by time, and in order only where the time has come."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable

from occasion.moments.calendar import FAR
from occasion.moments.live.program import DUE, WOKEN
from occasion.moments.live.state import LONG_AGO, State

SHIFT = 32  # a bucket is 2^32 µs, a little over an hour


class Timers:
    """A row is looked at when its WOKEN says (FAR: it is not waited for), never later than its next timer: at the begin
    of a bucket, then at the timer itself. A timer that is put off is not moved: it is looked at when it was first due.
    """

    def __init__(self) -> None:
        self.buckets: dict[int, list[str]] = {}
        self.order: list[int] = []  # a heap of the buckets
        self.near: list[tuple[int, str]] = []  # a heap of what was in the buckets begun
        self.begun = LONG_AGO

    def __len__(self) -> int:
        return len(self.near) + sum(map(len, self.buckets.values()))

    def set(self, party: str, row: State) -> None:
        """The party is to be woken when its row says, if it is not woken before."""
        due = row[DUE]
        if due >= row[WOKEN] or due >= FAR:
            return
        bucket = due >> SHIFT
        row[WOKEN] = bucket << SHIFT
        if bucket <= self.begun:
            row[WOKEN] = due
            heapq.heappush(self.near, (due, party))
        elif bucket in self.buckets:
            self.buckets[bucket].append(party)
        else:
            self.buckets[bucket] = [party]
            heapq.heappush(self.order, bucket)

    def add(self, timers: Iterable[tuple[int, str]]) -> None:
        """Timers (due, party) of rows that are not at hand."""
        for timer in timers:
            heapq.heappush(self.near, timer)

    def due(
        self, horizon: int, load: Callable[[list[str]], object], at_hand: Callable[[str], State | None]
    ) -> list[str]:
        """The parties whose rows are due by the horizon, which wait no longer; `load` makes rows
        be `at_hand`."""
        self.begun = max(self.begun, horizon >> SHIFT)
        while self.order and self.order[0] <= self.begun:
            bucket = heapq.heappop(self.order)
            parties = self.buckets.pop(bucket)
            load(parties)
            for party in parties:
                row = at_hand(party)
                if row is not None and row[WOKEN] in (bucket << SHIFT, FAR):  # FAR: let go, and brought back
                    row[WOKEN] = FAR
                    self.set(party, row)
        ready = []
        while self.near and self.near[0][0] <= horizon:
            ready.append(heapq.heappop(self.near)[1])
        load(ready)
        due = []
        for party in dict.fromkeys(ready):
            row = at_hand(party)
            if row is not None:
                if row[WOKEN] <= horizon:
                    row[WOKEN] = FAR
                if row[DUE] <= horizon:
                    due.append(party)
                else:
                    self.set(party, row)
        return due
