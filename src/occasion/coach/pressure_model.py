"""Sentences that press or blame in words that no list has: a model on the vectors of the sentence model (English).

A support vector machine, trained on sentences written for it (scripts/train_pressure.py). What it says of a sentence is
the kind whose examples are most like it: of the six right in about half of the cases, whether it presses or blames in
three of four. Without the extra `multilingual` it finds nothing; the lists still do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from occasion.coach.cues import Found
from occasion.coach.pieces import Piece
from occasion.coach.said import say, slug
from occasion.coach.sentence_vectors import available, vectors
from occasion.coach.tongues import ENGLISH

KINDS = ("threat", "false urgency", "guilt", "blame", "doubt", "mockery")
FILE = "pressure_sentence.npz"
STEP = 0.04  # of a standardised value
FEWEST_WORDS = 3
MOST_SENTENCES = 12  # of a draft are read, 10 to 25 ms each


@dataclass(frozen=True)
class PressureModel:
    """`vectors` (n, width) in steps of STEP with their `weights` and `kinds` (-1: of a sentence that does not press).

    From `least` on a sentence is told, from `sure` on surely; below `most` a turn of phrase in it is not believed.
    """

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    vectors: NDArray[np.int8]
    weights: NDArray[np.float32]
    kinds: NDArray[np.int8]
    intercept: float
    gamma: float
    least: float
    sure: float
    most: float

    @cached_property
    def _held(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The vectors as numbers, and the squares of their lengths."""
        held = self.vectors.astype(np.float32) * np.float32(STEP)
        return held, (held**2).sum(1)

    def judge(self, seen: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """How surely each of some sentences (rows) presses, above 0 rather than not, and which kind it is most like."""
        plain = ((seen - self.mean) / self.spread).astype(np.float32)
        held, squares = self._held
        apart = (plain**2).sum(1)[:, None] + squares[None, :] - 2 * plain @ held.T
        said = np.exp(-self.gamma * apart) * self.weights
        of = [self.kinds == kind for kind in range(len(KINDS))]
        by_kind = np.stack([said[:, one].sum(1) / max(float(self.weights[one].sum()), 1e-9) for one in of], axis=1)
        return said.sum(1) + self.intercept, by_kind.argmax(1)


@dataclass(frozen=True)
class Pressing:
    """What of a text presses or blames: `surely`, and `perhaps`: whole sentences that only read so."""

    surely: tuple[Found, ...]
    perhaps: tuple[Found, ...] = ()


def thoroughly(found: Sequence[Found], sentences: Sequence[Piece], language: str | None) -> Pressing:
    """Turns of phrase that were found, without those in sentences that plainly do not press, and with sentences that
    press in other words. As given in another language than English, and without the sentence model.
    """
    long = [one for one in sentences if len(one.text.split()) >= FEWEST_WORDS][:MOST_SENTENCES]
    if language != ENGLISH or not long or not available():
        return Pressing(tuple(found))
    model, surely = pressure_model(), list(found)
    perhaps: list[Found] = []
    for one in long:
        score, kind = _judged(" ".join(one.text.split()))
        turns = [turn for turn in found if turn.start < one.end and turn.end > one.start]
        if turns and score < model.most:
            surely = [turn for turn in surely if turn not in turns]
        elif not turns and score >= model.least:
            said = Found(KINDS[kind], say(f"reads.{slug(KINDS[kind])}"), one.start, one.end, one.text)
            (surely if score >= model.sure else perhaps).append(said)
    return Pressing(tuple(sorted(surely, key=lambda one: one.start)), tuple(perhaps))


@lru_cache(maxsize=4096)
def _judged(sentence: str) -> tuple[float, int]:
    surely, kinds = pressure_model().judge(vectors_of([sentence]))
    return float(surely[0]), int(kinds[0])


def forget_sentences() -> None:
    """Let go of the sentences kept in memory."""
    _judged.cache_clear()


def vectors_of(texts: Sequence[str]) -> NDArray[np.float64]:
    """What the model sees of sentences."""
    return vectors(texts)


@cache
def pressure_model() -> PressureModel:
    """The one that ships."""
    with (files("occasion.coach") / "data" / FILE).open("rb") as held, np.load(held, allow_pickle=False) as arrays:
        one: dict[str, Any] = {name: arrays[name] for name in arrays.files}
    intercept, gamma, least, sure, most = map(float, one.pop("numbers"))
    return PressureModel(**one, intercept=intercept, gamma=gamma, least=least, sure=sure, most=most)
