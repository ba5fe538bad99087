"""What the politeness models see of a text: strategies by family, signs, and weighted words and runs of letters."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from occasion.coach.cues import cues_of
from occasion.coach.tongues import ENGLISH

Numbers = NDArray[np.float64]
SIGNS = ("question marks", "exclamation marks", "dots", "length", "capitals", "rows of marks")
_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"\w+|[?!.]+")
_DOTS = re.compile(r"\.\.\.|…")
_ROW = re.compile(r"[?!]{2,}")
LETTER_RUNS = (3, 4)


def families() -> tuple[str, ...]:
    """The families of strategies, the same in every language that has them."""
    return tuple(one.name for one in cues_of("strategies", ENGLISH))


def strategies(text: str, language: str) -> Numbers:
    """log(1 + times) of each family of strategies and of the signs. Of a language without strategies the signs only."""
    cues = {one.name: one for one in cues_of("strategies", language)}
    counts = [len(cues[name].pattern.findall(text)) if name in cues else 0 for name in families()]
    words = _WORD.findall(text)
    capitals = sum(word.isupper() and len(word) > 2 for word in words) / max(len(words), 1)
    signs = [
        math.log1p(text.count("?")), math.log1p(text.count("!")), float(bool(_DOTS.search(text))),
        math.log1p(len(words)), capitals, float(bool(_ROW.search(text))),
    ]  # fmt: skip
    return np.array([*(math.log1p(count) for count in counts), *signs])


def words_and_pairs(text: str) -> Counter[str]:
    """Words, rows of signs, and pairs of neighbours."""
    tokens = _TOKEN.findall(text.lower())
    return Counter([*tokens, *(f"{one} {other}" for one, other in pairwise(tokens))])


def letter_runs(text: str) -> Counter[str]:
    """Runs of three and four letters within a word, a blank at either end of it."""
    found: Counter[str] = Counter()
    for word in text.lower().split():
        padded = f" {word} "
        for run in LETTER_RUNS:
            found.update(padded[at : at + run] for at in range(max(len(padded) - run + 1, 0)))
    return found


@dataclass(frozen=True)
class Vocabulary:
    """Terms with their inverse document frequencies: a text becomes a vector of length one over them."""

    terms: tuple[str, ...]
    idf: Numbers

    @staticmethod
    def of(texts: Iterable[Mapping[str, int]], least: int) -> Vocabulary:
        """The terms that stand in at least `least` of the texts, in order; idf is log((1 + n) / (1 + df)) + 1."""
        each = list(texts)
        held = Counter(term for counts in each for term in counts)
        terms = tuple(sorted(term for term, times in held.items() if times >= least))
        return Vocabulary(terms, np.array([math.log((1 + len(each)) / (1 + held[term])) + 1 for term in terms]))

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each term stands."""
        return {term: place for place, term in enumerate(self.terms)}

    def vector(self, counts: Mapping[str, int]) -> tuple[NDArray[np.intp], Numbers]:
        """Places and values, (1 + log times) * idf, scaled to length one; both empty where no term is known."""
        known = [(self.places[term], times) for term, times in counts.items() if term in self.places]
        known.sort()
        places = np.array([place for place, _ in known], dtype=np.intp)
        values = np.array([1 + math.log(times) for _, times in known]) * self.idf[places]
        length = math.sqrt(float(values @ values))
        return places, values / length if length else values
