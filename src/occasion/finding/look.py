"""The lines that were chosen, looked at closely: confirmed, paid for, judged, and held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from occasion.finding.choose import Choice
from occasion.finding.confirm import Confirmed
from occasion.finding.cores import side_by_side
from occasion.finding.findings import Verdict
from occasion.finding.rivals import Beside, Drawn, Ring, hold_against_each_other, least_left
from occasion.finding.screen import Cell
from occasion.finding.verdict import Numbers, Reason, holm, judge, limits


@dataclass(frozen=True)
class Looked:
    """One moment after the confirmation: its numbers, the verdict with its reason, and what was held equal."""

    choice: Choice
    numbers: Numbers
    verdict: Verdict
    reason: Reason
    beside: tuple[Cell, ...] = ()

    @property
    def proxy_of(self) -> Cell | None:
        """The moment that explains it, where it is a proxy."""
        return self.beside[0] if self.reason == "proxy" else None


def look(ring: Ring, choices: Sequence[Choice]) -> list[Looked]:
    """Confirm each choice, pay for how many were tried, then hold those that stand against each other."""
    alone = ring.alone([choice.cell for choice in choices])
    tested = [i for i, c in enumerate(choices) if c.above and alone[i].landmark.effect is not None]
    p = dict(zip(tested, holm([_two_sided(alone[i].landmark.effect) for i in tested]), strict=True))
    numbers = [
        Numbers(c.above, c.raw, alone[i].landmark, alone[i].trial, p.get(i, 1.0), ring.activity.alone(c.cell.stream))
        for i, c in enumerate(choices)
    ]
    looked = [Looked(c, n, *judge(n)) for c, n in zip(choices, numbers, strict=True)]
    stand = [i for i, one in enumerate(looked) if one.verdict == "candidate"]
    if not stand:
        return looked
    outcome = hold_against_each_other(ring, [choices[i].cell for i in stand], [alone[i] for i in stand])
    for i, held in outcome.accepted.items():
        looked[stand[i]] = _again(looked[stand[i]], held, "candidate", "stands")
    for i, held in outcome.proxies.items():
        looked[stand[i]] = _again(looked[stand[i]], held, "association only", "proxy")
    accepted = [choices[stand[i]].cell for i in outcome.accepted]
    return _held_against(ring, looked, accepted)


def _held_against(ring: Ring, looked: Sequence[Looked], accepted: Sequence[Cell]) -> list[Looked]:
    """Lines that go with staying in the trials, but did not stand: proxies if an accepted moment explains that."""
    explicable = [_goes_with_staying(one) for one in looked]
    drawn = [ring.draw(one.choice.cell) if asked else None for one, asked in zip(looked, explicable, strict=True)]

    def held(one: Looked, asked: bool, instants: Drawn) -> Looked:
        return _explained(ring, one, accepted, instants) if asked else one

    with side_by_side() as cores:
        return list(cores.map(held, looked, explicable, drawn))


def _goes_with_staying(one: Looked) -> bool:
    trial = one.numbers.trial
    settled = one.verdict == "candidate" or one.reason == "proxy"
    return not settled and trial is not None and limits(trial)[0] > 0


def _explained(ring: Ring, one: Looked, accepted: Sequence[Cell], drawn: Drawn) -> Looked:
    """One line, a proxy if an accepted moment explains it."""
    trial, cell = one.numbers.trial, one.choice.cell
    other, left = least_left(ring, cell, accepted, drawn)
    if left is None or trial is None:  # hardly anybody is alike once that is held equal
        before = tuple(earlier for earlier in accepted if ring.after(cell, earlier))
    elif limits(left)[0] > 0 or left.value > 0.6 * trial.value:
        return one
    else:
        before = (other,)
    if not before:
        return one
    return _again(one, Beside(before, ring.mark(cell, [other]), left), "association only", "proxy")


def _again(one: Looked, held: Beside, verdict: Verdict, reason: Reason) -> Looked:
    """The same line with its numbers beside others."""
    old = one.numbers
    numbers = Numbers(old.above, old.raw, held.landmark, held.trial, old.p, old.only_name)
    return Looked(one.choice, numbers, verdict, reason, held.others)


def _two_sided(found: Confirmed | None) -> float:
    from scipy.special import ndtr

    return 1.0 if found is None or not found.se > 0 else float(2 * ndtr(-abs(found.value / found.se)))
