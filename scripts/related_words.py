"""Makes the table of related words that the coach reads (src/occasion/coach/data/related.npz). Run once; offline.

    python scripts/related_words.py --model DIR --wordnet DIR --words FILE --out related.npz [--most N]

DIR of the model: a small sentence encoder of BERT's form (made with all-MiniLM-L6-v2: model.safetensors and
tokenizer.json); of WordNet: its database files (made with 3.0); FILE: a list of words, one a line (made with SCOWL's
British English, size 60). Needs safetensors, tokenizers and scipy besides what the project needs.

1. Each word of the list that WordNet or the encoder's vocabulary has is encoded by itself: mean of the last layer,
   length one, and the first 128 principal components of all words.
2. Retrofitting (Faruqui et al. 2015, with weights): four times each vector is drawn to .45 of what it was and .55 of
   the mean of its neighbours in WordNet: other words of its first three senses, of the classes and forms these lead
   to, and the words of their glosses, common neighbours counting less.
3. The first 64 principal components, as bytes; how common a word is, by its place in the encoder's vocabulary; and the
   mass: how much of English text is near it (nearness times share, summed over all words).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy.sparse
from safetensors.numpy import load_file
from tokenizers import Tokenizer

HEADS, LAYERS, AT_ONCE = 12, 6, 512
FIRST_WORD = 1990  # places of the vocabulary before its words begin
RAREST = 43_000
NEAR, SAME = 0.5, 0.9
SENSES = {0: 1.0, 1: 0.5, 2: 0.3}  # what the first senses of a word count
LEADS = {"@": 0.9, "@i": 0.9, "+": 0.8, ";c": 0.4, "-c": 0.4, "~": 0.12}  # relations of WordNet; others .5
OTHERS = ("#p", "#m", "%p", "%m", "%s", "&", "^", "\\", "=")
GLOSS = 0.45
DULL = frozenset(
    (
        *(
            "a",
            "an",
            "the",
            "of",
            "or",
            "and",
            "in",
            "to",
            "for",
            "with",
            "by",
            "that",
            "which",
            "is",
            "are",
            "be",
            "as",
        ),
        *(
            "on",
            "from",
            "used",
            "having",
            "at",
            "usually",
            "especially",
            "any",
            "some",
            "not",
            "into",
            "its",
            "it",
            "one",
        ),
        *(
            "who",
            "their",
            "his",
            "her",
            "your",
            "something",
            "someone",
            "somebody",
            "made",
            "very",
            "being",
            "can",
            "has",
        ),
        *("have", "etc", "esp", "when", "such", "than", "other", "more", "most", "where", "they", "person"),
    )
)


class Encoder:
    """The sentence encoder, in plain arrays."""

    def __init__(self, folder: Path) -> None:
        self.weights = load_file(folder / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.vocabulary = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]

    def _of(self, name: str) -> np.ndarray:
        return self.weights[name].astype(np.float32)

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self._of(f"{name}.weight").T + self._of(f"{name}.bias")

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        middle, spread = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - middle) / np.sqrt(spread + 1e-12) * self._of(f"{name}.weight") + self._of(f"{name}.bias")

    def encode(self, words: list[str]) -> np.ndarray:
        """A vector of length one for each word."""
        ids = [self.tokenizer.encode(word).ids for word in words]
        n, longest = len(ids), max(map(len, ids))
        padded, mask = np.zeros((n, longest), int), np.zeros((n, longest), np.float32)
        for row, one in enumerate(ids):
            padded[row, : len(one)], mask[row, : len(one)] = one, 1
        x = self._of("embeddings.word_embeddings.weight")[padded]
        x = x + self._of("embeddings.position_embeddings.weight")[:longest]
        x = self._norm(x + self._of("embeddings.token_type_embeddings.weight")[0], "embeddings.LayerNorm")
        for layer in range(LAYERS):
            x = self._layer(x, mask, f"encoder.layer.{layer}.")
        mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)

    def _layer(self, x: np.ndarray, mask: np.ndarray, at: str) -> np.ndarray:
        n, longest, width = x.shape
        split = (n, longest, HEADS, width // HEADS)
        q, k, v = (self._linear(x, f"{at}attention.self.{one}").reshape(split).transpose(0, 2, 1, 3)
                   for one in ("query", "key", "value"))  # fmt: skip
        scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(width // HEADS) + (mask[:, None, None, :] - 1) * 1e4
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        heads = (scores / scores.sum(-1, keepdims=True) @ v).transpose(0, 2, 1, 3).reshape(n, longest, width)
        x = self._norm(x + self._linear(heads, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
        wide = self._linear(x, f"{at}intermediate.dense")
        from scipy.special import erf

        wide = wide * 0.5 * (1 + erf(wide / np.sqrt(2)))
        return self._norm(x + self._linear(wide, f"{at}output.dense"), f"{at}output.LayerNorm")


class WordNet:
    """Synsets by part of speech and offset: their words, where they lead, their gloss."""

    def __init__(self, folder: Path) -> None:
        self.sets: dict[str, tuple[list[str], list[tuple[str, str]], str]] = {}
        self.index: dict[str, list[tuple[int, str]]] = {}
        self.exceptions: dict[str, str] = {}
        for path in sorted(folder.glob("*.exc")):
            for line in path.read_text("utf-8").splitlines():
                form, lemma = line.split()[:2]
                self.exceptions.setdefault(form, lemma)
        for part in ("noun", "verb", "adj", "adv"):
            for line in (folder / f"data.{part}").read_text("utf-8").splitlines():
                if not line.startswith("  "):
                    self._add(part[0], line)
            for line in (folder / f"index.{part}").read_text("utf-8").splitlines():
                if not line.startswith("  "):
                    cells = line.split()
                    places = cells[6 + int(cells[3]) :]
                    held = self.index.setdefault(cells[0], [])
                    held += [(rank, part[0] + place) for rank, place in enumerate(places[:3])]

    def _add(self, part: str, line: str) -> None:
        head, gloss = line.split(" | ", 1)
        cells = head.split()
        count = int(cells[3], 16)
        words = [cells[4 + 2 * at].lower().split("(")[0] for at in range(count)]
        first = 4 + 2 * count
        leads = [(cells[first + 1 + 4 * at], cells[first + 3 + 4 * at][0].replace("s", "a") + cells[first + 2 + 4 * at])
                 for at in range(int(cells[first]))]  # fmt: skip
        self.sets[part + cells[0]] = (words, leads, gloss.split('"')[0])

    def lemma(self, word: str) -> str:
        """The form that stands in the index, as far as endings tell."""
        if word in self.exceptions:
            return self.exceptions[word]
        for ending, put in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("xes", "x"), ("s", ""), ("ing", ""),
                            ("ing", "e"), ("ed", ""), ("ed", "e")):  # fmt: skip
            if word.endswith(ending) and word[: -len(ending)] + put in self.index:
                return word[: -len(ending)] + put
        return word

    def near(self, word: str) -> Iterator[tuple[str, float]]:
        """Words that have to do with it, with weights; expressions word by word."""
        for rank, place in self.index.get(word) or self.index.get(self.lemma(word), []):
            if place not in self.sets:
                continue
            words, leads, gloss = self.sets[place]
            some = [(one, 1.0) for one in words]
            for sign, other in leads:
                if other in self.sets and (sign in LEADS or sign in OTHERS):
                    some += [(one, LEADS.get(sign, 0.5)) for one in self.sets[other][0][: 1 if sign[0] in "~;-" else 2]]
            some += [(self.lemma(one), GLOSS) for one in re.findall(r"[a-z]{3,}", gloss.lower()) if one not in DULL]
            for one, weight in some:
                for part in one.split("_"):
                    if part not in DULL:
                        yield part, SENSES[rank] * weight * (0.6 if "_" in one else 1.0)


def components(rows: np.ndarray, count: int) -> np.ndarray:
    """The first principal components, learned from 8000 of the rows."""
    some = np.random.default_rng(0).permutation(len(rows))[:8000]
    return np.linalg.svd(rows[some], full_matrices=False)[2][:count]


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def retrofitted(words: list[str], vectors: np.ndarray, net: WordNet) -> np.ndarray:
    """The vectors drawn to their neighbours in WordNet."""
    places = {word: place for place, word in enumerate(words)}
    held: dict[tuple[int, int], float] = {}
    for word, place in places.items():
        near = list(net.near(word))
        if word not in net.index:
            near.append((net.lemma(word), 3.0))
        for other, weight in near:
            if (at := places.get(other)) is not None and at != place:
                held[place, at] = held.get((place, at), 0.0) + weight
    rows, columns = np.array(list(held)).T
    graph = scipy.sparse.csr_matrix((list(held.values()), (rows, columns)), shape=(len(words),) * 2)
    common = np.asarray((graph > 0).sum(0)).ravel()
    graph = graph.multiply(1 / np.sqrt(1 + common / 50)[None, :]).tocsr()
    total = np.asarray(graph.sum(1)).ravel()
    graph = scipy.sparse.diags(1 / np.maximum(total, 1e-9)) @ graph
    moved = vectors.copy()
    for _ in range(4):
        mixed = 0.45 * vectors + 0.55 * unit(graph @ moved)
        moved[total > 0] = unit(mixed)[total > 0]
    return moved


def masses(vectors: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Of each word how much of English text is near it."""
    found = np.zeros(len(vectors), np.float32)
    for at in range(0, len(vectors), 1000):
        near = np.clip((vectors[at : at + 1000] @ vectors.T - NEAR) / (SAME - NEAR), 0, 1)
        found[at : at + 1000] = near @ shares
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("model", "wordnet", "words", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--most", type=int, default=0, help="Take only so many words, to try it out.")
    asked = parser.parse_args()
    encoder, net = Encoder(asked.model), WordNet(asked.wordnet)
    listed = {one for one in asked.words.read_text("utf-8").split() if re.fullmatch("[a-z]{3,}", one)}
    words = sorted(one for one in listed if one in encoder.vocabulary or one in net.index)
    words = words[:: max(len(words) // asked.most, 1)] if asked.most else words
    encoded = np.concatenate([encoder.encode(words[at : at + AT_ONCE]) for at in range(0, len(words), AT_ONCE)])
    encoded -= encoded.mean(0)
    moved = retrofitted(words, unit(encoded @ components(encoded, 128).T), net)
    moved -= moved.mean(0)
    vectors = unit(moved @ components(moved, 64).T)
    packed = np.round(vectors * 127 / np.abs(vectors).max()).astype(np.int8)
    rank = [min(max(encoder.vocabulary.get(one, RAREST) - FIRST_WORD, 1), RAREST) for one in words]
    mass = masses(unit(packed.astype(np.float32)), 0.1 / np.array(rank))
    texts = np.frombuffer("\n".join(words).encode(), np.uint8)
    np.savez_compressed(asked.out, words=texts, rank=np.array(rank, np.uint16), mass=mass, vectors=packed)
    sys.stdout.write(f"{len(words):,} words, {asked.out.stat().st_size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
