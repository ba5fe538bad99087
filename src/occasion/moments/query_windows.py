"""`reach` and `fewer` as SQL: windows that open with an anchor."""

from __future__ import annotations

from occasion.moments.definition import NOW, STRICTLY_LATER, Did, Fewer, Measure, Or, Reach, Start, at_most_once
from occasion.moments.query_chain import Chain, Points
from occasion.moments.query_civil import due
from occasion.moments.query_fields import chosen_by
from occasion.moments.query_sql import fixed_us, least_sum, part, whole
from occasion.moments.query_stage import comings_in, placed


def windows(chain: Chain, node: Reach | Fewer) -> Points:
    """For each anchor the first instant at which the measure is enough, or the end of a window in which none was."""
    if _own_gaps(node):
        return _gaps(chain, node)
    anchors = _anchors(chain, node)
    once = at_most_once(node.anchor) and not (isinstance(node, Fewer) and node.silence and node.silence.coming_in)
    many = node.measure.kind == "count" and not once
    hits = (_next_of_many if many else _first_enough)(chain, node, anchors)
    if isinstance(node, Reach):
        table = chain.add("reach", "SELECT party, hit_us AS at_us FROM hits WHERE hit_us < until_us", {"hits": hits})
        return Points(table, unique=once)
    silent = part("out_us > until_us") if node.silence else part("TRUE")
    table = chain.add(
        "fewer",
        "SELECT party, until_us AS at_us FROM hits "
        "WHERE until_us <= :as_of AND (hit_us IS NULL OR hit_us >= until_us) AND :silent",
        {"hits": hits},
        as_of=chain.as_of,
        silent=silent,
    )
    return Points(table, unique=once)


def _own_gaps(node: Reach | Fewer) -> bool:
    """Whether it is a silence after each of the very points that would break it, or a return after such a silence."""
    if node.measure.kind != "count" or node.n > 1:
        return False
    source = node.measure.source
    if isinstance(node, Fewer):
        opens = node.anchor in (source, Or(source, Start())) and node.lo == STRICTLY_LATER
        return opens and node.silence is None and not node.hi.civil
    quiet = node.anchor
    returns = isinstance(quiet, Fewer) and quiet.anchor == quiet.measure.source == source and _own_gaps(quiet)
    return returns and node.lo == NOW and node.hi is None


def _gaps(chain: Chain, node: Reach | Fewer) -> Points:
    """Each point beside the next: of an instant's rows only the last has a later one, so ties need no care."""
    own = chain.points(node.measure.source).table
    if isinstance(node, Reach):
        assert isinstance(node.anchor, Fewer)
        text = (
            "SELECT party, at_us FROM (SELECT party, at_us, LAG(at_us) OVER (PARTITION BY party ORDER BY at_us) AS "
            "before_us FROM x) AS g WHERE at_us >= before_us + :quiet"
        )
        return Points(chain.add("return", text, {"x": own}, quiet=fixed_us(node.anchor.hi)), unique=True)
    if node.anchor != node.measure.source:
        both = {"x": own, "s": chain.points(Start()).table}
        own = chain.add("opened", "SELECT party, at_us FROM x UNION ALL SELECT party, at_us FROM s", both)
    text = (
        "SELECT party, at_us + :quiet AS at_us FROM (SELECT party, at_us, LEAD(at_us) OVER (PARTITION BY party "
        "ORDER BY at_us) AS next_us FROM x) AS g WHERE at_us + :quiet <= :as_of AND (next_us IS NULL OR "
        "next_us >= at_us + :quiet)"
    )
    table = chain.add("silence", text, {"x": own}, quiet=fixed_us(node.hi), as_of=chain.as_of)
    return Points(table, unique=True)


def _anchors(chain: Chain, node: Reach | Fewer) -> str:
    """Anchors with their windows: party, at_us, begin_us, until_us, out_us (when a silence's stage is left)."""
    silence = node.silence if isinstance(node, Fewer) else None
    table = chain.instants(node.anchor)
    if silence and silence.coming_in:
        both = chain.add(
            "anchors",
            "SELECT party, at_us FROM a UNION SELECT party, at_us FROM b",
            {"a": table, "b": comings_in(chain, silence.stage)},
        )
        table = both
    if silence:
        table = placed(chain, table, silence.stage)
    out = part("a.out_us") if silence else part("CAST(NULL AS BIGINT)")
    if not node.lo.civil and (node.hi is None or not node.hi.civil):
        return chain.add(
            "windows",
            "SELECT party, at_us, at_us + :lo AS begin_us, at_us + :hi AS until_us, :out AS out_us FROM a",
            {"a": table}, lo=fixed_us(node.lo), hi=fixed_us(node.hi), out=out,
        )  # fmt: skip
    begins, ends = due(chain, table, node.lo), due(chain, table, node.hi)
    return chain.add(
        "windows",
        "SELECT a.party, a.at_us, b.due_us AS begin_us, e.due_us AS until_us, :out AS out_us "
        "FROM a JOIN b USING (party, at_us) JOIN e USING (party, at_us)",
        {"a": table, "b": begins, "e": ends}, out=out,
    )  # fmt: skip


