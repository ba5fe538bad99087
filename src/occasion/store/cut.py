"""A history as it could be read at an instant: without what was seen later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from occasion.errors import InputError
from occasion.moments.query_sql import sql
from occasion.store.engine import Engine, Raw
from occasion.store.source import Source


def seen_by(engine: Engine, raw: Raw, source: Source, as_of_us: int, scratch: Path) -> Source:
    """The source without events seen after `as_of_us`; the source itself where there is none.

    Sealed segments are rewritten under `scratch` without them. Files read where they lie would have to be copied whole:
    refused, with what to do instead.
    """
    later = sql("SELECT COUNT(*) AS n, MIN(at_us) AS first FROM raw WHERE seen_us > :t", {"raw": raw.table}, t=as_of_us)
    found = engine.run(later)
    if not found.column("n")[0].as_py():
        return source
    if not source.sealed:
        if found.column("first")[0].as_py() > as_of_us:
            return source  # what happened later is beyond every window under study anyway
        raise InputError(
            "--as-of: some events of these files were seen only later; load them into a workspace (occasion init, "
            "occasion load), which can be read as of any instant"
        )
    buckets = source.buckets or (source.files,)
    cut = tuple(
        tuple(_without(file, as_of_us, scratch / f"{i}-{file.name}") for file in b) for i, b in enumerate(buckets)
    )
    return replace(source, files=tuple(file for bucket in cut for file in bucket), buckets=cut)


def _without(file: Path, as_of_us: int, to: Path) -> Path:
    import pyarrow.compute as pc

    from occasion.store.segment import read_segment, write_segment

    table = read_segment(file)
    write_segment(table.filter(pc.less_equal(table.column("seen_us"), as_of_us)), to)
    return to


def refuse_repeats(engine: Engine, raw: Raw) -> None:
    """Refuse a history read where it lies in which an id of a party stands twice: it would be counted twice."""
    if raw.unique:
        return
    repeated = sql("SELECT id FROM raw GROUP BY party, id HAVING COUNT(*) > 1 LIMIT 1", {"raw": raw.table})
    found = engine.run(repeated)
    if found.num_rows:
        raise InputError(
            f"id {found.column('id')[0].as_py()!r} stands twice in these files; load them into a workspace (occasion "
            "init, occasion load), which keeps each id once"
        )
