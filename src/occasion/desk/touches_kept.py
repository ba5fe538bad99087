"""The sums over all messages, kept in a file of the data folder: the page shows them without reading the log."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from occasion.desk.touches import Touches

FILE = "touches.json"  # in the data folder; sums only, nobody's messages


def keep(data: Path, touches: Touches) -> None:
    """Write them down, in the place of what was there."""
    temporary = data / f"{FILE}.{os.getpid()}"
    temporary.write_bytes(msgspec.json.encode(touches))
    temporary.replace(data / FILE)


def kept(data: Path) -> Touches | None:
    """What was written down last; None where nothing was, or where it cannot be read."""
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        return msgspec.json.decode((data / FILE).read_bytes(), type=Touches)
    return None
