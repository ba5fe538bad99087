"""The effect of what people took up, by something that moved them and nothing else: an instrument.

Least squares, two-stage least squares and, for a randomised encouragement, the Wald ratio: the effect among those who
took it up because they were encouraged (Imbens & Angrist 1994, Econometrica 62:467). Formulas as in Wooldridge 2010,
Econometric Analysis of Cross Section and Panel Data, chapters 4 and 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.estimate import Estimate, Refusal

Floats = npt.NDArray[np.float64]
Errors = Literal["classical", "robust"]

ASSUMPTIONS = (
    "the instrument is as good as random, given what is held equal",
    "it works through what people took up and in no other way",
    "nobody does the opposite because of it",
)


@dataclass(frozen=True, slots=True)
class Regression:
    """Least squares: a coefficient, standard error and t value per column of X, in its order, and df = n − k."""

    coefficients: Floats
    se: Floats
    t: Floats
    df: int


@dataclass(frozen=True, slots=True)
class Instrumented:
    """The effect by instrument, and how far the instrument moves people.

    `answer`: an Estimate, or a Refusal where the first stage is weak; `value`, `se`: the two-stage coefficient and its
    standard error, even then, for the record; `first_stage_f`: the F of the instruments left out of the second stage,
    by the same kind of errors; `first_stage`: their coefficients; `df`: n − k of the second stage.
    `anderson_rubin`: the values that a test which stays right with weak instruments does not reject (limits of an
    interval; None where that set is not an interval: the data bound the effect on one side at most, or, with more
    than one instrument, no value at all fits them).
    """

    answer: Estimate | Refusal
    value: float
    se: float
    first_stage_f: float
    first_stage: Floats
    df: int
    anderson_rubin: tuple[float, float] | None


def ols(y: npt.ArrayLike, X: npt.ArrayLike, *, errors: Errors = "robust") -> Regression:
    """Least squares of `y` (length n) on the columns of `X` (n × k; put the constant in yourself).

    `errors`: "classical" (one variance) or "robust" (HC1, White 1980 times n/(n − k)). Raises InputError for shapes
    that do not fit, values that are not finite, or columns that are combinations of each other.
    """
    outcome, columns = _numbers(y, X)
    _independent(columns)
    inverse = _inverse(columns)
    beta = inverse @ (columns.T @ outcome)
    covariance = _covariance(columns, outcome - columns @ beta, inverse, errors)
    se = np.sqrt(np.diag(covariance))
    return Regression(beta, se, beta / se, len(outcome) - columns.shape[1])


def two_stage(
    y: npt.ArrayLike,
    taken: npt.ArrayLike,
    instruments: npt.ArrayLike,
    held_equal: npt.ArrayLike,
    *,
    errors: Errors = "robust",
    weak: float = 10.0,
    level: float = 0.95,
) -> Instrumented:
    """Two-stage least squares of `y` on one thing `taken`, moved by `instruments`, with `held_equal` in both stages.

    All of length n; `instruments` n × m (or length n), `held_equal` n × k with the constant (a column of ones) in it.
    `errors` as in `ols`, with n − k; the interval is by the t distribution. Below a first-stage F of `weak` (Staiger &
    Stock 1997: 10) the answer is a Refusal that says how many more people would bring it there, the instrument staying
    as strong. Raises InputError as `ols`.
    """
    z = np.asarray(instruments, float)
    z = z[:, None] if z.ndim == 1 else z
    outcome, others = _numbers(y, held_equal)
    x, z = _numbers(taken, z)
    if len(x) != len(outcome):
        raise InputError(
            f"lengths {len(outcome)} and {len(x)}: y, taken, instruments and held_equal go person by person"
        )
    first = np.column_stack([z, others])
    _independent(first)
    stage = ols(x, first, errors=errors)
    strength = _f_of_first(x, first, z.shape[1], errors)
    fitted = np.column_stack([first @ stage.coefficients, others])
    _independent(fitted)
    inverse = _inverse(fitted)
    beta = inverse @ (fitted.T @ outcome)
    rest = outcome - np.column_stack([x, others]) @ beta
    value, se = float(beta[0]), math.sqrt(_covariance(fitted, rest, inverse, errors)[0, 0])
    df = len(outcome) - fitted.shape[1]
    robust_set = _anderson_rubin(outcome, x, z, others, level)
    answer = _answer(value, se, df, len(outcome), strength, errors=errors, weak=weak, level=level)
    return Instrumented(answer, value, se, strength, stage.coefficients[: z.shape[1]], df, robust_set)


def wald(
    y: npt.ArrayLike, taken: npt.ArrayLike, encouraged: npt.ArrayLike, *, weak: float = 10.0, level: float = 0.95
) -> Instrumented:
    """The effect among those who took it up because they were encouraged: difference in y over difference in uptake.

    `y`, `taken`, `encouraged`: length n; the last two 0/1 or bool, `encouraged` drawn at random. It is two-stage least
    squares with a constant and robust errors (Angrist & Pischke 2009, section 4.1.2); refused as there.
    """
    drawn, uptake = np.asarray(encouraged), np.asarray(taken)
    for name, column in (("encouraged", drawn), ("taken", uptake)):
        if not np.isin(column, (0, 1)).all():
            raise InputError(f"{name}: values other than 0 and 1; give one 0 or 1 (or bool) per person")
    if not 0 < drawn.sum() < len(drawn):
        raise InputError("encouraged: all alike; both some who were and some who were not are needed")
    if (uptake == uptake[0]).all():
        refusal = Refusal("all took it up, or none did: encouragement moved nobody")
        return Instrumented(refusal, math.nan, math.nan, 0.0, np.zeros(1), len(drawn) - 2, None)
    return two_stage(y, uptake, drawn, np.ones((len(drawn), 1)), weak=weak, level=level)


def _answer(
    value: float, se: float, df: int, n: int, strength: float, *, errors: Errors, weak: float, level: float
) -> Estimate | Refusal:
    if not strength >= weak:
        # on average F is 1 plus something that grows with n
        needs = math.ceil(n * (weak - 1) / (strength - 1)) - n if strength > 1 else None
        why = f"the instrument hardly moves what people take up: first-stage F {strength:.1f}, at least {weak:g} needed"
        return Refusal(why, needs)
    from scipy.special import stdtrit

    reach = float(stdtrit(df, 0.5 + level / 2)) * se
    method = f"two-stage least squares, {errors} errors, first-stage F {strength:.1f}"
    return Estimate(value, value - reach, value + reach, n, method, ASSUMPTIONS, level)


def _numbers(y: npt.ArrayLike, X: npt.ArrayLike) -> tuple[Floats, Floats]:
    outcome, columns = np.asarray(y, float), np.asarray(X, float)
    if outcome.ndim != 1 or columns.ndim != 2 or len(outcome) != len(columns):
        raise InputError(f"shapes {outcome.shape} and {columns.shape}: give n values and n × k columns")
    if not (np.isfinite(outcome).all() and np.isfinite(columns).all()):
        raise InputError("a value is missing or infinite; leave those people out, or fill in and mark the gap")
    if len(outcome) <= columns.shape[1]:
        raise InputError(f"{len(outcome)} people for {columns.shape[1]} columns: more people than columns are needed")
    return outcome, columns


def _independent(columns: Floats) -> None:
    scale = np.sqrt((columns * columns).mean(axis=0))
    if not (scale > 0).all() or np.linalg.matrix_rank(columns / scale) < columns.shape[1]:
        raise InputError("columns: one is zero or a combination of the others (a second constant?); leave it out")


def _inverse(columns: Floats) -> Floats:
    return np.asarray(np.linalg.inv(columns.T @ columns), np.float64)


def _covariance(columns: Floats, rest: Floats, inverse: Floats, errors: Errors) -> Floats:
    n, k = columns.shape
    if errors == "classical":
        return np.asarray(inverse * (float(rest @ rest) / (n - k)), np.float64)
    if errors != "robust":
        raise InputError(f"errors {errors!r}: classical or robust")
    weighted = columns * rest[:, None]
    middle: Floats = weighted.T @ weighted
    return np.asarray(inverse @ middle @ inverse * (n / (n - k)), np.float64)


def _f_of_first(x: Floats, columns: Floats, m: int, errors: Errors) -> float:
    """The F (Wald over m) that the first m coefficients of x on the columns are all zero."""
    inverse = _inverse(columns)
    beta = inverse @ (columns.T @ x)
    covariance = _covariance(columns, x - columns @ beta, inverse, errors)[:m, :m]
    if not np.diag(covariance).min() > 0:
        return math.inf  # the instruments say exactly who took it up
    return float(beta[:m] @ np.linalg.solve(covariance, beta[:m])) / m


def _anderson_rubin(y: Floats, x: Floats, z: Floats, others: Floats, level: float) -> tuple[float, float] | None:
    """Where F(y − b x on z, given the others) stays below its quantile: a quadratic in b (Anderson & Rubin 1949)."""
    from scipy.special import fdtri

    n, m, k = len(y), z.shape[1], others.shape[1]
    basis = np.linalg.qr(others)[0]
    y, x, z = y - basis @ (basis.T @ y), x - basis @ (basis.T @ x), z - basis @ (basis.T @ z)
    moved = np.linalg.qr(z)[0]
    py, px = moved.T @ y, moved.T @ x
    c = float(fdtri(m, n - m - k, level)) * m / (n - m - k)

    def form(a: Floats, b: Floats, pa: Floats, pb: Floats) -> float:
        inside = float(pa @ pb)
        return float(inside - c * (float(a @ b) - inside))

    square, cross, rest = form(x, x, px, px), form(x, y, px, py), form(y, y, py, py)
    root = cross * cross - square * rest
    if square <= 0 or root < 0:
        return None
    return (cross - math.sqrt(root)) / square, (cross + math.sqrt(root)) / square
