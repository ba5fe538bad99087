"""Stages as SQL: when a party came into one, how long it stayed, and which points lie in it."""

from __future__ import annotations

from sqlglot import exp

from occasion.moments.calendar import FAR
from occasion.moments.definition import While
from occasion.moments.query_chain import Chain, Points
from occasion.moments.query_sql import part

NEVER = -FAR  # before every instant


def during(chain: Chain, node: While) -> Points:
    """The points at which the party is in the stage."""
    given = chain.points(node.pattern)
    table = placed(chain, given.table, node.stage)
    text = "SELECT party, at_us FROM p WHERE out_us > at_us"
    return Points(chain.add("during", text, {"p": table}), unique=given.unique)


def placed(chain: Chain, table: str, stage: str) -> str:
    """Points with the instant at which the stage they lie in is left (`NEVER`: they do not lie in it)."""
    return chain.add(
        "placed",
        "SELECT party, at_us, COALESCE(out_us, :never) AS out_us FROM (SELECT party, at_us, kind, "
        "LAST_VALUE(out_us IGNORE "
        "NULLS) OVER (PARTITION BY party ORDER BY at_us, kind ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS "
        "out_us FROM (SELECT party, at_us, 0 AS kind, out_us FROM s UNION ALL SELECT party, at_us, 1, "
        "CAST(NULL AS BIGINT) FROM p) AS u) AS l WHERE kind = 1",
        {"s": _spells(chain, stage), "p": table},
        never=NEVER,
    )


def comings_in(chain: Chain, stage: str) -> str:
    """The instants at which the party enters the stage from another or from none."""
    text = "SELECT party, at_us FROM s WHERE coming"
    return chain.add("coming", text, {"s": _spells(chain, stage)})


def _spells(chain: Chain, stage: str) -> str:
    """Every entry with when the stage is left (`NEVER` if another stage's), and whether the party comes into it."""

    def make() -> str:
        with chain.party_level():
            spells = chain.add(
                "spells",
                "SELECT party, at_us, CASE WHEN stage = :s THEN COALESCE(MIN(CASE WHEN stage <> :s THEN at_us "
                "END) OVER "
                "(PARTITION BY party ORDER BY at_us DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), :far) "
                "ELSE :never END AS out_us, stage = :s AND COALESCE(LAG(stage) OVER (PARTITION BY party ORDER "
                "BY at_us), -1) "
                "<> :s AS coming FROM entries",
                {"entries": chain.once(lambda: _entries(chain), "entries")},
                s=_code(chain, stage),
                far=FAR,
                never=NEVER,
            )
        return chain.spread(spells, "at_us", "out_us", "coming")

    spells: str = chain.once(make, "spells", stage)
    return spells


def _code(chain: Chain, stage: str) -> int:
    return next((i for i, one in enumerate(chain.stages) if one.name == stage), -2)


def _entries(chain: Chain) -> str:
    """One entry an instant: of stages entered at one instant, the later in the catalogue."""
    entered: exp.Query | None = None
    for i, stage in enumerate(chain.stages):
        one = exp.select("party", "at_us", exp.alias_(exp.convert(i), "place"))
        one = one.from_(chain.points(stage.enter).table)
        entered = one if entered is None else exp.union(entered, one, distinct=False)
    if entered is None:
        entered = exp.select("party", "at_us", exp.alias_(exp.convert(-1), "place")).from_(chain.relation.starts)
        entered = entered.where("1 = 0")
    latest = chain.add(
        "latest",
        "SELECT party, at_us, MAX(place) AS place FROM e GROUP BY party, at_us",
        {"e": chain.keep("entered", entered)},
    )
    names = exp.Case()
    for i, stage in enumerate(chain.stages):
        names = names.when(part("place = :i", i=i), exp.convert(_code(chain, stage.name)))
    return chain.add(
        "entries", "SELECT party, at_us, :name AS stage FROM l", {"l": latest}, name=names.else_(exp.convert(-1))
    )
