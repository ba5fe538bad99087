"""Which language a message is in, and which of the coach's checks hold for it.

A check that does not hold for a language says so and is not scored: `why_not` gives the sentence for `unjudged`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from occasion.coach.said import Row, Sentence, Tongue, say, slug
from occasion.coach.tongues import ENGLISH, LANGUAGES

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

Check = Literal[
    "words others got", "details", "wrong details", "politeness", "tone", "pressure", "jargon", "questions",
    "invitations", "matters", "length", "capitals",
]  # fmt: skip
FEWEST_LETTERS = 12
FEWEST_SIGNS = 4  # of scripts that write a word or a syllable with one sign
ENOUGH_LETTERS = 2_000  # of a text tell its language
SUREST = 0.75  # of the identifier's own probability
# What is not listed holds for every language. "politeness" is by the multilingual model beside English, and only where
# a figure was measured (docs/coach.md).
_HOLDS: Mapping[Check, frozenset[str]] = MappingProxyType(
    {
        "wrong details": frozenset({ENGLISH}),
        "politeness": frozenset({ENGLISH, "es", "pl", "ru"}),
        "tone": frozenset({ENGLISH}),
        "pressure": frozenset({ENGLISH, "pl"}),
        "jargon": frozenset({ENGLISH}),
        "invitations": frozenset({ENGLISH, "pl"}),
        "matters": frozenset({ENGLISH}),
    }
)
# How a message begins in a language. Where the identifier finds that language too, unsurely as half of the words are
# names, the two together are sure enough.
_HELLO: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        language: re.compile(rf"\W*(?:{hello})\b", re.IGNORECASE)
        for language, hello in {
            "de": r"liebe[rs]?|sehr geehrte[rs]?|guten (?:tag|morgen|abend)|hallo",
            "en": r"dear|hi|hello|hey|good (?:morning|afternoon|evening)|thanks?|thank you",
            "es": r"hola|estimad[oa]s?|querid[oa]s?|buen[oa]s (?:días|tardes)",
            "fr": r"bonjour|bonsoir|ch[eè]re?s?|salut",
            "pl": r"szanown\w+|drog\w+|dzień dobry|cześć|pani[e]?|witam",
            "ru": r"здравствуйте|добрый день|уважаем\w+|привет",
        }.items()
    }
)
_NO_LANGUAGE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[\d_]+")
_SIGNS = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def language_of(text: str) -> str | None:
    """The language of a text, ISO 639-1, one of `LANGUAGES`; None where it is too short or cannot be told surely.

    Addresses, links and numbers are left out of account.

    >>> language_of("Hi Anna, is Zosia well? Nora"), language_of("Hm Anna, Zosia well? Nora")
    ('en', None)
    """
    plain = " ".join(_NO_LANGUAGE.sub(" ", text[:ENOUGH_LETTERS]).split())
    if sum(map(str.isalpha, plain)) < FEWEST_LETTERS and len(_SIGNS.findall(plain)) < FEWEST_SIGNS:
        return None
    language, surely = _identifier().classify(plain)
    greets = language in _HELLO and _HELLO[language].match(plain) is not None
    return str(language) if surely >= SUREST or greets else None


def why_not(check: Check, language: str | None) -> Sentence | None:
    """Why a check does not hold for a language, as a sentence for `unjudged`; None where it holds.

    A check bound to languages does not hold where the language is not known.

    >>> why_not("pressure", "en"), why_not("questions", "fi")
    (None, None)
    >>> why_not("tone", "pl")
    'tone: not judged in Polish; it is judged in English'
    """
    said = not_judged(check, language)
    return None if said is None else say("of_check", check=say(f"check.{slug(check)}"), said=said)


def not_judged(check: Check, language: str | None) -> Sentence | None:
    """The same without the name of the check."""
    holds = _HOLDS.get(check)
    if holds is None or language in holds:
        return None
    judged = Row(tuple(Tongue(one) for one in sorted(holds, key=lambda one: (one != ENGLISH, one))))
    if language is None:
        return say("not_told", languages=judged)
    return say("not_judged", language=Tongue(language), languages=judged)


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # 30 MB, a third of a second

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier
