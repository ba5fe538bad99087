"""Columns read page by page against Arrow's reader, over the ways a writer may lay them out; and broken bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from occasion.finding import page_kernels
from occasion.finding.kernels import compiled
from occasion.finding.pages import Integers, Room

COLUMNS = ("party", "name", "at_us")
KINDS = (np.int32, np.int32, np.int64)


def table(rng: np.random.Generator, rows: int, *, wild: bool, optional: bool) -> pa.Table:
    """Parties in runs, names of many or few values, instants; `wild`: numbers of all sizes, negative ones too."""
    low, high = (-(2**31), 2**31) if wild else (0, 300)
    party = np.sort(rng.integers(low, high, rows)).astype(np.int32)
    name = rng.integers(0, max(1, int(rng.integers(1, 5_000))), rows).astype(np.int32)
    at = rng.integers(-(2**62), 2**62, rows) if wild else rng.integers(0, 1_000, rows) * 1_000_000
    schema = pa.schema([pa.field(c, pa.from_numpy_dtype(k), optional) for c, k in zip(COLUMNS, KINDS, strict=True)])
    return pa.Table.from_arrays([pa.array(party), pa.array(name), pa.array(at)], schema=schema)


def read(path: Path, meta: pq.FileMetaData, group: int) -> list[np.ndarray] | None:
    reader = Integers(path, meta, COLUMNS, Room())
    try:
        return reader.rows(group, KINDS)
    finally:
        reader.close()


written = st.fixed_dictionaries(
    {
        "compression": st.sampled_from(["lz4", "none"]),
        "use_dictionary": st.sampled_from([True, False, ["party", "name"]]),
        "data_page_size": st.sampled_from([40, 500, 1 << 20]),
        "dictionary_pagesize_limit": st.sampled_from([64, 1 << 20]),
        "write_batch_size": st.sampled_from([7, 1024]),
        "write_statistics": st.booleans(),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.integers(1, 4_000), st.booleans(), st.booleans(), written)
def test_pages_hold_what_arrow_reads(tmp_path, seed, rows, wild, optional, how):
    path = tmp_path / "some.parquet"
    made = table(np.random.default_rng(seed), rows, wild=wild, optional=optional)
    pq.write_table(made, path, row_group_size=1_500, **how)
    meta = pq.read_metadata(path)
    for group in range(meta.num_row_groups):
        found = read(path, meta, group)
        assert found is not None
        for values, column in zip(found, made.slice(1_500 * group, 1_500).columns, strict=True):
            np.testing.assert_array_equal(values, column.to_numpy())


OTHERWISE = [
    {"compression": "zstd"},
    {"data_page_version": "2.0", "compression": "lz4"},
    {"column_encoding": {"at_us": "DELTA_BINARY_PACKED"}, "use_dictionary": False},
]


@pytest.mark.parametrize("other", OTHERWISE)
def test_what_is_laid_out_otherwise_is_left_to_arrow(tmp_path, other):
    made = table(np.random.default_rng(1), 5_000, wild=False, optional=True)
    pq.write_table(made, tmp_path / "a.parquet", **other)
    assert read(tmp_path / "a.parquet", pq.read_metadata(tmp_path / "a.parquet"), 0) is None


@pytest.mark.parametrize("place", [0, 77, 2_999])
def test_a_missing_value_is_left_to_arrow(tmp_path, place):
    made = table(np.random.default_rng(2), 3_000, wild=False, optional=True)
    names = made["name"].to_pylist()
    names[place] = None
    made = made.set_column(1, "name", pa.array(names, pa.int32()))
    pq.write_table(made, tmp_path / "a.parquet", compression="lz4")
    assert read(tmp_path / "a.parquet", pq.read_metadata(tmp_path / "a.parquet"), 0) is None
    fewer = made.rename_columns(["party", "other", "at_us"])
    pq.write_table(fewer, tmp_path / "b.parquet", compression="lz4")
    assert read(tmp_path / "b.parquet", pq.read_metadata(tmp_path / "b.parquet"), 0) is None


def test_missing_values_said_in_another_encoding_are_left_to_arrow(tmp_path):
    """And where no value can be missing, it does not matter what a header says of levels that are not there."""
    for optional in (True, False):
        path = tmp_path / f"{optional}.parquet"
        made = table(np.random.default_rng(2), 100, wild=False, optional=optional)
        pq.write_table(made, path, use_dictionary=False, compression="none")
        meta, data = pq.read_metadata(path), bytearray(path.read_bytes())
        runs = data.index(b"\x15\x00\x15\x06", meta.row_group(0).column(0).data_page_offset)  # plain; levels in runs
        data[runs + 3] = 0x08  # as packed bits (4)
        path.write_bytes(data)
        assert (read(path, meta, 0) is None) == optional


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12), st.floats(0, 1))
@example(0, [], 1.0)
def test_broken_bytes_are_survived(tmp_path, seed, changes, left):
    """Bytes changed or cut off give other numbers or False, never a reading beyond what is there."""
    rng = np.random.default_rng(seed)
    path = tmp_path / "broken.parquet"
    wanted = table(rng, 900, wild=bool(seed % 2), optional=True)
    pq.write_table(wanted, path, compression="lz4" if seed % 3 else "none", data_page_size=300, write_batch_size=50)
    meta, whole = pq.read_metadata(path), np.fromfile(path, np.uint8)
    for place, (kind, column) in enumerate(zip(KINDS, COLUMNS, strict=True)):
        chunk = meta.row_group(0).column(place)
        begin = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
        data = whole[begin : begin + chunk.total_compressed_size].copy()
        for where, byte in changes:
            data[int(where * (len(data) - 1))] = byte
        data = data[: int(left * len(data))].copy()
        out = np.full(900, 7, kind)
        # what lies behind the room must stay as it is
        guarded = np.full(chunk.total_uncompressed_size + page_kernels.ROOM + 64, 9, np.uint8)
        room = guarded[:-64]
        codes = np.empty(900, np.int32)
        packed = chunk.compression == "LZ4"
        ok = compiled(page_kernels.numbers)(data, packed, True, out.itemsize, room, codes, out)
        assert (guarded[-64:] == 9).all()
        if not changes and left == 1:
            assert ok
            np.testing.assert_array_equal(out, wanted[column].to_numpy())
