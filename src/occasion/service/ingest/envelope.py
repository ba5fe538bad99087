"""A request's body as JSON items, read with patience: one bad item must not cost the others."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from occasion.service.ingest.limits import NESTED, Limits, TooLarge, Unreadable, check_nesting

NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
EMPTY: dict[str, Any] = {}


class Envelope(msgspec.Struct):
    """What a body holds: its items as JSON text, and what is said about all of them."""

    items: list[bytes]
    single: bool = False  # the body is the one item
    key: str | None = None  # a key within the body
    sent: object = None  # when the client's clock said it was sent
    context: dict[str, Any] = EMPTY  # merged into each item


class Head(msgspec.Struct, rename={"write_key": "writeKey", "sent_at": "sentAt", "sent_by": "sent_at"}):
    """The keys of a body that hold for all of its items, whichever client wrote it."""

    batch: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    context: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    write_key: Any = None
    api_key: Any = None
    token: Any = None
    sent_at: Any = None
    sent_by: Any = None


HEAD = msgspec.json.Decoder(Head)
ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


def readable(body: bytes) -> bytes:
    """The body as strict JSON text in UTF-8.

    What JSON writers of other languages get wrong is mended: a byte order mark goes, NaN and Infinity are null, what is
    no UTF-8, halves of a character pair and NUL (which no database text can hold) are replaced. Raises Unreadable,
    TooLarge.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    if b"\\u0000" in body:
        body = NUL.sub(rb"\1\\ufffd", body)
    body = body.decode("utf-8", "replace").encode()
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        return body
    except RecursionError:
        raise _deep() from None
    except msgspec.DecodeError as error:
        return _mended(body, error)


def _deep() -> TooLarge:
    return TooLarge("the body is nested too deep; send it flatter")


def _mended(body: bytes, error: msgspec.DecodeError) -> bytes:
    try:
        found = json.loads(body.decode(), parse_constant=lambda _: None, parse_float=_finite)
        return json.dumps(found, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    except RecursionError:
        raise _deep() from None
    except ValueError:
        raise Unreadable(f"the body is no JSON: {error}"[:300]) from None


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def open_envelope(body: bytes, limits: Limits, *, single: bool | None) -> Envelope:
    """The items of a body, still as text. `single`: the body is one item; None: it is a batch if it looks like one.

    Raises Unreadable when it is neither an object nor (where `single` is None) a list, TooLarge over the limits.
    """
    if b"\\u0000" not in body:
        try:
            return _opened(body, limits, single)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass  # rarely: then with more patience
        except RecursionError:
            raise _deep() from None
    try:
        return _opened(readable(body), limits, single)
    except msgspec.DecodeError as error:
        raise Unreadable(f"the body is no JSON: {error}"[:300]) from None
    except RecursionError:
        raise _deep() from None


def _opened(body: bytes, limits: Limits, single: bool | None) -> Envelope:
    start = body[:64].lstrip()[:1] or body.lstrip()[:1]
    if start == b"[" and single is None:
        listed = _within(ITEMS.decode(body), limits)
        return Envelope(listed, key=_key_within(listed))
    head = HEAD.decode(body) if start == b"{" else _no_object(body)
    key = next((k for k in (head.write_key, head.api_key, head.token) if isinstance(k, str) and k), None)
    sent = head.sent_at if head.sent_at is not None else head.sent_by
    if single or (single is None and head.batch is msgspec.UNSET):
        return Envelope(_within([body], limits, single=True), True, key, sent)
    if head.batch is msgspec.UNSET or bytes(memoryview(head.batch)[:64]).lstrip()[:1] != b"[":
        raise Unreadable('batch: is missing or no list; send {"batch": [{...}, ...]}')
    return Envelope(_within(ITEMS.decode(head.batch), limits), False, key, sent, _context(head))


def _no_object(body: bytes) -> Head:
    msgspec.json.decode(body, type=msgspec.Raw)  # what is no JSON at all says so itself
    raise Unreadable('the body is no JSON object; send an object such as {"batch": [...]}')


def _within(items: list[Any], limits: Limits, *, single: bool = False) -> list[bytes]:
    if len(items) > limits.events:
        raise TooLarge(f"{len(items):,} events: at most {limits.events:,} at once; send several batches")
    plain = [bytes(item) for item in items]
    for item in plain:
        if item.count(b"{") + item.count(b"[") > NESTED:  # hardly ever: then look closely
            check_nesting(item)
    if single and len(plain[0]) > limits.event:
        raise TooLarge(f"an event of {len(plain[0]):,} bytes: at most {limits.event:,}; send less with it")
    return plain


def _context(head: Head) -> dict[str, Any]:
    if head.context is msgspec.UNSET:
        return EMPTY
    check_nesting(bytes(head.context))
    try:
        found = msgspec.json.decode(head.context)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return EMPTY
    return found if isinstance(found, dict) else EMPTY


def _key_within(items: list[Any]) -> str | None:
    """The key of a bare list: each of its events has it, so that of the first."""
    if not items:
        return None
    try:
        first = msgspec.json.decode(items[0])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(first, dict):
        return None
    inner = first.get("properties")
    places = (first.get("api_key"), first.get("token"), inner.get("token") if isinstance(inner, dict) else None)
    return next((key for key in places if isinstance(key, str) and key), None)
