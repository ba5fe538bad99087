"""How much a request may hold, and how its bytes are unpacked within that."""

from __future__ import annotations

import re
import zlib

import msgspec
import zstandard

KB = 1 << 10
NESTED = 64  # how deep an item may be nested
PIECE = 64 * KB
WINDOW = 8 << 20  # memory that one zstd frame may ask for
STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


class Limits(msgspec.Struct, frozen=True):
    """Bytes of a plain body, of a packed one once unpacked, of one event; and the number of events."""

    plain: int
    unpacked: int
    event: int
    events: int = 2500


SEGMENT = Limits(plain=500 * KB, unpacked=(4 << 20) + PIECE, event=32 * KB)
# Its client stops adding at 5 MiB, so a body holds that and one more event.
POSTHOG = Limits(plain=6 << 20, unpacked=6 << 20, event=900 * KB)
CLOUDEVENTS = Limits(plain=500 * KB, unpacked=4 << 20, event=64 * KB)


class TooLarge(Exception):
    """More than the limits allow; the text says what, how much, and what is allowed. Answered with 413."""


class Unreadable(Exception):
    """The bytes are not what they should be; the text says what is expected. Answered with 400."""


class UnknownPacking(Exception):
    """A Content-Encoding nobody here unpacks. Answered with 415."""


def unpack(body: bytes, packing: str, limits: Limits) -> bytes:
    """The plain bytes of a body. `packing`: its Content-Encoding; a gzip header is recognised without one.

    Raises TooLarge, Unreadable, UnknownPacking; never holds much more than the limit in memory.
    """
    packing = packing.strip().lower()
    if packing in ("", "identity") and body[:2] == b"\x1f\x8b":
        packing = "gzip"
    if packing in ("", "identity"):
        if len(body) > limits.plain:
            raise TooLarge(f"a body of {len(body):,} bytes: at most {limits.plain:,}; send fewer events at once")
        return body
    if packing in ("gzip", "x-gzip", "gzip-js"):
        return _inflate(body, 31, limits.unpacked)
    if packing == "deflate":  # wrapped in zlib's header, as the standard says, or raw, as some senders do
        wrapped = len(body) > 1 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0
        return _inflate(body, 15 if wrapped else -15, limits.unpacked)
    if packing == "zstd":
        return _zstd(body, limits.unpacked)
    raise UnknownPacking(f"Content-Encoding {packing[:40]!r}: gzip, deflate, zstd or none are unpacked here")


def _inflate(body: bytes, window: int, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        while body:  # gzip may hold several members one after another
            member = zlib.decompressobj(window)
            part = member.decompress(body, most - size + 1)
            size += len(part)
            parts.append(part)
            if size > most:
                raise _bomb(most)
            if not member.eof:
                raise Unreadable("the packed body ends too early; send it whole")
            body = member.unused_data.lstrip(b"\0") if window == 31 else b""
    except zlib.error as error:
        raise Unreadable(f"the body cannot be unpacked ({error}); send gzip, deflate or plain JSON") from None
    return b"".join(parts)


def _zstd(body: bytes, most: int) -> bytes:
    try:
        with zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(body, read_across_frames=True) as reader:
            parts: list[bytes] = []
            size = 0
            while part := reader.read(PIECE):
                size += len(part)
                parts.append(part)
                if size > most:
                    raise _bomb(most)
    except zstandard.ZstdError as error:
        raise Unreadable(f"the body cannot be unpacked ({error}); send zstd, gzip or plain JSON") from None
    return b"".join(parts)


def _bomb(most: int) -> TooLarge:
    return TooLarge(f"the unpacked body is above {most:,} bytes; send fewer events at once")


def check_nesting(item: bytes) -> None:
    """Raises TooLarge when JSON text is nested deeper than NESTED."""
    depth = 0
    for found in STRING_OR_BRACKET.finditer(item):
        mark = found[0][:1]
        if mark in b"[{":
            depth += 1
            if depth > NESTED:
                raise TooLarge(f"nested deeper than {NESTED} levels; send it flatter")
        elif mark in b"]}":
            depth -= 1
