"""What a history holds: how often each event's name came, and which fields its events had."""

from __future__ import annotations

from occasion.events.event import EVENT_FIELDS
from occasion.moments.check import Seen
from occasion.store.source import Source


def seen(source: Source) -> Seen:
    """The names and fields of a sealed history, from one scan of its segments."""
    import duckdb
    import pyarrow.parquet as pq

    if source.names is None:
        raise ValueError("only a sealed history has a dictionary of its names")
    texts: list[str] = pq.read_table(source.names).column("text").to_pylist()
    own = ", ".join(f"count({field}) AS {field}" for field in EVENT_FIELDS)
    with duckdb.connect() as connection:
        events = connection.read_parquet([str(file) for file in source.files])  # noqa: F841  # named in the queries
        counted = connection.sql(f"SELECT name, count(*) AS n, {own} FROM events GROUP BY name").fetchall()
        keys = connection.sql("SELECT DISTINCT name, unnest(map_keys(properties)) FROM events").fetchall()
    fields: dict[str, set[str]] = {}
    for code, _, *given in counted:
        fields[texts[code]] = {field for field, n in zip(EVENT_FIELDS, given, strict=True) if n}
    for code, key in keys:
        fields[texts[code]].add(key)
    return Seen({texts[code]: n for code, n, *_ in counted}, {name: frozenset(some) for name, some in fields.items()})
