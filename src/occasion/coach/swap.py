"""The swap test: whom of a hundred and one could a text be for?

Each candidate's facts are read as a source of the text's words (query likelihood with a background, Ponte & Croft 1998;
words near in meaning as translations, Berger & Lafferty 1999). Of a word w and a candidate c

    gain(w, c) = log(1 - L + L · m(w, c) · p(c) / p(w))

where m is how far a word among c's facts is w (1: the same stem, less for one near in meaning), p(c) what one word of
c's facts is given, and p(w) how likely w is in anybody's: its share in English and in the facts of all candidates. The
candidates are equally likely beforehand; afterwards each is as likely as exp of its gains, all together one. Each stem
counts once, and of several words of one fact each further one counts less, since they come together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from occasion.coach.facts import Fact, Facts
from occasion.coach.related import Placed, lifts, placed, share_in_english
from occasion.coach.wording import Word

FROM_FACTS = 0.5  # L: the share of the words of a text that speak of facts
EQUAL = 1e-4  # gains that differ by less are equal
LEAST_WHOLE = 2000  # words that all candidates have together, at least
LEAST_WORDS = 40  # a candidate of whom less is known is read as if that much were, so that a bare file wins nothing
FURTHER = 0.85  # what each further word of one fact counts of the one before
COMMON = 0.6  # of a fact whose kind happens to many
OLD, OLD_US = 0.7, 180 * 86_400_000_000  # of what was written or happened longer ago than that
FIRST, NEVER = -(2**61), 2**62  # instants before and after all others


@dataclass(frozen=True)
class Touch:
    """A word of the text that a fact speaks of, and what it gains."""

    word: Word
    fact: Fact
    gain: float


@dataclass(frozen=True)
class Swap:
    """The answer. `touches`: of the recipient's facts, the strongest first; `gain`: all of theirs together.

    `probability`: that the text is for the recipient, `rank` among the candidates (1: surely first; equals share the
    middle), `nearest`: the likeliest other and its gain.
    """

    probability: float
    rank: float
    candidates: int
    gain: float
    touches: tuple[Touch, ...]
    nearest: str | None
    nearest_gain: float


@dataclass(frozen=True)
class _Candidates:
    """The facts of all candidates in one row: of each word its fact, and of each stem where it stands.

    `begins`: where each candidate's words begin; `sizes`: how many distinct stems each has, at least `LEAST_WORDS`.
    """

    facts: tuple[Facts, ...]
    words: Placed
    of_fact: tuple[Fact, ...]
    where: Mapping[str, list[int]]
    begins: Any
    sizes: Any
    held: Mapping[str, int]
    common: Any  # what a fact counts by its kind, a number a word
    ageing: Any  # when it was, where it counts less once it is long past; else never


@lru_cache(maxsize=8)
def _together(candidates: tuple[Facts, ...]) -> _Candidates:
    facts = [fact for one in candidates for fact in one.facts]
    many = [len(fact.words) for fact in facts]
    flat = [word for fact in facts for word in fact.words]
    where: dict[str, list[int]] = {}
    for column, word in enumerate(flat):
        where.setdefault(word.stem, []).append(column)
    distinct = [{word.stem for fact in one.facts for word in fact.words} for one in candidates]
    common = np.array([COMMON if fact.common else 1.0 for fact in facts])
    ageing = np.array([NEVER if fact.kind in ("detail", "promise") else fact.at_us for fact in facts], np.int64)
    return _Candidates(
        candidates,
        placed(flat),
        tuple(fact for fact in facts for _ in fact.words),
        where,
        np.cumsum([0, *(sum(len(fact.words) for fact in one.facts) for one in candidates)]),
        np.array([max(len(some), LEAST_WORDS) for some in distinct]),
        Counter(stem for some in distinct for stem in some),
        np.repeat(common, many),
        np.repeat(ageing, many),
    )


def swap(words: Sequence[Word], mine: Facts, others: Sequence[Facts], now_us: int) -> Swap:
    """Read the words of a text against the recipient's facts and those of others."""
    said = list({word.stem: word for word in reversed(words)}.values())
    alone, rest = _together((mine,)), _together(tuple(others))
    likely = _likely(said, alone.held, rest.held)
    touches = [touch for _, touch in _touches(said, alone, likely, now_us)]
    gains = np.array([gain_of(touches), *_gains(said, rest, likely, now_us)])
    shares = np.exp(gains - gains.max())
    shares /= shares.sum()
    above, equal = int((gains > gains[0] + EQUAL).sum()), int((np.abs(gains - gains[0]) <= EQUAL).sum())
    best = 1 + int(gains[1:].argmax()) if others else 0
    return Swap(
        float(shares[0]), above + (equal + 1) / 2, len(gains), float(gains[0]),
        tuple(sorted(touches, key=lambda one: -one.gain)),
        others[best - 1].party if best else None, float(gains[best]) if best else 0.0,
    )  # fmt: skip


