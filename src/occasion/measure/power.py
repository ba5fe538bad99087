"""How many people a test needs, decided before it starts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from occasion.errors import InputError


@dataclass(frozen=True, slots=True)
class SampleSize:
    """People per side, rounded up; `exact` is the unrounded number on the untreated side, as tables give it."""

    treated: int
    untreated: int
    exact: float

    @property
    def total(self) -> int:
        """Both sides together."""
        return self.treated + self.untreated


def two_proportions(
    untreated: float,
    treated: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    continuity: bool = False,
) -> SampleSize:
    """People needed to tell two shares apart, two-sided.

    `untreated`, `treated`: the shares expected (0 to 1); `alpha`: chance of a false alarm; `power`: chance to see the
    difference; `ratio`: treated people for each untreated one. Fleiss, Levin & Paik 2003,
    Statistical Methods for Rates and Proportions, chapter 4; with `continuity` enlarged for a corrected test (Fleiss,
    Tytun & Ury 1980, Biometrics 36:343). Raises InputError for shares
    outside 0 to 1 or equal, alpha or power outside (0, 1), ratio ≤ 0.

    >>> two_proportions(0.5, 0.75, power=0.9)  # doctest: +ELLIPSIS
    SampleSize(treated=77, untreated=77, exact=76.7...)
    """
    _check_shares(untreated, treated)
    alarm, seen = _quantiles(alpha, power)
    if not ratio > 0:
        raise InputError(f"ratio {ratio:g}: treated people for each untreated one, above 0; 1 is usual")
    mean = (untreated + ratio * treated) / (1 + ratio)
    equal = alarm * math.sqrt((1 + 1 / ratio) * mean * (1 - mean))
    apart = seen * math.sqrt(untreated * (1 - untreated) + treated * (1 - treated) / ratio)
    difference = abs(treated - untreated)
    exact = ((equal + apart) / difference) ** 2
    if continuity:
        exact *= (1 + math.sqrt(1 + 2 * (1 + 1 / ratio) / (exact * difference))) ** 2 / 4
    return SampleSize(_up(exact * ratio), _up(exact), exact)


def encouragement(
    untreated: float,
    effect: float,
    *,
    uptake_encouraged: float,
    uptake_otherwise: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
) -> SampleSize:
    """People needed where a moment can only be encouraged and the encouragement is drawn at random, two-sided.

    `untreated`: the share kept among those not encouraged; `effect`: the change in that share among those who take it
    up because of it; `uptake_encouraged`, `uptake_otherwise`: shares who reach the moment on either side. The test is
    of intention to treat: its difference is effect × (difference in uptake), so people grow with one over its square
    (Duflo, Glennerster & Kremer 2007, section 4.3). Raises InputError as `two_proportions`, and where encouragement
    does not raise uptake.
    """
    for name, share in (("uptake_encouraged", uptake_encouraged), ("uptake_otherwise", uptake_otherwise)):
        if not 0 <= share <= 1:
            raise InputError(f"{name} {share:g}: a share, 0 to 1")
    if uptake_encouraged <= uptake_otherwise:
        raise InputError(
            f"uptake {uptake_encouraged:g} with encouragement and {uptake_otherwise:g} without: encouragement must"
            " raise it; think of a stronger one"
        )
    moved = effect * (uptake_encouraged - uptake_otherwise)
    return two_proportions(untreated, untreated + moved, alpha=alpha, power=power, ratio=ratio)


def achieved(
    untreated: float, treated: float, *, untreated_people: int, treated_people: int, alpha: float = 0.05
) -> float:
    """The chance that a test of that size sees the difference between two shares (the inverse of `two_proportions`)."""
    from scipy.special import ndtr

    _check_shares(untreated, treated)
    if min(untreated_people, treated_people) < 1:
        raise InputError(f"people {untreated_people} and {treated_people}: at least one on each side")
    alarm, _ = _quantiles(alpha, 0.5)
    ratio = treated_people / untreated_people
    mean = (untreated + ratio * treated) / (1 + ratio)
    under_none = math.sqrt((1 + 1 / ratio) * mean * (1 - mean) / untreated_people)
    under_some = math.sqrt(untreated * (1 - untreated) / untreated_people + treated * (1 - treated) / treated_people)
    if under_some == 0:
        return 1.0
    difference = abs(treated - untreated)
    return float(ndtr((difference - alarm * under_none) / under_some))


def _check_shares(untreated: float, treated: float) -> None:
    if not (0 <= untreated <= 1 and 0 <= treated <= 1):
        raise InputError(
            f"shares {untreated:g} and {treated:g}: both must lie between 0 and 1; choose a smaller effect"
        )
    if untreated == treated:
        raise InputError(f"shares {untreated:g} and {treated:g} are equal: no number of people tells them apart")


def _quantiles(alpha: float, power: float) -> tuple[float, float]:
    from scipy.special import ndtri

    if not 0 < alpha < 1 or not 0 < power < 1:
        raise InputError(f"alpha {alpha:g}, power {power:g}: both lie between 0 and 1; .05 and .8 are usual")
    return float(ndtri(1 - alpha / 2)), float(ndtri(power))


def _up(people: float) -> int:
    return max(1, math.ceil(people - 1e-9))
