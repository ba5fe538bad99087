"""Rows in memory, and those of which nothing but words was needed yet."""

from __future__ import annotations

from collections.abc import Callable

from occasion.moments.live.state import State


class Held(dict[str, State]):
    """Rows by party. `asleep`: what is beside the words of parties in a table, packed; it becomes the party's row when
    somebody asks for `held[party]`, and is neither seen by `in` and `get` nor counted before. No party is in both.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asleep: dict[str, bytes] = {}
        self.woken: Callable[[bytes], State] | None = None

    def __missing__(self, party: str) -> State:
        packed = self.asleep.pop(party)
        assert self.woken is not None
        row = self[party] = self.woken(packed)
        return row

    def at_hand(self, party: str) -> bool:
        """Whether nothing of the party has to be read."""
        return party in self or party in self.asleep

    def many(self) -> int:
        """How many parties are at hand."""
        return len(self) + len(self.asleep)

    def row(self, party: str) -> State | None:
        """The party's row, if it is at hand."""
        return self[party] if party in self or party in self.asleep else None

    def forget(self, party: str) -> None:
        """The party is not at hand any more."""
        self.pop(party, None)
        self.asleep.pop(party, None)

    def touch(self, party: str) -> None:
        """The party comes last in order."""
        if party in self:
            self[party] = self.pop(party)
        elif party in self.asleep:
            self.asleep[party] = self.asleep.pop(party)

    def oldest(self, most: int) -> list[str]:
        """So many parties, of those asleep and the others as many as is their share, the longest untouched first."""
        of_asleep = most * len(self.asleep) // max(1, self.many())
        return [*list(self)[: most - of_asleep], *list(self.asleep)[:of_asleep]]


__all__ = ["Held"]
