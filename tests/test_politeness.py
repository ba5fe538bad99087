"""Politeness: reasons, the models that ship, and the figures of docs/coach.md (slow)."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from occasion.coach import politeness as module
from occasion.coach.politeness import politeness, why_no_politeness
from occasion.coach.politeness_features import families, strategies
from occasion.coach.politeness_model import base_model, sentence_model
from occasion.coach.sentence_vectors import available, vectors

ROOT = Path(__file__).resolve().parent.parent
needs_model = pytest.mark.skipif(not available(), reason="needs the sentence model: the extra multilingual")


def trainer() -> ModuleType:
    """scripts/train_politeness.py, which is no package."""
    spec = importlib.util.spec_from_file_location("train_politeness", ROOT / "scripts" / "train_politeness.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def polish() -> list[dict[str, Any]]:
    path = ROOT / "tests" / "data" / "polish_requests.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def interval(right: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Accuracy with its 95 % interval (Wilson)."""
    n, share, z = len(right), float(right.mean()), 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return share, middle - half, middle + half


def right_by_sentence(texts: Sequence[str], polite: Sequence[int], language: str) -> NDArray[np.bool_]:
    seen = vectors(texts)
    logits = [
        sentence_model().logit(one, strategies(text, language), language) for one, text in zip(seen, texts, strict=True)
    ]
    return (np.array(logits) > 0) == (np.array(polite) == 1)


PAIRS = [
    (
        "Thank you for the list! Could you perhaps add the year when you have a moment?",
        "Where is the year? You obviously did not read the rules.",
    ),
    (
        "Sorry to trouble you, I was wondering whether the map could be a little larger?",
        "Why did you remove my map again? Stop it.",
    ),
    (
        "Hi, nice work on the bridges. Would you mind having a look at mine?",
        "So what is your problem? Nobody asked you to touch the bridges.",
    ),
    (
        "I appreciate your patience. May I ask which edition you used?",
        "What edition is that supposed to be? Are you making this up?",
    ),
    ("Great idea, thanks. How can I help?", "Again? Do you even look at what you delete?"),
]


@pytest.mark.parametrize(("kind", "unkind"), PAIRS)
def test_of_two_requests_the_kind_one_is_the_more_polite(kind: str, unkind: str) -> None:
    better, worse = politeness(kind, "en"), politeness(unkind, "en")
    assert better is not None
    assert worse is not None
    assert better.score > 0.5 > worse.score
    assert better.by == "base"


def test_the_reasons_stand_where_they_say() -> None:
    text = "Hello, thank you so much. Would you mind waiting? Why did you delete it?"
    read = politeness(text, "en")
    assert read is not None
    assert {one.name for one in read.kind} >= {"greeting", "gratitude", "indirect"}
    assert {one.name for one in read.unkind} >= {"challenge", "negative"}
    assert all(text[one.start : one.end] == one.words for one in (*read.kind, *read.unkind))


def test_every_language_with_strategies_has_the_same_families() -> None:
    texts = {
        "en": "Thanks, could you please look?", "es": "Gracias, ¿podría mirar, por favor?",
        "ru": "Спасибо, не могли бы вы посмотреть, пожалуйста?", "pl": "Dziękuję, czy mógłby Pan spojrzeć? Proszę.",
    }  # fmt: skip
    for language, text in texts.items():
        used = dict(zip(families(), strategies(text, language), strict=False))
        assert used["gratitude"] > 0, language
        assert used["indirect"] > 0, language
        assert used["please"] > 0, language


def test_where_it_does_not_hold_it_says_so_instead_of_scoring(monkeypatch: pytest.MonkeyPatch) -> None:
    assert politeness("Voisitteko auttaa minua?", "fi") is None
    said = why_no_politeness("fi")
    assert said is not None
    assert "not judged in Finnish" in said
    assert politeness("hm", None) is None
    monkeypatch.setattr(module, "available", lambda: False)
    assert politeness("Czy mogłaby Pani pomóc?", "pl") is None
    assert why_no_politeness("pl") == "politeness: judged in Polish only with the sentence model (extra multilingual)"
    assert politeness("Could you help me?", "en", thorough=True) is not None


def test_a_text_of_unknown_words_is_neither() -> None:
    base = base_model()
    assert base.logit("", strategies("", "en")) == pytest.approx(
        base.intercept + float(base.of_strategies @ strategies("", "en"))
    )


