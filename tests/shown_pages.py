"""The example of every page, set by the real templates and served with the real styles: what tests of the look open."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.responses import StreamingResponse

import desk_examples as examples
import touches_examples
from occasion.service.pages import assets
from occasion.service.pages.alone import Login, Wrong
from occasion.service.pages.reader import reader_for
from occasion.service.pages.rendering import Shell, Way, answer, rendered

# what is opened, by its name: template, page, where one is in the navigation, and what the template is told beside it
SHOWN: dict[str, tuple[str, object, str, dict[str, object]]] = {
    "today": ("today.html", examples.TODAY, "today", {"part_of_day": "morning"}),
    "occasion": ("occasion.html", examples.FOLLOW_UP, "today", {"coach": examples.COACH_EMPTY}),
    "party": ("party.html", examples.PARTY, "party", {"coach": examples.COACH_EMPTY}),
    "moments": ("moments.html", examples.MOMENTS, "moments", {}),
    "moment": ("moment.html", examples.MOMENT, "moments", {}),
    "moment-wrong": ("moment.html", examples.MOMENT_WRONG, "moments", {}),
    "find": ("find.html", examples.FIND, "find", {}),
    "refused": ("refused.html", examples.REFUSED, "refused", {}),
    "settings": ("settings.html", examples.SETTINGS, "settings", {"secret": ""}),
    "audit": ("audit.html", examples.AUDIT, "audit", {}),
    "search": ("search.html", examples.SEARCH, "search", {}),
    "help": ("help.html", examples.SEARCH, "help", {}),
    "login": ("login.html", Login("", "/", "", "your company"), "login", {}),
    "error": ("error.html", Wrong(404, "missing", "GET /nothing: there is nothing here"), "error", {}),
    "coach": ("coach.html", examples.COACH, "today", {}),
    "coach-empty": ("coach.html", examples.COACH_EMPTY, "today", {}),
    "practice": ("practice.html", examples.PRACTICE, "practice", {}),
    "touches": ("touches.html", touches_examples.TOUCHES, "touches", {}),
    "touches-unread": ("touches.html", touches_examples.UNREAD, "touches", {}),
    "practice-empty": ("practice.html", examples.PRACTICE_EMPTY, "practice", {}),
    "today-empty": ("today.html", examples.TODAY_EMPTY, "today", {"part_of_day": "evening"}),
}
WAY = (
    (
        Way("today", "/", 3),
        Way("moments", "/moments"),
        Way("practice", "/practice"),
        Way("touches", "/touches"),
        Way("find", "/find"),
    ),
    (Way("refused", "/refused", 2), Way("audit", "/audit"), Way("settings", "/settings"), Way("help", "/help")),
)


def shown(name: str, look: str = "", words: Any = None, locale: str = "en-GB") -> str:
    """The HTML of an example."""
    template, page, here, more = SHOWN[name]
    reader = reader_for(locale, examples.ZONE, examples.NOW, words)
    shell = Shell(
        examples.MAREK, here, f"/shown/{name}", "token", look, True, WAY, ("own", "team", "all"), examples.OWNERS
    )
    return rendered(template, page, reader, shell, **more)


def make_app() -> FastAPI:
    """An app with the examples under /shown/NAME."""
    app = FastAPI()
    app.include_router(assets.router)

    @app.get("/shown/{name}")
    def one(request: Request, name: str, look: str = "") -> Response:
        return answer(shown(name, look))

    @app.get("/help")
    def help_page() -> Response:
        return answer(shown("help"))

    @app.get("/live")
    async def live(request: Request) -> Response:
        async def silence() -> AsyncIterator[str]:
            yield ": nothing happens here\n\n"
            while not await request.is_disconnected():
                await asyncio.sleep(0.05)

        return StreamingResponse(silence(), media_type="text/event-stream")

    return app


@contextmanager
def pages_served() -> Iterator[str]:
    """The examples on a free loopback port; its address."""
    import uvicorn

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(make_app(), log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive(), "the server did not start"
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
