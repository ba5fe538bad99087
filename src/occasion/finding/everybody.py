"""Figures of all parties under study in place of those of the people drawn: who reached a line, and the peers' ranking.

Plain counts come from the first pass over everybody. The few other lines that were looked at closely, and those the
peers' ranking puts first, are counted over everybody too; only the phi of the many other streams is of people drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from occasion.estimate import Refusal
from occasion.finding import reasons
from occasion.finding.adjusted import enough
from occasion.finding.candidates import Candidate, line
from occasion.finding.chunks import Study
from occasion.finding.cube import Cube
from occasion.finding.findings import Finding, Findings, PeerLine
from occasion.finding.reader import Reader
from occasion.finding.screen import window_days

Key = tuple[str, int, int]  # a stream's text, a count, a window in days
PEERS = 10


@dataclass(frozen=True)
class Sides:
    """Who reached a line: how many, and the shares kept of those who did and did not (nan where there is nobody)."""

    reached: int
    kept_with: float
    kept_without: float
    phi: float


def sides(cube: Cube, stream: int, count: int, days: int) -> Sides:
    """One line of a cube."""
    lost_with, kept_with = (int(x) for x in cube.reached(count, days)[:, stream].sum(axis=0))
    lost, kept = (int(x) for x in cube.parties.sum(axis=0))
    reached, rest = lost_with + kept_with, lost + kept - lost_with - kept_with
    spread = float(reached) * rest * lost * kept
    return Sides(
        reached,
        kept_with / reached if reached else float("nan"),
        (kept - kept_with) / rest if rest else float("nan"),
        (kept_with * (lost + kept) - reached * kept) / spread**0.5 if spread else float("nan"),
    )


@dataclass(frozen=True)
class Ranking:
    """Every cell by phi: texts of the streams, windows in days, phi [stream, window, count - 1] (nan: too few)."""

    what: tuple[str, ...]
    windows: npt.NDArray[np.int64]
    phi: npt.NDArray[np.float64]

    def first(self, k: int) -> list[Key]:
        """The k lines with the largest phi."""
        flat = np.where(np.isfinite(self.phi), self.phi, -np.inf).ravel()
        order = np.argsort(-flat, kind="stable")[: min(k, int(np.isfinite(self.phi).sum()))]
        places = zip(*np.unravel_index(order, self.phi.shape), strict=True)
        return [(self.what[s], int(c) + 1, int(self.windows[w])) for s, w, c in places]

    def place(self, key: Key) -> int | None:
        """The place of a line (1 is first); None where it is not among the cells, or too few reached it."""
        w = np.flatnonzero(self.windows == key[2])
        if key[0] not in self.what or not len(w) or key[1] > self.phi.shape[2]:
            return None
        phi = self.phi[self.what.index(key[0]), w[0], key[1] - 1]
        return None if np.isnan(phi) else 1 + int((self.phi > phi).sum())


def ranking(
    cubes: Sequence[Cube], horizon_days: int, leave_out: frozenset[str], candidates: Sequence[Candidate]
) -> Ranking:
    """The streams of all cubes but those left out, being made of the outcome (a text that two cubes have counts in the
    first); of candidates that are patterns only the first point can be asked for."""
    patterns = frozenset(one.what for one in candidates if one.pattern)
    windows = window_days(horizon_days).astype(np.int64)
    most = max(cube.most for cube in cubes)
    what, phi = [], []
    for cube in cubes:
        table = _phi(cube, windows[windows <= cube.days])
        for s, text in enumerate(cube.what):
            if text in leave_out or text in what:
                continue
            cells, highest = np.full((len(windows), most), np.nan), 1 if text in patterns else cube.most
            cells[: table.shape[1], :highest] = table[s][:, :highest]
            what.append(text)
            phi.append(cells)
    return Ranking(tuple(what), windows, np.array(phi).reshape(len(phi), len(windows), most))


def _phi(cube: Cube, windows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Phi by [stream, window, count - 1]."""
    within = np.cumsum(cube.counts.sum(axis=0, dtype=np.int64), axis=2)[:, :, windows - 1].swapaxes(1, 2)
    lost, kept = (float(x) for x in cube.parties.sum(axis=0))
    size, kept_with = within.sum(axis=3).astype(np.float64), within[..., 1].astype(np.float64)
    n = lost + kept
    with np.errstate(invalid="ignore", divide="ignore"):
        phi = (kept_with * n - size * kept) / np.sqrt(size * (n - size) * lost * kept)
    found: npt.NDArray[np.float64] = np.where(enough(size, np.full_like(size, n), int(n)), phi, np.nan)
    return found


def of_everybody(
    found: Findings, under: Study, ranked: Ranking, known: Mapping[Key, Sides], *, everybody: bool
) -> Findings:
    """The findings with the figures of all parties under study.

    `known`: of each line and of those the peers' ranking puts first; `everybody`: whether those followed are all
    parties.
    """
    n, kept = len(under.population), float(under.population.kept.mean())
    lines = tuple(_whole(one, ranked, known, n, kept) for one in found.candidates)
    place = {(one.what, one.count, one.days): (i, one.verdict) for i, one in enumerate(lines, 1)}
    peers = []
    for rank, key in enumerate(ranked.first(PEERS), 1):
        side, (ours, verdict) = known[key], place.get(key, (None, None))
        peers.append(
            PeerLine(rank, line(*key), side.phi, side.reached, side.kept_with, side.kept_without, ours, verdict)
        )
    note = (
        f"who reached a line, and the shares kept as they stand, are of all {n} people; the rest is of people drawn"
        " among them, the same ones with the same seed"
    )
    notes = found.notes if everybody else (*found.notes, note)
    return replace(found, candidates=lines, peers=tuple(peers), parties=n, kept=kept, notes=notes)


def sides_of_all(
    keys: Iterable[Key], reader: Reader, under: Study, candidates: Sequence[Candidate], cubes: Sequence[Cube]
) -> dict[Key, Sides]:
    """The figures of each line: from `cubes` of all parties where they have it, else by one more pass over everybody.
    `candidates`: all there were."""
    known: dict[Key, Sides] = {}
    missing = []
    for key in dict.fromkeys(keys):
        what, count, days = key
        cube = next((c for c in cubes if what in c.what and count <= c.most and days <= c.days), None)
        if cube is None:
            missing.append(key)
        else:
            known[key] = sides(cube, list(cube.what).index(what), count, days)
    if missing:
        texts = list(dict.fromkeys(what for what, _, _ in missing))
        wanted = [next(one for one in candidates if one.what == what) for what in texts]
        cube = reader.cube(under, wanted, max(k for _, k, _ in missing), max(days for _, _, days in missing))
        known |= {key: sides(cube, texts.index(key[0]), key[1], key[2]) for key in missing}
    return known


def _whole(one: Finding, ranked: Ranking, known: Mapping[Key, Sides], parties: int, kept: float) -> Finding:
    """A line with everybody's figures."""
    key = (one.what, one.count, one.days)
    side = known[key]
    effect = None if isinstance(one.effect, Refusal) else one.effect.value
    return replace(
        one,
        reached=side.reached,
        kept_with=side.kept_with,
        kept_without=side.kept_without,
        peer_rank=ranked.place(key),
        test=reasons.settling(one.when, effect, kept, side.reached / parties),
    )
