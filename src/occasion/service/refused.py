"""What was refused, for programs: the same object that the page shows, opened by a key that may read."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response

from occasion.desk.refused import refused
from occasion.service.errors import Refuse, error_responses
from occasion.service.ingest.door import shown_keys

router = APIRouter(prefix="/api", tags=["refused"])
MOST = 200
SOURCE = Query(max_length=100, description="Only what this source sent.")
OLDER = Query(ge=0, le=2**53, description="Only below this number: `older` of the answer before.")
LINES = Query(ge=1, le=MOST)
COUNTED = {"type": "array", "description": "Source, field, how many; most first.", "items": {"type": "array"}}
ANSWER = {
    "type": "object",
    "required": ["now_us", "total", "by_source", "lines", "older"],
    "properties": {
        "now_us": {"type": "integer"},
        "total": {"type": "integer", "minimum": 0},
        "by_source": COUNTED,
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["number", "received_us", "source", "kind", "field", "value", "reason", "body"],
            },
        },
        "older": {"type": ["integer", "null"]},
    },
}


@router.get(
    "/refused",
    summary="What was refused, and why; the latest first",
    responses={
        200: {"description": "A page", "content": {"application/json": {"schema": ANSWER}}},
        **error_responses(401, 422, 429),
    },
    openapi_extra={"security": [{"basic": []}, {"bearer": []}, {"writeKey": []}]},
)
def list_refused(
    request: Request,
    source: Annotated[str, SOURCE] = "",
    older: Annotated[int | None, OLDER] = None,
    lines: Annotated[int, LINES] = 50,
) -> Response:
    """Opened by a key that may read (`occasion key new NAME --may read`)."""
    service = request.app.state.service
    if not any(service.keys.find(secret, "read") for secret in shown_keys(request)):
        why = "no key opens this: occasion key new NAME --may read makes one; send it as Basic user or Bearer token"
        raise Refuse(401, "unauthorized", why, headers={"WWW-Authenticate": "Basic"})
    with service.engine.connect() as connection:
        page = refused(
            connection, None, service.clock(), service.workspace.zone, source=source, older=older, lines=lines
        )
    return Response(msgspec.json.encode(page), media_type="application/json")
