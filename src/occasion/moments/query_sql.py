"""Syntax trees from constant SQL, filled with trees: nothing of a definition is ever pasted into a text.

The templates are written for one key column, `party`; where a `per` partitions the reading further, `widen` puts the
column `value` beside every `party` that is selected, grouped by, partitioned by or joined on.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import TypeAlias

import sqlglot
from sqlglot import exp

from occasion.moments.calendar import FAR
from occasion.moments.definition import Period

DIALECT = "duckdb"  # what the templates are written in; sqlglot renders them for every engine
LARGEST_SUM = Decimal(10) ** 31
Filling: TypeAlias = "exp.Expression | int | str"
MOST_ROWS = 2**31 - 1  # engines take row offsets as 32-bit numbers; no party has as many points


@lru_cache(maxsize=512)
def _parsed(text: str) -> exp.Expression:
    return sqlglot.parse_one(text, dialect=DIALECT)


def sql(text: str, tables: Mapping[str, str | exp.Query] | None = None, /, **filled: Filling) -> exp.Query:
    """A copy of the template's tree with its tables replaced (by a table's name or a query) and every `:name` replaced
    by a tree or a literal.
    """
    tree = _parsed(text).copy()
    for table in list(tree.find_all(exp.Table)):
        if not tables or table.name not in tables:
            continue
        stands_for, alias = tables[table.name], table.alias or table.name
        made = exp.to_table(stands_for).as_(alias) if isinstance(stands_for, str) else stands_for.subquery(alias)
        for join in table.args.pop("joins", None) or ():
            made.append("joins", join)
        table.replace(made)
    for hole in list(tree.find_all(exp.Placeholder)):
        value = filled[hole.name]
        made = value.copy() if isinstance(value, exp.Expression) else exp.convert(value)
        compound = isinstance(made, exp.Binary) and isinstance(hole.parent, exp.Binary)
        hole.replace(exp.paren(made, copy=False) if compound else made)
    return tree


def part(text: str, /, **filled: Filling) -> exp.Expression:
    """A part of a query (a condition, a term), filled like `sql`."""
    tree = sql(f"SELECT {text} AS it", None, **filled)
    return tree.selects[0].this.copy()


def widen(tree: exp.Query) -> exp.Query:
    """The same query keyed by (party, value) instead of party."""
    for select in tree.find_all(exp.Select):
        select.set("expressions", _beside(select.expressions))
        for join in select.args.get("joins") or ():
            if join.args.get("using"):
                join.set("using", [*join.args["using"], exp.to_identifier("value")])
    for group in tree.find_all(exp.Group):
        group.set("expressions", _beside(group.expressions))
    for window in tree.find_all(exp.Window):
        window.set("partition_by", _beside(window.args.get("partition_by") or []))
    return tree


def _beside(columns: list[exp.Expression]) -> list[exp.Expression]:
    out: list[exp.Expression] = []
    for column in columns:
        out.append(column)
        if isinstance(column, exp.Column) and column.name == "party":
            out.append(exp.column("value", table=column.table or None))
    return out


def decimal(value: Decimal, scale: int = 24) -> exp.Expression:
    """An exact number with at most six places as a literal."""
    return part(f"CAST(:text AS DECIMAL({scale}, 6))", text=format(value, "f"))


def whole(n: Decimal) -> int:
    """The least whole count that is at least n."""
    return int(min(n.to_integral_value(ROUND_CEILING), Decimal(MOST_ROWS)))


def least_sum(n: Decimal) -> exp.Expression:
    """The least sum of six places that is at least n, as a literal."""
    capped = min(n, LARGEST_SUM)
    return decimal(capped.quantize(Decimal("0.000001"), ROUND_CEILING), 38)


def fixed_us(period: Period | None) -> int:
    """A fixed period in microseconds, for ever if None; longer than every log is as good as for ever."""
    return FAR // 2 if period is None else min(period.us, FAR // 2)
