"""The screen: every count and window of every stream, adjusted for what else the party did; a guide, never an effect.

For a cell (stream s, count k, window w) the outcome is compared between parties that reached k points of s within w and
those that did not, by least squares on how much else they did in the same window, strata of how much else they did
until the outcome begins, active days and how long ago they were last seen. With strata alone that is the
Mantel–Haenszel risk difference (weights n1·n0/n within a stratum). By the theorem of Frisch, Waugh & Lovell all counts
k of one (s, w) share one decomposition, so that the whole grid costs little more than one regression for each (s, w).

The bar is what the best of all cells reaches when the outcome means nothing: outcomes are permuted within strata of
total activity, the largest z kept, and the (1 - alpha) quantile of those is the bar (Westfall & Young 1993, max-T).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.finding.activity import Activity
from occasion.finding.adjusted import Beside, enough, held_equal
from occasion.finding.candidates import line
from occasion.finding.cores import side_by_side
from occasion.finding.preselect import Bar, by_window, preselect

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

THIN_COUNTS = (1, 2, 3, 4, 5, 7, 9, 12, 16, 21, 28, 37, 50)
THIN_WINDOWS = 9


@dataclass(frozen=True)
class Grid:
    """Every cell of the screen, indexed [stream, window, count - 1].

    `windows`: lengths in days; `reached`: parties that reached it; `kept_with`, `kept_without`: shares kept;
    `adjusted`: the difference held against what else they did; `z`: that over its standard error (nan where too few
    reached it or did not); `phi`: the peers' figure; `bar`: what z must pass; `parties`: how many were screened;
    `behind`: streams that a first look left behind where there are very many; their cells are empty.
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
    behind: tuple[int, ...] = ()

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
    first: frozenset[int] = frozenset(),
) -> Grid:
    """Fill the grid for the parties of `activity` and set the bar by `permutations` of the outcome within strata.

    Streams in `skip` are left out, those in `first` never left behind; of a pattern only the first point is tried.
    """
    if not 1 <= most <= 250:
        raise InputError(f"counts up to {most}: from 1 to 250 can be screened")
    y = kept.astype(np.float64)
    tried = [0 if s in skip else 1 if is_pattern(what) else most for s, what in enumerate(activity.what)]
    shape = (len(activity.what), len(windows), most)
    with_it, without, adjusted, z, phi = (np.full(shape, np.nan) for _ in range(5))
    grid = Grid(windows, np.zeros(shape, np.int64), with_it, without, adjusted, z, phi, np.inf, activity.n)
    thin = set(np.unique(np.linspace(0, len(windows) - 1, THIN_WINDOWS).round().astype(int)).tolist())
    with side_by_side() as cores:
        made = cores.submit(Bar, y, activity.until(windows[-1]).counts.sum(axis=1), rng, permutations)
        near, behind = preselect(activity, y, windows, tried, made.result, first=first)
        slot = np.full(len(activity.what), -1, np.int64)
        counted = [s for s in range(len(activity.what)) if s in near or activity.column[s] >= 0]
        slot[counted] = np.arange(len(counted))
        counts, days, last = by_window(activity, windows, slot, most)
        within, bar = held_equal(activity, y, windows, slot, (counts, days, last)), made.result()

        def fill(w: int) -> None:
            window = within(w)
            for s in near:
                beside = window.beside(activity.own_column(s))
                rest = _fill(grid, (s, w), counts[w, slot[s]], beside, tried=tried[s], keep=w in thin)
                if rest is not None:
                    bar.shuffled(rest)

        list(cores.map(fill, range(len(windows))))
    return replace(grid, bar=bar.at(alpha), behind=tuple(behind))


def plain_difference(activity: Activity, kept: npt.NDArray[np.bool_], cell: Cell) -> float:
    """The share kept of those who reached a line less that of those who did not; nan where a side is empty."""
    reached = activity.nth(cell.stream, cell.count, cell.days) >= 0
    if not reached.any() or reached.all():
        return float("nan")
    return float(kept[reached].mean() - kept[~reached].mean())


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


def _fill(
    grid: Grid, place: tuple[int, int], count: npt.NDArray[np.uint8], beside: Beside, *, tried: int, keep: bool
) -> npt.NDArray[np.float32] | None:
    """All counts of one (stream, window).

    Where `keep`, answers the scaled residuals (n, counts) whose product with an outcome is its z, for the bar.
    """
    s, w = place
    n, most = grid.parties, grid.reached.shape[2]
    found, total = beside.reached(count, most), beside.panel.kept
    size, left = found.size, found.left
    usable = enough(size, left, n) & (np.arange(most) < tried)
    grid.reached[s, w] = np.rint(size)
    with np.errstate(divide="ignore", invalid="ignore"):
        grid.kept_with[s, w] = found.kept / size
        grid.kept_without[s, w] = (total - found.kept) / (n - size)
        grid.adjusted[s, w] = np.where(usable, found.adjusted, np.nan)
        grid.z[s, w] = np.where(usable, found.z, np.nan)
        share, mean = size / n, total / n
        spread = np.sqrt(share * (1 - share) * mean * (1 - mean))
        grid.phi[s, w] = np.where(usable, (found.kept / n - share * mean) / spread, np.nan)
    chosen = [k for k in THIN_COUNTS if k <= most and usable[k - 1]]
    return beside.rests(count, found, chosen) if keep and chosen else None
