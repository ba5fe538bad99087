"""DuckDB as the engine: in this process, in memory, spilling to a temporary directory where it must."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from types import TracebackType
from typing import Any

import duckdb
from sqlglot import exp

from occasion.store.engine import EngineName, Raw
from occasion.store.shown import fields_of_map, shown
from occasion.store.source import Source

BATCH_ROWS = 100_000


class DuckEngine:
    """See `engine.Engine`."""

    name: EngineName = "duckdb"

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET enable_progress_bar = false")
        self._names = (f"made_{i}" for i in count())

    def __enter__(self) -> DuckEngine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def open(self, history: Source | Any, zone: str = "UTC") -> Raw:
        """See `Engine.open`."""
        if not isinstance(history, Source):
            return Raw(self.put(history), fields_of_map, zone=zone)
        return shown(self, history)

    def create(self, stem: str, query: exp.Query) -> str:
        """See `Engine.create`."""
        name = f"{stem}_{next(self._names)}"
        made = exp.Create(
            this=exp.to_table(name), kind="TABLE", expression=query,
            properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        )  # fmt: skip
        self.connection.execute(made.sql(self.name))
        return name

    def put(self, table: Any) -> str:
        """See `Engine.put`."""
        name = next(self._names)
        self.connection.register(name, table)
        return name

    def run(self, query: exp.Query) -> Any:
        """See `Engine.run`."""
        return self.connection.execute(query.sql(self.name)).to_arrow_table()

    def batches(self, query: exp.Query) -> Iterator[Any]:
        """See `Engine.batches`; the connection is another one, so that queries may run in between."""
        cursor = self.connection.cursor()
        yield from cursor.execute(query.sql(self.name)).to_arrow_reader(BATCH_ROWS)

    def close(self) -> None:
        """See `Engine.close`."""
        self.connection.close()
