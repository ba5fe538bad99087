"""The coach's data files, line by line: turns of phrase by families, plain lists of words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from occasion.coach.tongues import ENGLISH

FAMILY = re.compile(r"\[([^:\]]+): ([^\]]+)\]")


@cache
def lines_of(name: str, language: str) -> tuple[str, ...]:
    """The lines of a data file without comments and empty ones; none where there is no such file for the language."""
    held = files("occasion.coach") / "data" / f"{name}.{language}.txt"
    text = held.read_text(encoding="utf-8") if held.is_file() else ""
    return tuple(line for line in text.splitlines() if line.strip() and not line.startswith("#"))


@cache
def families(name: str, language: str = ENGLISH) -> Mapping[str, str]:
    """The families of a data file and what is said of each in English, in the order of the file."""
    heads = (FAMILY.fullmatch(line) for line in lines_of(name, language))
    return MappingProxyType({head[1]: head[2] for head in heads if head})
