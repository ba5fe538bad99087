"""Files of mail: an mbox or single messages (EML, Maildir), split into messages and read as batches of raw rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from occasion.events.chunks import TextFile
from occasion.events.mail import FIELDS, PROPERTIES, BadMail, LanguageOf, Row, rows_of, sides
from occasion.events.mail_kind import FROM, HEADING
from occasion.events.mail_ours import Ours, Sides, guess_ours
from occasion.events.mail_signature import Endings
from occasion.events.mapping import Column, Roles
from occasion.events.raw import RawRows, Reject

STRICT = re.compile(rb"From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}")
BLOCK = 1 << 20
LARGEST = 24 << 20  # bytes of a message that are read; what follows is attachments
BATCH = 1000  # rows
SAMPLE = 3000  # messages that a guess of our own addresses rests on
ROLES = Roles(
    {kind: Column(kind, unit="us" if kind == "at" else None) for kind in FIELDS},
    {name: Column(name, text=True) for name in PROPERTIES},
)


@dataclass(frozen=True)
class MailRules:
    """How mail is read: whose addresses are ours, and how the language of a text is told (None: it is not)."""

    ours: Ours
    language: LanguageOf | None = None


@dataclass(frozen=True)
class Found:
    """One message as it lies in a file: the line it begins in (from 1), its bytes, and how far the file was read."""

    line: int
    data: bytes
    position: int


def messages(path: Path, kind: str) -> Iterator[Found]:
    """The messages of a file, in order; at most one and a block are in memory.

    Raises InputError when the file cannot be read.
    """
    file = TextFile(path, "utf-8")  # which it hands on as it is
    try:
        if kind == "letter":
            data = b""
            while len(data) < LARGEST and (more := file.read(BLOCK)):
                data += more
            yield Found(1, data, path.stat().st_size)
        else:
            yield from _split(file)
    finally:
        file.close()


def _lines(file: TextFile) -> Iterator[bytes]:
    held = b""
    while more := file.read(BLOCK):
        *whole, held = (held + more).split(b"\n")
        for line in whole:
            yield line + b"\n"
        if len(held) > LARGEST:
            yield held
            held = b""
    if held:
        yield held


def _split(file: TextFile) -> Iterator[Found]:
    """An mbox begins a message with a line "From ... " after an empty one, or with a whole date; headers follow it."""
    parts: list[bytes] = []
    size = begins = 0
    blank, waiting = True, b""
    for number, line in enumerate(_lines(file), 1):
        if waiting:  # a From line: the next line decides
            if HEADING.match(line) or line.startswith(b">From "):
                if parts:
                    yield Found(begins, b"".join(parts), file.position)
                parts, size, begins = [], 0, number
            elif begins:
                parts.append(waiting)
            waiting = b""
        if FROM.match(line) and (blank or STRICT.match(line)):
            waiting, blank = line, False
            continue
        blank = not line.strip()
        if begins and size < LARGEST:
            parts.append(line[1:] if re.match(rb">+From ", line) else line)
            size += len(line)
    if parts:
        yield Found(begins, b"".join(parts), file.position)


def look_at(files: Sequence[tuple[Path, str]], where: str) -> Ours:
    """Our own addresses, guessed from up to 3000 messages of all files; raises InputError where they cannot."""
    seen: list[Sides] = []
    quota = max(SAMPLE // max(len(files), 1), 5)
    for path, kind in files:
        for place, found in enumerate(messages(path, kind)):
            if (one := sides(found.data)) is not None:
                seen.append(one)
            if place + 1 >= quota:
                break
        if len(seen) >= SAMPLE:
            break
    return guess_ours(seen, where)


def mail_rows(files: Iterable[tuple[int, Path, str]], rules: MailRules) -> Iterator[RawRows]:
    """The events of files (number, path, kind) of mail, batch by batch, with the file each row came from."""
    rows: list[tuple[Row, int, int]] = []
    endings = Endings()
    refused: list[Reject] = []
    done = position = 0
    for number, path, kind in files:
        for found in messages(path, kind):
            try:
                _kept(path)
                rows += [(row, number, found.line) for row in rows_of(found.data, rules.ours, rules.language)]
            except BadMail as bad:
                refused.append(Reject(str(path), found.line, bad.field, bad.value[:200], bad.reason))
            position = done + found.position
            if len(rows) >= BATCH:
                yield _batch(_without_endings(rows, endings), refused, position)
                rows, refused = [], []
        done += path.stat().st_size
        if kind == "mbox":
            break
    yield _batch(_without_endings(rows, endings), refused, done)


def _without_endings(rows: Sequence[tuple[Row, int, int]], endings: Endings) -> list[tuple[Row, int, int]]:
    """The rows without what all mails of their writer end with."""
    endings.learn((_writer(row), row.body) for row, _, _ in rows if row.body)
    return [
        (replace(row, body=endings.cut(_writer(row), row.body)) if row.body else row, number, line)
        for row, number, line in rows
    ]


def _writer(row: Row) -> str:
    """Whose words a row holds."""
    return row.party if row.direction == "in" else row.actor or ""


def _kept(path: Path) -> None:
    """Raises BadMail for a message that a Maildir has marked as a draft or as thrown away."""
    flags = path.name.rpartition(":2,")[2] if ":2," in path.name else ""
    for flag, reason in (("D", "is a draft, which was not sent"), ("T", "was thrown away")):
        if flag in flags:
            raise BadMail("", path.name, reason)


def _batch(rows: Sequence[tuple[Row, int, int]], refused: list[Reject], position: int) -> RawRows:
    texts = {kind: pa.array([getattr(row, kind) for row, _, _ in rows], pa.string())
             for kind in ("party", "name", "id", "direction", "actor", "counterpart", "body")}  # fmt: skip
    columns: dict[str, Any] = texts | {
        "at": pa.array([row.at for row, _, _ in rows], pa.int64()),
        "channel": pa.array(["email"] * len(rows), pa.string()),
        "mass": pa.array([row.mass or None for row, _, _ in rows], pa.bool_()),
    }
    for name in PROPERTIES:
        columns[name] = pa.array([row.properties.get(name) for row, _, _ in rows], pa.string())
    lines = np.array([line for _, _, line in rows], np.int64)
    files = np.array([number for _, number, _ in rows], np.int32)
    people: dict[str, str] = {}
    for row, _, _ in rows:
        if row.direction is not None and "auto" not in row.properties:
            people[row.party] = row.properties.get("party_name") or people.get(row.party, "")
    return RawRows(columns, lines, False, position, refused, files, people)
