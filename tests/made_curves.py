"""A finding made up for tests of the report, and its words."""

from __future__ import annotations

from occasion.estimate import Estimate
from occasion.finding.findings import CurvePoint
from occasion.finding.report_words import words_in

WORDS = words_in()


def made_curve(values: list[float], error: float) -> list[CurvePoint]:
    return [
        CurvePoint(k, 500, Estimate(v, v - 1.96 * error, v + 1.96 * error, 500, "m")) for k, v in enumerate(values, 1)
    ]
