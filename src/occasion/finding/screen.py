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

Floats = npt.NDArray[np.float64]

STRATA = 10
LEAST_REACHED = 30
LEAST_SHARE = 0.005
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
    counts, days, last = _by_window(activity, windows, most)
    y = kept.astype(np.float64)
    shape = (len(activity.what), len(windows), most)
    with_it, without, adjusted, z, phi = (np.full(shape, np.nan) for _ in range(5))
    grid = Grid(windows, np.zeros(shape, np.int64), with_it, without, adjusted, z, phi, np.inf, activity.n)
    strata = _strata(activity, counts[-1])
    thin = set(np.unique(np.linspace(0, len(windows) - 1, THIN_WINDOWS).round().astype(int)).tolist())
    patterns = [is_pattern(what) for what in activity.what]
    residuals: list[Floats] = []
    for w in range(len(windows)):
        held = _held_equal(activity, counts[w], days[w], last[w], windows[w])
        for s in range(len(activity.what)):
            if s in skip:
                continue
            most_here = 1 if patterns[s] else most
            rest = _fill(grid, s, w, counts[w, s], y, _for_stream(held, strata, activity.column_of(s)), most_here, keep=w in thin)
            if rest is not None:
                residuals.append(rest)
    total = counts[-1][activity.column >= 0].sum(axis=0, dtype=np.float64)
    return replace(grid, bar=_bar(residuals, y, total, rng, permutations, alpha))


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


def _by_window(
    activity: Activity, windows: Floats, most: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Points by (window, stream, party) up to `most`, active days and last instant by (window, party)."""
    shape = (len(windows), len(activity.what), activity.n)
    counts = np.zeros(shape, np.uint8)
    days = np.zeros((len(windows), activity.n), np.int32)
    last = np.full((len(windows), activity.n), -1, np.int64)
    ends = (windows * DAY_US).astype(np.int64)
    compiled(party_kernels.by_window)(
        activity.party, activity.stream, activity.offset, activity.column >= 0, ends, most, counts, days, last
    )
    return counts, days, last


@dataclass(frozen=True)
class _Held:
    """Covariates of one window: logs of plain counts (n, names), the counts themselves, and what all streams share."""

    logs: Floats
    plain: npt.NDArray[np.uint8]
    total: Floats
    shared: Floats


def _held_equal(
    activity: Activity,
    counts: npt.NDArray[np.uint8],
    days: npt.NDArray[np.int32],
    last: npt.NDArray[np.int64],
    window: float,
) -> _Held:
    plain = counts[_plain_streams(activity)]
    gap = np.where(last >= 0, window - last / DAY_US, window)
    shared = np.column_stack([
        np.ones(activity.n), np.log1p(days), np.log1p(np.maximum(gap, 0)), gap > window / 2, gap > window / 4
    ])  # fmt: skip
    return _Held(np.log1p(plain.T.astype(np.float64)), plain, plain.sum(axis=0, dtype=np.float64), shared)


def _plain_streams(activity: Activity) -> npt.NDArray[np.int64]:
    """The streams that stand for event names, by column."""
    plain = np.flatnonzero(activity.column >= 0)
    return plain[np.argsort(activity.column[plain])]


def _strata(activity: Activity, counts: npt.NDArray[np.uint8]) -> list[Floats]:
    """By event name: how much else each party did until the horizon, as logs and as strata (n, 2 + STRATA - 1)."""
    plain = counts[_plain_streams(activity)]
    total = plain.sum(axis=0, dtype=np.float64)
    return [_stratum_columns(total - own) for own in plain]


def _stratum_columns(volume: Floats) -> Floats:
    edges = np.quantile(volume, np.linspace(0, 1, STRATA + 1)[1:-1])
    stratum = np.searchsorted(edges, volume, side="right")
    logs = np.log1p(volume)
    return np.column_stack([logs, logs**2, stratum[:, None] == np.arange(1, STRATA)])


def _for_stream(held: _Held, strata: list[Floats], own: int) -> Floats:
    """Covariates for one stream: everything but counts of its own event name, and strata of the volume of the rest."""
    volume = np.log1p(held.total - held.plain[own])
    return np.column_stack([held.shared, np.delete(held.logs, own, axis=1), volume, volume**2, strata[own]])


def _fill(
    grid: Grid, s: int, w: int, count: npt.NDArray[np.uint8], y: Floats, X: Floats, tried: int, *, keep: bool
) -> Floats | None:
    """All counts of one (stream, window): sums over parties with at least k points give each k's regression.

    Where `keep`, answers the scaled residuals (n, counts) whose product with an outcome is its z, for the bar.
    """
    n, width = X.shape
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


def _bar(
    residuals: list[Floats], y: Floats, total: Floats, rng: np.random.Generator, permutations: int, alpha: float
) -> float:
    """The (1 - alpha) quantile of the largest z over a thinned grid when outcomes are permuted within strata."""
    if not residuals:
        return np.inf
    stratum = np.searchsorted(np.quantile(total, np.linspace(0, 1, 2 * STRATA + 1)[1:-1]), total, side="right")
    order = np.argsort(stratum, kind="stable")
    sizes = np.bincount(stratum)
    shuffled = np.empty((len(y), permutations), np.float32)
    for b in range(permutations):
        mixed = order[np.lexsort((rng.random(len(y)), np.repeat(np.arange(len(sizes)), sizes)))]
        shuffled[order, b] = y[mixed]
    largest = np.full(permutations, -np.inf)
    for rest in residuals:
        np.maximum(largest, (rest.T @ shuffled).max(axis=0), out=largest)
    return float(np.quantile(largest, 1 - alpha))
