"""What each picture shows, said again: as a table, and as a sentence for who does not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from occasion.estimate import Estimate
from occasion.finding.findings import CurvePoint, Finding, Findings, HeatMap, KeptCurve
from occasion.finding.report_numbers import SPACE, decimals_for, interval, known, points, share, signed, visible, whole
from occasion.finding.report_ranking import ROWS, places, standing
from occasion.finding.report_text import knee, refusal, said
from occasion.finding.report_words import Words


@dataclass(frozen=True)
class Table:
    """Cells as text; the first of each row is its head. `wide`: it may be broader than a small screen."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wide: bool = False
    numeric: bool = True


def heat_table(heat: HeatMap, words: Words) -> Table:
    """Adjusted difference in points and how many reached, for each count and window."""
    rows = []
    for count, cells, reached in zip(heat.counts, heat.adjusted, heat.reached, strict=True):
        texts = [
            f"{words('heat.few') if value is None else points(value)} ({whole(n)})"
            for value, n in zip(cells, reached, strict=True)
        ]
        rows.append((whole(count), *texts))
    columns = (words("heat.corner"), *(words("heat.days", n=d) for d in heat.days))
    return Table(words("heat.table"), columns, tuple(rows), wide=True)


def heat_alternative(heat: HeatMap, count: int, days: int, words: Words) -> str:
    """The heat map in a sentence: its size, the chosen cell, the largest difference, how many cells have too few."""
    chosen = words("heat.alt_chosen_outside")
    if count in heat.counts and days in heat.days:
        value = heat.adjusted[heat.counts.index(count)][heat.days.index(days)]
        chosen = words("heat.alt_chosen_none") if value is None else words("heat.alt_chosen", value=points(value))
    cells = [(v, c, d) for c, row in zip(heat.counts, heat.adjusted, strict=True)
             for d, v in zip(heat.days, row, strict=True) if v is not None]  # fmt: skip
    highest = words("heat.alt_nothing")
    if cells:
        value, at, within = max(cells)
        highest = words("heat.alt_highest", value=points(value), count=at, days=within)
    empty = len(heat.counts) * len(heat.days) - len(cells)
    few = words("heat.alt_few", n=empty) if empty else ""
    gaps = {"rows": len(heat.counts), "columns": len(heat.days), "count": count, "days": days}
    return words("heat.alt", chosen=chosen, highest=highest, few=few, **gaps).strip()


def curve_table(curve: Sequence[CurvePoint], words: Words) -> Table:
    """For each threshold who reached it and the adjusted difference with its interval, or why there is none."""
    rows: list[tuple[str, ...]] = []
    widths = [decimals_for(effect.low, effect.high) for p in curve if (effect := known(p.effect)) is not None]
    for point in sorted(curve, key=lambda p: p.count):
        head = (whole(point.count), whole(point.reached))
        effect = known(point.effect)
        rows.append((*head, *(interval(effect, min(widths)) if effect else (refusal(point.effect, words), "", ""))))
    columns = tuple(words(f"curve.column_{c}") for c in ("count", "reached", "value", "low", "high"))
    return Table(words("curve.table"), columns, tuple(rows), wide=True)


def curve_alternative(finding: Finding, words: Words) -> str:
    """The threshold curve in a sentence: its ends, the chosen threshold, and whether there is a knee."""
    effects = {p.count: effect for p in finding.curve if (effect := known(p.effect)) is not None}
    if not effects:
        return words("curve.alt_none")
    told = {min(effects), max(effects), *({finding.count} & set(effects))}
    said_points = []
    for count in sorted(told):
        value, low, high = interval(effects[count])
        said_points.append(words("curve.alt_point", count=count, value=value, low=low, high=high))
    ends = {"first": min(effects), "last": max(effects)}
    return words("curve.alt", points=" ".join(said_points), knee=knee(finding, words), **ends)


def kept_table(curve: KeptCurve, words: Words) -> Table:
    """For each day the share still seen of those who reached it and of those who did not."""
    rows = tuple(
        (whole(day), _seen(with_it, words), _seen(without, words))
        for day, with_it, without in zip(curve.days, curve.reached, curve.not_reached, strict=True)
    )
    return Table(words("kept.table"), tuple(words(f"kept.column_{c}") for c in ("day", "reached", "not")), rows)


def _seen(estimate: Estimate, words: Words) -> str:
    value, low, high = (share(x, estimate.n) for x in (estimate.value, estimate.low, estimate.high))
    return words("kept.cell", value=value, low=low.partition(SPACE)[0], high=high.partition(SPACE)[0])


def kept_alternative(curve: KeptCurve, words: Words) -> str:
    """The kept curves in a sentence: where each begins and ends; there must be a day."""
    ends: dict[str, object] = {
        f"{side}_{end}": share(estimates[i].value, estimates[i].n)
        for side, estimates in (("reached", curve.reached), ("not", curve.not_reached))
        for end, i in (("first", 0), ("last", -1))
    }
    return words("kept.alt", None, first=curve.days[0], last=curve.days[-1], **ends)


def rank_table(found: Findings, words: Words) -> Table:
    """The peers' first places and what became of them here."""
    rows = []
    for peer in found.peers[:ROWS]:
        place, verdict = standing(found, peer)
        ours = words("rank.not_looked")
        if place is not None and verdict is not None:
            ours = words("rank.place", place=whole(place), verdict=said(verdict, words))
        shares = (
            share(x, n) for x, n in ((peer.kept_with, peer.reached), (peer.kept_without, found.parties - peer.reached))
        )
        rows.append((whole(peer.rank), visible(peer.when), signed(peer.phi, 3), whole(peer.reached), *shares, ours))
    columns = tuple(words(f"rank.column_{c}") for c in ("rank", "line", "phi", "reached", "with", "without", "ours"))
    return Table(words("rank.table"), columns, tuple(rows), wide=True)


def rank_alternative(found: Findings, words: Words) -> str:
    """The two rankings in a sentence: for each line its place in either."""
    pairs = []
    for pair in places(found):
        left = whole(pair.peers) if pair.peers else words("rank.below_peers")
        right = whole(pair.ours) if pair.ours else words("rank.below_ours")
        pairs.append(words("rank.alt_pair", peer=left, ours=right))
    return words("rank.alt", pairs=" ".join(pairs))
