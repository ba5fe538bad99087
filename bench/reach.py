"""`reach` against SQL written by hand: 20 definitions over 8 million events, both on DuckDB, in one run.

Every hand-written query is what an expert would write for that one question on the same Parquet file (flat columns,
string ids, in order of time), and must give the same occurrences, or the run fails. Ours reads all twenty at once.

    python bench/reach.py [--events 8000000] [--parties 200000] [--only N] [--profile]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from reach_by_hand import QUESTIONS, Question

from occasion.moments.text import read
from occasion.store.engine_duckdb import DuckEngine
from occasion.store.reach import Asked, Reach
from occasion.store.source import Source

Seconds = np.ndarray
DAY = 86_400_000_000
BEGIN = 1_704_067_200_000_000
NAMES = np.array(
    ["visit", "view", "friend", "message", "order", "ticket", "extraction", "signup", "call", "workout", "invoice"]
)
SHARES = np.array([0.2, 0.25, 0.1, 0.15, 0.08, 0.04, 0.02, 0.02, 0.05, 0.07, 0.02])


class Spent:
    """Seconds by the clock and of this process's cores since it was made: the second also holds on a busy machine."""

    def __init__(self) -> None:
        self.begin = np.array([time.perf_counter(), time.process_time()])

    def so_far(self) -> Seconds:
        return np.array([time.perf_counter(), time.process_time()]) - self.begin


def draw(folder: Path, events: int, parties: int) -> Path:
    """A log of 400 days: a few parties do much, most little; written in order of time."""
    rng = np.random.default_rng(7)
    party = np.minimum(rng.gamma(0.8, 0.25, events) * parties, parties - 1).astype(np.int64)
    party = rng.permutation(parties)[party]
    at = np.sort(BEGIN + (rng.random(events) * 400 * DAY).astype(np.int64))
    name = rng.choice(len(NAMES), events, p=SHARES)
    direction = rng.choice(3, events)
    table = pa.table(
        {
            "user_id": pa.array(np.char.add("user-", party.astype(str))),
            "event": pa.DictionaryArray.from_arrays(name.astype(np.int32), NAMES).cast(pa.string()),
            "at_us": at,
            "amount": np.where(name == 4, np.round(rng.gamma(2.0, 40.0, events), 2), np.nan),
            "country": pa.array(np.array(["PL", "DE", "FR", "US"])[rng.integers(0, 4, events)]),
            "item": pa.array(np.char.add("item-", rng.integers(0, 300, events).astype(str))),
            "counterpart": pa.array(np.char.add("user-", rng.integers(0, 500, events).astype(str))),
            "direction": pa.array(np.array(["in", "out", ""])[direction], mask=direction == 2),
        }
    )
    path = folder / "log.parquet"
    pq.write_table(table, path, row_group_size=1 << 20)
    return path


def by_hand(path: Path, question: Question, as_of: int) -> tuple[Seconds, pa.Table]:
    """Seconds, and the rows."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE VIEW e AS SELECT * FROM read_parquet('{path}')")
        begin = Spent()
        found = connection.execute(question.sql.format(as_of=as_of, day=DAY)).to_arrow_table()
        return begin.so_far(), found


def by_us(path: Path, questions: list[Question], as_of: int) -> Iterator[tuple[Seconds, pa.Table]]:
    """First the seconds of what they share (and no rows), then for each question its seconds and rows."""
    columns = {"party": "user_id", "name": "event", "at_us": "at_us", "counterpart": "counterpart"}
    columns |= {"direction": "direction"} | {f"prop:{f}": f for f in ("amount", "country", "item")}
    source = Source((path,), sealed=False, columns=columns)
    asked = [Asked(question.text, read(question.text)) for question in questions]
    with DuckEngine() as engine:
        begin = Spent()
        reach = Reach(engine, engine.open(source), asked, as_of)
        _ = reach.shared
        yield begin.so_far(), pa.table({})
        for one in asked:
            begin = Spent()
            found = reach.rows(one)
            yield begin.so_far(), found


def digest(table: pa.Table, party: str, at: str) -> tuple[int, int]:
    """How many rows, and a sum that tells two sets of (party, at) apart."""
    with duckdb.connect() as connection:
        connection.register("t", table)
        found = connection.execute(f'SELECT count(*), sum(hash("{party}", "{at}")) FROM t').fetchone()
        assert found is not None
        return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=8_000_000)
    parser.add_argument("--parties", type=int, default=200_000)
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    questions = QUESTIONS if options.only is None else QUESTIONS[options.only - 1 : options.only]
    with tempfile.TemporaryDirectory() as folder:
        path = draw(Path(folder), options.events, options.parties)
        as_of = BEGIN + 400 * DAY
        ours = by_us(path, questions, as_of)
        shared, _ = next(ours)
        # in turns, so that a busy machine is as busy for both
        both = [(by_hand(path, question, as_of), next(ours)) for question in questions]
    print(f"{'occurrences':>11} {'by hand':>15} {'ours':>15}   definition (seconds by the clock, of the cores)")
    for question, ((hand, wanted), (mine, found)) in zip(questions, both, strict=True):
        if digest(found, "party", "at_us") != digest(wanted, "party", "ts"):
            raise SystemExit(f"different rows for {question.text}")
        print(f"{found.num_rows:>11,} {shown(hand)} {shown(mine)}   {question.text}")
    hand, mine = sum(one[0] for one, _ in both), shared + sum(one[0] for _, one in both)
    print(f"{'shared':>11} {'':>15} {shown(shared)}   numbering the parties, one scan for all twenty")
    print(f"{'in sum':>11} {shown(hand)} {shown(mine)}   ratio {mine[0] / hand[0]:.2f} and {mine[1] / hand[1]:.2f}")


def shown(seconds: Seconds) -> str:
    return f"{seconds[0]:>7.2f} {seconds[1]:>7.2f}"


if __name__ == "__main__":
    main()
