"""What was looked at, as the findings' data: one entry a line, the peers' ranking, what was set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from occasion.estimate import Refusal
from occasion.finding import reasons
from occasion.finding.activity import Activity
from occasion.finding.afterwards import set_aside
from occasion.finding.candidates import line
from occasion.finding.choose import Peers
from occasion.finding.findings import Finding, PeerLine, SetAside
from occasion.finding.look import Looked
from occasion.finding.population import DAY_US, Population, Streams
from occasion.finding.preselect import MOST_STREAMS
from occasion.finding.screen import Cell, Grid
from occasion.finding.verdict import limits

BEHIND = (
    f"over the budget: the {MOST_STREAMS} streams that went with staying most on a first look are screened in full; the"
    " bar pays for all of them"
)


def finding(
    one: Looked,
    streams: Streams,
    population: Population,
    activity: Activity,
    *,
    names: Sequence[str] | None,
    ranked: Peers,
) -> Finding:
    """One line with its verdict; shares as they stand are over everybody under study."""
    cell, numbers = one.choice.cell, one.numbers
    when = written(streams, cell)
    reached = reached_by(streams, len(population), cell)
    size, share = int(reached.sum()), float(reached.mean())
    with_it, without = _share(population.kept[reached]), _share(population.kept[~reached])
    proxy = None if one.proxy_of is None else written(streams, one.proxy_of)
    found, mark = numbers.effect, numbers.landmark
    # the sentence speaks of everybody, as the shares beside it do
    stands = replace(numbers, raw=with_it - without)
    why = reasons.why(one.reason, stands, estimated=activity.n, proxy_of=proxy)
    needs: int | None = None
    if one.reason == "width" and found is not None and limits(found)[0] <= 0:
        more, needs = reasons.width(found)
        why += more
    if one.reason == "overlap":
        there = int((activity.nth(cell.stream, cell.count, cell.days) >= 0).sum())
        more, needs = reasons.overlap(numbers, there, activity.n)
        why += more
    strongest = _name_of(activity, mark.strongest_name, names) if mark.strongest_name >= 0 else None
    return Finding(
        when=when,
        what=streams.what[cell.stream],
        count=cell.count,
        days=int(cell.days),
        verdict=one.verdict,
        why=why,
        reached=size,
        kept_with=with_it,
        kept_without=without,
        effect=Refusal(why, needs) if found is None else reasons.estimate(found, mark, len(one.beside)),
        sensitivity=None if found is None else reasons.sensitivity(found, mark, strongest),
        peer_rank=ranked.rank_of(cell),
        test=reasons.settling(when, None if found is None else found.value, float(population.kept.mean()), share),
        proxy_of=proxy,
        asked=one.choice.asked,
    )


def written(streams: Streams, cell: Cell) -> str:
    """The line for the catalogue."""
    return line(streams.what[cell.stream], cell.count, int(cell.days))


def _share(kept: npt.NDArray[np.bool_]) -> float:
    return float(kept.mean()) if len(kept) else float("nan")


def reached_by(streams: Streams, n: int, cell: Cell) -> npt.NDArray[np.bool_]:
    """Which parties reached a moment."""
    rows = (streams.stream == cell.stream) & (streams.offset_us < int(cell.days * DAY_US))
    reached: npt.NDArray[np.bool_] = np.bincount(streams.party[rows], minlength=n) >= cell.count
    return reached


def _name_of(activity: Activity, column: int, names: Sequence[str] | None) -> str:
    stream = int(np.flatnonzero(activity.column == column)[0])
    return activity.what[stream] if names is None else names[int(activity.base[stream])]


def refusals(
    streams: Streams, population: Population, horizon_days: int, aside: Mapping[int, str], grid: Grid
) -> tuple[SetAside, ...]:
    """What was not judged, and why: tautologies, windows that are too long, what comes too late, what is too rare."""
    out = [SetAside(streams.what[s], f"tautology: {why}") for s, why in sorted(aside.items())]
    out.append(SetAside(
        f"windows longer than {horizon_days} days",
        f"time: the outcome begins {horizon_days} days after the start, and what comes then can no longer lead to it",
    ))  # fmt: skip
    late = streams.offset_us >= horizon_days * DAY_US
    if late.any():
        out += _late(streams, population, late, horizon_days)
    left = set(grid.behind)
    few = [s for s in range(len(streams.what)) if s not in aside and s not in left and not np.isfinite(grid.z[s]).any()]
    out += [SetAside(streams.what[s], BEHIND) for s in sorted(left)]
    out += [SetAside(streams.what[s], "too few people reached it, or too few did not") for s in few]
    return tuple(out)


def _late(streams: Streams, population: Population, late: npt.NDArray[np.bool_], horizon_days: int) -> list[SetAside]:
    """Streams that go with staying by what comes after the outcome has begun: done because people stayed."""
    out = []
    for s in range(len(streams.what)):
        did = np.zeros(len(population), bool)
        did[streams.party[late & (streams.stream == s)]] = True
        share = float(did.mean())
        if not 0 < share < 1:
            continue
        raw = float(population.kept[did].mean() - population.kept[~did].mean())
        said = set_aside(streams.what[s], horizon_days, share, raw)
        out += [] if said is None else [said]
    return out


def peer_lines(
    ranked: Peers, streams: Streams, population: Population, found: Sequence[Finding]
) -> tuple[PeerLine, ...]:
    """The first ten by phi, with the place and the verdict that they have here."""
    place = {f.when: (i, f.verdict) for i, f in enumerate(found, 1)}
    out = []
    for rank, (cell, phi) in enumerate(ranked.first(10), 1):
        reached, when = reached_by(streams, len(population), cell), written(streams, cell)
        with_it, without = _share(population.kept[reached]), _share(population.kept[~reached])
        ours, verdict = place.get(when, (None, None))
        out.append(PeerLine(rank, when, phi, int(reached.sum()), with_it, without, ours, verdict))
    return tuple(out)
