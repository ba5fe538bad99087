"""Whether the server lives, and whether it can take work."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import JSONResponse

from occasion.service.errors import Refuse, error_responses
from occasion.service.running import Service
from occasion.store.arrived import NotWritten

router = APIRouter(prefix="/health", tags=["health"])
PATIENCE = 5.0  # seconds for the writer to get to a change of ours


@router.get("/live", summary="Whether the process answers")
async def live() -> dict[str, str]:
    """Answers as long as the process does; says nothing about the database."""
    return {"status": "live"}


@router.get("/ready", summary="Whether events can be taken", responses=error_responses(503))
def ready(request: Request) -> JSONResponse:
    """Answers 200 when the writer could commit just now, else 503 with the error body.

    `watching` says whether the catalogue is followed: "well", "behind" (it still reads history) or "still" (it stopped,
    and the log says why; events are taken all the same and read after a restart).
    """
    service: Service = request.app.state.service
    if not service.running:
        raise Refuse(503, "not_ready", "the server is starting or stopping; try again", headers={"Retry-After": "1"})
    writer = service.writer
    try:
        if writer.alive and writer.broken is None:
            writer.do(_nothing).result(PATIENCE)
            return JSONResponse({"status": "ready", "watching": _watching(service)})
    except (NotWritten, TimeoutError):
        pass
    raise Refuse(503, "not_ready", "nothing can be written at the moment; try again", headers={"Retry-After": "5"})


def _nothing(_: Connection) -> None:
    """A transaction that changes nothing."""


def _watching(service: Service) -> str:
    if service.trouble is not None:
        return "still"
    return "behind" if service.watching.busy else "well"
