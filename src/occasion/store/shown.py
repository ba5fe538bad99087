"""A Source as a raw table by SQL: whatever its columns are called and hold, it is read where it lies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sqlglot import exp

from occasion.errors import InputError
from occasion.moments.query_fields import SQL_TYPES
from occasion.moments.query_sql import part, sql
from occasion.store.engine import Engine, EngineName, Raw
from occasion.store.source import SEGMENT_COLUMNS, Source

Typed = tuple[exp.Expression, exp.Expression, exp.Expression]
OTHER_TYPES = {"at_us": "BIGINT", "seen_us": "BIGINT", "mass": "BOOLEAN"}
MICROS: dict[EngineName, str] = {"duckdb": "EPOCH_US", "spark": "UNIX_MICROS"}


def fields_of_map(name: str) -> Typed:
    """A property of a column `properties` as sealed segments have it, by type."""
    value = exp.Bracket(this=exp.column("properties"), expressions=[exp.convert(name)])
    text, number, flag = (exp.Dot(this=value.copy(), expression=exp.to_identifier(kind)) for kind in SQL_TYPES)
    return text, number, flag


def shown(engine: Engine, source: Source) -> Raw:
    """The history as a raw table of an engine. Raises InputError when there are no files."""
    if not source.files:
        raise InputError("no files to read events from: name at least one Parquet file")
    return _sealed(engine, source) if source.sealed else _unsealed(engine, source)


def _sealed(engine: Engine, source: Source) -> Raw:
    if source.parties is None or source.names is None:
        raise InputError("a sealed history without its dictionaries: load the events again")
    names = engine.run(sql("SELECT code, text FROM n", {"n": engine.files([source.names], False)})).to_pydict()
    return Raw(
        table=engine.files(source.files, False),
        typed=fields_of_map,
        parties=engine.files([source.parties], False),
        names=dict(zip(names["text"], names["code"], strict=True)),
        unique=True,
        zone=source.zone,
    )


def _unsealed(engine: Engine, source: Source) -> Raw:
    import pyarrow.parquet as pq

    has_id = "id" in source.columns
    table = engine.files(source.files, numbered=not has_id)
    columns = [exp.alias_(_column(engine.name, source, ours), ours) for ours in SEGMENT_COLUMNS if ours != "properties"]
    properties = {ours.removeprefix("prop:"): theirs for ours, theirs in source.columns.items() if ":" in ours}
    of = {name: f"property_{i}" for i, name in enumerate(properties)}
    columns += [exp.alias_(exp.column(theirs, quoted=True), of[name]) for name, theirs in properties.items()]
    schema = pq.read_schema(source.files[0])
    kinds = {name: _kind(schema.field(theirs).type) for name, theirs in properties.items()}
    return Raw(
        table=engine.view("raw", exp.select(*columns).from_(table)),
        typed=partial(_typed, of, kinds),
        unique=not has_id,
        states_zones="zone" in source.columns or "zone" in source.constants,
        zone=source.zone,
    )


def _column(engine: EngineName, source: Source, ours: str) -> exp.Expression:
    """The expression for one of our columns: a column, a constant, what follows from others, or null."""
    if ours == "at_us" or (ours == "seen_us" and ours in source.columns):
        return _micros(engine, source, ours)
    if ours == "seen_us":
        return _micros(engine, source, "at_us")
    wanted = OTHER_TYPES.get(ours, "TEXT")
    if ours in source.columns:
        return part(f"CAST(:it AS {wanted})", it=exp.column(source.columns[ours], quoted=True))
    if ours in source.constants:
        return part(f"CAST(:it AS {wanted})", it=str(source.constants[ours]))
    if ours == "id":
        return part("of_file || ':' || CAST(of_row AS TEXT)")
    return part(f"CAST(NULL AS {wanted})")


def _micros(engine: EngineName, source: Source, ours: str) -> exp.Expression:
    theirs = source.columns.get(ours) or source.columns.get(ours.removesuffix("_us"))
    if theirs is None:
        raise InputError(f"no column is mapped to {ours!r}: say which holds the time, --map at=COLUMN")
    at = exp.column(theirs, quoted=True)
    if source.clock == "timestamp":
        return exp.Anonymous(this=MICROS[engine], expressions=[exp.cast(at, "timestamptz")])
    return part("CAST(:at AS BIGINT) * :scale", at=at, scale={"us": 1, "ms": 1_000, "s": 1_000_000}[source.clock])


def _kind(kind: Any) -> str:
    """Which of the language's types a Parquet column holds, or none of them."""
    import pyarrow as pa

    held = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_string(held) or pa.types.is_large_string(held):
        return "text"
    if pa.types.is_boolean(held):
        return "flag"
    if pa.types.is_integer(held):
        return "whole"
    return "number" if pa.types.is_floating(held) or pa.types.is_decimal(held) else ""


def _typed(of: dict[str, str], kinds: dict[str, str], name: str) -> Typed:
    nothing = {kind: part(f"CAST(NULL AS {sql_type})") for kind, sql_type in SQL_TYPES.items()}
    made: dict[str, Callable[[exp.Expression], exp.Expression]] = {
        "text": lambda it: it, "flag": lambda it: it, "whole": _whole, "number": _exact,
    }  # fmt: skip
    kind = kinds.get(name, "")
    if kind:
        nothing["number" if kind == "whole" else kind] = made[kind](exp.column(of[name]))
    return nothing["text"], nothing["number"], nothing["flag"]


def _whole(it: exp.Expression) -> exp.Expression:
    return part("TRY_CAST(:it AS DECIMAL(24, 6))", it=it)


def _exact(it: exp.Expression) -> exp.Expression:
    """A number with 6 places, half to even, null from 10^18 on, as `events.event.number` has it.

    By way of its shortest text, so that 0.1 is 0.1. A cast rounds halves away from zero; where that made the last place
    odd, the even neighbour is one step nearer to zero. A binary number below 10^9 that comes back unchanged from its
    cast needs none of this: 15 digits tell such numbers apart.
    """
    # engines may compute what stands in several branches for every row, so each part is null where it is not needed
    plain = part("CAST(CASE WHEN ABS(:it) < 1000000000 THEN :it END AS DECIMAL(24, 6))", it=it)
    same = part("CAST(:plain AS DOUBLE) = CAST(:it AS DOUBLE)", plain=plain, it=it)
    hard = part(
        "CASE WHEN ABS(:it) < 1000000000000000000 AND NOT COALESCE(:same, FALSE) THEN :it END", it=it, same=same
    )
    wide = part("TRY_CAST(CAST(:hard AS TEXT) AS DECIMAL(38, 18))", hard=hard)
    near = part("TRY_CAST(:wide AS DECIMAL(24, 6))", wide=wide)
    return part(
        "CASE WHEN :hard IS NULL THEN :plain WHEN ABS(:near - :wide) = 0.0000005 "
        "AND RIGHT(CAST(:near AS TEXT), 1) IN ('1', '3', '5', '7', '9') "
        "THEN CAST(:near - SIGN(:wide) * 0.000001 AS DECIMAL(24, 6)) ELSE :near END",
        hard=hard, plain=plain, near=near, wide=wide,
    )  # fmt: skip
