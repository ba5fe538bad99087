"""Moments that stand alone, held against each other: what is left of each when the others are equal.

Forward: the strongest is accepted; each next one must stand beside those accepted. Backward: each accepted one must
stand beside all the others, so that a proxy that came first by luck gives way to the moment behind it. What did not
stand alone but goes with staying in the trials is then named a proxy where an accepted moment explains it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from occasion.finding.activity import Activity
from occasion.finding.confirm import Confirmed, beside_each, confirm, drawn_instants
from occasion.finding.cores import side_by_side
from occasion.finding.landmark import Landmark, landmark
from occasion.finding.screen import Cell
from occasion.finding.verdict import least_ratio, limits, selection_ratio

Drawn = npt.NDArray[np.int64] | None
LEAST_BOTH = 30
HARDLY = 0.2
LEAST_LEFT = 0.4  # a proxy may keep a little where the moment behind it is not held equal quite exactly


@dataclass(frozen=True)
class Beside:
    """A moment's numbers with others held equal."""

    others: tuple[Cell, ...]
    landmark: Landmark
    trial: Confirmed | None


@dataclass
class Ring:
    """The people on whom moments are held against each other."""

    activity: Activity
    kept: npt.NDArray[np.bool_]
    horizon_days: int
    rng: np.random.Generator
    rivals: tuple[Cell, ...] = ()
    _marks: dict[tuple[Cell, tuple[Cell, ...]], Landmark] = field(default_factory=dict, repr=False)
    _starts: dict[Cell, npt.NDArray[np.float64]] = field(default_factory=dict, repr=False)

    def draw(self, cell: Cell) -> Drawn:
        """The instants of the comparison in the trials of a moment; drawn one after the other, so that the same seed
        gives the same ones however the work is spread."""
        return drawn_instants(self.activity, cell, self.rng)

    def alone(self, cells: Sequence[Cell]) -> list[Beside]:
        """Each moment's numbers by itself, on all cores."""
        drawn = [self.draw(cell) for cell in cells]
        with side_by_side() as cores:
            found = list(cores.map(lambda cell, one: self._numbers(cell, (), one), cells, drawn))
        for cell, numbers in zip(cells, found, strict=True):
            if numbers.trial is not None:
                self._starts[cell] = numbers.trial.chance_of_it
        return found

    def _numbers(self, cell: Cell, others: Sequence[Cell], drawn: Drawn) -> Beside:
        return Beside(tuple(others), self.mark(cell, others), self.trial(cell, others, drawn))

    def beside(self, cell: Cell, others: Sequence[Cell]) -> Beside:
        """A moment's numbers with others held equal; at the landmark those that clearly come after it are not."""
        drawn = self.draw(cell)
        with ThreadPoolExecutor(1) as aside:  # the two need nothing of each other
            mark = aside.submit(self.mark, cell, others)
            trial = self.trial(cell, others, drawn)
            return Beside(tuple(others), mark.result(), trial)

    def stands(self, cell: Cell, others: Sequence[Cell], alone: Landmark) -> bool:
        """Whether a moment keeps enough beside the others; the trials are asked first, since they are quick to say."""
        trial = self.trial(cell, others, self.draw(cell))
        if trial is None or limits(trial)[0] <= 0:
            return False
        return stands(Beside(tuple(others), self.mark(cell, others), trial), alone)

    def mark(self, cell: Cell, others: Sequence[Cell]) -> Landmark:
        """The effect at the landmark alone; moments that clearly come after it are not held equal."""
        at_once = tuple(other for other in others if not self.after(other, cell))
        if (cell, at_once) not in self._marks:
            rivals = [r for r in self.rivals if r.stream != cell.stream and self.after(r, cell)]
            self._marks[cell, at_once] = landmark(
                self.activity, self.kept, cell, self.horizon_days, beside=at_once, rivals=rivals
            )
        return self._marks[cell, at_once]

    def trial(self, cell: Cell, others: Sequence[Cell], drawn: Drawn) -> Confirmed | None:
        """The effect in the trials alone."""
        return confirm(self.activity, self.kept, cell, drawn, tuple(others), start=self._starts.get(cell))

    def trial_beside_each(self, cell: Cell, others: Sequence[Cell], drawn: Drawn) -> list[Confirmed | None]:
        """The same with each of the others held equal, one at a time."""
        return beside_each(self.activity, self.kept, cell, drawn, others, start=self._starts.get(cell))

    def after(self, other: Cell, cell: Cell) -> bool:
        """Whether `other` clearly comes after `cell`: of people who reached both, hardly anybody reached it first.

        Never where both are made of the same events: one is then not set off by the other, but the other counted anew.
        """
        if self.activity.base[other.stream] == self.activity.base[cell.stream]:
            return False
        first, second = (self.activity.nth(c.stream, c.count, c.days) for c in (other, cell))
        both = (first >= 0) & (second >= 0)
        return int(both.sum()) >= LEAST_BOTH and float((first <= second)[both].mean()) < HARDLY


