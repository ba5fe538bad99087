"""Find: start one, see how far it is, open the report."""

from __future__ import annotations

import re
from html import unescape

from fastapi import APIRouter, Response

from occasion.desk.finds import finds, report, start, stop
from occasion.desk.owners import read_house
from occasion.desk.pages_house import FindPage
from occasion.errors import InputError
from occasion.service.errors import Refuse
from occasion.service.pages.forms import Sent
from occasion.service.pages.frame import Frame, back_to
from occasion.service.pages.known_names import names_in
from occasion.service.pages.rendering import HEADERS
from occasion.service.pages.today import Framed
from occasion.store import audit

router = APIRouter(include_in_schema=False)
OWN_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]{1,400})">')
LONGEST = 2000


@router.get("/find")
def find_page(frame: Framed) -> Response:
    """What was looked for, the latest first."""
    return frame.page("find.html", read(frame), frame.shell("find"))


@router.post("/find")
def find(frame: Framed, fields: Sent) -> Response:
    """Start a find, or stop one (`do`: stop)."""
    service, kept, begins = frame.service, fields.get("kept", "")[:LONGEST], fields.get("start", "")[:LONGEST]
    try:
        if fields.get("do") == "stop":
            stop(service.workspace, fields.get("run", ""))
            return back_to("/find", "find_stop")
        run = start(service.workspace, kept, begins, now=frame.now_us, by=frame.viewer.id)
    except InputError as why:
        if frame.partial:
            return frame.refused(str(why))
        return frame.page("find.html", read(frame, kept, begins, str(why)), frame.shell("find"), status=422)
    by, now = frame.viewer.id, frame.now_us
    service.writer.do(lambda connection: audit.note(connection, now, by, "find started", f"find:{run}")).result(30)
    return back_to("/find", "find")


@router.get("/find/{run}/report")
def find_report(frame: Framed, run: str) -> Response:
    """The report of a find: one file with a style of its own, which its own policy names."""
    try:
        html = report(frame.service.workspace, run).read_text(encoding="utf-8")
    except InputError as why:
        raise Refuse(404, "not_found", str(why)) from None
    own = OWN_POLICY.search(html[:2000])
    policy = unescape(own.group(1)) if own else "default-src 'none'"
    headers = {**HEADERS, "Content-Security-Policy": f"{policy}; frame-ancestors 'none'"}
    return Response(html, headers=headers, media_type="text/html; charset=utf-8")


def read(frame: Frame, kept: str = "", begins: str = "", refused: str = "") -> FindPage:
    """The page."""
    service = frame.service
    with service.engine.connect() as connection:
        house = read_house(connection, frame.now_us)
    return finds(
        service.workspace, frame.viewer, house, now=frame.now_us, seen=names_in(service), kept=kept, begins=begins,
        refused=refused,
    )  # fmt: skip
