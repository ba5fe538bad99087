"""What is on file about somebody, as facts whose words a text may mean: details, what was written, what happened.

Fields are no facts: a name, an address, an amount, a plan are what a template puts in by itself. They are known here
only so that they can be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from occasion.coach.cues import words_of as words_listed
from occasion.coach.reading import Known
from occasion.coach.said import Dated, Sentence, say
from occasion.coach.tongues import ENGLISH
from occasion.coach.wording import Word, saying, words_of
from occasion.events.event import Event

FactKind = Literal["detail", "wrote", "told", "promise", "happened"]
NEWEST = 60  # events read of a party
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, eq=False)
class Fact:
    """One thing on file. `words`: those that say something; `source`: its event, detail or promise, by number or id."""

    kind: FactKind
    text: str
    words: tuple[Word, ...]
    at_us: int
    source: str
    noted: str = ""  # of a detail: where it is from
    date: str | None = None

    @property
    def common(self) -> bool:
        """Whether things of this kind happen to many: then it tells less about whom a text is for."""
        return self.kind == "happened"

    @property
    def said(self) -> Sentence:
        """How it is named to a colleague."""
        if self.kind == "detail" and self.date:
            return say("fact.dated", text=self.text, date=Dated(self.date), source=self.noted)
        if self.kind == "detail":
            return named_detail(self.text, self.noted)
        return say(f"fact.{self.kind}", text=shortened(self.text) if self.kind in ("wrote", "told") else self.text)

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of all its words, also of those that say nothing."""
        plain = self.text.lower().replace("washing machine", "washing-machine")
        return frozenset(word.stem for word in words_of(plain))


@dataclass(frozen=True, eq=False)
class Facts:
    """All facts of a party, newest first within their kind, and the stems of its fields' values."""

    party: str
    facts: tuple[Fact, ...]
    fields: frozenset[str]
    firm: tuple[str, ...] = ()


def facts_of(known: Known) -> Facts:
    """The facts of a party; kept in memory for as long as nothing about it changes."""
    return _of_this(_This(known))


@dataclass(frozen=True, eq=False)
class _This:
    """What is known of a party as this very object: the hundred others are the same from one draft to the next."""

    known: Known

    def __hash__(self) -> int:
        return id(self.known)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _This) and self.known is other.known


@lru_cache(maxsize=512)
def _of_this(this: _This) -> Facts:
    known = this.known
    newest = known.events[:NEWEST]
    key = (
        known.party.party, known.party.name, tuple((one.number, one.text) for one in known.details),
        tuple((one.id, one.name, one.body) for one in newest), tuple(sorted(known.traits.items())), known.names,
        known.firm,
        tuple((one.number, one.text) for one in known.promises),
    )  # fmt: skip
    return _facts(_Key(hash(key), key, known))


@dataclass(frozen=True, eq=False)
class _Key:
    """What facts depend on, with what they are made of beside it."""

    hashed: int
    key: tuple[object, ...]
    known: Known

    def __hash__(self) -> int:
        return self.hashed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.key == other.key


@lru_cache(maxsize=2048)
def _facts(key: _Key) -> Facts:
    known = key.known
    fields = _fields(known)
    return Facts(known.party.party, tuple(_all(known, fields)), fields, known.firm)


def _all(known: Known, fields: frozenset[str]) -> Iterator[Fact]:
    for detail in known.details:
        words = _words(detail.text, fields)
        at_us, source = detail.noted_us, f"detail:{detail.number}"
        yield Fact("detail", detail.text, words, at_us, source, detail.source, detail.on_date)
    for promise in known.promises:
        words = _words(promise.text, fields)
        yield Fact("promise", promise.text, words, promise.made_us, f"promise:{promise.number}")
    for event in known.events[:NEWEST]:
        source = f"event:{event.id}"
        if event.body and not event.mass:
            kind: FactKind = "wrote" if event.direction == "in" else "told"
            yield Fact(kind, event.body, _words(event.body, fields), event.at, source)
        if not event.mass and (said := happened(event)):
            yield Fact("happened", said, _words(said, fields), event.at, source)


def _words(text: str, fields: frozenset[str]) -> tuple[Word, ...]:
    return tuple(word for word in saying(text) if word.stem not in fields)


def named_detail(text: str, source: str) -> Sentence:
    """A detail as it is named to a colleague, with where it is from."""
    return say("fact.detail", text=text, source=source)


def happened(event: Event) -> str:
    """What happened, in words: the event's name and what its properties say, without fields.

    "" for a bare message, which is told by what it says.
    """
    values = [str(value) for key, value in event.properties.items() if isinstance(value, str) and not is_field(key)]
    name = _CAMEL.sub(" ", event.name).replace("_", " ").replace("-", " ")
    return " ".join([name, *values]) if values or not event.body else ""


def is_field(key: str) -> bool:
    """Whether a property or trait of this name is a field that a template fills in.

    >>> is_field("plan"), is_field("invoice_number"), is_field("what")
    (True, True, False)
    """
    return any(
        part in words_listed("fields", ENGLISH) for part in _CAMEL.sub("_", key).lower().replace("-", "_").split("_")
    )


def _fields(known: Known) -> frozenset[str]:
    """The stems of what templates fill in: names, traits, fields of events, colleagues and the firm."""
    values = [
        known.party.name,
        known.party.party.replace("-", " ").replace("_", " "),
        *known.traits.values(),
        *known.names,
    ]
    for event in known.events[:NEWEST]:
        values += [str(value) for key, value in event.properties.items() if is_field(key)]
        values += [event.actor or "", event.counterpart or ""]
    return frozenset(word.stem for value in values for word in words_of(value) if word.says)


def shortened(text: str, most: int = 90) -> str:
    """The beginning of a text, in one line."""
    plain = " ".join(text.split())
    return plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…"


def forget_facts() -> None:
    """Let go of the facts kept in memory."""
    _of_this.cache_clear()
    _facts.cache_clear()
