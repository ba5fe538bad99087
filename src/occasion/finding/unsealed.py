"""Reading somebody's own Parquet, in any order, through DuckDB: it sorts, and spills to disk where it must."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from occasion.errors import InputError
from occasion.events.event import EVENT_FIELDS
from occasion.finding.ordered_pages import used_names
from occasion.store.source import Source

if TYPE_CHECKING:
    from occasion.finding.chunks import Study

CHUNK_ROWS = 1_000_000


def column(source: Source, ours: str) -> Any:
    """The expression for one of our columns (`prop:x` for a property); its own column, a constant, or null."""
    from sqlglot import exp

    if ours in source.columns:
        return exp.column(source.columns[ours], quoted=True)
    if ours in source.constants:
        return exp.Literal.string(str(source.constants[ours]))
    return exp.Null()


def at_us(source: Source) -> Any:
    """When it happened, as UTC microseconds."""
    from sqlglot import exp

    at = column(source, "at")
    if isinstance(at, exp.Null):
        at = column(source, "at_us")
    if source.clock == "timestamp":
        return exp.Anonymous(this="epoch_us", expressions=[at])
    scale = {"us": 1, "ms": 1_000, "s": 1_000_000}[source.clock]
    whole = at if scale == 1 else exp.Round(this=exp.Mul(this=at, expression=exp.Literal.number(scale)))
    return exp.cast(whole, "bigint")


def files(source: Source) -> Any:
    """The files as one table expression."""
    from sqlglot import exp

    if not source.files:
        raise InputError("no files to read events from: name at least one Parquet file")
    paths = [exp.Literal.string(str(path)) for path in source.files]
    return exp.Anonymous(this="read_parquet", expressions=[exp.Array(expressions=paths)])


def names(source: Source) -> tuple[str, ...]:
    """The distinct event names, sorted; a name's index is its code."""
    import duckdb
    from sqlglot import exp

    if "name" in source.constants:
        return (str(source.constants["name"]),)
    used = used_names(source)
    if used is not None:
        return tuple(sorted(used))
    query = exp.select(exp.alias_(exp.cast(column(source, "name"), "text"), "name")).distinct().from_(files(source))
    with duckdb.connect() as connection:
        return tuple(sorted(n for (n,) in connection.execute(query.sql("duckdb")).fetchall() if n is not None))


def tables(study: Study, fields: Sequence[str]) -> Iterator[Any]:
    """Tables of whole parties with columns row, name, at_us, `field 0` ..., sorted by (row, at_us)."""
    import duckdb
    import pyarrow as pa

    with duckdb.connect() as connection:
        connection.register("parties", _parties(study))
        connection.register(
            "names", pa.table({"text": study.names, "code": np.arange(len(study.names), dtype=np.int32)})
        )
        reader = connection.execute(_query(study, fields).sql("duckdb")).to_arrow_reader(CHUNK_ROWS)
        rest = None
        for batch in reader:
            table = pa.Table.from_batches([batch])
            table = table if rest is None else pa.concat_tables([rest, table])
            row = table["row"].to_numpy()
            cut = int(np.searchsorted(row, row[-1])) if len(row) else 0
            rest = table.slice(cut)
            if cut:
                yield table.slice(0, cut)
        if rest is not None and len(rest):
            yield rest


def described(study: Study, table: Any) -> Any:
    """Some of the source's rows, read into memory, as a table of name, at_us and `field f` for every mapped field."""
    import duckdb
    from sqlglot import exp

    own = [c for c in study.source.columns if c in ("channel", "direction", "counterpart")]
    fields = own + [c.removeprefix("prop:") for c in study.source.columns if c.startswith("prop:")]
    query = (
        exp.select(
            exp.alias_(exp.column("code", "names"), "name"), "events.at_us",
            *(exp.alias_(_struct(f"value {i}", f), f"field {f}", quoted=True) for i, f in enumerate(fields)),
        )
        .from_(_events(study.source, fields, exp.to_table("read")).subquery("events"))
        .join("names", on="names.text = events.name")
    )  # fmt: skip
    with duckdb.connect() as connection:
        connection.register("read", table)
        connection.register("names", _names(study))
        return connection.execute(query.sql("duckdb")).to_arrow_table()


def _names(study: Study) -> Any:
    import pyarrow as pa

    return pa.table({"text": list(study.names), "code": np.arange(len(study.names), dtype=np.int32)})


def _parties(study: Study) -> Any:
    import pyarrow as pa

    texts = study.texts if isinstance(study.texts, (pa.Array, pa.ChunkedArray)) else pa.array(list(study.texts or ()))
    return pa.table({"text": texts, "row": np.arange(len(texts), dtype=np.int32)})


def _events(source: Source, fields: Sequence[str], origin: Any) -> Any:
    """Party and name as text, at_us, and the asked fields as they are (`value 0` ...)."""
    from sqlglot import exp

    values = (column(source, field if field in EVENT_FIELDS else f"prop:{field}") for field in fields)
    return exp.select(
        exp.alias_(exp.cast(column(source, "party"), "text"), "party"),
        exp.alias_(exp.cast(column(source, "name"), "text"), "name"),
        exp.alias_(at_us(source), "at_us"),
        *(exp.alias_(value, f"value {i}", quoted=True) for i, value in enumerate(values)),
    ).from_(origin)


def _query(study: Study, fields: Sequence[str]) -> Any:
    from sqlglot import exp

    return (
        exp.select(
            "parties.row", exp.alias_(exp.column("code", "names"), "name"), "events.at_us",
            *(exp.alias_(_struct(f"value {i}", field), f"field {i}", quoted=True) for i, field in enumerate(fields)),
        )
        .from_(_events(study.source, fields, files(study.source)).subquery("events"))
        .join("parties", on="parties.text = events.party")
        .join("names", on="names.text = events.name")
        .order_by("parties.row", "events.at_us")
    )  # fmt: skip


def _struct(name: str, field: str) -> Any:
    """The value as struct(text, number, flag): which one is by the column's type."""
    from sqlglot import exp

    value = exp.column(name, "events", quoted=True)
    kind = exp.Anonymous(this="typeof", expressions=[value])
    text = exp.EQ(this=kind, expression=exp.Literal.string("VARCHAR"))
    flag = exp.EQ(this=kind.copy(), expression=exp.Literal.string("BOOLEAN"))
    always_text = exp.true() if field in EVENT_FIELDS else text
    number = exp.false() if field in EVENT_FIELDS else exp.not_(exp.or_(text, flag))
    parts = {
        "text": exp.If(this=always_text, true=exp.TryCast(this=value.copy(), to=exp.DataType.build("text"))),
        "number": exp.If(this=number, true=exp.TryCast(this=value.copy(), to=exp.DataType.build("decimal(24, 6)"))),
        "flag": exp.If(this=flag.copy(), true=exp.TryCast(this=value.copy(), to=exp.DataType.build("boolean"))),
    }
    return exp.Struct(
        expressions=[exp.PropertyEQ(this=exp.to_identifier(name), expression=part) for name, part in parts.items()]
    )
