"""Which streams are worth the full screen where there are many, and the bar that all of them are held to.

Where there are more streams than `MOST_STREAMS`, each is first tried at a few windows within strata of total activity
(the Mantel–Haenszel risk difference) and the best by z go on. Those left behind still count for the bar: the best of
all streams by chance is what the best of all has to pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from threading import Lock

import numpy as np
import numpy.typing as npt

from occasion.finding import party_kernels
from occasion.finding.activity import Activity
from occasion.finding.cores import side_by_side
from occasion.finding.kernels import compiled
from occasion.finding.population import DAY_US

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STRATA = 10
LEAST_REACHED = 30
LEAST_SHARE = 0.005
MOST_STREAMS = 60
FEW_WINDOWS = 4
FEW_COUNTS = (1, 2, 3, 5, 8, 12, 20, 35)


class Bar:
    """What the best of many cells reaches when outcomes are permuted within strata of total activity.

    The (1 - alpha) quantile of the largest z over all cells (Westfall & Young 1993, max-T).
    """

    def __init__(self, y: Floats, total: Floats, rng: np.random.Generator, permutations: int) -> None:
        self.stratum = np.searchsorted(np.quantile(total, np.linspace(0, 1, 2 * STRATA + 1)[1:-1]), total, side="right")
        order = np.argsort(self.stratum, kind="stable")
        begin = np.flatnonzero(np.diff(self.stratum[order], prepend=-1, append=self.stratum.max() + 1))
        by_row = np.empty((permutations, len(y)), np.float32)
        self.largest, self._alone = np.full(permutations, -np.inf), Lock()
        for row in by_row:
            drawn = rng.random(len(y))
            for a, b in pairwise(begin):
                row[order[a:b]] = y[order[a + np.argsort(drawn[a:b], kind="stable")]]
        self.outcomes = np.ascontiguousarray(by_row.T)

    def shuffled(self, scaled: npt.NDArray[np.float32]) -> None:
        """Add cells: columns whose product with an outcome is that outcome's z. Any core may, in any order."""
        largest = (scaled.T @ self.outcomes).max(axis=0)
        with self._alone:
            np.maximum(self.largest, largest, out=self.largest)

    def at(self, alpha: float) -> float:
        """The (1 - alpha) quantile of the largest z so far; infinite where no cell was added."""
        return float(np.quantile(self.largest, 1 - alpha)) if np.isfinite(self.largest).all() else np.inf


def by_window(
    activity: Activity, windows: Floats, slot: Ints, most: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32], Ints]:
    """Points by (window, slot, party) up to `most`, active days and last instant by (window, party)."""
    counts = np.zeros((len(windows), int(slot.max(initial=-1)) + 1, activity.n), np.uint8)
    days = np.zeros((len(windows), activity.n), np.int32)
    last = np.full((len(windows), activity.n), -1, np.int64)
    ends = (windows * DAY_US).astype(np.int64)
    compiled(party_kernels.by_window)(
        activity.party, activity.stream, activity.offset, slot, activity.column >= 0, ends, most, DAY_US,
        counts, days, last,
    )  # fmt: skip
    return counts, days, last


def preselect(
    activity: Activity,
    y: Floats,
    windows: Floats,
    tried: Sequence[int],
    made: Callable[[], Bar],
    *,
    first: Iterable[int] = (),
) -> tuple[list[int], list[int]]:
    """The streams that go on to the full screen, and those that could but are left behind, each in their order.

    `tried[s]`: the largest count to try of stream s, 0 for none; `first`: streams that go on in any case. The cells of
    those that do not go on are added to the bar, which is asked for (`made`) only where there are any. Streams with too
    few people on a side are in neither list.
    """
    all_streams = [s for s in range(len(tried)) if tried[s]]
    if len(all_streams) <= MOST_STREAMS:
        return all_streams, []
    wanted = {s for s in first if tried[s]}
    few = windows[np.unique(np.linspace(0, len(windows) - 1, FEW_WINDOWS + 1).round().astype(int))[1:]]
    slot = np.full(len(tried), -1, np.int64)
    slot[all_streams] = np.arange(len(all_streams))
    counts, _, _ = by_window(activity, few, slot, max(FEW_COUNTS))
    bar, narrow = made(), y.astype(np.float32)

    def best_of(s: int) -> float:
        scaled = _within_strata(counts[:, slot[s]], y, bar.stratum, tried[s])
        return -np.inf if scaled is None else float((scaled.T @ narrow).max())

    def stays(s: int) -> None:
        scaled = _within_strata(counts[:, slot[s]], y, bar.stratum, tried[s])
        if scaled is not None:
            bar.shuffled(scaled)

    best = np.full(len(tried), -np.inf)
    with side_by_side() as cores:
        best[all_streams] = list(cores.map(best_of, all_streams))
        ranked = [int(s) for s in np.argsort(-best, kind="stable") if np.isfinite(best[s]) and s not in wanted]
        near = wanted | set(ranked[: max(MOST_STREAMS - len(wanted), 0)])
        list(cores.map(stays, [s for s in all_streams if s not in near]))
    return sorted(near), sorted(set(ranked) - near)


def _within_strata(
    counts: npt.NDArray[np.uint8], y: Floats, stratum: npt.NDArray[np.int64], tried: int
) -> npt.NDArray[np.float32] | None:
    """Scaled residuals (n, cells) of one stream's cells within strata; their product with an outcome is its z."""
    n, sizes = len(y), np.maximum(np.bincount(stratum), 1)
    rest = y - (np.bincount(stratum, weights=y) / sizes)[stratum]
    variance = float(rest @ rest) / n
    least = max(LEAST_REACHED, LEAST_SHARE * n)
    cells = []
    for count in counts:
        for k in FEW_COUNTS:
            reached = count >= k
            if k > tried or not least <= int(reached.sum()) <= n - least:
                continue
            share = np.bincount(stratum, weights=reached) / sizes
            left = float((sizes * share * (1 - share)).sum())
            if left > 1e-6 * n:
                cells.append((reached - share[stratum]) / np.sqrt(left * variance))
    return np.asarray(np.column_stack(cells), np.float32) if cells else None
