"""How strong would something unseen have to be to explain a result away?

Two published answers. The *E-value* speaks in risk ratios and asks nothing about the model (VanderWeele & Ding 2017,
Annals of Internal Medicine 167:268). The *robustness value* speaks in shares of variance, for a linear regression
(Cinelli & Hazlett 2020, JRSS B 82:39), and can be held against a covariate that was observed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError

Floats = npt.NDArray[np.float64]

_NO_RISK = 1e-9  # a risk of exactly zero has no ratio; the E-value is then huge, as it should be


@dataclass(frozen=True, slots=True)
class EValue:
    """`point`: the least risk ratio that an unseen cause would need with both reaching the moment and the outcome,
    beyond everything held equal, to explain the estimate away; `limit`: the same for the interval's end nearer to no
    effect (1 where the interval holds no effect). Both are at least 1; nearer to 1 is weaker.
    """

    point: float
    limit: float


@dataclass(frozen=True, slots=True)
class Bound:
    """What is left of an estimate if something unseen were `strength` times as strong as an observed covariate.

    `treatment_r2`, `outcome_r2`: the most that something of that strength explains of what is left of treatment and of
    outcome (shares, 0 to 1); `value`, `low`, `high`, `se`: the estimate after taking it out, towards zero.
    """

    strength: float
    treatment_r2: float
    outcome_r2: float
    value: float
    se: float
    low: float
    high: float


def e_value(ratio: float, low: float | None = None, high: float | None = None) -> EValue:
    """The E-value of a risk ratio and of its interval; without an interval `limit` equals `point`.

    RR + sqrt(RR (RR − 1)), a ratio below 1 being turned over first (VanderWeele & Ding 2017). Raises
    InputError for a ratio or limit that is not positive, or limits that do not enclose the ratio.

    >>> e_value(3.9, 1.8, 8.7)  # doctest: +ELLIPSIS
    EValue(point=7.26303..., limit=3.0)
    """
    low, high = ratio if low is None else low, ratio if high is None else high
    if not 0 < ratio < math.inf or low < 0 or not low <= ratio <= high:
        raise InputError(
            f"risk ratio {ratio:g} with limits {low:g} to {high:g}: the ratio must be above 0 and lie within its"
            " limits; for a difference use e_value_difference"
        )
    if ratio < 1:
        low, high, ratio = 1 / high, math.inf if low == 0 else 1 / low, 1 / ratio
    return EValue(_explained_away(ratio), _explained_away(low))


def e_value_difference(untreated: float, difference: float, low: float, high: float) -> EValue:
    """The E-value of a difference in risk beside the risk without the moment, which is taken as known.

    An unseen cause brings a difference to zero exactly where it brings the ratio to one (Ding & VanderWeele 2016,
    Epidemiology 27:368), so this is the E-value of (untreated + difference) / untreated and of the same with the
    limits. Risks are shares; an adjusted one (or a limit) a little outside 0 to 1, as weighting can give, is read as
    that end, and a ratio to no risk at all is huge. Where the risk without the moment is itself uncertain use
    `e_value_risks`. Raises InputError for a risk more than .5 outside, or limits that do not enclose the difference.
    """
    if not (-0.5 <= untreated <= 1.5 and -0.5 <= untreated + difference <= 1.5 and low <= difference <= high):
        raise InputError(
            f"risk {untreated:g} with a difference of {difference:g} ({low:g} to {high:g}): risks must lie between 0"
            " and 1 and the difference within its limits"
        )
    base = _as_risk(untreated)
    ends = [_as_risk(untreated + d) / base for d in (difference, low, high)]
    return e_value(ends[0], min(ends[1], ends[0]), max(ends[2], ends[0]))


def e_value_risks(
    treated: float,
    untreated: float,
    *,
    se_treated: float,
    se_untreated: float,
    covariance: float = 0.0,
    z: float = 1.959963984540054,
) -> EValue:
    """The E-value of two risks, both estimated, with standard errors and their covariance.

    The limit is where the difference that is left, treated − B × untreated, is no longer clear of zero: Fieller's limit
    of the ratio (Ding & VanderWeele 2016, the bound for a difference). An adjusted risk a little outside 0 to 1, as
    weighting can give, is read as the end. Raises InputError for one more than .5 outside, or a negative error.
    """
    if not -0.5 <= untreated <= 1.5 or not -0.5 <= treated <= 1.5 or not min(se_treated, se_untreated) >= 0:
        raise InputError(
            f"risks {treated:g} and {untreated:g} with standard errors {se_treated:g} and {se_untreated:g}: risks lie"
            " between 0 and 1 and errors are not negative"
        )
    treated, untreated = _as_risk(treated), _as_risk(untreated)
    if treated < untreated:
        treated, untreated = untreated, treated
        se_treated, se_untreated = se_untreated, se_treated
    # (p1 − B p0)² = z² (v1 − 2 B c + B² v0), a quadratic in B; the smaller root is the lower limit
    a = untreated**2 - z**2 * se_untreated**2
    b = treated * untreated - z**2 * covariance
    c = treated**2 - z**2 * se_treated**2
    inside = b * b - a * c
    significant = (treated - untreated) ** 2 > z**2 * (se_treated**2 - 2 * covariance + se_untreated**2)
    # c / (b + sqrt) equals (b − sqrt) / a and stays right where a is near zero
    limit = max(1.0, c / (b + math.sqrt(inside))) if significant and inside >= 0 else 1.0
    return EValue(_explained_away(treated / untreated), _explained_away(limit))


def _explained_away(ratio: float) -> float:
    return 1.0 if ratio <= 1 else ratio + math.sqrt(ratio * (ratio - 1))


def _as_risk(share: float) -> float:
    return min(max(share, _NO_RISK), 1.0)


def partial_r2(t: float, df: int) -> float:
    """The share of what is left of the outcome that the treatment explains: t² / (t² + df) (C&H 2020, section 4.2).

    >>> round(partial_r2(4.18445, 783), 4)
    0.0219
    """
    _check_df(df)
    return t * t / (t * t + df)


def robustness_value(t: float, df: int, q: float = 1.0, alpha: float | None = None) -> float:
    """The share of what is left of both treatment and outcome that something unseen must explain to take away q.

    `t`, `df`: the coefficient's t value and the residual degrees of freedom; `q`: the part of the estimate to be
    explained away (1 is all of it); with `alpha`, to take away significance at that two-sided level instead (RV_q,α).
    0 where that is already so. C&H 2020, section 4.2; the case in which the unseen one explains all of the
    outcome's rest (f > 1/f*) by their later form, 1 − (1 + f*²)/(1 + f²). Raises InputError for df < 2, q ≤ 0 or alpha
    outside (0, 1).

    >>> round(robustness_value(4.18445, 783), 4), round(robustness_value(4.18445, 783, alpha=0.05), 4)
    (0.1388, 0.0763)
    """
    _check_df(df)
    if q <= 0 or (alpha is not None and not 0 < alpha < 1):
        raise InputError(f"q {q:g}, alpha {alpha}: q must be above 0 and alpha between 0 and 1")
    f = q * abs(t) / math.sqrt(df)
    critical = 0.0 if alpha is None else _t_quantile(1 - alpha / 2, df - 1) / math.sqrt(df - 1)
    left = f - critical
    if left <= 0:
        return 0.0
    if critical > 0 and f > 1 / critical:
        return (f * f - critical * critical) / (1 + f * f)
    return 0.5 * (math.sqrt(left**4 + 4 * left**2) - left**2)


def adjusted(
    value: float, se: float, df: int, treatment_r2: float, outcome_r2: float, *, level: float = 0.95
) -> tuple[float, float, float, float]:
    """The estimate, its standard error and its limits after taking out something unseen of the given partial R²s.

    bias = se · sqrt(df · R²y R²d / (1 − R²d)); se' = se · sqrt((1 − R²y)/(1 − R²d) · df/(df − 1)) (C&H 2020, section
    4.1), the estimate moving towards (or through) zero. Raises InputError for a share outside [0, 1).
    """
    _check_df(df)
    if not 0 <= treatment_r2 < 1 or not 0 <= outcome_r2 <= 1:
        raise InputError(f"partial R² {treatment_r2:g} and {outcome_r2:g}: shares of variance lie between 0 and 1")
    bias = se * math.sqrt(df * outcome_r2 * treatment_r2 / (1 - treatment_r2))
    left = math.copysign(1.0, value) * (abs(value) - bias)
    error = se * math.sqrt((1 - outcome_r2) / (1 - treatment_r2) * df / (df - 1))
    reach = _t_quantile(0.5 + level / 2, df - 1) * error
    return left, error, left - reach, left + reach


def benchmark(
    y: Floats, treated: Floats, X: Floats, column: int, *, strength: float = 1.0, level: float = 0.95
) -> Bound:
    """The bound if something unseen, unrelated to the rest, were `strength` times as strong as covariate `column`.

    `y`, `treated`: length n; `X`: n × k observed covariates without a constant, `column` one of them. The regression is
    y on treated, X and a constant, by least squares. C&H 2020, section 4.4 and appendix B (the bounds on R²d and R²y).
    Raises InputError where a covariate of that strength would explain all of the treatment (the bound says nothing).
    """
    y, d, X = np.asarray(y, float), np.asarray(treated, float), np.asarray(X, float)
    if X.ndim != 2 or not len(y) == len(d) == len(X) or not 0 <= column < X.shape[1]:
        raise InputError(f"column {column} of covariates of shape {X.shape}: give n × k and a column below k")
    constant = np.ones((len(y), 1))
    value, se, df = _coefficient(y, np.column_stack([d, X, constant]), 0)
    with_outcome = partial_r2(_t(_coefficient(y, np.column_stack([d, X, constant]), 1 + column)), df)
    with_treatment = partial_r2(_t(_coefficient(d, np.column_stack([X, constant]), column)), df + 1)
    treatment_r2 = strength * with_treatment / (1 - with_treatment)
    if treatment_r2 >= 1:
        raise InputError(
            f"strength {strength:g}: something that strong would explain all of the treatment; the most here is"
            f" {(1 - with_treatment) / with_treatment:.3g}, give less"
        )
    overlap = strength * with_treatment**2 / ((1 - strength * with_treatment) * (1 - with_treatment))
    eta = (math.sqrt(strength) + math.sqrt(overlap)) / math.sqrt(1 - overlap)
    outcome_r2 = min(1.0, eta**2 * with_outcome / (1 - with_outcome))
    left, error, low, high = adjusted(value, se, df, treatment_r2, outcome_r2, level=level)
    return Bound(strength, treatment_r2, outcome_r2, left, error, low, high)


def _coefficient(y: Floats, Z: Floats, column: int) -> tuple[float, float, int]:
    """One least-squares coefficient with its classical standard error and the degrees of freedom."""
    df = len(y) - Z.shape[1]
    _check_df(df)
    scale = np.sqrt((Z * Z).mean(axis=0))
    if not np.all(scale > 0):
        raise InputError("covariates: a column is zero throughout; leave it out")
    Z = Z / scale
    spread, axes = np.linalg.eigh(Z.T @ Z)
    if not spread[0] > 1e-12 * spread[-1]:
        raise InputError("covariates: one is a combination of the others; leave it out")
    inverse = (axes / spread) @ axes.T
    beta = inverse @ (Z.T @ y)
    rest = y - Z @ beta
    se = math.sqrt(float(rest @ rest) / df * inverse[column, column])
    return float(beta[column] / scale[column]), se / float(scale[column]), df


def _t(coefficient: tuple[float, float, int]) -> float:
    return coefficient[0] / coefficient[1]


def _t_quantile(probability: float, df: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, probability))


def _check_df(df: int) -> None:
    if df < 2:
        raise InputError(f"degrees of freedom {df}: at least 2 are needed; use more people or fewer covariates")
