"""What the report draws of a moment: the heat map, the curve around its threshold, who is still seen by day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from occasion.estimate import Estimate, Refusal
from occasion.finding.cores import side_by_side
from occasion.finding.findings import CurvePoint, Finding, HeatMap, KeptCurve
from occasion.finding.landmark import Z95, Held
from occasion.finding.population import DAY_US, Population, Streams
from occasion.finding.reasons import METHOD
from occasion.finding.rivals import Ring
from occasion.finding.screen import Cell, Grid

AROUND = 5


def illustrated(
    found: Finding, cell: Cell, grid: Grid, ring: Ring, *, streams: Streams, population: Population
) -> Finding:
    """The finding with its pictures."""
    rows = (streams.stream == cell.stream) & (streams.offset_us < int(cell.days * DAY_US))
    reached = np.bincount(streams.party[rows], minlength=len(population)) >= cell.count
    return replace(
        found,
        heat=heat_map(grid, cell),
        curve=curve(ring, cell),
        kept_curve=kept_curve(streams, population, cell, reached, ring.horizon_days),
    )


def heat_map(grid: Grid, cell: Cell) -> HeatMap:
    """Every count up to one and a half times the chosen one (at least 8) by every window, from the screening half."""
    usable = np.isfinite(grid.adjusted[cell.stream])
    filled = np.flatnonzero(usable.any(axis=0))
    top = min(int(filled.max(initial=0)) + 1, max(8, int(1.5 * cell.count) + 1), grid.z.shape[2])

    def table(values: npt.NDArray[np.float64]) -> tuple[tuple[float | None, ...], ...]:
        return tuple(
            tuple(float(values[cell.stream, w, k]) if usable[w, k] else None for w in range(len(grid.windows)))
            for k in range(top)
        )

    reached = tuple(tuple(int(x) for x in grid.reached[cell.stream, :, k]) for k in range(top))
    days = tuple(int(d) for d in grid.windows)
    return HeatMap(tuple(range(1, top + 1)), days, table(grid.adjusted), table(grid.raw), reached)


def curve(ring: Ring, cell: Cell) -> tuple[CurvePoint, ...]:
    """The effect for counts around the chosen one within the same window, estimated as the chosen one was."""
    held = Held.of(ring.activity, cell, ring.horizon_days)
    counts = range(max(1, cell.count - AROUND), cell.count + AROUND + 1)
    with side_by_side() as cores:
        return tuple(cores.map(lambda count: _point(held, ring.kept, count), counts))


def _point(held: Held, kept: npt.NDArray[np.bool_], count: int) -> CurvePoint:
    """One count of the curve."""
    reached = held.within >= count
    found, _ = held.effect(reached, kept.astype(np.float64))
    effect: Estimate | Refusal = Refusal("too few people are alike on both sides")
    if found is not None:
        reach = Z95 * found.se
        effect = Estimate(found.value, found.value - reach, found.value + reach, found.parties, METHOD)
    return CurvePoint(count, int(reached.sum()), effect)


def kept_curve(
    streams: Streams, population: Population, cell: Cell, reached: npt.NDArray[np.bool_], horizon_days: int
) -> KeptCurve | None:
    """The share seen on or after each day from the window's end, of those seen on or after that end; the last day's
    point, one after the horizon, is the share kept. Points end at the horizon, so whoever was kept counts as seen
    until then. None where nobody is left to be seen."""
    last = np.full(len(population), -1, np.int64)
    last[streams.party] = streams.offset_us  # in order of time: the last one stays
    begin = int(cell.days)
    there = (last >= begin * DAY_US) | population.kept
    if begin >= horizon_days or min(int((there & reached).sum()), int((there & ~reached).sum())) < 2:
        return None
    days = tuple(range(begin, horizon_days))

    def side(people: npt.NDArray[np.bool_]) -> tuple[Estimate, ...]:
        n = int(people.sum())
        seen = [int(((last >= d * DAY_US) | population.kept)[people].sum()) for d in days]
        return tuple(_share(hits, n) for hits in [*seen, int(population.kept[people].sum())])

    return KeptCurve((*days, horizon_days), side(there & reached), side(there & ~reached))


def _share(hits: int, n: int) -> Estimate:
    """A share with its Wilson interval (Wilson 1927)."""
    share, z2 = hits / n, Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low, high = min(middle - half, share), max(middle + half, share)
    return Estimate(share, float(low), float(high), n, "share, Wilson interval")
