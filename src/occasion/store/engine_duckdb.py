"""DuckDB as the engine: in this process, in memory, spilling to a temporary directory where it must."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import gettempdir
from types import TracebackType
from typing import Any
from uuid import uuid4

import duckdb
from sqlglot import exp

from occasion.errors import InputError
from occasion.store.engine import EngineName, Raw
from occasion.store.shown import fields_of_map, shown
from occasion.store.source import Source

BATCH_ROWS = 100_000


@contextmanager
def _damage_said() -> Iterator[None]:
    """One line where a file that is read holds what cannot be read."""
    try:
        yield
    except duckdb.Error as error:
        said = str(error).splitlines()[0].removeprefix("Invalid Input Error: ")
        known = "Parquet file" in said or said.startswith("Failed to read file")
        if not known and type(error) is not duckdb.Error:  # of no kind: a reader ran out of bytes
            raise
        raise InputError(f"a file is damaged, or was not written as Parquet is: {said}; write it anew") from None


class DuckEngine:
    """See `engine.Engine`."""

    name: EngineName = "duckdb"
    numbers_parties = True

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"temp_directory": str(Path(gettempdir()) / f"occasion-{uuid4().hex}")})
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET enable_progress_bar = false")
        self.connection.execute("SET preserve_insertion_order = false")  # less memory; no reading rests on it
        self._numbers = count()

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
        name = f"{stem}_made_{next(self._numbers)}"
        with _damage_said():
            self.connection.execute(exp.Create(this=exp.to_table(name), kind="TABLE", expression=query).sql(self.name))
        return name

    def view(self, stem: str, query: exp.Query) -> str:
        """See `Engine`."""
        name = f"{stem}_made_{next(self._numbers)}"
        self.connection.execute(exp.Create(this=exp.to_table(name), kind="VIEW", expression=query).sql(self.name))
        return name

    def files(self, paths: Sequence[Path], numbered: bool) -> str:
        """See `Engine`."""
        listed = exp.Array(expressions=[exp.convert(str(path)) for path in paths])
        options = [exp.PropertyEQ(this=exp.to_identifier("file_row_number"), expression=exp.true())]
        options += [exp.PropertyEQ(this=exp.to_identifier("filename"), expression=exp.convert("of_path"))]
        reader = exp.Anonymous(this="read_parquet", expressions=[listed, *(options if numbered else [])])
        query = exp.select("*")
        if numbered:
            file = exp.Anonymous(this="parse_filename", expressions=[exp.column("of_path")])
            query = query.select(exp.alias_(file, "of_file"), exp.alias_(exp.column("file_row_number"), "of_row"))
        return self.view("files", query.from_(reader))

    def put(self, table: Any) -> str:
        """See `Engine.put`."""
        given = f"given_made_{next(self._numbers)}"
        self.connection.register(given, table)
        name = self.create("put", exp.select("*").from_(given))  # cursors of `batches` do not see what is registered
        self.connection.unregister(given)
        return name

    def run(self, query: exp.Query) -> Any:
        """See `Engine.run`."""
        with _damage_said():
            return self.connection.execute(query.sql(self.name)).to_arrow_table()

    def batches(self, query: exp.Query) -> Iterator[Any]:
        """See `Engine.batches`; the connection is another one, so that queries may run in between."""
        cursor = self.connection.cursor()
        yield from cursor.execute(query.sql(self.name)).to_arrow_reader(BATCH_ROWS)

    def close(self) -> None:
        """See `Engine.close`."""
        self.connection.close()
