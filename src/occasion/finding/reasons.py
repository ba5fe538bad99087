"""The verdicts' sentences: what a person reads beside a number."""

from __future__ import annotations

import math

from occasion.estimate import Estimate
from occasion.finding.confirm import LEAST_SIDE, Confirmed
from occasion.finding.findings import Sensitivity, SettlingTest
from occasion.finding.landmark import LEAST_ALIKE, Z95, Landmark
from occasion.finding.verdict import WORTH, Numbers, Reason, limits, selection_ratio
from occasion.measure.power import two_proportions
from occasion.measure.sensitivity import e_value_difference, robustness_value

Z80 = 0.8416212335729143  # normal quantile of the power .8
UPLIFT = 0.10


def points(share: float) -> str:
    """A difference of shares in percentage points.

    >>> points(0.123), points(-0.02)
    ('12.3', '−2.0')
    """
    return f"{100 * share:.1f}".replace("-", "\N{MINUS SIGN}")


def interval(found: Confirmed) -> str:
    """The 95 % interval in percentage points."""
    low, high = limits(found)
    return f"{points(low)} to {points(high)}"


def why(reason: Reason, numbers: Numbers, *, estimated: int, proxy_of: str | None = None) -> str:
    """The reason for a verdict, in a sentence."""
    found, trial, own = numbers.effect, numbers.trial, numbers.landmark.own
    if reason == "proxy" and trial is None:
        return f"it is a proxy of {proxy_of}: hardly anybody reaches it who has not reached that before"
    if reason == "overlap" or found is None or trial is None:
        return "too few people are alike on both sides: those who reach it hardly have their like among the others"
    raw, left, between = points(numbers.raw), points(found.value), interval(found)
    before = f"{points(trial.value)} ({interval(trial)}) among people equally active before"
    if reason == "width":
        return _width(
            numbers, found, f"{left} are left among people alike in all they did ({between}), {before}", estimated
        )
    sentences: dict[Reason, str] = {
        "stands": f"among people alike in all they did until the outcome {left} more of 100 stay ({between}), {before};"
        " that is above what chance gives to the best of all lines, and no other line explains it",
        "proxy": f"it is a proxy of {proxy_of}: among people equal in that, {points(trial.value)} of 100 are left"
        f" ({interval(trial)})",
        "chance": f"no more than chance gives: {raw} of 100 as it stands, {left} ({between}) among people alike",
        "fewer": f"fewer stay, not more: {left} of 100 ({between}) among people alike",
        "only name": f"engagement: {left} of 100 ({between}), but this counts the only event there is, and to do it"
        " often and to be engaged are then one and the same",
        "no knee": "no knee: doing more of it, or doing it too late, goes with staying just as well, as with a habit or"
        f" a decision already made; the threshold itself adds {points(own)} of 100",
        "time": f"time: of {raw} of 100 as it stands most is that people who leave early cannot reach it; among people"
        f" present at the same instant {points(trial.naive)} are left, among people alike {left} ({between})",
        "engagement": f"engagement: of {raw} of 100 as it stands, {left} ({between}) are left among people alike in all"
        f" they did until the outcome, {before}",
    }
    return sentences[reason]


def _width(numbers: Numbers, found: Confirmed, left: str, estimated: int) -> str:
    stands = f"of the {points(numbers.raw)} more of 100 that stay as it stands, {left}"
    if limits(found)[0] > 0:
        return (
            f"{stands}; but that is no more than chance or engagement gives to the best of all lines, so it is neither"
            " shown nor excluded"
        )
    return (
        f"{stands}: with {estimated} people a difference worth having, {points(WORTH)} or more, can be neither shown"
        " nor excluded"
    )


def overlap(numbers: Numbers, reached: int, people: int) -> tuple[str, int | None]:
    """What there is of people alike, in a sentence to be added, and how many more people to estimate on would do (None:
    that is not a question of how many). `reached` of the `people` estimated on reached the line."""
    side, found = min(reached, people - reached), numbers.effect
    if side == 0:
        return f"; of {people} people here nobody {'reached' if reached == 0 else 'failed to reach'} it", None
    if side < LEAST_SIDE:
        more = rounded_up(math.ceil(people * (LEAST_SIDE / side - 1)))
        return f"; of {people} people here {reached} reached it: {_more(more)}", more
    alike = min((one.alike for one in (found, numbers.trial) if one is not None), default=None)
    if alike is None or alike >= LEAST_ALIKE:
        return f"; of {people} people here {reached} reached it, and on one side fewer than {LEAST_SIDE} are left", None
    return (
        f"; of the {reached} of {people} people here who reached it {round(alike * reached)} have, where"
        f" {math.ceil(LEAST_ALIKE * reached)} are needed, and more people like these would not change that"
    ), None


