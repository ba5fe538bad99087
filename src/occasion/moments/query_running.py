"""Nodes that look back over a party's instants as SQL: `nth`, `and`, `rolling`, `after`. None joins a log to itself."""

from __future__ import annotations

from occasion.moments.definition import NOW, After, And, Did, Nth, Period, Rolling
from occasion.moments.query_chain import Chain, Points
from occasion.moments.query_civil import due
from occasion.moments.query_sql import MOST_ROWS, fixed_us, least_sum, whole
from occasion.moments.query_windows import items

BACK = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
_EDGE = (
    "SELECT party, at_us FROM (SELECT party, at_us, held, LAG(held) OVER (PARTITION BY party ORDER BY at_us) AS before "
    "FROM flags) AS f WHERE held AND NOT COALESCE(before, FALSE)"
)


def nth(chain: Chain, node: Nth) -> Points:
    """The k-th point, or every k-th."""
    given = chain.points(node.pattern).table if isinstance(node.pattern, Did) else chain.instants(node.pattern)
    if node.k == 1 and not node.every:
        text = "SELECT party, MIN(at_us) AS at_us FROM given GROUP BY party"
        return Points(chain.add("first", text, {"given": given}), unique=True)
    counted = "(SELECT party, at_us, ROW_NUMBER() OVER (PARTITION BY party ORDER BY at_us) AS k FROM given) AS counted"
    if node.every:
        text = f"SELECT party, at_us FROM {counted} WHERE k % :k = 0"
    else:
        text = f"SELECT party, at_us FROM {counted} WHERE k = :k"
    table = chain.add("nth", text, {"given": given}, k=min(node.k, MOST_ROWS))
    return Points(table, unique=not node.every)


def both(chain: Chain, node: And) -> Points:
    """Where both have been reached and neither has run out, at the edge."""
    if node.within is None:
        first = {side: nth(chain, Nth(part, 1)).table for side, part in (("l", node.left), ("r", node.right))}
        text = "SELECT l.party, GREATEST(l.at_us, r.at_us) AS at_us FROM l JOIN r USING (party)"
        return Points(chain.add("both", text, first), unique=True)
    sides = {"l": _lasting(chain, node.left, node.within), "r": _lasting(chain, node.right, node.within)}
    met = chain.add(
        "met",
        "SELECT party, at_us, MAX(l_us) AS l_us, MAX(r_us) AS r_us FROM "
        "(SELECT party, at_us, due_us AS l_us, CAST(NULL AS BIGINT) AS r_us FROM l "
        "UNION ALL SELECT party, at_us, CAST(NULL AS BIGINT), due_us FROM r) AS u GROUP BY party, at_us",
        sides,
    )
    flags = chain.add(
        "flags",
        f"SELECT party, at_us, COALESCE(MAX(l_us) OVER (PARTITION BY party ORDER BY at_us {BACK}) > at_us "
        f"AND MAX(r_us) OVER (PARTITION BY party ORDER BY at_us {BACK}) > at_us, FALSE) AS held FROM met",
        {"met": met},
    )
    return Points(chain.add("edge", _EDGE, {"flags": flags}), unique=True)


def _lasting(chain: Chain, pattern: And | object, within: Period) -> str:
    return due(chain, chain.instants(pattern), within)  # type: ignore[arg-type]


def rolling(chain: Chain, node: Rolling) -> Points:
    """Where the measure over (t - within, t] is enough, at the edge."""
    flags = _counted_back(chain, node) if node.measure.kind == "count" else _come_and_gone(chain, node)
    return Points(chain.add("edge", _EDGE, {"flags": flags}), unique=True)


def _counted_back(chain: Chain, node: Rolling) -> str:
    """A count is enough where the (n-1)-th point before is inside; an instant's last row sees all of its instant."""
    n = whole(node.n)
    back = "LAG(at_us, :k) OVER (PARTITION BY party ORDER BY at_us)" if n > 1 else "at_us"
    filled = {"k": n - 1} if n > 1 else {}
    rows = chain.add(
        "rows",
        f"SELECT party, at_us, {back} AS back_us, LEAD(at_us) OVER (PARTITION BY party ORDER BY at_us) AS "
        f"next_us FROM x",
        {"x": chain.points(node.measure.source).table},
        **filled,
    )
    return chain.add(
        "flags",
        "SELECT party, at_us, COALESCE(back_us > at_us - :within, FALSE) AS held FROM r "
        "WHERE next_us IS NULL OR next_us > at_us",
        {"r": rows},
        within=fixed_us(node.within),
    )


def _come_and_gone(chain: Chain, node: Rolling) -> str:
    """A sum is what has come less what has gone; a distinct value goes when it was not seen for the window's length."""
    given = items(chain, node.measure)
    if node.measure.kind == "sum":
        spans = chain.add(
            "spans", "SELECT party, at_us, at_us + :w AS gone_us, item AS gain FROM g",
            {"g": given}, w=fixed_us(node.within),
        )  # fmt: skip
    else:
        spans = chain.add(
            "spans",
            "SELECT party, at_us, CASE WHEN item IS NULL THEN at_us ELSE LEAST(at_us + :w, COALESCE(LEAD(at_us) OVER "
            "(PARTITION BY party, item ORDER BY at_us), at_us + :w)) END AS gone_us, "
            "CASE WHEN item IS NULL THEN 0 ELSE 1 END AS gain FROM g",
            {"g": given}, w=fixed_us(node.within),
        )  # fmt: skip
    changes = chain.add(
        "changes",
        "SELECT party, at_us, SUM(gain) AS gain, MAX(own) AS own FROM (SELECT party, at_us, gain, 1 AS own FROM s "
        "UNION ALL SELECT party, gone_us, -gain, 0 FROM s) AS u GROUP BY party, at_us",
        {"s": spans},
    )
    totals = chain.add(
        "totals",
        f"SELECT party, at_us, own, SUM(gain) OVER (PARTITION BY party ORDER BY at_us {BACK}) AS total FROM c",
        {"c": changes},
    )
    return chain.add(
        "flags",
        "SELECT party, at_us, COALESCE(total >= :n, FALSE) AS held FROM t WHERE own = 1",
        {"t": totals},
        n=least_sum(node.n) if node.measure.kind == "sum" else whole(node.n),
    )


def after(chain: Chain, node: After) -> Points:
    """Every instant of the pattern that an anchor strictly before it still covers."""
    given = chain.points(node.pattern)
    if node.within is None:
        anchor = nth(chain, Nth(node.anchor, 1)).table
        text = "SELECT p.party, p.at_us FROM p JOIN a USING (party) WHERE a.at_us < p.at_us"
        return Points(chain.add("after", text, {"p": given.table, "a": anchor}), unique=given.unique)
    lasting = due(chain, chain.points(node.anchor).table, node.within)
    # at one instant the pattern's row comes before the anchor's: it sees only anchors strictly before it
    covered = chain.add(
        "covered",
        f"SELECT party, at_us, kind, MAX(due_us) OVER (PARTITION BY party ORDER BY at_us, kind {BACK}) AS "
        f"until_us FROM "
        "(SELECT party, at_us, 0 AS kind, CAST(NULL AS BIGINT) AS due_us FROM p "
        "UNION ALL SELECT party, at_us, 1, due_us FROM a) AS u",
        {"p": given.table, "a": lasting},
    )
    text = "SELECT party, at_us FROM c WHERE kind = 0 AND until_us > at_us"
    return Points(chain.add("after", text, {"c": covered}), unique=given.unique)


__all__ = ["NOW", "after", "both", "nth", "rolling"]
