"""The language of a message, and what holds for it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from occasion.coach.languages import LANGUAGES, language_of, why_not


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Hi Paula, soup is fine tonight, just not hot. Does it still bleed at all? Text me back."),
        ("pl", "Dzień dobry, czy mogłaby Pani przesunąć wizytę na czwartek? Z góry dziękuję."),
        ("pl", "Jak sie Pan czuje po wczorajszej wizycie? Prosze dac znac"),  # typed without its own letters
        ("es", "¿Podría decirme si el jueves le viene bien? Muchas gracias."),
        ("ru", "Не могли бы вы прислать мне счёт ещё раз?"),
        ("de", "Könnten Sie mir bitte sagen, ob der Donnerstag passt?"),
        ("fr", "Pourriez-vous me dire si jeudi vous convient ?"),
        ("ja", "木曜日でよろしいでしょうか。"),
        ("uk", "Чи могли б ви надіслати мені рахунок ще раз?"),
    ],
)
def test_a_message_is_told_by_its_words(language: str, text: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["", "ok", "????????", "12:40", "https://example.org/a/b/c/d/e/f", "Hmm.", "Ana Gil"])
def test_what_is_too_short_or_no_language_is_not_guessed(text: str) -> None:
    assert language_of(text) is None


@pytest.mark.parametrize(("language", "file"), [("es", "tydip_es_test"), ("ru", "tydip_ru_test")])
def test_real_requests_are_told(language: str, file: str, data: Path) -> None:
    with (data / f"{file}.csv").open(encoding="utf-8") as rows:
        told = [language_of(row["sentence"]) for row in csv.DictReader(rows)]
    sure = [one for one in told if one is not None]
    assert len(sure) / len(told) > 0.97
    assert sum(one == language for one in sure) / len(sure) > 0.99


def test_a_check_that_does_not_hold_says_for_which_languages_it_does() -> None:
    assert why_not("politeness", "pl") is None
    assert why_not("politeness", "fi") == (
        "politeness: not judged in Finnish; it is judged in English, Spanish, Polish, Russian"
    )
    said = why_not("jargon", None)
    assert said is not None
    assert "the language could not be told" in said
    assert all(why_not("questions", language) is None for language in LANGUAGES)
