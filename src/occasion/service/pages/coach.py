"""The coach on the desk: a message is read before a person sends it. Nothing of it is kept here or in any log."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Response
from sqlalchemy import Connection

from occasion.coach.context import known_of
from occasion.coach.drafting import Writes, asked
from occasion.coach.reading import Draft
from occasion.desk.coaching import LONGEST, coach_page
from occasion.desk.pages_coach import CoachPage
from occasion.desk.reading_view import reading_view
from occasion.errors import InputError
from occasion.people.parties import party_of
from occasion.service.coaching import coaching
from occasion.service.drafting import read_drafting
from occasion.service.errors import Refuse
from occasion.service.own import sees_occasion
from occasion.service.pages.forms import PATIENCE, Sent
from occasion.service.pages.frame import Frame
from occasion.service.pages.rendering import party_url, url
from occasion.service.pages.today import Framed, ground_of
from occasion.store import audit

router = APIRouter(include_in_schema=False)
LONGEST_CHANNEL = 60
LONGEST_NAME = 100  # of a model


@router.get("/coach/{party:path}")
def coach_form(frame: Framed, party: str, occasion: str = "") -> Response:
    """The form in which a message is read before it is sent."""
    with frame.service.engine.connect() as connection:
        page = empty(frame, connection, party, occasion)
        shell = frame.shell("today", path=coach_url(party, occasion))
    return frame.page("coach.html", page, shell)


@router.post("/coach/{party:path}")
def coach_read(frame: Framed, party: str, fields: Sent) -> Response:
    """The message as the coach reads it."""
    occasion, do = fields.get("occasion", ""), fields.get("do", "read")
    text = fields.get("draft", "").replace("\r\n", "\n").replace("\x00", "")  # which no page can show
    channel = fields.get("channel", "").strip().lower()
    given: dict[str, Any] = {"text": text, "channel": channel[:LONGEST_CHANNEL]}
    given |= {"drafted": fields.get("drafted", "")[:LONGEST_NAME], "wish": fields.get("wish", "")[:LONGEST]}
    with frame.service.engine.connect() as connection:
        shell = frame.shell("today", path=coach_url(party, occasion))
        try:
            if do == "draft":
                given |= drafted(frame, connection, party, occasion, given)
            page = read(frame, connection, party, occasion, given)
        except InputError as why:
            if frame.partial:
                return frame.refused(str(why))
            page = empty(frame, connection, party, occasion, refused=str(why), **given)
            return frame.page("coach.html", page, shell, status=422)
    answer = frame.page("coach.html", page, shell, part="desk" if do == "draft" else "answer")
    if do == "draft":
        answer.headers["HX-Retarget"] = "#coach-box"  # the draft comes into the field
    return answer


def drafted(frame: Frame, connection: Connection, party: str, occasion: str, given: dict[str, Any]) -> dict[str, Any]:
    """A first draft of a model, to be read by the coach and changed by the person. Raises InputError where there is
    none. The audit says that one was asked for and on which details it rests, and nothing of its words.
    """
    writes: Writes | None = frame.request.app.state.drafting
    if writes is None:
        raise InputError("no drafts are written here: occasion.toml names no server for it under [drafting]")
    page = empty(frame, connection, party, occasion)
    around = coaching(frame.service).around(connection, frame.viewer)
    known = known_of(around, Draft("", page.party.party, frame.now_us))
    asked_for = asked(known, given["wish"], channel=given["channel"], moment=page.moment)
    connection.rollback()  # nothing of the records is held while a model takes its time
    text = writes.write(asked_for)
    now, by, about = frame.now_us, frame.viewer.id, f"party:{page.party.party}"
    facts = {"model": writes.model, "details": list(asked_for.details)}
    frame.service.writer.do(lambda c: audit.note(c, now, by, "draft asked for", about, facts)).result(PATIENCE)
    return {"text": text, "drafted": writes.model}


def read(frame: Frame, connection: Connection, party: str, occasion: str, given: dict[str, Any]) -> CoachPage:
    """The page with the reading. Raises InputError for a draft that cannot be read."""
    text = given["text"]
    if len(text) > LONGEST:
        raise InputError(f"the message has {len(text)} characters; at most {LONGEST} are read here")
    about = occasion_of(frame, connection, occasion)
    draft = Draft(text, party, frame.now_us, given["channel"] or None, frame.viewer.id, about)
    reading = coaching(frame.service).read(connection, draft, frame.viewer)
    return empty(frame, connection, party, occasion, reading=reading_view(text, reading), **given)


def empty(frame: Frame, connection: Connection, party: str, occasion: str, **more: Any) -> CoachPage:
    """The page without a reading, or with what is given beside. Answers 404 where nothing was ever heard of them."""
    about = occasion_of(frame, connection, occasion)
    top = frame.service.log.canonical(party)
    if not party_of(connection, top).known and not frame.service.log.of(top):
        raise Refuse(404, "not_found", "there is nothing here, or it is somebody else's; search for the name")
    return coach_page(ground_of(frame, connection), frame.zone, top, occasion=about, **frame.of_coach, **more)


def occasion_of(frame: Frame, connection: Connection, occasion: str) -> int | None:
    """The occasion's number, where it is one that the viewer sees."""
    return int(occasion) if occasion and sees_occasion(connection, frame.viewer, occasion) else None


def mount(app: FastAPI) -> None:
    """Whether and where drafts are written is known from the start."""
    app.state.drafting = read_drafting(app.state.service.workspace.folder)


def coach_url(party: str, occasion: str = "") -> str:
    """The address of the page."""
    return url(party_url(party).replace("/party/", "/coach/", 1), occasion=occasion or None)
