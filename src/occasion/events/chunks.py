"""Text files as chunks of whole records: decompressed, in UTF-8, with line numbers, in bounded memory."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from occasion.errors import InputError

LINE_LIMIT = 16 << 20
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
SIMPLE = ("utf-8", "ascii")


class TextFile:
    """A file read as UTF-8 bytes, whatever its compression and encoding; `position` counts bytes on disk."""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path = path
        try:
            self._raw = pa.OSFile(str(path), "rb")
        except OSError as error:
            raise InputError(f"{path}: cannot be opened ({_short(error)})") from None
        magic = self._raw.read(4)
        self._raw.seek(0)
        kind = next((kind for start, kind in MAGIC.items() if magic.startswith(start)), None)
        self._stream = pa.CompressedInputStream(self._raw, kind) if kind else self._raw
        self.compression = kind
        start = self._read(4096)
        bom = next((mark for mark in BOMS if start.startswith(mark)), b"")
        self.encoding = BOMS.get(bom) or encoding or _without_bom(start)
        self._held = start[len(bom) :]
        self._decoder = None if self.encoding in SIMPLE else self._incremental()

    def _incremental(self) -> codecs.IncrementalDecoder:
        try:
            return codecs.getincrementaldecoder(self.encoding)()
        except LookupError:
            raise InputError(
                f"--encoding {self.encoding!r} is unknown: for example utf-8, latin-1, cp1252, utf-16"
            ) from None

    def _read(self, size: int) -> bytes:
        try:
            data: bytes = self._stream.read(size)
        except OSError as error:
            raise InputError(
                f"{self.path}: is cut short or damaged at byte {self._raw.tell()} ({_short(error)}); "
                "nothing of it was taken; fetch the file again"
            ) from None
        return data

    def read(self, size: int) -> bytes:
        """About `size` bytes of UTF-8; empty only at the end."""
        data = self._held[:size] or self._read(size)
        self._held = self._held[size:]
        if self._decoder is None:
            return data
        try:
            text = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.path}: is not {self.encoding} near byte {self._raw.tell()} ({error.reason}); say --encoding"
            ) from None
        return text.encode() or (self.read(size) if data else b"")

    @property
    def position(self) -> int:
        place: int = self._raw.tell()
        return place

    def close(self) -> None:
        self._raw.close()


def _short(error: OSError) -> str:
    return str(error.strerror or error).split(". Detail")[0].strip()


def _without_bom(start: bytes) -> str:
    """UTF-16 without a mark has a zero beside nearly every letter; all else is taken for UTF-8."""
    letters = bytes((9, 10, 13, *range(32, 127)))
    for zeros, others, name in ((start[1::2], start[::2], "utf-16-le"), (start[::2], start[1::2], "utf-16-be")):
        plain = len(others) - len(others.translate(None, letters))
        if zeros.count(0) > 0.6 * len(others) > 0 and plain > 0.6 * len(others):
            return name
    return "utf-8"


@dataclass
class Chunk:
    """Whole records: their bytes, the number of the first line (from 1), and lines that were refused unread."""

    data: bytes
    first_line: int
    refused: list[tuple[int, str, str]] = field(default_factory=list)


def quoted_field(delimiter: str) -> re.Pattern[bytes]:
    """A quoted field from its opening quote; group 1 is empty where it is not closed."""
    mark = re.escape(delimiter.encode())
    return re.compile(rb"(?<![^\r\n" + mark + rb'])"(?:[^"]++|"")*+("?)')


def line_count(data: bytes) -> int:
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def record_chunks(
    read: Callable[[int], bytes], quoted: re.Pattern[bytes] | None, limit: int, block: int
) -> Iterator[Chunk]:
    """The file in chunks that end where a record ends; at most about twice `limit` bytes are in memory.

    A record for which `limit` bytes hold no end is refused: skipped to the next line end. A quote that is not closed
    within that, or by the end of the file, costs only the line in which it opens.
    """
    held, line, size = b"", 1, min(block, limit)
    ended = hungry = False
    while held or not ended:
        if not ended and (hungry or not held):
            more = read(size)
            held, ended = held + more, not more
        spans, is_open = _quotes(held, quoted)
        cut = len(held) if ended and not is_open else _last_end(held, spans, is_open=is_open)
        if cut:
            yield Chunk(held[:cut], line)
            line += line_count(held[:cut])
            held = held[cut:]
        hungry = not held or not (ended or len(held) >= limit)
        if not hungry:
            chunk, held = _refuse_line(held, read, line, size, closed=not _quotes(held, quoted)[1])
            line += 1
            yield chunk


def _quotes(data: bytes, quoted: re.Pattern[bytes] | None) -> tuple[list[tuple[int, int]], bool]:
    """Where quoted fields are, and whether the last of them does not end in these bytes."""
    if quoted is None or b'"' not in data:
        return [], False
    spans: list[tuple[int, int]] = []
    for match in quoted.finditer(data):
        spans.append(match.span())
        if not match[1]:
            return spans, True
    return spans, False


def _last_end(data: bytes, spans: list[tuple[int, int]], *, is_open: bool) -> int:
    """Just after the last line end that is in no quoted field; 0 if there is none. A lone CR counts without any LF."""
    for newline, most in ((b"\n", len(data)), (b"\r", len(data) - 1)):
        before = most
        for start, end in reversed(spans):
            place = -1 if is_open and start == spans[-1][0] else data.rfind(newline, end, before)
            if place >= 0:
                return place + 1
            before = min(start, most)
        place = data.rfind(newline, 0, max(before, 0))
        if place >= 0:
            return place + 1
    return 0


def _refuse_line(
    held: bytes, read: Callable[[int], bytes], line: int, size: int, *, closed: bool
) -> tuple[Chunk, bytes]:
    reason = "the line is too long" if closed else "a quote opens that is not closed"
    shown = held[:60].decode("utf-8", "replace")
    end = held.find(b"\n")
    while end < 0:
        held = read(size)
        if not held:
            break
        end = held.find(b"\n")
    return Chunk(b"", line, [(line, shown, reason)]), held[end + 1 :] if held else b""


def records(data: bytes, quoted: re.Pattern[bytes] | None, first_line: int) -> Iterator[tuple[int, bytes]]:
    """The records that are not empty, each with its line: the slow way, for chunks where something is odd."""
    spans = [match.span() for match in quoted.finditer(data)] if quoted and b'"' in data else []
    start, line, span = 0, first_line, 0
    for match in re.finditer(rb"\r\n|\n|\r|\Z", data):
        while span < len(spans) and spans[span][1] <= match.start():
            span += 1
        if span < len(spans) and spans[span][0] <= match.start() < spans[span][1]:
            continue
        if match.start() > start:
            yield line, data[start : match.start()]
        line += line_count(data[start : match.end()])
        start = match.end()
