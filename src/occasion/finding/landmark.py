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

from occasion.finding.activity import AMONG_ALL, Activity, logs_of
from occasion.finding.confirm import LEAST_SIDE, Confirmed, Design, Trials, estimated
from occasion.finding.screen import Cell

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Z95 = 1.959963984540054
LEAST_ALIKE = 0.20
MOST_WIDER = 1.8
RIDGE = 1e-8  # for each row: so little that it only keeps copies apart
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
    held = Held.of(activity, cell, horizon_days, beside=beside, rivals=rivals)
    reached, y = held.within >= cell.count, kept.astype(np.float64)
    design = Design.of(held.X, reached, np.arange(activity.n), room=len(held.amount))
    found, own_held = held.effect(reached, y, design)
    curves = [*held.too_late, *(_curve(held.within) if cell.count > 1 else [])]
    numbers = np.column_stack([*curves, reached, y])[design.order]
    gram = _with_borders(design, numbers)
    x, both = np.arange(design.width), np.arange(len(gram))[-2:]
    whole = _coefficient(gram, x, both)
    own, own_se = _own(gram, design.Z[:, : design.width], numbers)
    strongest, name = _strongest(gram[np.ix_([*x, *both], [*x, *both])], held.columns)
    return Landmark(found, own_held, whole, own, own_se, strongest, name)


@dataclass(frozen=True)
class Held:
    """What is held equal for the lines of one stream and window.

    `within`: points of the stream in the window; `X`: all else, and `columns` the event name each is of, or -1, that of
    a constant before them first; `amount`, `too_late`: how often its own event came in all that time and lately, and
    after the window.
    """

    within: npt.NDArray[np.int64]
    X: Floats
    columns: list[int]
    amount: list[Floats]
    too_late: list[Floats]

    @classmethod
    def of(
        cls,
        activity: Activity,
        cell: Cell,
        horizon_days: float,
        *,
        beside: Sequence[Cell] = (),
        rivals: Sequence[Cell] = (),
    ) -> Held:
        """As `landmark` has it; the count of the cell plays no part."""
        within, total = activity.points(cell.stream, cell.days), activity.points(cell.stream, horizon_days)
        lately = total - activity.points(cell.stream, horizon_days * (1 - LATELY))
        X, columns = _all_else(activity, cell, horizon_days, rivals, room=len(beside))
        for i, m in enumerate(beside, len(columns) - 1):
            X[:, i] = activity.nth(m.stream, m.count, m.days) >= 0
        return cls(within, X, columns, [*_curve(total), logs_of(lately)], _curve(total - within))

    def effect(
        self, reached: npt.NDArray[np.bool_], y: Floats, design: Design | None = None
    ) -> tuple[Confirmed | None, bool]:
        """The doubly robust effect, and whether the amount of its own event was held equal.

        Where that (nearly) settles who reached it, as with what hardly anybody does twice, only what came too late is.
        """
        n, parties = len(y), np.arange(len(y))
        if not LEAST_SIDE <= int(reached.sum()) <= n - LEAST_SIDE:
            return None, False
        design = design or Design.of(self.X, reached, parties, room=len(self.amount))
        rows = Trials(parties, reached, reached.astype(np.float64), y, np.zeros(n, np.int64), self.X)
        without = estimated(rows, design.beside(np.column_stack(self.too_late)), n)
        start = None if without is None else without.chance_of_it[: design.width]
        with_own = estimated(rows, design.beside(np.column_stack(self.amount)), n, start)
        enough = with_own is not None and with_own.alike >= LEAST_ALIKE
        if with_own is not None and enough and (without is None or with_own.se < MOST_WIDER * without.se):
            return with_own, True
        return without, False


