"""The report's sentences: what the findings say, in words a person who does not program can argue with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from occasion.estimate import Estimate, Refusal
from occasion.finding.findings import CurvePoint, Finding, Findings, SetAside
from occasion.finding.report_numbers import SPACE, about, date, known, share, visible, whole
from occasion.finding.report_ranking import standing
from occasion.finding.report_words import Words

_STREAM = re.compile(
    r'(?P<kind>count|distinct)\((?:(?P<field>\w+|"[^"]*") of )?(?P<name>\w+|"[^"]*")(?: where (?P<where>.+))?\)'
)
Floats = npt.NDArray[np.float64]
SAYABLE = 140  # characters of a line; a longer one does not go into a headline
BENDS = 6.0  # how much better a line must fit for each bend it takes, in squared standard errors


class Bend(NamedTuple):
    """The shape of a threshold curve: `kind`, and at which count it bends."""

    kind: str
    at: int | None = None


def plain(finding: Finding, words: Words, number: int = 1) -> str:
    """The moment in plain English where that is possible, else its line; one too long to be said by its number."""
    stream = _STREAM.fullmatch(finding.what)
    if len(finding.when) > SAYABLE:
        return words("plain.below", number=number)
    if stream is None:
        return f"“{visible(finding.when)}”"
    field = _bare(stream["field"] or "")
    kind = {"": "count", "counterpart": "counterparts"}.get(field, "values")
    thing = words(f"plain.{kind}", n=finding.count, name=_bare(stream["name"]), field=field)
    if stream["where"]:
        thing = words("plain.where", thing=thing, condition=visible(stream["where"]))
    return words("plain.within", n=finding.days, thing=thing)


def _bare(text: str) -> str:
    return visible(text.strip('"')).replace("_", " ")


def answer(found: Findings, words: Words) -> tuple[str, str]:
    """The one-sentence answer, and the sentence beside it."""
    first = {finding.verdict: (i, finding) for i, finding in reversed(list(enumerate(found.candidates, 1)))}
    if "candidate" in first:
        number, best = first["candidate"]
        others = sum(finding.verdict == "candidate" for finding in found.candidates) - 1
        less = isinstance(best.effect, Estimate) and best.effect.value < 0
        lead = words("answer.candidate_less" if less else "answer.candidate", moment=plain(best, words, number))
        also = words("answer.also", n=others) if others else words("answer.only_candidate")
        return lead, f"{also} {words('answer.caution')}"
    if found.candidates:
        lines = list(enumerate(found.candidates, 1))
        number, best = next((one for one in lines if not one[1].asked), lines[0])
        kind = "cannot" if "cannot say" in first else "association"
        more = words(f"answer.{kind}_more", moment=plain(best, words, number), why=sentence(best.why))
        return words(f"answer.{kind}"), more
    return words("answer.aside" if found.refusals and not found.cells else "answer.nothing"), ""


def sentence(text: str) -> str:
    """A reason as a sentence: a capital at its beginning and a stop at its end.

    >>> sentence("too few people")
    'Too few people.'
    """
    text = tidy(text)
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def tidy(text: str) -> str:
    """A text from elsewhere, harmless and with its per cent signs kept beside their numbers."""
    return visible(text.strip()).replace(" %", f"{SPACE}%")


def population(found: Findings, words: Words) -> str:
    """The people and the outcome in a line: how many, the share kept, who was left out, as of when."""
    left_out = words("people.unknown", n=found.unknown) if found.unknown else words("people.nobody_unknown")
    parts = [words("people.known", n=found.parties, kept=share(found.kept, found.parties)), left_out]
    if found.as_of_us is not None:
        parts.append(words("people.as_of", date=date(found.as_of_us)))
    if found.cells:
        parts.append(words("people.screened", n=found.cells))
    return " ".join(parts)


def refusal(no: Estimate | Refusal, words: Words) -> str:
    """A refusal, or an estimate that is not a number, as its sentence: never as a number."""
    if isinstance(no, Estimate):
        return words("lines.refused", why=words("lines.not_finite"))
    text = words("lines.refused", why=visible(no.why.strip().rstrip(".")))
    return text if no.needs is None else f"{text} {words('lines.needs', n=no.needs)}"


def no_number(finding: Finding, words: Words) -> str:
    """Why there is no adjusted difference, not repeating the reason of the verdict; empty if there is one."""
    effect = finding.effect
    if known(effect) is not None:
        return ""
    if isinstance(effect, Refusal) and effect.why.strip().rstrip(".").lower() in finding.why.lower():
        return "" if effect.needs is None else words("lines.needs", n=effect.needs)
    return refusal(effect, words)


def shape(curve: Sequence[CurvePoint]) -> Bend:
    """What the threshold curve looks like: `few`, `flat`, `even`, or a `knee` and where.

    A knee: a line that bends once or twice fits better than a straight one by more than `BENDS` squared standard errors
    a bend, moves away from zero up to its last bend and goes on at less than a third of that slope. Flat: the largest
    and the smallest difference are within one and a half standard errors. Neighbouring thresholds share most of their
    people, so this is a description and no test.
    """
    effects = {p.count: effect for p in curve if (effect := known(p.effect)) is not None and effect.high > effect.low}
    if len(effects) < 5:
        return Bend("few")
    at = np.array(sorted(effects), float)
    value = np.array([effects[count].value for count in sorted(effects)])
    error = np.array([(effects[count].high - effects[count].low) / 2 / 1.96 for count in sorted(effects)])
    if np.ptp(value) < 1.5 * float(np.median(error)):
        return Bend("flat")
    inner = [float(knee) for knee in at[1:-1]]
    knots: list[tuple[float, ...]] = [(), *((knee,) for knee in inner), *combinations(inner, 2)]
    fits = {knot: _bent(at, value, error, knot) for knot in knots}
    best = min(fits, key=lambda knot: fits[knot][0] + BENDS * len(knot))
    slopes = np.cumsum(fits[best][1][1:])
    if best and slopes[-2] * np.interp(best[-1], at, value) > 0 and abs(slopes[-2]) > 3 * abs(slopes[-1]):
        return Bend("knee", int(best[-1]))
    return Bend("even")


def _bent(at: Floats, value: Floats, error: Floats, knots: tuple[float, ...]) -> tuple[float, Floats]:
    return _fit(np.column_stack([np.ones_like(at), at, *(np.maximum(at - knot, 0) for knot in knots)]), value, error)


def _fit(design: Floats, value: Floats, error: Floats) -> tuple[float, Floats]:
    """Weighted least squares: the misfit in squared standard errors, and the coefficients."""
    coefficients, *_ = np.linalg.lstsq(design / error[:, None], value / error, rcond=None)
    misfit = (value - design @ coefficients) / error
    return float(misfit @ misfit), np.asarray(coefficients, np.float64)


def knee(finding: Finding, words: Words) -> str:
    """The shape of a finding's threshold curve in words."""
    bend = shape(finding.curve)
    named = {"count": finding.count, "knee": bend.at}
    kind = bend.kind if bend.at is None else "knee_here" if bend.at == finding.count else "knee_near"
    return words(f"curve.{kind}", **named)


