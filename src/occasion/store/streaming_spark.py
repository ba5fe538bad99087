"""The same stream on Spark Structured Streaming: its file source and checkpoint, the buckets' step in its workers.

Each micro-batch goes through `foreachBatch`: Spark says which files are new, workers read them, the events are sent to
the worker of their bucket, and there `streaming.step` does what it does anywhere. Spark delivers a batch again when it
is not sure of it; the buckets know (docs/adr/0014).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from occasion.store.packed import pack, unpack
from occasion.store.streaming import Watching, bucket_of, read_file, step

FILES = "path string, modificationTime timestamp, length long, content binary"
EVENTS = "bucket int, seen long, refused long, packed binary"
SAID = "bucket int, line string"
PACKED = ("bucket", "seen", "refused", "packed")
AT_ONCE = 2_000  # events packed together


def spark_stream(
    session: Any,
    source: Path,
    watching: Watching,
    said: Callable[[int, Any], None],
    *,
    mapping: str = "",
    files_a_batch: int = 100,
) -> Any:
    """A query that can be started: `said(batch, frame)` gets what each batch changed, a row (bucket, line) each.

    The same batch may be said again after a restart, with the same lines.
    """
    session.conf.set("spark.sql.execution.arrow.pyspark.enabled", "true")
    files = session.readStream.format("binaryFile").schema(FILES).option("maxFilesPerTrigger", files_a_batch)

    def each(frame: Any, batch: int) -> None:
        events = frame.repartition(watching.buckets).mapInArrow(lambda some: _read(some, watching, mapping), EVENTS)
        events = events.persist()  # what a batch holds is read from its files once
        changes = _stepped(events, batch, watching).persist()
        changes.count()  # every bucket has read the batch, whatever is done with what it said
        said(batch, changes)
        for kept in (changes, events):
            kept.unpersist()

    begun = files.load(str(source)).select("path").writeStream.foreachBatch(each)
    return begun.option("checkpointLocation", str(Path(watching.folder) / "checkpoint"))


def _stepped(events: Any, batch: int, watching: Watching) -> Any:
    """What a batch changes, bucket by bucket; every bucket moves its clock, whether it has events or not."""
    from pyspark.sql import functions

    clock = events.agg(functions.max("seen")).first()[0] or 0
    columns = ("CAST(id AS int) AS bucket", "0L AS seen", "0L AS refused", "CAST(NULL AS binary) AS packed")
    everyone = events.sparkSession.range(watching.buckets).selectExpr(*columns)
    together = events.unionByName(everyone).groupBy("bucket")
    return together.applyInArrow(lambda table: _step(table, watching, batch, clock), SAID)


def _read(batches: Iterator[Any], watching: Watching, mapping: str) -> Iterator[Any]:
    """The events of files, packed by bucket."""
    import pyarrow as pa

    kinds = (pa.int32(), pa.int64(), pa.int64(), pa.binary())
    schema = pa.schema(list(zip(PACKED, kinds, strict=True)))
    for names in batches:
        for name in names.column("path").to_pylist():
            events, refused = read_file(_local(name), mapping, watching.zone)
            parts: dict[int, list[Any]] = {}
            for event in events:
                parts.setdefault(bucket_of(event.party, watching.buckets), []).append(event)
            rows: list[tuple[int, int, int, bytes | None]] = [
                (bucket, max(event.seen for event in some), 0, pack(some))
                for bucket, own in parts.items()
                for begin in range(0, len(own), AT_ONCE)
                if (some := own[begin : begin + AT_ONCE])
            ]
            rows.append((0, 0, len(refused), None))
            kinds = (pa.int32(), pa.int64(), pa.int64(), pa.binary())
            yield pa.RecordBatch.from_pylist([dict(zip(PACKED, row, strict=True)) for row in rows], schema)


def _step(table: Any, watching: Watching, batch: int, clock: int) -> Any:
    import pyarrow as pa

    bucket = table.column("bucket")[0].as_py()
    packed = [some for some in table.column("packed").to_pylist() if some is not None]
    lines = step(watching, bucket, batch, clock, [event for some in packed for event in unpack(some)])
    return pa.table({"bucket": pa.array([bucket] * len(lines), pa.int32()), "line": pa.array(lines, pa.string())})


def _local(name: str) -> str:
    """A file's name as Spark says it, as the operating system knows it."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(name)
    return unquote(parts.path) if parts.scheme == "file" else name
