"""What a request says about the page around the answer: who reads it, where they are, how they like it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from http.cookies import SimpleCookie
from typing import Any

from fastapi import Request, Response
from markupsafe import escape
from sqlalchemy import Connection
from starlette.responses import RedirectResponse

from occasion.desk.owners import read_house
from occasion.desk.viewer import Looks, Viewer
from occasion.service.pages.reader import Reader, accepted, reader_for
from occasion.service.pages.rendering import Shell, Trouble, Way, answer, rendered
from occasion.service.pages.words import words_in
from occasion.service.viewer import csrf_token, viewer_or_none, who

YEAR = 365 * 86_400
LOOKS = ("light", "dark")
# Words for what was done, of [flash] in the catalogue.
FLASHES = frozenset(name.removeprefix("flash.") for name in words_in().texts if name.startswith("flash."))
REGION = "desk"  # the part of a page that is brought up to date
LEADS = ("manager", "admin")


@dataclass(frozen=True)
class Frame:
    """A request for a page: the service, who looks, the instant it is answered for."""

    request: Request
    service: Any
    viewer: Viewer
    now_us: int
    since: str  # how far what is told of changes was by then

    @property
    def zone(self) -> str:
        """The zone of the viewer, else the workspace's."""
        return self.viewer.zone or str(self.service.workspace.zone)

    @property
    def partial(self) -> bool:
        """Whether the page in the browser asks for its changing part only."""
        asked = self.request.headers
        return asked.get("hx-request") == "true" and "hx-history-restore-request" not in asked

    @property
    def path(self) -> str:
        """Where the reader is, to come back to."""
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    @property
    def drafting(self) -> str:
        """What is asked for first drafts of messages; "" where nothing is."""
        writes = self.request.app.state.drafting
        return writes.model if writes is not None else ""

    @property
    def of_coach(self) -> dict[str, Any]:
        """What every form of the coach says: who drafts, and how much of what was sent before is read."""
        return {"drafting": self.drafting, "known_share": self.service.sent.share}

    def reader(self) -> Reader:
        """Locale and language of the viewer, else of their browser."""
        locale = self.viewer.locale or accepted(self.request.headers.get("accept-language", ""))
        return reader_for(locale, self.zone, self.now_us)

    def shell(self, here: str, connection: Connection | None = None, **more: Any) -> Shell:
        """What is around the page; with a connection also to whom something may be handed over."""
        cookies = self.request.cookies
        look, flash = cookies.get("look", ""), cookies.get("flash", "")
        return Shell(
            self.viewer,
            here,
            more.pop("path", self.path),
            csrf_token(self.request),
            look if look in LOOKS else "",
            cookies.get("shortcuts") != "off",
            ways(self.viewer),
            colleagues=to_choose_from(connection, self.now_us) if connection is not None else (),
            since=self.since,
            flash=flash if flash in FLASHES else "",
            still=self.service.trouble is not None,
            late_s=self.service.late_s,
            **more,
        )

    def page(
        self, template: str, page: object, shell: Shell, *, part: str = "desk", status: int = 200, **more: object
    ) -> Response:
        """The page, or its part for a page that is open in the browser; a flash has been seen then."""
        whole = not self.partial or status >= 400
        reader = self.reader()
        response = answer(rendered(template, page, reader, shell, "" if whole else part, **more), status)
        if shell.flash and self.request.headers.get("hx-trigger") != REGION:  # by itself, not after a form
            response.delete_cookie("flash", samesite="strict", httponly=True)
            if not whole:  # the page that is open says it itself
                response.headers["HX-Trigger-After-Swap"] = json.dumps({"said": str(reader.t(f"flash.{shell.flash}"))})
        return response

    def refused(self, why: str) -> Response:
        """One line for beside the form that was sent from an open page."""
        return answer(str(escape(why)), 422)


def frame(request: Request) -> Frame:
    """The frame of a request; a dependency of every page. Answers 401 when nobody is logged in."""
    found = who(request)
    service = request.app.state.service
    return Frame(request, service, found, service.clock(), service.changed.point)


def ways(viewer: Looks) -> tuple[tuple[Way, ...], ...]:
    """The navigation as this viewer may use it."""
    first = [Way("today", "/"), Way("moments", "/moments")]
    if viewer.role != "analyst":
        first.append(Way("practice", "/practice"))
    first.append(Way("touches", "/touches"))
    if viewer.role != "colleague":
        first.append(Way("find", "/find"))
    second = [Way("settings", "/settings"), Way("help", "/help")]
    if viewer.role in LEADS:
        second = [Way("refused", "/refused"), Way("audit", "/audit"), *second]
    return tuple(first), tuple(second)


def to_choose_from(connection: Connection, now: int) -> tuple[tuple[str, str], ...]:
    """Colleagues who are here, and teams with somebody in them: id and name, by name."""
    house = read_house(connection, now)
    people = sorted((house.name(one), one) for one in house.here)
    teams = [(team, team) for team in sorted(house.teams) if house.people(team)]
    return tuple((one, name) for name, one in people) + tuple(teams)


def back_to(path: str, flash: str = "") -> Response:
    """See another page after a change: the browser asks for it anew, so that nothing is sent twice."""
    response = RedirectResponse(path, 303)
    if flash:
        response.set_cookie("flash", flash, max_age=60, samesite="strict", httponly=True)
    return response


def with_trouble(shell: Shell, form: str, why: str, values: dict[str, str]) -> Shell:
    """The same page, saying beside a form why it was refused, with what had been typed."""
    return replace(shell, trouble=Trouble(form, why, values), flash="")


def part_of_day(at: datetime) -> str:
    """How one greets: morning until noon, evening from six."""
    return "morning" if at.hour < 12 else "day" if at.hour < 18 else "evening"


def anonymous(request: Request) -> tuple[Reader, Shell]:
    """Reader and shell where nobody may be logged in: the way in, and errors."""
    viewer, service = viewer_or_none(request), request.app.state.service
    zone = (viewer.zone if viewer else None) or str(service.workspace.zone)
    locale = (viewer.locale if viewer else None) or accepted(request.headers.get("accept-language", ""))
    reader = reader_for(locale, zone, service.clock())
    look = SimpleCookie(request.headers.get("cookie", "")).get("look")
    shell = Shell(viewer, "", "/", csrf_token(request), look.value if look and look.value in LOOKS else "")
    return reader, shell
