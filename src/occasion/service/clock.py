"""The one place of the server that reads the real clock."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]  # UTC microseconds


def utc_micros() -> int:
    """The computer's clock, UTC microseconds."""
    return time.time_ns() // 1000


def steady_micros() -> int:
    """Microseconds that only ever go on, whatever is done to the computer's clock: how long something took."""
    return time.monotonic_ns() // 1000


class Forward:
    """A clock that never goes back: where the one given does, it stands still until that has caught up.

    `elapsed` goes on meanwhile, by `steady` (None: it stands still too).
    """

    def __init__(self, steady: Clock | None = None) -> None:
        self._now, self._steady = 0, steady

    def now(self, given: int) -> int:
        """The clock, which was `given` just now."""
        self._now = max(self._now, given)
        return self._now

    def elapsed(self, given: int) -> int:
        """Microseconds since some beginning, by which it is known how long something took."""
        return self.now(given) if self._steady is None else self._steady()
