"""The cube by SQL, on DuckDB or Spark: equal, cell for cell, to what the kernels count.

The tree is built once and rendered by the engine; a party's hash group comes with the population, computed once
(grouping.py), so that it is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from sqlglot import exp

from occasion.events.event import EVENT_FIELDS
from occasion.finding.candidates import DAY_US, Candidate
from occasion.finding.chunks import Study
from occasion.finding.cube import Cube, as_cube, cells, check_size
from occasion.finding.points_sql import KINDS, Columns, points
from occasion.finding.population import Streams
from occasion.finding.streams import asked_fields, bases
from occasion.moments.query_sql import sql
from occasion.store.engine import Engine, Raw


def cube_by_sql(
    engine: Engine, study: Study, candidates: Sequence[Candidate], counts: int = 50, days: int = 30
) -> Cube:
    """The cube on an engine; what comes back is one row a cell that is not empty."""
    check_size(counts, days)
    placed, population = _placed(engine, study, candidates, days)
    cube = sql(
        "SELECT p.cell, s.stream, s.k, s.offset_us // :day AS day, COUNT(*) AS n FROM placed AS s "
        "JOIN population AS p ON p.party = s.party WHERE s.k <= :counts GROUP BY 1, 2, 3, 4",
        {"placed": placed, "population": population}, day=DAY_US, counts=counts,
    )  # fmt: skip
    found = engine.run(cube)
    groups = study.population.groups
    histogram = np.zeros((2 * groups, counts, len(candidates), days), np.int32)
    cell, stream, k, day = (found[name].to_numpy() for name in ("cell", "stream", "k", "day"))
    histogram[cell, k - 1, stream, day] = found["n"].to_numpy()
    shaped = histogram.reshape(groups, 2, counts, len(candidates), days)
    return as_cube(shaped, study.population, [c.what for c in candidates], bases(candidates))


def streams_by_sql(
    engine: Engine, study: Study, candidates: Sequence[Candidate], days: int, first: int = 50
) -> Streams:
    """The first points of each candidate on an engine: the compact table for the few looked at closely."""
    placed, population = _placed(engine, study, candidates, days)
    query = sql(
        "SELECT p.row_number AS place, s.stream, s.offset_us FROM placed AS s "
        "JOIN population AS p ON p.party = s.party WHERE s.k <= :first ORDER BY 1, 3, 2",
        {"placed": placed, "population": population}, first=first,
    )  # fmt: skip
    found = engine.run(query)
    row, stream, offset = (found[name].to_numpy() for name in ("place", "stream", "offset_us"))
    what = [c.what for c in candidates]
    return Streams(row.astype(np.int32), stream.astype(np.int32), offset.astype(np.int64), what, bases(candidates))


def _placed(engine: Engine, study: Study, candidates: Sequence[Candidate], days: int) -> tuple[exp.Query, str]:
    """Points within `days` days with their place k in the party's stream, and the population's table."""
    raw = engine.open(study.source)
    population = engine.put(population_table(study))
    fields = asked_fields(candidates)
    codes = raw.names
    names = [exp.Literal.string(n) if codes is None else exp.Literal.number(codes.get(n, -1)) for n in study.names]
    seen = _events(raw, population, fields, days)
    events = engine.create("offsets", seen) if any(c.kind != "count" for c in candidates) else seen
    found = points(Columns(names, fields), candidates)
    placed = sql(
        "SELECT party, stream, offset_us, "
        "ROW_NUMBER() OVER (PARTITION BY party, stream ORDER BY offset_us) AS k FROM points",
        {"points": sql_over(found, events)},
    )
    return placed, population


def sql_over(query: exp.Query, events: str | exp.Query) -> exp.Query:
    """The query with its `events` meaning that table or query."""
    for table in list(query.find_all(exp.Table)):
        if table.name == "events":
            made = exp.to_table(events).as_("events") if isinstance(events, str) else events.subquery("events")
            table.replace(made)
    return query


def _events(raw: Raw, population: str, fields: Sequence[str], days: int) -> exp.Query:
    """Events of the parties under study until `days` days after the start, those before the start too."""
    query = sql(
        "SELECT e.party, e.name, e.at_us - p.start_us AS offset_us FROM raw AS e "
        "JOIN population AS p ON p.party = e.party WHERE e.at_us < p.start_us + :end",
        {"raw": raw.table, "population": population}, end=days * DAY_US,
    )  # fmt: skip
    values = []
    for i, field in enumerate(fields):
        for kind, value in zip(KINDS, _value(raw, field), strict=True):
            values.append(exp.alias_(value, f"f{i}_{kind}"))
    return query.select(*values)


def _value(raw: Raw, field: str) -> tuple[exp.Expression, exp.Expression, exp.Expression]:
    if field not in EVENT_FIELDS:
        return raw.typed(field)
    missing = exp.cast(exp.Null(), "decimal(24, 6)"), exp.cast(exp.Null(), "boolean")
    return exp.column(field, "e"), *missing


def population_table(study: Study) -> pa.Table:
    """party (code or text), row_number in the population, start_us, cell (2 · group + kept)."""
    population = study.population
    texts = study.texts if isinstance(study.texts, (pa.Array, pa.ChunkedArray)) else pa.array(list(study.texts or ()))
    return pa.table(
        {
            "party": pa.array(population.ids.astype(np.int32)) if study.source.sealed else texts,
            "row_number": pa.array(np.arange(len(population), dtype=np.int32)),
            "start_us": pa.array(population.start_us),
            "cell": pa.array(cells(population).astype(np.int32)),
        }
    )
