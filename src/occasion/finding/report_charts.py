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
from occasion.finding.report_numbers import MINUS, known, share
from occasion.finding.report_ranking import places
from occasion.finding.report_words import Words

Spec = dict[str, Any]
WIDTH = 336
HEIGHT = 272
STEPS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)

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
        {"count": c, "days": d, "step": _step(heat, heat.adjusted[i][j])}
        for i, c in enumerate(heat.counts)
        for j, d in enumerate(heat.days)
    ]
    full = [{**cell, "step": labels[cell["step"]]} for cell in cells if cell["step"] is not None]
    empty = [cell for cell in cells if cell["step"] is None]
    used = [k for k in labels if labels[k] in {cell["step"] for cell in full}]
    x = {"field": "days", "type": "ordinal", "title": words("heat.x"),
         "axis": {"labelAngle": 0, "values": _some(heat.days, days), "ticks": False, "domain": False}}  # fmt: skip
    y = {"field": "count", "type": "ordinal", "title": words("heat.y"),
         "axis": {"values": _some(heat.counts, count), "ticks": False, "domain": False}}  # fmt: skip
    colour = {
        "field": "step", "type": "nominal",
        "scale": {"domain": [labels[k] for k in used], "range": [colours[k] for k in used]},
        "legend": {"title": words("heat.legend"), "columns": 4, "symbolType": "square", "columnPadding": 14},
    }  # fmt: skip
    layers: list[Spec] = [
        {"data": {"values": empty}, "mark": {"type": "point", "filled": True, "size": 4, "color": "var(--muted)"}}
    ]
    if full:
        cell = {"type": "rect", "stroke": "var(--card)", "strokeWidth": 1}
        layers.append({"data": {"values": full}, "mark": cell, "encoding": {"color": colour}})
    if count in heat.counts and days in heat.days:
        chosen = {"values": [{"count": count, "days": days}]}
        frame = {"type": "rect", "fill": None, "stroke": "var(--ink)", "strokeWidth": 2.5}
        layers.append({"data": chosen, "mark": frame})
        layers.append({"data": chosen, "mark": {"type": "point", "filled": True, "size": 16, "color": "var(--ink)"}})
    x["scale"], y["scale"] = {"domain": list(heat.days)}, {"domain": sorted(heat.counts, reverse=True)}
    return _drawn({"encoding": {"x": x, "y": y}, "layer": layers}, height=HEIGHT + 40)


def threshold_curve(curve: Sequence[CurvePoint], count: int, words: Words) -> Spec:
    """The adjusted difference, with its band, for every threshold within the same window; the chosen one marked."""
    rows, segment = [], 0
    for point in sorted(curve, key=lambda p: p.count):
        effect = known(point.effect)
        if effect is not None:
            low, high = (max(-100.0, min(100.0, 100 * x)) for x in (effect.low, effect.high))
            rows.append({"count": point.count, "segment": segment, "value": 100 * effect.value,
                         "low": low, "high": high, "chosen": point.count == count})  # fmt: skip
        else:
            segment += 1  # a gap stays a gap
    ticks = _some(sorted(p.count for p in curve), count)
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
    """The share still seen on or after each day, with bands: who reached it a full line, who did not a dashed one.

    The last point of each is the share kept: another question, so it stands apart from the line, as a dot.
    """
    first, last = min(curve.days), max(curve.days)
    x = {"field": "day", "type": "quantitative", "title": words("kept.x"),
         "scale": {"nice": False, "domain": [first, last + max(1, 0.22 * (last - first))]},
         "axis": {"grid": False, "values": _some(curve.days, last, 5), "format": "d"}}  # fmt: skip
    y = {"type": "quantitative", "title": words("kept.y"), "scale": {"domain": [0, 110]},
         "axis": {"values": [0, 20, 40, 60, 80, 100], "domain": False, "ticks": False}}  # fmt: skip
    above = curve.reached[-1].value >= curve.not_reached[-1].value
    full, dashed = ("reached", "var(--accent)", [1, 0]), ("not", "var(--other)", [5, 3])
    with_it = _kept_side(x, y, _rows(curve.days, curve.reached), full, words=words, above=above)
    without = _kept_side(x, y, _rows(curve.days, curve.not_reached), dashed, words=words, above=not above)
    return _drawn({"layer": [*with_it, *without]})


def _rows(days: Sequence[int], estimates: Sequence[Estimate]) -> list[Spec]:
    return [
        {"day": day, "value": 100 * e.value, "low": 100 * e.low, "high": 100 * e.high, "share": share(e.value, e.n)}
        for day, e in zip(days, estimates, strict=True)
        if known(e) is not None
    ]


