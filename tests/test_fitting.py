"""The shorter way of a logistic regression on many rows comes to the same end as the plain one."""

from __future__ import annotations

import numpy as np
import pytest

from occasion.finding import fitting
from occasion.finding.fitting import Near, Side, logistic
from occasion.measure.regression import fit_logistic, standardised

ROWS = 24_000


def people(share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Twelve covariates, one constant, one a copy; how likely depends strongly on some."""
    rng = np.random.default_rng(seed)
    X = rng.poisson(2.0, (ROWS, 10)) + rng.normal(size=(ROWS, 1))
    X = np.column_stack([X, np.full(ROWS, 0.1), X[:, 0]])
    score = 0.8 * X[:, 1] - 0.6 * X[:, 2] + 0.5 * X[:, 0] + np.log(share / (1 - share))
    return X, rng.random(ROWS) < 1 / (1 + np.exp(-score + score.mean() - np.log(share / (1 - share))))


def side_of(X: np.ndarray, rows: slice) -> Side:
    whole = Side.room(len(X), X.shape[1] + 3)
    whole.put(X, np.arange(len(X)), 1)
    return whole.of(rows, X.shape[1] + 1)


def errors_apart(side: Side, y: np.ndarray, beta: np.ndarray) -> float:
    """How far coefficients are from where the gradient is nothing, in standard errors."""
    exact, penalty = beta, np.r_[0.0, np.ones(side.Z.shape[1] - 1)]
    for _ in range(30):
        chance = 1 / (1 + np.exp(-side.Z @ exact))
        curve = (side.Z.T * (chance * (1 - chance))) @ side.Z + np.diag(penalty)
        exact = exact - np.linalg.lstsq(curve, side.Z.T @ (chance - y) + penalty * exact, rcond=1e-12)[0]
    return float(np.sqrt((beta - exact) @ curve @ (beta - exact)))


@pytest.mark.parametrize("share", [0.5, 0.03, 0.003])
def test_the_same_end(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = people(share, 1)
    monkeypatch.setattr(
        fitting,
        "fit_logistic",
        lambda *a, **k: pytest.fail("it took the plain way") if len(a[1]) > 9000 else fit_logistic(*a, **k),
    )
    first, second = slice(0, ROWS // 2), slice(ROWS // 2, ROWS)
    near: Near | None = None
    for rows in (first, second):  # the second begins at the first's answer
        side = side_of(X, rows)
        near = logistic(side, y[rows], 1.0, side.Z.T @ side.Z, near)
        assert errors_apart(side, y[rows], near.beta) < 1e-3


def test_rows_are_standardised_as_measure_does_it() -> None:
    X, _ = people(0.5, 2)
    order = np.random.default_rng(0).permutation(ROWS)
    side = Side.room(ROWS, X.shape[1] + 1)
    side.put(X, order, 1)
    np.testing.assert_allclose(side.Z, standardised(X, order), atol=1e-12)
    assert np.abs(side.narrow[:, : X.shape[1] + 1] - side.Z).max() < 1e-6
    assert not side.Z[:, 11].any(), "a constant column says nothing"


def test_a_constant_column_of_many_rows_says_nothing() -> None:
    """A sum of so many tenths, one after the other, is no longer a tenth of their number."""
    many = 1_500_000
    side = Side.room(many, 3)
    side.put(np.column_stack([np.full(many, 0.1), np.full(many, np.log(3))]), np.arange(many), 1)
    assert not side.Z[:, 1:].any()


def test_what_has_no_straight_way_is_fitted_the_plain_way() -> None:
    X, _ = people(0.5, 3)
    side = side_of(X, slice(0, ROWS))
    gram = side.Z.T @ side.Z
    for y in (np.ones(ROWS, bool), X[:, 1] > 3):  # all alike; perfectly told apart
        plain = fit_logistic(side.Z, y.astype(float), 1.0, steps=10, gram=gram)
        chance, theirs = (1 / (1 + np.exp(-side.Z @ beta)) for beta in (logistic(side, y, 1.0, gram, None).beta, plain))
        assert np.abs(chance - theirs).max() < 1e-3
