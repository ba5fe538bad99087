"""What a text can be about besides a question, and whether it is in time for it: the rubric's table.

    done         something done for or to them: from the next part of the day to 5 days after, up to 21, later
    ahead        a day known ahead: within 5 days either side, 6 to 21, further
    beginning    day 2 to 21; day 0, 1 or 22 to 60; later
    round        a round number: within 7 days, within 30, further
    renewal      90 to 14 days before; 13 to 3 or up to 180; nearer or further

Days are calendar days in the party's zone. What an event is, its name says; of a name that says nothing it is something
done if a colleague did it or it has a place or a channel where people meet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from occasion.coach.days import Days, date_in, days_named, hour_in
from occasion.coach.facts import happened
from occasion.coach.reading import Known, Level
from occasion.coach.said import Day, Sentence, say
from occasion.events.event import Event

MatterKind = Literal["done", "ahead", "beginning", "round", "renewal"]
NEWEST = 200  # events looked at
SOON_HOURS = 2  # so soon after it nobody knows how it went
_BEGINS = re.compile(
    r"(?:^|_)(?:moved?_?in|move_in|completed|completion|bought|purchased?|first(?:_\w+)?|\w+_first|signed_?up|signup|registered|"
    r"joined|activated|onboarded|started|opened_account|contract_signed|welcomed)$"
)
_ROUND = re.compile(r"anniversar|milestone|birthday|jubilee|hundredth|thousandth")
_RENEWS = re.compile(r"renew|expir|contract_end|lease_end|end_of_contract|term_end")
_ENDS = re.compile(
    r"(?:^|_)(?:cancell?\w*|notice|terminat\w*|churn\w*|fell_through|withdrawn|left|moved_out|unsubscribed)$"
)
_DONE = re.compile(
    r"visit|repair|viewing|incident|training|treat|survey|valuation|inspection|outage|extraction|appointment|consult|"
    r"deliver|service|install|session|meeting|demo|referral|onboarding|check.?up|cleaning|operation|lesson|stay|dinner|released|"
    r"client_sent|fix|exchange|handover|completed|completion|arriv|fitted|procedure|class|workshop|event"
)
_NOT_DONE = re.compile(r"login|page|view(?:ed)?$|newsletter|payment|paid|invoice|bill|message|mail|open(?:ed)?$|click|"
                       r"download|published|plan_|usage$|call$|search|scheduled|booked|planned|cancel")  # fmt: skip
_MEETS = frozenset({"in person", "in_person", "video", "on site", "phone call", "visit"})
_ROUND_COUNTS = frozenset({50, 100, 200, 250, 500, 1000, 2000, 2500, 5000, 10000, 100000, 1000000})


@dataclass(frozen=True)
class Matter:
    """Something a text may be about. `days`: since it, negative for what lies ahead; `level`: by the table; `source`:
    its fact's; `words`: what it is called."""

    kind: MatterKind
    words: str
    level: Level
    days: int
    said: Sentence
    source: str

    @property
    def late(self) -> bool:
        """Whether its time is over."""
        return self.days > 0


def matters_of(known: Known, now_us: int) -> list[Matter]:
    """Everything on file that a text could be in time or out of time for, newest first."""
    today = date_in(now_us, known.zone)
    return [*_from_events(known, now_us, today), *_from_details(known, today), *_from_promises(known, today)]


def is_end(event: Event) -> bool:
    """Whether it ends something: notice, a cancellation, a purchase that fell through."""
    return event.direction != "out" and _ENDS.search(_name(event)) is not None


def _name(event: Event) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", event.name).lower()).strip("_")


def _from_events(known: Known, now_us: int, today: date) -> Iterator[Matter]:
    for event in known.events[:NEWEST]:
        if event.mass:
            continue
        day, name = date_in(event.at, known.zone), _name(event)
        days, words, source = (today - day).days, happened(event) or event.name, f"event:{event.id}"
        what = say("matter.happened", text=words, day=Day(day, today))
        if _ROUND.search(name) or _is_round(event):
            yield Matter("round", words, by_table(days, (7, 30)), days, what, source)
        if _BEGINS.search(name):
            yield Matter("beginning", words, _beginning(days), days, what, source)
        elif is_done(event):
            yield Matter("done", words, _done(event, now_us, known.zone, days), days, what, source)
        for key, value in event.properties.items():
            if isinstance(value, str) and (ends := _date(value)) is not None:
                yield _dated(event, key, (today - ends).days, Day(ends, today), source)


