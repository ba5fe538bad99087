"""What the coach says, as structure: a key, the values in it, and the English that the two make.

A `Sentence` is the English text, and holds the key of the catalogue and the values by which a page says the same in the
reader's language, with days as they write them. Sentences stand in sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from occasion.coach.days import said_day
from occasion.coach.lines import families
from occasion.coach.sentences import ENGLISH
from occasion.coach.tongues import name_of

CUES = (
    "about",
    "aims",
    "asks",
    "jargon",
    "matters",
    "pressure",
    "stock",
    "strategies",
    "tone",
    "two_way",
)  # data files
SLOTS = "slots"


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it is said on another: with its year where that is not the same."""

    on: date
    today: date


@dataclass(frozen=True, slots=True)
class Dated:
    """A date that may lack its year or day, as it is on file: 2026-05-12, --02-29, 2026-05."""

    text: str


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language by its code."""

    code: str


@dataclass(frozen=True, slots=True)
class Row:
    """Things one after the other with commas between them, where a tuple ends in "and"."""

    of: tuple[Value, ...]


class Sentence(str):
    """A sentence of the coach: itself in English, its key in the catalogue, and the values in it.

    `values`: texts as they stand on file or in the draft, numbers, days, languages, other sentences; a tuple is a list
    that ends in "and", `n` the number that decides the plural. `capital`: it stands at the beginning of a line.
    """

    __slots__ = ("capital", "key", "values")
    key: str
    values: Mapping[str, Value]
    capital: bool

    def __new__(cls, key: str, values: Mapping[str, Value], *, capital: bool = False) -> Sentence:
        """The sentence of that key. KeyError for a key that is not in `english()`."""
        texts, n = english(), values.get("n")
        form = key if key in texts else f"{key}.{'one' if n == 1 else 'other'}"
        text = texts[form].format_map({name: _in_english(value) for name, value in values.items()})
        made = super().__new__(cls, text[:1].upper() + text[1:] if capital else text)
        made.key, made.values, made.capital = key, values, capital
        return made

    def __reduce__(self) -> tuple[Callable[..., Sentence], tuple[object, ...]]:
        return _again, (self.key, dict(self.values), self.capital)

    def with_texts(self, change: Callable[[str], str]) -> Sentence:
        """The same sentence with every text in it changed."""
        return Sentence(
            self.key, {name: _changed(one, change) for name, one in self.values.items()}, capital=self.capital
        )


Value = str | int | float | Day | Dated | Tongue | Row | Sentence | tuple["Value", ...]


def _again(key: str, values: Mapping[str, Value], capital: bool) -> Sentence:
    return Sentence(key, values, capital=capital)


def say(key: str, /, **values: Value) -> Sentence:
    """The sentence of that key with these values.

    >>> say("relevant.answers", day=Day(date(2026, 3, 2), date(2026, 3, 4)))
    'It answers what they wrote on 2 March'
    """
    return Sentence(key, values)


def begun(sentence: Sentence) -> Sentence:
    """A sentence at the beginning of a line.

    >>> begun(say("presses", words="now"))
    'It presses: “now”'
    """
    return Sentence(sentence.key, sentence.values, capital=True)


def _in_english(value: Value) -> str:
    match value:
        case Day():
            return said_day(value.on, value.today)
        case Dated():
            return value.text
        case Tongue():
            return name_of(value.code)
        case Row():
            return ", ".join(map(_in_english, value.of))
        case tuple():
            *first, last = map(_in_english, value)
            return f"{', '.join(first)} and {last}" if first else last
        case float():
            return f"{value:.2f}"
    return str(value)


def _changed(value: Value, change: Callable[[str], str]) -> Value:
    match value:
        case Sentence():
            return value.with_texts(change)
        case str():
            return change(value)
        case Row():
            return Row(tuple(_changed(one, change) for one in value.of))
        case tuple():
            return tuple(_changed(one, change) for one in value)
    return value


@cache
def english() -> Mapping[str, str]:
    """Everything the coach can say, by key: its own sentences, and the reasons of its cues and slots."""
    cues = {f"cue.{name}.{slug(family)}": why for name in CUES for family, why in families(name).items()}
    slots = {f"{SLOTS}.{slug(slot)}": what for slot, what in families(SLOTS).items()}
    return {**ENGLISH, **cues, **slots}


def slug(name: str) -> str:
    """The name of a family of cues as a part of a key.

    >>> slug("set question")
    'set_question'
    """
    return name.replace(" ", "_")


def plain(value: Value) -> object:
    """A value for JSON: a sentence as its key and values, a day as its ISO date, a language as its code.

    >>> plain(say("relevant.answers", day=Day(date(2026, 3, 2), date(2026, 3, 4))))
    {'key': 'relevant.answers', 'values': {'day': '2026-03-02'}}
    """
    match value:
        case Sentence():
            return {"key": value.key, "values": {name: plain(one) for name, one in value.values.items()}}
        case Day():
            return value.on.isoformat()
        case Dated():
            return value.text
        case Tongue():
            return value.code
        case Row():
            return [plain(one) for one in value.of]
        case tuple():
            return [plain(one) for one in value]
    return value


def as_text(value: object) -> object:
    """For encoders that know plain texts only: a sentence as its English. TypeError for anything else."""
    if isinstance(value, Sentence):
        return str(value)
    raise TypeError(f"{type(value).__name__} is nothing that is said")


def all_of(sentence: Sentence) -> Iterator[Sentence]:
    """The sentence and all within it."""
    yield sentence
    for value in sentence.values.values():
        for one in value.of if isinstance(value, Row) else value if isinstance(value, tuple) else (value,):
            if isinstance(one, Sentence):
                yield from all_of(one)
