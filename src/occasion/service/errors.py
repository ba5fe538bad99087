"""One shape of error for every caller that is a program: success, code, message, detail.

Clients of the Segment family send a 400 again, up to 11 times, unless its body has `code` and `message`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from occasion.errors import OccasionError

LOG = logging.getLogger("occasion.service")
# Paths that programs call: an error there is JSON, whatever the Accept header says.
FOR_PROGRAMS = (
    *("/v1", "/batch", "/i/", "/capture", "/e/", "/flags", "/decide"),
    *("/api/", "/health", "/openapi.json", "/metrics"),
)


class ErrorBody(msgspec.Struct, kw_only=True):
    """What every error answer of the API holds."""

    success: bool = False
    code: str
    message: str
    detail: object = None


class Refuse(Exception):
    """Answer the request with this status, code and one line; raised anywhere below a route."""

    def __init__(
        self, status: int, code: str, message: str, detail: object = None, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.headers = dict(headers or {})


ERROR_SCHEMA = {
    "type": "object",
    "required": ["success", "code", "message", "detail"],
    "properties": {
        "success": {"const": False},
        "code": {"type": "string", "description": "A word that does not change."},
        "message": {"type": "string", "description": "One line: what, which value, what is allowed, what to do next."},
        "detail": {},
    },
}
WHEN = {
    400: "Cannot be read or used",
    401: "No key or session opens this",
    403: "Not allowed to this one",
    404: "Not there",
    408: "The body came too slowly: send it again",
    413: "Too large",
    415: "Packed in a way that is not known here",
    422: "A parameter cannot be used",
    429: "Too much at once: wait as long as Retry-After says",
    503: "Not now",
}


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses for a route's `responses`, each with the error body."""
    content = {"application/json": {"schema": ERROR_SCHEMA}}
    seconds = {"description": "Seconds to wait", "schema": {"type": "integer"}}
    found: dict[int | str, dict[str, Any]] = {s: {"description": WHEN[s], "content": content} for s in statuses}
    if 429 in found:
        found[429] = {**found[429], "headers": {"Retry-After": seconds, "X-RateLimit-Reset": seconds}}
    return found


def error_answer(why: Refuse) -> Response:
    """The error as JSON in the one shape."""
    # One client shows its user `detail` only, so it is never empty.
    detail = why.message if why.detail is None else why.detail
    body = msgspec.json.encode(ErrorBody(code=why.code, message=why.message, detail=detail))
    return Response(body, why.status, why.headers, "application/json")


def code_of(status: int) -> str:
    """A status as the word of an error body: 404 is not_found."""
    try:
        return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_").replace("'", "")
    except ValueError:
        return "error"


def for_program(request: Request) -> bool:
    """Whether the caller is a program: by the path, or because it does not ask for a page."""
    path = request.url.path
    return path.startswith(FOR_PROGRAMS) or "text/html" not in request.headers.get("accept", "")


def add_error_handlers(app: FastAPI) -> None:
    """Every error leaves in the one shape; a page's errors may be drawn by `app.state.error_page(request, status,
    message) -> Response`, where that is set."""

    def answer(request: Request, why: Refuse) -> Response:
        page = getattr(app.state, "error_page", None)
        if page is not None and not for_program(request):
            drawn: Response = page(request, why.status, why.message)
            drawn.headers.update(why.headers)
            return drawn
        return error_answer(why)

    async def refused(request: Request, why: Exception) -> Response:
        assert isinstance(why, Refuse)
        return answer(request, why)

    async def http(request: Request, why: Exception) -> Response:
        assert isinstance(why, HTTPException)
        message = why.detail if isinstance(why.detail, str) else code_of(why.status_code).replace("_", " ")
        if why.status_code == 404:
            message = f"{request.method} {request.url.path}: there is nothing here; /openapi.json lists what there is"
        if why.status_code == 405:
            message = f"{request.method} is not answered at {request.url.path}; /openapi.json lists what is"
        return answer(request, Refuse(why.status_code, code_of(why.status_code), message, headers=why.headers))

    async def invalid(request: Request, why: Exception) -> Response:
        assert isinstance(why, RequestValidationError)
        missing = {"missing": "is missing"}
        places = [
            {"where": ".".join(map(str, e["loc"])), "why": missing.get(e["type"], e["msg"])} for e in why.errors()
        ]
        said = "; ".join(f"{place['where']}: {place['why']}" for place in places[:3])
        return answer(request, Refuse(422, "invalid", said or "the request cannot be read", places))

    async def input_error(request: Request, why: Exception) -> Response:
        return answer(request, Refuse(400, "invalid", str(why)))

    async def unforeseen(request: Request, why: Exception) -> Response:
        # The kind only: a message may hold what a customer wrote.
        LOG.error("unforeseen", extra={"path": request.url.path, "kind": type(why).__name__}, exc_info=None)
        return answer(request, Refuse(500, "internal", "this should not happen; the server's log says where it did"))

    app.add_exception_handler(Refuse, refused)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(OccasionError, input_error)
    app.add_exception_handler(Exception, unforeseen)
