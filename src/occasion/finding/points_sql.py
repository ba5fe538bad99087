"""Points of candidates by SQL: one syntax tree that DuckDB and Spark both understand.

The same streams as `streams.py`, point for point: what `find --engine spark` counts. The tables read are `events`
(party, name, offset_us from the party's start, and each asked field as `f<i>_text`, `f<i>_number`, `f<i>_flag`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from sqlglot import exp

from occasion.finding.candidates import Candidate, Choice
from occasion.moments.query_sql import part, sql

KINDS = ("text", "number", "flag")


@dataclass(frozen=True)
class Columns:
    """How the events table says things: `names[code]` is a name's literal, field i is `fields[i]`."""

    names: Sequence[exp.Expression]
    fields: Sequence[str]

    def value(self, field: str) -> list[exp.Expression]:
        """The three columns of a field: text, number, flag; all null where it is missing."""
        return [exp.column(f"f{self.fields.index(field)}_{kind}") for kind in KINDS]

    def known(self, field: str) -> exp.Expression:
        """Whether the field is there."""
        text, number, flag = self.value(field)
        return part("NOT (:text IS NULL AND :number IS NULL AND :flag IS NULL)", text=text, number=number, flag=flag)

    def chosen(self, choice: Choice) -> exp.Expression:
        """Whether an event is the choice's; unknown where the field is missing."""
        named = part("name = :name", name=self.names[choice.name])
        if choice.field is None or choice.value is None:
            return named
        text, number, flag = self.value(choice.field)
        if isinstance(choice.value, bool):
            return exp.and_(named, flag.eq(exp.convert(choice.value)))
        if isinstance(choice.value, str):
            return exp.and_(named, text.eq(exp.Literal.string(choice.value)))
        exact = exp.Literal.number(format(choice.value, "f"))
        return exp.and_(named, number.eq(exp.cast(exact, "decimal(24, 6)")))


def points(columns: Columns, numbered: Sequence[tuple[int, Candidate]]) -> exp.Query:
    """Rows (party, stream, offset_us): every point of measures at or after the start, the first one of patterns."""
    parts: list[exp.Query] = []
    for field in sorted({c.choice.field for _, c in numbered if c.kind in ("count", "slice")}, key=str):
        some = [(s, c) for s, c in numbered if c.kind in ("count", "slice") and c.choice.field == field]
        parts.append(_counts(columns, some))
    for stream, candidate in numbered:
        match candidate.kind:
            case "distinct":
                parts.append(_distinct(columns, stream, candidate))
            case "pair":
                parts.append(_pair(columns, stream, candidate))
            case "return":
                parts.append(_return(columns, stream, candidate))
    return reduce(lambda one, other: exp.union(one, other, distinct=False, copy=False), parts)


def _counts(columns: Columns, some: Sequence[tuple[int, Candidate]]) -> exp.Query:
    """All plain counts, or all slices of one field, in one go: no event is of two of them."""
    which = exp.Case()
    for stream, candidate in some:
        which = which.when(columns.chosen(candidate.choice), exp.Literal.number(stream), copy=False)
    sorted_out = sql("SELECT party, :which AS stream, offset_us FROM events WHERE offset_us >= 0", which=which)
    return sql("SELECT * FROM sorted_out WHERE NOT stream IS NULL", {"sorted_out": sorted_out})


def _distinct(columns: Columns, stream: int, candidate: Candidate) -> exp.Query:
    """Where a value comes for the first time since the start."""
    text, number, flag = columns.value(str(candidate.of))
    return sql(
        "SELECT party, :stream AS stream, MIN(offset_us) AS offset_us FROM events "
        "WHERE offset_us >= 0 AND :chosen AND :known GROUP BY party, :text, :number, :flag",
        stream=stream, chosen=columns.chosen(candidate.choice), known=columns.known(str(candidate.of)),
        text=text, number=number, flag=flag,
    )  # fmt: skip


def _keyed(columns: Columns, candidate: Candidate, chosen: exp.Expression) -> exp.Query:
    """The chosen events with what a pattern is read apart by: the value of its `per`, or nothing (nulls)."""
    if candidate.per is None:
        return sql(
            "SELECT *, NULL AS k_text, NULL AS k_number, NULL AS k_flag FROM events WHERE :chosen", chosen=chosen
        )
    text, number, flag = columns.value(candidate.per)
    return sql(
        "SELECT *, :text AS k_text, :number AS k_number, :flag AS k_flag FROM events WHERE :chosen AND :known",
        chosen=chosen, known=columns.known(candidate.per), text=text, number=number, flag=flag,
    )  # fmt: skip


def _return(columns: Columns, stream: int, candidate: Candidate) -> exp.Query:
    """The first event after the start that is at least W later than the one before it."""
    looked = sql(
        "SELECT party, offset_us, LAG(offset_us) OVER (PARTITION BY party, k_text, k_number, k_flag ORDER BY offset_us)"
        " AS previous FROM keyed",
        {"keyed": _keyed(columns, candidate, columns.chosen(candidate.choice))},
    )
    return sql(
        "SELECT party, :stream AS stream, MIN(offset_us) AS offset_us FROM looked "
        "WHERE offset_us > 0 AND offset_us - previous >= :within GROUP BY party",
        {"looked": looked}, stream=stream, within=candidate.window_us,
    )  # fmt: skip


def _pair(columns: Columns, stream: int, candidate: Candidate) -> exp.Query:
    """Where the second comes strictly later than the first, within W, with no other second in between."""
    first, second = columns.chosen(candidate.first or candidate.choice), columns.chosen(candidate.choice)
    sides = sql(
        "SELECT party, offset_us, k_text, k_number, k_flag, CASE WHEN :first THEN 1 ELSE 0 END AS a, "
        "CASE WHEN :second THEN 1 ELSE 0 END AS b FROM keyed",
        {"keyed": _keyed(columns, candidate, exp.or_(first, second))}, first=first, second=second,
    )  # fmt: skip
    anchored = sql(
        "SELECT *, CASE WHEN a = 1 AND (:times = 1 OR "
        "ROW_NUMBER() OVER (PARTITION BY party, k_text, k_number, k_flag, a ORDER BY offset_us) = :times) "
        "THEN offset_us END AS a_us, CASE WHEN b = 1 THEN offset_us END AS b_us FROM sides",
        {"sides": sides}, times=candidate.times,
    )  # fmt: skip
    looked = sql(
        "SELECT party, offset_us, b, MAX(a_us) OVER strictly AS since, MAX(b_us) OVER strictly AS other FROM anchored "
        "WINDOW strictly AS (PARTITION BY party, k_text, k_number, k_flag ORDER BY offset_us "
        "RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)",
        {"anchored": anchored},
    )
    return sql(
        "SELECT party, :stream AS stream, MIN(offset_us) AS offset_us FROM looked WHERE b = 1 AND offset_us > 0 "
        "AND offset_us - since < :within AND (other IS NULL OR other <= since) GROUP BY party",
        {"looked": looked}, stream=stream, within=candidate.window_us,
    )  # fmt: skip
