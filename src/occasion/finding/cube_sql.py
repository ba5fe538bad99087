"""The cube by SQL, on DuckDB or Spark: equal, cell for cell, to what the kernels count.

The tree is built once and rendered by the engine; a party's hash group comes with the population, computed once
(grouping.py), so that it is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from sqlglot import exp

from occasion.events.event import EVENT_FIELDS
from occasion.finding.candidates import DAY_US, Candidate
from occasion.finding.chunks import Study
from occasion.finding.cube import Cube, as_cube, cells, check_size
from occasion.finding.points_sql import KINDS, Columns, points
from occasion.finding.population import Streams
from occasion.finding.streams import Points, asked_fields, bases, in_time, joined
from occasion.moments.query_sql import sql
from occasion.store.engine import Engine, Raw

AT_ONCE = 16  # candidates that are a query of their own, united into one


def cube_by_sql(
    engine: Engine, study: Study, candidates: Sequence[Candidate], counts: int = 50, days: int = 30
) -> Cube:
    """The cube on an engine; what comes back is one row a cell that is not empty."""
    check_size(counts, days)
    groups = study.population.groups
    histogram = np.zeros((2 * groups, counts, len(candidates), days), np.int32)
    for placed, population in _placed(engine, study, candidates, days):
        cube = sql(
            "SELECT p.cell, s.stream, s.k, s.offset_us // :day AS day, COUNT(*) AS n FROM placed AS s "
            "JOIN population AS p ON p.party = s.party WHERE s.k <= :counts GROUP BY 1, 2, 3, 4",
            {"placed": placed, "population": population}, day=DAY_US, counts=counts,
        )  # fmt: skip
        found = engine.run(cube)
        cell, stream, k, day = (found[name].to_numpy() for name in ("cell", "stream", "k", "day"))
        histogram[cell, k - 1, stream, day] = found["n"].to_numpy()
    shaped = histogram.reshape(groups, 2, counts, len(candidates), days)
    return as_cube(shaped, study.population, [c.what for c in candidates], bases(candidates))


def streams_by_sql(
    engine: Engine, study: Study, candidates: Sequence[Candidate], days: int, first: int = 50
) -> Streams:
    """The first points of each candidate on an engine: the compact table for the few looked at closely."""
    parts: list[Points] = []
    for placed, population in _placed(engine, study, candidates, days):
        query = sql(
            "SELECT p.row_number AS place, s.stream, s.offset_us FROM placed AS s "
            "JOIN population AS p ON p.party = s.party WHERE s.k <= :first",
            {"placed": placed, "population": population}, first=first,
        )  # fmt: skip
        found = engine.run(query)
        row, stream, offset = (found[name].to_numpy() for name in ("place", "stream", "offset_us"))
        parts.append((row.astype(np.int32), stream.astype(np.int32), offset.astype(np.int64)))
    row, stream, offset = in_time(joined(parts))
    return Streams(row, stream, offset, [c.what for c in candidates], bases(candidates))


def _placed(
    engine: Engine, study: Study, candidates: Sequence[Candidate], days: int
) -> Iterator[tuple[exp.Query, str]]:
    """Points within `days` days with their place k in the party's stream, some candidates at a time, and the
    population's table. All but plain counts read the events more than once, so these are kept as a table then."""
    raw = engine.open(study.source)
    population = engine.put(population_table(study))
    fields = asked_fields(candidates)
    codes = raw.names
    names = [exp.Literal.string(n) if codes is None else exp.Literal.number(codes.get(n, -1)) for n in study.names]
    seen = _events(raw, population, fields, days)
    events = engine.create("offsets", seen) if any(c.kind != "count" for c in candidates) else seen
    for numbered in _batches(candidates):
        found = points(Columns(names, fields), numbered)
        placed = sql(
            "SELECT party, stream, offset_us, "
            "ROW_NUMBER() OVER (PARTITION BY party, stream ORDER BY offset_us) AS k FROM points",
            {"points": sql_over(found, events)},
        )
        yield placed, population


def _batches(candidates: Sequence[Candidate]) -> Iterator[list[tuple[int, Candidate]]]:
    """Counts and slices together, which are one reading; of the others, which are one each, a few in a query."""
    numbered = list(enumerate(candidates))
    cheap = [(s, c) for s, c in numbered if c.kind in ("count", "slice")]
    dear = [(s, c) for s, c in numbered if c.kind not in ("count", "slice")]
    if cheap:
        yield cheap
    for begin in range(0, len(dear), AT_ONCE):
        yield dear[begin : begin + AT_ONCE]


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
