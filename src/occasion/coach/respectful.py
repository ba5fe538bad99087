"""Respectful: would I like to be spoken to like this? By docs/rubric.md.

One grave remark makes it poor, a slight one mixed, three slight ones poor. Hour, channel, number, length, capitals and
details hold in every language; the rest where there are cues or a model for it, and says so where not. Where money is
asked of somebody who mourns, the level is poor by the rubric and there is no score: that is for a person to weigh, with
the fact on file and the golden rule as a question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from occasion.coach.grief import of_grief, of_the_dead
from occasion.coach.languages import ENGLISH, why_not
from occasion.coach.manners import (
    messages_since,
    of_the_channel,
    of_the_hour,
    of_the_length,
    of_the_number,
    their_words,
)
from occasion.coach.mentioned import mentioned
from occasion.coach.pressure import blaming, pressing, shouting
from occasion.coach.reading import Draft, Known, Level, Part, Span
from occasion.coach.remarks import Remark, of_found
from occasion.coach.tone import of_the_tone
from occasion.people.details import Detail

LATELY_DAYS = 60
DAY_US = 86_400_000_000
SLIGHT_THAT_MAKE_POOR = 3
UNSCORED = "money in grief"


def read_respectful(draft: Draft, known: Known, language: str | None) -> Part:
    """Hour, channel, number of messages, details that are not to be named, pressure, blame, shouting, grief, tone and
    length, with places and reasons. `facts` has the kinds of remarks and the figures behind them."""
    missing = tuple(
        said for check in ("politeness", "pressure", "tone", "jargon") if (said := why_not(check, language))
    )
    remarks = [*_everywhere(draft, known, language), *(_in_english(draft, known) if language == ENGLISH else ())]
    grave = [one for one in remarks if one.gravity == "grave"]
    facts: dict[str, object] = {
        "remarks": [one.code for one in remarks], "messages in 7 days": messages_since(draft, known),
        "their words": their_words(known),
    }  # fmt: skip
    spans = tuple(span for one in remarks for span in one.spans)
    changes = tuple(dict.fromkeys(one.change for one in (*grave, *remarks)))
    level = _level(remarks)
    if level == "good" and missing:
        why = "nothing is wrong with hour, channel, details or length; the words are not judged in this language"
        return Part("respectful", None, "unknown", why, spans, changes, missing, facts)
    return Part("respectful", _score(level, remarks), level, _why(level, remarks), spans, changes, missing, facts)


def _everywhere(draft: Draft, known: Known, language: str | None) -> Iterator[Remark]:
    yield from of_the_dead(draft, known)
    yield from of_the_hour(draft, known)
    yield from of_the_channel(draft, known)
    yield from of_the_number(draft, known)
    yield from _of_details(draft, known, language)
    own = [known.party.name, *known.names, *known.traits.values()]
    yield from of_found(
        "shouting", "grave", shouting(draft.text, own, language), "it shouts: “{words}”", "“{words}” shouts"
    )
    yield from of_the_length(draft, known)


def _in_english(draft: Draft, known: Known) -> Iterator[Remark]:
    press = pressing(draft.text)
    yield from of_found("pressure", "grave", press, "it presses: “{words}”", "“{words}” presses them")
    yield from of_found(
        "blame", "grave", blaming(draft.text), "it blames, doubts or lectures: “{words}”", "“{words}” puts it on them"
    )
    yield from of_grief(draft, known)
    yield from of_the_tone(draft, known, None)


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
        words = ", ".join(f"“{one}”" for one in mention.words)
        why = f"it names what {reason}: {words}"
        spans = tuple(Span(start, end, f"names what {reason}") for start, end in mention.spans)
        yield Remark("detail", "grave", why, f"“{mention.detail.text}” {reason}", spans)


def _kept_back(detail: Detail) -> str | None:
    if detail.unmentioned:
        return "is not to be mentioned"
    if detail.use == "inside":
        return "is for inside only"
    return "is sensitive and they have not brought up lately" if detail.sensitive else None


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


def _score(level: Level, remarks: Sequence[Remark]) -> float | None:
    if any(one.code == UNSCORED for one in remarks):
        return None
    if level == "good":
        return 1.0
    return 0.6 - 0.1 * len(remarks) if level == "mixed" else max(0.0, 0.3 - 0.1 * len(remarks))


def _why(level: Level, remarks: Sequence[Remark]) -> str:
    if not remarks:
        return "nothing in it that they would not like to be spoken to"
    first = [one.why for one in remarks if one.gravity == "grave"] or [one.why for one in remarks]
    more = len(remarks) - 1
    return first[0] + (f" (and {more} more)" if more else "") if level != "good" else first[0]
