"""Cues: turns of phrase that mean something whatever the message is about, with their places and what is said of them.

They are kept in `data/NAME.LANGUAGE.txt`: `[name: why]` begins a family, the lines below it are its turns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby

from occasion.coach.lines import FAMILY, lines_of
from occasion.coach.reading import Span
from occasion.coach.said import Sentence, say, slug

_BEGINNING = r"(?:\A|(?<=[.!?]\s)|(?<=\n)|(?<=[¿¡]))"


@dataclass(frozen=True)
class Cue:
    """A family of turns of phrase under one name; `why` is said of each place where one of them stands."""

    name: str
    why: Sentence
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Found:
    """A cue in a text, at characters `start` up to `end`, which read `words`."""

    name: str
    why: Sentence
    start: int
    end: int
    words: str

    def span(self) -> Span:
        """The same, as a reading marks it."""
        return Span(self.start, self.end, self.why)


def cue(name: str, why: Sentence, turns: Iterable[str]) -> Cue:
    """A cue of several turns, regular expressions that begin and end with a word, or begin with a comma or the like.

    A blank stands for any white space, an apostrophe for either kind, a ^ at the beginning for that of a sentence;
    capitals do not matter.
    """
    # Where a word begins is asked once for all turns that follow each other, and not for each at every letter.
    runs = (before + "(?:" + "|".join(_turn(turn) for turn in some) + ")" for before, some in groupby(turns, _before))
    joined = "|".join(runs).replace(" ", r"\s{1,8}").replace("'", "['’]")
    return Cue(name, why, re.compile(rf"(?:{joined})(?!\w)", re.IGNORECASE))


def _before(turn: str) -> str:
    return "" if turn.startswith("[,") else _BEGINNING if turn.startswith("^") else r"(?<!\w)"


def _turn(turn: str) -> str:
    return f"(?:{turn.removeprefix('^')})"


@cache
def cues_of(name: str, language: str) -> tuple[Cue, ...]:
    """The cues of a data file; none where there is no such file for the language."""
    found: list[tuple[str, Sentence, list[str]]] = []
    for line in lines_of(name, language):
        family = FAMILY.fullmatch(line)
        if family:
            found.append((family[1], say(f"cue.{name}.{slug(family[1])}"), []))
        else:
            found[-1][2].append(line)
    return tuple(cue(*family) for family in found)


@cache
def words_of(name: str, language: str) -> frozenset[str]:
    """The words of a data file that is a plain list; empty where there is no such file for the language."""
    return frozenset(word for line in lines_of(name, language) for word in line.split())


def find(cues: Iterable[Cue], text: str) -> tuple[Found, ...]:
    """Every place of every cue, in the order of the text; of two of one name that overlap the first.

    >>> please = cue("please", say("cue.strategies.please"), ["please", "would you mind"])
    >>> [(one.start, one.words) for one in find([please], "Please wait. Would you  mind?")]
    [(0, 'Please'), (13, 'Would you  mind')]
    """
    found = [
        Found(one.name, one.why, match.start(), match.end(), match.group())
        for one in cues
        for match in one.pattern.finditer(text)
    ]
    return tuple(sorted(found, key=lambda one: (one.start, one.end, one.name)))


@lru_cache(maxsize=256)
def turns_in(text: str, name: str, language: str) -> tuple[Found, ...]:
    """The same for the cues of a data file; the latest are kept, since several readings ask for them."""
    return find(cues_of(name, language), text)


def forget_turns() -> None:
    """Let go of the texts kept in memory."""
    turns_in.cache_clear()


def named(found: Sequence[Found], *names: str) -> tuple[Found, ...]:
    """Those of some names only."""
    return tuple(one for one in found if one.name in names)
