"""Mail as clients of many kinds write it, for the tests that load it."""

from __future__ import annotations

from email.message import EmailMessage, Message
from email.utils import formatdate
from pathlib import Path

OURS = "firm.example"
T0 = 1_772_442_000  # 2026-03-02 09:00 UTC


def mail(
    sender: str, to: str, text: str, at: int = T0, *, id: str | None = None, subject: str = "", **headers: str
) -> EmailMessage:
    """A plain message; `headers` with underscores for hyphens, and `re` for what it answers."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Date"] = formatdate(at)
    if id is not None:
        made["Message-ID"] = f"<{id}>"
    if "re" in headers:
        made["In-Reply-To"] = made["References"] = f"<{headers.pop('re')}>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def raw(headers: str, body: bytes | str = b"") -> bytes:
    """A message as it lies on disk."""
    return headers.strip().encode() + b"\n\n" + (body.encode() if isinstance(body, str) else body)


def mbox(path: Path, *messages: bytes | Message) -> Path:
    """Messages in one file, lines that begin with From quoted as mailers do."""
    parts = []
    for one in messages:
        data = one if isinstance(one, bytes) else one.as_bytes()
        lines = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in data.split(b"\n")]
        parts.append(b"From MAILER@host.example Mon Mar  2 09:00:00 2026\n" + b"\n".join(lines).rstrip(b"\n") + b"\n\n")
    path.write_bytes(b"".join(parts))
    return path
