"""Which parties are looked at one by one where there are many: some to choose candidates, some to screen, some to
estimate. All are drawn within the groups that screen or estimate, so that nobody serves for two of these steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from occasion.finding.chunks import Study
from occasion.finding.population import Population

Rows = npt.NDArray[np.int64]

COARSE = 15_000
SCREENED = 25_000
ESTIMATED = 50_000


@dataclass(frozen=True)
class Drawn:
    """Rows of a population in their order: `coarse` for choosing among many candidates (may be empty), `looked` for all
    else; `everybody`: whether nobody was left out."""

    coarse: Rows
    looked: Rows
    everybody: bool


def drawn(population: Population, seed: int, *, coarse: bool) -> Drawn:
    """Who is looked at. With `coarse`, up to a third of those who screen are set apart, where there are enough of them.

    The groups below the middle screen, as `find` has it. The same seed draws the same parties.
    """
    rng = np.random.default_rng([seed, len(population)])
    first = population.group < population.groups // 2
    screen, estimate = rng.permutation(np.flatnonzero(first)), rng.permutation(np.flatnonzero(~first))
    apart = min(COARSE, len(screen) // 3) if coarse and len(screen) > SCREENED else 0
    chosen = np.concatenate([screen[apart : apart + SCREENED], estimate[:ESTIMATED]])
    return Drawn(np.sort(screen[:apart]), np.sort(chosen), len(chosen) == len(population))


def of_rows(population: Population, rows: Rows) -> Population:
    """Some parties of a population; groups stay what they are."""
    return replace(
        population,
        ids=population.ids[rows],
        start_us=population.start_us[rows],
        kept=population.kept[rows],
        group=population.group[rows],
    )


def studied(study: Study, rows: Rows) -> Study:
    """The same source with only some parties under study."""
    texts = study.texts
    if texts is not None:
        import pyarrow as pa

        whole = texts if isinstance(texts, (pa.Array, pa.ChunkedArray)) else pa.array(list(texts))
        texts = whole.take(pa.array(rows))
    return replace(study, population=of_rows(study.population, rows), texts=texts)
