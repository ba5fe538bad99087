"""The pages beside the day's work: refused events, the audit, search."""

from __future__ import annotations

from fastapi import APIRouter, Response

from occasion.desk.audited import audited
from occasion.desk.refused import refused
from occasion.desk.searched import searched
from occasion.service.pages.today import Framed, ground_of

router = APIRouter(include_in_schema=False)


@router.get("/refused")
def refused_page(frame: Framed, source: str = "", older: int | None = None) -> Response:
    """What was refused, and why."""
    with frame.service.engine.connect() as connection:
        page = refused(connection, frame.viewer, frame.now_us, frame.zone, source=source, older=older)
    return frame.page("refused.html", page, frame.shell("refused"))


@router.get("/audit")
def audit_page(frame: Framed, about: str = "", actor: str = "", older: int | None = None, check: str = "") -> Response:
    """Who did what."""
    with frame.service.engine.connect() as connection:
        page = audited(
            connection,
            frame.viewer,
            frame.now_us,
            frame.zone,
            about=about,
            actor=actor,
            older=older,
            check=check == "yes",
        )
    return frame.page("audit.html", page, frame.shell("audit"))


@router.get("/search")
def search_page(frame: Framed, q: str = "") -> Response:
    """People, moments and occasions by a few words."""
    with frame.service.engine.connect() as connection:
        page = searched(ground_of(frame, connection), frame.zone, q)
    return frame.page("search.html", page, frame.shell("search"))
