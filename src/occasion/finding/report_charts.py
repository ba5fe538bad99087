"""The report's pictures: one Vega-Lite specification each, made of plain data.

Colours are names of the page's own CSS variables, so that one drawing serves light, dark and paper. Every picture
has a twin in report_tables.py that says the same in a table, and a text alternative in report_alt.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from occasion.estimate import Estimate
from occasion.finding.findings import CurvePoint, Findings, HeatMap, KeptCurve
from occasion.finding.report_numbers import MINUS
from occasion.finding.report_words import Words

Spec = dict[str, Any]
WIDTH = 336
HEIGHT = 272
STEPS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
PEER_ROWS = 10

FONT = "Helvetica, Arial, sans-serif"  # measured with this; the page's own sans-serif stack is as wide
CONFIG: Spec = {
    "background": None,
    "aria": False,
    "font": FONT,
    "padding": 2,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "domainColor": "var(--rule)",
        "tickColor": "var(--rule)",
        "gridColor": "var(--rule)",
        "gridOpacity": 0.7,
        "labelPadding": 4,
        "tickSize": 4,
    },
    "legend": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "orient": "bottom",
        "symbolStrokeWidth": 0,
        "symbolSize": 130,
        "padding": 0,
        "offset": 8,
        "rowPadding": 4,
    },
    "text": {"fontSize": 11, "color": "var(--ink)"},
}


def heat_map(heat: HeatMap, count: int, days: int, words: Words) -> Spec:
    """Count up, window across, the adjusted difference as colour in steps, the chosen cell framed.

    `count`, `days`: the chosen line. Cells without enough people are drawn as that, never as zero.
    """
    labels, colours = _scale(heat, words)
    cells = [
        {"count": c, "days": d, "step": labels[_step(heat, heat.adjusted[i][j])]}
        for i, c in enumerate(heat.counts)
        for j, d in enumerate(heat.days)
    ]
    used = [k for k in labels if labels[k] in {cell["step"] for cell in cells}]
    x = {"field": "days", "type": "ordinal", "title": words("heat.x"),
         "axis": {"labelAngle": 0, "values": _some(heat.days), "ticks": False, "domain": False}}  # fmt: skip
    y = {"field": "count", "type": "ordinal", "title": words("heat.y"), "sort": "descending",
         "axis": {"values": _some(heat.counts), "ticks": False, "domain": False}}  # fmt: skip
    colour = {
        "field": "step", "type": "nominal",
        "scale": {"domain": [labels[k] for k in used], "range": [colours[k] for k in used]},
        "legend": {"title": words("heat.legend"), "columns": 4, "symbolType": "square"},
    }  # fmt: skip
    layers: list[Spec] = [
        {"mark": {"type": "rect", "stroke": "var(--paper)", "strokeWidth": 1}, "encoding": {"color": colour}}
    ]
    if count in heat.counts and days in heat.days:
        chosen = {"values": [{"count": count, "days": days}]}
        frame = {"type": "rect", "fill": None, "stroke": "var(--ink)", "strokeWidth": 2.5}
        layers.append({"data": chosen, "mark": frame})
        layers.append({"data": chosen, "mark": {"type": "point", "filled": True, "size": 16, "color": "var(--ink)"}})
    return _drawn({"data": {"values": cells}, "encoding": {"x": x, "y": y}, "layer": layers}, height=HEIGHT + 40)


def threshold_curve(curve: Sequence[CurvePoint], count: int, words: Words) -> Spec:
    """The adjusted difference, with its band, for every threshold within the same window; the chosen one marked."""
    rows, segment = [], 0
    for point in sorted(curve, key=lambda p: p.count):
        if isinstance(point.effect, Estimate):
            low, high = (_within(100 * x) for x in (point.effect.low, point.effect.high))
            rows.append({"count": point.count, "segment": segment, "value": 100 * point.effect.value,
                         "low": low, "high": high, "chosen": point.count == count})  # fmt: skip
        else:
            segment += 1  # a gap stays a gap
    ticks = _some(sorted(p.count for p in curve))
    x = {"field": "count", "type": "quantitative", "title": words("curve.x"),
         "scale": {"zero": False, "nice": False, "padding": 10},
         "axis": {"values": ticks, "format": "d", "grid": False}}  # fmt: skip
    y = {"type": "quantitative", "title": words("curve.y"), "axis": _sparse()}
    path = {"x": x, "y": {**y, "field": "value"}, "detail": {"field": "segment"}}
    layers = [
        _zero(),
        {"mark": {"type": "area", "color": "var(--accent)", "opacity": 0.18},
         "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "detail": {"field": "segment"}}},
        {"mark": {"type": "line", "color": "var(--accent)", "strokeWidth": 2}, "encoding": path},
        {"mark": {"type": "point", "filled": True, "size": 26, "color": "var(--accent)", "opacity": 1},
         "encoding": {"x": x, "y": {**y, "field": "value"}}},
        *_chosen_on_curve(x, y),
    ]  # fmt: skip
    return _drawn({"data": {"values": rows}, "layer": layers})


def _chosen_on_curve(x: Spec, y: Spec) -> list[Spec]:
    only = [{"filter": "datum.chosen"}]
    bar = {"type": "rule", "color": "var(--ink)", "strokeWidth": 1.5}
    dot = {"type": "point", "filled": True, "size": 110, "color": "var(--accent)", "stroke": "var(--ink)",
           "strokeWidth": 2, "opacity": 1}  # fmt: skip
    return [
        {"transform": only, "mark": bar, "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}},
        {"transform": only, "mark": dot, "encoding": {"x": x, "y": {**y, "field": "value"}}},
    ]


def kept_curves(curve: KeptCurve, words: Words) -> Spec:
    """The share still seen on or after each day, with bands: a full line for who reached it, a dashed one for who did not."""
    sides = {
        "reached": (curve.reached, "var(--accent)", [1, 0], -12),
        "not": (curve.not_reached, "var(--other)", [5, 3], 16),
    }
    top = max(curve.days, default=1)
    x = {"field": "day", "type": "quantitative", "title": words("kept.x"),
         "scale": {"nice": False, "domain": [min(curve.days, default=0), top]},
         "axis": {"grid": False, "tickCount": 5, "format": "d"}}  # fmt: skip
    y = {"type": "quantitative", "title": words("kept.y"), "scale": {"domain": [0, 100]},
         "axis": {"tickCount": 5, "domain": False, "ticks": False}}  # fmt: skip
    layers: list[Spec] = []
    for side, (estimates, colour, dash, off) in sides.items():
        rows = [{"day": d, "value": 100 * e.value, "low": 100 * e.low, "high": 100 * e.high}
                for d, e in zip(curve.days, estimates, strict=True)]  # fmt: skip
        name = {"type": "text", "align": "right", "dy": off, "dx": 0, "color": colour, "fontWeight": "bold"}
        layers += [
            {"data": {"values": rows}, "mark": {"type": "area", "color": colour, "opacity": 0.18},
             "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}},
            {"data": {"values": rows}, "mark": {"type": "line", "color": colour, "strokeWidth": 2, "strokeDash": dash},
             "encoding": {"x": x, "y": {**y, "field": "value"}}},
            {"data": {"values": [{**r, "name": words(f"kept.{side}")} for r in rows[-1:]]}, "mark": name,
             "encoding": {"x": x, "y": {**y, "field": "value"}, "text": {"field": "name"}}},
        ]  # fmt: skip
    return _drawn({"layer": layers})


def rankings(found: Findings, words: Words) -> Spec:
    """Lines between the places that ranking by phi gives (left) and the places given here (right).

    One line for each of the peers' first ten and of our first ten; what the other side does not name stands below.
    """
    pairs = ranking_pairs(found)
    below = 1 + max([PEER_ROWS // 2, *(p for p, _, _ in pairs if p and p <= PEER_ROWS), *(o for _, o, _ in pairs if o)])
    rows = []
    for i, (peer, ours, verdict) in enumerate(pairs):
        for side, place in (("peers", peer if peer and peer <= PEER_ROWS else None), ("ours", ours)):
            rows.append({"line": i, "side": words(f"rank.{side}"), "place": place or below,
                         "stands": verdict == "candidate", "label": str(place) if place else ""})  # fmt: skip
    x = {"field": "side", "type": "nominal", "title": None, "sort": [words("rank.peers"), words("rank.ours")],
         "scale": {"padding": 0.4},
         "axis": {"orient": "top", "labelAngle": 0, "domain": False, "ticks": False, "labelColor": "var(--ink)"}}  # fmt: skip
    y = {"field": "place", "type": "quantitative", "scale": {"reverse": True, "domain": [0.5, below + 0.6], "nice": False},
         "axis": None}  # fmt: skip
    colour = {"condition": {"test": "datum.stands", "value": "var(--accent)"}, "value": "var(--other)"}
    thick = {"condition": {"test": "datum.stands", "value": 2.5}, "value": 1.25}
    under = [{"side": words(f"rank.{side}"), "place": below + 0.45, "label": words(f"rank.below_{side}")}
             for side in ("peers", "ours")]  # fmt: skip
    layers: list[Spec] = [
        {"mark": {"type": "line"},
         "encoding": {"x": x, "y": y, "detail": {"field": "line"}, "color": colour, "strokeWidth": thick}},
        {"mark": {"type": "point", "filled": True, "size": 34, "opacity": 1}, "encoding": {"x": x, "y": y, "color": colour}},
        *({"transform": [{"filter": {"field": "side", "equal": words(f"rank.{side}")}}],
           "mark": {"type": "text", "dx": off, "color": "var(--muted)"},
           "encoding": {"x": x, "y": y, "text": {"field": "label"}}} for side, off in (("peers", -14), ("ours", 14))),
        {"data": {"values": under}, "mark": {"type": "text", "color": "var(--muted)", "fontStyle": "italic"},
         "encoding": {"x": x, "y": y, "text": {"field": "label"}}},
    ]  # fmt: skip
    return _drawn({"data": {"values": rows}, "layer": layers}, height=HEIGHT + 40)


def ranking_pairs(found: Findings) -> list[tuple[int | None, int | None, str | None]]:
    """(the peers' place, ours, our verdict) of the first ten on either side, without repeating a line."""
    places = {finding.when: i for i, finding in enumerate(found.candidates, 1)}
    verdicts = {finding.when: finding.verdict for finding in found.candidates}
    pairs: list[tuple[int | None, int | None, str | None]] = [
        (peer.rank, peer.ours or places.get(peer.when), peer.verdict or verdicts.get(peer.when))
        for peer in found.peers[:PEER_ROWS]
    ]
    seen = {peer.when for peer in found.peers[:PEER_ROWS]}
    for place, finding in enumerate(found.candidates[:PEER_ROWS], 1):
        if finding.when not in seen:
            pairs.append((finding.peer_rank, place, finding.verdict))
    return [(peer, ours if ours and ours <= PEER_ROWS else None, verdict) for peer, ours, verdict in pairs]


def _drawn(spec: Spec, height: int = HEIGHT) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "config": CONFIG,
        **spec,
    }


