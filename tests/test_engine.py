"""Engines show histories of every kind as the same raw table."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import exp

from occasion.errors import InputError
from occasion.events.event import number
from occasion.moments.definition import Compare, Definition, Did, Per, Selection
from occasion.moments.query import reading
from occasion.moments.query_fields import needs
from occasion.store.engine import Engine, engine
from occasion.store.engine_duckdb import DuckEngine
from occasion.store.engine_spark import SparkEngine
from occasion.store.relation import relation
from occasion.store.source import Source
from sql_reading import Found, rows

X = Did(Selection("event", "x"))


@pytest.fixture
def duck() -> Iterator[DuckEngine]:
    with DuckEngine() as made:
        yield made


def read(engine: Engine, source: Source, definition: Definition, as_of: int = 10**18) -> Found:
    seen = relation(engine, engine.open(source), needs([definition]), as_of)
    return rows(engine.run(reading(definition, seen, as_of, engine)))


def own_file(folder: Path, **columns: object) -> Path:
    path = folder / f"log{len(list(folder.iterdir()))}.parquet"
    pq.write_table(pa.table(columns), path)
    return path


MAPPED = {"party": "user", "name": "event", "at_us": "when"}


@pytest.mark.parametrize(
    ("clock", "times"),
    [
        ("us", pa.array([5_000_000, 6_000_000])),
        ("ms", pa.array([5_000, 6_000])),
        ("s", pa.array([5, 6])),
        ("timestamp", pa.array([5_000_000, 6_000_000], pa.timestamp("us"))),
        ("timestamp", pa.array([5_000_000_000, 6_000_000_000], pa.timestamp("ns", "Europe/Warsaw"))),
        ("timestamp", pa.array([5_000, 6_000], pa.timestamp("ms", "UTC"))),
    ],
)
def test_clocks(duck: DuckEngine, tmp_path: Path, clock: str, times: pa.Array) -> None:
    path = own_file(tmp_path, user=[1, 2], event=["x", "y"], when=times)
    source = Source((path,), sealed=False, columns=MAPPED, clock=clock)  # type: ignore[arg-type]
    assert read(duck, source, Definition(X)) == {("1", ("", ""), 5_000_000)}


def test_properties_keep_their_types(duck: DuckEngine, tmp_path: Path) -> None:
    for column, wanted in [
        (pa.array(["5"]), "text"),
        (pa.array([5]), "number"),
        (pa.array([5.0]), "number"),
        (pa.array([Decimal("5.0")]), "number"),
        (pa.array([True]), "flag"),
        (pa.array(["5"]).dictionary_encode(), "text"),
    ]:
        path = own_file(tmp_path, user=["p"], event=["x"], when=[0], theirs=column)
        source = Source((path,), sealed=False, columns=MAPPED | {"prop:f": "theirs"})
        ((_, (kind, _), _),) = read(duck, source, Definition(Per(X, "f")))
        assert kind == wanted


def test_floats_become_the_exact_numbers_of_the_law(duck: DuckEngine, tmp_path: Path) -> None:
    rng = random.Random(5)
    values = [
        0.1,
        0.2,
        1e-7,
        0.0000005,
        0.0000015,
        2.5e-6,
        -0.0000005,
        -0.0000015,
        1e17,
        9.99e17,
        1e18,
        1e40,
        0.1234565,
    ]
    values += [float("nan"), float("inf"), -float("inf"), 123456789012.345678, 9007199254.740993, -0.0]
    values += [round(rng.uniform(-1e6, 1e6), rng.randint(0, 8)) for _ in range(500)]
    path = own_file(tmp_path, user=["p"] * len(values), event=["x"] * len(values), when=range(len(values)), v=values)
    raw = duck.open(Source((path,), sealed=False, columns=MAPPED | {"prop:v": "v"}))
    query = exp.select(exp.alias_(raw.typed("v")[1], "v")).from_(raw.table).order_by("at_us")
    assert duck.run(query).column("v").to_pylist() == [number(value) for value in values]


def test_constants_and_rows_without_an_id(duck: DuckEngine, tmp_path: Path) -> None:
    paths = tuple(own_file(tmp_path, user=["p", "p"], when=[1, 2]) for _ in range(2))
    columns = {"party": "user", "at_us": "when"}
    source = Source(paths, sealed=False, columns=columns, constants={"name": "x", "direction": "in"})
    assert read(duck, source, Definition(X)) == {("p", ("", ""), 1), ("p", ("", ""), 2)}
    ids = duck.run(exp.select("id").from_(duck.open(source).table)).column("id").to_pylist()
    assert sorted(ids) == ["log0.parquet:0", "log0.parquet:1", "log1.parquet:0", "log1.parquet:1"]


def test_a_repeated_id_counts_once_the_first_seen_and_the_cut_comes_first(duck: DuckEngine, tmp_path: Path) -> None:
    path = own_file(
        tmp_path, user=["p", "p"], event=["x", "x"], when=[1, 2], known=[9, 3], key=["i", "i"], v=["late", "early"]
    )
    mapped = MAPPED | {"id": "key", "seen_us": "known", "prop:v": "v"}
    source = Source((path,), sealed=False, columns=mapped)
    assert read(duck, source, Definition(X)) == {("p", ("", ""), 2)}
    early = Definition(Did(Selection("event", "x", Compare("v", "=", "early"))))
    assert read(duck, source, early) == {("p", ("", ""), 2)}
    assert read(duck, source, Definition(X), as_of=2) == set()


def test_a_name_nobody_did_and_a_property_nobody_has(duck: DuckEngine, tmp_path: Path) -> None:
    path = own_file(tmp_path, user=["p"], event=["x"], when=[0])
    source = Source((path,), sealed=False, columns=MAPPED)
    assert read(duck, source, Definition(Did(Selection("event", "nobody")))) == set()
    assert read(duck, source, Definition(Per(X, "nothing"))) == set()


def test_unknown_engine_and_no_files(duck: DuckEngine) -> None:
    with pytest.raises(InputError, match="choose duckdb or spark"):
        engine("sqlite")
    with pytest.raises(InputError, match="at least one Parquet file"):
        duck.open(Source((), sealed=False))


@pytest.mark.spark
def test_spark_shows_somebodys_own_file_as_duckdb_does(duck: DuckEngine, tmp_path: Path) -> None:
    values = [
        0.1,
        1e-7,
        0.0000005,
        0.0000015,
        -0.0000015,
        1e17,
        1e18,
        float("nan"),
        123456789012.345678,
        0.1234565,
        -0.0,
    ]
    n = len(values)
    columns = {"user": ["p"] * n, "event": ["x"] * n, "v": values, "w": range(n), "t": ["5", *"a'\"\\\n" * 2][:n]}
    times = pa.array(range(n), pa.timestamp("us", "UTC"))
    path = own_file(tmp_path, **columns, when=times)
    mapped = MAPPED | {"prop:v": "v", "prop:w": "w", "prop:t": "t"}
    source = Source((path,), sealed=False, columns=mapped, clock="timestamp")
    shown = []
    with SparkEngine("local[2]") as spark:
        for each in (duck, spark):
            raw = each.open(source)
            typed = [exp.alias_(it, f"c{i}") for i, it in enumerate(v for f in "vwt" for v in raw.typed(f))]
            query = exp.select("party", "name", "at_us", "seen_us", "id", "mass", "zone", *typed).from_(raw.table)
            shown.append(each.run(query.order_by("at_us")).to_pylist())
            assert [row["c1"] for row in shown[-1]] == [number(value) for value in values]
            several = [row for batch in each.batches(query) for row in batch.to_pylist()]
            assert len(several) == n
    assert shown[0] == shown[1]