def stands(numbers: Beside, alone: Landmark) -> bool:
    """Whether a moment keeps enough beside the others."""
    found, trial = numbers.landmark.effect, numbers.trial
    if found is None or trial is None or alone.effect is None:
        return False
    kept_enough = found.value > LEAST_LEFT * alone.effect.value and not numbers.landmark.no_knee
    clear = selection_ratio(found) >= least_ratio(numbers.landmark)
    return limits(found)[0] > 0 and limits(trial)[0] > 0 and kept_enough and clear


@dataclass(frozen=True)
class Outcome:
    """`accepted`: the numbers of each moment that stands, beside all others that do; `proxies`: for each that gave way,
    its numbers beside the moment that explains it. Both by number in the list given."""

    accepted: dict[int, Beside]
    proxies: dict[int, Beside]


def hold_against_each_other(ring: Ring, cells: Sequence[Cell], alone: Sequence[Beside]) -> Outcome:
    """Which of the moments stand beside each other; `alone` are their numbers by themselves.

    What stands is asked one after the other; what explains those that gave way is worked out beside it, on instants
    drawn when they gave way.
    """
    order = sorted(range(len(cells)), key=lambda i: -_strength(alone[i].landmark))
    accepted = order[:1]
    with side_by_side() as cores:
        gave_way: dict[int, Future[Beside]] = {}

        def give_way(i: int, others: list[Cell]) -> None:
            gave_way[i] = cores.submit(explained, ring, cells[i], others, ring.draw(cells[i]))

        for i in order[1:]:
            others = [cells[j] for j in accepted]
            if ring.stands(cells[i], others, alone[i].landmark):
                accepted.append(i)
            else:
                give_way(i, others)
        for i in list(accepted):
            others = [cells[j] for j in accepted if j != i]
            if others and not ring.stands(cells[i], others, alone[i].landmark):
                accepted.remove(i)
                give_way(i, others)
        final = {i: ring.beside(cells[i], [cells[j] for j in accepted if j != i]) for i in accepted}
        proxies = {i: one.result() for i, one in gave_way.items()}
    return Outcome(final if len(accepted) > 1 else {i: alone[i] for i in accepted}, proxies)


def explained(ring: Ring, cell: Cell, others: Sequence[Cell], drawn: Drawn) -> Beside:
    """A moment's numbers beside the one of the others that leaves least of it in the trials."""
    other, trial = least_left(ring, cell, others, drawn)
    return Beside((other,), ring.mark(cell, [other]), trial)


def least_left(ring: Ring, cell: Cell, others: Sequence[Cell], drawn: Drawn) -> tuple[Cell, Confirmed | None]:
    """The one of the others that leaves least of a moment in the trials, all on the same instants, and what."""
    trials = ring.trial_beside_each(cell, others, drawn)
    least = min(range(len(others)), key=lambda i: -np.inf if (trial := trials[i]) is None else trial.value)
    return others[least], trials[least]


def _strength(mark: Landmark) -> float:
    return -np.inf if mark.effect is None else mark.effect.value / mark.effect.se
