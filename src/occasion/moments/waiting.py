"""Events of instants that are not closed yet. Those that are still open when next something closes lie in buckets by
time, so that they are looked at once more, when they close.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import attrgetter

from occasion.events.event import Event

SHIFT = 15  # a bucket is 2^15 µs, some 33 ms
BY_AT = attrgetter("at")


class Waiting:
    """Events in any order; given back in order of time, those of one instant as they came.

    >>> waiting = Waiting()
    >>> waiting.add([Event(party="p", name="a", at=at, id=str(at), seen=at) for at in (70_000, 5, 40_000, 3)])
    >>> [event.at for event in waiting.closed(40_000)], [event.at for event in waiting.closed(10**6)]
    ([3, 5, 40000], [70000])
    """

    def __init__(self) -> None:
        self._new: list[Event] = []
        self._buckets: dict[int, list[Event]] = {}

    def add(self, events: Iterable[Event]) -> None:
        """More of them."""
        self._new += events

    def closed(self, horizon: int) -> list[Event]:
        """Those up to the horizon, which wait no longer."""
        last, found = horizon >> SHIFT, list[Event]()
        for bucket in sorted(bucket for bucket in self._buckets if bucket <= last):
            events = self._buckets.pop(bucket)
            if bucket == last and (left := [event for event in events if event.at > horizon]):
                self._buckets[bucket] = left
                events = [event for event in events if event.at <= horizon]
            found += sorted(events, key=BY_AT)
        new, self._new = self._new, []
        ready = [event for event in new if event.at <= horizon]
        if len(ready) < len(new):
            self._put(event for event in new if event.at > horizon)
        if ready:
            found += ready
            found.sort(key=BY_AT)
        return found

    def _put(self, events: Iterable[Event]) -> None:
        buckets = self._buckets
        for event in events:
            bucket = event.at >> SHIFT
            if bucket in buckets:
                buckets[bucket].append(event)
            else:
                buckets[bucket] = [event]

    def drop(self, parties: Collection[str]) -> None:
        """Without those of these parties."""
        self._new = [event for event in self._new if event.party not in parties]
        for bucket, events in list(self._buckets.items()):
            left = [event for event in events if event.party not in parties]
            if left:
                self._buckets[bucket] = left
            else:
                del self._buckets[bucket]


__all__ = ["Waiting"]
