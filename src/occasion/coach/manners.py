"""When, how and how often: quiet hours, what they said about the channel, too many messages, length.

All of it holds in every language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from statistics import median

from occasion.coach.cues import named, turns_in
from occasion.coach.facts import named_detail
from occasion.coach.pieces import pieces_of
from occasion.coach.reading import Draft, Known, Span
from occasion.coach.remarks import Remark
from occasion.coach.said import say
from occasion.coach.tongues import ENGLISH
from occasion.events.event import Event
from occasion.people.permission import ANY_HOUR
from occasion.people.quiet import is_quiet

DAY_US = 86_400_000_000
WEEK_US = 7 * DAY_US
FOURTH = 4  # message within a week without a word from them
TIMES_THEIRS = 3.0
LONG = 110  # words that hardly any matter needs more than
LONG_FOR_THE_BRIEF = 60  # words, for somebody who wants it short
NEWEST_READ = 12
_SAME = {"mail": "email", "e-mail": "email", "text": "sms", "call": "phone", "post": "letter"}
_NO_WORD = frozenset({"web", "app", "api", "portal"})  # channels over which nobody says anything
_NO_MESSAGE = frozenset({"in person", "web", "app", "api", "visit"})
_BRIEF = re.compile(
    r"\b(?:two|three|few|short|brief|terse)\b.*\b(?:lines?|words|messages?|mails?|notes?|answers?)\b|\bkeep it short\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")


def of_the_hour(draft: Draft, known: Known) -> Iterator[Remark]:
    """Their quiet hours, by their own clock; letters come at any hour."""
    party = known.party
    if not (party.quiet_from and party.quiet_to) or _channel(draft.channel) in ANY_HOUR:
        return
    zone = party.zone or known.zone
    if is_quiet(party.quiet_from, party.quiet_to, zone, draft.now_us):
        hours = say("hours.from_to", first=party.quiet_from, last=party.quiet_to, zone=zone)
        why, change = say("hours.would_reach", hours=hours), say("hours.quiet", hours=hours)
        yield Remark("quiet hours", "grave", why, change)


def of_the_channel(draft: Draft, known: Known) -> Iterator[Remark]:
    """A channel they said no to, or not the one they prefer for something that can wait."""
    channel, party = _channel(draft.channel), known.party
    if not channel:
        return
    said = party.consent.get(channel) or party.consent.get(draft.channel or "")
    if said is not None and not said.given:
        change = say("channel.refused_by", channel=channel, source=said.source)
        yield Remark("refused channel", "grave", say("channel.refused", channel=channel), change)
        return
    preferred = _channel(party.channel)
    urgent = channel in {"sms", "phone", "chat"} and named(turns_in(draft.text, "tone", ENGLISH), "urgent")
    if preferred and preferred != channel and not urgent:
        why = say("channel.prefer", preferred=preferred, channel=channel)
        yield Remark("channel", "slight", why, say("channel.theirs", channel=preferred))


def of_the_number(draft: Draft, known: Known) -> Iterator[Remark]:
    """The fourth message or more in 7 days without a word from them, whatever moments they were for."""
    sent = messages_since(draft, known)
    if sent + 1 >= FOURTH:
        since = say("number.since_word" if _spoke(draft, known) else "number.since_week", n=sent)
        yield Remark("too many", "grave", say("number.is", n=sent + 1), since)


def messages_since(draft: Draft, known: Known) -> int:
    """How many messages went to them in the 7 days before the draft, after the last word from them."""
    sent = 0
    for event in known.events:
        if event.at > draft.now_us:
            continue
        if event.at <= draft.now_us - WEEK_US or _a_word(event):
            break
        sent += _a_message(event)
    return sent


def _spoke(draft: Draft, known: Known) -> bool:
    return any(_a_word(event) and draft.now_us - WEEK_US < event.at <= draft.now_us for event in known.events)


def of_the_length(draft: Draft, known: Known) -> Iterator[Remark]:
    """More than three times as long as what they write, and long for any matter; or long for one who wants it short."""
    body = pieces_of(draft.text).body
    words = len(_WORD.findall(body))
    habit = their_words(known)
    brief = [one for one in known.details if one.ended_us is None and _BRIEF.search(one.text)]
    begin = draft.text.find(body)
    span = (Span(begin, begin + len(body), say("length.words")),) if body else ()
    if brief and words > LONG_FOR_THE_BRIEF:
        why = say("length.brief", n=words, text=brief[0].text)
        yield Remark("length", "slight", why, named_detail(brief[0].text, brief[0].source), span)
    elif habit is not None and words > LONG and words > TIMES_THEIRS * habit:
        why = say("length.long", n=words, theirs=round(habit))
        yield Remark("length", "slight", why, say("length.theirs", n=round(habit)), span)


def their_words(known: Known) -> float | None:
    """How many words they usually write, the median of their newest messages; None where they wrote none."""
    counts = [len(_WORD.findall(one.body)) for one in known.events if one.direction == "in" and one.body]
    return float(median(counts[:NEWEST_READ])) if counts else None


def _channel(channel: str | None) -> str:
    plain = (channel or "").strip().lower()
    return _SAME.get(plain, plain)


def _a_word(event: Event) -> bool:
    """Whether they said something: wrote, called or came."""
    return event.direction == "in" and bool(event.body or (event.channel and event.channel not in _NO_WORD))


def _a_message(event: Event) -> bool:
    """Whether something went to them, to one or to many alike."""
    return event.direction == "out" and (bool(event.body) or event.channel not in (None, *_NO_MESSAGE))
