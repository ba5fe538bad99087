"""What could be made of an occasion: facts to choose from, never words for the party.

Each suggestion is a form (call, note, film, gift, visit) with what makes it fit: what was written down for the moment,
what the party asked or said, what is remembered about them, what was promised, what was done before. Nothing of health
ever leads to a gift, nobody in trouble is offered one, and for the dead nothing is suggested at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from occasion.desk.dates import DAY_US, local_date
from occasion.desk.parts import Form, GestureLine, Said, Suggestion
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.people.details import Detail
from occasion.people.partial import read_partial
from occasion.people.parties import Party
from occasion.people.promises import Promise

MOST = 7
SAID_DAYS = 21  # how long what they said is fresh enough for a film of one's own
QUOTED = 160  # characters of what they said
SOON_DAYS = 120  # a date of theirs within this comes before other details
FREE_TIME = ("preference", "family", "date", "other")  # kinds of details that speak of somebody's 5-to-9
_FORMS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("call", re.compile(r"\b(call|phone|ring)", re.I)),
    ("film", re.compile(r"\b(film|video|record)", re.I)),
    ("gift", re.compile(r"\b(gift|present|flowers?|chocolate|book|voucher|give)\b", re.I)),
    ("visit", re.compile(r"\b(visit|meet|in person|invite|introduce|come by|show round)\b", re.I)),
)


@dataclass(frozen=True)
class About:
    """What a suggestion is made of. `said`: what is known of the party's latest events, in any order."""

    kind: str
    mark: str
    moment: str
    make: tuple[str, ...]
    party: Party
    zone: str
    until_us: int
    now: int
    details: Sequence[Detail]
    promises: Sequence[Promise]
    before: Sequence[GestureLine]
    said: Sequence[Event]
    left_name: str = ""
    promise: int | None = None


def suggest(about: About) -> tuple[Suggestion, ...]:
    """What could be made of it, the most fitting first; at most seven, each form with its own fact."""
    if about.party.deceased is not None:
        return ()
    found: list[Suggestion] = []
    for one in _all(about):
        if one not in found:
            found.append(one)
    return tuple(found[:MOST])


def form_of(line: str) -> Form:
    """The form that a line of `make` speaks of; a note where it names none.

    >>> form_of("ask on the phone how the first night was"), form_of("introduce two people who share a course")
    ('call', 'visit')
    """
    return next((form for form, words in _FORMS if words.search(line)), "note")


def _all(about: About) -> Iterator[Suggestion]:
    trouble = about.mark == "pit"
    yield from _promised(about)
    asked = unanswered(about.said)
    if asked is not None:
        yield _one(about, "call", "make.call.asked", at_us=asked.at)
    if trouble:
        yield _one(about, "call", "make.call.trouble")
    if about.kind == "handover":
        yield _one(about, "call", "make.call.handover", left_name=about.left_name)
        yield _one(about, "visit", "make.call.handover", left_name=about.left_name)
    for line in about.make:
        form = form_of(line)
        if not (trouble and form == "gift"):
            yield Suggestion(form, Said("make.catalogue", {"text": line}), (), _before(about, form), line)
    if about.kind == "slipping":
        yield _one(about, "call", "make.call.slipping", until_us=about.until_us)
    yield from _of_details(about, trouble)
    if not trouble:
        yield from _film(about)
        yield from _gift(about)
    if about.kind == "reached" and not trouble:
        yield _one(about, "note", "make.note.reached", text=about.moment)
    if about.party.channel:
        yield _one(about, "note", "make.note.channel", channel=about.party.channel)


def _one(about: About, form: Form, key: str, details: tuple[int, ...] = (), **facts: str | int) -> Suggestion:
    return Suggestion(form, Said(key, facts), details, _before(about, form))


def _before(about: About, form: Form) -> GestureLine | None:
    """The last gesture of the same form: to follow, or not to repeat."""
    return next((one for one in about.before if one.form == form), None)


def _promised(about: About) -> Iterator[Suggestion]:
    for promise in about.promises:
        if about.promise in (None, promise.number):
            yield _one(about, "call", "make.visit.promise", text=promise.text)


def unanswered(said: Iterable[Event]) -> Event | None:
    """The latest thing the party asked (a question mark in a text of theirs) with no word from us after it."""
    contacts = sorted((event for event in said if event.contact), key=lambda event: (event.at, event.id))
    asked = None
    for event in contacts:
        if event.direction == "out":
            asked = None
        elif event.body and "?" in event.body:
            asked = event
    return asked


def _of_details(about: About, trouble: bool) -> Iterator[Suggestion]:
    """Up to two details to speak of, a date of theirs that is near first. In trouble only what is for care."""
    fit = [one for one in about.details if one.may("mention")]
    today = local_date(about.now, about.zone)
    for detail in sorted(fit, key=lambda one: (_days(one, today), -one.noted_us))[: 1 if trouble else 2]:
        yield _one(about, "note", "make.note.detail", (detail.number,), text=detail.text)


def _days(detail: Detail, today: date) -> int:
    """Days until the detail's date, where it is near; else a number beyond."""
    try:
        span = None if detail.on_date is None else read_partial(detail.on_date).next(today, yearly=True)
    except InputError:
        span = None
    days = SOON_DAYS if span is None else max(0, (span.first - today).days)
    return min(days, SOON_DAYS)


def _film(about: About) -> Iterator[Suggestion]:
    """What they said not long ago may be answered by a film of one's own."""
    said = [event for event in about.said if event.contact and event.direction == "in" and (event.body or "").strip()]
    latest = max(said, key=lambda event: (event.at, event.id), default=None)
    if latest is not None and latest.at > about.now - SAID_DAYS * DAY_US:
        yield _one(about, "film", "make.film.said", text=quoted(latest.body or ""))


def quoted(text: str) -> str:
    """What somebody said, in one line that is not too long.

    >>> quoted("It  still\\naches.")
    'It still aches.'
    """
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else line[: QUOTED - 1].rsplit(" ", 1)[0] + "…"


def _gift(about: About) -> Iterator[Suggestion]:
    """One gift that fits what they are when they are not at work, and that was not given before."""
    given = " ".join(one.text.casefold() for one in about.before if one.form == "gift")
    for detail in about.details:
        if detail.may("gift") and detail.kind in FREE_TIME and detail.text.casefold() not in given:
            yield _one(about, "gift", "make.gift.fits", (detail.number,), text=detail.text)
            return
