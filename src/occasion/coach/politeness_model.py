"""The two politeness models, as plain numbers; both trained on English TyDiP alone (data/POLITENESS.md).

base: weighted words, runs of letters and strategies, for English. sentence: vectors of the multilingual sentence model
and strategies, for every language with strategies; each language is moved by its own offset, the mean difference from
English over sentences written in all of them. `scripts/train_politeness.py` writes both files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from occasion.coach.politeness_features import Numbers, Vocabulary, letter_runs, words_and_pairs

BASE = "politeness_base.npz"
SENTENCE = "politeness_sentence.npz"


@dataclass(frozen=True)
class BaseModel:
    """Linear in words, letters and strategies (their weights already divided by the spread)."""

    words: Vocabulary
    letters: Vocabulary
    of_words: Numbers
    of_letters: Numbers
    of_strategies: Numbers
    intercept: float

    def logit(self, text: str, used: Numbers) -> float:
        """How polite, above 0 more polite than not; `used`: its strategies."""
        total = self.intercept + float(self.of_strategies @ used)
        for vocabulary, weights, counts in (
            (self.words, self.of_words, words_and_pairs(text)),
            (self.letters, self.of_letters, letter_runs(text)),
        ):
            places, values = vocabulary.vector(counts)
            total += float(weights[places] @ values)
        return total


@dataclass(frozen=True)
class SentenceModel:
    """Linear in the vector of the sentence model and in strategies; `offsets` of the vector, by language."""

    of_vector: Numbers
    of_strategies: Numbers
    intercept: float
    offsets: Mapping[str, Numbers]

    def logit(self, vector: Numbers, used: Numbers, language: str) -> float:
        """How polite, above 0 more polite than not; English has no offset. KeyError for a language without one."""
        moved = vector - self.offsets[language]
        return self.intercept + float(self.of_vector @ moved) + float(self.of_strategies @ used)


def probability(logit: float) -> float:
    """From 0 to 1.

    >>> probability(0.0)
    0.5
    """
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@cache
def base_model() -> BaseModel:
    """The one that ships."""
    held = _read(BASE)
    return BaseModel(
        Vocabulary(_terms(held["words"]), held["words_idf"].astype(float)),
        Vocabulary(_terms(held["letters"]), held["letters_idf"].astype(float)),
        held["of_words"].astype(float), held["of_letters"].astype(float), held["of_strategies"].astype(float),
        float(held["intercept"][0]),
    )  # fmt: skip


@cache
def sentence_model() -> SentenceModel:
    """The one that ships."""
    held = _read(SENTENCE)
    offsets = {name.removeprefix("offset_"): held[name].astype(float) for name in held if name.startswith("offset_")}
    return SentenceModel(
        held["of_vector"].astype(float), held["of_strategies"].astype(float), float(held["intercept"][0]), offsets
    )


def _read(name: str) -> dict[str, Numbers]:
    with (files("occasion.coach") / "data" / name).open("rb") as held, np.load(held, allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}


def _terms(held: Numbers) -> tuple[str, ...]:
    return tuple(held.tobytes().decode("utf-8").split("\n"))
