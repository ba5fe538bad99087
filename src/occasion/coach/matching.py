"""Which words of one text stand in runs that other texts have too, many texts at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

RUN = 5  # words in a row
GRAM = 4  # words by which texts are found; of two neighbours one is kept, so that every run of RUN has one
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_STIR = np.uint64(0xBF58476D1CE4E5B9)
# Places within a stretch whose words must agree: five in a row, or five of six with a single word exchanged inside.
_SHAPES = ((0, 1, 2, 3, 4), (0, 2, 3, 4, 5), (0, 1, 3, 4, 5), (0, 1, 2, 4, 5), (0, 1, 2, 3, 5))


@dataclass(frozen=True)
class Covered:
    """For each text (rows) which words of the draft (columns) stand in runs that it has too."""

    by_text: Any  # bool, texts × words

    @property
    def counts(self) -> Any:
        """Words shared with each text."""
        return self.by_text.sum(axis=1)


def compare(draft: Any, texts: Sequence[Any]) -> Covered:
    """Compare the codes of a draft's words with those of other texts.

    A run is five words in a row, or six of which one inside was exchanged; the exchanged word is not shared. The order
    of runs does not matter. A draft of fewer words than that shares all of them with a text of just these, else none.
    """
    n = len(draft)
    covered = np.zeros((len(texts), n), bool)
    if n < RUN:
        for row, text in enumerate(texts):
            covered[row] = n > 0 and len(text) == n and bool(np.array_equal(text, draft))
        return Covered(covered)
    if not texts:
        return Covered(covered)
    lengths = np.array([len(text) for text in texts])
    joined = np.concatenate(texts) if lengths.sum() else np.zeros(0, np.uint32)
    owner = np.repeat(np.arange(len(texts)), lengths)
    for shape in _SHAPES:
        _cover(covered, draft, joined, owner, shape)
    return Covered(covered)


def _cover(covered: Any, draft: Any, joined: Any, owner: Any, shape: tuple[int, ...]) -> None:
    mine, theirs = _stretches(draft, shape), _stretches(joined, shape)
    if not len(mine) or not len(theirs):
        return
    known, place = np.unique(mine, return_inverse=True)
    at = np.minimum(np.searchsorted(known, theirs), len(known) - 1)
    last = shape[-1]
    same = (known[at] == theirs) & (owner[: len(theirs)] == owner[last:])
    hits = np.zeros((len(covered), len(known)), bool)
    hits[owner[: len(theirs)][same], at[same]] = True
    found = hits[:, place]
    for step in shape:
        covered[:, step : step + len(mine)] |= found


def _stretches(codes: Any, shape: tuple[int, ...]) -> Any:
    """A number of 64 bits for each stretch of this shape."""
    many = len(codes) - shape[-1]
    if many <= 0:
        return np.zeros(0, np.uint64)
    wide = codes.astype(np.uint64)
    made = np.full(many, len(shape), np.uint64)
    for step in shape:
        made = (made ^ wide[step : step + many]) * _FACTOR
        made ^= made >> np.uint64(29)
    return made * _STIR


def all_grams(codes: Any) -> Any:
    """A number of 32 bits for each run of four words."""
    return (_stretches(codes, tuple(range(GRAM))) >> np.uint64(32)).astype(np.uint32)


def grams(codes: Any) -> Any:
    """The grams by which a text is found: of each two neighbours the smaller."""
    every = all_grams(codes)
    if len(every) > 1:
        every = np.minimum(every[:-1], every[1:])
    return np.unique(every)


def grams_of_many(codes: Any, lengths: Any) -> tuple[Any, Any]:
    """`grams` of texts that lie one after the other: the numbers, and the text of each; pairs once."""
    owner = np.repeat(np.arange(len(lengths), dtype=np.uint32), lengths)
    every = all_grams(codes)
    if not len(every):
        return np.zeros(0, np.uint32), np.zeros(0, np.uint32)
    whole = owner[: len(every)] == owner[GRAM - 1 :]  # within one text
    paired = np.minimum(every[:-1], every[1:])
    both = owner[: len(paired)] == owner[GRAM:]
    single = np.flatnonzero(whole & (lengths[owner[: len(every)]] == GRAM))
    numbers = np.concatenate([paired[both], every[single]])
    texts = np.concatenate([owner[: len(paired)][both], owner[single]])
    joined = np.unique((numbers.astype(np.uint64) << np.uint64(32)) | texts)
    return (joined >> np.uint64(32)).astype(np.uint32), (joined & np.uint64(0xFFFFFFFF)).astype(np.uint32)


__all__ = ["GRAM", "RUN", "Covered", "all_grams", "compare", "grams", "grams_of_many"]
