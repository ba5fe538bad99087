"""What `find` answers: every candidate with its verdict, in the shape that table, JSON and report print.

Shares are fractions of 1, differences of shares likewise; days are whole days after the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from occasion.estimate import Estimate, Refusal

Verdict = Literal["candidate", "association only", "cannot say"]


@dataclass(frozen=True)
class Sensitivity:
    """How strong something unseen would have to be to take the effect away.

    `robustness`: the robustness value (share of what is left of both reaching and keeping that it would have to
    explain); `e_value`: the same as a risk ratio; `benchmark`: the strongest thing that was seen, in the same unit as
    `robustness`, and `benchmark_name` what it is; `warns`: whether something about as strong as that would do.
    """

    robustness: float
    e_value: float
    benchmark: float | None
    benchmark_name: str | None
    warns: bool
    sentence: str


@dataclass(frozen=True)
class CurvePoint:
    """One threshold of the curve around the chosen one: reaching at least `count` within the same window."""

    count: int
    reached: int
    effect: Estimate | Refusal


@dataclass(frozen=True)
class HeatMap:
    """Difference in keeping between reached and not, for each count (rows) and window in days (columns).

    `adjusted`: among people alike in what else they did; `raw`: as it stands; None where too few reached it or did not.
    """

    counts: tuple[int, ...]
    days: tuple[int, ...]
    adjusted: tuple[tuple[float | None, ...], ...]
    raw: tuple[tuple[float | None, ...], ...]
    reached: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class KeptCurve:
    """Share still seen on or after each day, or kept in the end, with its band, for those who reached it and those not.

    The last point is the share kept.
    """

    days: tuple[int, ...]
    reached: tuple[Estimate, ...]
    not_reached: tuple[Estimate, ...]


@dataclass(frozen=True)
class SettlingTest:
    """The randomised test that would settle it: what to do, how many people it needs, under which assumptions."""

    sentence: str
    parties: int | None
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One line that was looked at closely.

    `when`: the line for the catalogue; `what`, `count`, `days`: its stream, threshold and window; `why`: the verdict's
    reason in a sentence; `reached`: parties that reached it; `kept_with`, `kept_without`: raw shares kept of all who
    did and did not; `effect`: the adjusted difference (estimated on people whom the choice did not use); `peer_rank`:
    where ranking by phi puts this very line among all (1 is first); `asked`: whether a person asked for it by name.
    """

    when: str
    what: str
    count: int
    days: int
    verdict: Verdict
    why: str
    reached: int
    kept_with: float
    kept_without: float
    effect: Estimate | Refusal
    sensitivity: Sensitivity | None
    peer_rank: int | None
    test: SettlingTest
    heat: HeatMap | None = None
    curve: tuple[CurvePoint, ...] = ()
    kept_curve: KeptCurve | None = None
    proxy_of: str | None = None
    asked: bool = False


@dataclass(frozen=True)
class PeerLine:
    """What ranking by phi alone puts in this place; `ours`: the place and verdict we give it, None if not looked at."""

    rank: int
    when: str
    phi: float
    reached: int
    kept_with: float
    kept_without: float
    ours: int | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True)
class SetAside:
    """A line or kind of line that was not judged, and why: tautology, window too long, over the budget."""

    what: str
    why: str
    needs: int | None = None


@dataclass(frozen=True)
class Findings:
    """All of it, best first.

    `parties`: how many have a known outcome; `kept`: the share of them kept; `unknown`: how many were left out because
    their outcome is not yet known; `cells`: how many lines were screened.
    """

    parties: int
    kept: float
    candidates: tuple[Finding, ...]
    refusals: tuple[SetAside, ...]
    peers: tuple[PeerLine, ...]
    cells: int
    horizon_days: int
    seed: int
    unknown: int = 0
    kept_text: str = ""
    start_text: str = "start"
    as_of_us: int | None = None
    notes: tuple[str, ...] = ()
