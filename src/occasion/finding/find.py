"""Finding, all six steps, on streams in memory: screen, choose, confirm, check, hold against each other, say.

Half of the groups screens, the other half estimates; nothing of the second half is looked at before the choice is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.estimate import Refusal
from occasion.finding import pictures, reasons
from occasion.finding.activity import Activity, activity_of
from occasion.finding.candidates import line
from occasion.finding.choose import Choice, Peers, chosen, peers
from occasion.finding.confirm import Confirmed
from occasion.finding.findings import Finding, Findings, PeerLine, SetAside, Verdict
from occasion.finding.population import DAY_US, Population, Streams
from occasion.finding.rivals import Beside, Ring, explained, hold_against_each_other
from occasion.finding.screen import Cell, Grid, screen, window_days
from occasion.finding.verdict import Numbers, Reason, holm, judge, limits

SCREEN_PARTIES = 50_000
ESTIMATE_PARTIES = 200_000
Progress = Callable[[str], None]


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


def find(
    streams: Streams,
    population: Population,
    horizon_days: int,
    seed: int,
    *,
    most: int = 20,
    counts: int = 50,
    asked: Sequence[Cell] = (),
    tautologies: Mapping[int, str] | None = None,
    names: Sequence[str] | None = None,
    with_pictures: bool = True,
    unknown: int = 0,
    kept_text: str = "",
    start_text: str = "start",
    as_of_us: int | None = None,
    progress: Progress = lambda _: None,
) -> Findings:
    """Find the moments that go with being kept.

    `horizon_days`: when the outcome begins; only what came before is used, and no window is longer. `seed`: for the
    permutation, the drawn instants and, at more parties than `SCREEN_PARTIES` or `ESTIMATE_PARTIES` a half, the sample.
    `most`: how many lines are confirmed; `counts`: the largest count tried; `asked`: lines to confirm whatever the
    screen says; `tautologies`: streams the outcome itself is made of, with the reason: set aside. `names`: event names
    by base, for sentences. Raises InputError where there is nobody or all outcomes are alike.
    """
    _check(streams, population, horizon_days)
    rng = np.random.default_rng(seed)
    first, second = _halves(population, rng)
    windows = window_days(horizon_days)
    aside = dict(tautologies or {})
    progress("screening")
    screened = activity_of(streams, first, horizon_days)
    grid = screen(screened, population.kept[first], windows, rng, most=counts, skip=frozenset(aside))
    ranked = peers(grid, streams.what)
    choices = chosen(grid, streams, ranked, most, asked)
    progress(f"confirming {len(choices)} lines")
    activity, kept = activity_of(streams, second, horizon_days), population.kept[second]
    looked = _look(Ring(activity, kept, horizon_days, rng), choices)
    found = [_finding(one, streams, population, activity, names, ranked) for one in looked]
    if with_pictures:
        progress("drawing")
        found = [
            pictures.illustrated(one, shown, grid, streams, population, activity, kept, horizon_days)
            if shown.verdict == "candidate" or shown.asked
            else shown
            for one, shown in ((item.choice.cell, item_found) for item, item_found in zip(looked, found, strict=True))
        ]
    order = sorted(range(len(found)), key=lambda i: _merit(found[i], looked[i]), reverse=True)
    found = [found[i] for i in order]
    return Findings(
        parties=len(population),
        kept=float(population.kept.mean()),
        candidates=tuple(found),
        refusals=_refusals(streams, population, horizon_days, aside, grid),
        peers=_peer_lines(ranked, grid, streams, population, found),
        cells=int(np.isfinite(grid.z).sum()),
        horizon_days=horizon_days,
        seed=seed,
        unknown=unknown,
        kept_text=kept_text,
        start_text=start_text,
        as_of_us=as_of_us,
        notes=_notes(grid, first, second, population),
    )


def _check(streams: Streams, population: Population, horizon_days: int) -> None:
    if horizon_days < 1:
        raise InputError(f"horizon {horizon_days} days: the outcome must begin at least a day after the start")
    if not len(population):
        raise InputError("no party has a known outcome: load more events, or choose an outcome that is over by now")
    if population.kept.all() or not population.kept.any():
        every = "everybody" if population.kept.all() else "nobody"
        raise InputError(f"{every} of {len(population)} parties was kept: an outcome must tell people apart, change it")
    if not len(streams.what):
        raise InputError("no candidate stream: the log has no events between the start and the outcome")


def _halves(population: Population, rng: np.random.Generator) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Masks of the screening and the estimation half, by group where there are two or more, else drawn."""
    if population.groups >= 2:
        first = population.group < population.groups // 2
    else:
        first = rng.random(len(population)) < 0.5
    second = ~first
    return _at_most(first, SCREEN_PARTIES, rng), _at_most(second, ESTIMATE_PARTIES, rng)


