"""The paths at which event clients knock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from occasion.service.ingest.answers import posthog_answer, results_answer, segment_answer
from occasion.service.ingest.cloudevents import binary_item, read_cloudevents
from occasion.service.ingest.described import described
from occasion.service.ingest.door import CORS, Door, take
from occasion.service.ingest.limits import CLOUDEVENTS, POSTHOG, SEGMENT
from occasion.service.ingest.posthog import read_posthog
from occasion.service.ingest.segment import KINDS, read_segment

router = APIRouter(tags=["events"])
PREFLIGHT = {
    **CORS,
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Encoding, X-Write-Key, traceparent",
    "Access-Control-Max-Age": "86400",
}
SHORT = {kind[0]: kind for kind in KINDS if kind != "alias"} | {"a": "alias", "b": "batch"}
Answering = Callable[[Request], Awaitable[Response]]


def _add(path: str, answering: Answering, *, about: str | None = None, also: tuple[str, ...] = ()) -> None:
    """Answer POST at these paths, and a browser's question beforehand; `about`: the entry in the document."""
    for place in (path, *also):
        shown = place == path and about is not None
        extra: dict[str, Any] = described(about) if shown and about is not None else {}
        router.add_api_route(place, answering, methods=["POST"], include_in_schema=shown, **extra)
        router.add_api_route(place, _preflight, methods=["OPTIONS"], include_in_schema=False)


async def _preflight(_: Request) -> Response:
    return Response(status_code=204, headers=PREFLIGHT)


def _segment(kind: str) -> Answering:
    door = Door(kind, read_segment, SEGMENT, segment_answer, single=kind != "batch")

    async def answering(request: Request) -> Response:
        return await take(request, door)

    return answering


def _posthog(*, newer: bool) -> Answering:
    door = Door("capture", read_posthog, POSTHOG, posthog_answer)
    if newer:
        header = "PostHog-Request-Timestamp"
        door = Door("capture", read_posthog, POSTHOG, results_answer, single=False, sent_header=header)

    async def answering(request: Request) -> Response:
        return await take(request, door)

    return answering


ONE = Door("cloudevent", read_cloudevents, CLOUDEVENTS, segment_answer, single=True)
MANY = Door("cloudevent", read_cloudevents, CLOUDEVENTS, segment_answer, single=None)


async def _cloudevents(request: Request) -> Response:
    headers = request.headers
    if "ce-specversion" in headers or "ce-id" in headers:
        return await take(request, ONE, lambda body: binary_item(headers.items(), body))
    alone = headers.get("content-type", "").lower().startswith("application/cloudevents+json")
    return await take(request, ONE if alone else MANY)


async def _flags(_: Request) -> Response:
    """No feature flags here: an empty answer, so that a client goes on."""
    empty: dict[str, Any] = {"flags": {}, "featureFlags": {}, "featureFlagPayloads": {}}
    body = {**empty, "errorsWhileComputingFlags": False, "sessionRecording": False, "supportedCompression": ["gzip"]}
    return Response(msgspec.json.encode(body), 200, CORS, "application/json")


async def _traces(_: Request) -> Response:
    """Traces of language models are nobody's moments: an empty answer, and nothing is kept."""
    return Response(b'{"status":1}', 200, CORS, "application/json")


# The busiest first: routes are tried in order.
_add("/v1/batch", _segment("batch"), about="batch", also=("/v1/batch/", "/v1/import", "/v1/import/"))
for _kind in KINDS:
    _add(f"/v1/{_kind}", _segment(_kind), about=_kind, also=(f"/v1/{_kind}/",))
for _letter, _kind in SHORT.items():
    _add(f"/v1/{_letter}", _segment(_kind))
_add("/batch/", _posthog(newer=False), about="capture", also=("/batch", "/i/v0/e/", "/i/v0/e", "/capture/", "/capture",
     "/e/", "/e"))  # fmt: skip
_add("/i/v1/analytics/events", _posthog(newer=True), about="events", also=("/i/v1/analytics/events/",))
_add("/v1/cloudevents", _cloudevents, about="cloudevents", also=("/v1/cloudevents/",))
for _path in ("/flags/", "/flags", "/decide/", "/decide"):
    _add(_path, _flags)
for _path in ("/i/v0/ai/batch/", "/i/v0/ai/batch", "/i/v0/ai", "/i/v0/ai/"):
    _add(_path, _traces)
