"""One way in for every client: key, size, rate, reading, and an answer only once it is on disk."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from occasion.service.errors import Refuse, error_answer
from occasion.service.ingest.envelope import Envelope, open_envelope
from occasion.service.ingest.limits import Limits, TooLarge, UnknownPacking, Unreadable, unpack
from occasion.service.ingest.reading import Asked, Reading, refused_whole
from occasion.service.keys import Key
from occasion.store.arrived import Batch, Busy, NotWritten, Receipt

Read = Callable[[Envelope, Limits, Asked, str], Reading]
Answer = Callable[[Receipt, Reading], Any]
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After, X-RateLimit-Reset",
    "Vary": "Origin",
}
SLOWEST = 60  # seconds in which a body must be there
NO_KEY = (
    "no key opens this: send one that is in force (occasion key list) as the Basic user, a Bearer token, X-Write-Key, "
    "or writeKey or api_key in the body"
)


class Door(msgspec.Struct, frozen=True):
    """How one path reads: its limits, its reader, its answer; `single`: one item a request, None: either."""

    kind: str
    read: Read
    limits: Limits
    answer: Answer
    single: bool | None = None
    sent_header: str = ""  # a header that says when this very attempt was sent


async def take(request: Request, door: Door, shape: Callable[[bytes], bytes] = bytes) -> Response:
    """Take a request's events in; every answer may be read by a page of another host.

    `shape` makes the JSON text of an unpacked body, where that is not JSON already.
    """
    try:
        answer = await _take(request, door, shape)
    except TooLarge as why:
        answer = error_answer(Refuse(413, "too_large", str(why)))
    except Unreadable as why:
        answer = error_answer(Refuse(400, "unreadable", str(why)))
    except UnknownPacking as why:
        answer = error_answer(Refuse(415, "unknown_encoding", str(why)))
    except TimeoutError:
        answer = error_answer(Refuse(408, "too_slow", f"the body was not there after {SLOWEST} s; send it again"))
    except ClientDisconnect:
        answer = error_answer(
            Refuse(400, "broken_off", "the request broke off before its body was there; send it again")
        )
    except Refuse as why:
        answer = error_answer(why)
    answer.headers.update(CORS)
    return answer


async def _take(request: Request, door: Door, shape: Callable[[bytes], bytes]) -> Response:
    service = request.app.state.service
    shown = list(shown_keys(request))
    key = _key(service, shown)
    received = service.clock()
    text = b""
    try:
        async with asyncio.timeout(SLOWEST):
            sent = await _body(request, door.limits)
        text = shape(unpack(sent, request.headers.get("content-encoding", ""), door.limits))
        envelope = open_envelope(text, door.limits, single=door.single)
    except (TooLarge, Unreadable) as why:
        if key is not None:
            whole = refused_whole(text, Asked(key.source, received), door.kind, str(why), shown)
            await written(request, whole)
        elif isinstance(why, Unreadable):
            raise no_key() from None
        raise
    key = key or _key(service, [envelope.key] if envelope.key else [])
    if key is None:
        raise no_key()
    if envelope.sent is None and door.sent_header:
        envelope.sent = request.headers.get(door.sent_header)
    _paced(service, key, max(1, len(envelope.items)), received)
    reading = door.read(envelope, door.limits, Asked(key.source, received), door.kind)
    reading.batch.size = len(text)
    receipt = await written(request, reading.batch)
    if envelope.single and reading.batch.refused:
        raise Refuse(400, "refused", reading.reason() or "refused")
    return Response(msgspec.json.encode(door.answer(receipt, reading)), 200, media_type="application/json")


def no_key() -> Refuse:
    """There is no key, or none in force."""
    return Refuse(401, "unauthorized", NO_KEY, headers={"WWW-Authenticate": "Basic"})


async def _body(request: Request, limits: Limits) -> bytes:
    """The bytes as they were sent, given up on as soon as they are too many."""
    most = max(limits.plain, limits.unpacked)
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > most:
        raise TooLarge(f"a body of {int(stated):,} bytes: at most {most:,}; send fewer events at once")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise TooLarge(f"a body above {most:,} bytes; send fewer events at once")
        parts.append(part)
    return b"".join(parts)


async def written(request: Request, batch: Batch) -> Receipt:
    """The writer's receipt, once the batch is on disk. Raises Refuse: 429 when too much waits, 503 when it cannot."""
    if not batch.arrived and not batch.refused:
        return Receipt(0, 0, 0)
    try:
        receipt: Receipt = await asyncio.wrap_future(request.app.state.service.writer.submit(batch))
        request.app.state.doors.metrics.arrived(receipt.taken, receipt.known, receipt.refused)
        return receipt
    except Busy as why:
        raise Refuse(429, "busy", str(why), headers=wait(why.seconds)) from None
    except NotWritten as why:
        raise Refuse(503, "not_written", str(why), headers={"Retry-After": "5"}) from None


def wait(seconds: int) -> dict[str, str]:
    """The headers that say when to come back, in both of the ways that clients read."""
    return {"Retry-After": str(seconds), "X-RateLimit-Reset": str(seconds)}


def _paced(service: Any, key: Key, events: int, now: int) -> None:
    seconds = service.pace.wait(key.digest, events, now)
    if seconds:
        why = f"this key sends more than {service.pace.rate:,} events a second: send it again in {seconds} s"
        raise Refuse(429, "too_many", why, headers=wait(seconds))


def _key(service: Any, shown: list[str]) -> Key | None:
    return next((key for key in map(service.keys.find, shown) if key is not None), None)


def shown_keys(request: Request) -> Iterator[str]:
    """The keys a request shows in its headers: Basic user, Bearer token, X-Write-Key."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        yield value.strip()
    elif scheme.lower() == "basic":
        try:
            user = base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError, ValueError):
            user = ""
        if user:
            yield user
    if own := request.headers.get("x-write-key", "").strip():
        yield own
