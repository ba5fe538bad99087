"""Time by the calendar as SQL: zones in force, periods after anchors, `every`, `streak`.

Months and years, and a zone's offsets, are not left to an engine's own calendar: a reading that needs them fetches its
anchors (or its zones), Python's calendar answers, and SQL goes on with the answers as a table. So every engine has the
same calendar, the law's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlglot import exp

from occasion.moments import calendar
from occasion.moments.definition import Every, Period, Streak
from occasion.moments.query_chain import Chain, Points
from occasion.moments.query_sql import fixed_us, part, sql
from occasion.moments.zones import offsets, refuse_unknown

DAY_US = 86_400_000_000
FIRST_ORDINAL = 719_163  # the proleptic ordinal of 1970-01-01; added first, so that integer division never sees minus


def zoned(chain: Chain, table: str) -> str:
    """Points with the zone in force at each: party, at_us, zone."""
    if chain.relation.zones is None:
        return chain.add("zoned", "SELECT party, at_us, :zone AS zone FROM p", {"p": table}, zone=chain.relation.zone)
    return chain.add(
        "zoned",
        "SELECT party, at_us, COALESCE(stated, :zone) AS zone FROM (SELECT party, at_us, kind, LAST_VALUE(zone IGNORE "
        "NULLS) OVER (PARTITION BY party ORDER BY at_us, kind ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS "
        "stated FROM (SELECT party, at_us, 0 AS kind, zone FROM z UNION ALL SELECT party, at_us, 1, "
        "CAST(NULL AS TEXT) FROM p) AS u) AS l WHERE kind = 1",
        {"z": chain.once(lambda: _zones(chain), "zones"), "p": table},
        zone=chain.relation.zone,
    )


def _zones(chain: Chain) -> str:
    """What zone the party's events state, one an instant: the last by id."""
    with chain.party_level():
        stated = chain.add(
            "zones",
            "SELECT party, at_us, ARG_MAX(zone, id) AS zone FROM z GROUP BY party, at_us",
            {"z": str(chain.relation.zones)},
        )
    return chain.spread(stated, "at_us", "zone")


def due(chain: Chain, table: str, period: Period | None) -> str:
    """Points with the instant a period later: party, at_us, due_us."""
    if period is None or not period.civil:
        return chain.add("due", "SELECT party, at_us, at_us + :us AS due_us FROM p", {"p": table}, us=fixed_us(period))
    days = zoned(chain, table)
    answers = _asked(chain, days, ("due_us",), lambda at, zone: [calendar.add(at, period, zone)])
    return chain.add(
        "due",
        "SELECT d.party, d.at_us, c.due_us FROM d JOIN c ON d.at_us = c.at_us AND d.zone = c.zone",
        {"d": days, "c": answers},
    )


def every(chain: Chain, node: Every) -> Points:
    """The dates a+W, a+2W, ... up to the as-of."""
    anchors = chain.instants(node.anchor)
    period = node.period
    if not period.civil:
        table = chain.add(
            "every",
            "SELECT party, UNNEST(GENERATE_SERIES(at_us + :w, :as_of, :w)) AS at_us FROM a WHERE at_us + :w <= :as_of",
            {"a": anchors}, w=part("CAST(:w AS BIGINT)", w=fixed_us(period)), as_of=chain.as_of,
        )  # fmt: skip
        return Points(table, unique=False)
    days = zoned(chain, anchors)
    answers = _asked(chain, days, ("due_us",), lambda at, zone: _dates(at, period, zone, chain.as_of))
    table = chain.add(
        "every",
        "SELECT d.party, c.due_us AS at_us FROM d JOIN c ON d.at_us = c.at_us AND d.zone = c.zone",
        {"d": days, "c": answers},
    )
    return Points(table, unique=False)


def _dates(at: int, period: Period, zone: str, as_of: int) -> Iterable[int]:
    k = 1
    while (date := calendar.add(at, period.times(k), zone)) <= as_of:
        yield date
        k += 1


