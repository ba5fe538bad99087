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

from occasion.coach.lines import lines_of
from occasion.coach.tongues import ENGLISH
from occasion.coach.wording import Word, stem

TABLE = Path(__file__).parent / "data" / "related.npz"
NEAR, SAME, SHARP = 0.45, 0.9, 2  # cosines: from the first on two words are near, from the second as good as one
INSTEAD = 0.7  # nearness of words in one group of senses (data/senses.en.txt)
UNKNOWN_MASS = 1e-4
LEAST_PART, COMMON_RANK = 4, 20_000  # of the parts of a compound
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
    """Where the table has a word: by itself, by its stem, or for a compound by its second part; -1 where it has not."""
    table = _table()
    found = table.places.get(folded)
    if found is None:
        found = table.stems.get(stemmed)
    return _second_part(folded) if found is None else found


def _second_part(folded: str) -> int:
    """Of a word made of two common ones (narrowboat) the place of the second."""
    table = _table()
    for at in range(len(folded) - LEAST_PART, LEAST_PART - 1, -1):
        first, second = (table.stems.get(stem(part), -1) for part in (folded[:at], folded[at:]))
        if min(first, second) >= 0 and max(table.ranks[first], table.ranks[second]) <= COMMON_RANK:
            return second
    return -1


def share_in_english(word: Word) -> float:
    """About how large a share of all words it is (Zipf: 0.1 by its rank)."""
    if word.folded[0].isdigit():
        return 0.05 * 10.0 ** -min(len(word.folded), 4)  # figures: the shorter the commoner
    place = place_of(word.folded, word.stem)
    return 0.1 / (int(_table().ranks[place]) if place >= 0 else RAREST)


@dataclass(frozen=True)
class Placed:
    """Words looked up in the table: their vectors (noughts where it has none), how much of English is near each, and
    the groups of senses they stand in (words, groups)."""

    vectors: Any
    masses: Any
    groups: Any


def placed(words: Sequence[Word]) -> Placed:
    """Words looked up in the table."""
    table = _table()
    places = np.array([place_of(word.folded, word.stem) for word in words], np.int64)
    there = places >= 0
    vectors = np.where(there[:, None], table.vectors[places], np.float32(0))
    return Placed(vectors, np.where(there, table.masses[places], np.float32(UNKNOWN_MASS)), _grouped(words))


def nearness(words: Sequence[Word] | Placed, others: Sequence[Word]) -> Any:
    """How near each word is to each of the others, from 0 (not at all) to 1; an array (words, others).

    Words that the table has not, and numbers, are near none. Equal stems are the caller's matter.
    """
    rows, columns = words if isinstance(words, Placed) else placed(words), placed(others)
    near = np.zeros((len(rows.masses), len(columns.masses)), np.float32)
    at, values = _near(rows, columns)
    near.reshape(-1)[at] = values
    return near


def lifts(words: Placed, others: Placed) -> tuple[Any, Any]:
    """How many times likelier each word is where each of the others is meant than in any text: only where it is so
    at all, by the place in an array (words, others) read row by row, in order; and the values.

    A word stands for all that are near it, for each by its nearness and its share in English.
    """
    at, values = _near(words, others)
    return at, values / others.masses[at % len(others.masses)]


def _near(words: Placed, others: Placed) -> tuple[Any, Any]:
    """Where words are near, as places in an array (words, others) read row by row, and how near."""
    near = words.vectors @ others.vectors.T
    near -= NEAR
    flat = near.reshape(-1)
    at = np.flatnonzero(flat > 0)
    values = np.minimum(flat[at] / (SAME - NEAR), 1.0) ** SHARP
    grouped = [
        row * len(others.masses) + np.flatnonzero(others.groups @ words.groups[row] > 0)
        for row in np.flatnonzero(words.groups.any(axis=1))
    ]
    if not grouped or not len(others.masses):
        return at, values
    together = np.concatenate(grouped)
    joined = np.union1d(at, together)
    both = np.zeros(len(joined), values.dtype)
    both[np.searchsorted(joined, at)] = values
    places = np.searchsorted(joined, together)
    both[places] = np.maximum(both[places], INSTEAD)
    return joined, both


def _grouped(words: Sequence[Word]) -> Any:
    """Which groups of senses each word stands in: an array (words, groups)."""
    groups, count = _groups()
    held = np.zeros((len(words), count), np.float32)
    for row, word in enumerate(words):
        for group in groups.get(word.stem, ()):
            held[row, group] = 1.0
    return held


@cache
def _groups() -> tuple[dict[str, tuple[int, ...]], int]:
    lines = lines_of("senses", ENGLISH)
    found: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        for one in dict.fromkeys(stem(word) for word in line.split()):
            found.setdefault(one, []).append(number)
    return {word: tuple(numbers) for word, numbers in found.items()}, len(lines)
