"""The SQL reading is held to the law: on generated definitions, logs and cut-offs, and on the fixed table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import test_meaning
from aimed import AS_OF, BEGIN, DAY, streams, suite
from occasion.errors import EngineGap
from occasion.events.event import Event
from occasion.moments.definition import Definition, Every, Node, Rolling, walk
from occasion.moments.meaning import Occurrence, tagged
from occasion.moments.query import reading
from occasion.moments.query_fields import needs
from occasion.store.engine import ENGINES, GAPS, Engine, EngineName, refuse_gaps
from occasion.store.engine_duckdb import DuckEngine
from occasion.store.engine_spark import SparkEngine
from occasion.store.reach import Asked, Reach
from occasion.store.relation import named_party, relation
from sql_reading import Found, by_law, by_query, exact, rows, table
from strategies import cutoffs, definitions, logs

QUICK = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=6_000)
MOST_DATES = 60
# the cases of the law that were worked out by hand: each test, once for every parameter it has
TABLE = [
    (name, [*given])
    for name, test in vars(test_meaning).items()
    if name.startswith("test_")
    for mark in getattr(test, "pytestmark", [pytest.mark.parametrize("", [()])])
    for given in ([one] if isinstance(one, str) else one for one in mark.args[1])
]
Case = tuple[Definition, list[Event], int, str]


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckEngine]:
    with DuckEngine() as engine:
        yield engine


def without_ambiguity(log: list[Event]) -> list[Event]:
    """The log without a second event under an id seen at the same instant: which of the two counts is nobody's rule."""
    first: dict[tuple[str, int], Event] = {}
    for event in log:
        first.setdefault((event.id, event.seen), event)
    return list(first.values())


def countable(definition: Definition, events: list[Event], as_of: int) -> bool:
    """Whether no `every` has too many dates to list between the first event and the cut-off."""
    tops = [definition.node, *(stage.enter for stage in definition.stages)]
    periods = [n.period for top in tops for n in walk(top) if isinstance(n, Every) and not n.period.civil]
    span = as_of - min((e.at for e in events), default=as_of)
    return all(span / period.us < MOST_DATES for period in periods)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Definition, list[Event], int, str]:
    definition = draw(definitions())
    parties = [without_ambiguity(draw(logs(definition, parties=(f"p{i}",)))) for i in range(3)]
    events = [event for log in parties for event in log]
    as_of = draw(cutoffs(definition, events))
    assume(countable(definition, events, as_of))
    return definition, events, as_of, draw(st.sampled_from(["UTC", "UTC", "Europe/Warsaw"]))


def holds(duck: DuckEngine, case: Case) -> None:
    definition, events, as_of, zone = case
    wanted, found = by_law(definition, events, as_of, zone), by_query(duck, definition, events, as_of, zone)
    assert found == wanted, f"too much: {sorted(found - wanted)}; missing: {sorted(wanted - found)}"


@QUICK
@given(case=cases())
def test_sql_reads_what_the_law_reads(duck: DuckEngine, case: Case) -> None:
    holds(duck, case)


@pytest.mark.slow
@LONG
@given(case=cases())
def test_sql_reads_what_the_law_reads_at_length(duck: DuckEngine, case: Case) -> None:
    holds(duck, case)


def read_all(engine: Engine, events: list[Event], as_of: int) -> dict[str, Found]:
    """The whole suite over one shared set of tables."""
    definitions = suite()
    seen = relation(engine, engine.open(table(events), "Europe/Warsaw"), needs(definitions.values()), as_of, many=True)

    def read(definition: Definition) -> Found:
        return rows(engine.run(named_party(seen, reading(definition, seen, as_of, engine))))

    with ThreadPoolExecutor(2 if engine.name == "spark" else 1) as workers:  # a plan is made on one core
        return dict(zip(definitions, workers.map(read, definitions.values()), strict=True))


def differences(found: dict[str, Found], events: list[Event], as_of: int) -> dict[str, tuple[Found, Found]]:
    wanted = {text: by_law(d, events, as_of, "Europe/Warsaw") for text, d in suite().items()}
    return {t: (found[t] - wanted[t], wanted[t] - found[t]) for t in wanted if found[t] != wanted[t]}


def test_the_suite_covers_every_node_and_every_definition_is_reached_by_somebody() -> None:
    definitions = suite()
    kinds = {type(node) for d in definitions.values() for node in walk(d.node)}
    assert kinds == set(get_args(Node))
    logs = [streams(seed, 60) for seed in (1, 2)]
    reached = {text for text, d in definitions.items() if any(by_law(d, log, AS_OF, "Europe/Warsaw") for log in logs)}
    assert set(definitions) - reached == set()


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_refuses_exactly_the_nodes_in_its_table_of_gaps(name: EngineName) -> None:
    refused = set()
    for definition in suite().values():
        try:
            refuse_gaps(name, definition)
        except EngineGap:
            refused |= {type(node) for node in walk(definition.node)} & GAPS[name]
    assert refused == GAPS[name] == set()  # the suite runs on both engines, so neither has a gap


def test_a_gap_names_the_node_and_an_engine_that_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("occasion.store.engine.GAPS", {"duckdb": frozenset(), "spark": frozenset({Rolling})})
    refuse_gaps("duckdb", suite()["count(a) >= 2 within 1 day"])
    with pytest.raises(EngineGap, match="'spark' cannot read rolling: use --engine duckdb"):
        refuse_gaps("spark", suite()["count(a) >= 2 within 1 day"])


@pytest.mark.parametrize(("seed", "as_of"), [(1, AS_OF), (2, BEGIN + 2 * DAY)])
def test_the_suite_on_duckdb(duck: DuckEngine, seed: int, as_of: int) -> None:
    events = streams(seed, 40)
    assert differences(read_all(duck, events, as_of), events, as_of) == {}


@pytest.mark.parametrize(("name", "given"), TABLE, ids=str)
def test_the_fixed_table_holds_in_sql(
    duck: DuckEngine, monkeypatch: pytest.MonkeyPatch, name: str, given: list[str]
) -> None:
    def by_sql(definition: Definition, events: Iterable[Event], as_of: int, zone: str = "UTC") -> list[Occurrence]:
        asked, log = Asked(name, definition), list(events)
        reached = Reach(duck, duck.open(table(log), zone), [asked], as_of)
        rows_found = rows(reached.rows(asked))
        told = sorted(reached.occurrences(asked), key=lambda o: (o.at, tagged(o.per)))
        assert rows_found == {(o.party, exact(o.per), o.at) for o in told}
        return told

    monkeypatch.setattr(test_meaning, "meaning", by_sql)
    vars(test_meaning)[name](*given)


@pytest.mark.spark
def test_the_suite_on_spark() -> None:
    events = streams(4, 40)
    with SparkEngine("local[2]") as spark:
        for setting in ("spark.sql.codegen.wholeStage", "spark.sql.adaptive.enabled"):
            spark.session.conf.set(setting, "false")  # a few rows: planning and compiling would be most of the time
        spark.session.conf.set("spark.sql.shuffle.partitions", "1")
        assert differences(read_all(spark, events, AS_OF), events, AS_OF) == {}
