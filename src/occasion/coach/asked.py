"""What they asked and nobody answered, and whether a draft answers it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from occasion.coach.cues import named, turns_in
from occasion.coach.cues import words_of as words_listed
from occasion.coach.days import date_in, days_called, days_named
from occasion.coach.reading import Known
from occasion.coach.timely import is_done
from occasion.coach.tongues import ENGLISH
from occasion.coach.wording import words_of
from occasion.events.event import Event
from occasion.people.quiet import DAY_US

LAPSES_US = 60 * DAY_US  # a question nobody answered for so long is no longer waited for
_THANKS = re.compile(
    r"(?i)^\s*(?:ok(?:ay)?[,.! ]*)?(?:thanks?|thank you|great|perfect|works now|all good|super|lovely)\b[^?]*$"
)
_GOES_ON = re.compile(
    r"(?i)\b(?:but|however|although|though|unfortunately|except|only that|still|please|could you|can you|would you|"
    r"let me know|(?:i|we) (?:still )?need)\b"
)
_ASKING_NAMES = frozenset(
    ("complaint", "ticket", "question", "request", "enquiry", "inquiry", "claim", "objection", "reklamacja", "skarga")
)


@dataclass(frozen=True)
class Asked:
    """What they wrote that waits for an answer, oldest first; `promised_us`: by when we said there would be one."""

    events: tuple[Event, ...]
    promised_us: int | None = None

    @property
    def since_us(self) -> int:
        """From when on they wait: when the first of it came, or by when we promised an answer."""
        return max(self.events[0].at, self.promised_us or 0)

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(event.body or "" for event in self.events)

    @property
    def last(self) -> str:
        """The latest message in one line."""
        return " ".join((self.events[-1].body or "").split())


def open_question(known: Known, now_us: int) -> Asked | None:
    """Their messages since our last real answer, from the first that wants one on; None where nothing waits.

    An answer is a word of ours or something a colleague did for them; not what goes to many, an automatic reply, and a
    word that only promises one.
    """
    waiting: list[Event] = []
    promised: int | None = None
    for event in reversed(known.events):
        if now_us - event.at > LAPSES_US or event.at > now_us:
            continue
        if event.direction == "in" and (event.body or "").strip():
            if waiting or wants_answer(event):
                waiting.append(event)
        elif waiting and _answers(event):
            waiting, promised = [], None
        elif (
            waiting and event.direction == "out" and event.body and not event.mass and not event.properties.get("auto")
        ):
            promised = _promised_by(event, known.zone)
    return Asked(tuple(waiting), promised) if waiting else None


def _promised_by(event: Event, zone: str) -> int:
    """By when a message of ours says an answer will come: the first day it names that lies ahead, else its own."""
    written = date_in(event.at, zone)
    ahead = [days.first for days in (*days_named(event.body or "", written), *days_called(event.body or "", written))]
    due = min((day for day in ahead if day >= written), default=written)
    return event.at + (due - written).days * DAY_US


def latest_word(known: Known, now_us: int) -> Event | None:
    """Their latest message, if it came within `LAPSES_US`, whether or not it wants an answer."""
    for event in known.events:
        if event.direction == "in" and (event.body or "").strip() and now_us - event.at <= LAPSES_US:
            return event
    return None


def wants_answer(event: Event) -> bool:
    """Whether a message of theirs asks, requests or complains.

    >>> def wrote(body): return Event(party="p", name="message", at=0, id="1", seen=0, direction="in", body=body)
    >>> [wants_answer(wrote(body)) for body in ("Is it normal?", "Thanks, it works now.", "See you on Friday.")]
    [True, False, False]
    >>> wants_answer(wrote("Thanks for coming, but there is still no hot water."))
    True
    """
    body = event.body or ""
    if _THANKS.match(body) and not _GOES_ON.search(body):
        return False
    named_so = any(part in _ASKING_NAMES for part in event.name.lower().replace("-", "_").split("_"))
    return named_so or "?" in body or bool(turns_in(body, "asks", ENGLISH))


def _answers(event: Event) -> bool:
    if event.direction == "out" and (event.body or "").strip():
        return not event.mass and not event.properties.get("auto") and not only_holds(event.body or "")
    return not event.mass and event.actor is not None and is_done(event)


def only_holds(text: str) -> bool:
    """Whether a message of ours says only that an answer will come."""
    return bool(named(turns_in(text, "aims", ENGLISH), "holding")) and len(text.split()) <= 30


def shared_turns(asked: str, text: str) -> int:
    """How many turns of three words, not all of them grammar, both texts have.

    >>> shared_turns("We need a few days before we go higher.", "But a few days is what you do not have.")
    1
    """
    return len(_turns(asked) & _turns(text))


def _turns(text: str) -> set[tuple[str, ...]]:
    folded = [word.folded for word in words_of(text)]
    three = {tuple(folded[at : at + 3]) for at in range(len(folded) - 2)}
    return {
        turn
        for turn in three
        if sum(len(word) > 3 for word in turn) >= 1
        and not all(word in words_listed("grammar", ENGLISH) for word in turn)
    }


def working_days(since_us: int, now_us: int, zone: str) -> int:
    """How many working days lie after the day of `since_us` up to the day of `now_us`: 0 on the same day.

    >>> at = lambda day, hour: (day * 24 + hour) * 3600 * 10**6  # 1970-01-01 was a Thursday
    >>> [working_days(at(1, 20), at(day, 9), "UTC") for day in (1, 2, 4, 5)]
    [0, 0, 1, 2]
    """
    return working_days_between(date_in(since_us, zone), date_in(now_us, zone))


def working_days_between(day: date, last: date) -> int:
    """The same between two dates."""
    count = 0
    while day < last:
        day += timedelta(days=1)
        count += day.weekday() < 5
    return count
