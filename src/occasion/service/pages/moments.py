"""The catalogue, a moment with its form, and what is behind a number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Response

from occasion.desk.behind import behind
from occasion.desk.catalogue_file import Changed, read_text
from occasion.desk.linting import lint
from occasion.desk.moments_page import EMPTY, may_edit, moment, moments, save_moment
from occasion.desk.owners import read_house
from occasion.desk.pages import MomentForm, Preview
from occasion.desk.parts import Said
from occasion.desk.previewing import preview
from occasion.desk.proposed import proposed_line
from occasion.desk.viewer import sees_names
from occasion.errors import InputError
from occasion.estimate import Refusal
from occasion.service.errors import Refuse
from occasion.service.out.proposals import settle
from occasion.service.pages.forms import Sent, change
from occasion.service.pages.frame import Frame, back_to, with_trouble
from occasion.service.pages.known_names import names_in
from occasion.service.pages.party import whole
from occasion.service.pages.rendering import url
from occasion.service.pages.today import Framed, ground_of

router = APIRouter(include_in_schema=False)
FIELDS = ("name", "when", "who", "owner", "purpose", "stage", "expect")
LONGEST = 4000
LARGEST = 2**62  # of the numbers that the records give
PROPOSED = {"take_up": "taken", "decline": "declined"}


@router.get("/moments")
def catalogue(frame: Framed) -> Response:
    """Every moment in writing, with how it fares."""
    service, where = frame.service, about(frame)
    with service.engine.connect() as connection:
        page = moments(connection, frame.viewer, seen=names_in(service), **where)
    return frame.page("moments.html", page, frame.shell("moments"))


@router.get("/moment")
def one(frame: Framed, name: str | None = None, proposal: int | None = None) -> Response:
    """A moment and its form; without a name a new one, with the line of a proposal that was taken up."""
    if name is None and proposal is not None and may_edit(frame.viewer):
        with frame.service.engine.connect() as connection:
            line = proposed_line(connection, min(proposal, LARGEST))
        return shown(frame, None, form=replace(EMPTY, when=line))
    return shown(frame, name)


@router.post("/moment")
def edit(frame: Framed, fields: Sent) -> Response:
    """The linter's answer, who it would have been, or saved: `do` says which."""
    if not may_edit(frame.viewer):
        raise Refuse(403, "not_allowed", "moments are edited by managers, analysts and admins; ask one of them")
    name, form, do = fields.get("was") or None, form_of(fields), fields.get("do", "check")
    if do in PROPOSED:
        return answered(frame, PROPOSED[do], fields.get("proposal", ""))
    if do == "preview":
        return shown(frame, name, "preview", form=form, preview=who_it_was(frame, name, form))
    if do != "save":
        return shown(frame, name, "answer", form=form)
    try:
        change(frame, saving(frame, name, form, fields.get("file_digest", "")), "moments")
    except Changed:
        return shown(frame, name, form=form, conflict=Said("conflict.file"), status=409)
    except InputError as why:
        return shown(frame, name, form=form, trouble=str(why), status=422)
    return back_to(url("/moment", name=form.name.strip()), "moment")


def answered(frame: Frame, state: str, proposal: str) -> Response:
    """A proposal is taken up, then its line is in the form of a new moment; or it is declined."""
    now, by = frame.now_us, frame.viewer.id
    try:
        number = whole(proposal)
        change(frame, lambda connection, _: settle(connection, number, state, by=by, now=now), "moments")
    except InputError as why:
        raise Refuse(422, "refused", str(why)) from None
    return back_to(url("/moment", proposal=number) if state == "taken" else "/moments", f"proposal_{state}")


@router.get("/behind")
def numbers(frame: Framed, count: str, moment: str = "", month: str = "", owner: str = "") -> Response:
    """The people and events behind a number."""
    with frame.service.engine.connect() as connection:
        ground = ground_of(frame, connection)
        page = behind(ground, frame.zone, moment=moment, count=count, month=month, owner=owner)
    return frame.page("behind.html", page, frame.shell("moments"))


def shown(
    frame: Frame, name: str | None, part: str = "desk", status: int = 200, trouble: str = "", **more: Any
) -> Response:
    """The page of a moment as it is, or as the form has it."""
    service = frame.service
    with service.engine.connect() as connection:
        page = moment(connection, frame.viewer, name, seen=names_in(service), **about(frame), **more)
    if page is None:
        raise Refuse(404, "not_found", f"the catalogue has no moment {str(name)[:60]!r}; look at all of them")
    shell = frame.shell("moments")
    if trouble:
        shell = with_trouble(shell, "moment", trouble, {})
    return frame.page("moment.html", page, shell, part=part, status=status)


def saving(frame: Frame, name: str | None, form: MomentForm, version: str) -> Any:
    """The change that saves a form."""
    path, now, by = frame.service.workspace.catalogue, frame.now_us, frame.viewer.id
    return lambda connection, _: save_moment(connection, name, form, version, path=path, now=now, by=by)


def who_it_was(frame: Frame, name: str | None, form: MomentForm) -> Preview | Refusal:
    """Who the form's moment would have been, over what happened so far."""
    service, path = frame.service, frame.service.workspace.catalogue
    answer = lint(read_text(path)[0], name, form)
    if answer.moment is None:
        return Refusal("the moment cannot be read yet")
    before = next((one for one in service.watching.catalogue().moments if one.name == name), None)
    zone = str(service.workspace.zone)
    with service.engine.connect() as connection, service.history.beside() as history:
        house, named = read_house(connection, frame.now_us), sees_names(frame.viewer)
        return preview(
            connection, history, answer.moment, before,
            house=house, named=named, now=frame.now_us, zone=zone,
        )  # fmt: skip


def form_of(fields: dict[str, str]) -> MomentForm:
    """The form as it was sent."""
    given = {name: fields.get(name, "")[:LONGEST] for name in FIELDS}
    make = tuple(line.strip() for line in fields.get("make", "")[:LONGEST].splitlines() if line.strip())
    return MomentForm(**given, make=make)


def about(frame: Frame) -> dict[str, Any]:
    """What every reading of the catalogue is told."""
    workspace = frame.service.workspace
    return {"now": frame.now_us, "path": workspace.catalogue, "zone": workspace.zone}
