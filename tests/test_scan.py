"""The first pass over files against the chunked one and a slow count: sealed, in order of time, and in no order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candidate_logs import NAMES, as_events, logs, population_of, sealed, unsealed
from occasion.errors import InputError
from occasion.finding import ordered
from occasion.finding.candidates import counts
from occasion.finding.chunks import study
from occasion.finding.population import DAY_US, Population
from occasion.finding.scan import scan
from occasion.finding.streams import chunked_cube
from occasion.store.source import Source


def slow(events, population, texts, names, most, days):
    """The definition, word for word: the cube, and when each party was last seen."""
    cells = np.zeros((population.groups, len(names), most, days, 2), np.int32)
    last = np.full(len(texts), np.iinfo(np.int64).min)
    for row, text in enumerate(texts):
        mine = sorted(e.at for e in events if e.party == text)
        if mine:
            last[row] = mine[-1]
        for s, name in enumerate(names):
            start = population.start_us[row]
            after = sorted(e.at - start for e in events if e.party == text and e.name == name and e.at >= start)
            for k, offset in enumerate(after, 1):
                if k <= most and offset < days * DAY_US:
                    cells[population.group[row], s, k - 1, offset // DAY_US, int(population.kept[row])] += 1
    return cells, last


@st.composite
def studied(draw):
    """A log and a population that leaves some out, starts where it likes, in an order of its own."""
    events = as_events(draw(logs))
    whole, texts = population_of(events)
    rows = draw(st.permutations(range(len(texts))))
    rows = rows[: max(1, len(rows) - draw(st.integers(0, 1)))]
    shift = np.array([draw(st.sampled_from([0, 1, DAY_US, -DAY_US])) for _ in rows])
    kept = np.array([draw(st.booleans()) for _ in rows])
    group = np.array([draw(st.integers(0, 2)) for _ in rows], np.uint8)
    ids = np.array(rows, np.int64)
    return events, Population(ids, whole.start_us[ids] + shift, kept, group, 3), [texts[i] for i in rows]


@settings(max_examples=80, deadline=None)
@given(studied(), st.integers(1, 4), st.integers(1, 5), st.integers(1, 6), st.integers(1, 3))
def test_every_way_of_reading_counts_what_the_definition_says(tmp_path_factory, case, most, days, group, threads):
    events, population, texts = case
    folder = tmp_path_factory.mktemp("log")
    ours = study(sealed(folder, events, group), population)
    theirs = study(unsealed(folder, events), population, texts)
    for looked in (ours, theirs):
        expected, last = slow(events, population, texts, looked.names, most, days)
        found = scan(looked, most, days, threads)
        np.testing.assert_array_equal(found.cube.counts, expected)
        np.testing.assert_array_equal(found.last_us, last)
        assert chunked_cube(looked, counts(looked.names), most, days) == found.cube


def many(rng: np.random.Generator, parties: int, rows: int) -> pa.Table:
    """Rows sorted by (party, at), with parties of very unequal size."""
    party = np.sort((rng.random(rows) ** 3 * parties).astype(np.int32))
    at = rng.integers(0, 40 * DAY_US, rows)
    order = np.lexsort((at, party))
    name = rng.integers(0, len(NAMES), rows).astype(np.int32)
    return pa.table({"party": party, "name": name, "at_us": at[order]})


def source_of(folder: Path, tables: list[pa.Table], buckets: list[list[int]], row_group: int) -> Source:
    files = []
    for i, table in enumerate(tables):
        files.append(folder / f"{i}.parquet")
        pq.write_table(table, files[-1], row_group_size=row_group)
    pq.write_table(pa.table({"code": pa.array(range(len(NAMES)), pa.int32()), "text": NAMES}), folder / "names")
    return Source(tuple(files), True, None, folder / "names", tuple(tuple(files[i] for i in b) for b in buckets))


def everyone(rng: np.random.Generator, parties: int) -> Population:
    start = rng.integers(0, 20 * DAY_US, parties)
    group = rng.integers(0, 10, parties).astype(np.uint8)
    return Population(np.arange(parties), start, rng.random(parties) < 0.4, group, 10)


def test_a_bucket_of_several_files_is_merged(tmp_path):
    rng = np.random.default_rng(0)
    table, population = many(rng, 300, 20_000), everyone(rng, 300)
    whole = scan(study(source_of(tmp_path, [table], [[0]], 999), population))
    later = pa.array(rng.random(len(table)) < 0.3)
    (tmp_path / "split").mkdir()
    parts = [table.filter(later), table.filter(pa.compute.invert(later))]
    split = scan(study(source_of(tmp_path / "split", parts, [[0, 1]], 777), population))
    assert split.cube == whole.cube
    np.testing.assert_array_equal(split.last_us, whole.last_us)


def test_more_counts_than_a_byte_holds(tmp_path):
    rng = np.random.default_rng(1)
    table, population = many(rng, 3, 3_000), everyone(rng, 3)
    looked = study(source_of(tmp_path, [table], [[0]], 500), population)
    found = scan(looked, 400, 30).cube
    assert found == chunked_cube(looked, counts(NAMES), 400, 30)
    assert found.reached(300, 30).sum() > 0


def in_time(table: pa.Table, folder: Path, order: np.ndarray) -> Source:
    names = pa.DictionaryArray.from_arrays(table["name"].combine_chunks(), pa.array(NAMES)).cast(pa.string())
    text = pa.array([f"party {p}" for p in table["party"].to_pylist()])
    own = pa.table({"who": text, "what": names, "ms": pa.array(table["at_us"].to_numpy() // 1000)})
    pq.write_table(own.take(pa.array(order)), folder / "own.parquet", row_group_size=1_500)
    return Source((folder / "own.parquet",), False, columns={"party": "who", "name": "what", "at": "ms"}, clock="ms")


def test_a_file_in_no_order_counts_the_same_as_in_order(tmp_path, monkeypatch):
    rng = np.random.default_rng(2)
    table, population = many(rng, 200, 20_000), everyone(rng, 200)
    texts = [f"party {p}" for p in range(200)]
    in_order = study(in_time(table, tmp_path, np.argsort(table["at_us"].to_numpy(), kind="stable")), population, texts)
    first = scan(in_order)
    (tmp_path / "mixed").mkdir()
    mixed = study(in_time(table, tmp_path / "mixed", rng.permutation(len(table))), population, texts)
    second = scan(mixed)
    assert first.cube == second.cube
    np.testing.assert_array_equal(first.last_us, second.last_us)
    monkeypatch.setattr(ordered, "_sorted", None)  # proof that the first took the fast way, and the second did not
    assert scan(in_order).cube == first.cube
    with pytest.raises(TypeError):
        scan(mixed)


def test_a_file_of_centuries_is_counted_in_pieces_and_a_long_one_in_rounds(tmp_path, monkeypatch):
    """Times within a row group take more bits than there are beside party and name; rounds are of two row groups."""
    rng = np.random.default_rng(4)
    table, population = many(rng, 3_000, 20_000), everyone(rng, 3_000)
    at = rng.permutation(np.repeat(np.arange(-80, 120) * (2**51 // 3), 100)) + rng.integers(0, 40 * DAY_US, 20_000)
    table = table.set_column(2, "at_us", pa.array(at // 1_000 * 1_000))
    at = table["at_us"].to_numpy()
    start = np.zeros(3_000, np.int64)
    start[table["party"].to_numpy()] = at  # of each party's last row, which lies anywhere
    population = replace(population, start_us=start // DAY_US * DAY_US)
    texts = [f"party {p}" for p in range(3_000)]
    in_order = study(in_time(table, tmp_path, np.argsort(at, kind="stable")), population, texts)
    expected = chunked_cube(in_order, counts(in_order.names), 50, 30)
    assert expected.counts.sum() > 1_000
    last = np.full(3_000, np.iinfo(np.int64).min)
    np.maximum.at(last, table["party"].to_numpy(), at)
    for rows in (ordered.ROUND, 3_000, 1):
        monkeypatch.setattr(ordered, "ROUND", rows)
        found = scan(in_order, threads=2)
        assert found.cube == expected
        np.testing.assert_array_equal(found.last_us, last)


def test_what_does_not_fit_is_refused_in_one_line(tmp_path):
    rng = np.random.default_rng(3)
    table, population = many(rng, 50, 1_000), everyone(rng, 50)
    shuffled = table.take(pa.array(rng.permutation(1_000)))
    with pytest.raises(InputError, match="not sorted"):
        scan(study(source_of(tmp_path, [shuffled], [[0]], 100), population))
    unknown = table.set_column(1, "name", pa.array(np.full(1_000, 7, np.int32)))
    with pytest.raises(InputError, match="not in the dictionary"):
        scan(study(source_of(tmp_path, [unknown], [[0]], 100), population))
    with pytest.raises(InputError, match="give the text of each row"):
        study(in_time(table, tmp_path, np.arange(1_000)), population)
    twice = replace(population, ids=population.ids)
    with pytest.raises(InputError, match="each party once"):
        scan(study(in_time(table, tmp_path, np.argsort(table["at_us"].to_numpy())), twice, ["party 1"] * 50))


texts = st.one_of(  # as others call their parties
    st.text(max_size=5), st.text(alphabet="ab\0é", max_size=40), st.integers(0, 99).map(lambda n: "x" * n)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, min_size=1, max_size=30, unique=True), st.lists(texts, max_size=30))
def test_parties_are_found_by_their_text_and_no_other(known, others):
    n = len(known)
    population = Population(np.arange(n), np.zeros(n, np.int64), np.arange(n) % 2 == 0, np.zeros(n, np.uint8), 1)
    parties = ordered.Parties.of(population, known)
    asked = known + others
    for column in (pa.array(asked), pa.array(["before", *asked], pa.large_string())[1:]):
        rows = [parties.order[place] if place >= 0 else None for place in parties.known.places(column)]
        assert rows == [known.index(text) if text in known else None for text in asked]
