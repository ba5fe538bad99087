"""The door to an SQL engine: it shows a history as one table, keeps tables made on the way, runs queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from sqlglot import exp

from occasion.errors import EngineGap, InputError
from occasion.moments.definition import Definition, walk
from occasion.store.source import Source

EngineName = Literal["duckdb", "spark"]
ENGINES: tuple[EngineName, ...] = ("duckdb", "spark")


@dataclass(frozen=True)
class Raw:
    """A history as an engine shows it before anything is chosen.

    `table`: a table with every column of `store.source.SEGMENT_COLUMNS` but `properties` (null where the history has
    none). `typed`: for a property its text, number DECIMAL(24, 6) and flag as expressions over that table. `parties`:
    a table (code, text) if parties are codes; `names`: the code of each name if names are. `unique`: whether every id
    is known to stand once. `states_zones`: whether any event could state a zone.
    """

    table: str
    typed: Callable[[str], tuple[exp.Expression, exp.Expression, exp.Expression]]
    parties: str | None = None
    names: Mapping[str, int] | None = None
    unique: bool = False
    states_zones: bool = True
    zone: str = "UTC"


# The nodes an engine cannot read; the tests expect EngineGap for exactly these.
GAPS: Mapping[EngineName, frozenset[type]] = {"duckdb": frozenset(), "spark": frozenset()}


def refuse_gaps(name: EngineName, definition: Definition) -> None:
    """Raise EngineGap if the engine cannot read one of the definition's nodes."""
    for top in (definition.node, *(stage.enter for stage in definition.stages)):
        for node in walk(top):
            if type(node) in GAPS[name]:
                can = [other for other in ENGINES if type(node) not in GAPS[other]]
                raise EngineGap(
                    f"engine {name!r} cannot read {type(node).__name__.lower()}: use --engine {' or '.join(can)}"
                )


class Engine(Protocol):
    """Runs the trees that `moments.query` builds; results are pyarrow Tables. Close it when done: it is a context."""

    name: EngineName
    numbers_parties: bool  # whether it can number rows without putting them all in one place

    def open(self, history: Source | Any, zone: str = "UTC") -> Raw:
        """A history, or a pyarrow Table of events (`events.table.EVENT_COLUMNS`, ids filled), as a raw table.

        `zone`: of the workspace; a Source brings its own.
        """

    def create(self, stem: str, query: exp.Query) -> str:
        """The rows of a query, kept as a table of the engine (computed once); its name."""

    def files(self, paths: Sequence[Path], numbered: bool) -> str:
        """Parquet files as a table; `numbered`: with the columns of_file and of_row, for files without ids."""

    def view(self, stem: str, query: exp.Query) -> str:
        """A query under a name, not run yet."""

    def put(self, table: Any) -> str:
        """A pyarrow Table as a table of the engine; its name."""

    def run(self, query: exp.Query) -> Any:
        """The rows of a query as one pyarrow Table."""

    def batches(self, query: exp.Query) -> Iterator[Any]:
        """The rows of a query in their order as pyarrow RecordBatches, not all in memory at once."""

    def close(self) -> None:
        """Free what it holds."""


ENGINES = ("duckdb", "spark")


def engine(name: str) -> Engine:
    """An engine by name: "duckdb", in this process, or "spark", for what one machine cannot hold."""
    if name == "duckdb":
        from occasion.store.engine_duckdb import DuckEngine

        return DuckEngine()
    if name == "spark":
        from occasion.store.engine_spark import SparkEngine

        return SparkEngine()
    raise _unknown(name)


def refuse_unknown(name: str) -> None:
    """Refuse a name that is no engine's, without starting any."""
    if name not in ENGINES:
        raise _unknown(name)


def _unknown(name: str) -> InputError:
    return InputError(f"engine {name!r} is not known: choose duckdb or spark")
