"""Practice: of the viewer alone. No page and no role shows anybody else's, and the audit says nothing of it."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from occasion.coach import practice
from occasion.desk.owners import read_house
from occasion.desk.pages_coach import PracticePage
from occasion.desk.practising import Practising, kept, next_message, practice_page
from occasion.errors import InputError
from occasion.service.coaching import coaching
from occasion.service.errors import Refuse
from occasion.service.own import sees_party
from occasion.service.pages.forms import Sent, change
from occasion.service.pages.frame import Frame, back_to
from occasion.service.pages.party import whole
from occasion.service.pages.rendering import url
from occasion.service.pages.today import Framed

router = APIRouter(include_in_schema=False)
PATH = "/practice"


@router.get(PATH)
def show(frame: Framed, exercise: str = "") -> Response:
    """What is due, or the exercise that was asked for."""
    with frame.service.engine.connect() as connection:
        try:
            number = whole(exercise) if exercise else None
            page = practice_page(practising(frame, connection), number=number)
        except InputError as why:
            raise Refuse(404, "not_found", str(why)) from None
    return shown(frame, page)


@router.post(PATH)
def act(frame: Framed, fields: Sent) -> Response:
    """A rewriting is read or kept, another message is taken, or one is put away; `do` says which."""
    do, text = fields.get("do", "read"), fields.get("draft", "").replace("\r\n", "\n")
    try:
        number = whole(fields.get("exercise", "")) if "exercise" in fields else None
        if do == "new":
            return begin(frame)
        if number is None or do not in ("read", "keep", "away"):
            raise InputError(f"{do[:40]!r} is nothing one can do here; there is read, keep, new, away")
        if do == "away":
            change(frame, lambda connection, _: practice.put_away(connection, frame.viewer.id, number))
            return back_to(PATH, "put_away")
        return read(frame, number, text, keep=do == "keep")
    except InputError as why:
        return refused(frame, str(why), fields.get("exercise", ""), text)


def begin(frame: Frame) -> Response:
    """Another message becomes an exercise."""
    with frame.service.engine.connect() as connection:
        message, party = next_message(practising(frame, connection))
    now, me = frame.now_us, frame.viewer.id
    number = change(frame, lambda c, _: practice.begin(c, me, message, party, now=now))
    return back_to(url(PATH, exercise=number))


def read(frame: Frame, number: int, text: str, *, keep: bool) -> Response:
    """The rewriting as it reads; with `keep` it is written down too."""
    if len(text) > practice.LONGEST:
        raise InputError(f"the rewriting has {len(text)} characters; at most {practice.LONGEST} are read here")
    if not text.strip():
        raise InputError("the rewriting is empty; say it again in your own words")
    if keep:
        with frame.service.engine.connect() as connection:
            write = kept(practising(frame, connection), number, text)
        change(frame, lambda writing, _: write(writing))
    with frame.service.engine.connect() as connection:
        page = practice_page(practising(frame, connection), number=number, text=text, kept=keep)
    return shown(frame, page)


def refused(frame: Frame, why: str, exercise: str, text: str) -> Response:
    """One line beside the form, with what had been typed."""
    if frame.partial:
        return frame.refused(why)
    with frame.service.engine.connect() as connection:
        at = practising(frame, connection)
        try:
            page = practice_page(at, number=whole(exercise) if exercise else None, refused=why)
        except InputError:
            page = practice_page(at, refused=why)
    return shown(frame, replace(page, text=text), status=422)


def practising(frame: Frame, connection: Connection) -> Practising:
    """What the page is made with."""
    coach = coaching(frame.service)
    around = coach.around(connection, frame.viewer)
    return Practising(
        around, frame.viewer, read_house(connection, frame.now_us), frame.now_us, frame.zone,
        coach.again(around), lambda party: sees_party(connection, frame.viewer, party),
    )  # fmt: skip


def shown(frame: Frame, page: PracticePage, status: int = 200) -> Response:
    """The page, or the answer alone."""
    return frame.page("practice.html", page, frame.shell("practice", path=PATH), part="answer", status=status)
