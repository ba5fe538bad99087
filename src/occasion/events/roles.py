"""The mapping of one file settled: what was said, and the rest guessed from names and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from occasion.errors import InputError
from occasion.events.formats import Format
from occasion.events.mapping import (
    FIELDS,
    REQUIRED,
    Column,
    Constant,
    MapSpec,
    Roles,
    Unit,
    guess_by_name,
    place_columns,
)
from occasion.events.times import looks_like_time, unit_of


def settle(spec: MapSpec, form: Format, where: str, *, both: bool) -> Roles:
    """Which column is what. Fields nobody named are guessed, and then the columns that are left become properties.

    Raises InputError when there is no column for the party or the time, or when `both` finds no counterpart.
    """
    said = place_columns(spec, form.columns, where)
    fields = dict(said.fields)
    needed = (*REQUIRED, "counterpart") if both else REQUIRED
    guessing = any(kind not in fields for kind in needed)
    taken = {ref.name for ref in (*fields.values(), *said.properties.values()) if isinstance(ref, Column)}
    if guessing:
        free = [column for column in form.columns if column not in taken]
        _guess(fields, free, form, both=both)
    _require(fields, where, form, both=both)
    for kind in ("at", "seen"):
        ref = fields.get(kind)
        if isinstance(ref, Column) and ref.unit is None:
            fields[kind] = Column(ref.name, unit=_unit(ref.name, form, where, kind))
    taken |= {ref.name for ref in fields.values() if isinstance(ref, Column)}
    left = [column for column in form.columns if column not in taken]
    properties = dict(said.properties)
    rest = spec.rest or (guessing and not properties)
    if rest:
        properties |= {column.removeprefix("properties."): Column(column) for column in left}
        left = []
    guessed = tuple(kind for kind in FIELDS if kind in fields and kind not in said.fields)
    return Roles(fields, properties, guessed, tuple(left), rest)


def _guess(fields: dict[str, Column | Constant], free: list[str], form: Format, *, both: bool) -> None:
    by_name = guess_by_name(free, [kind for kind in FIELDS if kind not in fields]) if form.header else {}
    if "at" in by_name and unit_of([str(cell) for cell in form.sample[by_name["at"]] if cell is not None]) is None:
        del by_name["at"]
    if "party" not in fields and "party" not in by_name and "id" in by_name:
        del by_name["id"]  # a column called only "id" may well be the party: ask
    if "body" in by_name and not any(" " in str(cell) for cell in form.sample[by_name["body"]]):
        del by_name["body"]
    fields |= {kind: Column(column) for kind, column in by_name.items()}
    free = [column for column in free if column not in by_name.values()]
    if "at" not in fields:
        time = next((column for column in reversed(free) if not form.header and _times(form.sample[column])), None)
        time = time or next((column for column in free if _times(form.sample[column])), None)
        if time:
            fields["at"] = Column(time)
            free.remove(time)
    if "party" not in fields and not form.header and free:
        fields["party"] = Column(free.pop(0))
    if both and "counterpart" not in fields and not form.header and free:
        fields["counterpart"] = Column(free.pop(0))
    if "name" not in fields:
        named = next((column for column in free if not form.header and _names(form.sample[column])), None)
        fields["name"] = Column(named) if named else Constant("message" if "counterpart" in fields else "event")


def _times(sample: Sequence[Any]) -> bool:
    cells = [str(cell) for cell in sample if cell is not None]
    return bool(cells) and looks_like_time(cells)


def _names(sample: Sequence[Any]) -> bool:
    """Words that come again and again, as the names of events do."""
    cells = [str(cell).strip() for cell in sample]
    words = [cell for cell in cells if cell and not cell[0].isdigit() and cell[0] != "-"]
    return len(words) > 0.9 * len(cells) and len(set(words)) <= max(0.5 * len(words), 1)


def _require(fields: dict[str, Column | Constant], where: str, form: Format, *, both: bool) -> None:
    asked = {
        "party": "whom an event concerns: say --map party=COLUMN",
        "at": "when an event happened: say --map at=COLUMN",
        "counterpart": "whom a row concerns besides the party (--both): say --map counterpart=COLUMN",
    }
    for kind in ("party", "at", *(["counterpart"] if both else [])):
        if kind not in fields:
            columns = ", ".join(form.columns[:20])
            raise InputError(f"{where}: no column tells {asked[kind]} (its columns are {columns})")


def _unit(column: str, form: Format, where: str, kind: str) -> Unit:
    sample = [cell for cell in form.sample[column] if cell is not None]
    unit = unit_of([str(cell) for cell in sample])
    if unit is None:
        if kind == "seen" and not sample:
            return "iso"
        shown = next((repr(str(cell)) for cell in sample if str(cell).strip()), "nothing")
        raise InputError(
            f"{where}: column {column!r} for {kind} holds {shown}, which is no time: ISO 8601, YYYYMMDD or a unix time "
            "can be read; name another with --map at=COLUMN"
        )
    return unit
