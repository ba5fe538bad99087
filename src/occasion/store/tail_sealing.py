"""The tail becomes part of the sealed history: its events segments, its digests a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, select

from occasion.store.dictionary import Dictionary
from occasion.store.manifest import Changes, Manifest
from occasion.store.positions import LOG, Position, position
from occasion.store.records import reading
from occasion.store.schema.log import TAIL

ROWS_AT_ONCE = 1 << 16
Kept = dict[str, Dictionary]
NOTHING_LOADED = {
    "files": "[]", "mapping": "", "both": False, "read": 0, "taken": 0, "refused": 0, "known": 0, "events": 0,
    "rejects": None,
}  # fmt: skip


def seal_tail(
    folder: Path, manifest: Manifest, engine: Engine, upto: int | None = None, kept: Kept | None = None
) -> Changes | None:
    """Write the groups up to a position (all of them) as segments and a run, and give what is to be listed.

    None when there are none. `kept`: see `Sealing`. Only while holding the history's lock for writing.
    """
    from occasion.store.sealing import Sealing
    from occasion.store.tables import seal_rows
    from occasion.store.tail_table import tail_table

    with reading(engine) as connection:
        upto = position(connection, LOG).seq if upto is None else upto
        sealed = manifest.state().sealed
        rows = select(TAIL).where(TAIL.c.seq > sealed, TAIL.c.seq <= upto).order_by(TAIL.c.seq)
        groups = [(row.clock_us, bytes(row.digests), bytes(row.events)) for row in connection.execute(rows)]
    if not groups:
        return None
    with Sealing(folder, manifest, by_party=True, kept=kept) as sealing:
        table = tail_table(events for _, _, events in groups)
        if table.num_rows:
            seal_rows(table, sealing)
        sealing.know(b"".join(digests for _, digests, _ in groups))
        n = table.num_rows
        return sealing.changes({**NOTHING_LOADED, "read": n, "taken": n, "events": n}, Position(upto, groups[-1][0]))


def runs_again(folder: Path, manifest: Manifest) -> Changes | None:
    """Runs of the ids in the segments, in place of those listed when a file of these is gone; None when all are there.

    What was no event (an identify, an alias) is not in segments: such an item would be taken once more. Only while
    holding the history's lock for writing.
    """
    from occasion.store.digests import identity_digests
    from occasion.store.sealing import Sealing
    from occasion.store.segment import read_segment

    with Sealing(folder, manifest) as sealing:
        if all((folder / file).is_file() for file in sealing.state.runs):
            return None
        for bucket in sorted({segment.bucket for segment in sealing.state.segments}):
            files = [folder / segment.file for segment in sealing.state.segments if segment.bucket == bucket]
            sealing.know_again(bucket, b"".join(identity_digests(read_segment(f, ["id"]).column("id")) for f in files))
        return sealing.changes(dict(NOTHING_LOADED))


def file_by_party(folder: Path, file: str) -> None:
    """Make the file by party of a segment that has none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from occasion.store.durable import publish
    from occasion.store.party_file import SUFFIX, make_party_file

    temporary = folder / f"{file}{SUFFIX}.temporary"
    with pq.ParquetFile(folder / file) as rows:
        tables = (pa.Table.from_batches([batch]) for batch in rows.iter_batches(ROWS_AT_ONCE))
        make_party_file(temporary, tables)
    publish(temporary, folder / f"{file}{SUFFIX}")


def forget_sealed(connection: Connection, sealed: int, most: int = 1_000_000) -> int:
    """Remove groups that segments hold, at most so many; how many."""
    some: Any = select(TAIL.c.seq).where(TAIL.c.seq <= sealed).order_by(TAIL.c.seq).limit(most)
    gone = list(connection.execute(some).scalars())
    if gone:
        connection.execute(delete(TAIL).where(TAIL.c.seq <= gone[-1]))
    return len(gone)
