"""What was read of a request: the batch for the writer, and which item became what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

import msgspec

from occasion.service.ingest.envelope import Envelope
from occasion.service.ingest.fields import LONGEST, Unfit
from occasion.service.ingest.limits import Limits
from occasion.store.arrived import Arrived, Batch, RefusedItem

SHORT = 4000  # characters kept of an item too large to be kept whole
KEYS = frozenset(("writeKey", "api_key", "token"))  # never kept in the clear
PLACE = re.compile(r" - at `\$\.?([^`]*)`")


class Asked(msgspec.Struct, frozen=True):
    """About the request: under which source its items are known, and when it came (UTC microseconds)."""

    source: str
    received: int


class Reading(msgspec.Struct):
    """A request, read."""

    batch: Batch

    def reason(self) -> str | None:
        """Why the first refused item was refused."""
        return self.batch.refused[0].reason if self.batch.refused else None


Convert = Callable[[bytes, int], Arrived]


def read_items(envelope: Envelope, limits: Limits, asked: Asked, kind: str, convert: Convert) -> Reading:
    """Every item converted, or refused with its reason. `convert` gets the item and its place; may raise Unfit."""
    reading = Reading(Batch())
    arrived, refused = reading.batch.arrived, reading.batch.refused
    for place, item in enumerate(envelope.items):
        try:
            if len(item) > limits.event:
                raise Unfit("event", f"{len(item):,} bytes", f"at most {limits.event:,} bytes; send less with it")
            arrived.append(convert(item, place))
        except Unfit as why:
            refused.append(_refused(item, asked, kind, why))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            refused.append(_refused(item, asked, kind, _unfit(error)))
    return reading


def _unfit(error: Exception) -> Unfit:
    """What the decoder says of a field, as a reason."""
    if isinstance(error, UnicodeDecodeError):
        return Unfit("event", None, "is no UTF-8; send JSON in UTF-8")
    if isinstance(error, RecursionError):
        return Unfit("event", None, "is nested too deep; send it flatter")
    said = str(error)
    place = PLACE.search(said)
    field = place[1] if place and place[1] else "event"
    said = PLACE.sub("", said).replace("`", "").replace("null", "nothing")
    return Unfit(field, None, f"{said[:1].lower()}{said[1:]}; send it as the client's own library does")


def _refused(item: bytes, asked: Asked, kind: str, why: Unfit) -> RefusedItem:
    body = shown_body(item)
    said = body if isinstance(body, dict) else {}
    for name in KEYS & said.keys():
        del said[name]
    given = said.get("type")
    if kind == "batch":
        kind = given if isinstance(given, str) and given else "unknown"
    return RefusedItem(
        received_us=asked.received,
        source=asked.source,
        kind=kind[:40],
        field=why.field[:200],
        value=why.value,
        reason=why.reason,
        body=body,
        party=_first(said, "userId", "anonymousId", "distinct_id", "subject"),
        message_id=_first(said, "messageId", "uuid", "id"),
    )


def _first(said: dict[str, Any], *names: str) -> str | None:
    for name in names:
        value = said.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and 0 < len(str(value)) <= LONGEST:
            return str(value)
    return None


def shown_body(item: bytes, most: int = 64 << 10) -> Any:
    """An item as it is kept with its refusal: its JSON, or the beginning of its text."""
    try:
        if len(item) <= most:
            return msgspec.json.decode(item)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return {"text": item[:SHORT].decode("utf-8", "replace").replace("\0", "\ufffd"), "bytes": len(item)}


def content_id(item: bytes, asked: Asked, place: int) -> str:
    """An id for an item that came without one: of its content, the instant it came at and its place in the request."""
    stamp = b"%d:%d:" % (asked.received, place)
    return "made-" + blake2b(stamp + item, digest_size=12).hexdigest()


def refused_whole(body: bytes, asked: Asked, kind: str, reason: str, secrets: Iterable[str]) -> Batch:
    """A request of which nothing could be read, as one refused item; the keys it was sent with are not kept."""
    text = body[:SHORT].decode("utf-8", "replace").replace("\0", "\ufffd")
    for secret in secrets:
        text = text.replace(secret, "(key)")
    return Batch(refused=[RefusedItem(asked.received, asked.source, kind, "body", text[:60], reason, {"text": text})])