def _at_most(mask: npt.NDArray[np.bool_], most: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    rows = np.flatnonzero(mask)
    if len(rows) <= most:
        return mask
    fewer = np.zeros_like(mask)
    fewer[rng.choice(rows, most, replace=False)] = True
    return fewer


def _look(ring: Ring, choices: Sequence[Choice]) -> list[Looked]:
    """Confirm each choice, pay for how many were tried, then hold those that stand against each other."""
    alone = [ring.alone(choice.cell) for choice in choices]
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
    for i, one in enumerate(looked):
        looked[i] = _explained(ring, one, accepted)
    return looked


def _explained(ring: Ring, one: Looked, accepted: Sequence[Cell]) -> Looked:
    """A line that goes with staying in the trials, but did not stand: a proxy where an accepted moment explains that."""
    trial = one.numbers.trial
    if one.verdict == "candidate" or one.reason == "proxy":
        return one
    if trial is None or limits(trial)[0] <= 0:
        return one
    held = explained(ring, one.choice.cell, accepted)
    if held.trial is None or limits(held.trial)[0] > 0 or held.trial.value > 0.6 * trial.value:
        return one
    return _again(one, held, "association only", "proxy")


def _again(one: Looked, held: Beside, verdict: Verdict, reason: Reason) -> Looked:
    """The same line with its numbers beside others."""
    old = one.numbers
    numbers = Numbers(old.above, old.raw, held.landmark, held.trial, old.p, old.only_name)
    return Looked(one.choice, numbers, verdict, reason, held.others)


def _two_sided(found: Confirmed | None) -> float:
    from scipy.special import ndtr

    return 1.0 if found is None or not found.se > 0 else float(2 * ndtr(-abs(found.value / found.se)))


def _finding(
    one: Looked,
    streams: Streams,
    population: Population,
    activity: Activity,
    names: Sequence[str] | None,
    ranked: Peers,
) -> Finding:
    cell, numbers = one.choice.cell, one.numbers
    what = streams.what[cell.stream]
    when = line(what, cell.count, int(cell.days))
    reached = reached_by(streams, len(population), cell)
    size = int(reached.sum())
    without = float(population.kept[~reached].mean()) if size < len(population) else float("nan")
    proxy = None if one.proxy_of is None else line(
        streams.what[one.proxy_of.stream], one.proxy_of.count, int(one.proxy_of.days)
    )  # fmt: skip
    found, mark = numbers.effect, numbers.landmark
    effect = (
        Refusal(reasons.why("overlap", numbers, estimated=activity.n))
        if found is None
        else reasons.estimate(found, len(one.beside))
    )
    verdict = one.verdict
    why = reasons.why(one.reason, numbers, estimated=activity.n, proxy_of=proxy)
    if verdict == "cannot say" and found is not None:
        why += f"; about {reasons.more_needed(found)} more people would tell"
    strongest = None
    if mark.strongest_name >= 0:
        strongest = _name_of(activity, mark.strongest_name, names)
    return Finding(
        when=when,
        what=what,
        count=cell.count,
        days=int(cell.days),
        verdict=verdict,
        why=why,
        reached=size,
        kept_with=float(population.kept[reached].mean()) if size else float("nan"),
        kept_without=without,
        effect=effect,
        sensitivity=None if found is None else reasons.sensitivity(found, mark, strongest),
        peer_rank=ranked.rank_of(cell),
        test=reasons.settling(when, None if found is None else found.value, without, size / len(population)),
        proxy_of=proxy,
        asked=one.choice.asked,
    )


def reached_by(streams: Streams, n: int, cell: Cell) -> npt.NDArray[np.bool_]:
    """Which parties reached a moment."""
    rows = (streams.stream == cell.stream) & (streams.offset_us < int(cell.days * DAY_US))
    reached: npt.NDArray[np.bool_] = np.bincount(streams.party[rows], minlength=n) >= cell.count
    return reached


def _name_of(activity: Activity, column: int, names: Sequence[str] | None) -> str:
    stream = int(np.flatnonzero(activity.column == column)[0])
    return activity.what[stream] if names is None else names[int(activity.base[stream])]


def _merit(found: Finding, one: Looked) -> tuple[int, float]:
    """Best first: candidates by their adjusted effect, then lines asked for, then what came nearest on the screen."""
    if found.verdict == "candidate" and not isinstance(found.effect, Refusal):
        return 2, found.effect.value
    return (1 if found.asked else 0), one.choice.z


def _refusals(
    streams: Streams, population: Population, horizon_days: int, aside: Mapping[int, str], grid: Grid
) -> tuple[SetAside, ...]:
    out = [SetAside(streams.what[s], f"tautology: {why}") for s, why in sorted(aside.items())]
    out.append(SetAside(
        f"windows longer than {horizon_days} days",
        f"time: the outcome begins {horizon_days} days after the start, and what comes then can no longer lead to it",
    ))  # fmt: skip
    late = streams.offset_us >= horizon_days * DAY_US
    if late.any():
        out += _late(streams, population, late, horizon_days)
    few = [streams.what[s] for s in range(len(streams.what)) if s not in aside and not np.isfinite(grid.z[s]).any()]
    out += [SetAside(what, "too few people reached it, or too few did not") for what in few]
    return tuple(out)


def _late(
    streams: Streams, population: Population, late: npt.NDArray[np.bool_], horizon_days: int
) -> list[SetAside]:
    """Streams that go with staying by what comes after the outcome has begun: done because people stayed."""
    out = []
    for s in range(len(streams.what)):
        did = np.zeros(len(population), bool)
        did[streams.party[late & (streams.stream == s)]] = True
        share = float(did.mean())
        if not 0.01 <= share <= 0.99:
            continue
        raw = float(population.kept[did].mean() - population.kept[~did].mean())
        if raw > 0.2:
            out.append(SetAside(
                f"{streams.what[s]} after {horizon_days} days",
                f"time: {reasons.points(raw)} more of 100 stay among those who do it then, but by then the outcome has"
                " begun: people may do it because they stay",
            ))  # fmt: skip
    return out


def _peer_lines(
    ranked: Peers, grid: Grid, streams: Streams, population: Population, found: Sequence[Finding]
) -> tuple[PeerLine, ...]:
    place = {(f.what, f.count, f.days): (i, f.verdict) for i, f in enumerate(found, 1)}
    out = []
    for rank, (cell, phi) in enumerate(ranked.first(10), 1):
        reached = reached_by(streams, len(population), cell)
        what = streams.what[cell.stream]
        ours = place.get((what, cell.count, int(cell.days)))
        out.append(PeerLine(
            rank, line(what, cell.count, int(cell.days)), phi, int(reached.sum()), float(population.kept[reached].mean()),
            float(population.kept[~reached].mean()), ours and ours[0], ours and ours[1],
        ))  # fmt: skip
    return tuple(out)


def _notes(
    grid: Grid, first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_], population: Population
) -> tuple[str, ...]:
    notes = [
        f"screened on {int(first.sum())} people, estimated on {int(second.sum())} others",
        f"the bar: z above {grid.bar:.2f}, which the best of all cells passes in 5 of 100 shuffles of the outcome",
    ]
    if int(first.sum()) + int(second.sum()) < len(population):
        notes.append(f"both drawn from {len(population)} people; shares as they stand are of all of them")
    return tuple(notes)
