"""How polite and warm a text is, with reasons: a model for the figure, a lexicon of strategies for the why.

English by the base model, other languages by the sentence model (extra `multilingual`), those of `languages` only. The
models learned from requests among editors: a figure tells a brusque request from a polite one, not a good letter from
a bad one. docs/coach.md has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from occasion.coach.cues import Found, named, turns_in
from occasion.coach.languages import why_not
from occasion.coach.politeness_features import strategies
from occasion.coach.politeness_model import base_model, probability, sentence_model
from occasion.coach.said import Sentence, Tongue, say
from occasion.coach.sentence_vectors import available, vectors
from occasion.coach.tongues import ENGLISH

KIND = (
    "gratitude", "apology", "deference", "greeting", "please", "indirect", "by the way", "hedge", "positive",
)  # fmt: skip
UNKIND = ("challenge", "negative", "blunt start", "question first", "please first")
By = Literal["base", "sentence", "both"]


@dataclass(frozen=True)
class Politeness:
    """`score` from 0 to 1, above .5 more polite than not; by which model; the strategies that speak for and against."""

    score: float
    by: By
    kind: tuple[Found, ...]
    unkind: tuple[Found, ...]


def politeness(text: str, language: str | None, *, thorough: bool = False) -> Politeness | None:
    """How polite a text is; None where that cannot be said (`why_no_politeness`).

    `thorough`: in English too ask the sentence model, where it is installed, and take the mean of both.
    """
    if language is None or why_no_politeness(language) is not None:
        return None
    used = strategies(text, language)
    logits: list[float] = []
    if language == ENGLISH:
        logits.append(base_model().logit(text, used))
    if language != ENGLISH or (thorough and available()):
        logits.append(sentence_model().logit(vectors([text])[0], used, language))
    by: By = "both" if len(logits) > 1 else "base" if language == ENGLISH else "sentence"
    found = turns_in(text, "strategies", language)
    return Politeness(probability(float(np.mean(logits))), by, named(found, *KIND), named(found, *UNKIND))


def why_no_politeness(language: str | None) -> Sentence | None:
    """Why politeness cannot be said in a language here, as a sentence for `unjudged`; None where it can."""
    said = why_not("politeness", language)
    if said is not None or language == ENGLISH or available():
        return said
    said = say("politeness.needs_model", language=Tongue(language or ""))
    return say("of_check", check=say("check.politeness"), said=said)
