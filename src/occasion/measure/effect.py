"""The effect of reaching a moment without a randomised test: doubly robust, cross-fitted, with its overlap.

Augmented inverse propensity weighting (Robins, Rotnitzky & Zhao 1994) with nuisance models fitted on other folds
(Chernozhukov et al. 2018, Econometrics Journal 21:C1, section 5). It removes what is measured in the covariates and
nothing else; say so wherever a number from here is shown, and put `occasion.measure.sensitivity` beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.estimate import Estimate, Refusal
from occasion.measure.regression import fit_linear, fit_logistic, linear_score, standardised

Floats = npt.NDArray[np.float64]
Target = Literal["ate", "att"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """How comparable the two sides are, so that a number far from its data can be seen to be so.

    `treated`, `untreated`: people on each side; `used_treated`, `used_untreated`: those left after trimming; `share`:
    of the people the effect is about (everyone for "ate", the treated for "att") how many are left; `lowest`,
    `highest`: propensities before trimming; `effective`: the number of equally weighted people that the smaller
    side's weights are worth (Kish 1965), which is what the interval really rests on.
    """

    treated: int
    untreated: int
    used_treated: int
    used_untreated: int
    share: float
    lowest: float
    highest: float
    effective: float


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An adjusted comparison: the answer, its standard error, its overlap, and the two means it is made of.

    `answer` is an Estimate or a Refusal; `naive` the plain difference of means over everybody. `treated_mean` and
    `untreated_mean` are what the outcome would be with and without the moment among the people the effect is about,
    `treated_se`, `untreated_se`, `covariance` their errors, for `sensitivity.e_value_risks`. NaN where refused.
    `used` marks the rows left after trimming and `propensity` their chance of treatment, from the other folds.
    """

    answer: Estimate | Refusal
    naive: float
    overlap: Overlap
    se: float = math.nan
    treated_mean: float = math.nan
    untreated_mean: float = math.nan
    treated_se: float = math.nan
    untreated_se: float = math.nan
    covariance: float = math.nan
    used: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool), repr=False)
    propensity: Floats = field(default_factory=lambda: np.zeros(0), repr=False)


