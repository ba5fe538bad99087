"""Whether a file is mail, told from its first bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

FROM = re.compile(rb"From [^\r\n]*\d[^\r\n]*")  # the line before each message of an mbox
HEADING = re.compile(rb"[!-9;-~]{1,76}:")
KNOWN = re.compile(
    rb"^(?:received|return-path|delivered-to|x-original-to|from|to|date|message-id|mime-version|subject|sender"
    rb"|dkim-signature|arc-seal|authentication-results|x-mozilla-status|x-gm-thrid|content-type)[ \t]*:",
    re.IGNORECASE,
)


def mail_kind(path: Path, start: bytes) -> Literal["mbox", "letter"] | None:
    """An mbox, a letter (one message), or None for no mail: from the first bytes and, where they leave doubt, the name.

    >>> mail_kind(Path("x"), b"From ann@b.example Mon Mar  2 10:15:00 2026\\nFrom: ann@b.example\\nDate: x\\n")
    'mbox'
    >>> mail_kind(Path("x.csv"), b"party,at\\n")
    """
    lines = start.lstrip(b"\r\n").splitlines()
    if not lines:
        return None
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    if lines[0].startswith(b"From ") and (FROM.fullmatch(lines[0]) or name.endswith(".mbox")):
        return "mbox" if _headed(lines[1:]) or name.endswith(".mbox") else None
    if _headed(lines):
        return "letter"
    return None


def _headed(lines: Sequence[bytes]) -> bool:
    """Whether these are headers of a mail: nothing else up to a blank line, and two that mails have."""
    known = 0
    for line in lines[:60]:
        if not line.strip():
            break
        if line[:1] in b" \t":
            continue
        if not (HEADING.match(line) or line.startswith(b">From ")):
            return False
        known += bool(KNOWN.match(line))
    return known >= 2
