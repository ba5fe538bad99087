"""A workspace from a backup: into a new folder, whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

import zstandard
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import URL

from occasion.errors import InputError
from occasion.store import audit
from occasion.store.backup import ABOUT, CHUNK, DIGESTS, ERASURES, FORMAT, RECORDS, TABLES, Contents, _driver, _quoted
from occasion.store.durable import full_disk_said, sync_file
from occasion.store.manifest import read_state
from occasion.store.records import migrations, open_records, records_url
from occasion.store.workspace import SETTINGS, Workspace, read_workspace

MEMBER = re.compile(r"(settings|history|rejects|records)(/[A-Za-z0-9_][A-Za-z0-9_.-]*){1,2}\Z")
RECORDS_LINE = re.compile(r"^[ \t]*[\"']?records[\"']?[ \t]*=.*$", re.MULTILINE)
ALONE = frozenset({ABOUT, DIGESTS, RECORDS, ERASURES})


def restore_backup(file: Path, to: Path, records: str | None = None) -> tuple[Workspace, Contents]:
    """Make a workspace in the new folder `to`; `records`: the empty PostgreSQL database where the backup came from one.

    Everything is checked against its digest, and the history against the manifest, before the folder has its name.
    Raises InputError when the file is damaged or cut, the folder is there, or the database is not empty.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise InputError(f"{to}: is there already; name a new folder")
    _check_records(records)
    parts = to.absolute().with_name(f".{to.name}.restoring")
    shutil.rmtree(parts, ignore_errors=True)
    try:
        with full_disk_said(to.absolute().parent):
            parts.mkdir(parents=True)
            contents = _unpack(file, parts)
            url = _target(contents, records, parts)
            folder = _arrange(parts)
            if contents.database == "postgresql":
                _fill_tables(url, parts / "records")
                shutil.rmtree(parts / "records")
            _point_to(folder / SETTINGS, records)
            _check_whole(url, folder, contents)
            _make_durable(folder)
            if to.exists():
                to.rmdir()
            folder.rename(to)
            sync_file(to.absolute().parent)
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    return read_workspace(to), contents


def _check_records(records: str | None) -> None:
    """Said before anything is unpacked."""
    if records is None:
        return
    engine = create_engine(records_url(records))
    try:
        with engine.connect() as connection:
            tables = inspect(connection).get_table_names()
    except Exception as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise InputError(
            f"--records: cannot be reached ({said}); is the database running, and the address right?"
        ) from None
    finally:
        engine.dispose()
    if tables:
        raise InputError(f"--records: holds tables already ({tables[0]}, ...); name an empty database")


def _target(contents: Contents, records: str | None, parts: Path) -> URL:
    if contents.database == "postgresql":
        if records is None:
            raise InputError("this backup came from PostgreSQL: name an empty database with --records postgresql://...")
        return records_url(records)
    if records is not None:
        raise InputError("this backup came from SQLite: leave --records out; its records lie in the folder")
    return records_url(parts / "workspace" / "data" / RECORDS)


def _unpack(file: Path, parts: Path) -> Contents:
    """Every member into its place, checked; returns what the backup says it is."""
    digests: dict[str, str] = {}
    try:
        with (
            file.open("rb") as packed,
            zstandard.ZstdDecompressor().stream_reader(packed) as plain,
            tarfile.open(fileobj=plain, mode="r|") as tar,
        ):
            for entry in tar:
                name = _name(entry, file)  # judged before anything is written under it
                digests[name] = _extract(tar.extractfile(entry), parts / name)
    except (zstandard.ZstdError, tarfile.TarError, EOFError, UnicodeDecodeError) as error:
        raise _damaged(file, str(error)) from None
    if DIGESTS not in digests or ABOUT not in digests:
        raise _damaged(file, "it ends before its end")
    said = json.loads((parts / DIGESTS).read_bytes())
    found = {name: digest for name, digest in digests.items() if name != DIGESTS}
    for name in sorted(said.keys() | found.keys()):
        if said.get(name) != found.get(name):
            raise _damaged(file, f"{name} is not what was written")
    return _contents(json.loads((parts / ABOUT).read_bytes()), file)


def _contents(said: dict[str, Any], file: Path) -> Contents:
    if said.get("format") != FORMAT or set(said) != {one.name for one in fields(Contents)}:
        raise InputError(f"{file}: is a backup of another version (format {said.get('format')}); restore it with that")
    return Contents(**said)


