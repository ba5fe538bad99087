"""The verbs: what a person does about an occasion. Each is one change, on the audit with who did it.

    from            verb        to
    open, held      take        taken          by one person; the second is told who has it
    taken, held     release     open           back onto the desk
    open, taken, held   hold    held           until an instant, with a reason; then it is back
    open, taken, held   skip    skipped        with a reason
    open, taken, held   hand_over   open       to another colleague or team, with a reason
    open, taken, held   done    done           with what happened: a gesture, which is an event of the log too

What somebody else has taken is theirs: only a hand-over by whoever may lead (the caller sees to rights) takes it away.
Every verb raises InputError in one line when it cannot be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, insert, select, update

from occasion.desk.dates import DAY_US, day_begin, local_text
from occasion.desk.occasions import new_row, open_one
from occasion.desk.owners import read_house
from occasion.desk.parts import FORMS
from occasion.desk.ranking import stake
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.people import details, promises
from occasion.people.parties import party_of
from occasion.store import audit
from occasion.store.arrived import Arrived, identity
from occasion.store.schema.desk import GESTURES, OCCASIONS

O = OCCASIONS.c  # noqa: E741 - the columns, said often
SOURCE = "desk"  # of the events that gestures are
ON_DESK = ("open", "taken", "held")
IN_PERSON = ("call", "visit")
LONGEST = 2000  # characters of what happened
ONE_LINE = 300  # of an answer or a reason
YEAR_US = 366 * DAY_US
Append = Callable[[Arrived], object]


def take(connection: Connection, number: int, *, now: int, by: str) -> None:
    """It is mine now. Taken twice by the same person it stays theirs."""
    row = _row(connection, number)
    if row.state == "taken" and row.taken_by == by:
        return
    _must(row, number, ON_DESK, "taken")
    free = (O.state.in_(("open", "held")), O.taken_by.is_(None))
    if not _change(
        connection, number, *free, state="taken", taken_by=by, held_until_us=None, reason="", changed_us=now
    ):
        raise InputError(_theirs(connection, _row(connection, number), number, now))
    _note(connection, now, by, "occasion taken", row)


def release(connection: Connection, number: int, *, now: int, by: str) -> None:
    """Back onto the desk, for anybody it belongs to."""
    row = _mine(connection, number, by, now)
    _must(row, number, ("taken", "held"), "released")
    _change(connection, number, state="open", taken_by=None, held_until_us=None, reason="", changed_us=now)
    _note(connection, now, by, "occasion released", row)


def hold(connection: Connection, number: int, until_us: int, reason: str, *, now: int, by: str) -> None:
    """Not now: it is back at an instant (UTC microseconds). It keeps a day from then on where its time ends before."""
    row = _mine(connection, number, by, now)
    _must(row, number, ON_DESK, "held")
    if not now < until_us <= now + YEAR_US:
        raise InputError(f"occasion {number}: cannot be held until then; name a day after today, within a year")
    values = {"until_us": max(row.until_us, until_us + DAY_US), "taken_by": None, "held_until_us": until_us}
    _change(connection, number, state="held", reason=_line(reason, "a reason"), changed_us=now, **values)
    _note(connection, now, by, "occasion held", row, until_us=until_us)


def skip(connection: Connection, number: int, reason: str, *, now: int, by: str) -> None:
    """Nothing will be done about it, for a reason."""
    row = _mine(connection, number, by, now)
    _must(row, number, ON_DESK, "skipped")
    _change(connection, number, state="skipped", reason=_line(reason, "a reason"), held_until_us=None, changed_us=now)
    _note(connection, now, by, "occasion skipped", row)


def hand_over(
    connection: Connection, number: int, to: str, reason: str, *, now: int, by: str, lead: bool = False
) -> None:
    """To another colleague or team who has it from now on. `lead`: also what somebody else has taken."""
    row = _row(connection, number) if lead else _mine(connection, number, by, now)
    _must(row, number, ON_DESK, "handed over")
    house = read_house(connection, now)
    if to not in house.here and not house.people(to):
        here = ", ".join(sorted({*house.here, *(team for team in house.teams if house.people(team))}))
        raise InputError(f"occasion {number}: {to[:60]!r} is nobody who is here; hand it over to one of {here}")
    values = {"taken_by": None, "held_until_us": None, "until_us": max(row.until_us, now + DAY_US)}
    _change(connection, number, state="open", owner=to, reason=_line(reason, "a reason"), changed_us=now, **values)
    _note(connection, now, by, "occasion handed over", row, to=to)


def done(connection: Connection, number: int, form: str, text: str, *, now: int, by: str, append: Append) -> int:
    """It is done, and this is what happened; the gesture's number.

    `form`: call, note, film, gift, visit or nothing; a hand-over after somebody left is done in person: by a call or a
    visit. `append` stores the gesture's event in the log; it is called last, and a second time changes nothing.
    """
    row = _mine(connection, number, by, now)
    _must(row, number, ON_DESK, "done")
    _check_form(connection, row, form)
    if row.kind == "handover" and form not in IN_PERSON:
        raise InputError(f"occasion {number}: is handed over in person; done by {' or '.join(IN_PERSON)}, not {form!r}")
    said = _text(text, form)
    _change(connection, number, state="done", taken_by=by, held_until_us=None, reason="", changed_us=now)
    promise = row.facts.get("promise")
    if promise is not None and promises.get(connection, promise).open:
        promises.keep(connection, promise, now=now, by=by)
    gesture = _gesture(connection, row.party, form, said, now=now, by=by, occasion=row)
    _note(connection, now, by, "occasion done", row, form=form)
    append(arrived(gesture, row.party, form, said, now, by, row.moment, number))
    return gesture


def gesture(connection: Connection, party: str, form: str, text: str, *, now: int, by: str, append: Append) -> int:
    """Something was done for a party without an occasion; the gesture's number."""
    _check_form(connection, None, form, party)
    said = _text(text, form)
    number = _gesture(connection, party, form, said, now=now, by=by)
    audit.note(connection, now, by, "gesture made", f"party:{party}", {"form": form})
    append(arrived(number, party, form, said, now, by))
    return number