def _asked(chain: Chain, days: str, columns: tuple[str], answer: Any) -> str:
    """The step: the distinct (at_us, zone) are fetched, answered by Python's calendar and put back as a table."""
    import pyarrow as pa

    asked = chain.steps.run(chain.query(sql("SELECT DISTINCT at_us, zone FROM d", {"d": days}))).to_pydict()
    refuse_unknown(asked["zone"])
    rows = [(at, z, due) for at, z in zip(asked["at_us"], asked["zone"], strict=True) for due in answer(at, z)]
    table = pa.table(
        {
            "at_us": pa.array([row[0] for row in rows], pa.int64()),
            "zone": pa.array([row[1] for row in rows], pa.string()),
            columns[0]: pa.array([row[2] for row in rows], pa.int64()),
        }
    )
    return chain.steps.put(table)


def streak(chain: Chain, node: Streak) -> Points:
    """The first point of the n-th civil unit in a row, units going up by one each; one not later is passed over."""
    units = chain.add(
        "units",
        "SELECT party, at_us, :unit AS unit FROM d",
        {"d": _local_days(chain, chain.points(node.pattern).table)},
        unit=_unit(node.unit),
    )
    fresh = chain.add(
        "fresh",
        "SELECT party, at_us, unit FROM (SELECT party, at_us, unit, MAX(unit) OVER (PARTITION BY party ORDER BY at_us "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest FROM u) AS n WHERE latest IS NULL OR "
        "unit > latest",
        {"u": units},
    )
    table = chain.add(
        "streak",
        "SELECT party, at_us FROM (SELECT party, at_us, unit, LAG(unit, :n) OVER (PARTITION BY party ORDER BY at_us) "
        "AS before, :first AS opening FROM f) AS l "
        "WHERE opening = unit - :m AND (before IS NULL OR before <> unit - :n)",
        {"f": fresh},
        n=node.n,
        m=node.n - 1,
        first=part("LAG(unit, :m) OVER (PARTITION BY party ORDER BY at_us)", m=node.n - 1)
        if node.n > 1
        else exp.column("unit"),
    )
    return Points(table, unique=True)


def _local_days(chain: Chain, table: str) -> str:
    """Points with the proleptic ordinal of their local date."""
    if chain.relation.zones is None and chain.relation.zone == "UTC":
        return chain.add(
            "days",
            "SELECT party, at_us, (at_us + :first * :day) // :day AS ordinal FROM p",
            {"p": table}, first=part("CAST(:n AS BIGINT)", n=FIRST_ORDINAL), day=DAY_US,
        )  # fmt: skip
    local = zoned(chain, table)
    return chain.add(
        "days",
        "SELECT l.party, l.at_us, (l.at_us + o.offset_us + :first * :day) // :day AS ordinal FROM l JOIN o "
        "ON l.zone = o.zone AND l.at_us >= o.from_us AND l.at_us < o.until_us",
        {"l": local, "o": _offsets(chain, local)},
        first=part("CAST(:n AS BIGINT)", n=FIRST_ORDINAL),
        day=DAY_US,
    )


def _offsets(chain: Chain, local: str) -> str:
    import pyarrow as pa

    asked = sql("SELECT zone, MIN(at_us) AS first_us, MAX(at_us) AS last_us FROM l GROUP BY zone", {"l": local})
    rows = chain.steps.run(chain.query(asked)).to_pylist()
    refuse_unknown(row["zone"] for row in rows)
    spans = [(row["zone"], *span) for row in rows for span in offsets(row["zone"], row["first_us"], row["last_us"])]
    columns = list(zip(*spans, strict=True)) or [(), (), (), ()]
    made = {"zone": pa.array(columns[0], pa.string())}
    made |= {n: pa.array(c, pa.int64()) for n, c in zip(("from_us", "until_us", "offset_us"), columns[1:], strict=True)}
    return chain.steps.put(pa.table(made))


def _unit(unit: str) -> exp.Expression:
    """The number of the civil unit of a date's ordinal, as in `calendar.unit_of_day`, by whole numbers only."""
    ordinal = exp.column("ordinal")
    if unit == "day":
        return ordinal
    if unit == "week":
        return (ordinal - 1) // 7
    # H. Hinnant, "chrono-compatible low-level date algorithms": the year begins in March, eras have 400 years
    day = ordinal + 305  # days since 0000-03-01
    of_era = day % 146097
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - exp.paren(year_of_era * 365 + year_of_era // 4 - year_of_era // 100)
    month = (year_of_era + day // 146097 * 400) * 12 + (of_year * 5 + 2) // 153 + 2
    return month if unit == "month" else month // 12
