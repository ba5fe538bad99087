"""DuckDB SQL by hand: counts a day first (a third of the rows remain), then running sums, then the counts passed."""

# ruff: noqa: PLR0917 -- columns and sizes, each by its name
from __future__ import annotations

import duckdb
import numpy as np

from peers.data import COUNTS, DAY_US, DAYS, Data, histogram

# A party and name pass the counts lo .. hi on a day: those are grouped before they are spread out, so that only
# a few hundred thousand rows are spread.
DAY_COUNTS = """
WITH days AS (
    SELECT {party} AS party, {name} AS name, p.cell, ((e.at - p.start_us) // {day})::TINYINT AS day, count(*)::INT AS c
    FROM ({events}) e JOIN population p ON p.{key} = e.party
    WHERE e.at >= p.start_us AND e.at < p.start_us + {days} * {day}
    GROUP BY ALL
), running AS (
    SELECT cell, name, day, c, sum(c) OVER (PARTITION BY party, name ORDER BY day)::INT AS hi FROM days
), passed AS (
    SELECT cell, name, day, hi - c + 1 AS lo, least(hi, {counts}) AS hi, count(*) AS n
    FROM running WHERE hi - c < {counts} GROUP BY ALL
)
SELECT cell, name, day, unnest(range(lo, hi + 1)) AS k, n FROM passed
"""
# The other way: number the rows. Slower in every run: the window sees all rows.
ROW_NUMBERS = """
WITH placed AS (
    SELECT p.cell, {name} AS name, ((e.at - p.start_us) // {day})::TINYINT AS day,
           row_number() OVER (PARTITION BY {party}, {name} ORDER BY e.at) AS k
    FROM ({events}) e JOIN population p ON p.{key} = e.party
    WHERE e.at >= p.start_us AND e.at < p.start_us + {days} * {day}
)
SELECT cell, name, day, k, count(*) AS n FROM placed WHERE k <= {counts} GROUP BY ALL
"""
SUMMED = "SELECT cell, name, day, k, sum(n)::INT AS n FROM ({}) GROUP BY ALL"


def sealed(data: Data, query: str = DAY_COUNTS) -> np.ndarray:
    """Integer codes: a hash join on 32-bit keys."""
    events = f"SELECT party, name, at_us AS at FROM read_parquet({data.sealed})"
    return _run(data, query, events, "code", "e.name", "e.party")


def ordered(data: Data, query: str = DAY_COUNTS) -> np.ndarray:
    """Text ids: the join turns them into codes, so that the grouping works on integers."""
    events = f"SELECT user_id AS party, event AS name, epoch_us(time) AS at FROM read_parquet('{data.ordered}')"
    return _run(data, query, events, "text", "substr(e.name, 7)::INT", "p.code")


def _run(data: Data, query: str, events: str, key: str, name: str, party: str) -> np.ndarray:
    filled = query.format(events=events, key=key, name=name, party=party, day=DAY_US, days=DAYS, counts=COUNTS)
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.register("population_arrow", data.population)
        connection.execute("CREATE TABLE population AS SELECT code, text, start_us, cell FROM population_arrow")
        found = connection.execute(SUMMED.format(filled)).fetchnumpy()
    return histogram(data, *(found[column] for column in ("cell", "name", "k", "day", "n")))


def row_numbers_sealed(data: Data) -> np.ndarray:
    """The other formulation."""
    return sealed(data, ROW_NUMBERS)


def row_numbers_ordered(data: Data) -> np.ndarray:
    """The other formulation."""
    return ordered(data, ROW_NUMBERS)
