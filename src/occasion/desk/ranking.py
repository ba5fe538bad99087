"""What goes first: what is at stake, and what a person can change about it.

`stake` is kept with the occasion and orders a desk of any size by an index; `score` orders the few that are shown, and
knows how much time is left. Equal scores: the one that ends first, then the older one.
"""

from __future__ import annotations

from occasion.desk.parts import Kind

DAY_US = 86_400_000_000
# What is at stake, by what the occasion is. A pit (a complaint) puts the whole bond at stake, so it is above all.
STAKES: dict[Kind, float] = {"promise": 40, "handover": 30, "slipping": 20, "reached": 12, "coming": 6, "missed": 0}
PIT = 1000.0
PEAK = 3.0  # a peak that was reached is worth more than a step
URGENT = 1.0


def stake(kind: Kind, mark: str = "", chance: float | None = None) -> float:
    """What is at stake, times what a person can change; higher goes first.

    `chance`: how likely it comes by itself (0 to 1). Where it is about even a person changes most; where it is nearly
    sure or nearly lost, little: the weight is 1/2 + 2 c (1 - c), which is 1 at c = 1/2 and 1/2 at both ends.

    >>> stake("reached", "pit") > stake("promise") > stake("slipping", "", 0.5) > stake("slipping", "", 0.02)
    True
    """
    if mark == "pit" and kind in ("reached", "slipping"):
        return PIT
    base = STAKES[kind] + (PEAK if mark == "peak" and kind == "reached" else 0)
    return base if chance is None else base * (0.5 + 2 * chance * (1 - chance))


def score(at_stake: float, until_us: int, now_us: int) -> float:
    """The stake with the time that is left: doubled on the last day, less the farther the end is.

    >>> score(10, DAY_US, 0) > score(10, 5 * DAY_US, 0) > 10
    True
    """
    days = max(0.0, (until_us - now_us) / DAY_US)
    return at_stake * (1 + URGENT / (1 + max(0.0, days - 1)))


def order(at_stake: float, until_us: int, now_us: int, number: int) -> tuple[float, int, int]:
    """What to sort by, ascending."""
    return (-score(at_stake, until_us, now_us), until_us, number)
