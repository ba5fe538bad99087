"""A log with one event name: what people do is then told apart by direction, so that something can be held equal.

Where every event is called the same, "everything else a party did" is empty, and lines would be compared with nothing
held equal. Incoming and outgoing events are two things a party does; so they take the place of names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from occasion.finding.candidates import Candidate
from occasion.finding.population import Streams
from occasion.finding.screen import Cell

DIRECTIONS = ("in", "out")
EITHER = 2
NAMES = ("what came in", "what went out", "either way")  # by base, for sentences


def told_apart(candidates: Sequence[Candidate]) -> bool:
    """Whether the candidates are made of one name only, and that name has both directions."""
    names = {candidate.choice.name for candidate in candidates}
    return len(names) == 1 and {_direction(c) for c in candidates if c.kind == "slice"} >= {0, 1}


def by_direction(candidates: Sequence[Candidate], asked: Sequence[Cell]) -> tuple[list[Candidate], list[Cell]]:
    """The candidates, and the asked lines' places, without the plain count: the sum of both directions adds nothing.

    Where a person asked for that very count it stays.
    """
    wanted = {cell.stream for cell in asked}
    kept = [i for i, candidate in enumerate(candidates) if candidate.kind != "count" or i in wanted]
    return [candidates[i] for i in kept], [replace(cell, stream=kept.index(cell.stream)) for cell in asked]


def rebased(streams: Streams, candidates: Sequence[Candidate]) -> Streams:
    """The streams with the direction in place of the name: 0 incoming, 1 outgoing, 2 either way."""
    return replace(streams, base=np.array([_direction(candidate) for candidate in candidates], np.int32))


def _direction(candidate: Candidate) -> int:
    """The base of a candidate: that of the events that give its points."""
    choice = candidate.choice
    if choice.field == "direction" and choice.value in DIRECTIONS:
        return DIRECTIONS.index(str(choice.value))
    return EITHER
