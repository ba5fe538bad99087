"""Which of very many candidates are followed party by party: a coarse screen on people set apart for it.

Each candidate is tried at a few windows, held against what else people did as the screen does it (`adjusted`). The best
by z go on, some of every kind, so that pairs do not crowd out plain counts. The people this is decided on take no part
in the screen nor in the estimates; the screen's bar is therefore about those that go on and needs to pay for no others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from occasion.finding.activity import Activity
from occasion.finding.adjusted import enough, held_equal
from occasion.finding.candidates import Candidate
from occasion.finding.cores import side_by_side
from occasion.finding.findings import SetAside
from occasion.finding.preselect import by_window
from occasion.finding.screen import window_days

Floats = npt.NDArray[np.float64]

FOLLOWED = 60
WINDOWS = 8
LEAST_OF_KIND = {"count": 16, "slice": 8, "distinct": 8, "pair": 8, "return": 4}


def followed(candidates: Sequence[Candidate], z: Floats, first: Iterable[int] = (), most: int = FOLLOWED) -> list[int]:
    """Which candidates go on, in their order: those in `first` (a person's), so many of each kind, and then the best by
    z, whatever their kind. A z that is nan never goes on by itself."""
    taken = list(dict.fromkeys(first))
    ranked = [int(i) for i in np.argsort(np.where(np.isnan(z), np.inf, -z), kind="stable") if np.isfinite(z[i])]
    for kind, least in LEAST_OF_KIND.items():
        taken += [i for i in ranked if candidates[i].kind == kind][:least]
    chosen = list(dict.fromkeys([*taken, *ranked]))[: max(most, len(set(taken)))]
    return sorted(chosen)


def left_out(candidates: Sequence[Candidate], going_on: Sequence[int], people: int) -> list[SetAside]:
    """For each kind how many do not go on, and why."""
    stay = set(going_on)
    all_of = Counter[str](candidate.kind for candidate in candidates)
    out_of = Counter[str](candidate.kind for i, candidate in enumerate(candidates) if i not in stay)
    words = {"count": "counts", "slice": "slices", "distinct": "distinct values", "pair": "pairs", "return": "returns"}
    return [
        SetAside(
            f"{out_of[kind]} of {all_of[kind]} {words[kind]}",
            f"over the budget: {len(stay)} lines are followed closely, the best on a coarse screen of {people} people",
        )
        for kind in words
        if out_of[kind]
    ]


def coarse(
    activity: Activity, kept: npt.NDArray[np.bool_], horizon_days: int, candidates: Sequence[Candidate], most: int = 50
) -> Floats:
    """The largest adjusted z of each stream over a few windows and all counts (of a pattern only the first point); nan
    where too few people reached it or did not, or none of it goes with being kept."""
    every = window_days(horizon_days)
    windows = every[np.unique(np.linspace(0, len(every) - 1, WINDOWS).round().astype(int))]
    slot = np.arange(len(activity.what))
    counted = by_window(activity, windows, slot, most)
    within = held_equal(activity, kept.astype(np.float64), windows, slot, counted)

    def best_in(w: int) -> Floats:
        window, best = within(w), np.full(len(activity.what), np.nan)
        for s, candidate in enumerate(candidates):
            found = window.beside(activity.own_column(s)).reached(counted[0][w, s], most)
            usable = (found.adjusted > 0) & enough(found.size, found.left, activity.n)
            usable[1:] &= not candidate.pattern
            if usable.any():
                best[s] = found.z[usable].max()
        return best

    with side_by_side() as cores:
        return np.asarray(np.fmax.reduce(list(cores.map(best_in, range(len(windows))))))
