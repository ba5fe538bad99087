"""Any command that takes FILEs: Parquet read where it is, everything else sealed in a scratch folder first."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from occasion.events.load import FilePlan, LoadPlan, plan_load
from occasion.events.mapping import Column, Constant, Roles
from occasion.events.raw import Reject
from occasion.store.history import History, LoadReport, Step
from occasion.store.source import Clock, Source

OUR_NAMES = {"at": "at_us", "seen": "seen_us"}
TEXT_FIELDS = ("name", "counterpart", "channel", "actor", "body", "id", "zone", "direction")


@dataclass
class Opened:
    """A source for an engine, and what a command tells about it; `history` holds the scratch files until closed.

    `report` is None when Parquet files are read where they are.
    """

    source: Source
    mapping: str
    notes: tuple[str, ...]
    report: LoadReport | None = None
    history: History | None = None

    def close(self) -> None:
        """The source is no longer needed."""
        if self.history is not None:
            self.history.close()

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_source(
    paths: Sequence[str | Path],
    mapping: str | None = None,
    zone: str = "UTC",
    *,
    scratch: Path,
    both: bool = False,
    header: bool | None = None,
    encoding: str | None = None,
    step: Step | None = None,
) -> Opened:
    """The events of files for an engine.

    Parquet files whose columns have usable types become an unsealed source with nothing copied (given ids are then
    taken on trust); all else, and `both`, is read through the loader into a history of its own under `scratch`, which
    the caller removes. `zone` reads times that state none and is the source's zone.
    Raises InputError as plan_load and History.load do.
    """
    plan = plan_load(paths, mapping, zone, both=both, header=header, encoding=encoding)
    direct = None if both else direct_source(plan)
    if direct is not None:
        return Opened(direct, plan.mapping_text(), tuple(plan.mapping_notes()))
    history = History(Path(tempfile.mkdtemp(prefix="files-", dir=scratch)))
    report = _with_examples(history.load(plan, step))
    return Opened(history.source(zone), report.mapping, report.notes, report, history)


def _with_examples(report: LoadReport, most: int = 3) -> LoadReport:
    """The report with some refused rows in words: the file of all of them goes with the scratch folder."""
    if report.rejects is None:
        return report
    with report.rejects.open("rb") as lines:
        rejects = [msgspec.json.decode(line, type=Reject) for line in islice(lines, most)]
    shown = [f"{r.file} line {r.line}: {r.field} {r.value[:60]!r} {r.reason}".replace(":  ", ": ") for r in rejects]
    more = ["occasion load keeps all refused rows in rejects.jsonl"] if report.refused > most else []
    return replace(report, remarks=(*report.remarks, *shown, *more), rejects=None)


def direct_source(plan: LoadPlan) -> Source | None:
    """The files as an unsealed source, or None where they must be read through the loader."""
    if any(file.form.kind != "parquet" for file in plan.files):
        return None
    first = plan.files[0]
    schemas = [pq.read_schema(file.path) for file in plan.files]
    used = _used(first.roles)
    if any(name not in schemas[0].names for name in used):
        return None  # a property inside a struct
    same = all(file.roles == first.roles for file in plan.files)
    if not same or any(schema.field(name).type != schemas[0].field(name).type for schema in schemas for name in used):
        return None
    clock = _clock(first.roles, schemas[0], plan.zone)
    if clock is None or not _usable(first, schemas[0]) or any(_has_gaps(file) for file in plan.files):
        return None
    columns = {
        OUR_NAMES.get(kind, kind): ref.name for kind, ref in first.roles.fields.items() if isinstance(ref, Column)
    }
    columns |= {f"prop:{name}": ref.name for name, ref in first.roles.properties.items()}
    constants = {kind: ref.value for kind, ref in first.roles.fields.items() if isinstance(ref, Constant)}
    return Source(
        files=tuple(file.path for file in plan.files),
        sealed=False,
        columns=columns,
        constants=constants,
        clock=clock,
        zone=plan.zone,
    )


def _used(roles: Roles) -> list[str]:
    return [ref.name for ref in (*roles.fields.values(), *roles.properties.values()) if isinstance(ref, Column)]


def _clock(roles: Roles, schema: Any, zone: str) -> Clock | None:
    """What the time columns hold, when engines can use it as it is."""
    clocks = {
        _clock_of(ref, schema, zone)
        for kind, ref in roles.fields.items()
        if kind in OUR_NAMES and isinstance(ref, Column)
    }
    return clocks.pop() if len(clocks) == 1 else None


def _clock_of(ref: Column, schema: Any, zone: str) -> Clock | None:
    kind = schema.field(ref.name).type
    if pa.types.is_timestamp(kind):
        return "timestamp" if kind.tz or zone == "UTC" else None
    if pa.types.is_int64(kind) and ref.unit in ("s", "ms", "us"):
        return ref.unit
    return None


def _usable(file: FilePlan, schema: Any) -> bool:
    """Whether every column has a type that the language knows as it stands."""
    for kind, ref in file.roles.fields.items():
        if isinstance(ref, Column):
            held = _plain(schema.field(ref.name).type)
            text = pa.types.is_string(held) or pa.types.is_large_string(held)
            if kind == "party" and not (text or pa.types.is_integer(held)):
                return False
            if kind in TEXT_FIELDS and not text:
                return False
            if kind == "mass" and not pa.types.is_boolean(held):
                return False
            if kind == "direction" and not set(_distinct(file.path, ref.name)) <= {"in", "out", None}:
                return False
    return all(not ref.text and _simple(schema.field(ref.name).type) for ref in file.roles.properties.values())


def _plain(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _simple(kind: Any) -> bool:
    kind = _plain(kind)
    tests = ("is_string", "is_large_string", "is_boolean", "is_integer", "is_floating", "is_decimal")
    return any(getattr(pa.types, test)(kind) for test in tests)


def _distinct(path: Path, column: str) -> list[Any]:
    import pyarrow.compute as pc

    found: list[Any] = pc.unique(pq.read_table(path, columns=[column]).column(0)).to_pylist()
    return found


def _has_gaps(file: FilePlan) -> bool:
    """Whether party, name, time or id is missing somewhere (or the file does not say): such rows must be refused."""
    meta = pq.ParquetFile(file.path).metadata
    kinds = ("party", "name", "at", "id")
    names = {ref.name for kind, ref in file.roles.fields.items() if kind in kinds and isinstance(ref, Column)}
    for group in range(meta.num_row_groups):
        row_group = meta.row_group(group)
        for place in range(row_group.num_columns):
            column = row_group.column(place)
            if column.path_in_schema in names:
                known = column.statistics
                if known is None or not known.has_null_count or known.null_count:
                    return True
    return False