def _next_of_many(chain: Chain, node: Reach | Fewer, anchors: str) -> str:
    """Many anchors and a count: each point knows the (n-1)-th after it; an anchor takes the first from its begin on."""
    source = chain.points(node.measure.source).table
    n = whole(node.n)
    ahead = part("LEAD(at_us, :k) OVER (PARTITION BY party ORDER BY at_us)", k=n - 1) if n > 1 else part("at_us")
    marked = chain.add(
        "marked",
        "SELECT party, begin_us AS t, 0 AS kind, until_us, out_us, CAST(NULL AS BIGINT) AS hit_us FROM anchors "
        "UNION ALL SELECT party, at_us, 1, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), :ahead FROM source",
        {"anchors": anchors, "source": source},
        ahead=ahead,
    )
    # an anchor comes before the points of its begin, so going backwards they come first
    looked = chain.add(
        "looked",
        "SELECT party, kind, until_us, out_us, MIN(hit_us) OVER (PARTITION BY party ORDER BY t DESC, kind DESC "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS hit_us FROM marked",
        {"marked": marked},
    )
    return chain.add("hits", "SELECT party, until_us, out_us, hit_us FROM looked WHERE kind = 0", {"looked": looked})


def _first_enough(chain: Chain, node: Reach | Fewer, anchors: str) -> str:
    """One anchor a party, or a measure that needs each window's own rows: the running measure over the window."""
    inside = chain.add(
        "inside",
        "SELECT a.party, a.at_us AS anchor_us, x.at_us, x.item FROM a JOIN x USING (party) "
        "WHERE x.at_us >= a.begin_us AND x.at_us < a.until_us AND NOT x.item IS NULL",
        {"a": anchors, "x": items(chain, node.measure)},
    )
    enough = _enough(chain, node, inside)
    return chain.add(
        "hits",
        "SELECT a.party, a.until_us, a.out_us, h.hit_us FROM a LEFT JOIN "
        "(SELECT party, anchor_us AS at_us, MIN(at_us) AS hit_us FROM enough GROUP BY party, anchor_us) AS h "
        "USING (party, at_us)",
        {"a": anchors, "enough": enough},
    )


def _enough(chain: Chain, node: Reach | Fewer, inside: str) -> str:
    """Of the rows inside the windows, those by whose end the measure is enough (their first is the hit)."""
    n = whole(node.n)
    if node.measure.kind == "sum":
        return chain.add(
            "enough",
            "SELECT party, anchor_us, at_us FROM (SELECT party, anchor_us, at_us, SUM(item) OVER (PARTITION BY party, "
            "anchor_us ORDER BY at_us RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total FROM i) AS summed "
            "WHERE total >= :n",
            {"i": inside}, n=least_sum(node.n),
        )  # fmt: skip
    if node.measure.kind == "distinct":
        inside = chain.add(
            "firsts",
            "SELECT party, anchor_us, item, MIN(at_us) AS at_us FROM i GROUP BY party, anchor_us, item",
            {"i": inside},
        )
    if n == 1:
        return inside
    return chain.add(
        "enough",
        "SELECT party, anchor_us, at_us FROM (SELECT party, anchor_us, at_us, ROW_NUMBER() OVER (PARTITION BY party, "
        "anchor_us ORDER BY at_us) AS k FROM i) AS counted WHERE k = :n",
        {"i": inside}, n=n,
    )  # fmt: skip


def items(chain: Chain, measure: Measure) -> str:
    """The points a measure counts with what each brings: party, at_us, item (null: not counted)."""
    if measure.kind == "count":
        return chain.add("items", "SELECT party, at_us, 1 AS item FROM x", {"x": chain.points(measure.source).table})
    assert isinstance(measure.source, Did), "distinct and sum are over a selection"
    relation = chain.relation
    item = relation.typed(measure.field, "number") if measure.kind == "sum" else relation.key(measure.field)
    return chain.add(
        "items",
        "SELECT party, at_us, :item AS item FROM events WHERE :chosen",
        {"events": chain.events},
        item=item,
        chosen=chosen_by(measure.source.selection, relation),
    )
