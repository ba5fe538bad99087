"""The log: JSON lines on stderr that say what happened and where, and never to whom.

A line has the instant, level, logger, the constant text of the event, and fields whose names are listed here; values of
other fields, arguments of a message and messages of exceptions may hold what a customer wrote, so they do not appear.
An error is told by its kind and the places in the code it went through.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import math
import re
import sys
import threading
import traceback
from typing import IO, Any

NUMBERS = frozenset({"status", "ms", "seq", "count", "seconds", "tries", "webhook", "number", "rows", "waiting", "lag"})
WORDS = frozenset({"request", "method", "route", "role", "kind", "reader", "outcome", "way", "state", "code"})
WORD = re.compile(r"[A-Za-z0-9_ .:/{}+-]{0,120}\Z")  # what a word of ours looks like; anything else is not written
OURS = ("occasion", "uvicorn")  # their texts are constant; another library's may be put together from values
LONGEST = 200  # characters of a text
PLACES = 8  # of an error, the innermost
STARTUP = "occasion.errors."  # the last line of what is said when the start fails: a sentence for the operator


class Line(logging.Formatter):
    """A record as one JSON line."""

    def format(self, record: logging.LogRecord) -> str:
        """Never raises for what a record holds, and never writes its arguments."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        said: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "logger": record.name}
        event = _event(record)
        if event:
            said["event"] = event
        for name in NUMBERS & record.__dict__.keys():
            value = record.__dict__[name]
            if value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
                said[name] = value
        for name in WORDS & record.__dict__.keys():
            value = record.__dict__[name]
            if isinstance(value, str) and WORD.match(value):
                said[name] = value
        if record.exc_info and record.exc_info[1] is not None:
            said |= described(record.exc_info[1])
        return json.dumps(said)


def described(error: BaseException) -> dict[str, Any]:
    """An error without its message: its kind, its causes' kinds, and the places it went through, innermost first."""
    kinds: list[str] = []
    cause = error
    while len(kinds) < PLACES:
        kinds.append(type(cause).__name__)
        following = cause.__cause__ or cause.__context__
        if following is None:
            break
        cause = following
    frames = traceback.extract_tb(error.__traceback__)[-PLACES:]
    places = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in reversed(frames)]
    return {"error": kinds, "where": places}


def configure(stream: IO[str] | None = None, level: int = logging.INFO) -> logging.Handler:
    """Send every logger's lines, and what threads die of, to `stream` (stderr) in this form."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Line())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("occasion").setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
        logger.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # else what cannot be written is shown with its arguments
    threading.excepthook = _thread_died
    return handler


def _event(record: logging.LogRecord) -> str:
    text = record.msg if isinstance(record.msg, str) else ""
    if record.name.partition(".")[0] not in OURS:
        return ""
    if "\n" in text.strip():
        last = text.strip().splitlines()[-1]
        return last if record.name.startswith("uvicorn") and last.startswith(STARTUP) else ""
    return text.strip()[:LONGEST]


def _short(path: str) -> str:
    """The file within its package: where something is installed is nobody's business."""
    for mark in ("/site-packages/", "/src/", "/lib/"):
        if mark in path:
            return path.rpartition(mark)[2]
    return path.rpartition("/")[2]


def _thread_died(died: threading.ExceptHookArgs) -> None:
    if died.exc_value is not None:
        trace = (died.exc_type, died.exc_value, died.exc_traceback)
        logging.getLogger("occasion.threads").error("a thread ended with an error", exc_info=trace)
