"""Taking parties out of the sealed history: their events go, and others' events name them no more.

Digests of items stay (they tell nothing, and keep late retries out).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from occasion.store.durable import publish
from occasion.store.manifest import Changes, Manifest
from occasion.store.schema import METADATA
from occasion.store.sealing import REJECTS, Sealing
from occasion.store.segment import read_segment
from occasion.store.tail_sealing import NOTHING_LOADED

EMPTYING, EMPTYING_TRIES = 0.5, 10  # seconds of a try to empty SQLite's log, and between two; how many
NAMING = ("actor", "counterpart")  # columns in which an event may name another party


def erase_sealed(folder: Path, manifest: Manifest, names: Mapping[str, str]) -> Changes | None:
    """Write the history without these parties, and give what is to be listed; None when nothing of it names them.

    `names`: each identity and what stands for it where others' events name it. Only while holding the history's lock
    for writing, with the tail sealed.
    """
    with Sealing(folder, manifest) as sealing:
        known = [party for party in names if party in sealing.parties]
        codes = sealing.parties.codes(pa.array(known, pa.string())) if known else np.array([], np.int32)
        old, new = pa.array(list(names), pa.string()), pa.array(list(names.values()), pa.string())
        for segment in sealing.state.segments:
            path = folder / segment.file
            theirs = np.isin(read_segment(path, ["party"]).column("party").to_numpy(), codes)
            named = _named(path, old)
            if theirs.any() or named:
                table = read_segment(path)
                table = table.filter(pa.array(~theirs)) if theirs.any() else table
                sealing.replace(segment, _renamed(table.combine_chunks(), old, new) if named else table)
        sealing.parties.rename(names)
        if not sealing.changed:
            return None
        return sealing.changes(dict(NOTHING_LOADED))


def _named(path: Path, old: Any) -> bool:
    """Whether an event of a segment names one of them."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=[*NAMING, "properties"]):
            texts = [batch.column(name) for name in NAMING]
            texts.append(batch.column("properties").items.field("text"))
            if any(pc.any(pc.is_in(column, old)).as_py() for column in texts):
                return True
    return False


def _renamed(table: Any, old: Any, new: Any) -> Any:
    """The table with what stands for them in the place of their names."""
    for name in NAMING:
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), _replaced(_whole(table.column(name)), old, new))
    column = _whole(table.column("properties"))
    items = column.items
    parts = [items.field(i) for i in range(items.type.num_fields)]
    where = items.type.get_field_index("text")
    parts[where] = _replaced(parts[where], old, new)
    kept = pa.StructArray.from_arrays(parts, fields=list(items.type))
    made = pa.MapArray.from_arrays(column.offsets, column.keys, kept, column.type)
    place = table.schema.get_field_index("properties")
    return table.set_column(place, table.schema.field(place), made)


def _replaced(texts: Any, old: Any, new: Any) -> Any:
    found = pc.index_in(texts, old)
    return pc.if_else(pc.is_valid(found), new.take(found), texts)


def _whole(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def naming(names: Iterable[str]) -> re.Pattern[bytes]:
    """Where one of these identities stands in a file as a word of its own, as text or inside JSON."""
    forms = {form for party in names for form in (party.encode(), json.dumps(party)[1:-1].encode())}
    return re.compile(rb"(?<![\w@.-])(?:" + b"|".join(map(re.escape, sorted(forms))) + rb")(?![\w@-])")


def erase_rejects(data: Path, names: Mapping[str, str]) -> int:
    """Remove the lines of refused rows that name one of these; how many."""
    named = naming(names)
    removed = 0
    for path in (data / REJECTS).glob("*/*.jsonl"):
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not named.search(line)]
        if len(kept) < len(lines):
            removed += len(lines) - len(kept)
            temporary = path.with_suffix(".temporary")
            temporary.write_bytes(b"".join(kept))
            publish(temporary, path)
    return removed


def scrub(engine: Engine) -> None:
    """Leave no bytes of deleted rows in the database's files.

    SQLite overwrites what is deleted; its write-ahead log is emptied here. PostgreSQL's tables are written anew; what
    its own write-ahead log and its archives keep, and for how long, is theirs to say.
    """
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        try:
            emptied(raw.cursor())
        finally:
            raw.invalidate()
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in METADATA.sorted_tables:
            connection.execute(text(f"VACUUM FULL {connection.dialect.identifier_preparer.format_table(table)}"))
        with suppress(DBAPIError):  # not everybody may; it comes by itself before long
            connection.execute(text("CHECKPOINT"))


def emptied(cursor: Any) -> bool:
    """Empty SQLite's write-ahead log; False: a reading that is under way holds it. The cursor's connection is not to be
    used again: its timeout is another.

    Who writes waits for each try, and may go on between two.
    """
    cursor.execute(f"PRAGMA busy_timeout={int(1000 * EMPTYING)}").fetchall()
    for again in range(EMPTYING_TRIES):
        if again:
            sleep(EMPTYING)
        # most of it, with nobody waiting, also what a reading held at the last try; busy: somebody else copies it
        [(busy, _, _)] = cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        if busy:
            continue
        [(busy, _, _)] = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if not busy:
            return True
    return False
