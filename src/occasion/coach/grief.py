"""The dead and those who mourn: to whom nothing is asked and nothing sold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from occasion.coach.cues import named, turns_in
from occasion.coach.facts import named_detail, shortened
from occasion.coach.pieces import pieces_of
from occasion.coach.reading import Draft, Known, Span
from occasion.coach.remarks import Remark, of_found
from occasion.coach.said import Dated, Sentence, say
from occasion.coach.tongues import ENGLISH
from occasion.people.details import Detail

MOURNING_DAYS = 92  # three months after a death that is on file
DAY_US = 86_400_000_000
_STAGE = re.compile(r"bereav|mourn|grie[fv]|widow|żałob|luto|траур", re.IGNORECASE)
_LONG_AGO = re.compile(r"\b(?:years?|decades?) ago\b|\blong ago\b|\bas a child\b", re.IGNORECASE)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august",
    "september", "october", "november", "december",
)  # fmt: skip
_WHEN = re.compile(rf"(?:\b(\d{{1,2}})(?:st|nd|rd|th)? )?\b({'|'.join(_MONTHS)})(?: (\d{{4}}))?\b", re.IGNORECASE)
_OTHER_DEATH = re.compile(
    r"\b(?:dog|cat|horse|hamster|rabbit|parrot|budgie|plant|battery|phone|laptop|server)\b", re.IGNORECASE
)


def grief(draft: Draft, known: Known) -> Sentence | None:
    """The fact on file by which they mourn at the time of the draft, as a sentence; None where there is none.

    Their stage, a death in a detail dated (or noted) within `MOURNING_DAYS`, or in what they wrote within that time.
    """
    for detail in known.details:
        if _of_death(detail.text) and _lately(detail, draft.now_us):
            return say("on_file", fact=named_detail(detail.text, detail.source))
    since = draft.now_us - MOURNING_DAYS * DAY_US
    for event in known.events:
        if event.direction == "in" and event.body and event.at >= since and _of_death(event.body):
            return say("they_wrote", text=shortened(event.body))
    if known.stage and _STAGE.search(known.stage):
        return say("grief.stage", stage=known.stage)
    return None


def of_grief(draft: Draft, known: Known) -> Iterator[Remark]:
    """Money asked from, or something sold to, somebody who mourns; English."""
    fact = grief(draft, known)
    if fact is None:
        return
    tone = turns_in(draft.text, "tone", ENGLISH)
    money, selling = named(tone, "money"), named(tone, "selling")
    yield from of_found("money in grief", "grave", money, say("grief.money", fact=fact), fact)
    if not money:
        yield from of_found("selling in grief", "grave", selling, say("grief.sells", fact=fact), fact)


def of_the_dead(draft: Draft, known: Known) -> Iterator[Remark]:
    """A message to the dead, unless it is written to the family: then it is judged for them."""
    party = known.party
    if party.deceased is None or _to_the_family(draft.text, party.name):
        return
    greeting = pieces_of(draft.text).greeting
    why = has_died(party.name or party.party, party.deceased)
    spans = (Span(greeting.start, greeting.end, why),) if greeting else ()
    yield Remark("speaks to the dead", "grave", say("dead.as_living", fact=why), why, spans)


def has_died(name: str, date: str) -> Sentence:
    """That somebody has died, and when, if that is known."""
    return say("dead.has_died", name=name) if date == "unknown" else say("dead.died_on", name=name, date=Dated(date))


def _to_the_family(text: str, name: str) -> bool:
    """Whether the greeting names somebody else, or none, and the text speaks of the one who died as such."""
    greeting = pieces_of(text).greeting
    hello = (greeting.text if greeting else "").lower()
    if name and name.partition(" ")[0].lower() in hello.split():
        return False
    said = text[greeting.end :] if greeting else text
    return bool(named(turns_in(said, "tone", ENGLISH), "family"))


def _of_death(text: str) -> bool:
    return bool(named(turns_in(text, "matters", ENGLISH), "death")) and not _OTHER_DEATH.search(text)


def _lately(detail: Detail, now: int) -> bool:
    if _LONG_AGO.search(detail.text):
        return False
    today = _day(now)
    on = _date_of(detail)
    return timedelta(0) <= today - (on or _day(detail.noted_us)) <= timedelta(days=MOURNING_DAYS)


def _date_of(detail: Detail) -> date | None:
    """The day of the detail: its own, else one its text names, of the year it was noted in where it names none."""
    if detail.on_date:
        parts = [int(one) for one in re.findall(r"\d+", detail.on_date)]
        if len(parts) >= 2 and parts[0] > 31:
            return _a_day(parts[0], parts[1], parts[2] if len(parts) > 2 else 1)
    found = _WHEN.search(detail.text)
    if found is None:
        return None
    noted = _day(detail.noted_us)
    month = _MONTHS.index(found[2].lower()) + 1
    year = int(found[3]) if found[3] else noted.year - (month > noted.month)
    return _a_day(year, month, int(found[1] or 1))


def _a_day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _day(at_us: int) -> date:
    return datetime.fromtimestamp(at_us / 1e6, UTC).date()
