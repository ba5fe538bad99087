"""How a sent message turned out: a moment, nearly one, or a touch, read from what happened.

A message is what went out with a text, what went to many (`mass`), and a gesture noted on the desk. Four things are
looked at:

    words    did others get them? More than half of them, or sent to many: poor; a fifth to a half: mixed; else good
    answer   did the party answer: in its thread, else their next word or contact, within 14 days; never by an automatic
             reply, never by what goes to many. What went to many is answered only in its thread
    detail   does it mean a remembered detail that may be mentioned
    timing   does it answer what they asked within 3 working days (in time), within 8 (late) or later (far too late);
             does it come within 5 days after something was done for them; else nothing prompted it

    touch    the words are poor; or it stayed one-way (no answer came and it was none) and means no detail
    moment   the words are good, and it was two-way: answered, an answer in time, or in person
    nearly   everything else
    open     too early to tell: the 14 days are not over
    unread   neither its text is known nor that it went to many
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass
from typing import Literal, NamedTuple, get_args

from occasion.coach.asked import wants_answer, working_days
from occasion.coach.copies import Copied
from occasion.coach.gestures import Gesture, linked
from occasion.coach.mentioned import mentioned
from occasion.coach.said import Sentence, say
from occasion.coach.timely import is_done
from occasion.events.event import Event
from occasion.people.details import Detail
from occasion.people.quiet import DAY_US

Outcome = Literal["moment", "nearly", "touch", "open", "unread"]
Timing = Literal["in time", "late", "far too late", "after", "unprompted"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
ANSWER_DAYS = 14
SOON_DAYS = 5  # after something done for them
IN_TIME, LATE = 3, 8  # working days
MIXED, POOR = 0.2, 0.5  # of the words
FEWEST = 5  # words: fewer are nobody's text unless many got them
MANY = 3
IN_PERSON = ("call", "visit")
TOO_LATE: tuple[Timing, ...] = ("late", "far too late")


@dataclass(frozen=True)
class Answer:
    """The party's answer to a message. `threaded`: by its thread, else as their next word."""

    event: str
    at_us: int
    threaded: bool


@dataclass(frozen=True)
class Turned:
    """A sent message as it turned out. `share`: of its words, how many somebody else got; None where that is not known.

    `others`: how many got the very same text. `details`: numbers of those it means; `named`: of those that it means and
    that must not be mentioned. `occasion`: the one it was about, by its gesture.
    """

    event: str
    party: str
    at_us: int
    by: str
    channel: str | None
    outcome: Outcome
    why: Sentence
    share: float | None
    others: int
    answer: Answer | None
    details: tuple[int, ...]
    named: tuple[int, ...]
    timing: Timing
    occasion: int | None


def is_sent(event: Event) -> bool:
    """Whether it is a message of ours that can be read: a text, something to many, a gesture."""
    if event.direction != "out":
        return False
    return bool(event.mass or (event.body or "").strip() or event.name == "gesture")


def own_messages(events: Sequence[Event]) -> list[Event]:
    """What was written to the party alone, beside gestures."""
    return [event for event in events if is_sent(event) and event.name != "gesture" and not event.mass]


def is_word(event: Event) -> bool:
    """Whether it is a word or contact of the party's own, no automatic reply and nothing that went to many."""
    return event.direction == "in" and not event.mass and not event.properties.get("auto")


def turned_out(
    events: Sequence[Event],
    copied: Mapping[str, Copied],
    *,
    now_us: int,
    details: Sequence[Detail] = (),
    gestures: Sequence[Gesture] = (),
    skip: Iterable[str] = (),
    zone: str = "UTC",
    since_us: int = 0,
) -> list[Turned]:
    """Every message of one party that went out from `since_us` on, read at `now_us`.

    `events`: all of the party by (at, id), none later than `now_us`; `copied`: by event, see Copies; `skip`: names and
    fields that make no text personal. A message and the gesture that notes it are one (see gestures.py).
    """
    party = _Party(copied, now_us, details, tuple(skip), events, gestures, zone)
    return [party.read(event) for event in events if event.at >= since_us and is_sent(event) and not party.noted(event)]


@dataclass
class _Party:
    copied: Mapping[str, Copied]
    now_us: int
    details: Sequence[Detail]
    skip: tuple[str, ...]
    events: InitVar[Sequence[Event]]
    gestures: InitVar[Sequence[Gesture]]
    zone: InitVar[str]

    def __post_init__(self, events: Sequence[Event], gestures: Sequence[Gesture], zone: str) -> None:
        self.answers = answers_of(events)
        self.timings = _timings(events, zone)
        self.occasions, self._noted = linked(events, own_messages(events), gestures, self.skip)
        self._stand_for_both = set(self._noted.values())

    def noted(self, event: Event) -> bool:
        """Whether it is a gesture whose message is in the log too."""
        return event.id in self._noted

    def read(self, event: Event) -> Turned:
        copied, answer = self.copied.get(event.id), self.answers.get(event.id)
        if copied is not None and event.id in self._stand_for_both and not copied.others:
            copied = Copied(copied.words, copied.apart, 0, False)  # the note on the desk may hold the same words
        meant, named = self._meant(event)
        timing = self.timings.get(event.id, "unprompted")
        words, share, others = _words(event, copied)
        seen = _Seen(words, answer, bool(meant), bool(named), timing)
        over = self.now_us >= event.at + ANSWER_DAYS * DAY_US
        outcome, why = _outcome(event, seen, over=over)
        return Turned(
            event.id, event.party, event.at, event.actor or "", event.channel, outcome, why, share, others, answer,
            meant, named, timing, self.occasions.get(event.id),
        )  # fmt: skip

    def _meant(self, event: Event) -> tuple[tuple[int, ...], tuple[int, ...]]:
        known = [one for one in self.details if one.noted_us <= event.at and (one.ended_us or event.at + 1) > event.at]
        if not known or not event.body or event.mass:
            return (), ()
        language = event.properties.get("language")
        found = mentioned(event.body, known, skip=self.skip, language=language if isinstance(language, str) else "en")
        meant = [one.detail for one in found]
        return (
            tuple(one.number for one in meant if one.may("mention") or one.ended_us),
            tuple(one.number for one in meant if not one.may("mention") and not one.ended_us),
        )


