"""Two-way: can they answer, and will somebody read it? By docs/rubric.md.

A question mark and an office's name are read in every language; whether a question is one that everybody is asked,
invitations and shut doors only where there are cues for the language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from occasion.coach.cues import Found, named, turns_in
from occasion.coach.languages import not_judged, why_not
from occasion.coach.pieces import Piece, pieces_of
from occasion.coach.reading import Draft, Known, Level, Part, Span
from occasion.coach.said import Sentence, begun, say
from occasion.coach.senders import Sender, sender_of

NUMBER = re.compile(
    r"(?<!\w)(?:\+?\d[\d ()/-]{5,}\d|(?:extension|ext\.?|number|line|call|ring|phone) \d{2,})(?!\w)", re.IGNORECASE
)
_MARK = re.compile(r"[?？؟]")
_STOCK = re.compile(r"\b(?:questions?|queries|concerns|feedback|comments|pytania|pytań|uwagi)\b", re.IGNORECASE)
READ_AT_MOST = 20_000  # characters of a draft
SCORES = {"good": 1.0, "mixed": 0.5, "poor": 0.0}


@dataclass(frozen=True)
class Doors:
    """What a text says about answering, with places: real and set questions, invitations, shut doors."""

    real: tuple[Piece, ...]
    set_ones: tuple[Found, ...]
    invites: tuple[Found, ...]
    office: tuple[Found, ...]
    shut: tuple[Found, ...]
    form: tuple[Found, ...]
    no_need: tuple[Found, ...]


def read_two_way(draft: Draft, known: Known, language: str | None) -> Part:
    """Whether they are asked or invited, can answer, and a person reads it; `unjudged` says what is not known of the
    language. A text without question in such a language is unknown."""
    draft = replace(draft, text=draft.text[:READ_AT_MOST])
    doors = doors_of(draft.text, language)
    sender, where = sender_of(draft.text, draft.by, known.names, known.firm)
    level, why, changes = _judge(doors, sender, draft)
    why_none = not_judged("invitations", language)
    missing = tuple(said for said in (why_not("invitations", language),) if said)
    facts = {
        "sender": sender, "questions": len(doors.real), "set questions": len(doors.set_ones),
        "invitations": len(doors.invites), "number": NUMBER.search(draft.text) is not None,
    }  # fmt: skip
    if why_none and level != "poor" and not doors.real:
        said = say("two_way.no_question", said=why_none)
        unjudged = say("of_check", check=say("check.two_way"), said=said)
        return Part("two-way", None, "unknown", begun(said), unjudged=(unjudged,), facts=facts)
    spans = [*_spans(doors), *([Span(where.start, where.end, say(_WHO[sender]))] if where else [])]
    return Part("two-way", SCORES[level], level, begun(why), tuple(spans), changes, missing, facts)


_WHO: dict[Sender, str] = {"person": "two_way.person_signs", "office": "two_way.office_signs", "nobody": ""}


def doors_of(text: str, language: str | None) -> Doors:
    """What the text says about answering."""
    found = turns_in(text, "two_way", language or "")
    set_ones = named(found, "set question")
    questions = [one for one in pieces_of(text).sentences if _MARK.search(one.text)]
    real = tuple(one for one in questions if not _is_set(one, set_ones))
    asked = tuple(one for one in set_ones if any(_over(one, sentence) for sentence in questions) or not questions)
    stock = [one for one in set_ones if _STOCK.search(one.words)]
    bound = [one for one in pieces_of(text).sentences if any(_over(set_one, one) for set_one in stock)]
    open_ones = [one for one in named(found, "invitation") if not any(_over(one, sentence) for sentence in bound)]
    return Doors(
        real, asked, tuple(open_ones), named(found, "office"), named(found, "no reply", "closing"),
        named(found, "form"), named(found, "no need"),
    )  # fmt: skip


def _is_set(question: Piece, set_ones: Sequence[Found]) -> bool:
    return any(_over(one, question) for one in set_ones)


def _over(found: Found, sentence: Piece) -> bool:
    return found.start < sentence.end and found.end > sentence.start


def _judge(doors: Doors, sender: Sender, draft: Draft) -> tuple[Level, Sentence, tuple[Sentence, ...]]:
    if doors.shut:
        words = doors.shut[0].words
        return "poor", say("two_way.shut", words=words), (say("two_way.nobody_reads", words=words),)
    number = NUMBER.search(draft.text) is not None
    if sender != "person":
        return _from_an_office(doors, number)
    return _from_a_person(doors)


def _from_an_office(doors: Doors, number: bool) -> tuple[Level, Sentence, tuple[Sentence, ...]]:
    nobody = say("two_way.no_name")
    if doors.office or number or (doors.real and not doors.form):
        return "mixed", say("two_way.to_an_office"), (nobody,)
    if doors.form:
        return "poor", say("two_way.nobody_form"), (nobody,)
    return "poor", say("two_way.nobody"), (nobody,)


def _from_a_person(doors: Doors) -> tuple[Level, Sentence, tuple[Sentence, ...]]:
    nothing = say("two_way.asks_nothing")
    if doors.no_need and not doors.real:
        return "mixed", say("two_way.no_weight"), ()
    if doors.real:
        return "good", say("two_way.asks"), ()
    if doors.invites:
        return "good", say("two_way.person_invites"), ()
    if doors.form:
        return "poor", say("two_way.only_form"), (say("two_way.to_no_person"),)
    if doors.set_ones:
        return "mixed", say("two_way.asks_everybody"), (say("two_way.everybody", words=doors.set_ones[0].words),)
    if doors.office:
        return "mixed", say("two_way.invites_to_office"), (say("two_way.names_no_person", words=doors.office[0].words),)
    return "mixed", say("two_way.only_signs"), (nothing,)


def _spans(doors: Doors) -> list[Span]:
    spans = [Span(one.start, one.end, say("two_way.asks_them")) for one in doors.real]
    return spans + [one.span() for one in (*doors.shut, *doors.form, *doors.set_ones, *doors.invites, *doors.office)]