def _more(people: int) -> str:
    return f"about {people:,} more people would tell".replace(",", " ")


def width(found: Confirmed) -> tuple[str, int]:
    """How many more people would tell, in a sentence to be added, and as a number."""
    more = more_needed(found)
    return f"; {_more(more)}", more


METHOD = (
    "landmark when the outcome begins; augmented overlap weights (doubly robust), cross-fitted over two halves, chances"
    " below .02 or above .98 left out; on people whom the choice did not use"
)
ASSUMPTIONS = (
    "among people alike in all they did until the outcome, how often they did this very thing included, reaching it in"
    " time was as good as drawn by lot",
    "what the moment does by way of more activity is not counted",
)
ASSUMPTIONS_WITHOUT_OWN = (
    "among people alike in all else they did until the outcome, reaching it was as good as drawn by lot; how often they"
    " did this very thing settles who reached it, so that could not be held equal"
)


def estimate(found: Confirmed, mark: Landmark, others: int) -> Estimate:
    """The effect with its 95 % interval; `others`: how many other moments were held equal."""
    assumptions = ASSUMPTIONS if mark.own_held else (ASSUMPTIONS_WITHOUT_OWN, *ASSUMPTIONS[1:])
    beside = "" if not others else f"; {others} other candidate{'s' if others > 1 else ''} held equal"
    return Estimate(found.value, *limits(found), found.parties, METHOD + beside, assumptions)


def sensitivity(found: Confirmed, mark: Landmark, strongest: str | None) -> Sensitivity:
    """How strong something unseen would have to be; warns where that is no more than was seen."""
    value = min(max(found.value, -found.without + 1e-3), 1 - found.without - 1e-3)
    spread = Z95 * found.se
    risk = e_value_difference(found.without, value, value - spread, value + spread)
    z = found.value / found.se if found.se > 0 else 0.0
    df = max(found.parties - 30, 2)
    robust, limit = robustness_value(z, df), robustness_value(z, df, alpha=0.05)
    ratio = selection_ratio(found)
    seen = mark.strongest if strongest else None
    warns = limit == 0 or (seen is not None and limit <= seen) or ratio < 1
    compared = "" if seen is None else f"; the strongest thing that was seen, {strongest}, explains {100 * seen:.1f} %"
    all_seen = (
        "" if math.isinf(ratio) else f"; it would have to matter {ratio:.1f} times as much as all activity held equal"
    )
    sentence = (
        f"something unseen would have to explain {100 * robust:.1f} % of what is left of both reaching it and staying"
        f" ({100 * limit:.1f} % to make it uncertain), or raise both {risk.point:.1f}-fold ({risk.limit:.1f}-fold)"
        f"{compared}{all_seen}"
    )
    return Sensitivity(limit, risk.point, seen, strongest if seen is not None else None, warns, sentence)


def settling(when: str, effect: float | None, kept: float, reach: float) -> SettlingTest:
    """An offer to half, drawn by lot: how many people it needs (`measure.power`, two-sided .05, power .8).

    `effect`: of reaching it on the share kept; `kept`: the share of everybody kept now, which is what the half that is
    left alone will show, however those who reach it differ from the others; `reach`: the share that reaches it now.
    """
    uplift = min(UPLIFT, (1 - reach) / 2)
    sentence = (
        f"help half of the newcomers, drawn by lot, to reach {when}, leave the other half as they are, and compare how"
        " many of each half are kept, whether or not they reached it"
    )
    if effect is None or effect <= 0.005 or uplift <= 0:
        return SettlingTest(sentence, None)
    base = min(max(kept, 0.01), 0.99)
    raised = min(base + effect * uplift, 0.995)
    return SettlingTest(
        sentence,
        two_proportions(base, raised).total,
        (
            "80 % power at the two-sided 5 % level",
            f"the help takes {100 * uplift:.0f} more of 100 people over the line",
            f"reaching it is worth {points(effect)} more kept of 100",
        ),
    )


def more_needed(found: Confirmed) -> int:
    """How many more people until an effect as estimated (at least `WORTH`) is told from none, power .8 at .05."""
    target = max(abs(found.value), WORTH)
    factor = ((Z95 + Z80) * found.se / target) ** 2
    return rounded_up(max(1, math.ceil(found.parties * (factor - 1))))


def rounded_up(more: int) -> int:
    """A number of people to two figures, which is as much as can be known."""
    digits = max(len(str(more)) - 2, 0)
    return int(-(-more // 10**digits) * 10**digits)
