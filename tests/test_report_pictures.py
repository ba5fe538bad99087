"""The report's pictures: what is drawn, its table beside it, and where a curve bends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from made_curves import WORDS, made_curve
from occasion.estimate import Refusal
from occasion.finding import report_charts, report_twins
from occasion.finding.findings import HeatMap, PeerLine
from occasion.finding.report_numbers import points, whole
from occasion.finding.report_ranking import places
from occasion.finding.report_svg import drawn
from occasion.finding.report_text import against_peers, shape
from sample_findings import curve, finding, findings, heat_map


def coloured(heat: HeatMap) -> set[tuple[int, int]]:
    spec = report_charts.heat_map(heat, 10, 14, WORDS)
    layers = [layer for layer in spec["layer"] if "color" in layer.get("encoding", {})]
    return {(cell["count"], cell["days"]) for layer in layers for cell in layer["data"]["values"]}


def test_a_cell_without_people_has_no_colour() -> None:
    heat = heat_map()
    known = {
        (c, d) for i, c in enumerate(heat.counts) for j, d in enumerate(heat.days) if heat.adjusted[i][j] is not None
    }
    assert coloured(heat) == known
    assert len(known) < len(heat.counts) * len(heat.days)
    nobody = replace(heat, adjusted=tuple(tuple(None for _ in heat.days) for _ in heat.counts))
    assert coloured(nobody) == set()
    assert "No cell has enough people" in report_twins.heat_alternative(nobody, 10, 14, WORDS)


def test_the_chosen_cell_is_framed_and_named() -> None:
    heat = heat_map()
    layers = report_charts.heat_map(heat, 10, 14, WORDS)["layer"]
    frames = [layer["data"]["values"] for layer in layers if layer["mark"].get("stroke") == "var(--ink)"]
    assert frames == [[{"count": 10, "days": 14}]]
    value = heat.adjusted[heat.counts.index(10)][heat.days.index(14)]
    assert value is not None
    assert f"10 within 14 days, differs by {points(value)} points" in report_twins.heat_alternative(heat, 10, 14, WORDS)


def test_the_heat_table_has_every_cell() -> None:
    heat = heat_map()
    table = report_twins.heat_table(heat, WORDS)
    assert len(table.rows) == len(heat.counts)
    assert all(len(row) == 1 + len(heat.days) == len(table.columns) for row in table.rows)
    assert sum(cell.startswith("too few") for row in table.rows for cell in row) == sum(
        value is None for row in heat.adjusted for value in row
    )


def test_a_gap_in_the_threshold_curve_stays_a_gap() -> None:
    whole_curve = curve(14)
    gap = tuple(replace(p, effect=Refusal("too few")) if p.count == 6 else p for p in whole_curve)
    rows = report_charts.threshold_curve(gap, 10, WORDS)["data"]["values"]
    segments = {row["count"]: row["segment"] for row in rows}
    assert 6 not in segments
    assert segments[5] != segments[7]
    assert segments[7] == segments[8]
    assert ("6", whole(gap[5].reached), "No number: too few.", "", "") in report_twins.curve_table(gap, WORDS).rows


def test_the_drawing_is_one_image_that_scales_and_takes_the_pages_colours() -> None:
    svg = drawn(report_charts.heat_map(heat_map(), 10, 14, WORDS), "a", 'says <it> & "more"')
    assert svg.startswith("<svg viewBox=")
    assert 'role="img" aria-label="says &lt;it&gt; &amp; &quot;more&quot;"' in svg
    assert "var(--up1)" in svg
    assert "font-family" not in svg
    assert svg.count("role=") == 1


def test_a_picture_that_would_fetch_is_refused() -> None:
    with pytest.raises(ValueError, match="names an address"):
        drawn({"data": {"url": "somewhere.json"}, "mark": "bar"}, "a", "b")


def test_rankings_have_each_line_once() -> None:
    pairs = places(findings())
    assert (1, 3, "association only") in pairs
    assert (7, 2, "candidate") in pairs
    assert (None, 1, "candidate") in pairs  # ours, at 214 by phi
    assert len(pairs) == 10 + 3
    other = PeerLine(1, "count(x) >= 1 within 1 day of start", 0.4, 504, 0.6, 0.2)
    same = replace(other, when=finding().when)
    assert "It was not among the few" in against_peers(findings(peers=(other,)), WORDS).rest
    assert against_peers(findings(peers=(same,)), WORDS).lead == "Here both put the same line first."


def test_shapes_without_noise() -> None:
    ramp = [0.03 * min(k, 7) for k in range(1, 13)]
    step = [0.02 if k < 7 else 0.2 for k in range(1, 13)]
    assert shape(made_curve(ramp, 0.01)) == ("knee", 7)
    assert shape(made_curve(step, 0.01)) == ("knee", 7)
    assert shape(made_curve([-v for v in ramp], 0.01)) == ("knee", 7)
    assert shape(made_curve([0.02 * k for k in range(1, 13)], 0.01)).kind == "even"
    assert shape(made_curve([0.1] * 12, 0.01)).kind == "flat"
    assert shape(made_curve([0.1, 0.2, 0.3], 0.01)).kind == "few"


def test_shapes_with_noise() -> None:
    """400 curves, twelve thresholds, standard error .02: a straight rise seldom gets a knee, a true one is found."""
    rng = np.random.default_rng(20)
    even, bent = ([0.02 * k for k in range(1, 13)], [0.04 * min(k, 7) for k in range(1, 13)])
    noisy = lambda truth: made_curve([v + rng.normal(0, 0.02) for v in truth], 0.02)  # noqa: E731
    false = sum(shape(noisy(even)).kind == "knee" for _ in range(400)) / 400
    found = [shape(noisy(bent)) for _ in range(400)]
    near = sum(bend.kind == "knee" and abs(bend.at - 7) <= 1 for bend in found if bend.at) / 400
    assert false <= 0.06
    assert near >= 0.75
