"""The records' database: SQLite in the workspace by default, PostgreSQL by its address; durable at every commit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from occasion.errors import InputError
from occasion.store.durable import FileLock
from occasion.store.schema import METADATA

VERSIONS = Path(__file__).with_name("migrations") / "versions"
HEAD = max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))  # the latest migration
BEFORE_MIGRATIONS = "0001"  # what a workspace has that was made before there were any
UPGRADE_LOCK = 0x0CCA510E  # of PostgreSQL: one process at a time brings the tables up to date
ALONE_LOCK = 0x0CCA510F  # of PostgreSQL: the desk is changed by one transaction at a time
WAL_PAGES = 16_384  # how much SQLite writes ahead before it copies that into the file: 64 MB
LEFT_PAGES = 393_216  # the same where that is left to another process, in case that one does not: 1.5 GB


def open_records(where: Path | str) -> Engine:
    """An engine on the records, with their tables brought up to date.

    `where`: the SQLite file, made if it is not there, or the address of a database (sqlite:///..., postgresql://...).
    A SQLite file has a write-ahead log and every commit waits for the disk. Raises InputError when the address is
    none, or the database cannot be reached or belongs to a later version.
    """
    url = records_url(where)
    engine = create_engine(url, **_options(url))
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        _bring_up_to_date(engine)
    except BaseException as error:
        engine.dispose()
        if not isinstance(error, SQLAlchemyError) or url.get_backend_name() == "sqlite":
            raise
        shown = url.render_as_string(hide_password=True)
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise InputError(
            f"records {shown}: cannot be used ({said}); is the database running, and the address right?"
        ) from None
    return engine


def records_url(where: Path | str) -> URL:
    """The address of the records. Raises InputError for one that names neither SQLite nor PostgreSQL."""
    if isinstance(where, Path):
        return URL.create("sqlite", database=str(where))
    try:
        url = make_url(where)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError):
        backend = ""
    if backend not in ("sqlite", "postgresql"):
        raise InputError(
            "records: the address is neither postgresql://USER@HOST/DATABASE nor sqlite:///FILE; correct it in "
            "occasion.toml or OCCASION_RECORDS"
        )
    return url.set(drivername="postgresql+psycopg") if backend == "postgresql" else url


def leave_copying(engine: Engine) -> None:
    """Whoever commits here leaves it to another process to copy what SQLite writes ahead (`store.checkpointing`)."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _left)
        before = engine.pool  # of connections that were made without this
        engine.dispose(close=False)
        with engine.connect():  # the last one to be closed would copy all of it, with everybody waiting
            before.dispose()


def _left(connection: Any, _: Any) -> None:
    connection.execute(f"PRAGMA wal_autocheckpoint={LEFT_PAGES}")


@contextmanager
def writing(engine: Engine, *, large: bool = False) -> Iterator[Connection]:
    """A transaction that is going to write: on SQLite it waits for its turn now and not half-way.

    SQLite looks every few ms whether its one place for a writer is free; whoever writes so is woken instead. `large`:
    it may need as much room beside as the tables take.
    """
    asked = {"writes": True, "large": large}
    with turn(engine), engine.connect().execution_options(**asked) as connection, connection.begin():
        yield connection


@contextmanager
def turn(engine: Engine) -> Iterator[None]:
    database = engine.url.database if engine.dialect.name == "sqlite" else None
    if not database or database == ":memory:":
        yield
        return
    turn = FileLock(Path(f"{database}.turn"))
    turn.take(wait=True)
    try:
        yield
    finally:
        turn.release()


def alone(connection: Connection) -> None:
    """Within `writing`: nobody else who asks for this writes until the end of the transaction. SQLite is always so."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": ALONE_LOCK})


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the records, however many statements it asks."""
    level = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**level) as connection, connection.begin():
        yield connection


def _options(url: URL) -> dict[str, Any]:
    # What is no number is no JSON: PostgreSQL refuses it, so SQLite is not given it either.
    every: dict[str, Any] = {"json_serializer": json.JSONEncoder(allow_nan=False).encode}
    if url.get_backend_name() == "sqlite":
        return every
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise InputError(
            "records on PostgreSQL need psycopg; in the folder that was cloned: "
            ".venv/bin/pip install -c constraints.txt -e '.[postgres]'"
        ) from None
    return {**every, "pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, so that changes of tables are part of them
    connection.execute("PRAGMA busy_timeout=10000")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit={4096 * WAL_PAGES}")  # a log that grew in a rush gives its room back
    connection.execute("PRAGMA cache_size=-32768")
    connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten: an erased person leaves no bytes


def _begin_sqlite(connection: Connection) -> None:
    asked = connection.get_execution_options()
    writes = asked.get("writes")
    # a savepoint's copies of pages stay in memory; what may be as large as a table goes through a file
    connection.exec_driver_sql(f"PRAGMA temp_store={'MEMORY' if writes and not asked.get('large') else 'FILE'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _bring_up_to_date(engine: Engine) -> None:
    with engine.connect() as connection:
        if _version(connection) == HEAD:
            return
    with writing(engine, large=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": UPGRADE_LOCK})
        if _version(connection) != HEAD:
            _upgrade(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.util import CommandError

    config = migrations(connection)
    if _version(connection) is None and inspect(connection).has_table("history_settings"):
        command.stamp(config, BEFORE_MIGRATIONS)
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise InputError(
            f"records: their tables are of version {_version(connection)}, which this occasion does not know; use the "
            "version that wrote them, or a later one"
        ) from None


def migrations(connection: Connection) -> Any:
    """Alembic's configuration for this connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = METADATA
    return config