def draw_folds(n: int, folds: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Fold labels 0 to folds − 1 for n people, as even as can be, in an order drawn by `rng`."""
    if not 2 <= folds <= n:
        raise InputError(f"folds {folds}: at least 2 and at most the number of people ({n}); 2 to 10 are usual")
    return rng.permutation(np.arange(n, dtype=np.int64) % folds)


def aipw(
    y: npt.ArrayLike,
    treated: npt.ArrayLike,
    X: npt.ArrayLike,
    *,
    folds: npt.ArrayLike,
    trim: float = 0.0,
    target: Target = "ate",
    binary: bool | None = None,
    ridge: float = 1.0,
    least: int = 30,
    level: float = 0.95,
) -> Adjusted:
    """The doubly robust effect of `treated` on `y`, people alike in `X`.

    `y`: outcome, length n (bool, or any number); `treated`: bool or 0/1, length n; `X`: n × k covariates measured
    before the treatment, without a constant; `folds`: a label per person (hash groups, or `draw_folds`): nobody is
    judged by a model that saw them. `trim`: people whose propensity is below it or above 1 − it are left out; state it
    before looking, since it changes whom the number is about. `target`: "ate" is about everybody, "att" about the
    treated. `binary`: model the outcome by logistic (default where `y` is bool) or linear regression. `ridge`: penalty
    on standardised coefficients, in units of one observation (1/C in scikit-learn's terms). `least`: fewest people a
    side must have, in every training part, and be worth after weighting; below it the answer is a Refusal, as it is
    where all who can be compared have the same outcome.

    The score is Chernozhukov et al. 2018, section 5.1; the standard error is that of its mean,
    the trimmed set taken as given (Crump et al. 2009, Biometrika 96:187), widened for a binary outcome where a side has
    fewer than 5 people of either kind. Raises InputError for lengths that differ,
    values that are not finite, a treatment that is not 0/1, fewer than two folds, a trim outside [0, 0.5).
    """
    answers = spread(
        y,
        treated,
        X,
        folds=folds,
        trims=(trim,),
        target=target,
        binary=binary,
        ridge=ridge,
        least=least,
        level=level,
    )
    return answers[trim]


def spread(
    y: npt.ArrayLike,
    treated: npt.ArrayLike,
    X: npt.ArrayLike,
    *,
    folds: npt.ArrayLike,
    trims: tuple[float, ...] = (0.0, 0.01, 0.05, 0.1),
    target: Target = "ate",
    binary: bool | None = None,
    ridge: float = 1.0,
    least: int = 30,
    level: float = 0.95,
) -> dict[float, Adjusted]:
    """`aipw` at several trims from one fit, so that how much the answer hangs on the trim can be shown beside it."""
    people = _checked(y, treated, X, folds, binary)
    _check_options(trims, ridge)
    n, d, reached = len(people.y), people.d, int(people.d.sum())
    if min(reached, n - reached) == 0:
        nobody = Refusal("nobody to compare with: all or none reached it")
        return dict.fromkeys(trims, Adjusted(nobody, math.nan, _no_overlap(reached, n)))
    naive = float(people.y[d].mean() - people.y[~d].mean())
    small = _smallest_training_side(people)
    if small < least:
        why = f"only {small} people on the smaller side of a training part; at least {least} are needed"
        refused = Adjusted(Refusal(why, _more(n, small, least)), naive, _no_overlap(reached, n))
        return dict.fromkeys(trims, refused)
    fitted = _cross_fit(people, ridge, need_m1=target == "ate")
    return {trim: _judge(people, fitted, naive, trim, target=target, least=least, level=level) for trim in trims}


def _judge(
    people: _People, fitted: _Fitted, naive: float, trim: float, *, target: Target, least: int, level: float
) -> Adjusted:
    used = (fitted.p >= trim) & (fitted.p <= 1 - trim)
    overlap = _overlap(fitted.p, people.d, used, target)
    worth = min(float(overlap.used_treated), float(overlap.used_untreated), overlap.effective)
    refusal = None
    if worth < least:
        refusal = Refusal(
            f"too few people are alike: after trimming at {trim:g} {overlap.used_treated} reached it and"
            f" {overlap.used_untreated} did not, worth {worth:.0f} after weighting; at least {least} are needed",
            _more(len(people.y), worth, least),
        )
    elif np.ptp(people.y[used]) == 0:
        refusal = Refusal("the outcome is the same for everybody who can be compared")
    if refusal is not None:
        return Adjusted(refusal, naive, overlap, used=used, propensity=fitted.p)
    means = _means(people, fitted, used, target)
    estimate = _estimate(means, int(used.sum()), overlap, target=target, trim=trim, level=level)
    return Adjusted(
        estimate,
        naive,
        overlap,
        means.se,
        means.treated,
        means.untreated,
        means.treated_se,
        means.untreated_se,
        means.covariance,
        used,
        fitted.p,
    )


@dataclass(frozen=True, slots=True)
class _People:
    """Checked input: outcome, side, covariates, fold codes from 0, whether the outcome is 0/1."""

    y: Floats
    d: npt.NDArray[np.bool_]
    X: Floats
    folds: npt.NDArray[np.int64]
    binary: bool


@dataclass(frozen=True, slots=True)
class _Fitted:
    """Propensity, mean outcome with and without, each person's from models fitted on the other folds."""

    p: Floats
    m1: Floats
    m0: Floats


@dataclass(frozen=True, slots=True)
class _Means:
    """The two means with their errors and covariance, and the error of their difference."""

    treated: float
    untreated: float
    treated_se: float
    untreated_se: float
    covariance: float
    se: float


def _checked(
    y: npt.ArrayLike, treated: npt.ArrayLike, X: npt.ArrayLike, folds: npt.ArrayLike, binary: bool | None
) -> _People:
    outcome, side, covariates, labels = np.asarray(y), np.asarray(treated), np.asarray(X, float), np.asarray(folds)
    if binary is None:
        binary = outcome.dtype == bool
    outcome = outcome.astype(float)
    shapes = (outcome.shape, side.shape, covariates.shape, labels.shape)
    if covariates.ndim != 2 or {outcome.shape, side.shape, labels.shape} != {(len(covariates),)}:
        raise InputError(f"shapes of y, treated, X, folds {shapes}: give n, n, n × k and n")
    if not (np.isfinite(outcome).all() and np.isfinite(covariates).all()):
        raise InputError("y or X: a value is missing or infinite; leave those people out, or fill in and mark the gap")
    if side.dtype != bool and not np.isin(side, (0, 1)).all():
        raise InputError("treated: values other than 0 and 1; give a bool per person")
    if binary and not np.isin(outcome, (0.0, 1.0)).all():
        raise InputError("y: values other than 0 and 1 with a binary outcome; pass binary=False for a number")
    codes = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    if len(codes) and codes.max() == 0:
        raise InputError("folds: one label only; at least two, so that nobody is judged by a model that saw them")
    return _People(outcome, side.astype(bool), covariates, codes, binary)


def _check_options(trims: tuple[float, ...], ridge: float) -> None:
    for trim in trims:
        if not 0 <= trim < 0.5:
            raise InputError(f"trim {trim:g}: from 0 up to, not including, 0.5; .01 to .1 are usual")
    if not ridge >= 0:
        raise InputError(f"ridge {ridge:g}: 0 or more; 1 is usual")


def _smallest_training_side(people: _People) -> int:
    """Fewest people on either side outside any one fold."""
    everyone = np.bincount(people.folds)
    reached = np.bincount(people.folds, weights=people.d).astype(np.int64)
    others, others_reached = len(people.d) - everyone, int(people.d.sum()) - reached
    return int(min(others_reached.min(), (others - others_reached).min()))


def _cross_fit(people: _People, ridge: float, *, need_m1: bool) -> _Fitted:
    fit = fit_logistic if people.binary else fit_linear
    # scaling uses everybody's covariates, but nobody's side or outcome
    Z, y, d = standardised(people.X), people.y, people.d
    p, m1, m0 = np.empty(len(y)), np.zeros(len(y)), np.empty(len(y))
    for fold in range(int(people.folds.max()) + 1):
        held = people.folds == fold
        Zt, yt, sides, Zh = Z[~held], y[~held], d[~held], Z[held]
        p[held] = linear_score(Zh, fit_logistic(Zt, sides.astype(float), ridge), logistic=True)
        m0[held] = linear_score(Zh, fit(Zt[~sides], yt[~sides], ridge), logistic=people.binary)
        if need_m1:
            m1[held] = linear_score(Zh, fit(Zt[sides], yt[sides], ridge), logistic=people.binary)
    return _Fitted(np.clip(p, 1e-12, 1 - 1e-12), m1, m0)


def _overlap(p: Floats, d: npt.NDArray[np.bool_], used: npt.NDArray[np.bool_], target: Target) -> Overlap:
    about = np.ones(len(d), bool) if target == "ate" else d
    weight_without = 1 / (1 - p) if target == "ate" else p / (1 - p)
    worth = _kish(weight_without[used & ~d])
    if target == "ate":
        worth = min(worth, _kish(1 / p[used & d]))
    reached = int(d.sum())
    return Overlap(
        treated=reached,
        untreated=len(d) - reached,
        used_treated=int((used & d).sum()),
        used_untreated=int((used & ~d).sum()),
        share=float((used & about).sum() / about.sum()),
        lowest=float(p.min()),
        highest=float(p.max()),
        effective=worth,
    )


def _kish(weights: Floats) -> float:
    total = float(weights.sum())
    return total * total / float((weights * weights).sum()) if total > 0 else 0.0


def _no_overlap(reached: int, n: int) -> Overlap:
    return Overlap(reached, n - reached, 0, 0, 0.0, math.nan, math.nan, 0.0)


def _more(n: int, have: float, least: int) -> int | None:
    """How many more people, at the present mix, until the smaller side is worth `least`; unknown where it has none."""
    return None if have <= 0 else max(1, math.ceil(n * (least / have - 1)))


def _means(people: _People, fitted: _Fitted, used: npt.NDArray[np.bool_], target: Target) -> _Means:
    """Each person's score for the mean with and the mean without; their averages, and errors by influence functions."""
    y, d = people.y[used], people.d[used]
    p, m1, m0 = fitted.p[used], fitted.m1[used], fitted.m0[used]
    if target == "ate":
        about = np.ones(len(y))
        with_it, without = m1 + d * (y - m1) / p, m0 + ~d * (y - m0) / (1 - p)
    else:
        # a mean among the treated is a ratio, so its influence subtracts the mean from the treated only
        about = d / d.mean()
        with_it, without = about * y, about * m0 + ~d * (y - m0) * p / (1 - p) / d.mean()
    n, mean1, mean0 = len(y), float(with_it.mean()), float(without.mean())
    i1, i0 = with_it - mean1 * about, without - mean0 * about
    v1, v0, covariance = (float(a @ b) / (n * n) for a, b in ((i1, i1), (i0, i0), (i1, i0)))
    variance = float((i1 - i0) @ (i1 - i0)) / (n * n)
    if people.binary:
        more1, more0 = _rare(y[d], v1), _rare(y[~d], v0)
        v1, v0, variance = v1 + more1, v0 + more0, variance + more1 + more0
    return _Means(mean1, mean0, math.sqrt(v1), math.sqrt(v0), covariance, math.sqrt(variance))


def _rare(y: Floats, variance: float) -> float:
    """What a side's variance lacks where fewer than 5 of its people have either outcome, up to Agresti & Coull's 1998.

    Nobody of 200 having left does not mean that nobody can; the influence function alone would say so.
    """
    if min(y.sum(), len(y) - y.sum()) >= 5:
        return 0.0
    share = (y.sum() + 2) / (len(y) + 4)
    return max(0.0, float(share * (1 - share) / (len(y) + 4)) - variance)


def _estimate(means: _Means, n: int, overlap: Overlap, *, target: Target, trim: float, level: float) -> Estimate:
    from scipy.special import ndtri

    value, reach = means.treated - means.untreated, float(ndtri(0.5 + level / 2)) * means.se
    left = f", {overlap.share:.0%} of {'all' if target == 'ate' else 'the treated'} left" if trim else ""
    return Estimate(
        value,
        value - reach,
        value + reach,
        n,
        f"AIPW, {target.upper()}, cross-fitted, trimmed at {trim:g}{left}",
        (
            "nothing unseen drives both reaching it and the outcome",
            "what is held equal was measured before",
            "the number is about the people left after trimming",
        ),
        level,
    )
