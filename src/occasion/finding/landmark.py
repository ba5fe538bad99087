"""The effect at the landmark: when the outcome begins, among parties alike in everything they did until then.

Held equal are the counts of every other event until the window's end and until the outcome begins, how often the
moment's own event came in all that time and lately, active days, and when each party was last seen (van Houwelingen
2007: nobody who had left by then is compared with somebody who had not). What a party did after the moment is thereby
held equal too. That takes away what the moment does by way of more activity, which is a part of its effect; but
engagement that shows in any activity, at any time before the outcome, cannot pass for an effect. The trials of
`confirm` hold equal only what came before the moment and lean the other way; a moment has to stand in both.
docs/truth.md shows how far the answer is from the truth.

A moment is a threshold: once it is reached in time, doing more, or doing it too late, adds nothing. `own` asks whether
that is so: amounts within the window and after it are held equal each for itself, as curves. Where nothing is left
then, there is no knee: more goes with more at any count and any time, as habits and decisions already made do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from occasion.finding.activity import Activity
from occasion.finding.confirm import LEAST_SIDE, Confirmed, Trials, effect
from occasion.finding.screen import Cell

Floats = npt.NDArray[np.float64]

Z95 = 1.959963984540054
LEAST_ALIKE = 0.20
MOST_WIDER = 1.8
LATELY = 1 / 3  # the last third of the time before the outcome


@dataclass(frozen=True)
class Landmark:
    """The effect at the landmark and what puts it into proportion.

    `effect`: doubly robust, or None where too few are alike; `own_held`: whether the amount of its own event is held
    equal (not where that settles who reached it, as with a window as long as the time before the outcome); `whole`: the
    difference by least squares with its own event left aside; `own`, `own_se`: the difference that the threshold itself
    makes, amounts of the same event held equal as curves; `strongest`: of the other events the one that accounts for
    most, in the unit of the robustness value, and `strongest_name` its column (-1: none).
    """

    effect: Confirmed | None
    own_held: bool
    whole: float
    own: float
    own_se: float
    strongest: float
    strongest_name: int

    @property
    def no_knee(self) -> bool:
        """Whether the threshold itself makes no difference where one could show, or clearly less than half."""
        reach = Z95 * self.own_se
        return (reach < self.whole and self.own <= reach) or self.own + self.own_se < 0.6 * self.whole


def landmark(
    activity: Activity,
    kept: npt.NDArray[np.bool_],
    cell: Cell,
    horizon_days: float,
    *,
    beside: Sequence[Cell] = (),
    rivals: Sequence[Cell] = (),
) -> Landmark:
    """The effect of one moment at the landmark, other moments in `beside` held equal.

    `rivals`: other lines that come after it; how often their events came is not held equal, since what a moment sets
    off would hide it.
    """
    y = kept.astype(np.float64)
    within, total = activity.points(cell.stream, cell.days), activity.points(cell.stream, horizon_days)
    reached = within >= cell.count
    X, columns = _all_else(activity, cell, horizon_days, rivals)
    also = [(activity.nth(m.stream, m.count, m.days) >= 0).astype(np.float64) for m in beside]
    X = np.column_stack([X, *also])
    as_number = reached.astype(np.float64)
    lately = np.log1p(total - activity.points(cell.stream, horizon_days * (1 - LATELY)))
    found, own_held = _effect(reached, y, X, [*_curve(total), lately], _curve(total - within))
    curves = _curve(total - within) + (_curve(within) if cell.count > 1 else [])
    whole, _ = _coefficient(y, as_number, X)
    own, own_se = _coefficient(y, as_number, np.column_stack([X, *curves]))
    strongest, name = _strongest(y, as_number, X, columns)
    return Landmark(found, own_held, whole, own, own_se, strongest, name)


def _effect(
    reached: npt.NDArray[np.bool_], y: Floats, X: Floats, amount: list[Floats], too_late: list[Floats]
) -> tuple[Confirmed | None, bool]:
    """The doubly robust effect, and whether the amount of its own event was held equal.

    Where that (nearly) settles who reached it, as with what hardly anybody does twice, only what came too late is.
    """
    n = len(y)
    if not LEAST_SIDE <= int(reached.sum()) <= n - LEAST_SIDE:
        return None, False

    def held(columns: list[Floats]) -> Confirmed | None:
        rows = Trials(np.arange(n), reached, reached.astype(np.float64), y, np.zeros(n), np.column_stack(columns))
        return effect(rows, n)

    without = held([X[:, 1:], *too_late])
    with_own = held([X[:, 1:], *amount])
    enough = with_own is not None and with_own.alike >= LEAST_ALIKE
    if with_own is not None and enough and (without is None or with_own.se < MOST_WIDER * without.se):
        return with_own, True
    return without, False


def _curve(amount: npt.NDArray[np.int64]) -> list[Floats]:
    logs = np.log1p(amount)
    return [logs, logs**2]


def _all_else(
    activity: Activity, cell: Cell, horizon_days: float, rivals: Sequence[Cell] = ()
) -> tuple[Floats, list[int]]:
    """Covariates until the window's end and the horizon, and for each column the event name it is of, or -1."""
    blocks: list[Floats] = [np.ones((activity.n, 1))]
    columns = [-1]
    left_out = {activity.own_column(cell.stream)}
    if activity.names > len(rivals) + 1:
        left_out |= {activity.own_column(r.stream) for r in rivals}
    names = [j for j in range(activity.names) if j not in left_out]
    for end in [cell.days] if cell.days >= horizon_days else [cell.days, horizon_days]:
        until = activity.until(end)
        others, gap = until.counts[:, names], until.gap_days
        volume = np.log1p(others.sum(axis=1))
        shared = [volume, volume**2, volume**3, np.log1p(until.days), np.log1p(gap), gap > end / 2, gap > end / 4]
        blocks += [np.log1p(others), np.column_stack(shared)]
        columns += names + [-1] * len(shared)
    return np.column_stack(blocks), columns


