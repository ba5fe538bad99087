"""The verdict on each moment, from its numbers; every rule is one line here and one sentence for people.

`candidate` asks for all of: above the screen's bar; an effect on the other half that survives Holm; something left with
all else until the outcome held equal; a knee where that can be told; enough people who are alike; more than
`LEAST_RATIO` of what observed activity took away; and standing beside every other candidate. `association only` names
what went with it. `cannot say` means that an effect worth having (`WORTH` or more) can be neither shown nor excluded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from occasion.finding.confirm import Confirmed
from occasion.finding.findings import Verdict
from occasion.finding.landmark import Z95, Landmark

Reason = Literal["stands", "engagement", "time", "chance", "no knee", "proxy", "fewer", "overlap", "width"]

ALPHA = 0.05
WORTH = 0.05
LEAST_ALIKE = 0.20
LEAST_RATIO = 0.25


@dataclass(frozen=True)
class Numbers:
    """What is known of one moment: `above` the bar, the trials' effect, Holm's p, the landmark, the raw difference."""

    above: bool
    raw: float
    confirmed: Confirmed | None
    p: float
    landmark: Landmark | None


def selection_ratio(confirmed: Confirmed) -> float:
    """The interval's near end over what holding observed activity equal took away (Altonji, Elder & Taber 2005, 4.2).

    1 means: something unseen would have to matter as much as all that was seen. Infinite where nothing was taken away.
    """
    taken = confirmed.naive - confirmed.value
    low = confirmed.value - Z95 * confirmed.se
    if low <= 0:
        return 0.0
    return low / taken if taken > 1e-9 else float("inf")


def judge(numbers: Numbers) -> tuple[Verdict, Reason]:
    """The verdict before moments are held against each other."""
    found, checked = numbers.confirmed, numbers.landmark
    if found is None or checked is None or found.alike < LEAST_ALIKE:
        return "cannot say", "overlap"
    low, high = found.value - Z95 * found.se, found.value + Z95 * found.se
    if not (numbers.above and numbers.p < ALPHA):
        if min(high, checked.left + Z95 * checked.left_se) >= WORTH and high > 0:
            return "cannot say", "width"
        return "association only", _what_it_was(numbers)
    if low <= 0:
        return "association only", "fewer"
    if not checked.stands or selection_ratio(found) < LEAST_RATIO:
        return "association only", _what_it_was(numbers)
    if checked.no_knee:
        return "association only", "no knee"
    return "candidate", "stands"


def _what_it_was(numbers: Numbers) -> Reason:
    found = numbers.confirmed
    if found is None or abs(numbers.raw) < WORTH / 2:
        return "chance"
    return "time" if found.naive < 0.5 * numbers.raw else "engagement"


def holm(p: list[float]) -> list[float]:
    """Holm's adjusted p-values (Holm 1979), in the order given.

    >>> [round(x, 3) for x in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    adjusted = [1.0] * len(p)
    running = 0.0
    for place, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        running = max(running, min(1.0, (len(p) - place) * p[i]))
        adjusted[i] = running
    return adjusted
