"""What find answers on the terminal and for programs: a table in 80 columns, the JSON object, progress meanwhile."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from occasion.estimate import Estimate, Refusal
from occasion.finding.findings import Finding, Findings, SetAside
from occasion.finding.report_numbers import interval, known, share, visible, whole
from occasion.finding.report_text import answer, by_reason, no_number, population, said, sentence
from occasion.finding.report_words import Words, words_in

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text


class Progress(Protocol):
    """What a long computation calls: the step it is at, how much of it is done and of how much, where that is known."""

    def __call__(self, step: str, /, done: int = 0, total: int | None = None) -> None: ...


STYLES = {"candidate": "bold green", "association only": "yellow", "cannot say": "dim"}
SHOWN_LINES = 6
SHOWN_ASIDE = 2
REASONS_ASIDE = 5


def as_json(findings: Findings) -> dict[str, Any]:
    """The object that `find --json` prints: shares as fractions, best first, a refusal as null and its sentence.

    `effect` has value, low, high and method; where there is no number these are null, and `refused` and `needs` say why
    and how many more people it takes. Nothing in it is infinite or not a number.
    """
    return {
        "parties": findings.parties,
        "kept": _number(findings.kept),
        "candidates": [_candidate(finding) for finding in findings.candidates],
        "refusals": [{"what": one.what, "why": one.why, "needs": one.needs} for one in findings.refusals],
    }


def _candidate(finding: Finding) -> dict[str, Any]:
    strength = finding.sensitivity
    return {
        "when": finding.when,
        "verdict": finding.verdict,
        "why": finding.why,
        "reached": finding.reached,
        "kept_with": _number(finding.kept_with),
        "kept_without": _number(finding.kept_without),
        "effect": _effect(finding.effect),
        "sensitivity": None
        if strength is None
        else {
            "robustness": _number(strength.robustness),
            "e_value": _number(strength.e_value),
            "benchmark": _number(strength.benchmark),
            "benchmark_name": strength.benchmark_name,
            "warns": strength.warns,
            "sentence": strength.sentence,
        },
        "peer_rank": finding.peer_rank,
    }


def _effect(effect: Estimate | Refusal) -> dict[str, Any]:
    number = known(effect)
    if number is not None:
        low, high = _number(number.low), _number(number.high)
        return {"value": _number(number.value), "low": low, "high": high, "method": number.method}
    nothing: dict[str, Any] = {"value": None, "low": None, "high": None, "method": None}
    if isinstance(effect, Refusal):
        return nothing | {"refused": effect.why, "needs": effect.needs}
    return nothing | {"refused": words_in()("lines.not_finite"), "needs": None}


def _number(value: float | None) -> float | None:
    """A plain number that JSON knows; infinite ones and those that are none become null."""
    return None if value is None or not math.isfinite(value) else float(value)


def table(findings: Findings) -> RenderableType:
    """The answer as a sentence, the people in a line, a row a finding (verdict and reason first), what was set aside.

    Made for 80 columns and more. Whatever comes from the data is printed as text, its control signs written out.
    """
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    words = words_in()
    lead, beside = answer(findings, words)
    parts: list[RenderableType] = [Text(lead, style="bold")]
    parts += [Text(text) for text in (beside, population(findings, words)) if text]
    if findings.candidates:
        parts.append(Padding(_rows(findings, words), (1, 0)))
        left = len(findings.candidates) - len(_shown(findings))
        if left:
            parts.append(Text(words("table.more", n=left)))
    parts += _aside(findings.refusals, words)
    return Group(*parts)


def _shown(findings: Findings) -> list[tuple[int, Finding]]:
    """The numbered lines a terminal shows: every candidate, what was asked for, and the first few."""
    numbered = list(enumerate(findings.candidates, 1))
    return [(i, one) for i, one in numbered if i <= SHOWN_LINES or one.asked or one.verdict == "candidate"]


def _rows(findings: Findings, words: Words) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 1, 0), pad_edge=False, show_edge=False)
    rows.add_column("", justify="right", no_wrap=True)
    rows.add_column(words("table.verdict"), min_width=16, overflow="fold")
    for name in ("people", "kept", "adjusted"):
        rows.add_column(words(f"table.{name}"), justify="right", no_wrap=True)
    for number, finding in _shown(findings):
        others = findings.parties - finding.reached
        kept = f"{share(finding.kept_with, finding.reached)}\n{share(finding.kept_without, others)}"
        rows.add_row(
            Text(str(number)),
            _verdict(finding, words),
            Text(whole(finding.reached)),
            Text(kept),
            _adjusted(finding, words),
        )
    return rows


def _verdict(finding: Finding, words: Words) -> Text:
    from rich.text import Text

    text = Text(said(finding.verdict, words), style=STYLES[finding.verdict])
    if finding.asked:
        text.append(f" {words('table.asked')}", style="dim")
    why = sentence(finding.why)
    if missing := no_number(finding, words):
        why = f"{why} {missing}"
    text.append(f"\n{why}", style="not bold not dim default")
    return text.append(f"\n{visible(finding.when)}", style="not bold not dim cyan")


def _adjusted(finding: Finding, words: Words) -> Text:
    from rich.text import Text

    number = known(finding.effect)
    if number is None:
        return Text(words("lines.no_number"), style="dim")
    value, low, high = interval(number)
    style = "dim" if finding.verdict == "cannot say" else "bold"  # too unsure a number does not shout
    return Text(value, style=style).append(f"\n{words('table.between', low=low, high=high)}", style="not bold")


def _aside(refusals: tuple[SetAside, ...], words: Words) -> list[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    if not refusals:
        return []
    reasons = by_reason(refusals, words)
    lines: list[RenderableType] = [Text(words("table.aside", n=len(refusals)))]
    for why, texts in reasons[:REASONS_ASIDE]:
        more = f", {words('aside.more', n=len(texts) - SHOWN_ASIDE)}" if len(texts) > SHOWN_ASIDE else ""
        lines.append(Padding(Text(f"{why} {'; '.join(texts[:SHOWN_ASIDE])}{more}"), (0, 0, 0, 2)))
    if len(reasons) > REASONS_ASIDE:
        left = sum(len(texts) for _, texts in reasons[REASONS_ASIDE:])
        lines.append(Text(f"  {words('table.more', n=left)}"))
    return lines


@contextmanager
def progress(console: Console | None = None) -> Iterator[Progress]:
    """A callback that draws on stderr while a terminal is there, and says nothing otherwise.

    A step without a total turns until the next begins. All is cleared in the end, so that what is printed afterwards
    stands alone.
    """
    if console is None and not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    console = console or Console(stderr=True)
    text = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn("line", finished_text="*"), text, BarColumn(bar_width=20), TimeElapsedColumn())
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def report(step: str, /, done: int = 0, total: int | None = None) -> None:
            if step not in tasks:
                for earlier in tasks.values():
                    bars.update(earlier, completed=1, total=1)
                tasks[step] = bars.add_task(visible(step), total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield report


def _silent(step: str, /, done: int = 0, total: int | None = None) -> None:
    """Nobody is looking."""