def is_done(event: Event) -> bool:
    """Whether it is something done for or to them.

    >>> def one(name, **more): return Event(party="p", name=name, at=0, id="1", seen=0, **more)
    >>> happened = one("repair"), one("login"), one("kontrola", actor="Ewa"), one("message", body="Hi")
    >>> [is_done(event) for event in happened]
    [True, False, True, False]
    """
    name = _name(event)
    if (event.body and event.direction == "out") or event.name == "message":
        return False
    if _NOT_DONE.search(name) and not name.startswith(("viewing", "visit")):
        return False
    if _DONE.search(name):
        return True
    return not event.body and (event.actor is not None or (event.channel or "").lower() in _MEETS)


def _is_round(event: Event) -> bool:
    for key, value in event.properties.items():
        counts = key in ("count", "number", "years", "visits", "orders", "plans", "total")
        if counts and isinstance(value, Decimal) and value == int(value) and int(value) in _ROUND_COUNTS:
            return True
    return False


def _date(value: str) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if re.match(r"\d{4}-\d{2}-\d{2}", value) else None
    except ValueError:
        return None


def _dated(event: Event, key: str, days: int, day: Day, source: str) -> Matter:
    """What a property of an event dates: the end of a contract, or a day known ahead."""
    renews = (
        _RENEWS.search(_name(event))
        or _RENEWS.search(key)
        or event.properties.get("subject") == "renewal"
        or key == "ends"
    )
    words, said = f"{happened(event) or event.name} {key}", say("matter.dated", what=key, day=day)
    if renews:
        return Matter("renewal", words, renewal(-days), days, said, source)
    return Matter("ahead", words, by_table(days, (5, 21)), days, said, source)


def _from_details(known: Known, today: date) -> Iterator[Matter]:
    for detail in known.details:
        noted = date_in(detail.noted_us, known.zone)
        named = [*days_named(detail.text, noted), *_partial(detail.on_date, today)]
        for days in named:
            away = days.away(today)
            said = say("matter.detail", text=detail.text, day=Day(days.first, today))
            yield Matter("ahead", detail.text, by_table(away, (5, 21)), -away, said, f"detail:{detail.number}")


def _partial(on_date: str | None, today: date) -> Iterator[Days]:
    """A detail's date, of one that comes every year the nearest."""
    from occasion.people.partial import read_partial

    if not on_date:
        return
    written = read_partial(on_date)
    spans = [written.next(date.fromordinal(today.toordinal() - back)) for back in (30, 0)]
    found = [Days(span.first, span.last) for span in spans if span is not None]
    if found:
        yield min(found, key=lambda days: abs(days.away(today)))


def _from_promises(known: Known, today: date) -> Iterator[Matter]:
    for promise in known.promises:
        if promise.open:
            days = (today - date.fromisoformat(promise.due)).days
            yield Matter("ahead", promise.text, by_table(days, (5, 21)), days, say("matter.promise", text=promise.text),
                         f"promise:{promise.number}")  # fmt: skip


def by_table(days: int, most: tuple[int, int]) -> Level:
    """Good within the first number of days either side, mixed within the second, poor beyond."""
    return "good" if abs(days) <= most[0] else "mixed" if abs(days) <= most[1] else "poor"


def _done(event: Event, now_us: int, zone: str, days: int) -> Level:
    soon = days == 0 and hour_in(now_us, zone) - hour_in(event.at, zone) <= SOON_HOURS
    return "mixed" if soon else by_table(days, (5, 21))


def _beginning(days: int) -> Level:
    return "good" if 2 <= days <= 21 else "mixed" if days <= 60 else "poor"


def renewal(days_before: int) -> Level:
    """Of a renewal so many days ahead."""
    if 14 <= days_before <= 90:
        return "good"
    return "mixed" if 3 <= days_before <= 180 else "poor"
