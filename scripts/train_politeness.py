"""Train the politeness models that ship, from the English part of TyDiP alone; bit for bit the same each time.

    python scripts/train_politeness.py [--data FOLDER] [--to FOLDER] [--check]

FOLDER holds tydip_en_train.csv (OCCASION_DATA, else ../shared/data). With --check nothing is written: it says whether
what ships is what this makes. The sentence model needs the extra `multilingual`.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from occasion.coach.politeness_features import Numbers, Vocabulary, letter_runs, strategies, words_and_pairs
from occasion.coach.politeness_model import BASE, SENTENCE, BaseModel, SentenceModel
from occasion.coach.sentence_vectors import vectors

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "src" / "occasion" / "coach" / "data"
PARALLEL = Path(__file__).with_name("politeness_parallel.tsv")
# Chosen by five-fold cross-validation on English TyDiP.
LEAST_WORDS, LEAST_LETTERS = 2, 5  # texts that a term must stand in
BASE_C, BASE_STRATEGIES = 3.0, 0.1
SENTENCE_C, SENTENCE_STRATEGIES = 0.003, 3.0
DIGITS = 5  # kept of every number, so that the last bits of a machine do not matter

Labels = NDArray[np.int64]


def fit_base(texts: Sequence[str], polite: Labels, language: str = "en") -> BaseModel:
    """Words, letters and strategies, by logistic regression."""
    from scipy.sparse import csr_matrix, hstack

    counts = [words_and_pairs(text) for text in texts], [letter_runs(text) for text in texts]
    words, letters = Vocabulary.of(counts[0], LEAST_WORDS), Vocabulary.of(counts[1], LEAST_LETTERS)
    used = np.array([strategies(text, language) for text in texts])
    mean, spread = used.mean(0), _spread(used)
    seen = hstack(
        [_matrix(words, counts[0]), _matrix(letters, counts[1]), csr_matrix(BASE_STRATEGIES * (used - mean) / spread)]
    )
    weights, intercept = _logistic(seen.tocsr(), polite, BASE_C)
    first, second = len(words.terms), len(words.terms) + len(letters.terms)
    of_strategies = weights[second:] * BASE_STRATEGIES / spread
    return BaseModel(
        words, letters, weights[:first], weights[first:second], of_strategies, intercept - float(of_strategies @ mean)
    )


def fit_sentence(
    seen: Numbers, used: Numbers, polite: Labels, offsets: Mapping[str, Numbers], strength: float = SENTENCE_C
) -> SentenceModel:
    """Vectors of the sentence model and strategies, by logistic regression on standardised values."""
    both = np.hstack([seen, used])
    mean, spread = both.mean(0), _spread(both)
    scale = np.concatenate([np.ones(seen.shape[1]), np.full(used.shape[1], SENTENCE_STRATEGIES)]) / spread
    weights, intercept = _logistic((both - mean) * scale, polite, strength)
    weights = weights * scale
    width = seen.shape[1]
    return SentenceModel(weights[:width], weights[width:], intercept - float(weights @ mean), offsets)


def offsets_of(rows: Mapping[str, Sequence[str]]) -> dict[str, Numbers]:
    """By language, how far the vectors of its sentences lie from the English ones that say the same, on the average."""
    means = {language: vectors(texts).mean(0) for language, texts in rows.items()}
    return {language: mean - means["en"] for language, mean in means.items()}


def parallel() -> dict[str, list[str]]:
    """The sentences written in all languages, by language."""
    with PARALLEL.open(encoding="utf-8", newline="") as held:
        rows = list(csv.DictReader(held, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {language: [row[language] for row in rows] for language in rows[0]}


def requests(path: Path) -> tuple[list[str], Labels]:
    """Texts of a TyDiP file, and 1 for the polite half."""
    with path.open(encoding="utf-8", newline="") as held:
        rows = list(csv.DictReader(held))
    return [row["sentence"] for row in rows], np.array([float(row["score"]) > 0 for row in rows], dtype=np.int64)


def made(data: Path) -> dict[str, bytes]:
    """Both files, as they are written."""
    texts, polite = requests(data / "tydip_en_train.csv")
    base = fit_base(texts, polite)
    used = np.array([strategies(text, "en") for text in texts])
    sentence = fit_sentence(vectors(texts), used, polite, offsets_of(parallel()))
    return {
        BASE: _packed(
            words=_joined(base.words.terms), words_idf=base.words.idf, letters=_joined(base.letters.terms),
            letters_idf=base.letters.idf, of_words=base.of_words, of_letters=base.of_letters,
            of_strategies=base.of_strategies, intercept=np.array([base.intercept]),
        ),
        SENTENCE: _packed(
            of_vector=sentence.of_vector, of_strategies=sentence.of_strategies,
            intercept=np.array([sentence.intercept]),
            **{f"offset_{language}": offset for language, offset in sorted(sentence.offsets.items())},
        ),
    }  # fmt: skip


def _logistic(seen: object, polite: Labels, strength: float) -> tuple[Numbers, float]:
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = LogisticRegression(C=strength, max_iter=5000, tol=1e-8).fit(seen, polite)
    return fitted.coef_[0], float(fitted.intercept_[0])


def _matrix(vocabulary: Vocabulary, counts: Sequence[Mapping[str, int]]) -> object:
    from scipy.sparse import csr_matrix

    rows = [vocabulary.vector(one) for one in counts]
    starts = np.concatenate([[0], np.cumsum([len(places) for places, _ in rows])])
    places, values = (np.concatenate([row[side] for row in rows]) for side in (0, 1))
    return csr_matrix((values, places, starts), shape=(len(rows), len(vocabulary.terms)))


def _spread(values: Numbers) -> Numbers:
    spread = values.std(0)
    return np.where(spread > 0, spread, 1.0)


def _joined(terms: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(terms).encode("utf-8"), dtype=np.uint8)


def _packed(**arrays: NDArray[np.generic]) -> bytes:
    """An uncompressed archive of arrays; numbers as single floats of `DIGITS` digits."""
    kept = {
        name: array
        if array.dtype == np.uint8
        else np.round(array.astype(float), DIGITS).astype(np.float32) + np.float32(0)
        for name, array in arrays.items()
    }
    held = io.BytesIO()
    np.savez(held, **kept)
    return held.getvalue()


def main() -> int:
    """Write the files, or say whether they are the same."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument(
        "--data", type=Path, default=Path(os.environ.get("OCCASION_DATA", ROOT.parent / "shared" / "data"))
    )
    asked.add_argument("--to", type=Path, default=SHIPPED)
    asked.add_argument("--check", action="store_true")
    given = asked.parse_args()
    differ = 0
    for name, held in made(given.data).items():
        path = given.to / name
        if given.check:
            same = path.is_file() and path.read_bytes() == held
            differ += not same
            sys.stdout.write(f"{name}: {'the same' if same else 'differs'}\n")
        else:
            path.write_bytes(held)
            sys.stdout.write(f"{name}: {len(held):,} bytes\n")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
