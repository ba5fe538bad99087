"""A simulated dental practice: patients, partners who send some, colleagues, two years of events and a day to come.

Drawn by stated rules from a seed, so that everything can be repeated. A patient visits about every half year; each has
a patience of their own that grows with answers, follow-ups and people who remember, and shrinks with waits and silence;
who has run out of it does not come back. Now and then somebody writes a note to one person about what is known of
them. What is true here: a call within three days after an extraction raises the chance of the next visit by
CALL_EFFECT, whoever the patient is. Newsletters and recall letters change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

import msgspec
import numpy as np
from whenever import ZonedDateTime

from occasion.events import practice_words as words
from occasion.events.event import Event, Scalar

T = TypeVar("T")
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
ZONE = "Europe/Warsaw"
CALL_EFFECT = 0.22
YEARS = 2
NEWSLETTER_DAYS = 91


@dataclass(frozen=True)
class Colleague:
    """Somebody who works here."""

    id: str
    name: str
    role: str  # colleague, manager, analyst, admin
    teams: tuple[str, ...]
    capacity: int


Noted = tuple[str, str, str, bool, bool, str, str, int]  # a detail as in practice_words.DETAILS, by whom, when


@dataclass(frozen=True)
class Person:
    """A party, and what is remembered about it."""

    party: str
    kind: str  # customer, partner
    name: str
    owner: str
    details: tuple[Noted, ...] = ()
    birthday: str = ""  # partial
    promise: tuple[str, str, str] | None = None  # text, due date, by


@dataclass
class Practice:
    """The whole of it. `history`: until the evening before `today`; `day`: what `today` brings, in order of time."""

    today: date
    colleagues: tuple[Colleague, ...]
    people: list[Person] = field(default_factory=list)
    history: list[Event] = field(default_factory=list)
    day: list[Event] = field(default_factory=list)


COLLEAGUES = (
    Colleague("ewa", "Dr Ewa Lis", "manager", ("clinic",), 6),
    Colleague("ines", "Dr Ines Costa", "colleague", ("clinic",), 5),
    Colleague("jonas", "Jonas Brandt", "colleague", ("clinic", "hygiene"), 6),
    Colleague("marta", "Marta Nowak", "colleague", ("reception",), 8),
    Colleague("tom", "Tom Okafor", "colleague", ("reception",), 8),
    Colleague("noor", "Noor Aziz", "analyst", (), 0),
    Colleague("admin", "Ada Keller", "admin", (), 0),
)
HANDS = ("ewa", "ines", "jonas", "marta", "tom")
FRONT = ("marta", "tom")
OWN = ("channel", "direction", "actor", "counterpart", "mass", "body")
PROMISES = (
    "ring with the date for the crown",
    "send the letter for the insurance",
    "find out whether the brush comes in a smaller size",
)


class _Maker:
    """Writes events down as they are drawn; ids count up."""

    def __init__(self, rng: np.random.Generator, today: date) -> None:
        self.rng, self.today = rng, today
        self.begin = today - timedelta(days=365 * YEARS)
        self.midnight = clock_us(today, 0)
        self.events: list[Event] = []

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def one(self, some: Sequence[T]) -> T:
        return some[int(self.rng.integers(len(some)))]

    def at(self, day: date, begin: float = 8.0, end: float = 18.0) -> int:
        """An instant of a day between two hours, local time."""
        return clock_us(day, begin + (end - begin) * float(self.rng.random()))

    def say(self, party: str, name: str, at: int, **more: object) -> None:
        """One event. What is not a field of Event is a property; nothing is known after the evening before today."""
        if at >= self.midnight:
            return
        own = {key: more.pop(key) for key in OWN if key in more}
        held: dict[str, Scalar] = {k: v if isinstance(v, (str, bool)) else Decimal(str(v)) for k, v in more.items()}
        id_ = f"practice:{len(self.events):06d}"
        self.events.append(Event(party=party, name=name, at=at, seen=at, id=id_, properties=held, **own))  # type: ignore[arg-type]


def clock_us(day: date, hour: float) -> int:
    """A date and an hour (with its fraction) of the practice's wall clock as UTC microseconds."""
    local = ZonedDateTime(day.year, day.month, day.day, tz=ZONE)
    return int(local.add(seconds=round(hour * 3600)).timestamp(unit="microsecond"))


