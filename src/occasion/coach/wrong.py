"""What a text says of somebody that their file contradicts: another child, the other flat, what they will not have.

A claim that the file neither supports nor contradicts is not wrong. English only (see languages).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from occasion.coach.cues import words_of as words_listed
from occasion.coach.facts import Fact, Facts, is_field
from occasion.coach.firm import firm_spans
from occasion.coach.lines import FAMILY, lines_of
from occasion.coach.own import all_words
from occasion.coach.pieces import Pieces
from occasion.coach.reading import Known
from occasion.coach.related import nearness
from occasion.coach.said import SLOTS, Row, Sentence, say, slug
from occasion.coach.tongues import ENGLISH
from occasion.coach.wording import Word, fold, stem, words_of

RECENT_US = 60 * 86_400_000_000
CLOSE = 0.6  # nearness from which a word of the text is one of what they will not have
_YOURS = re.compile(r"(?i)\b(?:your|the|this|that|little|two|three|twin|new)\b(?:\s+[\w'’-]+){0,2}\s*$")
_OF_YOURS = re.compile(r"(?i)^\s+of\s+yours\b")
_ALONE = re.compile(
    r"(?i)\b(?:lives? alone|single|no (?:wife|husband|partner|children|kids|family)|divorced|widow(?:er|ed)?|"
    r"childless)\b"
)
_REFUSES = re.compile(
    r"(?i)\b(?:no(?! (?:longer|idea|more than|further))|never|without|"
    r"(?:does not|doesn't|do not|don't|cannot|can't|must not|will not|won't)"
    r"(?: (?:want|like|eat|drink|have|take|keep|touch|use))?|"
    r"hates?|dislikes?|can't stand|allergic to|avoids?|refuses?|detests?)\s+((?:[\w'-]+\s*){1,3})"
)
_WISHES = re.compile(
    r"(?i)\b(?:love[sd]?|heart (?:set )?on|like[sd]?|enjoy\w*|fond of|favourite|gorgeous|beautiful|wonderful|dream\w*|"
    r"keen on|"
    r"gift|brought you|for you|treat|yours?)\b"
)
_FROM = re.compile(r"(?i)\b(?:from|this is|it is|it's|it’s)\b")
_DENIES = re.compile(r"(?i)\b(?:no|not|never|without|free of|nor|neither|instead of|rather than)\b|n['’]t\b")


@dataclass(frozen=True)
class Wrong:
    """Characters `start` up to `end` of the text, why they are wrong, and what the file has."""

    start: int
    end: int
    why: Sentence
    on_file: Sentence


def wrongs(pieces: Pieces, known: Known, facts: Facts, now_us: int) -> list[Wrong]:
    """Everything in the text that the file contradicts, in the order of the text."""
    text, words = pieces.text, all_words(pieces)
    found = [
        *_name(pieces, known),
        *_slots(text, words, facts, now_us),
        *_alone(text, words, facts),
        *_refused(pieces, words, facts),
        *_places(text, known),
    ]
    return sorted({(one.start, one.end): one for one in found}.values(), key=lambda one: one.start)


def _name(pieces: Pieces, known: Known) -> Iterator[Wrong]:
    """A recipient called by a name that is not theirs; another form of a name (Tom, Thomas) is theirs.

    Who greets is not who is greeted: the firm's name, and whatever follows "from" ("Hello from Nora at North Dental").
    """
    if pieces.greeting is None or not known.party.name or known.party.deceased is not None:
        return
    theirs = [word.folded for word in words_of(known.party.name)]
    greeting = _FROM.split(pieces.greeting.text, maxsplit=1)[0]
    firm = firm_spans(greeting, known.firm)
    called = [
        word
        for word in words_of(greeting, pieces.greeting.start)[1:]
        if word.capital
        and word.folded not in words_listed("anybody", ENGLISH)
        and not any(start <= word.start - pieces.greeting.start < end for start, end in firm)
    ]
    if called and not any(_may_be(word.folded, name) for word in called for name in theirs):
        first, last = called[0], called[-1]
        yield Wrong(first.start, last.end, say("wrong.name"), say("wrong.their_name", name=known.party.name))


def _may_be(called: str, name: str) -> bool:
    return called[:2] == name[:2] or called in name or name in called


@cache
def _values() -> tuple[tuple[str, Sentence, tuple[frozenset[str], ...]], ...]:
    """The slots: name, what is said, and the stems of each value."""
    found: list[tuple[str, Sentence, list[frozenset[str]]]] = []
    for line in lines_of("slots", ENGLISH):
        if head := FAMILY.fullmatch(line):
            found.append((head[1], say(f"{SLOTS}.{slug(head[1])}"), []))
        else:
            found[-1][2].append(frozenset(stem(fold(word)) for word in line.split()))
    return tuple((name, said, tuple(values)) for name, said, values in found)


def _slots(text: str, words: Sequence[Word], facts: Facts, now_us: int) -> Iterator[Wrong]:
    for name, what, values in _values():
        held = [fact for fact in facts.facts if _may_hold(name, fact, now_us)]
        on_file = [(value, fact) for fact in held for value in values if value & fact.stems]
        if not on_file:
            continue
        everywhere = {one for fact in facts.facts for one in fact.stems}
        for word in words:
            value = next((one for one in values if word.stem in one), None)
            if value is None or value & everywhere or (name != "work done" and not _is_theirs(text, word)):
                continue
            yield Wrong(word.start, word.end, say("speaks_of", fact=what), on_file[0][1].said)


def _may_hold(slot: str, fact: Fact, now_us: int) -> bool:
    """Whether a fact may fill a slot: of work the latest that was done, of the rest what is remembered."""
    if slot == "work done":
        return fact.kind == "happened" and now_us - fact.at_us <= RECENT_US and "repair" in fact.text
    return fact.kind == "detail"


def _is_theirs(text: str, word: Word, offset: int = 0) -> bool:
    """Whether the text, which begins at `offset`, gives it to the recipient: your son, that tabby of yours."""
    start, end = word.start - offset, word.end - offset
    return bool(_YOURS.search(text[max(start - 40, 0) : start]) or _OF_YOURS.match(text[end:]))


def _alone(text: str, words: Sequence[Word], facts: Facts) -> Iterator[Wrong]:
    """A family for somebody who has none."""
    alone = next((fact for fact in facts.facts if fact.kind == "detail" and _ALONE.search(fact.text)), None)
    if alone is None:
        return
    everywhere = {one for fact in facts.facts for one in fact.stems}
    for word in words:
        family = {"wife", "husband", "partner", "spouse"} | (
            {"twin", "child", "son", "daughter"} if "alone" in alone.text else set()
        )
        if word.stem in {stem(one) for one in family} - everywhere and _is_theirs(text, word):
            yield Wrong(word.start, word.end, say("wrong.family"), alone.said)


def _refused(pieces: Pieces, words: Sequence[Word], facts: Facts) -> Iterator[Wrong]:
    """Something they will not have, offered or given to them as theirs."""
    for fact in facts.facts:
        if fact.kind != "detail":
            continue
        for refused in _REFUSES.finditer(fact.text):
            named = [word for word in words_of(refused[1]) if word.says][:2]
            if not named:
                continue
            near = nearness(words, named)
            for word, row in zip(words, near, strict=True):
                if (word.stem in {one.stem for one in named} or row.max() >= CLOSE) and _is_wished(pieces, word):
                    yield Wrong(word.start, word.end, say("wrong.refused"), fact.said)


def _is_wished(pieces: Pieces, word: Word) -> bool:
    sentence = next((one for one in pieces.sentences if one.start <= word.start < one.end), None)
    if sentence is None:
        return False
    before = sentence.text[: word.start - sentence.start]
    wished = _WISHES.search(sentence.text) is not None or _is_theirs(sentence.text, word, sentence.start)
    return wished and _DENIES.search(before) is None


def _places(text: str, known: Known) -> Iterator[Wrong]:
    """The number of another house or flat in the street that is theirs."""
    theirs = [str(value) for event in known.events for key, value in event.properties.items() if is_field(key)]
    theirs += list(known.traits.values())
    streets: dict[str, set[str]] = {}
    for value in theirs:
        if match := re.fullmatch(r"((?:[A-Z][\w'’.-]*\s)+)(\d+[a-z]?)", value.strip()):
            streets.setdefault(match[1].strip(), set()).add(match[2])
    for street, numbers in streets.items():
        for match in re.finditer(rf"\b{re.escape(street)}\s+(\d+[a-z]?)\b", text):
            if match[1] not in numbers:
                first, *more = sorted(numbers)  # street and number are one text, by which a mask knows them
                theirs_is = say("wrong.their_address", addresses=Row((f"{street} {first}", *more)))
                yield Wrong(*match.span(), say("wrong.address"), theirs_is)
