"""Answers of find to try the report on: shaped like a real one, all numbers by a formula, none of them a result."""

from __future__ import annotations

import math

from occasion.estimate import Estimate, Refusal
from occasion.finding.findings import (
    CurvePoint,
    Finding,
    Findings,
    HeatMap,
    KeptCurve,
    PeerLine,
    Sensitivity,
    SetAside,
    SettlingTest,
    Verdict,
)

METHOD = "doubly robust (AIPW), five-fold cross-fitting, overlap trimmed at .02"
KEPT = 'count(message where direction = "out") >= 1 between 28 days and 70 days after start'
COUNTS = tuple(range(1, 16))
DAYS = (1, 2, 3, 5, 7, 10, 14, 17, 21)


def share_reaching(count: int, days: int) -> float:
    return math.exp(-count / (2 + 0.9 * days**0.8))


def difference(count: int, days: int, knee: int = 10) -> float:
    return 0.24 / (1 + math.exp(-(count - knee + 2) / 1.6)) * (0.55 + 0.45 * math.exp(-((days - 14) ** 2) / 60)) - 0.02


def heat_map(knee: int = 10) -> HeatMap:
    def cell(count: int, days: int) -> float | None:
        return difference(count, days, knee) if 1800 * share_reaching(count, days) >= 60 else None

    return HeatMap(
        counts=COUNTS,
        days=DAYS,
        adjusted=tuple(tuple(cell(c, d) for d in DAYS) for c in COUNTS),
        raw=tuple(tuple(None if (v := cell(c, d)) is None else v + 0.17 for d in DAYS) for c in COUNTS),
        reached=tuple(tuple(int(1800 * share_reaching(c, d)) for d in DAYS) for c in COUNTS),
    )


def curve(days: int, knee: int = 10) -> tuple[CurvePoint, ...]:
    points = []
    for count in COUNTS:
        reached = int(1800 * share_reaching(count, days))
        effect: Estimate | Refusal = Refusal(f"only {reached} people reached it; 200 are needed", 200 - reached)
        if reached >= 200:
            half, value = 1.1 / math.sqrt(reached), difference(count, days, knee)
            effect = Estimate(value, value - half, value + half, 1800, METHOD)
        points.append(CurvePoint(count, reached, effect))
    return tuple(points)


def kept_curve(first: int) -> KeptCurve:
    days = tuple(range(first, 71, 2))

    def at(day: int, pace: float, level: float, n: int) -> Estimate:
        value = level + (1 - level) * math.exp(-(day - first) / pace) * 0.5
        half = 1.96 * math.sqrt(value * (1 - value) / n)
        return Estimate(value, max(0, value - half), min(1, value + half), n, "share with a Wilson interval")

    return KeptCurve(days, tuple(at(d, 20, 0.45, 504) for d in days), tuple(at(d, 9, 0.12, 1296) for d in days))


def sensitivity(warns: bool) -> Sensitivity:
    return Sensitivity(
        robustness=0.21 if not warns else 0.04,
        e_value=2.9 if not warns else 1.3,
        benchmark=0.05,
        benchmark_name="days active in the first two weeks",
        warns=warns,
        sentence=(
            "something unseen would have to explain 21 % of what is left of both reaching it and staying, four times "
            "as much as the number of active days does"
            if not warns
            else "something unseen about as strong as the number of active days would take all of it away"
        ),
    )


def finding(
    when: str = "distinct(counterpart of message) >= 10 within 14 days of start",
    verdict: Verdict = "candidate",
    why: str = "it stands beside people equally active until then, and beside every other line that stands",
    effect: Estimate | Refusal | None = None,
    count: int = 10,
    days: int = 14,
    peer_rank: int | None = 214,
    pictures: bool = True,
    **more: object,
) -> Finding:
    values: dict[str, object] = {
        "when": when,
        "what": when.partition(" >=")[0],
        "count": count,
        "days": days,
        "verdict": verdict,
        "why": why,
        "reached": 504,
        "kept_with": 0.626984,
        "kept_without": 0.215278,
        "effect": effect or Estimate(0.196, 0.131, 0.262, 1800, METHOD, ("nothing unseen drives both",)),
        "sensitivity": sensitivity(verdict != "candidate"),
        "peer_rank": peer_rank,
        "test": SettlingTest(
            "introduce half of the newcomers, drawn by lot, to ten people within their first two weeks and compare how "
            "many of each half are kept",
            1_238,
            ("80 % power at the 5 % level", "the introduction takes 30 of 100 people over the line"),
        ),
        "heat": heat_map(count) if pictures else None,
        "curve": curve(days, count) if pictures else (),
        "kept_curve": kept_curve(days) if pictures else None,
    }
    return Finding(**{**values, **more})  # type: ignore[arg-type]


