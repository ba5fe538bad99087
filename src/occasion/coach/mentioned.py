"""Which remembered details a text means, with the places.

A detail is meant where the text has enough of what the detail's words say: one rare word (a name, `oboe`), two common
ones (`brother`, `job`), or the same grave matter (a death, a divorce). Forms of a word count as the word, a few words
stand for one another (`hives` for `bees`). What is silent (grammar, courtesy, the calendar) and what stands in the
party's own fields does not count.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from occasion.coach.cues import cues_of, find, words_of
from occasion.coach.lines import lines_of
from occasion.coach.tongues import ENGLISH
from occasion.coach.wording import Word, merged, saying, stem
from occasion.coach.wording import words_of as split
from occasion.people.details import Detail

ENOUGH = 1.0
COMMON = 0.5
INSTEAD = 0.8  # of its weight, where another word stands for it
SHORT_NUMBER, LONG_NUMBER = 0.25, 0.6  # of two digits at most, of more
SURE_FROM = 20  # texts of others from which on their words are weighed
OFTEN = 0.2  # of the texts: a word in so many of them weighs nothing
_MEANT_BY = {"illness": "illness in general"}  # how a text speaks of it without its name
_LIKE_SHARE, _LIKE_LETTERS = 0.7, 3  # of the longer word, at its beginning: forms of one word
_ENGLISH_LETTERS, _ENGLISH_REST = 5, 3


@dataclass(frozen=True)
class Rarity:
    """How rare words are among texts of others (their details, what is written of them), by stem.

    Of fewer than `SURE_FROM` texts nothing is learned. `Rarity()` knows ordinary words only.
    """

    texts: int = 0
    held: Mapping[str, int] = field(default_factory=dict)

    @staticmethod
    def of(texts: Iterable[str]) -> Rarity:
        """Learned from texts, one a person or a detail."""
        each = [{word.stem for word in saying(text)} for text in texts]
        return Rarity(len(each), Counter(one for stems in each for one in stems))

    def weight(self, word: Word) -> float:
        """From 0 (says nothing) to 1 (rare)."""
        if not word.says:
            return 0.0
        if word.folded[0].isdigit():
            return SHORT_NUMBER if len(word.folded) <= 2 else LONG_NUMBER
        weight = COMMON if word.stem in _common() and not _a_name(word) else 1.0
        if self.texts < SURE_FROM:
            return weight
        share = self.held.get(word.stem, 0) / self.texts
        return weight * max(0.0, 1.0 - math.sqrt(share / OFTEN)) if share > 1 / self.texts else weight


@dataclass(frozen=True)
class Mention:
    """A detail that a text means: the places in the text, the words there, and how strongly (`ENOUGH` and more)."""

    detail: Detail
    spans: tuple[tuple[int, int], ...]
    words: tuple[str, ...]
    strength: float


def mentioned(
    text: str,
    details: Sequence[Detail],
    rarity: Rarity | None = None,
    skip: Collection[str] = (),
    *,
    language: str | None = ENGLISH,
    least: float = ENOUGH,
) -> tuple[Mention, ...]:
    """The details that the text means, strongest first.

    `skip`: texts whose words say nothing here: the recipient's name and field values, colleagues, the firm.
    `language`: of the text; outside English short words too are known by their beginning. `least`: how strong a
    mention must be.
    """
    rarity = rarity or Rarity()
    left_out = {word.folded for value in skip for word in split(value)}
    left_out |= words_of("silent", language or ENGLISH)
    words = [word for word in saying(text) if word.folded not in left_out]
    found = []
    for detail in details:
        own = [word for word in saying(detail.text) if word.folded not in left_out]
        spans, strength = _shared(words, own, rarity, language != ENGLISH)
        grave = _grave(text, detail.text)
        if grave:
            strength, spans = max(strength, ENOUGH), [*spans, *grave]
        if strength >= least:
            joined = tuple(merged(spans, text))
            found.append(Mention(detail, joined, tuple(text[start:end] for start, end in joined), round(strength, 3)))
    return tuple(sorted(found, key=lambda one: (-one.strength, one.detail.number)))


def _shared(
    words: Sequence[Word], own: Sequence[Word], rarity: Rarity, inflected: bool
) -> tuple[list[tuple[int, int]], float]:
    """Where the words of a detail stand among those of a text, and what they weigh."""
    spans: list[tuple[int, int]] = []
    strength = 0.0
    for word in {one.stem: one for one in reversed(own)}.values():
        same = [other for other in words if alike(word, other, inflected)]
        instead = [] if same else [other for other in words if _senses(word.folded) & _senses(other.folded)]
        if same or instead:
            strength += rarity.weight(word) * (1.0 if same else INSTEAD)
            spans += [(other.start, other.end) for other in (*same, *instead)]
    return spans, strength


def _grave(text: str, detail: str) -> list[tuple[int, int]]:
    """Where the text speaks of a grave matter that the detail speaks of too; of two illnesses one is not the other."""
    cues = cues_of("matters", ENGLISH)
    of_detail = {_MEANT_BY.get(one.name, one.name) for one in find(cues, detail)}
    return [(one.start, one.end) for one in find(cues, text) if one.name in of_detail] if of_detail else []


def alike(one: Word, other: Word, inflected: bool = False) -> bool:
    """Whether two words are forms of one word, by their stems or their common beginning.

    `inflected`: in a language with more endings than English, where short words change too.

    >>> [alike(*split(pair)) for pair in ("gardener gardens", "station stage", "plant plane")]
    [True, False, False]
    >>> [alike(*split(pair), inflected=True) for pair in ("córka córki", "skrzypce skrzypcach", "Marta Marek")]
    [True, True, False]
    """
    if one.stem == other.stem:
        return True
    if one.folded[0].isdigit() or other.folded[0].isdigit():
        return False
    return _alike(one.folded, other.folded, inflected)


@lru_cache(maxsize=65536)
def _alike(one: str, other: str, inflected: bool) -> bool:
    common = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    longer = max(len(one), len(other))
    if common >= _ENGLISH_LETTERS and longer - common <= _ENGLISH_REST:
        return True
    return inflected and common >= _LIKE_LETTERS and common / longer >= _LIKE_SHARE


def _a_name(word: Word) -> bool:
    return word.capital and word.start > 0


@cache
def _common() -> frozenset[str]:
    return frozenset(stem(word) for word in words_of("common", ENGLISH))


@lru_cache(maxsize=65536)
def _senses(folded: str) -> frozenset[int]:
    """The groups of senses that a word stands in."""
    return _groups().get(stem(folded), frozenset())


@cache
def _groups() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, line in enumerate(lines_of("senses", ENGLISH)):
        for word in line.split():
            found.setdefault(stem(word), set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}
