"""What the report's page shows, ready to be set: every number already a text, every picture drawn."""

from __future__ import annotations

from dataclasses import dataclass

from occasion.finding import report_charts as charts
from occasion.finding import report_people as people
from occasion.finding import report_twins as twins
from occasion.finding.findings import Finding, Findings
from occasion.finding.report_numbers import interval, known, points, share, visible, whole
from occasion.finding.report_svg import drawn
from occasion.finding.report_text import (
    Beside,
    against_peers,
    answer,
    by_reason,
    knee,
    needed,
    no_number,
    population,
    said,
    sentence,
    tidy,
)
from occasion.finding.report_words import Words

SHOWN_IN_FULL = 6
SHOWN_ASIDE = 6
REASONS_ASIDE = 8


@dataclass(frozen=True)
class Picture:
    """A drawing, what it is, and the same figures as a table."""

    title: str
    svg: str
    caption: str
    table: twins.Table


@dataclass(frozen=True)
class Line:
    """One finding as it is shown."""

    number: int
    when: str
    verdict: str
    word: str
    asked: bool
    why: str
    reached: str
    kept_with: str
    kept_without: str
    raw: str
    value: str
    low: str
    high: str
    refused: bool
    no_number: str
    method: str
    assumptions: tuple[str, ...]
    sensitivity: str
    warns: bool
    test: str
    needs: str
    test_assumptions: tuple[str, ...]
    proxy: str
    knee: str
    commands: tuple[people.Command, ...]
    rest: bool
    apart: bool
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Aside:
    """What was set aside for one reason: the first few by name, the others folded."""

    why: str
    first: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """The whole report."""

    answer: str
    beside: str
    population: str
    kept: str
    start: str
    own_start: bool
    source: str
    lines: tuple[Line, ...]
    further: tuple[Line, ...]
    peers: Beside
    ranking: Picture | None
    aside: tuple[Aside, ...]
    further_aside: tuple[Aside, ...]
    notes: tuple[str, ...]
    budget: str
    commands: tuple[people.Command, ...]
    known: str


def page(found: Findings, words: Words, source: str, reaching: people.Reaching | None) -> Page:
    """Everything the page shows. `source`: what was read; `reaching`: see report_people (None: not known)."""
    full = _in_full(found)
    lines = [_line(i, finding, found, words, reaching, full=i in full) for i, finding in enumerate(found.candidates, 1)]
    lead, beside = answer(found, words)
    aside = [_aside(why, texts) for why, texts in by_reason(found.refusals, words)]
    return Page(
        answer=lead,
        beside=beside,
        population=population(found, words),
        kept=visible(found.kept_text),
        start=words("people.start_first") if found.start_text == "start" else visible(found.start_text),
        own_start=found.start_text != "start",
        source=visible(source),
        lines=tuple(line for line in lines if line.number in full),
        further=tuple(line for line in lines if line.number not in full),
        peers=against_peers(found, words),
        ranking=_ranking(found, words),
        aside=tuple(aside[:REASONS_ASIDE]),
        further_aside=tuple(aside[REASONS_ASIDE:]),
        notes=tuple(sentence(note) for note in found.notes),
        budget=words("method.budget", cells=whole(found.cells), days=whole(found.horizon_days), seed=found.seed),
        commands=tuple(people.of_outcome(found.kept_text, reaching)) if reaching is not None else (),
        known=visible(people.known_line(found.kept_text)),
    )


def _in_full(found: Findings) -> set[int]:
    """Which lines get pictures: asked for by name, and candidates; where there is neither, the first two."""
    numbered = list(enumerate(found.candidates, 1))
    standing = [i for i, finding in numbered if finding.verdict == "candidate"][:SHOWN_IN_FULL]
    chosen = {*standing, *(i for i, finding in numbered if finding.asked)}
    return chosen or {i for i, _ in numbered[:2]}


def _line(
    number: int, finding: Finding, found: Findings, words: Words, reaching: people.Reaching | None, *, full: bool
) -> Line:
    effect = known(finding.effect)
    value, low, high = interval(effect) if effect else ("", "", "")
    strength = finding.sensitivity
    commands = tuple(people.of_finding(finding, found.kept_text, reaching)) if reaching is not None else ()
    return Line(
        number=number,
        when=visible(finding.when),
        verdict=finding.verdict.replace(" ", "-"),
        word=said(finding.verdict, words),
        asked=finding.asked,
        why=sentence(finding.why),
        reached=whole(finding.reached),
        kept_with=share(finding.kept_with, finding.reached),
        kept_without=share(finding.kept_without, found.parties - finding.reached),
        raw=points(finding.kept_with - finding.kept_without),
        value=value,
        low=low,
        high=high,
        refused=effect is None,
        no_number=no_number(finding, words),
        method=tidy(effect.method) if effect else "",
        assumptions=tuple(map(tidy, effect.assumptions)) if effect else (),
        sensitivity=sentence(strength.sentence) if strength else words("lines.no_sensitivity"),
        warns=bool(strength and strength.warns),
        test=sentence(finding.test.sentence),
        needs=needed(finding.test.parties, words),
        test_assumptions=tuple(map(tidy, finding.test.assumptions)),
        proxy=visible(finding.proxy_of or ""),
        knee=knee(finding, words) if full and finding.curve else "",
        commands=commands,
        rest=bool(commands) and commands[-1].who != "not_reached",
        apart=people.apart(finding),
        pictures=tuple(_pictures(number, finding, words)) if full else (),
    )


def _pictures(number: int, finding: Finding, words: Words) -> list[Picture]:
    pictures = []
    count, days = finding.count, finding.days
    if finding.heat is not None and finding.heat.counts and finding.heat.days:
        svg = drawn(charts.heat_map(finding.heat, count, days, words), f"heat{number}",
                    twins.heat_alternative(finding.heat, count, days, words))  # fmt: skip
        pictures.append(Picture(words("heat.title"), svg, words("heat.caption"), twins.heat_table(finding.heat, words)))
    if finding.curve:
        svg = ""
        if any(known(point.effect) for point in finding.curve):
            svg = drawn(charts.threshold_curve(finding.curve, count, words), f"curve{number}",
                        twins.curve_alternative(finding, words))  # fmt: skip
        caption = words("curve.caption" if svg else "curve.alt_none", days=days)
        pictures.append(Picture(words("curve.title"), svg, caption, twins.curve_table(finding.curve, words)))
    if finding.kept_curve is not None and finding.kept_curve.days:
        svg = drawn(charts.kept_curves(finding.kept_curve, words), f"kept{number}",
                    twins.kept_alternative(finding.kept_curve, words))  # fmt: skip
        pictures.append(
            Picture(words("kept.title"), svg, words("kept.caption"), twins.kept_table(finding.kept_curve, words))
        )
    return pictures


def _ranking(found: Findings, words: Words) -> Picture | None:
    if not found.peers:
        return None
    svg = drawn(charts.rankings(found, words), "rank", twins.rank_alternative(found, words))
    return Picture("", svg, words("rank.caption"), twins.rank_table(found, words))


def _aside(why: str, texts: list[str]) -> Aside:
    return Aside(why, tuple(texts[:SHOWN_ASIDE]), tuple(texts[SHOWN_ASIDE:]))
