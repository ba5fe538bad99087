"""CloudEvents 1.0: structured, in batches, and in the binary form where the attributes are headers."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import msgspec

from occasion.service.ingest.envelope import Envelope, readable
from occasion.service.ingest.fields import Unfit, make_event, text_id, when, zone_of
from occasion.service.ingest.limits import Limits, TooLarge, Unreadable
from occasion.service.ingest.reading import Asked, Reading, read_items
from occasion.store.arrived import Arrived, identity

ATTRIBUTES = frozenset(
    ("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data", "data_base64")
)


def read_cloudevents(envelope: Envelope, limits: Limits, asked: Asked, kind: str) -> Reading:
    """The events of a body: type is the name, subject the party, (source, id) the identity."""
    return read_items(envelope, limits, asked, kind, lambda text, _: _convert(text, asked))


def binary_item(headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """A request in the binary form as one structured item: its `ce-` headers and its body."""
    event: dict[str, Any] = {}
    kind = "application/json"
    for name, value in headers:
        if name.startswith("ce-"):
            event[name[3:]] = unquote(value)
        elif name == "content-type" and value:
            kind = value
    event["datacontenttype"] = kind
    plain = kind.partition(";")[0].strip().lower()
    if body and (plain.endswith(("/json", "+json"))):
        event["data"] = msgspec.Raw(readable(body))
    elif body and plain.startswith("text/"):
        event["data"] = body.decode("utf-8", "replace").replace("\0", "\ufffd")
    elif body:
        event["data_base64"] = base64.b64encode(body).decode()
    return msgspec.json.encode(event)


def _convert(text: bytes, asked: Asked) -> Arrived:
    event = msgspec.json.decode(text)
    if not isinstance(event, dict):
        raise Unfit("event", None, "is no JSON object; send one with specversion, id, source, type and subject")
    version = event.get("specversion")
    if version != "1.0":
        raise Unfit("specversion", version, "is not 1.0, the version read here; send 1.0")
    name, party = _needed(event, "type"), _needed(event, "subject")
    # A source is an address and has no spaces of its own, so that the space tells it from the id.
    message_id = f"{_needed(event, 'source').replace('%', '%25').replace(' ', '%20')} {_needed(event, 'id')}"
    at = when(event.get("time"), 0, asked.received, "time")
    given = {name: value for name, value in event.items() if name not in ATTRIBUTES} | _data(event)
    zone = zone_of(given.get("timezone"))
    event_id = identity(asked.source, message_id)
    found = make_event(event_id, party, name, at=at, seen=asked.received, given=given, zone=zone)
    return Arrived(asked.source, message_id, found)


def _needed(event: dict[str, Any], name: str) -> str:
    value = event.get(name)
    if value is not None and not isinstance(value, str):
        raise Unfit(name, value, "is no text; send text")
    found = text_id(value, name)
    if found is None:
        why = "an event needs the party it happened to" if name == "subject" else "every CloudEvent has it"
        raise Unfit(name, None, f"is missing: {why}; send it")
    return found


def _data(event: dict[str, Any]) -> dict[str, Any]:
    """The data as properties: an object's entries, a plain value as `data`, text as the event's body."""
    data = event.get("data")
    if data is None and isinstance(event.get("data_base64"), str):
        data = _decoded(event["data_base64"], str(event.get("datacontenttype") or ""))
    if isinstance(data, dict):
        return data
    kind = str(event.get("datacontenttype") or "").lower()
    if isinstance(data, str) and kind.startswith("text/"):
        return {"body": data}
    return {} if data is None else {"data": data}


def _decoded(text: str, kind: str) -> Any:
    """Packed data where it is JSON or text; other bytes mean nothing to a condition."""
    try:
        plain = base64.b64decode(text, validate=True)
        if "json" in kind or not kind:
            return msgspec.json.decode(readable(plain))
        return plain.decode().replace("\0", "\ufffd") if kind.startswith("text/") else None
    except (ValueError, msgspec.DecodeError, Unreadable, TooLarge):
        return None