class _Seen(NamedTuple):
    """What a message is judged by. `meant`: details that may be mentioned, `named`: that must not be."""

    words: str
    answer: Answer | None
    meant: bool
    named: bool
    timing: Timing


def _outcome(event: Event, seen: _Seen, *, over: bool) -> tuple[Outcome, Sentence]:
    """`over`: whether the days to answer it are."""
    gesture = event.name == "gesture"
    if event.mass:
        return "touch", say("turned.mass")
    if gesture and event.properties.get("form") in IN_PERSON:
        return "moment", say("turned.in_person")
    if seen.words == "poor":
        return "touch", say("turned.copied")
    if seen.words == "unknown" and not gesture and not event.body:
        return "unread", say("turned.unread")
    prompt = seen.timing == "in time"
    two_way = seen.answer is not None or prompt
    if two_way and seen.words != "mixed" and not seen.named and seen.timing not in TOO_LATE:
        return "moment", say("turned.answered" if seen.answer else "turned.answered_them")
    if not two_way and not over:
        return "open", say("turned.open", days=say("days", n=ANSWER_DAYS))
    if not two_way and seen.timing not in TOO_LATE and not seen.meant:
        return "touch", say("turned.one_way")
    return "nearly", _lacks(seen)


def _lacks(seen: _Seen) -> Sentence:
    """What kept it from being a moment."""
    if seen.named:
        return say("turned.named")
    if seen.timing in TOO_LATE:
        return say("turned.late" if seen.timing == "late" else "turned.far_too_late")
    if seen.words == "mixed":
        return say("turned.some_words")
    return say("turned.unanswered")


def _words(event: Event, copied: Copied | None) -> tuple[str, float | None, int]:
    """How its words are, the share that others got, and how many got the very same text."""
    if event.mass:
        return "poor", None if copied is None else copied.share, 0 if copied is None else copied.others
    if copied is None or not copied.words or (event.name == "gesture" and event.properties.get("form") in IN_PERSON):
        return "unknown", None, 0
    share = copied.share
    if copied.words < FEWEST and copied.others < MANY:
        share = 0.0  # "yes, that works": too short to be somebody's text
    level = "good" if share < MIXED else "mixed" if share <= POOR else "poor"
    return level, round(share, 3), copied.others if share else 0


def answers_of(events: Sequence[Event]) -> dict[str, Answer]:
    """By message its answer: a word in its thread, else the next one after it, each answering one message, the latest.

    A word that comes after another contact from us (a call) is no answer to what was written before that.
    """
    by_message: dict[str, Event] = {}
    by_thread: dict[str, Event] = {}
    latest: Event | None = None
    found: dict[str, Answer] = {}
    for event in events:
        said = event.properties
        if event.direction == "out":
            if isinstance(message := said.get("message_id"), str):
                by_message[message] = event
            if isinstance(thread := said.get("thread"), str):
                by_thread[thread] = event
            latest = latest if event.mass else event
        elif is_word(event):
            parent = by_message.get(str(said.get("in_reply_to", ""))) or by_thread.get(str(said.get("thread", "")))
            asked = parent or latest
            if asked is not None and asked.id not in found and 0 < event.at - asked.at <= ANSWER_DAYS * DAY_US:
                found[asked.id] = Answer(event.id, event.at, parent is not None)
    return found


def _timings(events: Sequence[Event], zone: str) -> dict[str, Timing]:
    """By message what prompted it; one that went to many answers nobody."""
    found: dict[str, Timing] = {}
    asked: int | None = None
    done: int | None = None
    for event in events:
        if is_word(event):
            if asked is None and event.body and wants_answer(event):
                asked = event.at
        elif event.direction == "out" and not event.mass:
            if asked is not None:
                late = working_days(asked, event.at, zone)
                found[event.id] = "in time" if late <= IN_TIME else "late" if late <= LATE else "far too late"
            elif done is not None and event.at - done <= SOON_DAYS * DAY_US:
                found[event.id] = "after"
            asked = None
        if event.name != "gesture" and is_done(event):
            done = event.at
    return found


__all__ = ["ANSWER_DAYS", "OUTCOMES", "Answer", "Gesture", "Outcome", "Turned", "answers_of", "is_sent", "is_word",
           "linked", "own_messages", "turned_out"]  # fmt: skip
