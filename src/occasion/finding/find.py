"""Finding, all six steps, on streams in memory: screen, choose, confirm, check, hold against each other, say.

Half of the groups screens, the other half estimates; nothing of the second half is looked at before the choice is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from occasion.errors import InputError
from occasion.finding import pictures, present
from occasion.finding.activity import activity_of
from occasion.finding.blas import on_one_thread
from occasion.finding.choose import Choice, Peers, chosen, peers
from occasion.finding.cores import side_by_side
from occasion.finding.findings import Finding, Findings
from occasion.finding.look import Looked, look
from occasion.finding.population import Population, Streams
from occasion.finding.rivals import Ring
from occasion.finding.screen import Cell, Grid, plain_difference, screen, window_days

SCREEN_PARTIES = 30_000
ESTIMATE_PARTIES = 100_000
Mask = npt.NDArray[np.bool_]
Progress = Callable[[str], None]


@on_one_thread
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
    choosing: Callable[[Sequence[tuple[str, int, int]]], None] = lambda _: None,
) -> Findings:
    """Find the moments that go with being kept.

    `horizon_days`: when the outcome begins; only what came before is used, and no window is longer. `seed`: for the
    permutation, the drawn instants and, at more parties than `SCREEN_PARTIES` or `ESTIMATE_PARTIES` a half, the sample.
    `most`: how many lines are confirmed; `counts`: the largest count tried; `asked`: lines to confirm whatever the
    screen says; `tautologies`: streams the outcome itself is made of, with the reason: set aside. `names`: event names
    by base, for sentences; `choosing` is told each line (stream's text, count, days) that will be confirmed.
    Raises InputError where there is nobody or all outcomes are alike.
    """
    _check(streams, population, horizon_days)
    rng = np.random.default_rng(seed)
    first, second = _halves(population, rng)
    aside = dict(tautologies or {})
    progress("screening")
    grid, ranked, choices = _screened(
        streams, population, first, horizon_days, rng, counts=counts, most=most, asked=asked, skip=frozenset(aside)
    )
    choosing([(streams.what[c.cell.stream], c.cell.count, int(c.cell.days)) for c in choices])
    progress(f"confirming {len(choices)} lines")
    rivals = tuple(choice.cell for choice in choices if choice.above)
    ring = Ring(activity_of(streams, second, horizon_days), population.kept[second], horizon_days, rng, rivals)
    looked = sorted(look(ring, choices), key=_merit, reverse=True)
    found = [present.finding(one, streams, population, ring.activity, names=names, ranked=ranked) for one in looked]
    if with_pictures:
        progress("drawing")
        drawn = partial(_drawn, grid=grid, ring=ring, streams=streams, population=population)
        with side_by_side() as cores:
            found = list(cores.map(drawn, looked, found))
    return Findings(
        parties=len(population),
        kept=float(population.kept.mean()),
        candidates=tuple(found),
        refusals=present.refusals(streams, population, horizon_days, aside, grid),
        peers=present.peer_lines(ranked, streams, population, found),
        cells=int(np.isfinite(grid.z).sum()),
        horizon_days=horizon_days,
        seed=seed,
        unknown=unknown,
        kept_text=kept_text,
        start_text=start_text,
        as_of_us=as_of_us,
        notes=_notes(grid, first, second, len(population)),
    )


def _screened(
    streams: Streams,
    population: Population,
    first: Mask,
    horizon_days: int,
    rng: np.random.Generator,
    *,
    counts: int,
    most: int,
    asked: Sequence[Cell],
    skip: frozenset[int],
) -> tuple[Grid, Peers, list[Choice]]:
    """Every cell on the screening half, the ranking peers would give, and the lines that are to be confirmed."""
    activity, kept = activity_of(streams, first, horizon_days), population.kept[first]
    named = frozenset(cell.stream for cell in asked)
    grid = screen(activity, kept, window_days(horizon_days), rng, most=counts, skip=skip, first=named)
    ranked = peers(grid)
    plain = {cell: plain_difference(activity, kept, cell) for cell in asked}
    return grid, ranked, list(chosen(grid, streams, ranked, most, plain))


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


def _halves(population: Population, rng: np.random.Generator) -> tuple[Mask, Mask]:
    """Masks of the screening and the estimation half, by group where there are two or more, else drawn."""
    by_group = population.groups >= 2
    first = population.group < population.groups // 2 if by_group else rng.random(len(population)) < 0.5
    return _at_most(first, SCREEN_PARTIES, rng), _at_most(~first, ESTIMATE_PARTIES, rng)


def _at_most(mask: Mask, most: int, rng: np.random.Generator) -> Mask:
    rows = np.flatnonzero(mask)
    if len(rows) <= most:
        return mask
    fewer = np.zeros_like(mask)
    fewer[rng.choice(rows, most, replace=False)] = True
    return fewer


def _drawn(one: Looked, found: Finding, *, grid: Grid, ring: Ring, streams: Streams, population: Population) -> Finding:
    """With pictures where it is a candidate or somebody asked for it."""
    if found.verdict != "candidate" and not found.asked:
        return found
    return pictures.illustrated(found, one.choice.cell, grid, ring, streams=streams, population=population)


def _merit(one: Looked) -> tuple[int, float]:
    """Best first: candidates by their adjusted effect, then lines asked for, then what came nearest on the screen."""
    effect = one.numbers.effect
    if one.verdict == "candidate" and effect is not None:
        return 2, effect.value
    return (1 if one.choice.asked else 0), one.choice.z


def _notes(grid: Grid, first: Mask, second: Mask, parties: int) -> tuple[str, ...]:
    notes = [
        f"screened on {int(first.sum())} people, estimated on {int(second.sum())} others",
        f"the bar: z above {grid.bar:.2f}, which the best of all cells passes in 5 of 100 shuffles of the outcome",
    ]
    if int(first.sum()) + int(second.sum()) < parties:
        notes.append(f"both drawn from {parties} people; shares as they stand are of all of them")
    return tuple(notes)
