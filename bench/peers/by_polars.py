"""Polars, lazy, on its streaming engine: counts a day, running sums, the counts passed."""

from __future__ import annotations

import numpy as np
import polars as pl

from peers.data import COUNTS, DAY_US, DAYS, Data, histogram


def sealed(data: Data) -> np.ndarray:
    """Integer codes."""
    events = pl.scan_parquet(data.sealed).select("party", "name", at="at_us")
    population = pl.from_arrow(data.population.select(["code", "start_us", "cell"])).lazy()
    return _run(data, events.join(population, left_on="party", right_on="code"))


def ordered(data: Data) -> np.ndarray:
    """Text ids: joined to codes first."""
    events = pl.scan_parquet(data.ordered).select(
        "user_id", name=pl.col("event").str.slice(6).cast(pl.Int32), at=pl.col("time").dt.epoch("us")
    )
    population = pl.from_arrow(data.population.select(["text", "code", "start_us", "cell"])).lazy()
    joined = events.join(population, left_on="user_id", right_on="text").rename({"code": "party"})
    return _run(data, joined)


def _run(data: Data, joined: pl.LazyFrame) -> np.ndarray:
    offset = pl.col("at") - pl.col("start_us")
    days = (
        joined.filter((offset >= 0) & (offset < DAYS * DAY_US))
        .select(
            key=pl.col("party").cast(pl.Int64) * data.names + pl.col("name"),
            cell=pl.col("cell"),
            day=(offset // DAY_US).cast(pl.Int8),
        )
        .group_by("key", "cell", "day")
        .agg(c=pl.len())
        .collect(engine="streaming")
    )
    running = days.sort("key", "day").with_columns(total=pl.col("c").cum_sum())
    first = pl.col("key") != pl.col("key").shift(1).fill_null(-1)
    before = pl.when(first).then(pl.col("total") - pl.col("c")).otherwise(None).forward_fill()
    passed = (
        running.lazy()
        .with_columns(hi=(pl.col("total") - before).cast(pl.Int32), name=(pl.col("key") % data.names).cast(pl.Int32))
        .with_columns(lo=pl.col("hi") - pl.col("c").cast(pl.Int32) + 1)
        .filter(pl.col("lo") <= COUNTS)
        .group_by("cell", "name", "day", "lo", pl.col("hi").clip(upper_bound=COUNTS))
        .agg(n=pl.len())
        .with_columns(k=pl.int_ranges("lo", pl.col("hi") + 1))
        .explode("k")
        .group_by("cell", "name", "day", "k")
        .agg(pl.col("n").sum())
        .collect(engine="streaming")
    )
    return histogram(data, *(passed[column].to_numpy() for column in ("cell", "name", "k", "day", "n")))