def practice(seed: int, today: date, patients: int = 400) -> Practice:
    """The practice until the evening before `today`, and what `today` brings; the same arguments give the same."""
    make = _Maker(np.random.default_rng(seed), today)
    made = Practice(today, COLLEAGUES)
    for i, name in enumerate(words.PARTNERS):
        made.people.append(Person(f"partner-{i + 1:02d}", "partner", name, make.one(("ewa", "marta"))))
    for i in range(patients):
        made.people.append(_patient(make, i))
    for person in made.people:
        if person.kind == "customer":
            _life(make, person)
    _sore(make, made.people)
    _mass(make, made.people)
    _own(make, made.people, np.random.default_rng((seed, 1)))
    made.history = sorted(make.events, key=lambda event: (event.at, event.id))
    made.day = day_of(make, made)
    return made


def _patient(make: _Maker, i: int) -> Person:
    """Who they are, whose they are, and what colleagues have noted about them."""
    owner = make.one(("ewa", "ines", "jonas"))
    noted: list[Noted] = []
    drawn: list[tuple[str, str, str, bool, bool, str]] = []
    for _ in range(int(make.rng.choice([0, 0, 1, 1, 2, 3]))):
        detail = make.one(words.DETAILS)
        if detail not in drawn:
            drawn.append(detail)
            day = make.begin + timedelta(days=int(make.rng.integers(365 * YEARS)))
            as_it_is = words.AS_IT_IS.get(detail[0], detail[:1])
            noted.append((as_it_is[i % len(as_it_is)], *detail[1:], make.one(HANDS), make.at(day)))
    birthday = f"--{int(make.rng.integers(1, 13)):02d}-{int(make.rng.integers(1, 29)):02d}" if make.chance(0.6) else ""
    promise = None
    if make.chance(0.03):
        due = make.today + timedelta(days=int(make.rng.integers(-2, 4)))
        promise = (make.one(PROMISES), due.isoformat(), owner)
    name = f"{make.one(words.FIRST)} {make.one(words.LAST)}"
    return Person(f"patient-{i + 1:04d}", "customer", name, owner, tuple(noted), birthday, promise)


def _life(make: _Maker, person: Person) -> None:
    """Visits about every half year for as long as the patience lasts."""
    party, rng = person.party, make.rng
    day = make.begin + timedelta(days=int(rng.integers(365 * YEARS - 5)))
    day += timedelta(days=_to_working_day(day))
    if make.chance(0.35):
        sender = f"partner-{int(rng.integers(len(words.PARTNERS))) + 1:02d}"
        make.say(sender, "client_referred", make.at(day - timedelta(days=6)), counterpart=party, actor="marta")
    make.say(party, "call", make.at(day - timedelta(days=4)), direction="in", channel="phone", actor=make.one(FRONT))
    returns = 0.72 + 0.1 * float(rng.standard_normal())
    while day < make.today:
        returns += _visit(make, person, day)
        if not make.chance(min(max(returns, 0.05), 0.97)):
            return
        day += timedelta(days=int(rng.normal(170, 40)) if make.chance(0.6) else int(rng.integers(7, 40)))
        day += timedelta(days=_to_working_day(day))
        make.say(party, "appointment_booked", make.at(day - timedelta(days=int(rng.integers(2, 20)))), channel="phone")


