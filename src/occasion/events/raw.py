"""Rows as a file has them, and rows that were refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec


class Reject(msgspec.Struct, frozen=True):
    """A row that was refused: where it is, which field, what it holds, why."""

    file: str
    line: int
    field: str
    value: str
    reason: str


@dataclass
class RawRows:
    """Rows as the file has them. `columns`: text cells, Arrow arrays with types, or lists as JSON gave them.

    `lines`: the line (in Parquet the row) of each, from 1. `untyped`: cells are text that may mean a number or flag.
    `position`: how many bytes of the file were read so far. `files`: the number of the file of each row, where a batch
    is of several. `people`: of mail, by address the name they write under.
    """

    columns: Mapping[str, Any]
    lines: Any
    untyped: bool
    position: int
    refused: list[Reject] = field(default_factory=list)
    files: Any = None
    people: Mapping[str, str] = field(default_factory=dict)
