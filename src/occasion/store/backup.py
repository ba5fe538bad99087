"""A workspace in one file, while a server writes to it; and a workspace from that file.

The file is a tar, compressed with zstd: the records as one consistent state, the files of the history that this very
state lists, the settings, the catalogue, the refused rows, and at the end the digest of each. SQLite writes the copy
itself (VACUUM INTO: one snapshot, nothing that was erased); PostgreSQL gives its tables by COPY in one repeatable-read
transaction. Readers' lock on the history keeps its files in place meanwhile. What can be made anew is left out
(the watcher's state, views of a reading). Whoever has the file has everything in it in plain: it is written for its
owner only (mode 0600).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import zstandard
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from occasion.errors import InputError
from occasion.store.durable import FileLock, full_disk_said, publish, sync_file
from occasion.store.manifest import State, read_state
from occasion.store.party_file import SUFFIX
from occasion.store.records import open_records, reading, records_url
from occasion.store.workspace import SETTINGS, Workspace

FORMAT = 1
ABOUT, DIGESTS, RECORDS, TABLES = "backup.json", "digests.json", "records.db", "records/tables.json"
REJECTS, ERASURES = "rejects", "erasures.jsonl"
CHUNK = 1 << 20
LEVEL = 3  # segments are compressed already


@dataclass(frozen=True)
class Contents:
    """What a backup holds: `position` of the log, segments and files of the history, bytes before compression."""

    format: int
    made_us: int
    database: str  # sqlite, postgresql
    position: int
    segments: int
    files: int
    audit: str  # "<rows>:<digest>" of the last row of the audit; "" where there is none


def make_backup(place: Workspace, records: Path | str, target: Path, now: int) -> Contents:
    """Write the workspace into `target`; it appears when it is whole. Nobody has to stop.

    Raises InputError when the file is there already or the disk is full.
    """
    if target.exists():
        raise InputError(f"{target}: is there already; name a new file")
    if not target.parent.is_dir():
        raise InputError(f"{target.parent}: is no folder; make it first")
    engine = open_records(records)
    temporary = target.with_name(f".{target.name}.part")
    try:
        with full_disk_said(target), _files_stay(place.data), tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            with _private(temporary) as file, Archive(file) as archive:
                contents = _fill(archive, place, engine, Path(scratch), now)
            publish(temporary, target)
            sync_file(target.parent)
    finally:
        temporary.unlink(missing_ok=True)
        engine.dispose()
    return contents


class Archive:
    """A compressed tar being written, which remembers the digest of every member and writes them down at the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._packed = zstandard.ZstdCompressor(level=LEVEL, threads=1).stream_writer(file, closefd=False)
        self._tar = tarfile.open(fileobj=self._packed, mode="w|")  # noqa: SIM115 - closed with this object
        self.digests: dict[str, str] = {}

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.add(DIGESTS, json.dumps(self.digests, sort_keys=True).encode())
            self._tar.close()
        self._packed.close()  # type: ignore[no-untyped-call]

    def add(self, name: str, content: bytes) -> None:
        """A member from memory."""
        self._add(name, len(content), io.BytesIO(content))

    def add_file(self, name: str, path: Path) -> None:
        """A member from a file, which does not change meanwhile."""
        with path.open("rb") as file:
            self._add(name, os.fstat(file.fileno()).st_size, file)

    def _add(self, name: str, size: int, file: IO[bytes]) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        hashed = _Hashed(file)
        self._tar.addfile(entry, hashed)
        self.digests[name] = hashed.digest.hexdigest()


