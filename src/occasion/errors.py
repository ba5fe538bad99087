"""The errors Occasion raises.

    OccasionError
    ├── InputError        what a person gave cannot be used (exit code 2)
    │   └── TextError     a moment's text cannot be read; has line and column
    └── EngineGap         an engine cannot do a node; says which and what can

Every message is one line: what, which value, what is allowed, what to do next.
"""

from __future__ import annotations


class OccasionError(Exception):
    """The root of the tree; its text is a single line meant for a person."""


class InputError(OccasionError):
    """Something given from outside (a file, an option, a text) cannot be used."""


class TextError(InputError):
    """A moment's text cannot be read or must not be written; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message = message
        self.line = line
        self.column = column


class EngineGap(OccasionError):
    """An engine cannot answer this node; the message names the engine, the node and an engine that can."""
