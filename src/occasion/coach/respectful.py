"""Respectful: would I like to be spoken to like this? By docs/rubric.md.

One grave remark makes it poor, a slight one mixed, three slight ones poor. Hour, channel, number, length, capitals and
details hold in every language; the rest where there are cues or a model for it, and says so where not. Where money is
asked of somebody who mourns, the level is poor by the rubric and there is no score: that is for a person to weigh, with
the fact on file and the golden rule as a question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from occasion.coach.cues import named, turns_in
from occasion.coach.firm import firm_words
from occasion.coach.grief import of_grief, of_the_dead
from occasion.coach.languages import Check, why_not
from occasion.coach.manners import (
    messages_since,
    of_the_channel,
    of_the_hour,
    of_the_length,
    of_the_number,
    their_words,
)
from occasion.coach.mentioned import mentioned
from occasion.coach.pieces import pieces_of
from occasion.coach.politeness import Politeness, politeness, why_no_politeness
from occasion.coach.pressure import BLAMING, PRESSING, blaming, pressing, shouting
from occasion.coach.pressure_model import Pressing, thoroughly
from occasion.coach.reading import Draft, Known, Level, Part, Span
from occasion.coach.remarks import Remark, of_found
from occasion.coach.said import Row, Sentence, begun, say
from occasion.coach.tone import of_the_model, of_the_tone, regret_due
from occasion.coach.tongues import ENGLISH
from occasion.people.details import Detail

LATELY_DAYS = 60
DAY_US = 86_400_000_000
SLIGHT_THAT_MAKE_POOR = 3
UNSCORED = "money in grief"
WARM = ("thanks", "regret", "warm")
READ_AT_MOST = 20_000  # characters of a draft
_BOUND: tuple[Check, ...] = ("pressure", "tone", "jargon")


def read_respectful(draft: Draft, known: Known, language: str | None, *, thorough: bool = False) -> Part:
    """Hour, channel, number of messages, details that are not to be named, pressure, blame, shouting, grief, tone and
    length, with places and reasons. `facts` has the kinds of remarks and the figures behind them. `thorough`: sentences
    are read by the model of pressure too, where it is installed."""
    draft = replace(draft, text=draft.text[:READ_AT_MOST])
    read = politeness(pieces_of(draft.text).body or draft.text, language)
    spoken = [*_everywhere(draft, known, language)]
    spoken += _in_words(draft, language or "", thorough)
    if language == ENGLISH:
        spoken += _in_english(draft, known, read)
    elif read is not None:
        spoken += of_the_model(read.score)
    missing = tuple(_missing(language))
    spans = tuple(span for one in spoken for span in one.spans)
    grave_first = sorted(spoken, key=lambda one: one.gravity != "grave")
    changes = tuple(dict.fromkeys(one.change for one in grave_first))
    level, facts = _level(spoken), _facts(draft, known, spoken, read)
    if level == "good" and missing and read is None:
        why = say("respectful.words_not_judged")
        return Part("respectful", None, "unknown", why, spans, changes, missing, facts)
    if level != "good" and language == ENGLISH and (due := regret_due(draft, known)):
        changes = (*changes, due)
    return Part("respectful", _score(level, spoken, read), level, _why(spoken), spans, changes, missing, facts)


def _missing(language: str | None) -> Iterator[Sentence]:
    """What could not be judged in this language."""
    said = why_no_politeness(language)
    if said is not None:
        yield said
    for check in _BOUND:
        said = why_not(check, language)
        if said is not None:
            yield said


def _facts(draft: Draft, known: Known, remarks: Sequence[Remark], read: Politeness | None) -> dict[str, object]:
    facts: dict[str, object] = {
        "remarks": [one.code for one in remarks],
        "messages in 7 days": messages_since(draft, known),
        "their words": their_words(known),
    }
    if read is not None:
        facts["politeness"], facts["politeness by"] = round(read.score, 3), read.by
        facts["kind"] = list(dict.fromkeys(f"{one.why}: “{one.words}”" for one in read.kind))
        warm = named(turns_in(draft.text, "tone", ENGLISH), *WARM) if read.by != "sentence" else ()
        facts["warm"] = list(dict.fromkeys(f"{one.why}: “{one.words}”" for one in warm))
        facts["unkind"] = list(dict.fromkeys(f"{one.why}: “{one.words}”" for one in read.unkind))
    return facts


def _everywhere(draft: Draft, known: Known, language: str | None) -> Iterator[Remark]:
    yield from of_the_dead(draft, known)
    yield from of_the_hour(draft, known)
    yield from of_the_channel(draft, known)
    yield from of_the_number(draft, known)
    yield from _of_details(draft, known, language)
    own = [known.party.name, *known.names, *known.traits.values(), *firm_words(draft.text, known.firm)]
    yield from of_found("shouting", "grave", shouting(draft.text, own, language), "shouts", "shouts_at_them")
    yield from of_the_length(draft, known)


def _in_words(draft: Draft, language: str, thorough: bool) -> Iterator[Remark]:
    """Pressure and blame, where there are cues for the language; slight where only the model has it, and not surely."""
    found = Pressing((*pressing(draft.text, language), *blaming(draft.text, language)))
    if thorough:
        found = thoroughly(found.surely, pieces_of(draft.text).sentences, language)
    press, blame = named(found.surely, *PRESSING), named(found.surely, *BLAMING)
    yield from of_found("pressure", "grave", press, "presses", "presses_them")
    yield from of_found("blame", "grave", blame, "blames", "blames_them")
    for one in found.perhaps:
        words = " ".join(one.words.split())
        why, change = (say(key, what=one.why, words=words) for key in ("reads.it", "reads.words"))
        yield from of_found("tone of pressure", "slight", [one], why, change)


def _in_english(draft: Draft, known: Known, read: Politeness | None) -> Iterator[Remark]:
    yield from of_grief(draft, known)
    yield from of_the_tone(draft, known, read.score if read else None)


def _of_details(draft: Draft, known: Known, language: str | None) -> Iterator[Remark]:
    """Details that are not to be mentioned, for inside, or sensitive and not brought up by themselves lately."""
    held = [
        one
        for one in known.details
        if one.ended_us is None and (one.unmentioned or one.sensitive or one.use == "inside")
    ]
    skip = (known.party.name, *known.names)
    for mention in mentioned(draft.text, held, skip=skip, language=language or ENGLISH):
        reason = _kept_back(mention.detail)
        if reason is None or (
            _only_sensitive(mention.detail) and _brought_up(mention.detail, draft, known, skip, language)
        ):
            continue
        words = Row(tuple(say("quoted", words=one) for one in mention.words))
        spans = tuple(Span(start, end, say(f"naming.{reason}")) for start, end in mention.spans)
        kept = say(f"kept.{reason}", text=mention.detail.text)
        yield Remark("detail", "grave", say(f"names.{reason}", words=words), kept, spans)


def _kept_back(detail: Detail) -> str | None:
    """Why it must not be named, as the end of a key."""
    if detail.unmentioned:
        return "unmentioned"
    if detail.use == "inside":
        return "inside"
    return "sensitive" if detail.sensitive else None


def _only_sensitive(detail: Detail) -> bool:
    return not detail.unmentioned and detail.use != "inside"


def _brought_up(detail: Detail, draft: Draft, known: Known, skip: Sequence[str], language: str | None) -> bool:
    since = draft.now_us - LATELY_DAYS * DAY_US
    said = [one.body for one in known.events if one.direction == "in" and one.body and one.at >= since]
    return any(mentioned(body, [detail], skip=skip, language=language or ENGLISH, least=0.5) for body in said)


def _level(remarks: Sequence[Remark]) -> Level:
    slight = sum(one.gravity == "slight" for one in remarks)
    if slight < len(remarks) or slight >= SLIGHT_THAT_MAKE_POOR:
        return "poor"
    return "mixed" if slight else "good"


def _score(level: Level, remarks: Sequence[Remark], read: Politeness | None) -> float | None:
    """Good from .75 up, the more polite the higher; mixed about a half; poor .2 and less by how much is wrong."""
    if any(one.code == UNSCORED for one in remarks):
        return None
    if level == "good":
        return round(0.75 + 0.25 * read.score, 3) if read else 1.0
    return round(max(0.0, (0.6 if level == "mixed" else 0.3) - 0.1 * len(remarks)), 3)


def _why(remarks: Sequence[Remark]) -> Sentence:
    if not remarks:
        return say("respectful.nothing")
    first = [one.why for one in remarks if one.gravity == "grave"] or [one.why for one in remarks]
    more = len(remarks) - 1
    return say("respectful.more", said=begun(first[0]), n=more) if more else begun(first[0])
