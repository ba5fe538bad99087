"""Candidate streams on a real network: students of one campus writing to each other (Panzarasa, Opsahl & Carley 2009).

Figures: start = first message either way, kept = a sent message between day 28 and day 70, people with 70 days of
follow-up; counted independently of this code.
"""

from __future__ import annotations

import gzip
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from occasion.finding.chunks import study
from occasion.finding.grouping import groups_of
from occasion.finding.population import Population
from occasion.finding.proposing import propose
from occasion.finding.streams import candidate_cube
from occasion.store.source import Source

DAY = 86_400


@pytest.fixture(scope="module")
def campus(tmp_path_factory):
    """The messages as events of both sides, and the population."""
    lines = gzip.decompress(files("occasion").joinpath("examples/collegemsg.txt.gz").read_bytes()).decode().splitlines()
    messages = [(a, b, int(at)) for a, b, at in (line.split() for line in lines) if a.isdigit()]
    rows = [row for a, b, at in messages for row in ((a, at, "out", b), (b, at, "in", a))]
    path = tmp_path_factory.mktemp("campus") / "messages.parquet"
    pq.write_table(pa.table({k: [row[i] for row in rows] for i, k in enumerate(["who", "at", "way", "to"])}), path)
    first: dict[str, int] = {}
    for who, at, *_ in rows:
        first[who] = min(first.get(who, at), at)
    end = max(at for _, at, *_ in rows)
    texts = sorted(who for who, at in first.items() if at + 70 * DAY <= end)
    stayed = {who for who, at, way, _ in rows if way == "out" and 28 * DAY <= at - first[who] < 70 * DAY}
    kept = np.array([who in stayed for who in texts])
    start = np.array([first[who] * 1_000_000 for who in texts])
    population = Population(np.arange(len(texts)), start, kept, groups_of(texts, 10), 10)
    columns = {"party": "who", "at": "at", "direction": "way", "counterpart": "to"}
    source = Source((path,), False, columns=columns, constants={"name": "message"}, clock="s")
    return study(source, population, texts)


@pytest.mark.parametrize(
    ("what", "k", "days", "reached", "with_it", "without"),
    [
        ("distinct(counterpart of message)", 10, 14, 504, 0.627, 0.215),
        ('distinct(counterpart of message where direction = "out")', 3, 21, 864, 0.568, 0.110),
    ],
)
def test_figures_of_the_campus_network(campus, what, k, days, reached, with_it, without):
    kept = campus.population.kept
    assert (len(kept), round(kept.mean(), 3)) == (1_800, 0.330)
    candidates = propose(campus).candidates
    cube = candidate_cube(campus, candidates, 50, 28)
    lost, stayed = cube.reached(k, days)[:, list(cube.what).index(what)].sum(axis=0)
    assert lost + stayed == reached
    assert round(stayed / reached, 3) == with_it
    assert round((kept.sum() - stayed) / (len(kept) - reached), 3) == without
