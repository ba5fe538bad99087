"""The doors for events in the OpenAPI document: what each takes, with an example, and what it answers."""

from __future__ import annotations

from typing import Any

from occasion.service.errors import error_responses
from occasion.service.ingest.fields import LONGEST, NOT_BLANK

Schema = dict[str, Any]
ID: Schema = {"description": "Text or a number; null is absent.", "type": ["string", "number", "null"]}
GIVEN: Schema = {"type": ["string", "number"], "minLength": 1, "maxLength": LONGEST, "pattern": NOT_BLANK}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": NOT_BLANK}
TEXT: Schema = {"type": ["string", "null"]}
OBJECT: Schema = {"type": ["object", "null"]}
# In words, since no schema can say that a time lies at most a day ahead of the clock.
TIMES = (
    "Times (timestamp, originalTimestamp, time) are ISO 8601, UTC where no offset is stated, or unix time in s, ms, us "
    "or ns; at most 24 hours ahead of the clock. With a sentAt (sent_at) they are corrected by the client's clock."
)
SENT: Schema = {"description": "When the client's clock said it was sent. What is no time corrects nothing."}
CONTEXT: Schema = {
    "description": "timezone: the party's zone. active: false does not count as being seen.",
    "type": ["object", "null"],
    "properties": {"timezone": {}, "active": {}, "traits": OBJECT},
}
CALL: Schema = {"messageId": ID, "context": CONTEXT, "sentAt": SENT}
SOMEBODY: Schema = {
    "anyOf": [
        {"required": ["userId"], "properties": {"userId": GIVEN}},
        {"required": ["anonymousId"], "properties": {"anonymousId": GIVEN}},
    ]
}
WHO: Schema = {"userId": ID, "anonymousId": ID}


def _call(properties: Schema, required: tuple[str, ...] = (), *, somebody: bool = False) -> Schema:
    found: Schema = {"type": "object", "properties": {**CALL, **properties}}
    return found | ({"required": list(required)} if required else {}) | (SOMEBODY if somebody else {})


