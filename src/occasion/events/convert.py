"""Raw rows to events: fields read by their role, rows that cannot be an event refused with field, value and reason."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from occasion.events.mapping import Column, Constant, Roles, Unit
from occasion.events.raw import RawRows, Reject
from occasion.events.table import LOADED, both_sides, with_contents
from occasion.events.times import PER_SECOND, arrow_time, to_micros, unix_micros
from occasion.events.values import Values, from_cells, from_typed, properties_column, text_only

EXACT_FLOAT = 2.0**53  # below it a whole float is exactly that number
NO_VALUE = r"(?i)^\s*(nan|null|none|<na>|nat)?\s*$"
DIRECTIONS = {
    **dict.fromkeys(("in", "inbound", "incoming", "received"), "in"),
    **dict.fromkeys(("out", "outbound", "outgoing", "sent"), "out"),
}
MASS = {**dict.fromkeys(("true", "1", "yes"), True), **dict.fromkeys(("false", "0", "no"), False)}
CODES: Mapping[str, tuple[Mapping[str, Any], Any, str]] = {
    "direction": (DIRECTIONS, pa.string(), "is neither in nor out"),
    "mass": (MASS, pa.bool_(), "is neither true nor false"),
}
NUL, INSTEAD = "\0", "\ufffd"
PLAIN_TEXT = ("name", "counterpart", "channel", "actor", "id", "body")


@dataclass
class _Work:
    """The rows of a batch on their way: which are refused so far, and why."""

    raw: RawRows
    file: str
    refused: Any
    rejects: list[Reject] = field(default_factory=list)

    def refuse(self, bad: Any, name: str, ref: Column | Constant, reason: str) -> None:
        """Refuse these rows; of a row only the first reason is kept."""
        fresh = bad & ~self.refused
        if not fresh.any():
            return
        self.refused |= fresh
        column = self.raw.columns.get(ref.name) if isinstance(ref, Column) else None
        for place in np.flatnonzero(fresh).tolist():
            value = ref.value if isinstance(ref, Constant) else "" if column is None else _shown(column[place])
            self.rejects.append(Reject(self.file, int(self.raw.lines[place]), name, value, reason))


def _shown(value: Any) -> str:
    plain = value.as_py() if isinstance(value, pa.Scalar) else value
    return "" if plain is None else str(plain)[:200]


def convert(raw: RawRows, roles: Roles, file: str, zone: str, *, both: bool) -> tuple[Any, list[Reject]]:
    """The rows as a table of LOADED (`row` counts from 0 in this batch, `file` is 0), and the rows refused."""
    n = len(raw.lines)
    raw = replace(raw, columns={name: without_nul(column) for name, column in raw.columns.items()})
    work = _Work(raw, file, np.zeros(n, bool))
    columns = _fields(work, roles, zone, n)
    _needed(work, roles, columns, both=both)
    columns["properties"] = properties_column(_properties(raw, roles), n)
    columns["line"] = pa.array(raw.lines, pa.int64())
    columns["row"] = pa.array(np.arange(n))
    columns["file"] = pa.array(np.zeros(n, np.int32))
    table = pa.table({name: columns.get(name, pa.nulls(n, LOADED.field(name).type)) for name in LOADED.names}, LOADED)
    if work.rejects:
        table = table.filter(pa.array(~work.refused)).combine_chunks()
    return (both_sides(table) if both else with_contents(table)), work.rejects


def without_nul(column: Any) -> Any:
    """A column without the character NUL, which no text of PostgreSQL can hold: replaced as by the server's doors."""
    if isinstance(column, list):
        odd = any(isinstance(value, str) and NUL in value for value in column)
        return [value.replace(NUL, INSTEAD) if isinstance(value, str) else value for value in column] if odd else column
    kind = column.type
    texts = kind.value_type if pa.types.is_dictionary(kind) else kind
    if texts not in (pa.string(), pa.large_string()):
        return column
    if texts != kind:
        column = column.cast(texts)
    found = pc.any(pc.match_substring(column, NUL)).as_py()
    return pc.replace_substring(column, NUL, INSTEAD) if found else column


def _fields(work: _Work, roles: Roles, zone: str, n: int) -> dict[str, Any]:
    columns: dict[str, Any] = {"party": _text(work, roles.fields["party"], n)}
    for kind in PLAIN_TEXT:
        if kind in roles.fields:
            columns[kind] = _text(work, roles.fields[kind], n, keep_space=kind == "body")
    columns["at_us"] = _time(work, "at", roles, zone, n)
    columns["seen_us"] = _seen(work, roles, zone, n, columns["at_us"])
    if "direction" in roles.fields:
        columns["direction"] = _coded(work, "direction", roles.fields["direction"], n)
    if "mass" in roles.fields:
        flags = _coded(work, "mass", roles.fields["mass"], n)
        columns["mass"] = pc.if_else(flags, flags, None)
    if "zone" in roles.fields:
        columns["zone"] = _zones(work, roles, n)
    return columns


