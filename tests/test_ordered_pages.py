"""Somebody's own Parquet page by page against Arrow's reader, over the ways a writer may lay it out; broken bytes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from occasion.cli import run
from occasion.errors import InputError
from occasion.finding import pages, unsealed
from occasion.finding.chunks import Study
from occasion.finding.known_texts import KnownTexts
from occasion.finding.ordered import microseconds
from occasion.finding.ordered_pages import RowGroup, used_names
from occasion.finding.pages import Room
from occasion.finding.population import Population
from occasion.finding.scan import scan
from occasion.store.source import Source

COLUMNS = {"party": "who", "name": "what", "at": "when"}
KINDS = {"timestamp": [pa.timestamp(u, z) for u in ("us", "ms", "ns") for z in ("UTC", None)], "s": [pa.int64()]}
NAMES = ("call", "message", "visit", "")


def table(rng: np.random.Generator, rows: int, kind: pa.DataType) -> pa.Table:
    """Ids short, long and empty; instants in order of time."""
    ids = [f"{'x' * int(n)}{n}" if n % 7 else "" for n in rng.integers(0, 60, rows)]
    at = np.sort(rng.integers(0, 10**9, rows))
    name = [NAMES[i] for i in rng.integers(0, len(NAMES), rows)]
    return pa.table({"who": ids, "what": name, "when": pa.array(at, pa.int64()).cast(kind)})


def say(path, group: int, column: int, header: bytes, change) -> None:
    """Change the header of a column's first page that has checksums: `change(values)` gives the bytes from behind the
    checksum to behind how many values there are; the checksum's place, which nobody needs, makes up the length."""
    data = bytearray(path.read_bytes())
    chunk = pq.read_metadata(path).row_group(group).column(column)
    begin = min(o for o in (chunk.dictionary_page_offset, chunk.data_page_offset) if o is not None)
    place = data.index(header, begin)  # a struct's head and the head of its first field
    checksum = next(i for i in range(place - 2, begin, -1) if data[i] < 128)
    assert data[checksum] == 0x15
    end = next(i for i in range(place + 2, len(data)) if data[i] < 128) + 1
    data[checksum:end] = change(end - checksum)
    path.write_bytes(data)


def huge(room: int) -> bytes:
    """The head of a dictionary page (field 7, four behind field 3) and a count of values that fills the room."""
    return b"\x4c\x15" + b"\xfe" + b"\xff" * (room - 4) + b"\x7f"


def source(path, clock: str) -> Source:
    return Source((path,), False, columns=COLUMNS, clock=clock)