def _kept_side(
    x: Spec, y: Spec, rows: list[Spec], look: tuple[str, str, list[int]], *, words: Words, above: bool
) -> list[Spec]:
    side, colour, dash = look
    seen, end = rows[:-1], rows[-1:]
    text = {"type": "text", "dy": -9 if above else 13, "color": colour, "fontWeight": "bold"}
    name = {**text, "align": "left" if above else "right"}  # the curve falls: away from it on either side
    named = [{**row, "name": words(f"kept.{side}")} for row in seen[len(seen) // 2 :][:1]]
    band = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}
    path = {"x": x, "y": {**y, "field": "value"}}
    edge = {"x": x, "y": {**y, "field": "high" if above else "low"}}
    valued = {**path, "text": {"field": "share"}}
    line = {"type": "line", "color": colour, "strokeWidth": 2, "strokeDash": dash}
    dot = {"type": "point", "filled": True, "size": 60, "color": colour, "opacity": 1}
    bar = {"type": "rule", "color": colour, "strokeWidth": 1.5}
    return [
        {"data": {"values": seen}, "mark": {"type": "area", "color": colour, "opacity": 0.18}, "encoding": band},
        {"data": {"values": seen}, "mark": line, "encoding": path},
        {"data": {"values": named}, "mark": name, "encoding": {**edge, "text": {"field": "name"}}},
        {"data": {"values": end}, "mark": bar, "encoding": band},
        {"data": {"values": end}, "mark": dot, "encoding": path},
        {"data": {"values": end}, "mark": {**text, "align": "left", "dx": 8, "dy": 0}, "encoding": valued},
    ]


def _place_labels(side: str, off: int, encoding: Spec, text: Spec, words: Words) -> Spec:
    """The numbers beside one side's dots."""
    return {
        "transform": [{"filter": {"field": "side", "equal": words(f"rank.{side}")}}],
        "mark": {**text, "dx": off},
        "encoding": {**encoding, "text": {"field": "label"}},
    }


def rankings(found: Findings, words: Words) -> Spec:
    """Lines between the places that ranking by phi gives (left) and the places given here (right).

    One line for each of the first ten on either side; what the other side does not name among its first ten stands
    below. Candidates have full lines, the others dashed ones.
    """
    pairs = places(found)
    named = [place for pair in pairs for place in pair[:2] if isinstance(place, int)]
    below = 1 + max([5, *named])
    rows = [
        {"line": i, "side": words(f"rank.{side}"), "place": place or below, "label": str(place or "")}
        | {"stands": pair.verdict == "candidate"}
        for i, pair in enumerate(pairs)
        for side, place in (("peers", pair.peers), ("ours", pair.ours))
    ]
    under = [
        {"side": words(f"rank.{side}"), "place": below + 0.5, "label": words(f"rank.below_{side}")}
        for side in ("peers", "ours")
    ]
    top = {"orient": "top", "labelAngle": 0, "domain": False, "ticks": False, "labelColor": "var(--ink)"}
    x = {"field": "side", "type": "nominal", "title": None, "scale": {"padding": 0.4}, "axis": top,
         "sort": [words("rank.peers"), words("rank.ours")]}  # fmt: skip
    y = {"field": "place", "type": "quantitative", "axis": None,
         "scale": {"reverse": True, "domain": [0.5, below + 0.6], "nice": False}}  # fmt: skip
    encoding: Spec = {"x": x, "y": y}
    text: Spec = {"type": "text", "color": "var(--muted)"}
    layers: list[Spec] = [
        *_joined(encoding, "datum.stands", "var(--accent)", 2.5, [1, 0]),
        *_joined(encoding, "!datum.stands", "var(--other)", 1.25, [4, 3]),
        _place_labels("peers", -14, encoding, text, words),
        _place_labels("ours", 14, encoding, text, words),
        {
            "data": {"values": under},
            "mark": {**text, "fontStyle": "italic"},
            "encoding": {**encoding, "text": {"field": "label"}},
        },
    ]
    return _drawn({"data": {"values": rows}, "layer": layers}, height=HEIGHT + 40)


def _joined(encoding: Spec, which: str, colour: str, width: float, dash: list[int]) -> list[Spec]:
    line = {"type": "line", "color": colour, "strokeWidth": width, "strokeDash": dash}
    dot = {"type": "point", "filled": True, "size": 34, "opacity": 1, "color": colour}
    only = [{"filter": which}]
    return [
        {"transform": only, "mark": line, "encoding": {**encoding, "detail": {"field": "line"}}},
        {"transform": only, "mark": dot, "encoding": encoding},
    ]


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
    sign = f"datum.value > 0 ? '+' + datum.value : replace(toString(datum.value), '-', '{MINUS}')"
    return {"tickCount": 5, "domain": False, "ticks": False, "labelExpr": sign}


def _some(values: Sequence[int], chosen: int, most: int = 8) -> list[int]:
    """Not more than `most` of the values, evenly apart, the chosen one among them if it is there at all."""
    every = max(1, math.ceil(len(values) / most))
    begin = values.index(chosen) % every if chosen in values else 0
    return list(values[begin::every])


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


def _scale(heat: HeatMap, words: Words) -> tuple[dict[int, str], dict[int, str]]:
    step = step_of(heat)
    labels = {
        -2: words("heat.below", value=f"{MINUS}{step:g}"),
        -1: words("heat.between", low=f"{MINUS}{step:g}", high="0"),
    }
    for k in range(5):
        labels[k] = words("heat.between", low=f"{k * step:g}", high=f"{(k + 1) * step:g}")
    colours = {-2: "var(--down2)", -1: "var(--down1)"} | {k: f"var(--up{k + 1})" for k in range(5)}
    return labels, colours
