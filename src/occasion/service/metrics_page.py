"""`/metrics`: the figures, for this machine, a read key, or an admin."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from occasion.service import metrics
from occasion.service.doors import doors_of
from occasion.service.errors import Refuse
from occasion.service.viewer import caller_of, viewer_or_none

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def figures(request: Request) -> Response:
    """What Prometheus reads."""
    viewer = viewer_or_none(request)
    way, _, secret = request.headers.get("authorization", "").partition(" ")
    keyed = way.lower() == "bearer" and request.app.state.service.keys.find(secret.strip(), "read") is not None
    if not (caller_of(request).loopback or keyed or (viewer is not None and viewer.role == "admin")):
        raise Refuse(401, "not_allowed", "the figures are for this machine, a key that may read, or an admin")
    content = await asyncio.to_thread(doors_of(request).metrics.text)
    return Response(content, media_type=metrics.CONTENT_TYPE)
