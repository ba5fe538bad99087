"""A simulated world as finding works on it: streams of points and a population, straight from its arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from occasion.events.world import DAY_US, Derived, World
from occasion.events.world_patterns import first_of_each, follows
from occasion.finding.population import Population, Streams

Points = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def in_memory(world: World, rng: np.random.Generator, groups: int = 10) -> tuple[Streams, Population]:
    """The world's streams (a count for every event name, and its derived ones) and its population, groups drawn."""
    n = len(world.kept)
    texts = [f"count({name})" for name in world.names]
    bases = list(range(len(world.names)))
    party, stream, offset = world.party, world.name.astype(np.int32), world.offset_us
    if world.derived:
        parts = [(party, stream, offset)]
        for derived in world.derived:
            who, at = _points(world, derived)
            parts.append((who.astype(np.int32), np.full(len(who), len(texts), np.int32), at))
            texts.append(derived.what)
            bases.append(world.names.index(derived.name))
        party, stream, offset = (np.concatenate([p[i] for p in parts]) for i in range(3))
        order = np.lexsort((offset, party))
        party, stream, offset = party[order], stream[order], offset[order]
    population = Population(
        ids=np.arange(n, dtype=np.int64),
        start_us=world.start_us,
        kept=world.kept,
        group=rng.integers(0, groups, n).astype(np.uint8),
        groups=groups,
    )
    return Streams(party, stream, offset, texts, np.asarray(bases, np.int32)), population


def _points(world: World, derived: Derived) -> Points:
    rows = world.name == world.names.index(derived.name)
    if derived.kind == "distinct" and world.counterpart is not None:
        return first_of_each(world.party[rows], world.counterpart[rows], world.offset_us[rows])
    if derived.kind == "slice" and world.old_tie is not None:
        rows = rows & world.old_tie
        return world.party[rows].astype(np.int64), world.offset_us[rows]
    first, then = world.names.index(derived.after), world.names.index(derived.name)
    within = int(derived.within_days * DAY_US)
    return follows(world.party, world.name, world.offset_us, a=first, b=then, within_us=within)
