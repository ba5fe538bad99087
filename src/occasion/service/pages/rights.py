"""What a person has a right to: everything that is held about them, and that it is forgotten."""

from __future__ import annotations

from fastapi import APIRouter, Response

from occasion.errors import InputError
from occasion.people.export import everything, export_json, export_page
from occasion.service.errors import Refuse
from occasion.service.pages.forms import Sent
from occasion.service.pages.frame import back_to
from occasion.service.pages.today import Framed
from occasion.store import audit

router = APIRouter(include_in_schema=False)
FORMS = {"page": ("text/html; charset=utf-8", "html"), "json": ("application/json", "json")}


@router.get("/export/{party:path}")
def export(frame: Framed, party: str, form: str = "page") -> Response:
    """Everything held about a party, as a file to keep: a page a person can read, or JSON."""
    if form not in FORMS:
        raise Refuse(422, "refused", f"form {form[:20]!r}: is none; it is page or json")
    service = frame.service
    with service.engine.connect() as connection:
        found = everything(connection, service.log.of, party, now=frame.now_us)
    rows = sum(len(some) for some in found["held"].values())
    if not rows and not found["events"]:
        raise Refuse(404, "not_found", "there is nothing here, or it is somebody else's; search for the name")
    by, about = frame.viewer.id, f"party:{found['party']['party']}"
    service.writer.do(lambda c: audit.note(c, frame.now_us, by, "party exported", about, {"rows": rows})).result()
    kind, suffix = FORMS[form]
    content = export_page(found) if form == "page" else export_json(found)
    named = f'attachment; filename="held.{suffix}"'  # the name of a file outlives the erasure of a person
    return Response(content, media_type=kind, headers={"Content-Disposition": named, "Cache-Control": "no-store"})


@router.post("/erase/{party:path}")
def erase(frame: Framed, party: str, fields: Sent) -> Response:
    """A party is erased everywhere, once somebody says that they are sure."""
    if fields.get("sure") != "yes":
        raise Refuse(422, "refused", "nothing was erased: tick that you are sure, since it cannot be undone")
    try:
        done = frame.service.erasures.erase(party, frame.viewer.id)
    except InputError as why:
        raise Refuse(409, "refused", str(why)) from None
    if not done.events and not done.rows:
        raise Refuse(409, "refused", "they were erased before: nothing is held about them any more")
    frame.service.changed.tell("occasions")
    return back_to("/", "erase")
