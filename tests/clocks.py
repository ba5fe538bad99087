"""A clock that a test moves."""

from __future__ import annotations


class Clock:
    """UTC microseconds, as the test says."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


__all__ = ["Clock"]