def further() -> tuple[Finding, ...]:
    lines = [
        finding(
            'count(message where direction = "in") >= 4 within 7 days of start',
            "candidate",
            "it stands beside people equally active until then",
            Estimate(0.102, 0.041, 0.163, 1800, METHOD),
            4,
            7,
            38,
            reached=655,
            kept_with=0.561,
            kept_without=0.198,
        ),
        finding(
            'distinct(counterpart of message where direction = "out") >= 3 within 21 days of start',
            "association only",
            "engagement: among people equally active nothing of it is left",
            Estimate(0.012, -0.041, 0.065, 1800, METHOD),
            3,
            21,
            1,
            reached=864,
            kept_with=0.568,
            kept_without=0.110,
            proxy_of=None,
        ),
        finding(
            "count(message) >= 12 within 10 days of start",
            "association only",
            "it is a proxy of distinct(counterpart of message) >= 10 within 14 days of start",
            Estimate(0.031, -0.022, 0.084, 1800, METHOD),
            12,
            10,
            17,
            reached=610,
            kept_with=0.587,
            kept_without=0.199,
            proxy_of="distinct(counterpart of message) >= 10 within 14 days of start",
        ),
        finding(
            "start then first (message returns after 3 days) within 14 days per counterpart",
            "cannot say",
            "too few people alike on both sides",
            Refusal("only 41 people who reached it have anyone to compare with", 320),
            1,
            14,
            None,
            reached=97,
            kept_with=0.64,
            kept_without=0.312,
            sensitivity=None,
            test=SettlingTest("wait for more people, or ask for it by name", None),
        ),
    ]
    return tuple(lines)


def peers() -> tuple[PeerLine, ...]:
    rows = []
    for rank in range(1, 13):
        when = (
            f'distinct(counterpart of message where direction = "out") >= {2 + rank} within {22 - rank} days of start'
        )
        rows.append(PeerLine(rank, when, 0.487 - 0.004 * rank, 900 - 20 * rank, 0.568, 0.11 + 0.004 * rank))
    rows[0] = PeerLine(1, further()[1].when, 0.487, 864, 0.568, 0.110, 3, "association only")
    rows[6] = PeerLine(7, further()[0].when, 0.455, 655, 0.561, 0.198, 2, "candidate")
    return tuple(rows)


def findings(**more: object) -> Findings:
    """A full answer; keywords replace its fields."""
    values: dict[str, object] = {
        "parties": 1800,
        "kept": 0.33,
        "candidates": (finding(), *further()),
        "refusals": (
            SetAside(
                'count(message where direction = "out")',
                "tautology: the outcome is made of these very events after day 28",
            ),
            SetAside(
                "windows of 30 days and longer",
                "the window would run into the time in which staying is measured (day 28 to 70)",
            ),
            SetAside(
                "pairs beyond the 40 most promising", "over the budget of 600 candidate streams; raise it with --budget"
            ),
            SetAside('count(message where counterpart = "9")', "too few people reached it", 160),
        ),
        "peers": peers(),
        "cells": 11_327,
        "horizon_days": 28,
        "seed": 20_040,
        "unknown": 99,
        "kept_text": KEPT,
        "start_text": "start",
        "as_of_us": 1_098_777_758_000_000,
        "notes": ("People who were no longer there when the window ended are not compared.",),
    }
    return Findings(**{**values, **more})  # type: ignore[arg-type]