@needs_model
@pytest.mark.parametrize(
    ("language", "kind", "unkind"),
    [
        ("pl", "Bardzo dziękuję! Czy mogłaby Pani zerknąć jeszcze raz?", "Znowu źle. Umiecie wy w ogóle czytać?"),
        ("es", "¡Muchas gracias! ¿Podría mirarlo otra vez cuando pueda?", "¿Otra vez mal? ¿Es que no sabes leer?"),
        ("ru", "Большое спасибо! Не могли бы вы взглянуть ещё раз?", "Опять неправильно. Вы вообще читать умеете?"),
    ],
)
def test_the_sentence_model_reads_other_languages(language: str, kind: str, unkind: str) -> None:
    better, worse = politeness(kind, language), politeness(unkind, language)
    assert better is not None
    assert worse is not None
    assert better.score > 0.5 > worse.score
    assert better.by == "sentence"


@needs_model
def test_no_model_is_fetched_at_run_time() -> None:
    code = (
        "import socket, sys\n"
        "def no(*a, **k): raise SystemExit('the network was asked')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = no\n"
        "from occasion.coach.politeness import politeness\n"
        "print(politeness('Czy mogłaby Pani pomóc? Dziękuję.', 'pl').by)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (told.stdout.strip(), told.returncode) == ("sentence", 0), told.stderr


def test_the_polish_set_is_balanced() -> None:
    rows = polish()
    assert len(rows) >= 200
    assert len({row["text"] for row in rows}) == len(rows)
    words = {kind: [len(row["text"].split()) for row in rows if row["polite"] is kind] for kind in (True, False)}
    assert len(words[True]) == len(words[False])
    assert abs(float(np.mean(words[True]) - np.mean(words[False]))) < 1
    topics = [[row["topic"] for row in rows if row["polite"] is kind] for kind in (True, False)]
    assert topics[0] == topics[1]


@pytest.mark.slow
@needs_model
def test_what_ships_is_what_the_script_makes(data: Path) -> None:
    made = trainer().made(data)
    folder = ROOT / "src" / "occasion" / "coach" / "data"
    for name, held in made.items():
        assert (folder / name).read_bytes() == held, name


@pytest.mark.slow
@needs_model
@pytest.mark.parametrize(("language", "least"), [("es", 0.75), ("ru", 0.78)])
def test_other_languages_without_training_on_them(language: str, least: float, data: Path) -> None:
    """Russian .81; Spanish .77, short of the .80 that was asked for (docs/coach.md says why)."""
    texts, polite = trainer().requests(data / f"tydip_{language}_test.csv")
    share, low, high = interval(right_by_sentence(texts, polite, language))
    assert share >= least, f"{language}: {share:.3f} [{low:.3f}, {high:.3f}]"


@pytest.mark.slow
@needs_model
def test_polish_requests() -> None:
    rows = polish()
    right = right_by_sentence([row["text"] for row in rows], [int(row["polite"]) for row in rows], "pl")
    share, low, high = interval(right)
    assert share >= 0.80, f"pl: {share:.3f} [{low:.3f}, {high:.3f}]"


@pytest.mark.slow
@needs_model
def test_wikipedia_top_against_bottom_quartile(data: Path) -> None:
    """Five folds, both models trained on four of them, the mean of their logits; settings are those of TyDiP."""
    from sklearn.model_selection import StratifiedKFold

    train = trainer()
    with gzip.open(data / "politeness_wiki.csv.gz", "rt", encoding="utf-8") as held:
        rows = list(csv.DictReader(held))
    order = np.argsort([float(row["normalized_score"]) for row in rows], kind="stable")
    quarter = len(rows) // 4
    texts = [rows[place]["request"] for place in (*order[:quarter], *order[-quarter:])]
    polite = np.repeat([0, 1], quarter)
    seen, used = vectors(texts), np.array([strategies(text, "en") for text in texts])
    right = np.zeros(len(texts), dtype=bool)
    for fit, test in StratifiedKFold(5, shuffle=True, random_state=0).split(seen, polite):
        base = train.fit_base([texts[place] for place in fit], polite[fit])
        sentence = train.fit_sentence(seen[fit], used[fit], polite[fit], {"en": np.zeros(seen.shape[1])})
        for place in test:
            logit = base.logit(texts[place], used[place]) + sentence.logit(seen[place], used[place], "en")
            right[place] = (logit > 0) == (polite[place] == 1)
    share, low, high = interval(right)
    assert share >= 0.87, f"{share:.4f} [{low:.4f}, {high:.4f}]"