def _likely(said: Sequence[Word], *held: Mapping[str, int]) -> Any:
    """How likely each word is in anybody's text: half its share in English, half that among all these facts."""
    whole = max(sum(sum(one.values()) for one in held), LEAST_WHOLE)
    found = [
        0.5 * share_in_english(word) + 0.5 * max(sum(one.get(word.stem, 0) for one in held) - 1, 0) / whole + 1e-6
        for word in said
    ]
    return np.array(found)


def _gains(said: Sequence[Word], candidates: _Candidates, likely: Any, now_us: int) -> list[float]:
    """What the touches of each candidate gain together."""
    gains = [0.0] * len(candidates.facts)
    for place, touch in _touches(said, candidates, likely, now_us):
        gains[place] += touch.gain
    return gains


def _touches(said: Sequence[Word], candidates: _Candidates, likely: Any, now_us: int) -> Iterator[tuple[int, Touch]]:
    """The words of the text that are among the facts of each candidate (by its place), each word with the fact it says
    most of; candidate by candidate, the strongest first.
    """
    if not said or not candidates.of_fact:
        return
    before, per_fact = -1, Counter[str]()
    for row, column, place, gain in zip(*_best(said, candidates, likely, now_us), strict=True):
        if place != before:
            before, per_fact = place, Counter[str]()
        word, fact = said[row], candidates.of_fact[column]
        if word.stem not in candidates.facts[place].fields:
            yield place, Touch(word, fact, gain * FURTHER ** per_fact[fact.source])
            per_fact[fact.source] += 1


def _best(said: Sequence[Word], candidates: _Candidates, likely: Any, now_us: int) -> list[list[Any]]:
    """For each candidate and each word that gains there, the word of its facts where it gains most: the places of the
    two and of the candidate, and the gain; candidate by candidate, the greatest gain first.
    """
    width = len(candidates.of_fact)
    at, lifted = lifts(placed(said), candidates.words)
    same = [candidates.where.get(word.stem, []) for word in said]
    rows = np.repeat(np.arange(len(said)), [len(one) for one in same])
    equal = rows * width + np.array([column for one in same for column in one], np.int64)
    at, first = np.unique(np.concatenate([equal, at]), return_index=True)  # the same stem counts before a near word
    lifted = np.concatenate([(1.0 / likely[rows]).astype(lifted.dtype), lifted])[first]
    rows, columns = np.divmod(at, width)
    owner = np.searchsorted(candidates.begins, columns, side="right") - 1
    trust = candidates.common[columns] * np.where(now_us - candidates.ageing[columns] > OLD_US, OLD, 1.0)
    gains = np.log(1 - FROM_FACTS + FROM_FACTS * (lifted * trust) / candidates.sizes[owner])
    some = np.flatnonzero(gains > 0)
    by_word = some[np.lexsort((columns[some], -gains[some], rows[some], owner[some]))]
    pairs = owner[by_word] * len(said) + rows[by_word]
    best = by_word[np.flatnonzero(np.diff(pairs, prepend=-1))]
    best = best[np.lexsort((rows[best], -gains[best], owner[best]))]
    return [one[best].tolist() for one in (rows, columns, owner, gains)]


def gain_of(touches: Sequence[Touch]) -> float:
    """What all of them gain together, in natural units of evidence."""
    return sum(touch.gain for touch in touches)


def speaks_of(words: Sequence[Word], facts: Facts) -> list[Touch]:
    """The facts of one party that a text speaks of, word by word, every fact that a word is among."""
    said = list({word.stem: word for word in reversed(words)}.values())
    likely = np.array([share_in_english(word) + 1e-6 for word in said])
    return [touch for _, touch in _touches(said, _each(facts), likely, FIRST)]


@lru_cache(maxsize=16)
def _each(facts: Facts) -> _Candidates:
    """Every fact as a candidate of its own."""
    each = tuple(Facts(facts.party, (fact,), facts.fields) for fact in facts.facts)
    stems = [len({word.stem for word in fact.words}) for fact in facts.facts]
    begins = np.cumsum([0, *(len(fact.words) for fact in facts.facts)])
    sizes = np.array([max(one, LEAST_WORDS) for one in stems])
    return replace(_together((facts,)), facts=each, begins=begins, sizes=sizes)


def forget_candidates() -> None:
    """Let go of the candidates kept in memory."""
    _together.cache_clear()
    _each.cache_clear()
