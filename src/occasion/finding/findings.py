"""What finding says, as data: one object that the table, the JSON and the report all show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from occasion.estimate import Estimate, Refusal
from occasion.finding.screen import Cell

Verdict = Literal["candidate", "association only", "cannot say"]


@dataclass(frozen=True)
class Sensitivity:
    """How strong something unseen would have to be to explain the effect away.

    `e_value`, `e_value_limit`: the least risk ratio it would need with both reaching the moment and staying, for the
    estimate and for its interval's near end (VanderWeele & Ding 2017); `robustness_value`: the share of what is left of
    both that it would have to explain (Cinelli & Hazlett 2020); `ratio`: the interval's near end over what holding all
    observed activity equal took away (Altonji, Elder & Taber 2005): below `warns_below` it warns; `sentence` says it.
    """

    e_value: float
    e_value_limit: float
    robustness_value: float
    ratio: float
    warns: bool
    sentence: str


@dataclass(frozen=True)
class Settling:
    """The test that would settle it: an offer to half of the newcomers, and how many people it needs.

    `people`: in both arms together; `uplift`: by how much the offer is assumed to raise the share that reaches it;
    two-sided level .05, power .8.
    """

    people: int | None
    uplift: float
    sentence: str


@dataclass(frozen=True)
class Heat:
    """Difference in the share kept by count (rows) and window in days (columns), nan where too few: screening half."""

    counts: tuple[int, ...]
    days: tuple[float, ...]
    adjusted: tuple[tuple[float, ...], ...]
    raw: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Point:
    """One point of a curve with its band; `x` is a count, a window in days or a day."""

    x: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Curves:
    """Pictures of one moment. `by_count`: the adjusted effect for counts around the chosen one; `by_window`: for windows
    around it; `seen_reached`, `seen_not`: by day after the window, the share still seen then or later, and at the end
    the share kept, among parties still seen when the window ended."""

    by_count: tuple[Point, ...]
    by_window: tuple[Point, ...]
    seen_reached: tuple[Point, ...]
    seen_not: tuple[Point, ...]


@dataclass(frozen=True)
class Finding:
    """One moment that was looked at, and the verdict.

    `when`: its line for the catalogue; `what`, `cell`: the stream's text and the threshold; `why`: the verdict's reasons
    in words; `reason`: the same in one word ("", "engagement", "time", "proxy", "tautology", "no knee", "too few");
    `reached`, `kept_with`, `kept_without`: over all parties under study; `effect`: on the estimation half;
    `p`: Holm's adjusted p-value (1 where it was not tested); `alike`: of those who reached it, the share that had
    their like among the others; `peer_rank`: its place by phi among all streams (1 is the peers' first).
    """

    when: str
    what: str
    cell: Cell
    verdict: Verdict
    why: str
    reason: str
    reached: int
    kept_with: float
    kept_without: float
    effect: Estimate | Refusal
    p: float
    alike: float
    sensitivity: Sensitivity | None
    settling: Settling | None
    phi: float
    peer_rank: int | None
    screen_z: float
    proxy_of: str | None = None
    heat: Heat | None = None
    curves: Curves | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry of `find --json`."""
        given = self.effect
        shown: dict[str, Any] = (
            {"refused": given.why, "needs": given.needs}
            if isinstance(given, Refusal)
            else {"value": given.value, "low": given.low, "high": given.high, "method": given.method}
        )
        sense = self.sensitivity
        return {
            "when": self.when,
            "verdict": self.verdict,
            "why": self.why,
            "reason": self.reason,
            "reached": self.reached,
            "kept_with": self.kept_with,
            "kept_without": self.kept_without,
            "effect": shown,
            "sensitivity": None
            if sense is None
            else {
                "e_value": sense.e_value,
                "e_value_limit": sense.e_value_limit,
                "robustness_value": sense.robustness_value,
                "ratio": sense.ratio,
                "warns": sense.warns,
                "sentence": sense.sentence,
            },
            "test": None
            if self.settling is None
            else {"people": self.settling.people, "uplift": self.settling.uplift, "sentence": self.settling.sentence},
            "peer_rank": self.peer_rank,
        }


@dataclass(frozen=True)
class Peer:
    """A row of the ranking by phi: the best cell of a stream, as most tools would report it."""

    when: str
    what: str
    cell: Cell
    phi: float
    reached: int
    kept_with: float
    kept_without: float


@dataclass(frozen=True)
class Findings:
    """All that `find` found, best first.

    `parties`, `kept`: parties under study and the share kept; `screened`, `estimated`: parties in either half; `cells`:
    count × window cells tried; `bar`: the z that the best of them reaches by chance; `refusals`: what was not tried and
    why; `peers`: the ranking by phi.
    """

    parties: int
    kept: float
    horizon_days: float
    screened: int
    estimated: int
    cells: int
    bar: float
    candidates: tuple[Finding, ...]
    refusals: tuple[str, ...]
    peers: tuple[Peer, ...]

    def as_json(self) -> dict[str, Any]:
        """The object of `find --json`."""
        return {
            "parties": self.parties,
            "kept": self.kept,
            "candidates": [found.as_json() for found in self.candidates],
            "refusals": list(self.refusals),
            "peers": [
                {
                    "when": peer.when,
                    "phi": peer.phi,
                    "reached": peer.reached,
                    "kept_with": peer.kept_with,
                    "kept_without": peer.kept_without,
                }
                for peer in self.peers
            ],
            "screened": self.screened,
            "estimated": self.estimated,
            "cells": self.cells,
        }


def catalogue_line(what: str, count: int, days: float) -> str:
    """The moment as a line of the language.

    >>> catalogue_line("count(friend_added)", 10, 14)
    'count(friend_added) >= 10 within 14 days of start'
    >>> catalogue_line("picture_viewed then first rent_clicked within 1 day", 1, 14)
    'start then first (picture_viewed then first rent_clicked within 1 day) within 14 days'
    >>> catalogue_line("picture_viewed then first rent_clicked within 1 day", 3, 1)
    'start then (3rd (picture_viewed then first rent_clicked within 1 day)) within 1 day'
    """
    within = f"within {days:g} {'day' if days == 1 else 'days'}"
    if what.startswith(("count(", "distinct(", "sum(")) and " then " not in what:
        return f"{what} >= {count} {within} of start"
    if count == 1:
        return f"start then first ({what}) {within}"
    return f"start then ({ordinal(count)} ({what})) {within}"


def ordinal(k: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st.

    >>> [ordinal(k) for k in (1, 2, 3, 4, 11, 12, 21, 102)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '21st', '102nd']
    """
    ending = "th" if k % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(k % 10, "th")
    return f"{k}{ending}"