written = st.fixed_dictionaries(
    {
        "compression": st.sampled_from(["zstd", "snappy", "lz4", "none"]),
        "use_dictionary": st.sampled_from([True, False, ["who", "what"]]),
        "data_page_size": st.sampled_from([60, 1 << 20]),
        "dictionary_pagesize_limit": st.sampled_from([64, 1 << 20]),
        "write_batch_size": st.sampled_from([7, 1024]),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.integers(1, 3_000), st.sampled_from(sorted(KINDS)), st.integers(0, 5), written)
def test_pages_hold_what_arrow_reads(tmp_path, seed, rows, clock, which, how):
    path, rng = tmp_path / "own.parquet", np.random.default_rng(seed)
    made = table(rng, rows, KINDS[clock][which % len(KINDS[clock])])
    pq.write_table(made, path, row_group_size=1_000, **how)
    meta, room, asked = pq.read_metadata(path), Room(), source(path, clock)
    ids = sorted(set(made["who"].to_pylist()))[seed % 2 :]  # the first is not always under study
    parties, names = KnownTexts.of(pa.array(ids, pa.string())), KnownTexts.of(pa.array(NAMES[:3]))
    for group in range(meta.num_row_groups):
        part = made.slice(1_000 * group, 1_000)
        found = RowGroup(path, meta, group, asked, room).rows(parties, names)
        assert found is not None
        assert found[0].tolist() == [ids.index(text) if text in ids else -1 for text in part["who"].to_pylist()]
        assert found[1].tolist() == [NAMES[:3].index(t) if t in NAMES[:3] else -1 for t in part["what"].to_pylist()]
        np.testing.assert_array_equal(microseconds(found[2], asked), microseconds(part["when"], asked))
    used = used_names(asked)
    assert used is None or used == set(made["what"].to_pylist())
    assert used is not None or not how["use_dictionary"] or how["dictionary_pagesize_limit"] == 64
    assert unsealed.names(asked) == tuple(sorted(set(made["what"].to_pylist())))


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_header_longer_than_what_is_read_to_know_it_by(tmp_path, monkeypatch, compression):
    monkeypatch.setattr(pages, "HEAD", 7)
    path, made = tmp_path / "own.parquet", table(np.random.default_rng(3), 500, pa.timestamp("us"))
    pq.write_table(made, path, compression=compression, data_page_size=100, write_batch_size=20)
    ids, asked = sorted(set(made["who"].to_pylist())), source(path, "timestamp")
    parties, names = KnownTexts.of(pa.array(ids, pa.string())), KnownTexts.of(pa.array(NAMES))
    found = RowGroup(path, pq.read_metadata(path), 0, asked, Room()).rows(parties, names)
    assert [ids[place] for place in found[0]] == made["who"].to_pylist()
    assert [NAMES[code] for code in found[1]] == made["what"].to_pylist()
    np.testing.assert_array_equal(microseconds(found[2], asked), microseconds(made["when"], asked))
    assert used_names(asked) == set(made["what"].to_pylist())


def test_a_name_that_a_dictionary_holds_but_no_row_has_is_none(tmp_path):
    made = table(np.random.default_rng(1), 100, pa.timestamp("us"))
    codes = pa.DictionaryArray.from_arrays(pa.array([0] * 60 + [2] * 40, pa.int32()), pa.array(["a", "unused", "c"]))
    pq.write_table(made.set_column(1, "what", codes), tmp_path / "own.parquet")
    assert used_names(source(tmp_path / "own.parquet", "timestamp")) == {"a", "c"}


@pytest.mark.parametrize("place", [0, 50, 99])
@pytest.mark.parametrize("column", ["who", "what", "when"])
def test_a_missing_value_is_left_to_arrow(tmp_path, column, place):
    made = table(np.random.default_rng(2), 100, pa.timestamp("us"))
    values = made[column].to_pylist()
    values[place] = None
    at = made.column_names.index(column)
    path = tmp_path / "own.parquet"
    pq.write_table(made.set_column(at, column, pa.array(values, made[column].type)), path)
    known = KnownTexts.of(pa.array(["a"]))
    assert RowGroup(path, pq.read_metadata(path), 0, source(path, "timestamp"), Room()).rows(known, known) is None


def test_ids_that_are_numbers_are_left_to_arrow(tmp_path):
    path, known = tmp_path / "own.parquet", KnownTexts.of(pa.array(["1", "2"]))
    made = table(np.random.default_rng(2), 3, pa.timestamp("us")).set_column(0, "who", pa.array([1, 2, 3]))
    pq.write_table(made, path)
    assert RowGroup(path, pq.read_metadata(path), 0, source(path, "timestamp"), Room()).rows(known, known) is None


def test_a_text_that_comes_twice_is_no_set():
    assert KnownTexts.of(pa.array(["a", "b" * 40, "a" + "b" * 40])) is not None
    assert KnownTexts.of(pa.array(["b" * 40, "a", "b" * 40])) is None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8))
@example(0, [])
@example(2, [(0.0030959752321981426, 0)])
def test_broken_bytes_are_survived(tmp_path, seed, changes):
    """Bytes changed anywhere before the footer: other values, None, or Arrow's own error, never a reading beyond."""
    rng, path = np.random.default_rng(seed), tmp_path / "own.parquet"
    how = ("none", "zstd", "snappy", "lz4")[seed % 4]
    made = table(rng, 400, pa.timestamp("us"))
    pq.write_table(made, path, compression=how, data_page_size=200, write_batch_size=30)
    meta, data = pq.read_metadata(path), np.fromfile(path, np.uint8)
    end = sum(meta.row_group(0).column(i).total_compressed_size for i in range(3))
    for where, byte in changes:
        data[4 + int(where * (end - 1))] = byte
    data.tofile(path)
    parties, names = KnownTexts.of(pa.array(sorted(set(made["who"].to_pylist())))), KnownTexts.of(pa.array(NAMES))
    try:
        found = RowGroup(path, meta, 0, source(path, "timestamp"), Room()).rows(parties, names)
    except OSError:  # a block that cannot be unpacked, in Arrow's words
        return
    if not changes:
        assert found is not None
    if found is not None:
        assert all(len(column) == 400 for column in found)


@pytest.mark.parametrize("group", [0, 1])
def test_a_name_that_is_no_text_is_said_in_a_line(tmp_path, group, capsys):
    path = tmp_path / "own.parquet"
    made = table(np.random.default_rng(5), 4_000, pa.timestamp("us")).rename_columns(["party", "name", "at"])
    pq.write_table(made, path, compression="none", row_group_size=2_000)
    data = path.read_bytes()
    begin = pq.read_metadata(path).row_group(group).column(1).dictionary_page_offset
    place = data.index(NAMES[0].encode(), begin)
    path.write_bytes(data[:place] + b"\xff" + data[place + 1 :])
    assert run(["find", str(path), "--kept", "count(any) >= 1 between 28 days and 70 days after start"]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("mapping ")]
    assert len(said) == 1
    assert "own.parquet" in said[0]
    assert "this should not happen" not in said[0]


