"""Two harder questions for a moment that stands: what is left at the horizon, and does the threshold itself matter?

Both look at the end of the time before the outcome and hold equal *all* else a party did until then, also what it did
after the moment. That may take away a part of a real effect (one that works by way of more activity), so it is no
estimate of the effect; what is still there cannot be told away by engagement that shows in any activity. The landmark's
own side conditions (who was last seen when) are held equal as well (van Houwelingen 2007).

The second question adds what the party did of the *same* event, within the window and after it. A moment is a
threshold: once it is reached in time, doing more, or doing it too late, adds nothing. Where that takes the difference
away there is no knee: more goes with more at any count and any time, as habits and decisions already made do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from occasion.finding.activity import Activity
from occasion.finding.population import DAY_US
from occasion.finding.screen import Cell

Floats = npt.NDArray[np.float64]

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Landmark:
    """Differences in the share kept with their robust standard errors.

    `left`, `left_se`: with all else until the horizon held equal; `own`, `own_se`: with more and later points of the
    same stream held equal too; `t`, `df`: the first one's classical t value and degrees of freedom, for the robustness
    value; `strongest`: of the other events the one that accounts for most, as the equal share of what is left of both
    the moment and the outcome that would bias as much (the unit of the robustness value), and `strongest_name` its
    column.
    """

    left: float
    left_se: float
    own: float
    own_se: float
    t: float
    df: int
    strongest: float
    strongest_name: int

    @property
    def stands(self) -> bool:
        """Whether a positive difference is left, beyond its 95 % interval."""
        return self.left - Z95 * self.left_se > 0

    @property
    def no_knee(self) -> bool:
        """Whether more and later points of the same clearly take away more than half of what was left."""
        return self.own + Z95 * self.own_se < 0.5 * self.left


def landmark(
    activity: Activity, kept: npt.NDArray[np.bool_], cell: Cell, horizon_days: float, beside: Sequence[Cell] = ()
) -> Landmark:
    """Both questions for one moment, other moments in `beside` held equal."""
    y = kept.astype(np.float64)
    within, total = _points(activity, cell.stream, cell.days), _points(activity, cell.stream, horizon_days)
    reached = (within >= cell.count).astype(np.float64)
    own = activity.column_of(cell.stream)
    X, columns = _all_else(activity, own, cell.days, horizon_days)
    also = [(activity.nth(m.stream, m.count, m.days) >= 0).astype(np.float64) for m in beside]
    X = np.column_stack([X, *also])
    left, left_se, t, df = _coefficient(y, reached, X)
    later = np.log1p(total - within)
    more = [later, later**2]
    if cell.count > 1:
        amount = np.log1p(within)
        more += [amount, amount**2]
    own_left, own_se, _, _ = _coefficient(y, reached, np.column_stack([X, *more]))
    strongest, name = _strongest(y, reached, X, columns)
    return Landmark(left, left_se, own_left, own_se, t, df, strongest, name)


def _points(activity: Activity, stream: int, days: float) -> Floats:
    """How many points of a stream each party has within some days."""
    rows = (activity.stream == stream) & (activity.offset < int(days * DAY_US))
    return np.bincount(activity.party[rows], minlength=activity.n).astype(np.float64)


def _all_else(activity: Activity, own: int, days: float, horizon_days: float) -> tuple[Floats, list[int]]:
    """Covariates until the window's end and until the horizon; and for each column the event name it is of, or -1."""
    blocks: list[Floats] = [np.ones((activity.n, 1))]
    columns = [-1]
    names = [j for j in range(activity.names) if j != own or activity.names == 1]
    ends = [days] if days >= horizon_days else [days, horizon_days]
    for end in ends:
        before = activity.before(np.full(activity.n, int(end * DAY_US), np.int64))
        others = before.counts[:, [j for j in names if j != own]]
        volume = np.log1p(others.sum(axis=1))
        gap = before.gap_days
        shared = [volume, volume**2, volume**3, np.log1p(before.days), np.log1p(gap), gap > end / 2, gap > end / 4]
        blocks += [np.log1p(others), np.column_stack(shared)]
        columns += [j for j in names if j != own] + [-1] * len(shared)
    return np.column_stack(blocks), columns


def _coefficient(y: Floats, reached: Floats, X: Floats) -> tuple[float, float, float, int]:
    """The coefficient of `reached` by least squares, its robust (HC1) error, classical t and degrees of freedom."""
    gram = X.T @ X
    gram[np.diag_indices(len(gram))] += 1e-8 * len(y)
    both = np.linalg.solve(gram, X.T @ np.column_stack([reached, y]))
    rest = np.column_stack([reached, y]) - X @ both
    size = float(rest[:, 0] @ rest[:, 0])
    df = max(len(y) - X.shape[1] - 1, 2)
    if size <= 1e-9 * len(y):
        return 0.0, np.inf, 0.0, df
    value = float(rest[:, 0] @ rest[:, 1]) / size
    error = rest[:, 1] - value * rest[:, 0]
    robust = float(np.sqrt(((rest[:, 0] * error) ** 2).sum() * len(y) / df)) / size
    classical = float(np.sqrt(float(error @ error) / df / size))
    return value, robust, value / classical, df


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