def _name(entry: tarfile.TarInfo, file: Path) -> str:
    """The member's name, if it is one that a backup has: it must not lead elsewhere."""
    if not entry.isreg() or (entry.name not in ALONE and not MEMBER.match(entry.name)):
        raise _damaged(file, f"{entry.name[:60]!r} is no part of a backup")
    return entry.name


def _extract(source: IO[bytes] | None, path: Path) -> str:
    assert source is not None, "a regular file has content"
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("xb") as file:
        while part := source.read(CHUNK):
            digest.update(part)
            file.write(part)
    return digest.hexdigest()


def _arrange(parts: Path) -> Path:
    """From the members to the folders of a workspace."""
    folder = parts / "workspace"
    data = folder / "data"
    data.mkdir(parents=True)
    for path in sorted((parts / "settings").iterdir()) if (parts / "settings").is_dir() else ():
        path.rename(folder / path.name)
    for name in (RECORDS, ERASURES, "history", "rejects"):
        if (parts / name).exists():
            (parts / name).rename(data / name)
    return folder


def _point_to(settings: Path, records: str | None) -> None:
    """The restored settings name the restored records, never those that the backup was taken from."""
    if not settings.is_file():
        return
    line = f"records = {json.dumps(records)}" if records else "# records: in this folder, since a restore"
    content = settings.read_text(encoding="utf-8")
    settings.write_text(RECORDS_LINE.sub(lambda _: line, content, count=1), encoding="utf-8")


def _fill_tables(url: URL, folder: Path) -> None:
    """The tables as they were, in one transaction, under the version they had; then brought up to date."""
    from alembic import command
    from alembic.util import CommandError

    said = json.loads((folder / Path(TABLES).name).read_bytes())
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            try:
                command.upgrade(migrations(connection), said["version"])
            except CommandError:
                raise InputError(
                    f"the backup's tables are of version {said['version']}, which this occasion does not know"
                ) from None
            for name, columns in said["tables"].items():
                _copy_in(connection, name, columns, folder / f"{name}.copy")
            _count_on(connection, said["tables"])
    finally:
        engine.dispose()
    open_records(url.render_as_string(hide_password=False)).dispose()


def _copy_in(connection: Connection, table: str, columns: list[str], path: Path) -> None:
    statement = f"COPY {_quoted([table])} ({_quoted(columns)}) FROM STDIN"
    with path.open("rb") as file, _driver(connection).cursor().copy(statement) as copy:
        while part := file.read(CHUNK):
            copy.write(part)


def _count_on(connection: Connection, tables: dict[str, list[str]]) -> None:
    """Numbers that the database gives go on after the last one."""
    for table, columns in tables.items():
        for column in columns:
            of = {"t": _quoted([table]), "c": column}
            sequence = connection.execute(text("SELECT pg_get_serial_sequence(:t, :c)"), of).scalar()
            if sequence is not None:
                last = connection.execute(text(f"SELECT max({_quoted([column])}) FROM {_quoted([table])}")).scalar()
                if last is not None:
                    connection.execute(text("SELECT setval(:s, :n)"), {"s": sequence, "n": last})


def _check_whole(url: URL, folder: Path, contents: Contents) -> None:
    """The history has every file that the records list, and the audit is the one that was backed up."""
    with _opened(url) as connection:
        missing = sorted(name for name in _listed(connection) if not (folder / "data" / "history" / name).is_file())
        if missing:
            raise InputError(f"the backup lacks {missing[0]}, which its records list; it was not written by a backup")
        if contents.audit:
            number, _, digest = contents.audit.partition(":")
            found = audit.verify(connection, (int(number), digest))
            # A chain that was broken when it was backed up is restored as it was; `occasion audit verify` tells.
            if isinstance(found, audit.Broken) and audit.verify(connection) != found:
                raise InputError(f"the audit is not the one that was backed up (row {found.number}: {found.why})")


def _listed(connection: Connection) -> set[str]:
    if not connection.execute(text("SELECT count(*) FROM history_settings WHERE key = 'buckets'")).scalar_one():
        return set()
    return read_state(connection).files()


@contextmanager
def _opened(url: URL) -> Iterator[Connection]:
    engine = open_records(url.render_as_string(hide_password=False))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _make_durable(folder: Path) -> None:
    for path in folder.rglob("*"):
        sync_file(path)
    sync_file(folder)


def _damaged(file: Path, why: str) -> InputError:
    return InputError(f"{file}: is damaged or no backup ({why}); nothing was restored: use another copy")
