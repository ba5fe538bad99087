"""Moments that stand alone, held against each other: what is left of each when the others are equal.

Forward: the strongest is accepted; each next one must stand beside those accepted. Backward: each accepted one must
stand beside all the others, so that a proxy that came first by luck gives way to the moment behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from occasion.finding.activity import Activity
from occasion.finding.confirm import Confirmed, confirm
from occasion.finding.findings import Verdict
from occasion.finding.landmark import Z95, Landmark, landmark
from occasion.finding.screen import Cell
from occasion.finding.verdict import Reason

LEAST_LEFT = 0.4  # a proxy may keep a little where the moment behind it is not held equal quite exactly


@dataclass(frozen=True)
class Standing:
    """A verdict with its reason in a word."""

    verdict: Verdict
    reason: Reason


@dataclass(frozen=True)
class Held:
    """What became of one: its standing, its effect beside the others, and the moment it is a proxy of."""

    standing: Standing
    confirmed: Confirmed | None = None
    landmark: Landmark | None = None
    proxy_of: Cell | None = None
    beside: tuple[Cell, ...] = ()


@dataclass
class _Ring:
    activity: Activity
    kept: npt.NDArray[np.bool_]
    horizon_days: int
    rng: np.random.Generator

    def beside(self, cell: Cell, others: Sequence[Cell]) -> tuple[Confirmed | None, Landmark]:
        """The effect and the landmark of a moment with others held equal."""
        return (
            confirm(self.activity, self.kept, cell, self.rng, tuple(others)),
            landmark(self.activity, self.kept, cell, self.horizon_days, others),
        )

    def stands(self, cell: Cell, others: Sequence[Cell], alone: Landmark) -> bool:
        """Whether a moment keeps enough beside the others."""
        found, mark = self.beside(cell, others)
        return (
            found is not None
            and found.value - Z95 * found.se > 0
            and mark.stands
            and mark.left > LEAST_LEFT * alone.left
        )


def hold_against_each_other(
    activity: Activity,
    kept: npt.NDArray[np.bool_],
    cells: Sequence[Cell],
    strength: Sequence[float],
    horizon_days: int,
    rng: np.random.Generator,
) -> list[Held]:
    """One answer for each of `cells`, in order; `strength` says which comes first."""
    ring = _Ring(activity, kept, horizon_days, rng)
    alone = [landmark(activity, kept, cell, horizon_days) for cell in cells]
    order = sorted(range(len(cells)), key=lambda i: -strength[i])
    accepted = [order[0]]
    proxy: dict[int, int] = {}
    for i in order[1:]:
        others = [cells[j] for j in accepted]
        if ring.stands(cells[i], others, alone[i]):
            accepted.append(i)
        else:
            proxy[i] = _behind(ring, i, accepted, cells)
    for i in list(accepted):
        others = [j for j in accepted if j != i]
        if others and not ring.stands(cells[i], [cells[j] for j in others], alone[i]):
            accepted.remove(i)
            proxy[i] = _behind(ring, i, others, cells)
    answers = []
    for i in range(len(cells)):
        if i in proxy:
            mark = proxy[i] if proxy[i] in accepted else accepted[0]
            found, left = ring.beside(cells[i], [cells[mark]])
            standing = Standing("association only", "proxy")
            answers.append(Held(standing, found, left, cells[mark], (cells[mark],)))
            continue
        others = tuple(cells[j] for j in accepted if j != i)
        found, left = ring.beside(cells[i], others)
        answers.append(Held(Standing("candidate", "stands"), found, left, None, others))
    return answers


def _behind(ring: _Ring, i: int, accepted: Sequence[int], cells: Sequence[Cell]) -> int:
    """Which of the accepted takes most of it away."""
    if len(accepted) == 1:
        return accepted[0]
    left = {j: ring.beside(cells[i], [cells[j]])[1].left for j in accepted}
    return min(left, key=lambda j: left[j])
