"""Touch or moment: how messages turned out, and what could be added to what went to many."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from occasion.coach.copies import Copies
from occasion.coach.keeping import FILE
from occasion.desk.expand import Send, sends, take_up
from occasion.desk.owners import read_house
from occasion.desk.touches_page import touches_page
from occasion.errors import InputError
from occasion.events.event import Event
from occasion.service.errors import Refuse
from occasion.service.pages.forms import Sent, change
from occasion.service.pages.frame import Frame, back_to
from occasion.service.pages.today import Framed, ground_of
from occasion.service.touching import touching

router = APIRouter(include_in_schema=False)
PATH = "/touches"


@router.get(PATH)
def show(frame: Framed) -> Response:
    """The sums this viewer may see, and the few of each send."""
    return shown(frame)


@router.post(PATH)
def take(frame: Framed, fields: Sent) -> Response:
    """A proposal is taken up: it is an occasion of the viewer's then."""
    now, by, party = frame.now_us, frame.viewer.id, fields.get("party", "")
    with frame.service.engine.connect() as connection:
        send = next((one for one in proposed(frame, connection) if one.key == fields.get("send")), None)
        try:
            if send is None:
                raise InputError("nothing is proposed any more for what went out then: look at the page again")
            number = change(frame, lambda c, _: take_up(c, send, party, now=now, by=by), "occasions", "audit")
        except InputError as why:
            if frame.partial:
                return frame.refused(str(why))
            raise Refuse(422, "refused", str(why)) from None
    return back_to(f"/occasions/{number}", "take_up")


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


def texts_of(service: Any, events: Sequence[Event]) -> Mapping[str, int]:
    """Which text each message is; none are known while the index is not there."""
    try:
        with Copies(service.workspace.data / FILE) as copies:
            return copies.texts([event.id for event in events])
    except sqlite3.Error:
        return {}
