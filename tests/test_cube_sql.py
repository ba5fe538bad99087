"""The cube by SQL against the kernels: equal cell for cell, on DuckDB and on Spark."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from candidate_logs import CANDIDATES, HORIZON, as_events, busy, logs, population_of, sealed, unsealed
from occasion.finding.candidates import counts
from occasion.finding.chunks import study
from occasion.finding.cube_sql import cube_by_sql, streams_by_sql
from occasion.finding.scan import scan
from occasion.finding.streams import candidate_cube, streams_of
from occasion.store.engine import engine


def both_sources(folder: Path, events):
    population, texts = population_of(events)
    folder.mkdir(parents=True, exist_ok=True)
    return study(sealed(folder, events, 9), population), study(unsealed(folder, events), population, texts)


def assert_equal_on(on, looked, candidates) -> None:
    assert cube_by_sql(on, looked, candidates, 4, HORIZON) == candidate_cube(looked, candidates, 4, HORIZON)
    mine, theirs = streams_by_sql(on, looked, candidates, HORIZON, 3), streams_of(looked, candidates, HORIZON, 3)
    assert rows(mine) == rows(theirs)
    assert mine.what == theirs.what


def rows(streams) -> list[tuple[int, int, int]]:
    """Points in one order: those of one instant have none."""
    return sorted(zip(streams.party.tolist(), streams.offset_us.tolist(), streams.stream.tolist(), strict=True))


@settings(max_examples=6, deadline=None)
@given(logs)
def test_duckdb_counts_what_the_kernels_count(tmp_path_factory, log):
    events = as_events(log)
    ours, theirs = both_sources(tmp_path_factory.mktemp("log"), events)
    with engine("duckdb") as duck:
        assert_equal_on(duck, ours, CANDIDATES)
        assert_equal_on(duck, theirs, counts(theirs.names))


def test_duckdb_and_the_scan_agree_on_a_busy_log(tmp_path):
    for looked in both_sources(tmp_path, busy(np.random.default_rng(3), 3_000)):
        with engine("duckdb") as duck:
            assert cube_by_sql(duck, looked, counts(looked.names), 20, 30) == scan(looked, 20, 30).cube


@pytest.fixture(scope="module")
def spark():
    pytest.importorskip("pyspark")
    with engine("spark") as session:
        yield session


@pytest.mark.spark
def test_spark_counts_what_the_kernels_count(spark, tmp_path):
    ours, theirs = both_sources(tmp_path, busy(np.random.default_rng(4), 1_500))
    one_of_each = [CANDIDATES[i] for i in (0, 3, 5, 8, 14, 16)]
    assert {c.kind for c in one_of_each} == {c.kind for c in CANDIDATES}
    assert_equal_on(spark, ours, one_of_each)
    assert cube_by_sql(spark, theirs, counts(theirs.names), 4, HORIZON) == scan(theirs, 4, HORIZON).cube


@pytest.mark.spark
@pytest.mark.slow
def test_spark_counts_every_candidate_as_the_kernels_do(spark, tmp_path):
    ours, _ = both_sources(tmp_path, busy(np.random.default_rng(4), 1_500))
    assert_equal_on(spark, ours, CANDIDATES)