def _zero() -> Spec:
    """The line of no difference."""
    mark = {"type": "rule", "color": "var(--muted)", "strokeWidth": 1, "strokeDash": [2, 3]}
    return {
        "data": {"values": [{"zero": 0}]},
        "mark": mark,
        "encoding": {"y": {"field": "zero", "type": "quantitative"}},
    }


def _sparse() -> Spec:
    return {"tickCount": 5, "domain": False, "ticks": False, "format": "+~f"}


def _some(values: Sequence[int], most: int = 8) -> list[int]:
    """Not more than `most` of the values, evenly apart, the first always among them."""
    every = max(1, math.ceil(len(values) / most))
    return list(values[::every])


def _within(value: float, bound: float = 100.0) -> float:
    """A limit of an interval as far as it can be drawn: a difference of shares lies between -100 and 100 points."""
    return max(-bound, min(bound, value))


def step_of(heat: HeatMap) -> float:
    """The width of a colour step in percentage points: five of them reach the largest cell."""
    cells = [100 * abs(v) for row in heat.adjusted for v in row if v is not None and math.isfinite(v)]
    top = max(cells, default=1.0)
    return next((s for s in STEPS if top <= 5 * s), STEPS[-1])


def _step(heat: HeatMap, value: float | None) -> int | None:
    if value is None or not math.isfinite(value):
        return None
    place = math.floor(100 * value / step_of(heat) + 1e-9)
    return max(-2, min(4, place))


def _scale(heat: HeatMap, words: Words) -> tuple[dict[int | None, str], dict[int | None, str]]:
    step = step_of(heat)
    labels: dict[int | None, str] = {
        -2: words("heat.below", value=f"{MINUS}{step:g}"),
        -1: words("heat.between", low=f"{MINUS}{step:g}", high="0"),
    }
    for k in range(5):
        labels[k] = words("heat.between", low=f"{k * step:g}", high=f"{(k + 1) * step:g}")
    labels[None] = words("heat.none")
    colours: dict[int | None, str] = {-2: "var(--down2)", -1: "var(--down1)", None: "var(--none)"}
    colours |= {k: f"var(--up{k + 1})" for k in range(5)}
    return labels, colours
