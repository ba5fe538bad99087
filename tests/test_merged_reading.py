"""Merged parties count as one wherever the log is read: by the law, DuckDB, Spark, and what the kernels are fed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from occasion.events.event import Event
from occasion.finding.chunks import study
from occasion.finding.population import Population
from occasion.moments.meaning import meaning, tagged
from occasion.moments.query_fields import unkeyed
from occasion.moments.text import read
from occasion.store.engine import Engine
from occasion.store.engine_duckdb import DuckEngine
from occasion.store.history import History
from occasion.store.reach import Asked, Reach
from occasion.store.sealer import Sealer
from storing import START, Store, arrived, merged, store

TEXTS = (
    "count(a) >= 3",
    "2nd b",
    "a then first b within 1 day",
    "distinct(unit of any) >= 3 within 10 days of start",
    "no b for 1 day after a",
    "streak of 2 days of a",
    "count(a) >= 2 within 2 days",
    "first a per unit",
)
AS_OF = START + 60 * 86_400_000_000


def put(one: Store, seed: int, n: int) -> None:
    draw = np.random.default_rng(seed)
    one.put(
        *(
            arrived(
                f"p{draw.integers(24)}", "ab"[draw.integers(2)], int(draw.integers(20 * 86_400)), f"{seed}-{i}",
                properties={"unit": f"{draw.integers(4)}"},
            )
            for i in range(n)
        )
    )  # fmt: skip


@contextmanager
def reading(tmp_path: Path) -> Iterator[tuple[History, dict[str, list[Event]]]]:
    """A history with segments, a tail, chains of merges made before, between and after; and what the law reads."""
    url = f"sqlite:///{tmp_path / 'data' / 'records.db'}"
    with store(tmp_path / "data", url) as one:
        sealer = Sealer(one.writer, one.history, apart=False)
        put(one, 1, 120)
        one.put(merged("p1", "p2"))
        sealer.seal()
        put(one, 2, 120)
        one.put(merged("p2", "p3"), merged("p4", "somebody new"))
        sealer.seal()
        put(one, 3, 60)
        one.put(merged("p5", "p6"), merged("p7", "p6"), merged("p24", "p8"))
        parties = {one.log.canonical(f"p{i}") for i in range(24)}
        law = {party: one.log.of(party) for party in sorted(parties)}
        assert sum(map(len, law.values())) == 300
        assert len(parties) == 24 - 4, "p1, p2, p5 and p7 are read as others; p4 has another name"
        with one.history.beside() as history:
            yield history, law


def compare(engine: Engine, history: History, law: dict[str, list[Event]]) -> None:
    asked = [Asked(text, read(text)) for text in TEXTS]
    reach = Reach(engine, engine.open(history.source()), asked, AS_OF)
    reached = 0
    for one in asked:
        rows = reach.rows(one).to_pylist()
        found = sorted((row["party"], row["at_us"], tagged(unkeyed(row["value"]))) for row in rows)
        told = [o for events in law.values() for o in meaning(one.definition, events, AS_OF, "UTC")]
        assert found == sorted((o.party, o.at, tagged(o.per)) for o in told), one.name
        reached += len(found)
    assert reached > 100


def test_duckdb_reads_what_the_law_does(tmp_path: Path) -> None:
    with reading(tmp_path) as (history, law), DuckEngine() as engine:
        compare(engine, history, law)


@pytest.mark.spark
def test_spark_reads_what_the_law_does(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    from occasion.store.engine_spark import SparkEngine

    with reading(tmp_path) as (history, law), SparkEngine("local[2]") as engine:
        compare(engine, history, law)


def test_what_the_kernels_are_fed(tmp_path: Path) -> None:
    with reading(tmp_path) as (history, law):
        source = history.source()
        assert source.parties is not None
        texts = pq.read_table(source.parties).column("text").to_pylist()
        parties = sorted(law, key=texts.index)
        ids = np.array([texts.index(party) for party in parties], np.int64)
        n = len(ids)
        population = Population(
            ids, np.full(n, START, np.int64), np.zeros(n, bool), np.zeros(n, np.uint8), 1
        )  # fmt: skip
        under = study(source, population)
        found: dict[str, list[tuple[int, str]]] = {}
        for chunk in under.chunks():
            for row, name, offset in zip(chunk.row, chunk.name, chunk.offset_us, strict=True):
                found.setdefault(parties[row], []).append((int(offset), under.names[name]))
            starts = np.flatnonzero(np.diff(chunk.row)) + 1
            assert len(np.unique(chunk.row)) == len(starts) + 1, "a party in one piece"
        assert {party: sorted(some) for party, some in found.items()} == {
            party: sorted((event.at - START, event.name) for event in events) for party, events in law.items()
        }
        assert all(some == sorted(some, key=lambda pair: pair[0]) for some in found.values()), "in order of time"
