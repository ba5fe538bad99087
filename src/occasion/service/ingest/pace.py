"""How many events a second a key may send."""

from __future__ import annotations

MICROS = 1_000_000
BURST = 10  # seconds' worth that may come at once


class Pace:
    """A bucket for each key that fills with `rate` events a second, up to BURST seconds' worth."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._left: dict[bytes, tuple[float, int]] = {}

    def wait(self, key: bytes, events: int, now: int) -> int:
        """Take this many events at an instant (UTC microseconds): 0, or the seconds after which to come again.

        What has to come again is not counted. A request larger than the whole bucket goes in when the bucket is full.
        """
        full = float(self.rate * BURST)
        left, since = self._left.get(key, (full, now))
        left = min(full, left + max(0, now - since) * self.rate / MICROS)
        needed = min(float(events), full)
        if left < needed:
            self._left[key] = (left, now)
            return max(1, -int(-(needed - left) // self.rate))
        self._left[key] = (left - events, now)
        return 0
