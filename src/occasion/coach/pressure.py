"""Pressure, blame and shouting: what makes a message poor in respect, each with its place and reason."""

from __future__ import annotations

import re
from collections.abc import Collection

from occasion.coach.cues import Found, named, turns_in, words_of
from occasion.coach.pieces import pieces_of
from occasion.coach.said import say
from occasion.coach.tongues import ENGLISH

PRESSING = ("threat", "false urgency", "guilt")
BLAMING = ("blame", "doubt", "mockery")
_CAPITALS = re.compile(r"(?<![\w&])[^\W\d_]{2,}(?:['’][^\W\d_]+)?(?![\w&])")
_ROW = re.compile(r"!(?:\s?[!?])*!(?!\w)|¡{2,}")
FEWEST_LETTERS = 7  # of a word in capitals that no list knows: initials are shorter


def pressing(text: str, language: str = ENGLISH) -> tuple[Found, ...]:
    """Threats, false urgency and guilt; nothing for a language without cues."""
    return named(turns_in(text, "pressure", language), *PRESSING)


def blaming(text: str, language: str = ENGLISH) -> tuple[Found, ...]:
    """Blame, doubt of their word, mockery and lectures; nothing for a language without cues."""
    return named(turns_in(text, "pressure", language), *BLAMING)


def shouting(text: str, own: Collection[str] = (), language: str | None = ENGLISH) -> tuple[Found, ...]:
    """Whole words in capitals for stress and rows of exclamation marks; for every language that has capitals.

    Initials, codes and units are no stress, nor are the words in `own` (names and values of fields), nor the
    greeting, where capitals come from a field. Outside English a single word needs `FEWEST_LETTERS`.

    >>> [one.words for one in shouting("Pay NOW!! The EPC of Flat B is due, OLGA.", ["Olga"])]
    ['NOW', '!!']
    """
    greeting = pieces_of(text).greeting
    mine = {word for value in own for word in re.findall(r"\w+", value.lower())}
    stressed = words_of("stressed", language or "")
    found = [
        Found("capitals", say("shouts.capitals"), word.start(), word.end(), word.group())
        for word in _CAPITALS.finditer(text, greeting.end if greeting else 0)
        if word.group().isupper() and word.group().lower() not in mine and _is_stress(word.group(), stressed)
    ]
    rows = [
        Found("exclamation", say("shouts.exclamation"), row.start(), row.end(), row.group())
        for row in _ROW.finditer(text)
    ]
    return tuple(sorted([*found, *rows], key=lambda one: one.start))


def _is_stress(word: str, stressed: Collection[str]) -> bool:
    return word.lower().replace("’", "'") in stressed or len(word) >= FEWEST_LETTERS
