"""Candidate streams: what could be a moment, each with its text in the moment language.

Kinds: counts of a name; slices of it (`where p = v`); distinct values of a counterpart or property; ordered pairs;
returns. A *measure* stream (`count(...)`, `distinct(...)`) can be asked for any number of points; a *pattern* stream
(pairs, returns) only for its first point strictly after the start. `line` writes the moment for the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from occasion.errors import InputError
from occasion.events.event import Scalar
from occasion.moments.words import event_text, field_text, value_text

Kind = Literal["count", "slice", "distinct", "pair", "return"]
DAY_US = 86_400_000_000
_QUOTED = r'"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`'
_MEASURE = re.compile(rf'(?:count|distinct|sum)\((?:{_QUOTED}|[^()"`])*\)')
_PER = re.compile(rf'(?P<pattern>(?:{_QUOTED}|[^"`])*) per (?P<field>\w+|{_QUOTED})')


@dataclass(frozen=True)
class Choice:
    """Events of one name (an index into the names), maybe only those where `field` = `value`."""

    name: int
    field: str | None = None
    value: Scalar | None = None


@dataclass(frozen=True)
class Candidate:
    """One stream: its text without threshold, and what it is computed from.

    `choice`: the events that give points (a pair's second side); `of`: the field whose distinct values count;
    `first`, `times`: a pair's first side and how many of it (1: any of them; m: the m-th ever); `window_us`: a pair's
    or return's W; `per`: the field whose values are read apart (pairs and returns).
    """

    what: str
    kind: Kind
    choice: Choice
    of: str | None = None
    first: Choice | None = None
    times: int = 1
    window_us: int = 0
    per: str | None = None

    @property
    def pattern(self) -> bool:
        """Whether only its first point can be asked for."""
        return self.kind in ("pair", "return")


def line(what: str, count: int, days: int) -> str:
    """The moment in writing: `count` points of a stream within `days` days of the start.

    >>> line("count(call)", 7, 10)
    'count(call) >= 7 within 10 days of start'
    >>> line("visit then first call within 1 day per listing", 1, 14)
    'start then first (visit then first call within 1 day) within 14 days per listing'
    """
    if _MEASURE.fullmatch(what):
        return f"{what} >= {count} within {period(days)} of start"
    if count != 1:
        raise InputError(f"{what!r} is a pattern: its first time after the start can be written, its time {count} not")
    apart = _PER.fullmatch(what)
    if apart:
        return f"start then first ({apart['pattern']}) within {period(days)} per {apart['field']}"
    return f"start then first ({what}) within {period(days)}"


def counts(names: Sequence[str]) -> list[Candidate]:
    """A count for each event name."""
    return [count(names, Choice(code)) for code in range(len(names))]


def count(names: Sequence[str], choice: Choice) -> Candidate:
    """How often; a slice where the choice has a condition."""
    kind: Kind = "count" if choice.field is None else "slice"
    return Candidate(f"count({selection(names, choice)})", kind, choice)


def distinct(names: Sequence[str], of: str, choice: Choice) -> Candidate:
    """How many different values of a field."""
    return Candidate(f"distinct({field_text(of)} of {selection(names, choice)})", "distinct", choice, of=of)


def pair(
    names: Sequence[str], first: Choice, second: Choice, days: int, *, times: int = 1, per: str | None = None
) -> Candidate:
    """The second within W after the first, or after the `times`-th of it."""
    left = selection(names, first) if times == 1 else f"count({selection(names, first)}) >= {times}"
    text = f"{left} then first {selection(names, second)} within {period(days)}{_apart(per)}"
    return Candidate(text, "pair", second, first=first, times=times, window_us=days * DAY_US, per=per)


def returns(names: Sequence[str], choice: Choice, days: int, per: str | None = None) -> Candidate:
    """Again after a silence of at least W."""
    text = f"{selection(names, choice)} returns after {period(days)}{_apart(per)}"
    return Candidate(text, "return", choice, window_us=days * DAY_US, per=per)


def selection(names: Sequence[str], choice: Choice) -> str:
    """A choice as the language writes it."""
    name = event_text(names[choice.name])
    if choice.field is None or choice.value is None:
        return name
    return f"{name} where {field_text(choice.field)} = {value_text(choice.value)}"


def period(days: int) -> str:
    """A number of days in words."""
    return "1 day" if days == 1 else f"{days} days"


def _apart(per: str | None) -> str:
    return "" if per is None else f" per {field_text(per)}"
