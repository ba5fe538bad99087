"""Two-way: can they answer, and will somebody read it? By docs/rubric.md.

A question mark and an office's name are read in every language; whether a question is one that everybody is asked,
invitations and shut doors only where there are cues for the language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from occasion.coach.cues import Found, named, turns_in
from occasion.coach.languages import why_not
from occasion.coach.pieces import Piece, pieces_of
from occasion.coach.reading import Draft, Known, Level, Part, Span, begun
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
    missing = tuple(said for said in (why_not("invitations", language),) if said)
    facts = {
        "sender": sender, "questions": len(doors.real), "set questions": len(doors.set_ones),
        "invitations": len(doors.invites), "number": NUMBER.search(draft.text) is not None,
    }  # fmt: skip
    if missing and level != "poor" and not doors.real:
        said = f"there is no question in it, and whether it invites an answer is {missing[0].partition(': ')[2]}"
        return Part("two-way", None, "unknown", begun(said), unjudged=(f"two-way: {said}",), facts=facts)
    spans = [*_spans(doors), *([Span(where.start, where.end, _WHO[sender])] if where else [])]
    return Part("two-way", SCORES[level], level, begun(why), tuple(spans), changes, missing, facts)


_WHO: dict[Sender, str] = {"person": "a person signs", "office": "an office signs, nobody by name", "nobody": ""}


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


def _judge(doors: Doors, sender: Sender, draft: Draft) -> tuple[Level, str, tuple[str, ...]]:
    if doors.shut:
        words = doors.shut[0].words
        return "poor", f"the door is shut: “{words}”", (f"“{words}” tells them that nobody reads an answer",)
    number = NUMBER.search(draft.text) is not None
    if sender != "person":
        return _from_an_office(doors, number)
    return _from_a_person(doors)


def _from_an_office(doors: Doors, number: bool) -> tuple[Level, str, tuple[str, ...]]:
    nobody = "no person's name stands under it"
    if doors.office or number or (doors.real and not doors.form):
        return "mixed", "it can be answered, but to an office in general, no person", (nobody,)
    if doors.form:
        return "poor", "nobody in particular writes, and they can only answer by a form or a link", (nobody,)
    return "poor", "nobody in particular writes, and nobody is named who would read an answer", (nobody,)


def _from_a_person(doors: Doors) -> tuple[Level, str, tuple[str, ...]]:
    nothing = "it asks nothing that only they can answer and invites no answer"
    if doors.no_need and not doors.real:
        return "mixed", "a person writes and takes the weight of an answer off them", ()
    if doors.real:
        return "good", "a person asks what only they can answer, and can be answered", ()
    if doors.invites:
        return "good", "a person invites them to answer", ()
    if doors.form:
        return "poor", "they can only answer by a form or a link", ("answers go to a form or a link, to no person",)
    if doors.set_ones:
        return (
            "mixed",
            "it only asks what everybody is asked",
            (f"“{doors.set_ones[0].words}” is what everybody is asked",),
        )
    if doors.office:
        return "mixed", "the invitation is to an office in general", (f"“{doors.office[0].words}” names no person",)
    return "mixed", "a person signs and can be answered, but it asks and invites nothing", (nothing,)


def _spans(doors: Doors) -> list[Span]:
    spans = [Span(one.start, one.end, "asks what only they can answer") for one in doors.real]
    return spans + [one.span() for one in (*doors.shut, *doors.form, *doors.set_ones, *doors.invites, *doors.office)]
