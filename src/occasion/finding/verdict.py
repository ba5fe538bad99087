"""The verdict on each moment, from its numbers; every rule is one line here and one sentence for people.

`candidate` asks for all of: above the screen's bar; an effect at the landmark, on the other half, that survives Holm;
an effect in the emulated trials as well; enough people who are alike; more than `LEAST_RATIO` of what observed activity
took away; a knee, where these people could show one; and standing beside every other candidate (`rivals`).
`association only` names what went with it. `cannot say` means that an effect worth having (`WORTH` or more) can be
neither shown nor excluded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from occasion.finding.confirm import Confirmed
from occasion.finding.findings import Verdict
from occasion.finding.landmark import LEAST_ALIKE, Z95, Landmark

Reason = Literal["stands", "engagement", "time", "chance", "no knee", "proxy", "fewer", "overlap", "width", "only name"]

ALPHA = 0.05
WORTH = 0.05
LEAST_RATIO = 0.05
LEAST_RATIO_WITHOUT_OWN = 0.25


@dataclass(frozen=True)
class Numbers:
    """What is known of one moment: whether it is above the bar, the raw difference on the screening half, its numbers
    at the landmark and in the trials (None where too few are alike), Holm's p (1 where it was not tested), and whether
    it counts the only event there is, so that nothing else shows how engaged a party is."""

    above: bool
    raw: float
    landmark: Landmark
    trial: Confirmed | None
    p: float
    only_name: bool = False

    @property
    def effect(self) -> Confirmed | None:
        """The effect at the landmark."""
        return self.landmark.effect


def limits(found: Confirmed) -> tuple[float, float]:
    """The 95 % interval."""
    return found.value - Z95 * found.se, found.value + Z95 * found.se


def selection_ratio(found: Confirmed) -> float:
    """The interval's near end over what holding observed activity equal took away (Altonji, Elder & Taber 2005, 4.2).

    1 means: something unseen would have to matter as much as all that was seen. Infinite where nothing was taken away.
    """
    taken, low = found.naive - found.value, limits(found)[0]
    if low <= 0:
        return 0.0
    return low / taken if taken > 1e-9 else float("inf")


def least_ratio(mark: Landmark) -> float:
    """What the selection ratio must reach: more where the amount of its own event could not be held equal."""
    return LEAST_RATIO if mark.own_held else LEAST_RATIO_WITHOUT_OWN


def judge(numbers: Numbers) -> tuple[Verdict, Reason]:
    """The verdict before moments are held against each other."""
    found, trial = numbers.effect, numbers.trial
    if found is None or trial is None or min(found.alike, trial.alike) < LEAST_ALIKE:
        return "cannot say", "overlap"
    low, high = limits(found)
    passed = numbers.above and numbers.p < ALPHA
    if passed and high < 0:
        return "association only", "fewer"
    if passed and low > 0 and limits(trial)[0] > 0 and selection_ratio(found) >= least_ratio(numbers.landmark):
        if numbers.only_name:
            return "association only", "only name"
        return ("association only", "no knee") if numbers.landmark.no_knee else ("candidate", "stands")
    if numbers.above and numbers.landmark.no_knee:
        return "association only", "no knee"
    if min(high, limits(trial)[1]) >= WORTH:
        return "cannot say", "width"
    return "association only", _what_it_was(numbers)


def _what_it_was(numbers: Numbers) -> Reason:
    if numbers.trial is None or abs(numbers.raw) < WORTH / 2:
        return "chance"
    return "time" if numbers.trial.naive < 0.5 * numbers.raw else "engagement"


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
