"""How near English words are in meaning: a small table made once, read from the package (how: docs/coach.md).

Of each of some 37,000 words a vector of 64 small numbers and how common it is. A word that is not there is near nothing
but itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from occasion.coach.wording import Word, stem

TABLE = Path(__file__).parent / "data" / "related.npz"
NEAR, SAME = 0.5, 0.9  # cosines: from the first on two words are near, from the second as good as one
RAREST = 43_000


@dataclass(frozen=True)
class _Table:
    places: dict[str, int]
    stems: dict[str, int]
    ranks: Any
    vectors: Any
    masses: Any


@cache
def _table() -> _Table:
    with np.load(TABLE) as held:
        words = bytes(held["words"]).decode().split("\n")
        vectors = held["vectors"].astype(np.float32)
        ranks = held["rank"].astype(np.int64)
        masses = held["mass"]
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    places = {word: place for place, word in enumerate(words)}
    stems: dict[str, int] = {}
    for word, place in places.items():
        known = stems.setdefault(stem(word), place)
        if ranks[place] < ranks[known]:
            stems[stem(word)] = place
    return _Table(places, stems, ranks, vectors, masses)


@lru_cache(maxsize=65536)
def place_of(folded: str, stemmed: str) -> int:
    """Where the table has a word, by itself or by its stem; -1 where it has not."""
    table = _table()
    found = table.places.get(folded)
    return table.stems.get(stemmed, -1) if found is None else found


def share_in_english(word: Word) -> float:
    """About how large a share of all words it is (Zipf: 0.1 by its rank)."""
    if word.folded[0].isdigit():
        return 0.05 * 10.0 ** -min(len(word.folded), 4)  # figures: the shorter the commoner
    place = place_of(word.folded, word.stem)
    return 0.1 / (int(_table().ranks[place]) if place >= 0 else RAREST)


def nearness(words: Sequence[Word], others: Sequence[Word]) -> Any:
    """How near each word is to each of the others, from 0 (not at all) to 1; an array (words, others).

    Words that the table has not, and numbers, are near none. Equal stems are the caller's matter.
    """
    return _near(words, others)[0]


def lifts(words: Sequence[Word], others: Sequence[Word]) -> Any:
    """How many times likelier each word is where each of the others is meant than in any text; as `nearness`.

    A word stands for all that are near it, for each by its nearness and its share in English.
    """
    near, columns = _near(words, others)
    return near / _table().masses[columns][None, :] if near.size else near


def _near(words: Sequence[Word], others: Sequence[Word]) -> tuple[Any, Any]:
    table = _table()
    rows = np.array([place_of(word.folded, word.stem) for word in words], np.int64)
    columns = np.array([place_of(word.folded, word.stem) for word in others], np.int64)
    if not len(rows) or not len(columns):
        return np.zeros((len(rows), len(columns)), np.float32), columns
    near = np.clip((table.vectors[rows] @ table.vectors[columns].T - NEAR) / (SAME - NEAR), 0.0, 1.0)
    near[rows < 0, :] = 0.0
    near[:, columns < 0] = 0.0
    return near, columns
