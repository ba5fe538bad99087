"""The small pages: help, how one likes the desk to look, and what went wrong."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request, Response

from occasion.service.login import safe_next
from occasion.service.pages.alone import wrong
from occasion.service.pages.forms import Sent
from occasion.service.pages.frame import LOOKS, YEAR, anonymous, back_to
from occasion.service.pages.rendering import answer, rendered, warm_up
from occasion.service.pages.today import Framed

router = APIRouter(include_in_schema=False)


@router.get("/help")
def help_page(frame: Framed) -> Response:
    """The words of the desk and the keys."""
    return frame.page("help.html", None, frame.shell("help"))


@router.post("/look")
def look(frame: Framed, request: Request, fields: Sent) -> Response:
    """Light, dark or as the system has it; keys on or off. Kept in the browser."""
    response = back_to(safe_next(came_from(request)))
    if fields.get("shortcuts") in ("on", "off"):
        response.set_cookie("shortcuts", fields["shortcuts"], max_age=YEAR, samesite="lax", httponly=True)
    elif fields.get("look") in LOOKS:
        response.set_cookie("look", fields["look"], max_age=YEAR, samesite="lax", httponly=True)
    elif fields.get("look") == "auto":
        response.delete_cookie("look", samesite="lax", httponly=True)
    return response


def came_from(request: Request) -> str:
    """The page a form was on, as a path of ours."""
    origin = f"{request.url.scheme}://{request.url.netloc}"
    said = request.headers.get("referer", "")
    return said[len(origin) :] if said.startswith(origin + "/") else "/"


def error_page(request: Request, status: int, message: str) -> Response:
    """What went wrong, as a page: one line and a way back. A form of an open page gets the line alone."""
    if request.headers.get("hx-request") == "true":
        return answer(rendered("line.html", wrong(status, message), *anonymous(request)), status)
    return answer(rendered("error.html", wrong(status, message), *anonymous(request)), status)


def mount(app: FastAPI) -> None:
    """The routes of this module, and errors as pages where a person asks."""
    app.state.warming.append(warm_up)
    app.include_router(router)
    app.state.error_page = error_page
