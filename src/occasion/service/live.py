"""Live updates: a page that is open hears that something changed, and asks for its part anew.

`/live?about=occasions` or `?about=party:u1` (one or more) is a stream of server-sent events named after the first word
of what changed ("occasions", "party"). They carry no data: what a page shows it asks for with its own rights. A page
says how far things were when it was made (`since`, or the id of the last message it heard), and hears at once what
changed between then and now.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Engine
from starlette.responses import StreamingResponse

from occasion.desk.viewer import Viewer
from occasion.service import cookies
from occasion.service.changed import ENDING, Changed
from occasion.service.doors import doors_of
from occasion.service.own import sees_party
from occasion.service.viewer import caller_of, who

router = APIRouter(include_in_schema=False)
TOGETHER = 0.15  # seconds in which changes become one message
BREATH = 15.0  # seconds of silence after which the connection shows that it lives
ALLOWED = 3600.0  # seconds after which the browser connects anew, and its session is looked at again
MOST_ABOUT = 8
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Security-Policy": "default-src 'none'"}


@router.get("/live")
async def live(
    request: Request,
    viewer: Annotated[Viewer, Depends(who)],
    about: Annotated[list[str] | None, Query()] = None,
    since: str = "",
) -> Response:
    """What changes from now on, or has changed since that point, of what was asked about."""
    service = request.app.state.service
    wanted = await asyncio.to_thread(allowed, service.engine, viewer, (about or ["occasions"])[:MOST_ABOUT])
    stream = messages(request, service.changed, wanted, request.headers.get("last-event-id") or since)
    return StreamingResponse(stream, headers=HEADERS, media_type="text/event-stream")


def allowed(engine: Engine, viewer: Viewer, about: list[str]) -> frozenset[str]:
    """What of this they may hear: of a party only who sees it."""
    with engine.connect() as connection:
        return frozenset(
            what
            for what in about
            if not what.startswith("party:") or sees_party(connection, viewer, what.removeprefix("party:"))
        )


async def messages(request: Request, changed: Changed, wanted: frozenset[str], since: str) -> AsyncIterator[str]:
    """One message for what changed within a moment; a breath now and then; an end after an hour or with the session.

    Each message has as its id how far things were by then.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + ALLOWED
    with changed.listening(wanted) as listener:
        yield "retry: 2000\n: listening\n\n"
        point = changed.point
        for what in changed.since(since, wanted) if since else ():
            listener.put(what, point)
        while loop.time() < ends:
            try:
                await asyncio.wait_for(listener.something(), BREATH)
            except TimeoutError:
                if not await still_there(request):
                    return
                yield ": still here\n\n"
                continue
            await asyncio.sleep(TOGETHER)
            heard = listener.take()
            if ENDING in heard:
                return
            for name in sorted({what.partition(":")[0] for what in heard}):
                yield f"id: {listener.point}\nevent: {name}\ndata: \n\n"


async def still_there(request: Request) -> bool:
    """Whether the session lives that opened the stream."""
    token = cookies.read(
        request.headers.get("cookie", "").encode("latin-1"), cookies.SESSION, secure=caller_of(request).secure
    )
    return await asyncio.to_thread(doors_of(request).find_session, token) is not None
