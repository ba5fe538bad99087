"""Requests that change something come from our own pages: the browser says so, and a token of the session proves it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

HEADER = b"x-csrf-token"
FIELD = "csrf"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST = 200  # characters of a token
MOST_FIELDS = 500


def from_elsewhere(headers: Mapping[bytes, bytes], origin: str) -> bool:
    """Whether the browser says that another site made this request. No word from it (an old one, a program): no."""
    site = headers.get(b"sec-fetch-site", b"").decode("latin-1").lower()
    if site and site not in ("same-origin", "none"):
        return True
    said = headers.get(b"origin")
    return said is not None and said.decode("latin-1").strip().lower() != origin


def token_of(headers: Mapping[bytes, bytes], body: bytes) -> str:
    """The token that was sent: the header, else the form's field `csrf`; "" when there is none."""
    sent = headers.get(HEADER)
    if sent is not None:
        return sent.decode("latin-1")[: LONGEST + 1]
    kind, options = parse_options_header(headers.get(b"content-type", b""))
    if kind == b"application/x-www-form-urlencoded":
        return _of_form(body)
    if kind == b"multipart/form-data" and options.get(b"boundary"):
        return _of_parts(body, options[b"boundary"])
    return ""


def is_right(sent: str, expected: str) -> bool:
    """Compared in a time that does not depend on how much of it is right."""
    return bool(expected) and hmac.compare_digest(sent.encode("utf-8", "replace"), expected.encode())


def _of_form(body: bytes) -> str:
    try:
        fields = parse_qs(body.decode("latin-1"), max_num_fields=MOST_FIELDS, errors="replace")
    except ValueError:
        return ""
    return fields.get(FIELD, [""])[0][: LONGEST + 1]


def _of_parts(body: bytes, boundary: bytes) -> str:
    """The first part named csrf; its value is kept, other parts are only walked over."""
    state = {"name": b"", "value": b"", "inside": b"", "found": b""}

    def header_field(data: bytes, start: int, end: int) -> None:
        state["name"] += data[start:end]

    def header_value(data: bytes, start: int, end: int) -> None:
        state["value"] += data[start:end]

    def header_end() -> None:
        if state["name"].lower() == b"content-disposition":
            _, options = parse_options_header(state["value"])
            state["inside"] = options.get(b"name", b"")
        state["name"] = state["value"] = b""

    def part_begin() -> None:
        state["inside"] = b""

    def part_data(data: bytes, start: int, end: int) -> None:
        if state["inside"] == FIELD.encode() and len(state["found"]) <= LONGEST:
            state["found"] += data[start:end]

    callbacks = {
        "on_part_begin": part_begin,
        "on_part_data": part_data,
        "on_header_field": header_field,
        "on_header_value": header_value,
        "on_header_end": header_end,
    }
    try:
        parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError:
        return ""
    return state["found"].decode("latin-1")[: LONGEST + 1]
