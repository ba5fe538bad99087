"""Touch or moment: how messages turned out, and what could be added to what went to many."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from occasion.desk.expand import Send, decline, sends, take_up
from occasion.desk.owners import read_house
from occasion.desk.touches_page import touches_page
from occasion.errors import InputError
from occasion.service.errors import Refuse
from occasion.service.login import safe_next
from occasion.service.pages.forms import Sent, change
from occasion.service.pages.frame import Frame, back_to
from occasion.service.pages.today import Framed, ground_of
from occasion.service.touching import texts_of, touching

router = APIRouter(include_in_schema=False)
PATH = "/touches"


@router.get(PATH)
def show(frame: Framed) -> Response:
    """The sums this viewer may see, and the few of each send."""
    return shown(frame)


@router.post(PATH)
def settle(frame: Framed, fields: Sent) -> Response:
    """A proposal is taken up: it is an occasion of the viewer's then; or declined, with a reason."""
    now, by, party = frame.now_us, frame.viewer.id, fields.get("party", "")
    declined, reason = fields.get("do") == "decline", fields.get("reason", "")
    with frame.service.engine.connect() as connection:
        send = next((one for one in proposed(frame, connection) if one.key == fields.get("send")), None)
        try:
            if send is None:
                raise InputError("nothing is proposed any more for what went out then: look at the page again")
            if declined:
                change(frame, lambda c, _: decline(c, send, party, reason, now=now, by=by), "occasions", "audit")
                return back_to(safe_next(fields.get("back", PATH)), "decline")
            number = change(frame, lambda c, _: take_up(c, send, party, now=now, by=by), "occasions", "audit")
        except InputError as why:
            if frame.partial:
                return frame.refused(str(why))
            raise Refuse(422, "refused", str(why)) from None
    return back_to(f"/occasions/{number}#coach", "take_up")


def shown(frame: Frame) -> Response:
    """The page."""
    found = touching(frame.service).latest(frame.now_us)
    with frame.service.engine.connect() as connection:
        few = proposed(frame, connection)
        teams = read_house(connection, frame.now_us).teams
        page = touches_page(frame.viewer, found, few, teams, now=frame.now_us, zone=frame.zone)
        return frame.page("touches.html", page, frame.shell("touches", path=PATH))


def proposed(frame: Frame, connection: Connection) -> tuple[Send, ...]:
    """What went to many lately, each with the few this viewer may see."""
    service = frame.service
    lately = touching(service).lately(frame.now_us)
    return sends(ground_of(frame, connection), lately, service.log.of, lambda events: texts_of(service, events))
