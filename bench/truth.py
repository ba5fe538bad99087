"""Finding held to worlds whose truth is known; writes docs/truth.md.

    python bench/truth.py --seeds 100 --runs 1000     # everything, then the page
    python bench/truth.py --only-page                 # the page from the rows there are

A run that stopped goes on where it was: worlds that are in the file already are not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from occasion.estimate import Estimate
from occasion.events.world import Truth, World
from occasion.events.world_patterns import KINDS, seen, simulate
from occasion.finding.activity import activity_of
from occasion.finding.confirm import confirm
from occasion.finding.find import find
from occasion.finding.findings import Finding, Findings
from occasion.finding.landmark import landmark
from occasion.finding.screen import Cell
from occasion.finding.simulated import in_memory

PARTIES = 20_000
Row = dict[str, Any]


def located(what: str, count: int, days: float, truth: Truth) -> bool:
    """Event right, count within 1, window within 2 days or a fifth."""
    near = abs(days - truth.window_days) <= max(2.0, truth.window_days / 5)
    return what == truth.what and abs(count - truth.count) <= 1 and near


def one_world(kind: str, seed: int, parties: int = PARTIES) -> Row:
    """Draw a world, find, and say how right it was."""
    world = simulate(kind, np.random.default_rng([seed, *kind.encode()]), parties)
    streams, population = in_memory(world, np.random.default_rng(seed))
    began = time.process_time()
    found = find(streams, population, world.horizon_days, seed, most=8, with_pictures=False)
    seconds = time.process_time() - began
    candidates = [f for f in found.candidates if f.verdict == "candidate"]
    true_streams = {t.what for t in world.moments}
    peer = found.peers[0]
    return {
        "kind": kind, "seed": seed, "seconds": seconds, "parties": parties, "hidden": world.hidden,
        "candidates": len(candidates),
        "false": [f.when for f in candidates if f.what not in true_streams],
        "peer_first": peer.when, "peer_phi": peer.phi,
        "peer_located": any(_peer_located(peer.when, t) for t in world.moments),
        "truths": [_moment(t, found, candidates) for t in world.moments],
        "seeming": [_seeming(t, found, world) for t in world.truths if t.right != "candidate"],
        "late": [r.what for r in found.refusals if "after" in r.what],
    }  # fmt: skip


def _peer_located(when: str, truth: Truth) -> bool:
    from occasion.finding.candidates import line

    spans = range(1, 60)
    return any(
        when == line(truth.what, k, d)
        for k in range(max(1, truth.count - 1), truth.count + 2)
        for d in spans
        if located(truth.what, k, d, truth) and (k == 1 or " then " not in truth.what)
    )


def _moment(truth: Truth, found: Findings, candidates: list[Finding]) -> Row:
    """Where a true moment came, and what was said of it."""
    place = next((i for i, f in enumerate(candidates, 1) if located(f.what, f.count, f.days, truth)), None)
    row: Row = {
        "what": truth.what,
        "count": truth.count,
        "days": truth.window_days,
        "effect": truth.effect,
        "place": place,
    }
    mine = next((f for f in found.candidates if f.what == truth.what), None)
    if mine is None:
        return row
    row |= {"said": mine.verdict, "why": mine.why, "at": [mine.count, mine.days], "peer_rank": mine.peer_rank}
    if isinstance(mine.effect, Estimate):
        row |= {"value": mine.effect.value, "low": mine.effect.low, "high": mine.effect.high}
        row["warns"] = mine.sensitivity is not None and mine.sensitivity.warns
    return row


def _seeming(truth: Truth, found: Findings, world: World) -> Row:
    mine = next((f for f in found.candidates if f.what == truth.what), None)
    return {"what": truth.what, "said": mine.verdict if mine else "not named", "why": mine.why if mine else ""}


def small_world(seed: int, n: int = 3000) -> Row:
    """One run of both estimators alone where everything that matters is seen: values, errors, and the truth."""
    world = seen(np.random.default_rng([seed, 7]), n)
    streams, population = in_memory(world, np.random.default_rng(seed))
    activity = activity_of(streams, np.ones(n, bool), world.horizon_days)
    truth = world.moments[0]
    cell = Cell(streams.what.index(truth.what), truth.count, truth.window_days)
    trial = confirm(activity, population.kept, cell, np.random.default_rng(seed + 1))
    mark = landmark(activity, population.kept, cell, world.horizon_days).effect
    row: Row = {"kind": "small", "seed": seed, "effect": truth.effect}
    for name, got in (("trial", trial), ("landmark", mark)):
        if got is not None:
            row[name] = [got.value, got.se, got.naive]
    return row


def _done(out: Path) -> set[tuple[str, int]]:
    if not out.exists():
        return set()
    rows = (json.loads(line) for line in out.read_text().splitlines() if line)
    return {(r["kind"], r["seed"]) for r in rows}


def _work(job: tuple[str, int, int]) -> Row:
    kind, seed, parties = job
    return small_world(seed) if kind == "small" else one_world(kind, seed, parties)


def _run(jobs: list[tuple[str, int, int]], processes: int, out: Path) -> None:
    done = _done(out)
    jobs = [j for j in jobs if j[:2] not in done]
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a") as file:
        for row in _rows(jobs, processes):
            file.write(json.dumps(row) + "\n")
            file.flush()


def _rows(jobs: list[tuple[str, int, int]], processes: int) -> Iterator[Row]:
    if processes == 1:
        yield from map(_work, jobs)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_work, jobs)


def main() -> None:
    """Read the command line."""
    from truth_page import page

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100, help="worlds of each kind")
    parser.add_argument("--runs", type=int, default=1000, help="runs of the estimators alone")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--parties", type=int, default=PARTIES)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rows", type=Path, default=Path("bench/truth.jsonl"), help="one line a world, appended")
    parser.add_argument("--page", type=Path, default=Path("docs/truth.md"))
    parser.add_argument("--only-page", action="store_true")
    asked = parser.parse_args()
    if not asked.only_page:
        _run([("small", seed, 0) for seed in range(asked.runs)], asked.processes, asked.rows)
        jobs = [(kind, seed, asked.parties) for seed in range(asked.seeds) for kind in asked.kinds.split(",")]
        _run(jobs, asked.processes, asked.rows)
    rows = [json.loads(line) for line in asked.rows.read_text().splitlines() if line]
    asked.page.write_text(page(rows))


if __name__ == "__main__":
    main()
