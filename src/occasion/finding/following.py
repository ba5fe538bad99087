"""What is followed party by party, and on whom: every candidate of everybody, or the best
of very many candidates on people drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from occasion.finding import one_name
from occasion.finding.activity import activity_of
from occasion.finding.candidates import Candidate
from occasion.finding.chunks import Study
from occasion.finding.cube import Cube, cube
from occasion.finding.findings import SetAside
from occasion.finding.population import Population, Streams
from occasion.finding.prefilter import FOLLOWED, coarse, followed, left_out
from occasion.finding.reader import Reader
from occasion.finding.sample import drawn, studied
from occasion.finding.screen import Cell

COUNTS = 50
HELD = "held equal, not judged"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Followed:
    """The candidates that are followed, the lines a person asked for among them, and the parties.

    `streams`: their points; `only_held`: streams that are there to be held equal but are not judged themselves;
    `cubes`: of the people drawn, one a text at least for every candidate there was; `everybody`: whether no party was
    left out; `apart`: whether a log of one name was told apart by direction; `left_out`: what does not go on.
    """

    study: Study
    candidates: list[Candidate]
    cells: list[Cell]
    streams: Streams
    cubes: tuple[Cube, ...]
    everybody: bool
    apart: bool
    only_held: frozenset[int] = frozenset()
    left_out: tuple[SetAside, ...] = ()

    @property
    def population(self) -> Population:
        """The parties followed."""
        return self.study.population


def follow(
    reader: Reader,
    under: Study,
    candidates: list[Candidate],
    cells: list[Cell],
    *,
    days: int,
    seed: int,
    progress: Progress,
) -> Followed:
    """Choose whom and what to follow, and read it. `days`: until when; `cells`: the lines a person asked for."""
    apart = one_name.told_apart(candidates)
    if apart:
        candidates, cells = one_name.by_direction(candidates, cells)
    who = drawn(under.population, seed, coarse=len(candidates) > FOLLOWED)
    going = _Going(candidates, cells)
    if len(who.coarse):
        progress(f"choosing among {len(candidates)} candidates on {len(who.coarse)} people set apart")
        going = _chosen(reader, studied(under, who.coarse), candidates, cells, days, apart=apart)
    study = under if who.everybody else studied(under, who.looked)
    progress(f"reading {len(going.candidates)} streams of {len(study.population)} people")
    streams = _read(reader, study, going, days, apart=apart)
    cubes = (cube(streams, _ungrouped(study.population), COUNTS, days), *going.cubes)
    return Followed(
        study, going.candidates, going.cells, streams, cubes, who.everybody, apart, going.only_held, going.left_out
    )


@dataclass(frozen=True)
class _Going:
    """The candidates that go on, and what the choice among all of them showed."""

    candidates: list[Candidate]
    cells: list[Cell]
    only_held: frozenset[int] = frozenset()
    cubes: tuple[Cube, ...] = ()
    left_out: tuple[SetAside, ...] = ()


def _chosen(
    reader: Reader, rough: Study, candidates: list[Candidate], cells: list[Cell], days: int, *, apart: bool
) -> _Going:
    """The best candidates on the people set apart, and those that are held equal whether they are judged or not."""
    streams = _read(reader, rough, _Going(candidates, cells), days, apart=apart)
    activity = activity_of(streams, np.ones(len(rough.population), np.bool_), days)
    z = coarse(activity, rough.population.kept, days, candidates, COUNTS)
    judged = set(followed(candidates, z, {cell.stream for cell in cells}, FOLLOWED))
    going_on = sorted(judged | set(np.flatnonzero(activity.column >= 0).tolist()))
    place = {s: i for i, s in enumerate(going_on)}
    return _Going(
        [candidates[s] for s in going_on],
        [replace(cell, stream=place[cell.stream]) for cell in cells],
        frozenset(place[s] for s in going_on if s not in judged),
        (cube(streams, _ungrouped(rough.population), COUNTS, days),),
        tuple(left_out(candidates, sorted(judged), len(rough.population))),
    )


def _read(reader: Reader, study: Study, going: _Going, days: int, *, apart: bool) -> Streams:
    highest = max((cell.count for cell in going.cells), default=0)
    streams = reader.streams(study, going.candidates, days, highest)
    return one_name.rebased(streams, going.candidates) if apart else streams


def _ungrouped(population: Population) -> Population:
    """The same parties in one group: a cube of them is as small as can be."""
    return replace(population, group=np.zeros_like(population.group), groups=1)
