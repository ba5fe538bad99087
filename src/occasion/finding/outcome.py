"""Who is under study: each party's start, whether it was kept, and whether that can be known yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlglot import exp

from occasion.errors import InputError
from occasion.finding.grouping import groups_of
from occasion.finding.population import DAY_US, Population
from occasion.moments.definition import (
    Definition,
    Every,
    Fewer,
    Node,
    Period,
    Reach,
    Selection,
    Start,
    selections,
    starting_with,
)
from occasion.moments.query import reading
from occasion.moments.query_fields import needs
from occasion.moments.query_sql import fixed_us, part, sql
from occasion.moments.text import read, read_pattern
from occasion.store.engine import Engine, Raw
from occasion.store.relation import relation

SHORTEST_MONTH = 28


@dataclass(frozen=True)
class Question:
    """What is asked: `kept` and `start` as texts of the language, and what they lower to.

    `outcome`: the outcome's node with `start` meaning what `--start` says; `begin`: the start's node, reached at most
    once; `horizon_days`: whole days between the start and the outcome's window: no candidate's window may be longer.
    """

    kept: str
    start: str
    outcome: Reach | Fewer
    begin: Node
    horizon_days: int

    @property
    def counted(self) -> tuple[Selection, ...]:
        """The selections the outcome counts."""
        return tuple(selections(self.outcome.measure.source))


def question(kept: str, start: str = "start") -> Question:
    """The texts read and checked.

    The outcome must be a count, distinct, sum or silence in a window after the start, so that for each party it is
    reached, not reached or not yet known. Raises InputError (TextError with its place) otherwise.
    """
    given = read_pattern(start)
    begin = starting_with(Start(), given)
    node = read(kept).node
    advice = "write it as, for example, count(order) >= 1 between 28 days and 70 days after start"
    if not isinstance(node, Reach | Fewer) or node.hi is None:
        raise InputError(f"--kept {kept!r} has no window that ends, so no outcome would ever be settled: {advice}")
    same = starting_with(node, given)
    if not isinstance(same, Reach | Fewer) or same.anchor != begin:
        raise InputError(f"--kept {kept!r} is not counted from the start: {advice}; --start says what start means")
    horizon = _whole_days(same.lo)
    if horizon < 1:
        raise InputError(
            f"--kept {kept!r} begins with the start, so nothing could lead to it: let it begin at least a day later; "
            f"{advice}"
        )
    return Question(kept, start, same, begin, horizon)


def _whole_days(period: Period) -> int:
    return SHORTEST_MONTH * period.months if period.civil else period.us // DAY_US


@dataclass(frozen=True)
class Outcomes:
    """The population, each row's party as text (what people are named by), and how many were left out as not known."""

    population: Population
    texts: Any
    unknown: int


def outcomes(engine: Engine, raw: Raw, asked: Question, as_of_us: int, groups: int = 10) -> Outcomes:
    """Every party whose start and outcome are known as of an instant.

    A party whose window is still open is left out, even if it has already reached the outcome.
    """
    assert asked.outcome.hi is not None
    # a window of days is over so long after its start; one of months when the language's own dates say so
    by_dates = [_over(asked)] if asked.outcome.hi.civil else []
    definitions = [Definition(node) for node in (asked.begin, asked.outcome, *by_dates)]
    shown = relation(engine, raw, needs(definitions), as_of_us)
    starts, reached, *over = (
        engine.create(stem, reading(definition, shown, as_of_us, engine))
        for stem, definition in zip(("begun", "reached", "over"), definitions, strict=False)
    )
    known_by = None if over else part("s.at_us + CAST(:w AS BIGINT) <= :t", w=fixed_us(asked.outcome.hi), t=as_of_us)
    found = engine.run(_joined(raw, starts, reached, known_by or over[0])).combine_chunks()
    known = found.filter(found.column("known")).combine_chunks()
    texts = known.column("text").combine_chunks()
    ids = known.column("party") if raw.parties is not None else np.arange(len(known))
    population = Population(
        ids=np.asarray(ids).astype(np.int64),
        start_us=known.column("start_us").to_numpy(),
        kept=known.column("kept").to_numpy(zero_copy_only=False),
        group=groups_of(texts, groups),
        groups=groups,
    )
    return Outcomes(population, texts, found.num_rows - known.num_rows)


def _over(asked: Question) -> Node:
    """Reached where the outcome's window is over: its end is the first of these dates."""
    assert asked.outcome.hi is not None
    return Every(asked.begin, asked.outcome.hi)


def _joined(raw: Raw, starts: str, reached: str, over: str | exp.Expression) -> Any:
    """Each party that started, whether it was kept, and whether that is known: `over` is a table or a condition."""
    tables = {"s": starts, "r": reached}
    text = (
        "SELECT s.party, s.at_us AS start_us, NOT r.party IS NULL AS kept, :known AS known FROM s "
        "LEFT JOIN (SELECT DISTINCT party FROM r) AS r ON r.party = s.party"
    )
    if isinstance(over, str):
        text, tables["o"] = f"{text} LEFT JOIN (SELECT DISTINCT party FROM o) AS o ON o.party = s.party", over
    known = part("NOT o.party IS NULL") if isinstance(over, str) else over
    of_all = sql(text, tables, known=known)
    if raw.parties is None:
        return sql("SELECT party, party AS text, start_us, kept, known FROM q ORDER BY party", {"q": of_all})
    return sql(
        "SELECT q.party, d.text, q.start_us, q.kept, q.known FROM q JOIN d ON d.code = q.party ORDER BY q.party",
        {"q": of_all, "d": raw.parties},
    )