def answer(connection: Connection, number: int, text: str, *, now: int, by: str) -> None:
    """The loyalty question's answer, one line; it stands on the party's timeline. A later one takes its place."""
    row = _row(connection, number)
    if row.state == "retracted":
        raise InputError(f"occasion {number}: was taken back, nothing can be answered any more")
    facts = {**row.facts, "answered_us": now, "answered_by": by}
    at = now if row.state in ON_DESK else row.changed_us  # when it was done stays when it was done
    _change(connection, number, answer=_line(text, "the answer"), facts=facts, changed_us=at)
    _note(connection, now, by, "loyalty question answered", row)


def note_detail(connection: Connection, party: str, text: str, *, now: int, by: str, source: str, **fields: Any) -> int:
    """Remember a fact about a party (see people.details.note); its number."""
    number = details.note(connection, party, text, now=now, by=by, source=source, **fields)
    audit.note(connection, now, by, "detail noted", f"party:{party}", {"detail": number})
    return number


def make_promise(connection: Connection, party: str, text: str, due: str, *, now: int, by: str, zone: str) -> int:
    """A promise with a day; it is on the desk of whoever made it from that day on. The promise's number.

    `zone`: the workspace's, for a party that has stated none.
    """
    number = promises.make(connection, party, text, due, now=now, by=by)
    open_promise(connection, promises.get(connection, number), now=now, zone=zone)
    audit.note(connection, now, by, "promise made", f"party:{party}", {"promise": number})
    return number


def keep_promise(connection: Connection, number: int, *, now: int, by: str) -> None:
    """It was kept; its occasion is done."""
    promise = promises.keep(connection, number, now=now, by=by)
    _close_promise(connection, number, "done", "", now=now, by=by)
    audit.note(connection, now, by, "promise kept", f"party:{promise.party}", {"promise": number})


def drop_promise(connection: Connection, number: int, why: str, *, now: int, by: str) -> None:
    """It will not be kept, for a reason; its occasion is skipped."""
    promise = promises.drop(connection, number, why, now=now)
    _close_promise(connection, number, "skipped", _line(why, "a reason"), now=now, by=by)
    audit.note(connection, now, by, "promise dropped", f"party:{promise.party}", {"promise": number})


def open_promise(connection: Connection, promise: promises.Promise, *, now: int, zone: str) -> int | None:
    """The occasion of a promise: from the day it is due for, until it is kept."""
    from datetime import date, timedelta

    party = party_of(connection, promise.party)
    day = date.fromisoformat(promise.due)
    begin, end = (day_begin(day + timedelta(days=n), party.zone or zone) for n in (0, 1))
    house = read_house(connection, now)
    owner = promise.made_by if promise.made_by in house.here else party.owner or promise.made_by
    facts = {"promise": promise.number, "text": promise.text, "on_date": promise.due}
    return open_one(
        connection,
        new_row(
            party=promise.party, moment="promise", identity=f"promise:{promise.number}", kind="promise",
            about_us=begin, owner=owner, shown_us=begin, until_us=end, stake=stake("promise"), who=party.kind,
            facts=facts, changed_us=now,
        ),
    )  # fmt: skip


