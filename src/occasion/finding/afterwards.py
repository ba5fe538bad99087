"""What is done only after the outcome has begun: it goes with staying because people who stay do it. Said, not judged.

No candidate looks beyond the horizon; so the same people's events between the horizon and the end of the outcome's
window are counted by themselves, and what goes with staying there is set aside with time as the reason.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from occasion.finding.candidates import DAY_US, counts
from occasion.finding.chunks import Study
from occasion.finding.cores import side_by_side
from occasion.finding.cube_sql import population_table
from occasion.finding.findings import SetAside
from occasion.finding.kernels import compiled
from occasion.finding.outcome import Question
from occasion.finding.reasons import points
from occasion.moments.definition import Period
from occasion.moments.query_sql import sql
from occasion.store.engine import Engine

WORTH_SAYING = 0.2
RARE = 0.01
LONGEST_MONTH = 31


def set_aside(what: str, horizon_days: int, share: float, raw: float) -> SetAside | None:
    """The sentence on a stream whose points after the horizon go with staying; None where they hardly do.

    `share`: of the people who have one then; `raw`: how many more of these are kept, as a share.
    """
    if not RARE <= share <= 1 - RARE or not raw > WORTH_SAYING:
        return None
    return SetAside(
        f"{what} after {horizon_days} days",
        f"time: {points(raw)} more of 100 stay among those who do it then, but by then the outcome has begun: people"
        " may do it because they stay",
    )


def done_afterwards(engine: Engine, study: Study, asked: Question) -> tuple[SetAside, ...]:
    """The event names that go with being kept by what comes from the horizon to the end of the outcome's window.

    Names that the outcome itself counts are left out: their being there then *is* the outcome.
    """
    if any(selection.of != "event" for selection in asked.counted):
        return ()
    own = {selection.name for selection in asked.counted}
    total, kept = len(study.population), int(study.population.kept.sum())
    said = []
    for code, (did, did_kept) in sorted(_did(engine, study, asked).items()):
        if study.names[code] in own or not 0 < did < total:
            continue
        raw = did_kept / did - (kept - did_kept) / (total - did)
        said.append(set_aside(counts(study.names)[code].what, asked.horizon_days, did / total, raw))
    return tuple(one for one in said if one is not None)


def _did(engine: Engine, study: Study, asked: Question) -> dict[int, tuple[int, int]]:
    """By name: how many parties have such an event then, and how many of them were kept."""
    assert asked.outcome.hi is not None
    begin, end = asked.horizon_days * DAY_US, _at_most(asked.outcome.hi)
    if engine.name == "duckdb" and study.source.sealed:
        did = done(study, begin, end)
        return {int(name): (int(did[name, 0]), int(did[name, 1])) for name in np.flatnonzero(did[:, 0])}
    return by_sql(engine, study, begin, end)


def done(study: Study, begin_us: int, end_us: int) -> npt.NDArray[np.int64]:
    """By name of a sealed source: parties with an event from `begin_us` to `end_us` after the start, and the kept ones
    among them (names × 2)."""
    from occasion.finding.row_groups import taken
    from occasion.finding.sealed_kernels import parties_by_name

    def of_piece(piece: Study) -> npt.NDArray[np.int64]:
        did, last = np.zeros((len(study.names), 2), np.int64), np.full(len(study.names), -1, np.int64)
        for rows in taken(piece, end_us):
            compiled(parties_by_name)(*rows, begin_us, study.population.kept, last, did)
        return did

    with side_by_side() as cores:
        found: npt.NDArray[np.int64] = np.sum(list(cores.map(of_piece, study.pieces())), axis=0)
        return found


def by_sql(engine: Engine, study: Study, begin_us: int, end_us: int) -> dict[int, tuple[int, int]]:
    """The same on an engine, whatever the source."""
    raw = engine.open(study.source)
    found = engine.run(sql(
        "SELECT e.name, COUNT(DISTINCT e.party) AS did, COUNT(DISTINCT CASE WHEN p.cell % 2 = 1 THEN e.party END) AS "
        "did_kept FROM raw AS e JOIN population AS p ON p.party = e.party "
        "WHERE e.at_us >= p.start_us + :begin AND e.at_us < p.start_us + :end GROUP BY e.name",
        {"raw": raw.table, "population": engine.put(population_table(study))},
        begin=begin_us, end=end_us,
    ))  # fmt: skip
    code = {(raw.names.get(n, -1) if raw.names is not None else n): i for i, n in enumerate(study.names)}
    columns = (found[name].to_pylist() for name in ("name", "did", "did_kept"))
    return {code[name]: (did, did_kept) for name, did, did_kept in zip(*columns, strict=True) if name in code}


def _at_most(period: Period) -> int:
    """The period's length in microseconds, of one in months the longest it can be."""
    return period.months * LONGEST_MONTH * DAY_US if period.civil else period.us
