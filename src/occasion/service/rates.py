"""How often somebody may ask: token buckets, and a wait that doubles after failures; memory is bounded."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

MOST_KEYS = 20_000
SECOND = 1_000_000


class Rates:
    """`per_minute` on average for a key, `burst` at once; a key not seen for long starts full again.

    Instants are UTC microseconds; a clock that goes back gives nothing and takes nothing.
    """

    def __init__(self, per_minute: float, burst: float, most: int = MOST_KEYS) -> None:
        self._rate = per_minute / 60 / SECOND
        self._burst = burst
        self._most = most
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, now: int, cost: float = 1) -> float:
        """Seconds to wait before this is allowed; 0 when it is, and then it is counted."""
        with self._lock:
            left, at = self._left.pop(key, (self._burst, now))
            left = min(self._burst, left + max(0, now - at) * self._rate)
            wait = 0.0 if left >= cost else (cost - left) / self._rate / SECOND
            self._left[key] = (left - cost if not wait else left, max(now, at))
            while len(self._left) > self._most:
                self._left.popitem(last=False)
            return wait

    def peek(self, key: str, now: int, cost: float = 1) -> float:
        """Seconds to wait before `take` would allow it; counts nothing."""
        with self._lock:
            left, at = self._left.get(key, (self._burst, now))
        left = min(self._burst, left + max(0, now - at) * self._rate)
        return 0.0 if left >= cost else (cost - left) / self._rate / SECOND

    def __len__(self) -> int:
        return len(self._left)


@dataclass(frozen=True)
class Patience:
    """After `free` failures each further one doubles the wait, from a second up to `longest_us`."""

    free: int
    longest_us: int = 15 * 60 * SECOND


class Failures:
    """Failures by key, forgotten a day after the last one or after a success."""

    FORGOTTEN_US = 24 * 3600 * SECOND

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: str, patience: Patience, now: int) -> float:
        """Seconds until the next try of this key is looked at; 0: now."""
        with self._lock:
            count, last = self._seen.get(key, (0, now))
        over = count - patience.free
        if over < 0 or now - last > self.FORGOTTEN_US:
            return 0.0
        until = last + min(patience.longest_us, SECOND << min(over, 40))
        return max(0.0, (until - now) / SECOND)

    def failed(self, key: str, now: int) -> None:
        """Count one more."""
        with self._lock:
            count, last = self._seen.pop(key, (0, now))
            self._seen[key] = (1 if now - last > self.FORGOTTEN_US else count + 1, now)
            while len(self._seen) > self._most:
                self._seen.popitem(last=False)

    def forget(self, key: str) -> None:
        """A success."""
        with self._lock:
            self._seen.pop(key, None)
