"""The coach for programs: a draft in, the object that `occasion coach --json` prints out. Opened by a reading key.

Nothing of a draft is kept or logged. A key is no person: it reads what whoever runs the desk may read, so it is given
to a program of the business itself, such as a plug-in of its mail.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from occasion.coach.reading import LEVELS, PARTS, VERDICTS, Draft, Reading
from occasion.coach.said import as_text
from occasion.desk.coaching import LONGEST
from occasion.people.parties import party_of
from occasion.service.coaching import coaching
from occasion.service.errors import Refuse, error_responses
from occasion.service.ingest.door import shown_keys
from occasion.service.ingest.fields import NOT_BLANK

router = APIRouter(prefix="/api", tags=["coach"])
MOST = 64 * 1024  # bytes of a body
SLOWEST = 30.0  # seconds in which it must be there
LONGEST_ID = 500
TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
ASKED = {
    "type": "object",
    "additionalProperties": False,
    "required": ["to", "text"],
    "properties": {
        "to": {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "description": "Any identity of theirs."},
        "text": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": NOT_BLANK},
        "channel": {"type": ["string", "null"], "maxLength": 60, "description": "email, sms, letter, chat, ..."},
        "by": {"type": "string", "maxLength": 200, "description": "The colleague who would send it: id or name."},
        "at": {"type": ["string", "null"], "format": "date-time", "description": "When; now, if left out."},
    },
    "example": {"to": "p-1042", "text": "Did the mint rinse help?", "channel": "email", "by": "ewa"},
}
SPAN = {
    "type": "object",
    "required": ["start", "end", "why"],
    "properties": {"start": {"type": "integer"}, "end": {"type": "integer"}, "why": TEXT},
}
PART = {
    "type": "object",
    "required": ["name", "score", "level", "why", "spans", "changes", "unjudged", "facts"],
    "properties": {
        "name": {"enum": list(PARTS)},
        "score": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        "level": {"enum": list(LEVELS)},
        "why": TEXT,
        "spans": {"type": "array", "items": SPAN, "description": "Characters of the text, and what is said of them."},
        "changes": TEXTS,
        "unjudged": TEXTS,
        "facts": {"type": "object"},
    },
}
ANSWER = {
    "type": "object",
    "required": ["verdict", "why", "parts", "changes", "unjudged", "language", "question", "said"],
    "properties": {
        "verdict": {"enum": list(VERDICTS)},
        "why": TEXT,
        "parts": {"type": "array", "items": PART, "minItems": len(PARTS), "maxItems": len(PARTS)},
        "changes": {**TEXTS, "description": "Facts that would change it, never text for a customer."},
        "unjudged": {**TEXTS, "description": "What could not be judged, and why."},
        "language": {"type": ["string", "null"]},
        "question": {"type": "string", "description": "The golden rule: asked, never scored."},
        "said": {
            "type": "object",
            "description": "Of every sentence but `why`, by its English: its key and the values in it, to say the same"
            " in another language. Days are ISO dates, languages codes; what is said within it is such an object too.",
            "additionalProperties": {
                "type": "object",
                "required": ["key", "values"],
                "properties": {"key": TEXT, "values": {"type": "object"}},
            },
        },
    },
}


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """A draft as a program sends it."""

    to: str
    text: str
    channel: str | None = None
    by: str = ""
    at: str | None = None


@router.post(
    "/coach",
    summary="Whether a message is a moment or a touch, and why",
    responses={
        200: {"description": "The reading", "content": {"application/json": {"schema": ANSWER}}},
        **error_responses(400, 401, 404, 408, 413, 429),
    },
    openapi_extra={
        "security": [{"basic": []}, {"bearer": []}, {"writeKey": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": ASKED}}},
    },
)
async def read_draft(request: Request) -> Response:
    """Opened by a key that may read (`occasion key new NAME --may read`). Nothing of the text is kept."""
    service = request.app.state.service
    if not any(service.keys.find(secret, "read") for secret in shown_keys(request)):
        why = "no key opens this: occasion key new NAME --may read makes one; send it as Basic user or Bearer token"
        raise Refuse(401, "unauthorized", why, headers={"WWW-Authenticate": "Basic"})
    asked = _asked(await _body(request))
    reading = await run_in_threadpool(_read, service, asked)
    return Response(msgspec.json.encode(reading, enc_hook=as_text), media_type="application/json")


async def _body(request: Request) -> bytes:
    """The body, if it is there in time and not larger than it may be."""
    found = b""
    try:
        async with asyncio.timeout(SLOWEST):
            async for chunk in request.stream():
                found += chunk
                if len(found) > MOST:
                    raise Refuse(413, "too_large", f"the body is larger than {MOST // 1024} KiB, the most that is read")
    except TimeoutError:
        raise Refuse(408, "too_slow", f"the body was not there after {SLOWEST:g} s; send it again") from None
    return found


def _asked(body: bytes) -> Asked:
    try:
        asked = msgspec.json.decode(body, type=Asked)
    except (msgspec.DecodeError, UnicodeDecodeError) as why:
        raise Refuse(400, "unreadable", f"the body is not as it should be ({why}); /openapi.json shows it") from None
    allowed = (("to", asked.to, LONGEST_ID), ("text", asked.text, LONGEST), ("channel", asked.channel or "", 60),
               ("by", asked.by, 200))  # fmt: skip
    for name, value, most in allowed:
        if len(value) > most:
            raise Refuse(400, "invalid", f"{name}: has {len(value)} characters; at most {most} are read here")
    if not asked.to or not asked.text.strip():
        raise Refuse(400, "invalid", f"{'text' if asked.to else 'to'}: is empty; say whom it is for and what it says")
    return asked


def _read(service: Any, asked: Asked) -> Reading:
    with service.engine.connect() as connection:
        top = service.log.canonical(asked.to)
        if "\x00" in top or not (party_of(connection, top).known or service.log.of(top)):
            raise Refuse(404, "not_found", "to: nobody is known by this identity; /search on the desk finds any")
        channel = (asked.channel or "").strip().lower() or None
        draft = Draft(asked.text, top, service.clock() if asked.at is None else _instant(asked.at), channel, asked.by)
        return coaching(service).read(connection, draft, None)


def _instant(text: str) -> int:
    """RFC 3339 in UTC microseconds."""
    try:
        at = msgspec.convert(text, datetime)
        if at.tzinfo is not None:
            return (at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    except (msgspec.ValidationError, OverflowError):
        pass
    raise Refuse(400, "invalid", f"at: {text[:40]!r} is no time with an offset; write 2026-03-02T09:00:00Z")
