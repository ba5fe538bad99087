"""What a day has room for: each owner's occasions in their order, up to what they can do; the rest waits, visibly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from occasion.desk.owners import House
from occasion.desk.viewer import Looks

DEFAULT = 8  # occasions a day of an owner who is no colleague and no team


@dataclass(frozen=True)
class Days:
    """Whose day each occasion falls into, and how much room each has: `room` and `worked` by owner."""

    capacity: Mapping[str, int]
    worked: Mapping[str, int]
    own: str | None = None  # whose one day it all falls into: the viewer's, on their own page

    def of(self, row: Any) -> str:
        """Whose day an occasion (a row of OCCASIONS) falls into: who took it, else its owner."""
        return self.own or row.taken_by or row.owner

    def room(self, owner: str) -> int:
        """How many more an owner can do today."""
        return max(0, self.capacity.get(owner, DEFAULT) - self.worked.get(owner, 0))

    def left(self, shown: Sequence[Any]) -> dict[str, int]:
        """How many more each owner can do beside the occasions that are shown, by those owners that have any."""
        taken = Counter(self.of(row) for row in shown)
        return {owner: max(0, self.room(owner) - count) for owner, count in taken.items()}

    def split(self, ranked: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The occasions that the day has room for, and the others, each in the order given.

        What somebody has taken is under way and stays, whatever room there is; it takes up room first.
        """
        left = {self.of(row): self.room(self.of(row)) for row in ranked}
        for row in ranked:
            if row.taken_by is not None:
                left[self.of(row)] -= 1
        now, later = [], []
        for row in ranked:
            owner = self.of(row)
            if row.taken_by is not None:
                now.append(row)
            elif left[owner] > 0:
                left[owner] -= 1
                now.append(row)
            else:
                later.append(row)
        return now, later


def days(house: House, viewer: Looks, worked: Mapping[str, int]) -> Days:
    """The days of everybody in the house. `worked`: how many each colleague has done today.

    A team's day is that of its people together. A colleague's own page is one day: theirs.
    """
    own = viewer.id if viewer.role == "colleague" else None
    capacity = dict(house.capacity)
    done = dict(worked)
    for team, people in house.teams.items():
        here = [person for person in people if person in house.here]
        capacity[team] = sum(house.capacity.get(person, 0) for person in here)
        done[team] = sum(worked.get(person, 0) for person in here)
    return Days(capacity, done, own)
