"""The SQL reading: a definition as one syntax tree over a log in an engine, equal to the law on every engine.

`reading` gives the query for all parties at once: party, value (the key of a `per`, else null), at_us, each occurrence
once. It is built, never glued (`query_sql`), and rendered by sqlglot for the engine that runs it.
"""

from __future__ import annotations

from sqlglot import exp

from occasion.moments.definition import (
    After,
    And,
    Definition,
    Did,
    Every,
    Fewer,
    Node,
    Nth,
    Or,
    Per,
    Reach,
    Rolling,
    Start,
    Streak,
    While,
    selections,
    walk,
)
from occasion.moments.query_chain import Chain, Points, Steps
from occasion.moments.query_civil import every, streak
from occasion.moments.query_fields import Relation, chosen_by
from occasion.moments.query_running import after, both, nth, rolling
from occasion.moments.query_sql import sql
from occasion.moments.query_stage import during
from occasion.moments.query_windows import windows


def reading(definition: Definition, relation: Relation, as_of: int, steps: Steps) -> exp.Query:
    """The occurrences of a definition for all parties of a relation that is cut at `as_of` (UTC microseconds).

    Columns: party as the relation has it, value (see `query_fields.unkeyed`; null without a `per`), at_us; no order.
    A definition with months, years or a streak by zone asks `steps` for its anchors on the way.
    """
    chain = Chain(relation, as_of, steps, definition.stages, _points)
    node = definition.node
    if not isinstance(node, Per):
        table = chain.instants(node)
        return chain.query(sql("SELECT party, CAST(NULL AS TEXT) AS value, at_us FROM o", {"o": table}))
    _open_values(chain, node)
    table = chain.instants(node.pattern)
    if any(isinstance(part, Start) or _comes_in(part) for part in walk(node.pattern)):
        whole = sql(
            "SELECT o.party, o.value, o.at_us FROM o JOIN v USING (party, value) WHERE o.at_us >= v.since_us",
            {"o": table, "v": chain.values},
        )
        return chain.query(whole)
    return chain.query(sql("SELECT party, value, at_us FROM o", {"o": table}))


def _comes_in(node: Node) -> bool:
    return isinstance(node, Fewer) and node.silence is not None and node.silence.coming_in


def _open_values(chain: Chain, node: Per) -> None:
    """Enter the scope of a `per`: events with their value, and each value since its first chosen event."""
    relation = chain.relation
    chosen = [chosen_by(selection, relation) for selection in selections(node.pattern)]
    chain.events = chain.keep(
        "valued",
        sql(
            "SELECT * FROM (SELECT e.*, :key AS value FROM events AS e) AS k WHERE NOT value IS NULL",
            {"events": relation.events},
            key=relation.key(node.field),
        ),
    )
    chain.values = chain.keep(
        "values",
        sql(
            "SELECT party, value, MIN(at_us) AS since_us FROM k WHERE :chosen GROUP BY party, value",
            {"k": chain.events},
            chosen=exp.or_(*chosen) if chosen else exp.false(),
        ),
    )
    chain.valued = True


def _points(chain: Chain, node: Node) -> Points:
    match node:
        case Did(selection):
            text = "SELECT party, at_us FROM events WHERE :chosen"
            chosen = chosen_by(selection, chain.relation)
            return Points(chain.add("did", text, {"events": chain.events}, chosen=chosen), unique=False)
        case Start():
            return Points(chain.spread(chain.relation.starts, "at_us"), unique=True)
        case Or(left, right):
            sides = {"l": chain.points(left).table, "r": chain.points(right).table}
            text = "SELECT party, at_us FROM l UNION SELECT party, at_us FROM r"
            return Points(chain.add("either", text, sides), unique=True)
        case And():
            return both(chain, node)
        case Nth():
            return nth(chain, node)
        case Reach() | Fewer():
            return windows(chain, node)
        case Rolling():
            return rolling(chain, node)
        case After():
            return after(chain, node)
        case Streak():
            return streak(chain, node)
        case Every():
            return every(chain, node)
        case While():
            return during(chain, node)
        case Per():
            raise ValueError("`per` stands only at the end of a moment")
