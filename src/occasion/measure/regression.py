"""Small regressions in numpy: linear and logistic with a ridge penalty, fast enough to be fitted thousands of times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MANY_ROWS = 8_000
CHORDS = 3  # further steps from one matrix of second derivatives that cost less than making another


def standardised(X: Floats, order: npt.NDArray[np.int64] | None = None, room: int = 0, rows: int = 1024) -> Floats:
    """Columns with mean 0 and standard deviation 1, a constant column all zero, and a first column of ones.

    `order`: which row of X comes where, in their own order if left out; `room`: columns left empty at the end. Some
    `rows` at a time, so that they stay in the processor's cache.
    """
    n, k = X.shape
    out = np.empty((n, k + 1 + room))
    out[:, 0] = 1.0
    mean, squares = X.mean(axis=0), np.zeros(k)
    for begin in range(0, n, rows):
        some = slice(begin, min(begin + rows, n))
        centred = (X[some] if order is None else X[order[some]]) - mean
        squares += np.einsum("ij,ij->j", centred, centred)
        out[some, 1 : k + 1] = centred
    scale = scales(X, mean, squares)
    for begin in range(0, n, rows):
        out[begin : begin + rows, 1 : k + 1] /= scale
    out[:, 1 + np.flatnonzero(np.isinf(scale))] = 0.0
    return out


def scales(X: Floats, mean: Floats, squares: Floats) -> Floats:
    """The standard deviation of each column from its mean and the sum of squares about it; infinite where it is
    constant."""
    scale: Floats = np.sqrt(squares / max(len(X), 1))
    # a column that varies only by rounding says nothing; no value is further from the mean than this
    doubtful = np.flatnonzero(scale <= 1e-12 * np.maximum(1.0, np.abs(mean) + np.sqrt(squares)))
    largest = np.abs(X[:, doubtful]).max(axis=0, initial=0.0)
    scale[doubtful[scale[doubtful] <= 1e-12 * np.maximum(1.0, largest)]] = np.inf
    return scale


def fit_linear(Z: Floats, y: Floats, ridge: float, *, gram: Floats | None = None) -> Floats:
    """Coefficients minimising ½ |y − Zb|² + ½ ridge |b without its first|²; the shortest where that is not unique.

    `y`: n, or n × m for m outcomes at once (coefficients k × m); `gram`: Z'Z where it is known already.
    """
    penalised = Z.T @ Z if gram is None else gram.copy()
    penalised[np.diag_indices_from(penalised)] += _penalty(Z.shape[1], ridge)
    return _solve(penalised, Z.T @ y)


def fit_logistic(
    Z: Floats,
    y: Floats,
    ridge: float,
    *,
    steps: int = 50,
    tolerance: float = 1e-8,
    gram: Floats | None = None,
    start: Floats | None = None,
) -> Floats:
    """Coefficients of P(y = 1) = 1/(1 + exp(−Zb)), minimising log loss + ½ ridge |b without its first|², by Newton.

    `Z`: n × k, first column ones; `y`: 0 or 1; `gram`: Z'Z where it is known already; `start`: coefficients to begin
    at. Steps are halved while the loss does not fall, so it cannot run away; if all of `y` is alike the constant is
    held at ± log(2n + 1), which keeps a chance of half a person of the other kind. The matrix of second derivatives,
    nearly all of the work, serves for more than one step as long as that costs less than a new one (the chord method);
    from `MANY_ROWS` rows on it is computed in single precision, which changes the way but not the end, since the
    gradient is not. At most `steps` are made.
    """
    beta = np.zeros(Z.shape[1])
    share = float(y.mean())
    beta[0] = np.log((share * len(y) + 0.5) / ((1 - share) * len(y) + 0.5))
    if share in (0.0, 1.0):
        return beta
    penalty = _penalty(Z.shape[1], ridge)
    if start is not None:
        beta, gram = start, None
    narrow = Z.astype(np.float32) if len(Z) >= MANY_ROWS else Z
    score = Z @ beta
    loss = _loss(score, y, beta, penalty)
    solve, made, before = _solver(_curve(narrow, score, penalty, gram)), 1, np.inf
    while True:
        step = solve(Z.T @ (_expit(score) - y) + penalty * beta)
        size, trial_loss, along = 1.0, np.inf, Z @ step
        while trial_loss > loss and size >= 1e-4:
            trial, trial_score = beta - size * step, score - size * along
            trial_loss = _loss(trial_score, y, trial, penalty)
            size /= 2
        gain, fresh, straight = loss - trial_loss, before == np.inf, size == 0.5
        if gain > 0:
            beta, score, loss = trial, trial_score, trial_loss
        enough = tolerance * (1 + loss)
        if gain < enough * (1 if fresh else 1e-3) and (fresh or straight):
            break  # a kept matrix closes in more slowly, so that more is left than was gained
        if straight and (fresh or gain * (gain / before) ** CHORDS < enough * 1e-3):
            before = gain
        elif made < steps:
            solve, made, before = _solver(_curve(narrow, score, penalty, None)), made + 1, np.inf
        else:
            break
    return beta


def _curve(Z: npt.NDArray[Any], score: Floats, penalty: Floats, gram: Floats | None) -> Floats:
    """The second derivatives of the penalised log loss; from Z'Z where every chance is the same."""
    p = _expit(score)
    curve = weighted_gram(Z, p * (1 - p)) if gram is None else gram * float(p[0] * (1 - p[0]))
    curve[np.diag_indices_from(curve)] += penalty
    return curve


