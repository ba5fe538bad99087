"""JSON lines: each line an object, and a batch of objects as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec


def json_rows(lines: Sequence[bytes]) -> list[dict[str, Any] | str]:
    """Each line decoded, or the reason why it cannot be; what stands under "properties" comes up as properties.NAME."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    rows: list[dict[str, Any] | str] = []
    for line in lines:
        try:
            row = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            rows.append(f"is no JSON object ({error})")
            continue
        inner = row.get("properties")
        if isinstance(inner, dict):
            del row["properties"]
            row.update((f"properties.{key}", value) for key, value in inner.items())
        rows.append(row)
    return rows


def json_columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The rows by column, None where a row has no such key, in the order the keys came."""
    names = dict.fromkeys(key for row in rows for key in row)
    return {name: [row.get(name) for row in rows] for name in names}
