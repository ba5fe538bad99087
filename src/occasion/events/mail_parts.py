"""The parts of a mail: headers decoded, addresses, the time, and the text of its body, whatever its charset."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, mktime_tz, parsedate_tz

from occasion.events.mail_html import html_text
from occasion.events.mail_ours import ADDRESS
from occasion.events.mail_signature import without_contact_lines
from occasion.events.mail_text import own_words, unflow

BODY = 100_000  # characters of a body that are kept
HEADER = 20_000  # characters of a header that are read
PARTS = 200
DEEPEST = 20
_SPACES = re.compile(r"\s+")


def header(message: Message, name: str) -> str:
    """A header as text, its encoded words decoded; empty where there is none."""
    return next(_headers(message, name), "")


def _headers(message: Message, name: str) -> Iterator[str]:
    wanted = name.lower()
    for key, value in message.raw_items():
        if key.lower() == wanted:
            yield decoded(str(value)[:HEADER])


def decoded(raw: str) -> str:
    """A header's text from how it is written: encoded words, raw bytes of any charset, folded lines.

    >>> decoded("=?utf-8?q?Za=C5=BC=C3=B3=C5=82=C4=87?=")
    'Zażółć'
    """
    unfolded = _clean(_SPACES.sub(" ", raw).strip())
    if "=?" not in unfolded:
        return unfolded
    try:
        parts = decode_header(unfolded)
    except (HeaderParseError, ValueError):
        return unfolded
    texts = [_part(part, charset) if isinstance(part, bytes) else str(part) for part, charset in parts]
    return _SPACES.sub(" ", "".join(texts)).strip()


def _part(part: bytes, charset: str | None) -> str:
    return _readable(part, charset) if charset else part.decode("raw-unicode-escape", "replace")


def _clean(text: str) -> str:
    """A header as the parser gives it, its bytes beyond ASCII hidden in surrogates, as readable text."""
    return text.replace("\x00", "") if text.isascii() else _readable(text.encode("utf-8", "surrogateescape"), "")


def _readable(data: bytes, charset: str) -> str:
    """Bytes as text: by the charset that is said, else UTF-8, else Windows-1252; never an error, never a NUL."""
    for name, errors in ((charset, "strict"), ("utf-8", "strict"), (charset, "replace"), ("cp1252", "replace")):
        if name:
            try:
                text = data.decode(name, errors)
                text.encode()  # some charsets write halves of a pair, which are no text
            except (LookupError, ValueError):
                continue
            return text.replace("\x00", "")
    return data.decode("latin-1").replace("\x00", "")


def addresses(message: Message, *names: str) -> list[tuple[str, str]]:
    """(name, address) of everybody in these headers, each address once, in small letters."""
    found: dict[str, str] = {}
    for header_name in names:
        for key, value in message.raw_items():
            if key.lower() == header_name.lower():
                _add_addresses(_clean(_SPACES.sub(" ", str(value)[:HEADER])), found)
    return [(name, address) for address, name in found.items()]


def _add_addresses(raw: str, found: dict[str, str]) -> None:
    pairs = [(name, address.strip().lower()) for name, address in getaddresses([raw])]
    good = [(decoded(name), address) for name, address in pairs if ADDRESS.fullmatch(address)]
    if not good or raw.count("@") > len(pairs):  # not as the standard has it: what looks like one
        good += [("", address.lower()) for address in ADDRESS.findall(raw)]
    for name, address in good:
        if not found.get(address):
            found[address] = "" if ADDRESS.fullmatch(name.lower()) else name


def ids(text: str) -> list[str]:
    """The message ids in a header, without their brackets.

    >>> ids("<a@x> <b@x>"), ids("a@x")
    (['a@x', 'b@x'], ['a@x'])
    """
    marked = re.findall(r"<([^<>\s]{1,400})>", text)
    return marked or [word.strip("<>,;") for word in text.split() if "@" in word and len(word) <= 400]


def instant(message: Message) -> int | None:
    """When it was sent, UTC microseconds: by Date, else by the latest Received; None where neither can be read."""
    for written in (header(message, "Date"), *(r.rpartition(";")[2] for r in _headers(message, "Received"))):
        try:
            parts = parsedate_tz(written) if written else None
            if parts is None:
                continue
            seconds = mktime_tz(parts) if parts[9] is not None else calendar.timegm((*parts[:6], 0, 1, 0))
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
        if 0 <= seconds < 253_402_300_800 and 1 <= parts[1] <= 12 and 1 <= parts[2] <= 31:
            return int(seconds) * 1_000_000
    return None


def body(message: Message) -> str:
    """What its writer wrote in it: text, or HTML as text, without quotations, signature and attachments."""
    texts = [text for text in _texts(message, 0, [PARTS]) if text.strip()]
    names = [name for name, _ in addresses(message, "From") if name]
    return without_contact_lines(own_words("\n\n".join(texts)[: 4 * BODY])[:BODY], names)


def _texts(part: Message, depth: int, left: list[int]) -> Iterator[str]:
    """The texts a reader is shown; of alternatives the plain one, if it says anything."""
    left[0] -= 1
    if depth > DEEPEST or left[0] < 0 or _is_attached(part):
        return
    kind = part.get_content_type()
    inner = part.get_payload()
    if isinstance(inner, list):
        if part.get_content_maintype() == "message":
            return  # another mail, forwarded whole
        if kind == "multipart/alternative":
            yield from _alternative([one for one in inner if isinstance(one, Message)], depth, left)
            return
        for one in inner:
            if isinstance(one, Message):
                yield from _texts(one, depth + 1, left)
    elif kind in ("text/plain", "text/html"):
        text = _text(part)
        yield html_text(text) if kind == "text/html" else text


def _alternative(parts: list[Message], depth: int, left: list[int]) -> Iterator[str]:
    for one in sorted(parts, key=lambda one: one.get_content_type() != "text/plain"):
        texts = list(_texts(one, depth + 1, left))
        if any(text.strip() for text in texts):
            yield from texts
            return


def _is_attached(part: Message) -> bool:
    said = header(part, "Content-Disposition").lower()
    return said.startswith("attachment") or ("filename" in said and not said.startswith("inline"))


def _text(part: Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    charset = part.get_param("charset", "")
    text = _readable(data[: 8 * BODY], str(charset[2] if isinstance(charset, tuple) else charset).strip("'\" "))
    if str(part.get_param("format", "")).lower() == "flowed":
        return unflow(text, delete_space=str(part.get_param("delsp", "")).lower() == "yes")
    return text
