"""Made-up events for timing: many parties, skewed names, skewed engagement, starts spread over half a year.

Writes, under a folder: `sealed/` (segments as the store writes them: integer codes, one file a bucket, sorted by
party and time), `ordered.parquet` (the same events in order of time, with text ids), `population.parquet`.

    python bench/generate.py --events 5000000 --parties 100000 --names 200 --out DIR
"""

# ruff: noqa: PLR0917 -- columns and sizes, each by its name
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from occasion.finding.grouping import groups_of, text_hashes
from occasion.store.segment import ROW_GROUP as SEGMENT_ROWS

DAY_US = 86_400_000_000
BUCKETS = 16
ROW_GROUP = 1 << 20
SPREAD_DAYS = 180  # over which the parties start
MEAN_DAYS = 30  # of an event after the start: about 63 % fall within 30 days


def generate(events: int, parties: int, names: int, groups: int, out: Path, codec: str = "zstd", seed: int = 1) -> None:
    """Everything under `out`; the same seed gives the same rows."""
    rng = np.random.default_rng(seed)
    texts = pa.array(
        [f"u{x:012x}" for x in rng.permutation(np.arange(parties, dtype=np.int64) * 7_919_993 + 17).tolist()]
    )
    start = rng.integers(0, SPREAD_DAYS * DAY_US, parties) + 1_704_067_200_000_000
    engagement = rng.lognormal(0.0, 1.0, parties)
    size = rng.multinomial(events, engagement / engagement.sum())
    kept = rng.random(parties) < 0.1 + 0.5 * (np.argsort(np.argsort(size)) / parties)
    party = np.repeat(np.arange(parties, dtype=np.int32), size)
    weight = 1.0 / np.arange(1, names + 1)
    name = np.searchsorted(np.cumsum(weight / weight.sum()), rng.random(events)).clip(0, names - 1).astype(np.int32)
    offset = rng.exponential(MEAN_DAYS * DAY_US, events).astype(np.int64)
    early = rng.random(events) < 0.02
    offset[early] = -(offset[early] % (20 * DAY_US)) - 1
    at = start[party] + offset
    out.mkdir(parents=True, exist_ok=True)
    write_population(out, texts, start, kept, groups)
    write_sealed(out / "sealed", texts, party, name, at, names)
    write_ordered(out / "ordered.parquet", texts, party, name, at, names, codec)


def write_population(out: Path, texts: pa.Array, start: np.ndarray, kept: np.ndarray, groups: int) -> None:
    """Code, text, start, outcome and hash group of each party."""
    table = pa.table(
        {
            "code": pa.array(np.arange(len(texts), dtype=np.int32)),
            "text": texts,
            "start_us": start,
            "kept": kept,
            "grp": groups_of(texts, groups),
        }
    )
    pq.write_table(table, out / "population.parquet", compression="zstd")


def write_sealed(
    folder: Path, texts: pa.Array, party: np.ndarray, name: np.ndarray, at: np.ndarray, names: int
) -> None:
    """One file a hash bucket, sorted by (party, at), encoded as `store/segment.py` encodes these columns."""
    folder.mkdir(exist_ok=True)
    bucket = (text_hashes(texts) % np.uint64(BUCKETS)).astype(np.uint8)
    of_row = bucket[party]
    for b in range(BUCKETS):
        rows = np.flatnonzero(of_row == b)
        rows = rows[np.lexsort((at[rows], party[rows]))]
        table = pa.table({"party": party[rows], "name": name[rows], "at_us": at[rows]})
        file = folder / f"{b:02}.parquet"
        pq.write_table(table, file, row_group_size=SEGMENT_ROWS, compression="lz4", use_dictionary=["party", "name"])
    dictionary(folder / "names", [name_text(i) for i in range(names)])
    dictionary(folder / "parties", texts)


def write_ordered(
    file: Path, texts: pa.Array, party: np.ndarray, name: np.ndarray, at: np.ndarray, names: int, codec: str
) -> None:
    """All events in order of time, with text ids and names and a timestamp, as a warehouse would export them."""
    order = np.argsort(at, kind="stable")
    words = pa.array([name_text(i) for i in range(names)])
    schema = pa.schema({"user_id": pa.string(), "event": pa.string(), "time": pa.timestamp("us", tz="UTC")})
    with pq.ParquetWriter(file, schema, compression=codec) as writer:
        for begin in range(0, len(order), ROW_GROUP):
            rows = order[begin : begin + ROW_GROUP]
            columns = [
                texts.take(pa.array(party[rows])),
                words.take(pa.array(name[rows])),
                pa.array(at[rows], schema[2].type),
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=ROW_GROUP)


def dictionary(file: Path, texts: object) -> None:
    """Codes and texts."""
    column = texts if isinstance(texts, pa.Array) else pa.array(texts)
    pq.write_table(pa.table({"code": pa.array(np.arange(len(column), dtype=np.int32)), "text": column}), file)


def name_text(i: int) -> str:
    """The name of an event."""
    return f"event_{i:03}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--parties", type=int, default=100_000)
    parser.add_argument("--names", type=int, default=200)
    parser.add_argument("--groups", type=int, default=10)
    parser.add_argument("--codec", default="zstd", help="of the file in order of time: zstd, snappy, lz4, none")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    generate(asked.events, asked.parties, asked.names, asked.groups, asked.out, asked.codec)