def _coefficient(y: Floats, reached: Floats, X: Floats) -> tuple[float, float]:
    """The coefficient of `reached` by least squares, robust (HC1) error; infinite where X leaves none of it."""
    gram = X.T @ X
    gram[np.diag_indices(len(gram))] += 1e-8 * len(y)
    both = np.column_stack([reached, y])
    rest = both - X @ np.linalg.solve(gram, X.T @ both)
    size = float(rest[:, 0] @ rest[:, 0])
    if size <= 1e-6 * len(y):
        return 0.0, np.inf
    value = float(rest[:, 0] @ rest[:, 1]) / size
    error = rest[:, 1] - value * rest[:, 0]
    df = max(len(y) - X.shape[1] - 1, 2)
    return value, float(np.sqrt(((rest[:, 0] * error) ** 2).sum() * len(y) / df)) / size


def _strongest(y: Floats, reached: Floats, X: Floats, columns: list[int]) -> tuple[float, int]:
    """The event name whose columns account for most of both, in the unit of the robustness value.

    With partial R² of `rd` with the moment and `ry` with the outcome the bias goes with ry·rd / (1 - rd) (Cinelli &
    Hazlett 2020, equation 7); the equal share r of both that does as much solves r² / (1 - r) = that.
    """
    all_columns = np.column_stack([X, reached, y])
    gram = all_columns.T @ all_columns
    gram[np.diag_indices(len(gram))] += 1e-8 * len(y)
    width = X.shape[1]
    every = list(range(width))
    moment_rest, outcome_rest = _rest(gram, width, every), _rest(gram, width + 1, [*every, width])
    best, name = 0.0, -1
    for j in sorted(set(columns) - {-1}):
        fewer = [i for i in every if i >= len(columns) or columns[i] != j]
        rd = 1 - moment_rest / _rest(gram, width, fewer)
        ry = 1 - outcome_rest / _rest(gram, width + 1, [*fewer, width])
        product = max(ry, 0.0) * max(rd, 0.0) / max(1 - rd, 1e-9)
        equal = 0.5 * (np.sqrt(product**2 + 4 * product) - product)
        if equal > best:
            best, name = float(equal), j
    return best, name


def _rest(gram: Floats, column: int, on: list[int]) -> float:
    """The residual sum of squares of one column on others, from their Gram matrix."""
    cross = gram[on, column]
    return float(gram[column, column] - cross @ np.linalg.solve(gram[np.ix_(on, on)], cross))
