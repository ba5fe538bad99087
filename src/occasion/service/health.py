"""Whether the server lives, and whether it can take work."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy import text
from starlette.responses import JSONResponse

from occasion.service.errors import Refuse, error_responses

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="Whether the process answers")
async def live() -> dict[str, str]:
    """Answers as long as the process does; says nothing about the database."""
    return {"status": "live"}


@router.get("/ready", summary="Whether events can be taken", responses=error_responses(503))
def ready(request: Request) -> JSONResponse:
    """Answers 200 when the records can be read and the writer runs, else 503 with the error body."""
    service = request.app.state.service
    if not service.running:
        raise Refuse(503, "not_ready", "the server is starting or stopping; try again", headers={"Retry-After": "1"})
    with service.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return JSONResponse({"status": "ready"})