@pytest.mark.parametrize("compression", ["zstd", "snappy", "lz4"])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_page_that_cannot_be_unpacked_is_said_in_a_line(tmp_path, column, compression, capsys):
    """Its header says two bytes less than it has."""
    path, rng = tmp_path / "own.parquet", np.random.default_rng(6)
    made = table(rng, 4_000, pa.timestamp("us")).rename_columns(["party", "name", "at"])
    pq.write_table(made, path, compression=compression, use_dictionary=False, row_group_size=2_000)
    data = bytearray(path.read_bytes())
    size = pq.read_metadata(path).row_group(1).column(column).data_page_offset + 3
    assert data[size - 1] == 0x15
    assert data[size] >= 132
    data[size] -= 4  # twice the difference, of a number of seven bits a byte
    path.write_bytes(data)
    asked = Source((path,), False, columns={c: c for c in made.column_names}, clock="timestamp")
    ids = sorted(set(made["party"].to_pylist()))
    nought = np.zeros(len(ids), np.int64)
    population = Population(np.arange(len(ids)), nought, nought > 0, nought.astype(np.uint8), 1)
    with pytest.raises(InputError, match=r"own\.parquet: is a Parquet file that cannot be read \(.*\); write it anew$"):
        scan(Study(asked, population, NAMES, ids))
    assert run(["find", str(path), "--kept", "count(any) >= 1 between 28 days and 70 days after start"]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("mapping ")]
    assert len(said) == 1
    assert "this should not happen" not in said[0]


@pytest.mark.parametrize("compression", ["zstd", "snappy", "lz4"])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_page_with_fewer_bytes_than_its_header_says_is_not_filled_up(tmp_path, column, compression):
    """Its header says two bytes more than it has: what would lie there is anybody's."""
    path, rng, known = tmp_path / "own.parquet", np.random.default_rng(6), KnownTexts.of(pa.array(["a"]))
    made = table(rng, 2_000, pa.timestamp("us"))
    pq.write_table(made, path, compression=compression, use_dictionary=False)
    data = bytearray(path.read_bytes())
    size = pq.read_metadata(path).row_group(0).column(column).data_page_offset + 3
    assert data[size - 1] == 0x15
    assert data[size] < 252
    data[size] += 4  # twice the difference, of a number of seven bits a byte
    path.write_bytes(data)
    with pytest.raises(OSError, match=r".+"):
        pq.read_table(path)
    with pytest.raises(OSError, match="Corrupt"):
        RowGroup(path, pq.read_metadata(path), 0, source(path, "timestamp"), Room()).rows(known, known)


@pytest.mark.parametrize("compression", ["none", "snappy"])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_dictionary_that_claims_to_be_huge_is_left_to_arrow(tmp_path, column, compression):
    path, rng = tmp_path / "own.parquet", np.random.default_rng(0)
    made = table(rng, 4_000, pa.timestamp("us")).set_column(
        2, "when", pa.array(np.sort(rng.integers(0, 200, 4_000)) * 86_400_000_000, pa.timestamp("us"))
    )
    pq.write_table(made, path, compression=compression, write_page_checksum=True)
    say(path, 0, column, b"\x3c\x15", huge)
    asked, known = source(path, "timestamp"), KnownTexts.of(pa.array(["a"]))
    assert RowGroup(path, pq.read_metadata(path), 0, asked, Room()).rows(known, known) is None
    assert (used_names(asked) is None) == (column == 1)


@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_dictionary_that_claims_to_be_huge_is_said_in_a_line(tmp_path, column, capsys):
    path, rng = tmp_path / "own.parquet", np.random.default_rng(0)
    made = table(rng, 4_000, pa.timestamp("us")).rename_columns(["party", "name", "at"])
    days = pa.array(np.sort(rng.integers(0, 200, 4_000)) * 86_400_000_000, pa.timestamp("us"))
    pq.write_table(
        made.set_column(2, "at", days), path, compression="none", row_group_size=2_000, write_page_checksum=True
    )
    say(path, 1, column, b"\x3c\x15", huge)
    assert run(["find", str(path), "--kept", "count(any) >= 1 between 28 days and 70 days after start"]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("mapping ")]
    assert len(said) == 1
    assert "a file is damaged" in said[0]


def test_missing_values_said_in_another_encoding_are_left_to_arrow(tmp_path):
    """The levels of a file whose header calls them anything but runs are not read as runs."""
    path, known = tmp_path / "own.parquet", KnownTexts.of(pa.array(["a"]))
    made = table(np.random.default_rng(2), 100, pa.timestamp("us"))
    pq.write_table(made, path, use_dictionary=False, compression="none", column_encoding="PLAIN")
    asked, meta = source(path, "timestamp"), pq.read_metadata(path)
    assert RowGroup(path, meta, 0, asked, Room()).rows(known, known) is not None
    data = bytearray(path.read_bytes())
    runs = data.index(b"\x15\x00\x15\x06", meta.row_group(0).column(0).data_page_offset)  # plain; levels in runs
    data[runs + 3] = 0x08  # as packed bits (4)
    path.write_bytes(data)
    assert RowGroup(path, meta, 0, asked, Room()).rows(known, known) is None