class _Hashed:
    """A file that hashes what is read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        part = self._file.read(size)
        self.digest.update(part)
        return part


def _fill(archive: Archive, place: Workspace, engine: Engine, scratch: Path, now: int) -> Contents:
    with _snapshot(engine, scratch) as (database, connection, files):
        state = read_state(connection) if _has_history(connection) else State(0, (), {}, 0)
        listed = _history_files(place.data / "history", state)
        about = Contents(
            format=FORMAT,
            made_us=now,
            database=database,
            position=_position(connection),
            segments=len(state.segments),
            files=len(listed),
            audit=_audit_head(connection),
        )
        archive.add(ABOUT, json.dumps(asdict(about)).encode())
        for name, path in files:
            archive.add_file(name, path)
            path.unlink()
    for name in (SETTINGS, place.catalogue.name):
        if (place.folder / name).is_file():
            archive.add(f"settings/{name}", (place.folder / name).read_bytes())
    for path in listed:
        archive.add_file(f"history/{path.name}", path)
    for number in range(1, state.loads + 1):
        path = place.data / REJECTS / f"load-{number:06d}" / "rejects.jsonl"
        if path.is_file():
            archive.add_file(f"{REJECTS}/{path.parent.name}/{path.name}", path)
    if (place.data / ERASURES).is_file():
        archive.add("erasures.jsonl", (place.data / ERASURES).read_bytes())
    return about


def _history_files(folder: Path, state: State) -> list[Path]:
    """Every file of this state, and what lies beside its segments; raises InputError when one is gone."""
    found = []
    for name in sorted(state.files()):
        path = folder / name
        if not path.is_file():
            raise InputError(f"{path}: is part of the history but gone; a backup would not be whole")
        found.append(path)
        if (beside := folder / f"{name}{SUFFIX}").is_file():
            found.append(beside)
    return found


@contextmanager
def _snapshot(engine: Engine, scratch: Path) -> Iterator[tuple[str, Connection, Iterator[tuple[str, Path]]]]:
    """One state of the records: its kind, a connection that sees it, and its files."""
    if engine.dialect.name == "sqlite":
        copy = scratch / RECORDS
        with closing(sqlite3.connect(str(engine.url.database), isolation_level=None)) as source:
            source.execute("PRAGMA busy_timeout=10000")
            source.execute("VACUUM INTO ?", (str(copy),))
        copied = create_engine(f"sqlite:///{copy}")
        try:
            with copied.connect() as connection:
                yield "sqlite", connection, iter([(RECORDS, copy)])
        finally:
            copied.dispose()
    else:
        with reading(engine) as connection:
            yield "postgresql", connection, copied_tables(connection, scratch)


def copied_tables(connection: Connection, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Every table by COPY, as text, and a list of them with their columns."""
    listed = {name: [column["name"] for column in columns] for name, columns in _columns(connection).items()}
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    path = scratch / "tables.json"
    path.write_text(json.dumps({"version": version, "tables": listed}), encoding="utf-8")
    yield TABLES, path
    cursor = _driver(connection).cursor()
    for name, columns in listed.items():
        path = scratch / f"{name}.copy"
        with path.open("wb") as file, cursor.copy(f"COPY {_quoted([name])} ({_quoted(columns)}) TO STDOUT") as copy:
            for part in copy:
                file.write(part)
        yield f"records/{name}.copy", path


def _columns(connection: Connection) -> dict[str, Any]:
    from occasion.store.schema import METADATA

    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    ordered = [table.name for table in METADATA.sorted_tables if table.name in there]
    others = sorted(there - set(ordered) - {"alembic_version"})
    return {name: inspector.get_columns(name) for name in [*ordered, *others]}


def _driver(connection: Connection) -> Any:
    """psycopg's own connection, for COPY."""
    return connection.connection.driver_connection


def _quoted(names: list[str]) -> str:
    return ", ".join('"' + name.replace('"', '""') + '"' for name in names)


def _has_history(connection: Connection) -> bool:
    known = text("SELECT count(*) FROM history_settings WHERE key = 'buckets'")
    return bool(connection.execute(known).scalar_one())


def _position(connection: Connection) -> int:
    return int(connection.execute(text("SELECT seq FROM positions WHERE reader = 'log'")).scalar() or 0)


def _audit_head(connection: Connection) -> str:
    row = connection.execute(text("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1")).first()
    return f"{row.number}:{bytes(row.digest).hex()}" if row else ""


@contextmanager
def _files_stay(data: Path) -> Iterator[None]:
    """As a reader of the history: nobody removes its files meanwhile."""
    folder = data / "history"
    if not folder.is_dir():
        yield
        return
    lock = FileLock(folder / "reading.lock")
    lock.take(shared=True, wait=True)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file


def is_postgresql(records: Path | str) -> bool:
    """Whether these records are on PostgreSQL."""
    return records_url(records).get_backend_name() == "postgresql"
