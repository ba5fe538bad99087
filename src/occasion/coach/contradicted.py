"""Where a text contradicts what happened: it speaks to the dead, sells to mourners, demands what was paid."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from occasion.coach.cues import Found, named, turns_in
from occasion.coach.days import date_in, said_day
from occasion.coach.grief import grief, of_the_dead
from occasion.coach.languages import ENGLISH
from occasion.coach.reading import Draft, Known, Level, Span
from occasion.coach.timely import is_end
from occasion.events.event import Event
from occasion.people.permission import DAY_US

PAID_DAYS, ENDED_DAYS = 31, 92  # how long a payment, and the end of something, is fresh
_PAYS = re.compile(r"(?i)payment|paid")
_BILLS = re.compile(r"(?i)invoice|bill")


@dataclass(frozen=True)
class Said:
    """A finding: how good, why, the words it means and what would change it."""

    level: Level
    why: str
    spans: tuple[Span, ...] = ()
    changes: tuple[str, ...] = ()


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
    return Said("poor", "They have died, and it speaks to them as if they lived", tuple(remark.spans),
                ("they have died: nothing is sent in their name",))  # fmt: skip


def _mourning(draft: Draft, known: Known, aims: tuple[Found, ...]) -> Said | None:
    hard = named(aims, "demands", "sells")  # a word of sympathy before them changes nothing
    if not named(aims, "condoles"):
        hard = named(aims, "demands", "sells", "cheers", "announces", "reminds")
    fact = grief(draft, known) if hard else None
    if fact is None:
        return None
    return Said("poor", f"It {hard[0].why}, and they mourn ({fact})", tuple(one.span() for one in hard), (fact,))


def _paid(draft: Draft, known: Known, aims: tuple[Found, ...]) -> Said | None:
    demands = named(aims, "demands")
    paid, billed = _latest(known, _PAYS), _latest(known, _BILLS)
    if not demands or paid is None or (billed is not None and billed.at > paid.at):
        return None
    if draft.now_us - paid.at > PAID_DAYS * DAY_US:
        return None
    day = _day(paid, draft, known)
    return Said("poor", f"It demands what was paid on {day}", tuple(one.span() for one in demands),
                (f"on file: {paid.name} on {day}",))  # fmt: skip


def _ended(draft: Draft, known: Known, aims: tuple[Found, ...]) -> Said | None:
    cheers = named(aims, "cheers", "sells", "reminds")
    end = next((event for event in known.events if is_end(event)), None)
    if end is None or not cheers or draft.now_us - end.at > ENDED_DAYS * DAY_US:
        return None
    what, day = end.name.replace("_", " "), _day(end, draft, known)
    why, spans = f"It {cheers[0].why}, though {what} is on file since {day}", tuple(one.span() for one in cheers)
    return Said("poor", why, spans, (f"on file: {what} on {day}",))


def _latest(known: Known, name: re.Pattern[str]) -> Event | None:
    return next((event for event in known.events if name.search(event.name)), None)


def _day(event: Event, draft: Draft, known: Known) -> str:
    return said_day(date_in(event.at, known.zone), date_in(draft.now_us, known.zone))
