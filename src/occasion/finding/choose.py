"""Which cells of the screen are looked at closely, and what ranking by phi alone would have named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from occasion.finding.population import Streams
from occasion.finding.screen import Cell, Grid


@dataclass(frozen=True)
class Choice:
    """A cell to confirm: its z on the screen, whether that is above the bar (or a person asked), the raw difference."""

    cell: Cell
    z: float
    above: bool
    raw: float
    asked: bool = False


@dataclass(frozen=True)
class Peers:
    """Cells ranked by phi, as most tools do: `order` holds flat cell numbers of the grid, best first."""

    grid: Grid
    order: npt.NDArray[np.int64]

    def first(self, k: int) -> list[tuple[Cell, float]]:
        """The first k cells with their phi."""
        return [(_cell(self.grid, int(i)), float(self.grid.phi.flat[i])) for i in self.order[:k]]

    def rank_of(self, cell: Cell) -> int | None:
        """The place of a cell (1 is first); None where it is not on the grid."""
        w = np.flatnonzero(self.grid.windows == cell.days)
        if not len(w) or cell.count > self.grid.phi.shape[2]:
            return None
        phi = self.grid.phi[cell.stream, w[0], cell.count - 1]
        return None if not np.isfinite(phi) else 1 + int((self.grid.phi > phi).sum())


def peers(grid: Grid) -> Peers:
    """All cells by phi, largest first."""
    flat = np.where(np.isfinite(grid.phi), grid.phi, -np.inf).ravel()
    usable = int(np.isfinite(grid.phi).sum())
    order = np.argsort(-flat, kind="stable")[: min(usable, 1000)]
    return Peers(grid, order)


def chosen(grid: Grid, streams: Streams, ranked: Peers, most: int, asked: Mapping[Cell, float]) -> list[Choice]:
    """The best cell of each stream by adjusted z, at most `most`, the peers' first stream among them; those asked.

    `asked`: a person's own lines with their plain difference in the share kept.
    """
    best = []
    for s in range(len(streams.what)):
        z = np.where(grid.adjusted[s] > 0, grid.z[s], np.nan)
        if np.isfinite(z).any():
            best.append(_choice(grid, s * z.size + int(np.nanargmax(z))))
    best.sort(key=lambda c: -c.z)
    keep = best[:most]
    bait = ranked.first(1)
    if bait and all(c.cell.stream != bait[0][0].stream for c in keep):
        keep = keep[: most - 1] + [c for c in best if c.cell.stream == bait[0][0].stream]
    named = [_asked(grid, cell, raw) for cell, raw in asked.items()]
    return named + [c for c in keep if all(c.cell != a.cell for a in named)]


def _cell(grid: Grid, flat: int) -> Cell:
    s, w, k = np.unravel_index(flat, grid.z.shape)
    return Cell(int(s), int(k) + 1, float(grid.windows[w]))


def _choice(grid: Grid, flat: int) -> Choice:
    z = float(grid.z.flat[flat])
    return Choice(_cell(grid, flat), z, z > grid.bar, float(grid.raw.flat[flat]))


def _asked(grid: Grid, cell: Cell, raw: float) -> Choice:
    """A person's own line was not chosen by these data, so no bar applies to it; its z only says where it stands."""
    w = np.flatnonzero(grid.windows == cell.days)
    z = float(grid.z[cell.stream, w[0], cell.count - 1]) if len(w) and cell.count <= grid.z.shape[2] else 0.0
    return Choice(cell, z if np.isfinite(z) else 0.0, True, raw, asked=True)