def _visit(make: _Maker, person: Person, day: date) -> float:
    """One visit with what follows from it; by how much the wish to come back changes."""
    party, at = person.party, make.at(day, 8, 17)
    what = str(make.rng.choice(["cleaning", "check_up", "filling", "extraction"], p=[0.4, 0.28, 0.18, 0.14]))
    change = 0.0
    if make.chance(0.15):
        make.say(party, "parked", at - HOUR_US // 4, minutes=int(make.rng.integers(20, 120)))
    waited = int(make.rng.exponential(9))
    make.say(party, "visit", at, kind=what, waited=waited, channel="in person", direction="in", actor=person.owner)
    if what == "extraction":
        make.say(party, "extraction", at + HOUR_US // 2, actor=person.owner)
        if make.chance(0.45):
            follow = at + int((1 + 1.6 * float(make.rng.random())) * DAY_US)
            body = make.one(words.FOLLOWED_UP).format(name=person.name.split()[0])
            make.say(party, "message", follow, direction="out", channel="sms", actor=person.owner, body=body)
            if make.chance(0.7):
                make.say(
                    party, "message", follow + HOUR_US, direction="in", channel="sms", body=make.one(words.THANKED)
                )
            change += CALL_EFFECT
    if waited > 30:
        change -= 0.1
        if make.chance(0.4):
            change += _complaint(make, person, day)
    if make.chance(0.3):
        change += _question(make, person, day)
    make.say(party, "invoice_sent", at + DAY_US, amount=int(make.rng.choice([40, 60, 90, 140, 320])), channel="mail")
    if make.chance(0.12):
        make.say(party, "review_left", at + 2 * DAY_US, rating=int(make.rng.choice([3, 4, 5, 5])), channel="web")
    if make.chance(0.02):
        make.say(party, "photo_shared", at + DAY_US, channel="web")
    return change


def _question(make: _Maker, person: Person, day: date) -> float:
    """They ask something; mostly somebody answers."""
    asked = make.at(day + timedelta(days=int(make.rng.integers(1, 5))), 8, 21)
    make.say(person.party, "message", asked, direction="in", channel="email", body=make.one(words.ASKED))
    if make.chance(0.2):
        return -0.1
    body = make.one(words.ANSWERED).format(phone="ext. 12")
    answer = asked + int(make.rng.exponential(5) * HOUR_US)
    make.say(person.party, "message", answer, direction="out", channel="email", actor=make.one(HANDS), body=body)
    return 0.05


def _complaint(make: _Maker, person: Person, day: date) -> float:
    """A complaint; most are heard, and who was heard well stays the more."""
    at = make.at(day + timedelta(days=1))
    make.say(person.party, "complaint", at, direction="in", channel="email", body=make.one(words.COMPLAINED))
    if make.chance(0.3) and (make.midnight - at) > 20 * DAY_US:
        return -0.3
    if (make.midnight - at) > 6 * DAY_US:
        make.say(person.party, "call", at + DAY_US // 2, direction="out", channel="phone", actor="ewa")
        make.say(person.party, "complaint_closed", at + 5 * DAY_US, actor="ewa")
    return 0.15


def _sore(make: _Maker, people: list[Person]) -> None:
    """Four extractions of the last days after which nobody has written yet."""
    seen = _last_visits(make.events)
    there = [person for person in people if person.party in seen]
    for i, days in enumerate((3, 3, 2, 1)):
        person, day = there[i * 7 % len(there)], make.today - timedelta(days=days)
        at = clock_us(day, 9.5 + i)
        make.say(person.party, "visit", at, kind="extraction", waited=4, channel="in person", direction="in")
        make.say(person.party, "extraction", at + HOUR_US // 2, actor=person.owner)


def _mass(make: _Maker, people: list[Person]) -> None:
    """Newsletters and recall letters: the same words for everybody."""
    first = {person.party: None for person in people if person.kind == "customer"}
    began = {event.party: event.at for event in reversed(make.events)}
    day = make.begin + timedelta(days=30)
    while day < make.today:
        at = clock_us(day, 10)
        for party in first:
            if began.get(party, make.midnight) < at:
                make.say(party, "newsletter", at, direction="out", channel="email", mass=True, body=words.NEWSLETTER)
        day += timedelta(days=NEWSLETTER_DAYS)
    lately = clock_us(make.today - timedelta(days=2), 10)
    for party in first:
        if began.get(party, make.midnight) < lately:
            make.say(party, "newsletter", lately, direction="out", channel="email", mass=True, body=words.LATELY,
                     subject=words.LATELY_SUBJECT)  # fmt: skip
    for party, event in _last_visits(make.events).items():
        due = event.at + 183 * DAY_US
        make.say(party, "recall_letter", due, direction="out", channel="mail", mass=True, body=words.RECALL)


def _own(make: _Maker, people: list[Person], rng: np.random.Generator) -> None:
    """Notes to one person each, some days after a visit of the last year, about what is known of them alone."""
    visits = {event.party: event for event in make.events
              if event.name == "visit" and event.at > make.midnight - 330 * DAY_US}  # fmt: skip
    there = [i for i, person in enumerate(people) if person.party in visits]
    for place, (about, note, answer) in zip(rng.permutation(there), words.OWN, strict=False):
        person, seen = people[place], visits[people[place].party].at
        detail: Noted = (about, "other", "anything", False, False, "said in the chair", person.owner, seen - HOUR_US)
        people[place] = replace(person, details=(*person.details, detail))
        at = seen + int(1 + 2 * rng.random()) * DAY_US + int(HOUR_US * rng.random())  # at about the hour of the visit
        signed = next(one.name for one in COLLEAGUES if one.id == person.owner)
        body = f"{note.format(name=person.name.split()[0])} {signed}"
        make.say(person.party, "message", at, direction="out", channel="email", actor=person.owner, body=body)
        if answer:
            back = at + int((2 + 20 * rng.random()) * HOUR_US)
            make.say(person.party, "message", back, direction="in", channel="email", body=answer)


def _last_visits(events: list[Event]) -> dict[str, Event]:
    return {event.party: event for event in sorted(events, key=lambda e: e.at) if event.name == "visit"}


def day_of(make: _Maker, made: Practice) -> list[Event]:
    """What the day brings: visits, calls, questions, a complaint, somebody's hundredth step, a partner's first patient.

    Ids go on from those of the history.
    """
    history, make.events = make.events, []
    make.midnight += DAY_US  # the day itself may be told
    patients = [person for person in made.people if person.kind == "customer"]
    known = _last_visits(history)
    there = [person for person in patients if person.party in known]
    for i in make.rng.permutation(len(there))[:26]:
        _visit(make, there[int(i)], made.today)
    for i in make.rng.permutation(len(there))[:12]:
        person = there[int(i)]
        asked = make.at(made.today, 8, 17)
        make.say(person.party, "message", asked, direction="in", channel="email", body=make.one(words.ASKED))
    lost = [p for p in there if known[p.party].at < clock_us(made.today - timedelta(days=420), 0)]
    for person in lost[:2]:
        make.say(person.party, "call", make.at(made.today, 9, 12), direction="in", channel="phone", actor="tom")
        _visit(make, person, made.today)
    angry = make.one(there)
    at = clock_us(made.today, 8.4)
    make.say(angry.party, "complaint", at, direction="in", channel="email", body=words.COMPLAINED[0])
    make.say("partner-09", "client_referred", clock_us(made.today, 8.9), counterpart="patient-9001", actor="marta")
    make.say("patient-9001", "call", clock_us(made.today, 9.2), direction="in", channel="phone", actor="marta")
    told = sorted((e for e in make.events if e.at >= clock_us(made.today, 0)), key=lambda event: event.at)
    made.people.append(Person("partner-09", "partner", "Dr Brook, general practice", "marta"))
    made.people.append(Person("patient-9001", "customer", "Hana Quist", "ines"))
    make.events = history
    return [_again(event, len(history) + i) for i, event in enumerate(told)]


def _again(event: Event, number: int) -> Event:
    return msgspec.structs.replace(event, id=f"practice:{number:06d}")


def _to_working_day(day: date) -> int:
    """Days until the practice is open: none from Monday to Friday."""
    return max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0
