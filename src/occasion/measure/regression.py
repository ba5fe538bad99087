"""Small regressions in numpy: linear and logistic with a ridge penalty, fast enough to be fitted thousands of times."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def standardised(X: Floats) -> Floats:
    """Columns with mean 0 and standard deviation 1, a constant column all zero, and a first column of ones."""
    out = np.empty((len(X), X.shape[1] + 1))
    out[:, 0] = 1.0
    centred = out[:, 1:]
    np.subtract(X, X.mean(axis=0), out=centred)
    scale = np.sqrt(np.einsum("ij,ij->j", centred, centred) / max(len(X), 1))
    # a column that varies only by rounding says nothing
    largest = np.maximum(np.abs(X.max(axis=0, initial=0.0)), np.abs(X.min(axis=0, initial=0.0)))
    flat = scale <= 1e-12 * np.maximum(1.0, largest)
    centred /= np.where(flat, 1.0, scale)
    centred[:, flat] = 0.0
    return out


def fit_linear(Z: Floats, y: Floats, ridge: float) -> Floats:
    """Coefficients minimising ½ |y − Zb|² + ½ ridge |b without its first|²; the shortest where that is not unique."""
    gram = Z.T @ Z
    gram[np.diag_indices_from(gram)] += _penalty(Z.shape[1], ridge)
    return _solve(gram, Z.T @ y)


def fit_logistic(Z: Floats, y: Floats, ridge: float, *, steps: int = 50, tolerance: float = 1e-8) -> Floats:
    """Coefficients of P(y = 1) = 1/(1 + exp(−Zb)), minimising log loss + ½ ridge |b without its first|², by Newton.

    `Z`: n × k, first column ones; `y`: 0 or 1. Steps are halved while the loss does not fall, so it cannot run away; if
    all of `y` is alike the constant is held at ± log(2n + 1), which keeps a chance of half a person of the other kind.
    """
    beta = np.zeros(Z.shape[1])
    share = float(y.mean())
    beta[0] = np.log((share * len(y) + 0.5) / ((1 - share) * len(y) + 0.5))
    if share in (0.0, 1.0):
        return beta
    penalty = _penalty(Z.shape[1], ridge)
    score = Z @ beta
    loss = _loss(score, y, beta, penalty)
    for _ in range(steps):
        p = _expit(score)
        weight = p * (1 - p)
        gradient = Z.T @ (p - y) + penalty * beta
        hessian = _weighted_gram(Z, weight)
        hessian[np.diag_indices_from(hessian)] += penalty
        step = _solve(hessian, gradient)
        size = 1.0
        while True:
            trial = beta - size * step
            trial_score = Z @ trial
            trial_loss = _loss(trial_score, y, trial, penalty)
            if trial_loss <= loss or size < 1e-4:
                break
            size /= 2
        if trial_loss > loss:
            break
        gain, beta, score, loss = loss - trial_loss, trial, trial_score, trial_loss
        if gain < tolerance * (1 + loss):
            break
    return beta


def linear_score(Z: Floats, beta: Floats, *, logistic: bool) -> Floats:
    """Zb, or the chance 1/(1 + exp(−Zb))."""
    score = Z @ beta
    return _expit(score) if logistic else score


def _weighted_gram(Z: Floats, weight: Floats, rows: int = 2048) -> Floats:
    """Z' diag(weight) Z for weights >= 0, some rows at a time so that they stay in the processor's cache."""
    gram, root = np.zeros((Z.shape[1], Z.shape[1])), np.sqrt(weight)[:, None]
    for begin in range(0, len(Z), rows):
        part = Z[begin : begin + rows] * root[begin : begin + rows]
        gram += part.T @ part
    return gram


def _penalty(width: int, ridge: float) -> Floats:
    penalty = np.full(width, float(ridge))
    penalty[0] = 0.0
    return penalty


def _solve(matrix: Floats, right: Floats) -> Floats:
    try:
        solution = np.asarray(np.linalg.solve(matrix, right), np.float64)
        if np.isfinite(solution).all() and np.linalg.cond(matrix) < 1e12:
            return solution
    except np.linalg.LinAlgError:
        pass
    return np.asarray(np.linalg.lstsq(matrix, right, rcond=1e-12)[0], np.float64)


def _loss(score: Floats, y: Floats, beta: Floats, penalty: Floats) -> float:
    return float(np.logaddexp(0.0, score).sum() - y @ score + 0.5 * (penalty * beta) @ beta)


def _expit(score: Floats) -> Floats:
    from scipy.special import expit

    chance: Floats = expit(score)
    return chance