def linear_score(Z: Floats, beta: Floats, *, logistic: bool) -> Floats:
    """Zb, or the chance 1/(1 + exp(−Zb))."""
    score = Z @ beta
    return _expit(score) if logistic else score


def weighted_gram(Z: npt.NDArray[Any], weight: Floats, rows: int = 2048) -> Floats:
    """Z' diag(weight) Z for weights >= 0, some rows at a time so that they stay in the processor's cache."""
    gram, root = np.zeros((Z.shape[1], Z.shape[1])), np.sqrt(weight).astype(Z.dtype)[:, None]
    for begin in range(0, len(Z), rows):
        part = Z[begin : begin + rows] * root[begin : begin + rows]
        gram += part.T @ part
    return gram


def _penalty(width: int, ridge: float) -> Floats:
    penalty = np.full(width, float(ridge))
    penalty[0] = 0.0
    return penalty


def _solver(matrix: Floats) -> Callable[[Floats], Floats]:
    """What solves with a matrix, again and again; the shortest solution where that is not unique."""
    try:
        if np.linalg.cond(matrix) < 1e12:
            inverse = np.linalg.inv(matrix)
            if np.isfinite(inverse).all():
                return lambda right: np.asarray(inverse @ right)
    except np.linalg.LinAlgError:
        pass
    return lambda right: np.asarray(np.linalg.lstsq(matrix, right, rcond=1e-12)[0], np.float64)


def _solve(matrix: Floats, right: Floats) -> Floats:
    try:
        solution = np.asarray(np.linalg.solve(matrix, right), np.float64)
        if np.isfinite(solution).all() and np.linalg.cond(matrix) < 1e12:
            return solution
    except np.linalg.LinAlgError:
        pass
    return np.asarray(np.linalg.lstsq(matrix, right, rcond=1e-12)[0], np.float64)


def _loss(score: Floats, y: Floats, beta: Floats, penalty: Floats, block: int = 512) -> float:
    """The log loss and the penalty; of `block` numbers, each between 1 and 2, the product needs one logarithm."""
    ratio = np.exp(-np.abs(score)) + 1.0
    whole = len(ratio) // block * block
    logs = np.log(np.multiply.reduce(ratio[:whole].reshape(-1, block), axis=1)).sum() + np.log(ratio[whole:]).sum()
    return float(logs + np.maximum(score, 0.0).sum() - y @ score + 0.5 * (penalty * beta) @ beta)


def _expit(score: Floats) -> Floats:
    from scipy.special import expit

    chance: Floats = expit(score)
    return chance