def _with_borders(design: Design, numbers: Floats) -> Floats:
    """The Gram matrix of the design's own columns with further ones behind them (in the design's order)."""
    width = design.width
    gram = np.empty((width + numbers.shape[1],) * 2)
    gram[:width, :width] = sum(design.grams)
    gram[:width, width:] = design.Z[:, :width].T @ numbers
    gram[width:, :width] = gram[:width, width:].T
    gram[width:, width:] = numbers.T @ numbers
    return gram


def _curve(amount: npt.NDArray[np.int64]) -> list[Floats]:
    logs = logs_of(amount)
    return [logs, logs**2]


def _all_else(
    activity: Activity, cell: Cell, horizon_days: float, rivals: Sequence[Cell] = (), room: int = 0
) -> tuple[Floats, list[int]]:
    """Covariates until the window's end and the horizon with room for some more, and the event name each is of, or -1;
    the first of these stands for a constant that is not among the covariates."""
    left_out = {activity.own_column(cell.stream)}
    if activity.names > len(rivals) + 1:
        left_out |= {activity.own_column(r.stream) for r in rivals}
    names = np.array([j for j in range(activity.names) if j not in left_out], np.int64)
    ends = [cell.days] if cell.days >= horizon_days else [cell.days, horizon_days]
    # of each: logs of counts, of all together (also squared and cubed), of active days and gap, long gaps
    wide = len(names) + AMONG_ALL
    X = np.empty((activity.n, wide * len(ends) + room))
    for i, end in enumerate(ends):
        activity.held_until(end, names, X[:, i * wide : (i + 1) * wide])
    return X, [-1, *[*names.tolist(), *[-1] * AMONG_ALL] * len(ends)]


def _projected(gram: Floats, on: Ints, both: Ints) -> tuple[Floats, Floats]:
    """Coefficients of the columns `both` on the columns `on`, and the products of what is left of them."""
    n = gram[0, 0]
    inner, cross = gram[np.ix_(on, on)], gram[np.ix_(on, both)]
    ridged = inner.copy()
    ridged[np.diag_indices(len(on))] += RIDGE * n
    found = np.asarray(np.linalg.solve(ridged, cross), np.float64)
    left = gram[np.ix_(both, both)] - found.T @ cross - cross.T @ found + found.T @ inner @ found
    return found, left


def _coefficient(gram: Floats, on: Ints, both: Ints) -> float:
    """The coefficient of `reached` for the outcome (`both`) by least squares beside `on`; 0 where that leaves none."""
    _, left = _projected(gram, on, both)
    return 0.0 if left[0, 0] <= 1e-6 * gram[0, 0] else float(left[0, 1] / left[0, 0])


def _own(gram: Floats, Z: Floats, numbers: Floats) -> tuple[float, float]:
    """The same beside the curves too, with its robust (HC1) error; infinite where they leave none of it."""
    (n, width), behind = Z.shape, np.arange(len(gram))
    found, left = _projected(gram, behind[:-2], behind[-2:])
    if left[0, 0] <= 1e-6 * n:
        return 0.0, np.inf
    rest = numbers[:, -2:] - Z @ found[:width] - numbers[:, :-2] @ found[width:]
    size = float(rest[:, 0] @ rest[:, 0])
    value = float(rest[:, 0] @ rest[:, 1]) / size
    error = rest[:, 1] - value * rest[:, 0]
    df = max(n - len(found) - 1, 2)
    return value, float(np.sqrt(((rest[:, 0] * error) ** 2).sum() * n / df)) / size


def _strongest(gram: Floats, columns: list[int]) -> tuple[float, int]:
    """The event name whose columns account for most of both, in the unit of the robustness value; the last two columns
    are the moment and the outcome.

    With partial R² of `rd` with the moment and `ry` with the outcome the bias goes with ry·rd / (1 - rd) (Cinelli &
    Hazlett 2020, equation 7); the equal share r of both that does as much solves r² / (1 - r) = that.
    """
    gram[np.diag_indices(len(gram))] += RIDGE * gram[0, 0]
    width = len(gram) - 2
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
