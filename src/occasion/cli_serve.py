"""`occasion serve` and `occasion key`: the server of a workspace, and the keys of those who send it events."""

from __future__ import annotations

import datetime as dt
import gc
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Connection

WORKSPACE = typer.Option("--workspace", metavar="DIR", help="The workspace, if not the one here.")
PORT = typer.Option("--port", min=0, max=65535, help="The port; 0 for any free one.")
HOST = typer.Option("--host", help="The address to listen on; 0.0.0.0 for all.")
BUFFER = typer.Option("--buffer", min=0, max=3600, help="Seconds an event waits for one that happened before it.")
FOLLOW = typer.Option("--watch/--no-watch", help="Whether the catalogue is watched.")
NAME = typer.Argument(metavar="NAME", help="What the key is for, such as website.")
SOURCE = typer.Option("--source", help="What its events are known under; the name if left out.")
MAY = typer.Option("--may", help="write (send events) or read.")
KEY = typer.Option("--key", help="Keep this key rather than a new random one: for a client that has one already.")
OVERLAP = typer.Option("--overlap", min=0, help="Keys of this name so far end after that many hours.")
AS_JSON = typer.Option("--json", help="Print one JSON object.")
COLLECTING = (50_000, 20, 50)  # thresholds of the garbage collector: a server makes hardly any cycles


def register(app: typer.Typer) -> None:
    """Mount `serve` and `key`."""
    app.command(name="serve")(serve)
    keys = typer.Typer(help="Keys for clients that send events.", no_args_is_help=True)
    keys.command(name="new")(new)
    keys.command(name="list")(show)
    keys.command(name="end")(end)
    app.add_typer(keys, name="key")


def serve(
    port: Annotated[int, PORT] = 8000,
    host: Annotated[str, HOST] = "127.0.0.1",
    buffer: Annotated[float, BUFFER] = 0.5,
    watch: Annotated[bool, FOLLOW] = True,
    workspace: Annotated[Path | None, WORKSPACE] = None,
) -> None:
    """Run the desk, the API and the door for events. Ctrl-C stops it."""
    from occasion.service.app import Settings, make_app
    from occasion.service.serving import run_server
    from occasion.store.workspace import find_workspace

    place = find_workspace(workspace)
    settings = Settings(place, following=watch, buffer_us=round(buffer * 1_000_000), apart=True)
    app = make_app(settings)  # says what is wrong with the settings before anything listens
    listening = _listen(host, port)
    address = listening.getsockname()[1]

    def ready() -> None:
        _collect_rarely()
        typer.echo(f"Occasion is at http://{host}:{address} (Ctrl-C stops it)")

    run_server(app, listening, ready)


def _collect_rarely() -> None:
    """What is in memory at the start stays; looking through all of it for cycles would hold every request up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTING)


def records_url() -> str | None:
    """The database that the environment names, if any."""
    return os.environ.get("OCCASION_RECORDS") or None


def _listen(host: str, port: int) -> socket.socket:
    from occasion.errors import InputError

    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise InputError(f"--host {host} --port {port}: {error.strerror}; name another") from None


def new(
    name: Annotated[str, NAME],
    source: Annotated[str, SOURCE] = "",
    may: Annotated[str, MAY] = "write",
    key: Annotated[str, KEY] = "",
    overlap: Annotated[float | None, OVERLAP] = None,
    workspace: Annotated[Path | None, WORKSPACE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Make a key and print it, once: only a digest is kept. Older keys of the name go on working until they end."""
    from occasion.service.keys import add_key, new_key

    secret = key or new_key()
    with _records(workspace) as connection:
        overlap_us = _micros(overlap)
        add_key(
            connection, secret, name=name, source=source or name, may=may, now=_now(), by=_who(), overlap_us=overlap_us
        )
    _say({"key": secret, "name": name, "source": source or name, "may": may}, secret, as_json)


def show(workspace: Annotated[Path | None, WORKSPACE] = None, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """List the keys: their first characters, name, source, right, until when, last used."""
    from occasion.service.keys import list_keys

    with _records(workspace) as connection:
        keys = list_keys(connection)
    lines = [
        f"{k['shown']}...  {k['name']}  source {k['source']}  may {k['may']}  made {_day(k['made_us'])}"
        f"  {'ends ' + _day(k['ends_us']) if k['ends_us'] else 'no end'}"
        f"  {'last used ' + _day(k['used_us']) if k['used_us'] else 'never used'}"
        for k in keys
    ]
    _say({"keys": keys}, "\n".join(lines) or "no keys yet: occasion key new NAME makes one", as_json)


def end(
    named: Annotated[str, typer.Argument(metavar="NAME", help="The key's name, or its first characters.")],
    workspace: Annotated[Path | None, WORKSPACE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """End a key, or all keys of a name, now."""
    from occasion.service.keys import end_key

    with _records(workspace) as connection:
        ended = end_key(connection, named, _now(), _who())
    _say({"ended": ended}, f"{ended} ended; a server that runs knows within a second", as_json)


@contextmanager
def _records(workspace: Path | None) -> Iterator[Connection]:
    """A transaction on the workspace's records."""
    from occasion.store.records import open_records, writing
    from occasion.store.workspace import find_workspace

    place = find_workspace(workspace)
    place.data.mkdir(parents=True, exist_ok=True)
    engine = open_records(place.records or place.data / "records.db")
    try:
        with writing(engine) as connection:
            yield connection
    finally:
        engine.dispose()


def _who() -> str:
    return f"shell:{os.environ.get('USER', 'unknown')}"


def _now() -> int:
    from occasion.service.clock import utc_micros

    return utc_micros()


def _micros(hours: float | None) -> int | None:
    return None if hours is None else round(hours * 3_600_000_000)


def _day(micros: int) -> str:
    return dt.datetime.fromtimestamp(micros / 1e6, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _say(shown: dict[str, object], text: str, as_json: bool) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(shown).decode() if as_json else text)
