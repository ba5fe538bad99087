"""Today, one occasion, and what a person does about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from sqlalchemy import Connection, select

from occasion.desk import actions
from occasion.desk.cards import Ground
from occasion.desk.coaching import coach_page
from occasion.desk.dates import day_begin
from occasion.desk.owners import read_house
from occasion.desk.pages_coach import CoachPage
from occasion.desk.parts import Card
from occasion.desk.today import today
from occasion.errors import InputError
from occasion.service.errors import Refuse
from occasion.service.login import safe_next
from occasion.service.out.proposals import settle
from occasion.service.pages.forms import Sent, change, without_secrets
from occasion.service.pages.frame import Frame, back_to, frame, part_of_day, with_trouble
from occasion.service.touching import touching, turned_beside
from occasion.store.arrived import Arrived
from occasion.store.schema.desk import OCCASIONS

router = APIRouter(include_in_schema=False)
Framed = Annotated[Frame, Depends(frame)]
Act = Callable[[Connection, list[Arrived]], Any]


@router.get("/")
def today_page(frame: Framed, whose: str = "") -> Response:
    """What can be done today, with yesterday and tomorrow beside it."""
    service, viewer = frame.service, frame.viewer
    with service.engine.connect() as connection:
        page = today(
            connection,
            viewer,
            frame.now_us,
            catalogue=service.watching.catalogue(),
            zone=service.workspace.zone,
            recent=service.log.of,
            rules=service.rules,
            whose=whose,
            sends=touching(service).few(frame.now_us) if viewer.sees_names else (),
        )
        may_look = () if viewer.role in ("colleague", "analyst") else ("own", "team" if viewer.teams else "all")
        shell = frame.shell("today", connection, may_look=may_look)
    reader = frame.reader()
    greeting = part_of_day(reader.local(frame.now_us))
    return frame.page("today.html", page, shell, part_of_day=greeting)


@router.get("/occasions/{occasion}")
def occasion_page(frame: Framed, occasion: str) -> Response:
    """One occasion with everything about it."""
    with frame.service.engine.connect() as connection:
        page = card_of(frame, connection, occasion)
        shell = frame.shell("today", connection)
        coach = coach_beside(frame, connection, page)
        turned = turned_beside(frame.service, connection, page, frame.now_us)
    return frame.page("occasion.html", page, shell, coach=coach, turned=turned)


@router.post("/occasions/{occasion}/{verb}")
def act(frame: Framed, occasion: str, verb: str, fields: Sent) -> Response:
    """A verb of the desk, then back to where it was said."""
    number = number_of(occasion)
    try:
        change(frame, prepared(frame, verb, number, fields), "occasions", f"party:{party_of(frame, number)}", "audit")
    except InputError as why:
        if frame.partial:
            return frame.refused(str(why))
        with frame.service.engine.connect() as connection:
            page = card_of(frame, connection, occasion)
            shell = frame.shell("today", connection, path=f"/occasions/{number}")
            coach = coach_beside(frame, connection, page)
        shell = with_trouble(shell, f"{verb}-{number}", str(why), without_secrets(fields))
        return frame.page("occasion.html", page, shell, status=422, coach=coach)
    return back_to(safe_next(fields.get("back", "/")), verb)


def prepared(frame: Frame, verb: str, number: int, fields: dict[str, str]) -> Act:
    """The change a verb means. Raises InputError for a field that cannot be read."""
    now, by = frame.now_us, frame.viewer.id
    text, reason = fields.get("text", ""), fields.get("reason", "")
    lead = frame.viewer.role in ("manager", "admin")

    def done(connection: Connection, events: list[Arrived]) -> None:
        if fields.get("answer", "").strip():
            actions.answer(connection, number, fields["answer"], now=now, by=by)
        actions.done(connection, number, fields.get("made", ""), text, now=now, by=by, append=events.append)

    def taken_up(connection: Connection, _: list[Arrived]) -> None:
        settle(connection, number_of(fields.get("proposal", "")), "taken", by=by, now=now, occasion=number)
        actions.take(connection, number, now=now, by=by)

    def declined(connection: Connection, _: list[Arrived]) -> None:
        settle(connection, number_of(fields.get("proposal", "")), "declined", by=by, now=now, occasion=number)

    until = day_of(frame, fields.get("until", "")) if verb == "hold" else 0
    known: dict[str, Act] = {
        "take": lambda c, _: actions.take(c, number, now=now, by=by),
        "release": lambda c, _: actions.release(c, number, now=now, by=by),
        "hold": lambda c, _: actions.hold(c, number, until, reason, now=now, by=by),
        "skip": lambda c, _: actions.skip(c, number, reason, now=now, by=by),
        "hand_over": lambda c, _: actions.hand_over(c, number, fields.get("to", ""), reason, now=now, by=by, lead=lead),
        "done": done,
        "answer": lambda c, _: actions.answer(c, number, fields.get("answer", ""), now=now, by=by),
        "take_up": taken_up,
        "decline": declined,
    }
    if verb not in known:
        raise Refuse(404, "not_found", f"{verb[:40]!r} is nothing one can do; there is {', '.join(known)}")
    return known[verb]


def day_of(frame: Frame, text: str) -> int:
    """The first instant of a day as a date field sends it, in the viewer's zone."""
    try:
        return day_begin(date.fromisoformat(text), frame.zone)
    except ValueError:
        raise InputError(f"the day {text[:20]!r} is none; choose one, such as 2026-05-12") from None


def number_of(occasion: str) -> int:
    """An occasion's number as an address has it."""
    if not occasion.isascii() or not occasion.isdigit() or len(occasion) > 18:
        raise Refuse(404, "not_found", "there is nothing here, or it is somebody else's; search for the name")
    return int(occasion)


def party_of(frame: Frame, number: int) -> str:
    """Who an occasion is about; "" where there is none with this number."""
    with frame.service.engine.connect() as connection:
        return str(connection.execute(select(OCCASIONS.c.party).where(OCCASIONS.c.number == number)).scalar() or "")


def card_of(frame: Frame, connection: Connection, occasion: str) -> Card:
    """The occasion in full. Answers 404 where there is none."""
    row = connection.execute(select(OCCASIONS).where(OCCASIONS.c.number == number_of(occasion))).first()
    if row is None:
        raise Refuse(404, "not_found", "there is nothing here, or it is somebody else's; search for the name")
    return ground_of(frame, connection).cards([row]).card(row)


def coach_beside(frame: Frame, connection: Connection, card: Card) -> CoachPage | None:
    """The form of the coach beside an occasion that something may still be done about."""
    if "done" not in card.may:
        return None
    return coach_page(
        ground_of(frame, connection), frame.zone, card.party.party, occasion=card.number, **frame.of_coach
    )


def ground_of(frame: Frame, connection: Connection) -> Ground:
    """What cards are read with."""
    service = frame.service
    return Ground(
        connection,
        frame.viewer,
        frame.now_us,
        service.workspace.zone,
        service.watching.catalogue(),
        read_house(connection, frame.now_us),
        service.rules,
        service.log.of,
    )
