"""Logistic regressions on many rows, many times over: `measure.regression.fit_logistic`, to the same end a shorter way.

Begun at the answer of every sixteenth row, or at the answer of the other half of the people; gone on in single
precision, where a step costs a fourth; ended in double precision. The matrix of second derivatives, which costs as much
as six steps, is corrected by what each step shows of it (Broyden, Fletcher, Goldfarb & Shanno 1970), not made anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from occasion.finding import fit_kernels
from occasion.finding.kernels import compiled
from occasion.measure.regression import MANY_ROWS, fit_logistic, linear_score, scales, weighted_gram

Floats = npt.NDArray[np.float64]
Narrow = npt.NDArray[np.float32]
LANES = 8  # columns come in so many
EVERY = 16
ENOUGH = 2  # rows of either kind for each column, for a few rows' answer to be worth anything
NEAR = 1e-7  # what Newton's step promises to gain, twice, where single precision ends
END = 1e-9  # the same where double precision ends: a thirty-thousandth of a standard error
STEPS = 40


@dataclass(frozen=True)
class Near:
    """Coefficients, and the inverse of the second derivatives there for one row (None: not known)."""

    beta: Floats
    inverse: Floats | None

    def of_width(self, columns: int) -> Near:
        """With so many columns: the last ones left out, or further ones that have no part yet."""
        beta = np.zeros(columns)
        beta[: len(self.beta)] = self.beta[:columns]
        return Near(beta, None)


@dataclass(frozen=True)
class Side:
    """Rows to fit on in both precisions: `Z` (n × k, a constant first), `narrow` (n × k and more columns, which have no
    part; no rows where there are few)."""

    Z: Floats
    narrow: Narrow

    @classmethod
    def room(cls, rows: int, columns: int) -> Side:
        """Room for so many, and a constant."""
        wide = -(-columns // LANES) * LANES
        made = cls(np.empty((rows, columns)), np.zeros((rows if rows >= MANY_ROWS else 0, wide), np.float32))
        made.Z[:, 0] = 1.0
        made.narrow[:, 0] = 1.0
        return made

    def of(self, rows: slice, columns: int) -> Side:
        """Some rows and the first columns."""
        return Side(self.Z[rows, :columns], self.narrow[rows])

    def put(self, X: Floats, order: npt.NDArray[np.int64], first: int) -> None:
        """Columns standardised (mean 0, standard deviation 1; a constant one all zero) from the column `first` on, row
        order[i] of `X` as row i."""
        X, k = np.ascontiguousarray(X), X.shape[1]
        mean, squares = np.empty(k), np.empty(k)
        compiled(fit_kernels.centred_squares)(X, mean, squares)
        over = 1 / scales(X, mean, squares)
        compiled(fit_kernels.put)(X, order, mean, over, first, self.Z, self.narrow)


def logistic(side: Side, y: npt.NDArray[np.bool_], ridge: float, gram: Floats, near: Near | None) -> Near:
    """As `fit_logistic`, in whose terms `gram` is Z'Z; `near`: an answer on other rows of the same kind."""
    found = _shorter(side, y, ridge, near) if len(y) >= MANY_ROWS and 0 < int(y.sum()) < len(y) else None
    if found is not None:
        return found
    start = None if near is None else near.beta
    beta = fit_logistic(side.Z, y.astype(np.float64), ridge, steps=10, gram=gram, start=start)
    return Near(beta, None)


def _shorter(side: Side, y: npt.NDArray[np.bool_], ridge: float, near: Near | None) -> Near | None:
    """None where that way does not come to an end."""
    n, fit = len(y), _Fit(side, y, ridge)
    beta = fit.of_some() if near is None else near.beta
    fit.single(beta)
    inverse = fit.inverse() if near is None or near.inverse is None else near.inverse / n
    found = _descend(fit.single, beta, inverse, fit.inverse)
    if found is None:
        return None
    beta, inverse = found
    for _ in range(4):
        gradient = fit.gradient(beta)
        step = inverse @ gradient
        beta = beta - step
        if float(gradient @ step) < END:
            return Near(beta, inverse * n)
    return None