@dataclass(frozen=True)
class Beside:
    """What there is to say beside the usual ranking: `lead`, the line that it puts first, if another, and the rest."""

    lead: str
    line: str = ""
    rest: str = ""


def against_peers(found: Findings, words: Words) -> Beside:
    """Why the usual ranking and this one differ, or that they do not."""
    if not found.peers:
        return Beside(words("rank.nothing"))
    first = found.peers[0]
    place, verdict = standing(found, first)
    if place == 1:
        return Beside(words("rank.same"))
    ours = words("rank.differ_none")
    if place is not None and verdict is not None:
        every = whole(len(found.candidates))
        ours = words("rank.differ_place", place=whole(place), all=every, verdict=said(verdict, words))
    rest = [ours, words("rank.differ_why")]
    if found.candidates and found.candidates[0].peer_rank:
        rest.insert(1, words("rank.our_first", rank=whole(found.candidates[0].peer_rank)))
    return Beside(words("rank.differ"), visible(first.when), " ".join(rest))


def said(verdict: str, words: Words) -> str:
    """A verdict as a word."""
    return words(f"verdict.{verdict.replace(' ', '_')}")


def by_reason(refusals: Sequence[SetAside], words: Words) -> list[tuple[str, list[str]]]:
    """What was set aside, by reason as a sentence, in the order in which the reasons first come."""
    grouped: dict[str, list[str]] = {}
    for one in refusals:
        needs = "" if one.needs is None else f" {words('aside.needs', n=one.needs)}"
        grouped.setdefault(sentence(one.why), []).append(visible(one.what) + needs)
    return list(grouped.items())


def needed(parties: int | None, words: Words) -> str:
    """How many people a test needs."""
    return words("lines.test_unknown") if parties is None else words("lines.test_needs", people=about(parties))
