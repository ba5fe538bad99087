"""A real server for tests: `occasion serve` as a process that can be killed and started again, or within this process.

with serving(tmp_path) as server:              # a new workspace in tmp_path, a free loopback port, ready
    requests.post(server.url + "/v1/track", auth=(server.key, ""), json=...)
    server.kill()                              # SIGKILL
    server.start()                             # the same workspace, the same port
with serving_here(tmp_path, clock=clock) as server:   # in a thread, with a clock of the test
    server.service.writer ...
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from occasion.cli import run
from occasion.store.workspace import make_workspace

PATIENCE = 30.0  # seconds until a server must be ready or gone


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_place(folder: Path, catalogue: str | None = None, zone: str = "UTC") -> Path:
    """A workspace at `folder` unless there is one; `catalogue` replaces its moments.yaml."""
    if not (folder / "occasion.toml").exists():
        make_workspace(folder, zone)
    if catalogue is not None:
        (folder / "moments.yaml").write_text(catalogue, encoding="utf-8")
    return folder


def make_key(folder: Path, name: str = "tests", source: str = "tests", may: str = "write", secret: str = "") -> str:
    """A key made by the command line."""
    secret = secret or f"occ_{name}_{'0123456789abcdef' * 2}"
    status = run(["key", "new", name, "--source", source, "--may", may, "--key", secret, "--workspace", str(folder)])
    assert status == 0
    return secret


def answers(url: str) -> bool:
    """Whether the address answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status) == 200
    except (OSError, urllib.error.URLError):
        return False


@dataclass
class ServerProcess:
    """`occasion serve` in a process of its own, on the workspace `folder`."""

    folder: Path
    key: str
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> Path:
        """What it wrote to stdout and stderr."""
        return self.folder / "server.log"

    def start(self) -> None:
        """Start it and wait until it is ready; fails with what it wrote if it ends instead."""
        command = [sys.executable, "-m", "occasion.cli", "serve", "--port", str(self.port), *self.options]
        with self.output.open("ab") as written:
            self.process = subprocess.Popen(
                [*command, "--workspace", str(self.folder)],
                stdout=written, stderr=written, stdin=subprocess.DEVNULL, env={**os.environ, **self.env},
            )  # fmt: skip
        until = time.monotonic() + PATIENCE
        while not answers(self.url + "/health/ready"):
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < until, f"not ready after {PATIENCE} s: {self.output.read_text()}"
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: as if the power went."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE)
            self.process = None

    def stop(self) -> int:
        """SIGTERM, as an operator would; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.process = None
        return status


@contextmanager
def serving(
    folder: Path, *options: str, catalogue: str | None = None, env: dict[str, str] | None = None
) -> Iterator[ServerProcess]:
    """A server process on a workspace in `folder` (made if need be), ready; gone when the block ends.

    `options`: further options of `occasion serve`; `env`: further variables, such as OCCASION_RECORDS.
    """
    place = make_place(folder, catalogue)
    server = ServerProcess(place, make_key(place) if not env else _key_in(place, env), options=options, env=env or {})
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _key_in(folder: Path, env: dict[str, str]) -> str:
    """A key in the database that `env` names, made by a process that sees it."""
    secret = f"occ_tests_{'0123456789abcdef' * 2}"
    command = [sys.executable, "-m", "occasion.cli", "key", "new", "tests", "--key", secret, "--workspace", str(folder)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **env}, timeout=PATIENCE)
    return secret


@dataclass
class ServerHere:
    """A server in a thread of this process: its parts can be looked at, its clock is the test's."""

    folder: Path
    key: str
    port: int
    app: Any

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def service(self) -> Any:
        return self.app.state.service


@contextmanager
def in_a_thread(app: Any) -> Iterator[int]:
    """The app answering on a free loopback port until the block ends; the port."""
    from occasion.service.serving import make_server

    listening = socket.create_server(("127.0.0.1", 0))
    ready = threading.Event()
    server = make_server(app, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        assert ready.wait(PATIENCE), "the server did not start"
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listening.close()
        assert not thread.is_alive(), "the server did not stop"


@contextmanager
def serving_here(
    folder: Path, clock: Callable[[], int] | None = None, catalogue: str | None = None, **settings: Any
) -> Iterator[ServerHere]:
    """A server in a thread, ready; stopped when the block ends. `settings`: further fields of Settings."""
    from occasion.service.app import Settings, make_app
    from occasion.store.workspace import read_workspace

    place = make_place(folder, catalogue)
    key = make_key(place)
    if clock is not None:
        settings["clock"] = clock
    app = make_app(Settings(read_workspace(place), **settings))
    with in_a_thread(app) as port:
        yield ServerHere(place, key, port, app)
