"""Once a day (or more often) the desk looks ahead: who is coming close to a moment, who is slipping past it.

    slipping   a window is open, at least half of it is over, and those who stood there reached it less often than not;
               or it was expected by now (the watcher says so). With the chance, and what helped others from there.
    coming     a window is open and little is missing or little time is left; or the date is certain (an anniversary);
               or a milestone lacks one step

Looking reads (`look`, off the writer's thread); what it found is written at once (`write`, in the writer's).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from occasion.desk.cards import kept_chance
from occasion.desk.certain import Date
from occasion.desk.courses import Window, courses, windows
from occasion.desk.dates import DAY_US, day_begin, local_date
from occasion.desk.occasions import Opened, new_row, open_one, window_length
from occasion.desk.owners import read_house
from occasion.desk.parts import Kind
from occasion.desk.ranking import stake
from occasion.desk.snapshot import EventsOf, shown
from occasion.estimate import Estimate
from occasion.events.event import Event, in_order
from occasion.forecast.alike import Course, chance, helped
from occasion.moments.calendar import FAR, add
from occasion.moments.catalogue import Catalogue, Moment
from occasion.moments.definition import Definition
from occasion.moments.live.program import Program
from occasion.moments.progress import Progress, progress
from occasion.people.parties import Party, parties_of
from occasion.store.occurrences import open_windows, per_text
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.watched import OCCURRENCES

O = OCCASIONS.c  # noqa: E741 - the columns, said often
HORIZON_DAYS = 30  # how far ahead certain dates are put on the desk
LEAD_DAYS = 3  # how many days before its date a certain moment is shown as something to do
STEP_DAYS = 14  # how long a milestone that lacks one step stays on the desk
NEAR = 0.7  # so much of what is needed is near
SOON_US = 3 * DAY_US
OPEN_WINDOWS = 5_000  # of a moment, the latest opened, are looked at
ON_DESK = ("open", "taken", "held")


@dataclass(frozen=True)
class Wanted:
    """An occasion that should be on the desk, or be brought up to date there."""

    moment: Moment
    party: str
    per: str
    kind: Kind
    about_us: int
    shown_us: int
    until_us: int
    facts: dict[str, Any]
    chance: float | None = None


@dataclass
class Looked:
    """What was found: what should be there, and whose windows of which moments were looked at."""

    wanted: list[Wanted] = field(default_factory=list)
    at: list[tuple[str, str, str]] = field(default_factory=list)  # moment, party, per
    moments: frozenset[str] = frozenset()  # the catalogue's


def look(
    connection: Connection,
    catalogue: Catalogue,
    *,
    now: int,
    zone: str,
    events_of: EventsOf,
    dates: Iterable[Date] = (),
) -> Looked:
    """Look at every open window and every certain date (`dates`, from certain.py). Reads only.

    It may take a while: a server rather looks at one moment after the other (`look_at`), each on a connection of its
    own, so that none stays in use for long.
    """
    found = Looked(moments=frozenset(moment.name for moment in catalogue.moments))
    for moment in catalogue.moments:
        look_at(connection, moment, found, now=now, zone=zone, events_of=events_of)
    look_at_dates(connection, catalogue, found, dates, now=now, zone=zone)
    return found


def look_at_dates(
    connection: Connection, catalogue: Catalogue, found: Looked, dates: Iterable[Date], *, now: int, zone: str
) -> None:
    """Add what is certain, or lacks one step."""
    moments = {moment.name: moment for moment in catalogue.moments}
    some = [one for one in dates if one.moment in moments]
    known = parties_of(connection, [one.party for one in some])
    for one in some:
        found.wanted.append(_date(moments[one.moment], one, known[one.party].zone or zone, now))


def look_at(connection: Connection, moment: Moment, found: Looked, *, now: int, zone: str, events_of: EventsOf) -> None:
    """Add what is slipping or coming of one moment: every window of it that is open."""
    length = window_length(moment.definition)
    if length is None:
        return
    since = now - (length.months * 31 * DAY_US if length.civil else length.us)
    opened = open_windows(connection, moment.name, since, OPEN_WINDOWS)
    before: list[Course] | None = None
    for one in opened:
        window = Window(one.party, per_text(one.per), one.at_us, add(one.at_us, length, zone))
        if not now < window.end < FAR:
            continue
        events = list(events_of(one.party))
        stands = standing(moment.definition, events, now, zone, window.per or None)
        if stands.state != "open" or stands.comes or stands.waits:
            continue
        if before is None:
            over = windows(connection, moment.name, length, zone, now=now)
            before = courses(connection, moment.definition, over, events_of, zone)
        found.at.append((moment.name, window.party, window.per))
        judged = judge(moment, window, stands, before, now)
        if judged is not None:
            found.wanted.append(judged)


def standing(definition: Definition, events: Iterable[Event], now: int, zone: str, per: str | None) -> Progress:
    """How far a party is with a definition as of an instant; `per` as text."""
    program = Program([definition], zone)
    row = program.blank()
    program.read(row, in_order(events, now))
    program.advance(row, now)
    return progress(program, row, 0, now, per)


def judge(moment: Moment, window: Window, stands: Progress, before: Sequence[Course], now: int) -> Wanted | None:
    """Whether an open window is slipping or coming near; None where it is neither, so far."""
    elapsed, length = now - window.opened, window.end - window.opened
    have, need = float(stands.have), float(stands.need)
    likely = chance(before, elapsed, have, need)
    unlikely = isinstance(likely, Estimate) and likely.value < 0.5
    late = expected_by(moment, window) <= now
    slips = late or (unlikely and 2 * elapsed >= length)
    near = have >= NEAR * need or window.end - now <= SOON_US
    if not slips and (unlikely or not near):
        return None
    facts: dict[str, Any] = {
        "have": _said(stands.have), "need": _said(stands.need), "as_of_us": now, "chance": kept_chance(likely),
        "why": "slipping" if late and not unlikely else "unlikely" if slips else "coming",
    }  # fmt: skip
    if slips:
        facts["helped"] = [
            ["helped.form", {"form": h.form, "n": h.reached, "of_n": h.of, "without": h.alone, "without_n": h.without}]
            for h in helped(before, elapsed, have, need)
        ]
    value = likely.value if isinstance(likely, Estimate) else None
    return Wanted(
        moment, window.party, window.per, "slipping" if slips else "coming", window.end, now, window.end, facts, value
    )


def expected_by(moment: Moment, window: Window) -> int:
    """By when the moment was expected, where its `expect` counts from what opens the window; else never."""
    expect = moment.expect
    if expect is None or expect.length.civil or expect.length.us >= window.end - window.opened:
        return FAR
    from occasion.moments.derived import opened

    anchor = opened(moment.definition)
    return window.opened + expect.length.us if anchor is not None and anchor.node == expect.anchor else FAR


def _said(amount: Any) -> str:
    return str(amount) if isinstance(amount, int) else shown(amount)


def _date(moment: Moment, one: Date, zone: str, now: int) -> Wanted:
    if one.need:
        facts: dict[str, Any] = {"why": "step", "have": str(one.need - 1), "need": str(one.need), "as_of_us": now}
        return Wanted(moment, one.party, one.per, "coming", one.at_us, now, now + STEP_DAYS * DAY_US, facts)
    day = local_date(one.at_us, zone)
    facts = {"why": "certain", "on_date": day.isoformat()}
    shown_us = day_begin(day - timedelta(days=LEAD_DAYS), zone)
    until_us = day_begin(day + timedelta(days=1), zone)
    return Wanted(moment, one.party, one.per, "coming", one.at_us, shown_us, until_us, facts)


def write(connection: Connection, looked: Looked, *, now: int) -> Opened:
    """Put what was found on the desk, bring up to date what is there, and take off what is no longer unlikely."""
    done = Opened()
    house = read_house(connection, now)
    known = parties_of(connection, [one.party for one in looked.wanted])
    over = _over_since(connection, [one.party for one in looked.wanted], now)
    kept: set[tuple[str, str, str]] = set()
    for one in looked.wanted:
        party = known[one.party]
        if party.kind != one.moment.who or party.deceased is not None or (one.moment.name, one.party, one.per) in over:
            continue
        kept.add((one.moment.name, one.party, one.per))
        _put(connection, one, party, house.owner(one.moment.owner, party.owner), now, done)
    for moment, who, per in looked.at:
        if (moment, who, per) not in kept:
            _better(connection, moment, who, per, now, done)
    if looked.moments:
        _gone(connection, looked.moments, now, done)
    return done


def in_pieces(looked: Looked, many: int) -> Iterator[Looked]:
    """What was found, to be written so many at a time, each piece in a transaction of its own."""
    rest = dict.fromkeys(looked.at)
    for begin in range(0, len(looked.wanted), many):
        some = looked.wanted[begin : begin + many]
        keys = dict.fromkeys((one.moment.name, one.party, one.per) for one in some)
        yield Looked(some, [key for key in keys if key in rest])
        for key in keys:
            rest.pop(key, None)
    left = list(rest)
    for begin in range(0, len(left), many):
        yield Looked([], left[begin : begin + many])
    yield Looked(moments=looked.moments)


def _over_since(connection: Connection, parties: Sequence[str], since: int) -> set[tuple[str, str, str]]:
    """Moment, party and per of what was reached or missed since it was looked at."""
    found: set[tuple[str, str, str]] = set()
    columns = (OCCURRENCES.c.moment, OCCURRENCES.c.party, OCCURRENCES.c.per)
    late = (OCCURRENCES.c.noticed_us > since, OCCURRENCES.c.role.in_(("reached", "missed")))
    for begin in range(0, len(parties), 500):
        some = OCCURRENCES.c.party.in_(parties[begin : begin + 500])
        rows = connection.execute(select(*columns).where(some, *late, OCCURRENCES.c.state == "holds"))
        found.update((row.moment, row.party, row.per) for row in rows)
    return found


def _gone(connection: Connection, moments: frozenset[str], now: int, done: Opened) -> None:
    """Nobody waits for a moment that is in the catalogue no more; what was reached of it stays to be seen to."""
    waiting = (O.kind.in_(("coming", "slipping")), O.state.in_(("open", "held")), O.moment.not_in(moments))
    for number in connection.execute(select(O.number).where(*waiting)).scalars().all():
        _take_off(connection, number, "reason.edited", now, done)


def _there(connection: Connection, moment: str, party: str, per: str) -> list[Any]:
    query = select(OCCASIONS).where(
        O.party == party, O.moment == moment, O.per == per, O.kind.in_(("coming", "slipping")), O.state.in_(ON_DESK)
    )
    return list(connection.execute(query).all())


def _put(connection: Connection, one: Wanted, party: Party, owner: str, now: int, done: Opened) -> None:  # noqa: PLR0917
    dated = "on_date" in one.facts
    there = [row for row in _there(connection, one.moment.name, one.party, one.per)
             if not dated or row.about_us == one.about_us]  # fmt: skip
    at_stake = stake(one.kind, one.moment.mark, one.chance)
    same = [row for row in there if row.kind == one.kind or row.state == "taken" or _expected(row)]
    for row in same:
        facts = {**row.facts, **one.facts}
        if _expected(row):
            facts["why"] = "slipping"
        values = {"facts": facts, "chance": one.chance, "stake": at_stake, "until_us": one.until_us}
        connection.execute(update(OCCASIONS).where(O.number == row.number).values(**values))
    if same:
        return
    for row in there:  # it was coming and now it slips, or it is no longer unlikely
        _take_off(connection, row.number, "reason.over" if row.kind == "coming" else "reason.better", now, done)
    number = open_one(
        connection,
        new_row(
            party=one.party, moment=one.moment.name, identity=one.moment.definition.identity, kind=one.kind,
            per=one.per, about_us=one.about_us, owner=owner, shown_us=max(one.shown_us, now) if not dated
            else one.shown_us, until_us=one.until_us, stake=at_stake, chance=one.chance,
            who=party.kind if party.known else one.moment.who, facts=one.facts, changed_us=now,
        ),
    )  # fmt: skip
    if number is not None:
        done.opened.append(number)


def _expected(row: Any) -> bool:
    """Whether it slips because it was expected by now: it does, whatever the chance."""
    return bool(row.kind == "slipping" and row.facts.get("why", "slipping") == "slipping")


def _better(  # noqa: PLR0917
    connection: Connection, moment: str, party: str, per: str, now: int, done: Opened
) -> None:
    """Nobody needs to see to what was unlikely and is no longer; what was expected by now still is."""
    for row in _there(connection, moment, party, per):
        if row.state == "open" and row.kind == "slipping" and row.facts.get("why") == "unlikely":
            _take_off(connection, row.number, "reason.better", now, done)


def _take_off(connection: Connection, number: int, reason: str, now: int, done: Opened) -> None:
    values = {"state": "retracted", "reason": reason, "changed_us": now}
    connection.execute(update(OCCASIONS).where(O.number == number).values(**values))
    done.closed.append(number)


__all__ = [
    "HORIZON_DAYS", "Looked", "Wanted", "in_pieces", "judge", "look", "look_at", "look_at_dates", "standing", "write",
]  # fmt: skip