def arrived(  # noqa: PLR0917
    number: int, party: str, form: str, text: str, at: int, by: str, moment: str = "", occasion: int | None = None
) -> Arrived:
    """The event of a gesture, ready for the log: named `gesture`, from us to them."""
    properties: dict[str, Any] = {"form": form}
    if moment:
        properties["moment"] = moment
    if occasion is not None:
        properties["occasion"] = str(occasion)
    message = f"gesture-{number}"
    event = Event(
        party=party, name="gesture", at=at, seen=at, id=identity(SOURCE, message), properties=properties,
        channel=CHANNELS.get(form), direction=None if form == "nothing" else "out", actor=by, body=text or None,
    )  # fmt: skip
    return Arrived(SOURCE, message, event=event)


CHANNELS = {"call": "phone", "note": "note", "film": "film", "gift": "gift", "visit": "visit"}


def unlogged(connection: Connection, since_us: int) -> list[Arrived]:
    """The events of all gestures since an instant, for the log to take again after a start: it knows those it has."""
    query = select(GESTURES, O.moment).outerjoin(OCCASIONS, O.number == GESTURES.c.occasion)
    return [
        arrived(row.number, row.party, row.form, row.text, row.at_us, row.colleague, row.moment or "", row.occasion)
        for row in connection.execute(query.where(GESTURES.c.at_us >= since_us).order_by(GESTURES.c.number))
    ]


def _gesture(
    connection: Connection, party: str, form: str, text: str, *, now: int, by: str, occasion: Any = None
) -> int:
    row = {"party": party, "colleague": by, "form": form, "text": text, "at_us": now, "event": None,
           "occasion": None if occasion is None else occasion.number}  # fmt: skip
    number = int(connection.execute(insert(GESTURES).values(**row).returning(GESTURES.c.number)).scalar_one())
    event = identity(SOURCE, f"gesture-{number}")
    connection.execute(update(GESTURES).where(GESTURES.c.number == number).values(event=event))
    return number


def _close_promise(connection: Connection, number: int, state: str, reason: str, *, now: int, by: str) -> None:
    here = (O.identity == f"promise:{number}", O.kind == "promise", O.state.in_(ON_DESK))
    values = {"state": state, "reason": reason, "taken_by": by, "changed_us": now}
    connection.execute(update(OCCASIONS).where(*here).values(**values))


def _row(connection: Connection, number: int) -> Any:
    row = connection.execute(select(OCCASIONS).where(O.number == number)).first()
    if row is None:
        raise InputError(f"occasion {number}: there is none with this number; the desk lists those there are")
    return row


def _mine(connection: Connection, number: int, by: str, now: int) -> Any:
    """The row, if nobody else has taken it."""
    row = _row(connection, number)
    if row.state == "taken" and row.taken_by != by:
        raise InputError(_theirs(connection, row, number, now))
    return row


def _theirs(connection: Connection, row: Any, number: int, now: int) -> str:
    name = read_house(connection, now).name(row.taken_by or row.owner)
    at = local_text(row.changed_us, "UTC")
    return f"occasion {number}: {name} has taken it (since {at} UTC); ask them to release it or hand it over"


def _must(row: Any, number: int, states: tuple[str, ...], verb: str) -> None:
    if row.state not in states:
        raise InputError(f"occasion {number}: is {row.state}, so it cannot be {verb}; that needs {' or '.join(states)}")


def _change(connection: Connection, number: int, *where: Any, **values: Any) -> int:
    """How many rows it changed: the conditions are looked at by the database, so that of two at once one succeeds."""
    return connection.execute(update(OCCASIONS).where(O.number == number, *where).values(**values)).rowcount


def _check_form(connection: Connection, row: Any, form: str, party: str = "") -> None:
    if form not in FORMS:
        raise InputError(f"form {form[:40]!r}: is none; what happened was one of {', '.join(FORMS)}")
    if form != "nothing" and party_of(connection, row.party if row is not None else party).deceased is not None:
        raise InputError("they have died, so nothing is done for them any more; skip it, with a reason")


def _text(text: str, form: str) -> str:
    said = text.strip()
    if len(said) > LONGEST or (not said and form != "nothing"):
        raise InputError(f"what happened has {len(said)} characters; write from 1 to {LONGEST}")
    return said


def _line(text: str, what: str) -> str:
    said = " ".join(text.split())
    if not 0 < len(said) <= ONE_LINE:
        raise InputError(f"{what} has {len(said)} characters; write one line of 1 to {ONE_LINE}")
    return said


def _note(connection: Connection, now: int, by: str, action: str, row: Any, **facts: int | str) -> None:
    audit.note(
        connection, now, by, action, f"occasion:{row.number}", {"kind": row.kind, "moment": row.moment[:200], **facts}
    )