class _Fit:
    """One regression's loss, gradient and second derivatives."""

    def __init__(self, side: Side, y: npt.NDArray[np.bool_], ridge: float) -> None:
        self._Z, self._narrow, self._y = side.Z, side.narrow, y
        self._y_narrow = y.astype(np.float32)
        self._penalty = np.full(side.Z.shape[1], ridge)
        self._penalty[0] = 0.0
        self._beta = np.zeros(self._narrow.shape[1], np.float32)
        self._gradient = np.empty(self._narrow.shape[1])
        self._chance = np.empty(len(y), np.float32)

    def single(self, beta: Floats) -> tuple[float, Floats]:
        """Loss and gradient in single precision."""
        k = len(beta)
        self._beta[:k] = beta
        loss = compiled(fit_kernels.loss_and_gradient, loosely=True)(
            self._narrow, self._y_narrow, self._beta, self._chance, self._gradient
        )
        held = self._penalty * beta
        return loss + 0.5 * float(held @ beta), self._gradient[:k] + held

    def gradient(self, beta: Floats) -> Floats:
        """The gradient in double precision."""
        rest = linear_score(self._Z, beta, logistic=True) - self._y
        return np.asarray(self._Z.T @ rest + self._penalty * beta)

    def inverse(self) -> Floats:
        """The inverse of the second derivatives where `single` was asked last."""
        chance, k = self._chance, len(self._penalty)
        curve = weighted_gram(self._narrow[:, :k], np.asarray(chance * (1 - chance), np.float64))
        curve[np.diag_indices(k)] += self._penalty
        return np.asarray(np.linalg.inv(curve))

    def of_some(self) -> Floats:
        """The answer of every few rows, roughly: fewer of the frequent kind are left out of, which only moves the
        constant, and by a known amount (Prentice & Pyke 1979)."""
        k, rows, shift = len(self._penalty), [], 0.0
        for kind, sign in ((self._y, 1.0), (~self._y, -1.0)):
            of_kind = np.flatnonzero(kind)
            step = min(EVERY, max(1, len(of_kind) // (ENOUGH * k)))
            rows.append(of_kind[::step])
            shift += sign * float(np.log(step))
        Z = self._narrow[np.concatenate(rows)][:, :k].astype(np.float64)
        y = np.arange(len(Z)) < len(rows[0])
        beta = fit_logistic(Z, y.astype(np.float64), float(self._penalty[1]), tolerance=1e-5)
        beta[0] += shift
        return beta


def _descend(
    at: Callable[[Floats], tuple[float, Floats]],
    beta: Floats,
    inverse: Floats,
    anew: Callable[[], Floats],
) -> tuple[Floats, Floats] | None:
    """Down to where single precision ends; the place, and the inverse of the second derivatives there."""
    loss, gradient = at(beta)
    before, since = np.inf, 0
    for _ in range(STEPS):
        step = inverse @ gradient
        gain = float(gradient @ step)
        if not np.isfinite(gain):
            return None
        if gain < NEAR or 0.5 * before < gain < 100 * NEAR:  # single precision says no more
            return beta, inverse
        if since == 8:
            inverse, since, before = anew(), 0, np.inf
            continue
        size, before = 1.0, gain
        while (tried := at(beta - size * step))[0] > loss + 1e-7 * abs(loss):
            size /= 2
            if size < 1e-3:
                return None
        moved, turned = -size * step, tried[1] - gradient
        beta, (loss, gradient), since = beta + moved, tried, since + 1
        along = float(moved @ turned)
        if along > 0:
            bent = inverse @ turned
            inverse = inverse + (along + float(turned @ bent)) / along**2 * np.outer(moved, moved)
            inverse -= (np.outer(bent, moved) + np.outer(moved, bent)) / along
    return None
