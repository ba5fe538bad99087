"""Compiled loops of the regressions: rows standardised into place, and a logistic loss with its gradient in one pass.

Compiled with leave to sum in any order and to multiply and add at once: without it no sum runs in parallel lanes.
"""

# ruff: noqa: PLR0917 -- a compiled loop takes plain arrays and numbers, many of them
from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Narrow = npt.NDArray[np.float32]
ROWS = 256  # at once, so that they are still in the nearest cache when they are needed again


def centred_squares(X: Floats, mean: Floats, squares: Floats) -> None:
    """The `mean` of each column, and the sum of squares about it; of a constant column exactly what it is, and 0."""
    n, k = X.shape
    mean[:], squares[:] = 0.0, 0.0
    for i in range(1, n):  # away from the first row: a long sum of a constant drifts
        for j in range(k):
            mean[j] += X[i, j] - X[0, j]
    for j in range(k if n else 0):
        mean[j] = X[0, j] + mean[j] / n
    for i in range(n):
        for j in range(k):
            away = X[i, j] - mean[j]
            squares[j] += away * away


def put(X: Floats, order: Any, mean: Floats, over: Floats, first: int, Z: Floats, narrow: Narrow) -> None:
    """Row order[i] of `X` less `mean`, times `over`, as row i of `Z` from column `first` on, and of `narrow`, if it has
    rows."""
    k = X.shape[1]
    for i in range(order.shape[0]):
        row = order[i]
        for j in range(k):
            Z[i, first + j] = (X[row, j] - mean[j]) * over[j]
        if narrow.shape[0]:
            for j in range(k):
                narrow[i, first + j] = Z[i, first + j]


def loss_and_gradient(Z: Narrow, y: Narrow, beta: Narrow, chance: Narrow, gradient: Floats) -> Any:
    """The log loss of P(y = 1) = 1/(1 + exp(−Zb)), its `gradient`, and each row's `chance`, in single precision.

    All columns of `Z` count: `beta` is 0 where a column is to have no part.
    """
    n, wide = Z.shape
    score, power, rest = np.empty(ROWS, np.float32), np.empty(ROWS, np.float32), np.empty(ROWS, np.float32)
    bits, part = np.empty(ROWS, np.int32), np.empty(wide, np.float32)
    scale = bits.view(np.float32)  # a power of two written as its bits
    gradient[:] = 0.0
    loss = 0.0
    for begin in range(0, n, ROWS):
        m = min(ROWS, n - begin)
        for i in range(m):
            total = np.float32(0)
            for j in range(wide):
                total += Z[begin + i, j] * beta[j]
            score[i] = total
        for i in range(m):  # exp(−|score|) as 2^whole · 2^fraction, the latter by a polynomial (error 2e-7)
            at = max(-abs(score[i]), np.float32(-80)) * np.float32(1.4426950408889634)
            whole = np.floor(at)
            f = at - whole
            p = np.float32(1.8775767e-3)
            p = p * f + np.float32(8.9893397e-3)
            p = p * f + np.float32(5.5826318e-2)
            p = p * f + np.float32(2.4015361e-1)
            p = p * f + np.float32(6.9315308e-1)
            power[i] = p * f + np.float32(9.9999994e-1)
            bits[i] = (np.int32(whole) + np.int32(127)) << np.int32(23)
        product, linear = 1.0, 0.0
        for i in range(m):
            e = power[i] * scale[i]
            likely = np.float32(1) / (np.float32(1) + e)
            p = likely if score[i] >= 0 else e * likely
            chance[begin + i] = p
            rest[i] = p - y[begin + i]
            product *= 1.0 + np.float64(e)  # each between 1 and 2, so that one logarithm will do
            linear += np.float64(max(score[i], np.float32(0)) - y[begin + i] * score[i])
        loss += np.log(product) + linear
        part[:] = 0
        i = 0
        while i + 4 <= m:
            a, b, c, d, at_row = rest[i], rest[i + 1], rest[i + 2], rest[i + 3], begin + i
            for j in range(wide):
                part[j] += a * Z[at_row, j] + b * Z[at_row + 1, j] + c * Z[at_row + 2, j] + d * Z[at_row + 3, j]
            i += 4
        while i < m:
            for j in range(wide):
                part[j] += rest[i] * Z[begin + i, j]
            i += 1
        for j in range(wide):
            gradient[j] += part[j]
    return loss