def _needed(work: _Work, roles: Roles, columns: Mapping[str, Any], *, both: bool) -> None:
    for kind in ("party", "name", *(["counterpart"] if both else [])):
        work.refuse(_null(columns[kind]), kind, roles.fields[kind], "is missing")


def _null(column: Any) -> Any:
    return column.is_null().to_numpy(zero_copy_only=False)


def _text(work: _Work, ref: Column | Constant, n: int, *, keep_space: bool = False) -> Any:
    """A field as text; null for an empty cell and for what stands for nothing (NaN, null, None)."""
    if isinstance(ref, Constant):
        return pa.repeat(pa.scalar(ref.value, pa.string()), n)
    column = work.raw.columns.get(ref.name)
    if column is None:
        return pa.nulls(n, pa.string())
    texts = as_text(column)
    texts = pc.if_else(pc.match_substring_regex(texts, NO_VALUE), None, texts)
    return texts if keep_space else pc.utf8_trim_whitespace(texts)


def as_text(column: Any) -> Any:
    """Any column as text: whole floats without their point, nested values as missing."""
    if isinstance(column, list):
        column = _array(column)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), EXACT_FLOAT))
        return pc.coalesce(
            pc.cast(pc.cast(pc.if_else(whole, column, None), pa.int64()), pa.string()), pc.cast(column, pa.string())
        )
    if pa.types.is_nested(column.type):
        return pa.nulls(len(column), pa.string())
    return pc.cast(column, pa.string())


def _array(column: list[Any]) -> Any:
    """Values of JSON as an array of one type where they have one, else of text."""
    with contextlib.suppress(pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        array = pa.array(column)
        if not pa.types.is_nested(array.type):
            return array
    return pa.array([_plain_text(value) for value in column], pa.string())


def _plain_text(value: object) -> str | None:
    if value is None or isinstance(value, (dict, list)):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _time(work: _Work, kind: str, roles: Roles, zone: str, n: int) -> Any:
    ref = roles.fields[kind]
    assert isinstance(ref, Column)
    column = work.raw.columns.get(ref.name)
    unit = ref.unit or "iso"
    micros = pa.nulls(n, pa.int64()) if column is None else as_micros(column, unit, zone)
    missing = _null(micros) if column is None else _null(_text(work, ref, n))
    if kind == "at":
        work.refuse(missing, kind, ref, "is missing")
    work.refuse(_null(micros) & ~missing, kind, ref, f"is no {_unit_name(unit)}")
    return micros


def _unit_name(unit: Unit) -> str:
    return {"iso": "ISO 8601 time", "ymd": "date YYYYMMDD"}.get(unit, f"unix time in {unit}")


def as_micros(column: Any, unit: Unit, zone: str) -> Any:
    """A column of any type as int64 UTC microseconds, null where it is no time."""
    if isinstance(column, list):
        column = _array(column)
    kind = column.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return arrow_time(column, zone)
    if unit in PER_SECOND and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return unix_micros(column, unit)
    texts = pc.utf8_trim_whitespace(as_text(column))
    return to_micros(texts, unit, zone)


def _seen(work: _Work, roles: Roles, zone: str, n: int, at: Any) -> Any:
    return pc.coalesce(_time(work, "seen", roles, zone, n), at) if "seen" in roles.fields else at


def _coded(work: _Work, kind: str, ref: Column | Constant, n: int) -> Any:
    codes, type_, reason = CODES[kind]
    texts = pc.utf8_lower(_text(work, ref, n))
    places = pc.index_in(texts, pa.array(list(codes)))
    work.refuse(_null(places) & ~_null(texts), kind, ref, reason)
    return pa.array(list(codes.values()), type_).take(places)


def _zones(work: _Work, roles: Roles, n: int) -> Any:
    texts = _text(work, roles.fields["zone"], n)
    bad = [name for name in pc.unique(texts).to_pylist() if name is not None and not is_zone(name)]
    if bad:
        wrong = pc.fill_null(pc.is_in(texts, pa.array(bad)), False).to_numpy(zero_copy_only=False)
        work.refuse(wrong, "zone", roles.fields["zone"], "is no IANA time zone")
    return texts


@functools.cache
def is_zone(name: str) -> bool:
    """Whether this names a time zone, as in "Europe/Warsaw"."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def _properties(raw: RawRows, roles: Roles) -> dict[str, Values]:
    wanted = dict(roles.properties)
    if roles.rest:
        used = {ref.name for ref in roles.fields.values() if isinstance(ref, Column)} | {
            c.name for c in wanted.values()
        }
        new = (name for name in raw.columns if name not in used)
        wanted |= {name.removeprefix("properties."): Column(name) for name in new}
    found: dict[str, Values] = {}
    for name, ref in wanted.items():
        column = raw.columns.get(ref.name)
        if column is None:
            continue
        typed = from_cells if raw.untyped else from_typed
        found[name.replace(NUL, INSTEAD)] = text_only(as_text(column)) if ref.text else typed(column)
    return found
