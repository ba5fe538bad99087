"""A made-up history for timing all of `find`: many parties, skewed names, latent engagement, and three true moments.

Every party begins with `joined`; 200 names come more often to those who are more engaged, and so does staying. Three of
the names have a moment each: reaching `COUNT` of it within `DAYS` days makes staying likelier by `EFFECT`. A party that
stays has one `renewed` event after the horizon. Written as the store writes sealed segments.

    python bench/find_data.py --events 5000000 --out DIR
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from generate import BUCKETS, DAY_US, SPREAD_DAYS, dictionary, name_text

from occasion.finding.findings import Findings
from occasion.store.dictionary import bucket_of
from occasion.store.segment import SEGMENT, write_segment
from occasion.store.source import Source

NAMES = 200
HORIZON_DAYS = 30
EVENTS_EACH = 50
MOMENTS = {1: (2, 10, 0.15), 3: (2, 14, 0.15), 6: (1, 7, 0.15)}  # name: count, days, effect
KEPT = f"count(renewed) >= 1 between {HORIZON_DAYS} days and {2 * HORIZON_DAYS} days after start"


def generate(events: int, out: Path, seed: int = 1) -> None:
    """A history of about that many events, bucket by bucket; the same seed gives the same rows."""
    rng = np.random.default_rng(seed)
    parties = max(1, events // EVENTS_EACH)
    texts = [f"u{x:012x}" for x in rng.permutation(np.arange(parties, dtype=np.int64) * 7_919_993 + 17).tolist()]
    bucket = np.array([bucket_of(text, BUCKETS) for text in texts], np.uint8)
    (out / "sealed").mkdir(parents=True, exist_ok=True)
    for b in range(BUCKETS):
        write_segment(segment(np.flatnonzero(bucket == b).astype(np.int32), rng), out / "sealed" / f"{b:02}.parquet")
    dictionary(out / "names", [*(name_text(i) for i in range(NAMES - 2)), "joined", "renewed"])
    dictionary(out / "parties", texts)


def segment(code: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """The events of one bucket's parties, in order."""
    n = len(code)
    start = rng.integers(0, SPREAD_DAYS * DAY_US, n) + 1_704_067_200_000_000
    engaged = rng.standard_normal(n)
    # a third of what engaged people do comes after the horizon
    size = rng.poisson((EVENTS_EACH - 2) * np.exp(0.8 * engaged - 0.32))
    party = np.repeat(np.arange(n), size)
    weight = 1.0 / np.arange(1, NAMES - 1) ** 0.7
    name = np.searchsorted(np.cumsum(weight / weight.sum()), rng.random(len(party))).clip(0, NAMES - 3).astype(np.int32)
    offset = (rng.random(len(party)) * 1.5 * HORIZON_DAYS * DAY_US).astype(np.int64)
    chance = 0.15 + 0.4 / (1 + np.exp(-1.2 * engaged))
    for moment, (count, days, effect) in MOMENTS.items():
        within = (name == moment) & (offset < days * DAY_US)
        chance += effect * (np.bincount(party[within], minlength=n) >= count)
    kept = np.flatnonzero(rng.random(n) < chance)
    late = HORIZON_DAYS * DAY_US + (rng.random(len(kept)) * HORIZON_DAYS * DAY_US).astype(np.int64)
    who = np.concatenate([np.arange(n), party, kept])
    what = np.concatenate([np.full(n, NAMES - 2), name, np.full(len(kept), NAMES - 1)])
    at = start[who] + np.concatenate([np.zeros(n, np.int64), offset, late])
    order = np.lexsort((at, who))
    at_us = pa.array(at[order])
    columns = {
        "party": pa.array(code[who[order]].astype(np.int32)),
        "name": pa.array(what[order].astype(np.int32)),
        "at_us": at_us,
        "seen_us": at_us,
    }
    rows = [columns.get(field.name, pa.nulls(len(at), field.type)) for field in SEGMENT]
    return pa.Table.from_arrays(rows, schema=SEGMENT)


def source(folder: Path) -> Source:
    """The history as a source."""
    files = tuple(sorted((folder / "sealed").glob("*.parquet")))
    return Source(files, True, folder / "parties", folder / "names", tuple((file,) for file in files))


def find(folder: Path, progress: Callable[[str], None]) -> Findings:
    """All of `find` on it, 20 lines confirmed, pictures drawn."""
    from occasion.finding.run import Options, find_in
    from occasion.store.engine_duckdb import DuckEngine

    with DuckEngine() as engine:
        return find_in(engine, source(folder), Options(kept=KEPT, most=20), progress)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    generate(asked.events, asked.out)
