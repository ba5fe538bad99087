"""Where a text contradicts what happened: it speaks to the dead, sells to mourners, demands what was paid."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from occasion.coach.cues import Found, named, turns_in
from occasion.coach.days import date_in
from occasion.coach.grief import grief, of_the_dead
from occasion.coach.reading import Draft, Known, Level, Span
from occasion.coach.said import Day, Sentence, say
from occasion.coach.timely import is_end
from occasion.coach.tongues import ENGLISH
from occasion.events.event import Event
from occasion.people.permission import DAY_US

PAID_DAYS, ENDED_DAYS = 31, 92  # how long a payment, and the end of something, is fresh
_PAYS = re.compile(r"(?i)payment|paid")
_BILLS = re.compile(r"(?i)invoice|bill")


@dataclass(frozen=True)
class Said:
    """A finding: how good, why, the words it means and what would change it."""

    level: Level
    why: Sentence
    spans: tuple[Span, ...] = ()
    changes: tuple[Sentence, ...] = ()


def aims_of(text: str) -> tuple[Found, ...]:
    """What a text is after, in the order of the text: the families of `aims`, and what closes a matter."""
    found = [*turns_in(text, "aims", ENGLISH)]
    found += [replace(one, name="closes") for one in named(turns_in(text, "two_way", ENGLISH), "closing")]
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def contradiction(draft: Draft, known: Known, aims: tuple[Found, ...]) -> Said | None:
    """The gravest thing on file that the text contradicts; None where it contradicts nothing."""
    checks = (_dead, _mourning, _paid, _ended)
    return next((found for check in checks if (found := check(draft, known, aims)) is not None), None)


def _dead(draft: Draft, known: Known, _: tuple[Found, ...]) -> Said | None:
    remark = next(iter(of_the_dead(draft, known)), None)
    if remark is None:
        return None
    return Said("poor", say("against.dead"), tuple(remark.spans), (say("against.nothing_sent"),))  # fmt: skip


def _mourning(draft: Draft, known: Known, aims: tuple[Found, ...]) -> Said | None:
    hard = named(aims, "demands", "sells")  # a word of sympathy before them changes nothing
    if not named(aims, "condoles"):
        hard = named(aims, "demands", "sells", "cheers", "announces", "reminds")
    fact = grief(draft, known) if hard else None
    if fact is None:
        return None
    return Said(
        "poor", say("against.mourning", what=hard[0].why, fact=fact), tuple(one.span() for one in hard), (fact,)
    )


def _paid(draft: Draft, known: Known, aims: tuple[Found, ...]) -> Said | None:
    demands = named(aims, "demands")
    paid, billed = _latest(known, _PAYS), _latest(known, _BILLS)
    if not demands or paid is None or (billed is not None and billed.at > paid.at):
        return None
    if draft.now_us - paid.at > PAID_DAYS * DAY_US:
        return None
    day = _day(paid, draft, known)
    return Said("poor", say("against.paid", day=day), tuple(one.span() for one in demands),
                (say("against.on_file_on", what=paid.name, day=day),))  # fmt: skip


def _ended(draft: Draft, known: Known, aims: tuple[Found, ...]) -> Said | None:
    cheers = named(aims, "cheers", "sells", "reminds")
    end = next((event for event in known.events if is_end(event)), None)
    if end is None or not cheers or draft.now_us - end.at > ENDED_DAYS * DAY_US:
        return None
    what, day = end.name.replace("_", " "), _day(end, draft, known)
    why = say("against.ended", what=cheers[0].why, end=what, day=day)
    changes = (say("against.on_file_on", what=what, day=day),)
    return Said("poor", why, tuple(one.span() for one in cheers), changes)


def _latest(known: Known, name: re.Pattern[str]) -> Event | None:
    return next((event for event in known.events if name.search(event.name)), None)


def _day(event: Event, draft: Draft, known: Known) -> Day:
    return Day(date_in(event.at, known.zone), date_in(draft.now_us, known.zone))
