"""YAML in which everything knows its line and column, down to a character inside a text that spans lines.

Only the structure is read (mappings, lists, texts); tags and types are left alone, so that `owner: 7` is the text "7".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from occasion.errors import InputError

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node as YamlNode

MAX_CHARACTERS = 1_000_000
FOLD = re.compile(r"[ \t]*(?:\n[ \t]*)+")
CONTINUED = re.compile(r"\\\n[ \t]*")
ESCAPED = re.compile(r"\\(?:x..|u....|U........|.)", re.DOTALL)


@dataclass(frozen=True, order=True)
class Place:
    """A line and a column in the file, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True)
class Value:
    """A mapping, a list or a text of the file, with where it begins."""

    node: YamlNode = field(repr=False)
    source: str = field(repr=False)

    @property
    def place(self) -> Place:
        """Where it begins."""
        return Place(self.node.start_mark.line + 1, self.node.start_mark.column + 1)

    @property
    def kind(self) -> str:
        """ "mapping", "list", "text" or "nothing" (null)."""
        name = {"MappingNode": "mapping", "SequenceNode": "list"}.get(type(self.node).__name__, "text")
        return "nothing" if name == "text" and str(self.node.tag).endswith(":null") else name

    def pairs(self) -> Iterator[tuple[Value, Value]]:
        """A mapping's keys and values, in order; repeated keys too."""
        for key, value in self.node.value if self.kind == "mapping" else ():
            yield Value(key, self.source), Value(value, self.source)

    def items(self) -> Iterator[Value]:
        """A list's items."""
        for item in self.node.value if self.kind == "list" else ():
            yield Value(item, self.source)

    @property
    def style(self) -> str:
        """How a text is written: "" for plain, else one of `"`, `'`, `|`, `>`."""
        return str(getattr(self.node, "style", None) or "")

    @property
    def text(self) -> str:
        """A text's value."""
        return str(self.node.value)

    def inside(self, line: int, column: int) -> Place:
        """The place in the file of a line and column (from 1) in the text."""
        lines = self.text.split("\n")
        offset = sum(len(one) + 1 for one in lines[: line - 1]) + column - 1
        at = self._offsets[min(offset, len(self._offsets) - 1)]
        return Place(self.source.count("\n", 0, at) + 1, at - self.source.rfind("\n", 0, at))

    @property
    def cut_by_comment(self) -> bool:
        """Whether YAML took the rest of the line for a comment."""
        rest = self.source[self.node.end_mark.index :].split("\n", 1)[0]
        return self.style == "" and rest.lstrip().startswith("#")

    @cached_property
    def _offsets(self) -> list[int]:
        """For each character of the text, and its end, where it stands in the file."""
        begin, end = self.node.start_mark.index, self.node.end_mark.index
        return [begin + at for at in _aligned(self.source[begin:end], self.text, self.style)]


def _aligned(raw: str, text: str, style: str) -> list[int]:
    """Where each character of a scalar's value stands in what was written, and where it ends."""
    at = raw.find("\n") + 1 if style in ("|", ">") else len(style)
    if style in ("|", ">"):
        at += len(raw[at:]) - len(raw[at:].lstrip(" \n"))
    found = []
    for char in text:
        if style == '"' and (joined := CONTINUED.match(raw, at)):
            at = joined.end()
        width = _width(raw, at, char, style)
        if width == 0 and not char.isspace():  # an anchor or indentation stands between
            at = max(raw.find(char, at), at)
            width = 1
        found.append(at)
        at += width
    return [*found, min(at, len(raw))]


def _width(raw: str, at: int, char: str, style: str) -> int:
    """How many characters were written for this one; 0 if they do not stand here."""
    if char in " \n" and (fold := FOLD.match(raw, at)):
        return fold.end() - at
    if style == '"' and (escape := ESCAPED.match(raw, at)):
        return escape.end() - at
    if style == "'" and raw.startswith("''", at):
        return 2
    return 1 if raw.startswith(char, at) else 0


def read_yaml(text: str, file: str) -> Value | None:
    """The document, or None where the file holds nothing; InputError with line and column where it is not YAML."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{file}: has {len(text)} characters: at most {MAX_CHARACTERS} are read; split the catalogue")
    source = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        node = YAML(typ="safe", pure=True).compose(source)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        why = " ".join(str(error.problem or error.context).split())
        raise InputError(
            f"{file}{place}: not YAML: {why}; a `when` with a colon, # or leading quotes stands in '...' as a whole"
        ) from None
    except YAMLError as error:
        why = " ".join(str(error).split())[:120]
        raise InputError(f"{file}: not YAML: {why}; save it as plain UTF-8 text") from None
    except (RecursionError, ValueError):
        raise InputError(f"{file}: not YAML that can be read: nested too deep; a catalogue has three levels") from None
    return None if node is None else Value(node, source)
