"""The screen: every count and window of every stream, adjusted for what else the party did; a guide, never an effect.

For a cell (stream s, count k, window w) the outcome is compared between parties that reached k points of s within w and
those that did not, by least squares on strata of how much else they did in the same window, their counts of every
other event, active days and how long ago they were last seen. With strata alone that is the Mantel–Haenszel risk
difference (weights n1·n0/n within a stratum). By the theorem of Frisch, Waugh & Lovell all counts k of one (s, w) share
one decomposition, so that the whole grid costs little more than one regression for each (s, w).

The bar is what the best of all cells reaches when the outcome means nothing: outcomes are permuted within strata of
total activity, the largest z kept, and the (1 - alpha) quantile of those is the bar (Westfall & Young 1993, max-T).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from occasion.finding import party_kernels
from occasion.errors import InputError
from occasion.finding.activity import Activity
from occasion.finding.candidates import line
from occasion.finding.kernels import compiled
from occasion.finding.population import DAY_US
from occasion.finding.preselect import LEAST_REACHED, LEAST_SHARE, STRATA, Bar, by_window, preselect

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

THIN_COUNTS = (1, 2, 3, 4, 5, 7, 9, 12, 16, 21, 28, 37, 50)
THIN_WINDOWS = 9


@dataclass(frozen=True)
class Grid:
    """Every cell of the screen, indexed [stream, window, count - 1].

    `windows`: lengths in days; `reached`: parties that reached it; `kept_with`, `kept_without`: shares kept;
    `adjusted`: the difference held against what else they did; `z`: that over its standard error (nan where too few
    reached it or did not); `phi`: the peers' figure; `bar`: what z must pass; `parties`: how many were screened.
    """

    windows: Floats
    reached: npt.NDArray[np.int64]
    kept_with: Floats
    kept_without: Floats
    adjusted: Floats
    z: Floats
    phi: Floats
    bar: float
    parties: int

    @property
    def raw(self) -> Floats:
        """The plain difference in the share kept."""
        return self.kept_with - self.kept_without


@dataclass(frozen=True)
class Cell:
    """One cell of the grid as a moment: `stream`, `count` points within `days` of the start."""

    stream: int
    count: int
    days: float


def window_days(horizon_days: float, most: int = 30) -> Floats:
    """Windows to try: every day up to the horizon where that is at most `most`, else about evenly spread in ratio."""
    if horizon_days <= most:
        return np.arange(1, int(horizon_days) + 1, dtype=np.float64)
    spread = np.unique(np.round(np.geomspace(1, int(horizon_days), most)))
    return np.asarray(spread, np.float64)


def screen(
    activity: Activity,
    kept: npt.NDArray[np.bool_],
    windows: Floats,
    rng: np.random.Generator,
    *,
    most: int = 50,
    permutations: int = 120,
    alpha: float = 0.05,
    skip: frozenset[int] = frozenset(),
) -> Grid:
    """Fill the grid for the parties of `activity` and set the bar by `permutations` of the outcome within strata.

    Streams in `skip` are left out; of a pattern (a pair, a return) only the first point is tried.
    """
    if not 1 <= most <= 250:
        raise InputError(f"counts up to {most}: from 1 to 250 can be screened")
    y = kept.astype(np.float64)
    tried = [0 if s in skip else 1 if is_pattern(what) else most for s, what in enumerate(activity.what)]
    bar = Bar(y, activity.until(windows[-1]).counts.sum(axis=1), rng, permutations)
    near = preselect(activity, y, windows, tried, bar)
    slot = np.full(len(activity.what), -1, np.int64)
    counted = [s for s in range(len(activity.what)) if s in near or activity.column[s] >= 0]
    slot[counted] = np.arange(len(counted))
    counts, days, last = by_window(activity, windows, slot, most)
    shape = (len(activity.what), len(windows), most)
    with_it, without, adjusted, z, phi = (np.full(shape, np.nan) for _ in range(5))
    grid = Grid(windows, np.zeros(shape, np.int64), with_it, without, adjusted, z, phi, np.inf, activity.n)
    later = _by_column(activity, counts[-1], slot)
    strata = [_stratum_columns(later.sum(axis=0) - own) for own in [*later, np.zeros(activity.n)]]
    thin = set(np.unique(np.linspace(0, len(windows) - 1, THIN_WINDOWS).round().astype(int)).tolist())
    for w in range(len(windows)):
        held = _held_equal(activity, _by_column(activity, counts[w], slot), days[w], last[w], windows[w])
        for s in near:
            X = _for_stream(held, strata, activity.own_column(s))
            rest = _fill(grid, (s, w), counts[w, slot[s]], y, X, tried=tried[s], keep=w in thin)
            if rest is not None:
                bar.shuffled(rest)
    return replace(grid, bar=bar.at(alpha))


def is_pattern(what: str) -> bool:
    """Whether a stream's text is a pattern, which can only be asked for its first point.

    >>> is_pattern("count(call)"), is_pattern("visit then first call within 1 day")
    (False, True)
    """
    try:
        line(what, 2, 1)
    except InputError:
        return True
    return False


@dataclass(frozen=True)
class _Held:
    """Covariates of one window: logs of counts by name (n, names), the counts, their total, what all streams share."""

    logs: Floats
    plain: Floats
    total: Floats
    shared: Floats


def _held_equal(
    activity: Activity,
    plain: Floats,
    days: npt.NDArray[np.int32],
    last: npt.NDArray[np.int64],
    window: float,
) -> _Held:
    gap = np.where(last >= 0, window - last / DAY_US, window)
    shared = np.column_stack([
        np.ones(activity.n), np.log1p(days), np.log1p(np.maximum(gap, 0)), gap > window / 2, gap > window / 4
    ])  # fmt: skip
    return _Held(np.log1p(plain.T), plain, plain.sum(axis=0), shared)


def _by_column(activity: Activity, counts: npt.NDArray[np.uint8], slot: Ints) -> Floats:
    """Counts by column of event names, (columns, n)."""
    plain = np.zeros((activity.names, activity.n))
    for s in np.flatnonzero(activity.column >= 0):
        plain[activity.column[s]] += counts[slot[s]]
    return plain


def _stratum_columns(volume: Floats) -> Floats:
    edges = np.quantile(volume, np.linspace(0, 1, STRATA + 1)[1:-1])
    stratum = np.searchsorted(edges, volume, side="right")
    logs = np.log1p(volume)
    return np.column_stack([logs, logs**2, stratum[:, None] == np.arange(1, STRATA)])


def _for_stream(held: _Held, strata: list[Floats], own: int) -> Floats:
    """Covariates for one stream: everything but counts of its own event name, and strata of the volume of the rest."""
    logs = held.logs if own < 0 else np.delete(held.logs, own, axis=1)
    volume = np.log1p(held.total if own < 0 else held.total - held.plain[own])
    return np.column_stack([held.shared, logs, volume, volume**2, strata[own]])


def _fill(
    grid: Grid,
    place: tuple[int, int],
    count: npt.NDArray[np.uint8],
    y: Floats,
    X: Floats,
    *,
    tried: int,
    keep: bool,
) -> npt.NDArray[np.float32] | None:
    """All counts of one (stream, window): sums over parties with at least k points give each k's regression.

    Where `keep`, answers the scaled residuals (n, counts) whose product with an outcome is its z, for the bar.
    """
    (s, w), (n, width) = place, X.shape
    most = grid.reached.shape[2]
    sums = np.zeros((most + 1, width + 1))
    compiled(party_kernels.sums_by_count)(count, np.column_stack([X, y]), sums)
    least = np.cumsum(sums[::-1], axis=0)[::-1][1:]  # row k-1: sums over parties with at least k points
    size = least[:, 0]
    # a little ridge where strata or counts are collinear; it is far below any standard error
    gram = X.T @ X
    gram[np.diag_indices(width)] += 1e-8 * n
    solved = np.linalg.solve(gram, np.column_stack([X.T @ y, least[:, :width].T]))
    beta, onto = solved[:, 0], solved[:, 1:]
    rest = y - X @ beta
    variance = float(rest @ rest) / max(n - width, 1)
    left = size - np.einsum("kj,jk->k", least[:, :width], onto)
    least_side = max(LEAST_REACHED, LEAST_SHARE * n)
    usable = (size >= least_side) & (n - size >= least_side) & (left > 1e-6 * n) & (np.arange(most) < tried)
    grid.reached[s, w] = np.rint(size)
    total = float(y.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        grid.kept_with[s, w] = least[:, width] / size
        grid.kept_without[s, w] = (total - least[:, width]) / (n - size)
        grid.adjusted[s, w] = np.where(usable, (least[:, width] - least[:, :width] @ beta) / left, np.nan)
        grid.z[s, w] = grid.adjusted[s, w] * np.sqrt(left / variance)
        share, mean = size / n, total / n
        spread = np.sqrt(share * (1 - share) * mean * (1 - mean))
        grid.phi[s, w] = np.where(usable, (least[:, width] / n - share * mean) / spread, np.nan)
    if not keep:
        return None
    chosen = [k for k in THIN_COUNTS if k <= most and usable[k - 1]]
    if not chosen:
        return None
    reached = count[:, None] >= np.asarray(chosen)
    k = np.asarray(chosen) - 1
    return np.asarray((reached - X @ onto[:, k]) / np.sqrt(left[k] * variance), np.float32)
