"""Candidate streams: what could be a moment, each with its text in the moment language.

Kinds: counts of a name; distinct values of a counterpart or property; slices (`where p = v`); ordered pairs; returns.
A *measure* stream (`count(...)`, `distinct(...)`) can be asked for any number of points; a *pattern* stream (pairs,
returns) only for its first point, strictly after the start. `line` writes the moment: what the catalogue would hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from occasion.errors import InputError
from occasion.events.event import Scalar

Kind = Literal["count", "distinct", "slice", "pair", "return"]
_STRING = r'"(?:[^"\\]|\\.)*"'
_MEASURE = re.compile(rf"(?:count|distinct|sum)\((?:{_STRING}|[^()\"]|\([^()]*\))*\)\Z")
_PER = re.compile(rf'\A(?P<pattern>(?:{_STRING}|[^"])*) per (?P<field>\w+|{_STRING})\Z')


@dataclass(frozen=True)
class Candidate:
    """One stream: its text without threshold, and what it is computed from.

    `name`: index of the event name (of the second one in a pair); `field`/`value`: the slice's condition; `of`: the
    field whose distinct values count; `first`, `times`: the pair's first name and how many of it; `window_us`: the
    pair's or return's W; `per`: the field whose values are read apart.
    """

    what: str
    kind: Kind
    name: int
    field: str | None = None
    value: Scalar | None = None
    of: str | None = None
    first: int | None = None
    times: int = 1
    window_us: int = 0
    per: str | None = None


def line(what: str, count: int, days: int) -> str:
    """The moment in writing: `count` points of a stream within `days` days of the start.

    >>> line("count(call)", 7, 10)
    'count(call) >= 7 within 10 days of start'
    >>> line("visit then first call within 1 day per listing", 1, 14)
    'start then first (visit then first call within 1 day) within 14 days per listing'
    """
    window = f"{days} day" if days == 1 else f"{days} days"
    if _MEASURE.fullmatch(what):
        return f"{what} >= {count} within {window} of start"
    if count != 1:
        raise InputError(f"{what!r} is a pattern: only its first time after the start can be written, not {count}")
    apart = _PER.fullmatch(what)
    if apart:
        return f"start then first ({apart['pattern']}) within {window} per {apart['field']}"
    return f"start then first ({what}) within {window}"


def counts(names: Sequence[str]) -> list[Candidate]:
    """A count for each event name."""
    return [Candidate(f"count({written(name)})", "count", code) for code, name in enumerate(names)]


def written(name: str) -> str:
    """An event's name as the language writes it."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in RESERVED else f'"{name}"'


RESERVED = frozenset({"any", "contact", "start"})
