"""One window's regressions of the outcome on reaching a count, many streams sharing most of the work.

What is held equal for a stream is the window's shared columns (active days, when last seen) and a few columns of its
own event name (how much else there was): not every other event by itself, for what a moment sets off would hide it.
The cross products of the shared columns are taken once a window, those with the few others once an event name; a
stream then only needs sums over the parties that reached something of it. By the theorem of Frisch, Waugh & Lovell
that is all a regression needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from occasion.finding.activity import Activity
from occasion.finding.kernels import compiled
from occasion.finding.population import DAY_US
from occasion.finding.preselect import LEAST_REACHED, LEAST_SHARE, STRATA

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
RIDGE = 1e-8  # times the parties: for strata or counts that are collinear, far below any standard error


@dataclass(frozen=True)
class Panel:
    """Shared columns of a window, the outcome `y` as the last one (n, width + 1), and their cross products."""

    columns: Floats
    gram: Floats

    @classmethod
    def of(cls, columns: list[Floats], y: Floats) -> Panel:
        """From blocks of columns and the outcome."""
        whole = np.column_stack([*columns, y])
        return cls(whole, whole.T @ whole)

    @property
    def kept(self) -> float:
        """The sum of the outcome (its own product, being 0 or 1)."""
        return float(self.gram[-1, -1])


@dataclass(frozen=True)
class Reached:
    """Regressions of one stream, by count 1 .. most: parties that reached it (`size`), the kept among them (`kept`),
    the adjusted difference in the share kept, what is left of reaching it once all else is held equal (`left`), the
    variance of the outcome's rest, and the coefficients of reaching it on what is held equal (`onto`)."""

    size: Floats
    kept: Floats
    adjusted: Floats
    left: Floats
    variance: float
    onto: Floats

    @property
    def z(self) -> Floats:
        """The adjusted difference over its standard error."""
        with np.errstate(invalid="ignore", divide="ignore"):
            z: Floats = self.adjusted * np.sqrt(self.left / self.variance)
        return z


def enough(size: Floats, left: Floats, n: int) -> npt.NDArray[np.bool_]:
    """Where enough of `n` parties reached it, enough did not, and what is held equal leaves something of it."""
    least = max(LEAST_REACHED, LEAST_SHARE * n)
    usable: npt.NDArray[np.bool_] = (size >= least) & (n - size >= least) & (left > 1e-6 * n)
    return usable


@dataclass(frozen=True)
class Beside:
    """What is held equal for the streams of one event name: a panel without one column, and `extra` columns (n, e)."""

    panel: Panel
    extra: Floats
    use: npt.NDArray[np.int64]
    gram: Floats
    onto_y: Floats

    @classmethod
    def of(cls, panel: Panel, drop: int, extra: Floats) -> Beside:
        """Without column `drop` of the panel (negative: all of them), with the `extra` ones."""
        width = panel.columns.shape[1] - 1
        use = np.array([j for j in range(width) if j != drop], np.int64)
        cross = panel.columns.T @ extra
        gram = np.block([[panel.gram[np.ix_(use, use)], cross[use]], [cross[use].T, extra.T @ extra]])
        return cls(panel, extra, use, gram, np.concatenate([panel.gram[use, width], cross[width]]))

    def reached(self, count: npt.NDArray[np.uint8], most: int) -> Reached:
        """Every count of one stream; `count`: points of each party, at most `most`."""
        n, wide = self.panel.columns.shape
        sums = np.zeros((most + 1, wide + self.extra.shape[1]))
        compiled(sums_of_some)(count, self.panel.columns, self.extra, sums)
        least = np.cumsum(sums[::-1], axis=0)[::-1][1:]  # row k-1: sums over parties with at least k points
        held = np.column_stack([least[:, self.use], least[:, wide:]])
        penalised = self.gram.copy()
        penalised[np.diag_indices_from(penalised)] += RIDGE * n
        solved = np.linalg.solve(penalised, np.column_stack([self.onto_y, held.T]))
        beta, onto = solved[:, 0], solved[:, 1:]
        rest = self.panel.gram[-1, -1] - 2 * beta @ self.onto_y + beta @ self.gram @ beta
        size, kept = least[:, 0], least[:, wide - 1]
        left = size - np.einsum("kj,jk->k", held, onto)
        with np.errstate(divide="ignore", invalid="ignore"):
            adjusted = (kept - held @ beta) / left
        return Reached(size, kept, adjusted, left, float(rest) / max(n - len(beta), 1), onto)

    def rests(self, count: npt.NDArray[np.uint8], found: Reached, counts: list[int]) -> npt.NDArray[np.float32]:
        """What is left of reaching each count, scaled so that its product with an outcome is its z: (n, counts)."""
        k = np.asarray(counts) - 1
        onto = np.zeros((self.panel.columns.shape[1], len(k)))
        onto[self.use] = found.onto[: len(self.use), k]
        explained = self.panel.columns @ onto + self.extra @ found.onto[len(self.use) :, k]
        reached = count[:, None] >= np.asarray(counts)
        return np.asarray((reached - explained) / np.sqrt(found.left[k] * found.variance), np.float32)


@dataclass
class Window:
    """What is held equal within one window; `beside(own)` for the streams of one event name."""

    panel: Panel
    plain: Floats
    strata: list[Floats]
    _beside: dict[int, Beside] = field(default_factory=dict)

    def beside(self, own: int) -> Beside:
        """The shared columns, and volume and strata of everything but column `own` (-1: none left out)."""
        if own not in self._beside:
            rest = self.plain.sum(axis=0)
            volume = np.log1p(rest if own < 0 else rest - self.plain[own])
            extra = np.column_stack([volume, volume**2, self.strata[own]])
            self._beside[own] = Beside.of(self.panel, -1, extra)
        return self._beside[own]


Counted = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32], Ints]


def held_equal(activity: Activity, y: Floats, windows: Floats, slot: Ints, counted: Counted) -> Callable[[int], Window]:
    """What is held equal in each window, by its number; `slot`, `counted`: as in and from `preselect.by_window`."""
    counts, days, last = counted
    later = _by_column(activity, counts[-1], slot)
    whole = later.sum(axis=0)
    strata = [_stratum_columns(whole - own) for own in [*later, np.zeros(activity.n)]]

    def within(w: int) -> Window:
        window = windows[w]
        gap = np.where(last[w] >= 0, window - last[w] / DAY_US, window)
        shared = [
            np.ones(activity.n), np.log1p(days[w]), np.log1p(np.maximum(gap, 0)), gap > window / 2, gap > window / 4
        ]  # fmt: skip
        return Window(Panel.of(shared, y), _by_column(activity, counts[w], slot), strata)

    return within


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


def sums_of_some(count: npt.NDArray[np.uint8], x: Floats, more: Floats, sums: Floats) -> None:
    """`sums[c]` += row i of `x` and, behind it, of `more`, for every i with `count[i]` = c > 0; row 0 stays."""
    wide = x.shape[1]
    for i in range(count.shape[0]):
        c = count[i]
        if c:
            for j in range(wide):
                sums[c, j] += x[i, j]
            for j in range(more.shape[1]):
                sums[c, wide + j] += more[i, j]