BATCH: Schema = {
    "type": "object",
    "required": ["batch"],
    "properties": {
        "batch": {
            "type": "array",
            "description": "At most 2500 calls, each with its `type`. One that cannot be used is kept as refused.",
        },
        "sentAt": SENT,
        "context": {"description": "Merged into each item."},
    },
}
CAPTURED: Schema = {
    "type": "object",
    "required": ["batch"],
    "properties": {
        "batch": {"type": "array", "description": "At most 2500 events."},
        "sent_at": SENT,
    },
}
CAPTURED_ANYHOW: Schema = {
    "anyOf": [
        CAPTURED,
        {"type": "array", "description": "At most 2500 events."},
        {
            "type": "object",
            "required": ["event", "distinct_id"],
            "properties": {
                "event": NAME,
                "distinct_id": GIVEN,
                "uuid": ID,
                "properties": OBJECT,
                "batch": False,
            },
        },
    ]
}
CLOUDEVENT: Schema = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "subject"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": NAME,
        "source": NAME,
        "type": {**NAME, "description": "The event's name."},
        "subject": {**NAME, "description": "The party."},
        "data": {"description": "An object's entries are the event's properties."},
    },
}
STAMP = "2026-11-21T22:19:03.346Z"
LEASE: Schema = {"event": "Lease Signed", "userId": "u1", "properties": {"unit": "4B"}, "messageId": "87475e3b"}
CLOUD: Schema = {
    "specversion": "1.0", "id": "1", "source": "/shop", "type": "order_completed", "subject": "u1",
    "data": {"amount": 120},
}  # fmt: skip
# path's name → a line, the schema of its body, an example
DOORS: dict[str, tuple[str, Schema, Schema]] = {
    "track": (
        "Something happened to a party",
        _call({**WHO, "event": NAME, "properties": OBJECT}, ("event",), somebody=True),
        LEASE,
    ),
    "identify": (
        "Who a party is and what they are like; joins anonymousId to userId",
        _call({**WHO, "traits": OBJECT}, somebody=True),
        {"userId": "u1", "anonymousId": "a-71", "traits": {"name": "Ewa Nowak"}, "messageId": "5d3c8a10"},
    ),
    "group": (
        "What a party belongs to",
        _call({**WHO, "groupId": GIVEN, "traits": OBJECT}, ("groupId",)),
        {"userId": "u1", "groupId": "house 4", "traits": {"floors": 3}, "messageId": "b1f0"},
    ),
    "page": (
        "A page was viewed",
        _call({**WHO, "name": TEXT, "category": TEXT, "properties": OBJECT}, somebody=True),
        {"anonymousId": "a-71", "name": "Prices", "messageId": "0c55"},
    ),
    "screen": (
        "A screen was viewed",
        _call({**WHO, "name": TEXT, "category": TEXT, "properties": OBJECT}, somebody=True),
        {"userId": "u1", "name": "Home", "messageId": "0c56"},
    ),
    "alias": (
        "Two ids are one party: previousId is read as userId",
        _call({"previousId": GIVEN, "userId": GIVEN}, ("previousId", "userId")),
        {"previousId": "a-71", "userId": "u1", "messageId": "77aa"},
    ),
    "batch": (
        "Many calls at once (also /v1/import)",
        BATCH,
        {"batch": [{"type": "track", **LEASE, "timestamp": STAMP}], "sentAt": STAMP},
    ),
    "capture": (
        "Events as PostHog's clients send them (also /i/v0/e/ and /capture/, with one event or many)",
        CAPTURED_ANYHOW,
        {"batch": [{"event": "Lease Signed", "distinct_id": "u1", "uuid": "237d", "properties": {"unit": "4B"}}]},
    ),
    "events": (
        "Events as PostHog's clients send them in their newer form; answers for each",
        CAPTURED,
        {"batch": [{"event": "Lease Signed", "distinct_id": "u1", "uuid": "237e", "timestamp": STAMP}]},
    ),
    "cloudevents": ("CloudEvents 1.0: one, many, or one with its attributes in ce- headers", CLOUDEVENT, CLOUD),
}
COUNT: Schema = {"type": "integer", "minimum": 0}
TAKEN: Schema = {
    "type": "object",
    "required": ["success", "taken", "known", "refused"],
    "properties": {
        "success": {"const": True},
        "taken": {**COUNT, "description": "New, and on disk."},
        "known": {**COUNT, "description": "On disk already."},
        "refused": {**COUNT, "description": "Kept with the reason, not stored as events."},
        "reasons": {"type": "array", "items": {"type": "string"}},
    },
}
KEYS: list[dict[str, list[str]]] = [{"basic": []}, {"bearer": []}, {"writeKey": []}]
SECURITY_SCHEMES: Schema = {
    "basic": {"type": "http", "scheme": "basic", "description": "The key as the user, no password."},
    "bearer": {"type": "http", "scheme": "bearer"},
    "writeKey": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
}


def described(name: str) -> dict[str, Any]:
    """What the route of this name says in the document: for APIRouter.add_api_route."""
    line, schema, example = DOORS[name]
    content: Schema = {"application/json": {"schema": schema, "example": example}}
    if name == "cloudevents":
        content = {
            "application/cloudevents+json": {"schema": schema, "example": example},
            "application/cloudevents-batch+json": {
                "schema": {"type": "array", "description": "At most 2500 events."},
                "example": [example],
            },
        }
    text = (
        f"{line}. Answered once it is on disk. Any Content-Type is read as JSON; gzip, deflate and zstd are unpacked. "
        f"The key may also be writeKey or api_key in the body. {TIMES}"
    )
    return {
        "summary": line,
        "description": text,
        "operation_id": f"take_{name}",
        "openapi_extra": {"requestBody": {"required": True, "content": content}, "security": KEYS},
        "responses": {
            200: {"description": "On disk", "content": {"application/json": {"schema": TAKEN}}},
            **error_responses(400, 401, 408, 413, 415, 429, 503),
        },
    }
