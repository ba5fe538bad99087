"""From a message that was sent to something to practise on: read as of then, under other names, and read again anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from occasion.coach.context import Around, known_of
from occasion.coach.masks import Masks, masks_for
from occasion.coach.practice import Exercise
from occasion.coach.reading import Draft, Known, Reading
from occasion.coach.tones import PREFIX, others_than, pair
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.people.details import Detail
from occasion.store.schema.desk import GESTURES
from occasion.store.schema.doors import COLLEAGUES
from occasion.store.schema.people import PARTIES

MOST_PARTIES = 300  # looked at for messages of one's own
MOST_READ = 30  # messages read until one is a touch
FEWEST_WORDS = 8
YEAR_US = 366 * 86_400_000_000
SAID_US = 60 * 86_400_000_000  # how long before the message what they wrote still stands beside it
CONTENT = re.compile(
    r"\d+(?:[.,:/-]\d+)*|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:january|february|march|april|june|july|august|"
    r"september|october|november|december|today|tomorrow)\b",
    re.IGNORECASE,
)
Reads = Callable[[Draft, Known, Sequence[Known] | None], Reading]  # others None: those of the business


@dataclass(frozen=True)
class Material:
    """A message to practise on. `text`, `to`, `details`, `said` are under other names; `known` is as it was then, the
    message itself left out.
    """

    exercise: Exercise
    draft: Draft  # as it was sent
    known: Known
    masks: Masks
    text: str
    to: str
    details: tuple[Detail, ...]
    said: str
    others: tuple[Known, ...] | None = None  # None: those of the business

    def read(self, text: str, reads: Reads) -> Reading:
        """How a text under the other names reads, as of when the message was sent; in those names again."""
        if not text.strip():
            raise InputError("the rewriting is empty; say it again in your own words")
        revealed = self.masks.reveal(text)
        reading = reads(replace(self.draft, text=revealed.text), self.known, self.others)
        return self.masks.reading(reading, revealed)


def own_messages(around: Around, colleague: str, *, now: int) -> list[Event]:
    """What a colleague wrote to parties of theirs in the last year, one to one, the newest first."""
    connection = around.connection
    names = _names(connection, colleague)
    found: dict[str, Event] = {}
    for party in _parties(connection, colleague):
        for event in around.log.of(around.log.canonical(party)):
            if now - YEAR_US < event.at <= now and (event.actor or "").casefold() in names and _is_message(event):
                found[event.id] = event
    return sorted(found.values(), key=lambda event: (-event.at, event.id))


def find_touch(around: Around, messages: Iterable[Event], reads: Reads) -> Event | None:
    """The newest that reads as a touch; None where none of the first `MOST_READ` does."""
    for event in list(messages)[:MOST_READ]:
        draft = _draft(event)
        if reads(draft, known_then(around, draft, event.id), None).verdict == "touch":
            return event
    return None


def known_then(around: Around, draft: Draft, message: str) -> Known:
    """What was known when a message was sent, without the message itself."""
    known = known_of(around, draft)
    return replace(known, events=tuple(event for event in known.events if event.id != message))


def material(around: Around, exercise: Exercise) -> Material | None:
    """What an exercise shows; None where its message is not there any more."""
    if exercise.message.startswith(PREFIX):
        return _of_pair(exercise)
    party = around.log.canonical(exercise.party or "")
    event = next((one for one in around.log.of(party) if one.id == exercise.message), None)
    if event is None or not event.body:
        return None
    draft = _draft(event)
    known = known_then(around, draft, event.id)
    said = next((one.body or "" for one in known.events if _said(one, event.at)), "")
    masks = masks_for(known, [event.body, said], f"exercise {exercise.number}")
    details = tuple(
        replace(one, text=masks.hide(one.text), source=masks.hide(one.source))
        for one in known.details
        if one.may("mention")
    )
    name = masks.hide(known.party.name or party)
    return Material(exercise, draft, known, masks, masks.hide(event.body), name, details, masks.hide(said))


def left_out(before: str, after: str) -> tuple[str, ...]:
    """What the first text says in figures, times, days and months and the second does not, in order of appearance.

    >>> left_out("See you on Monday at 9:00, flat 3.", "I look forward to Monday!")
    ('9:00', '3')
    """
    said = {match.group().casefold() for match in CONTENT.finditer(after)}
    found = dict.fromkeys(match.group() for match in CONTENT.finditer(before))
    return tuple(one for one in found if one.casefold() not in said)


def _of_pair(exercise: Exercise) -> Material:
    one = pair(exercise.message)
    known = one.known()
    return Material(
        exercise, one.draft(one.cold), known, Masks({}), one.cold, one.to, known.details, one.said, others_than(one)
    )


def _draft(event: Event) -> Draft:
    return Draft(event.body or "", event.party, event.at, event.channel, event.actor or "")


def _said(event: Event, at_us: int) -> bool:
    return event.direction == "in" and bool((event.body or "").strip()) and event.at > at_us - SAID_US


def _is_message(event: Event) -> bool:
    """Whether it is a text that somebody wrote to one person; what happened on a call is none."""
    if event.direction != "out" or event.mass or len((event.body or "").split()) < FEWEST_WORDS:
        return False
    return event.name != "gesture" or event.properties.get("form") == "note"


def _names(connection: Connection, colleague: str) -> set[str]:
    row = connection.execute(
        select(COLLEAGUES.c.id, COLLEAGUES.c.name, COLLEAGUES.c.email).where(COLLEAGUES.c.id == colleague)
    ).first()
    return {str(one).casefold() for one in (row or (colleague,)) if one}


def _parties(connection: Connection, colleague: str) -> list[str]:
    """Whose bond is theirs, and for whom they did something, the latest first."""
    done = select(GESTURES.c.party).where(GESTURES.c.colleague == colleague).order_by(GESTURES.c.at_us.desc())
    bonds = select(PARTIES.c.party).where(PARTIES.c.owner == colleague).order_by(PARTIES.c.changed_us.desc())
    rows = [row for query in (done, bonds) for row in connection.execute(query.limit(MOST_PARTIES)).scalars()]
    return list(dict.fromkeys(rows))[:MOST_PARTIES]
