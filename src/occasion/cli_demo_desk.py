"""The demo's second half: the desk of a simulated dental practice, with a day that goes on live while you look."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from occasion.events.event import Event
    from occasion.events.practice import Practice

SEED = 7
READY_SECONDS = 60
DAY_SECONDS = 240.0  # what the practice's day from eight to six takes here
LOOKED_AT = 180.0  # how long the desk stays where nobody is at a terminal to stop it
SOURCE = "practice"
TRY = """
The desk is at {address}
  sign in as  ewa  with the password  {password}   (a manager; marta, tom, ines and jonas have the same one)

Three things to try:
  1. {address}/
     Today: take "angry with us" or an extraction nobody has asked about, say what you did, press done
  2. {address}/moments
     Moments in writing: open "second visit", change 240 days to 120 and see who it would have been
  3. {address}/touches
     A newsletter went to everybody on the day before yesterday: take up one of the few for whom there is something to
     add, write to them, and let the coach read it before it goes
Leave Today open: the practice's day goes on ({minutes:.0f} minutes for ten hours), and what comes appears by itself
"""


def desk(out: Path, port: int, seconds: float | None, step: Callable[..., None]) -> None:
    """Make the practice's workspace, start its server, and let its day go by; `seconds` None: until it is stopped."""
    from occasion.events.practice import ZONE, practice
    from occasion.store.workspace import read_workspace

    today = dt.datetime.now(dt.UTC).astimezone().date()  # the day of whoever looks
    made = practice(SEED, today)
    folder = out / "practice"
    typer.echo(
        f"\nA dental practice: {len(made.people)} patients and partners, two years, {len(made.history):,} events. "
        "Whose moment is it today?"
    )
    step("init", str(folder), "--zone", ZONE)
    _catalogue(folder)
    log = out / "practice.jsonl"
    log.write_text("".join(json.dumps(_row(event)) + "\n" for event in made.history), encoding="utf-8")
    step("load", str(log), "--workspace", str(folder))
    step("check", "--workspace", str(folder))
    password, key = secrets.token_urlsafe(9), secrets.token_urlsafe(24)
    _furnish(folder, made, password, key, read_workspace(folder).records)
    with _server(folder, port) as address:
        typer.echo(TRY.format(address=address, password=password, minutes=DAY_SECONDS / 60))
        _live(address, key, made.day, seconds)


def _catalogue(folder: Path) -> None:
    from importlib.resources import files

    written = (files("occasion") / "examples" / "practice.yaml").read_text(encoding="utf-8")
    (folder / "moments.yaml").write_text(written, encoding="utf-8")


def _row(event: Event) -> dict[str, Any]:
    """An event as a line of a log that anybody might have."""
    at = dt.datetime.fromtimestamp(event.at / 1_000_000, dt.UTC)
    own = {"party": event.party, "event": event.name, "at": at.isoformat(timespec="microseconds"), "id": event.id}
    more = {name: getattr(event, name) for name in ("channel", "direction", "actor", "counterpart", "body")}
    held = {name: value if isinstance(value, (str, bool)) else float(value) for name, value in event.properties.items()}
    return {**own, **{k: v for k, v in more.items() if v is not None}, **({"mass": True} if event.mass else {}), **held}


def _furnish(folder: Path, made: Practice, password: str, key: str, records: str | None) -> None:
    """Colleagues, who is whose, what is remembered about them, and a key for the day's events."""
    from occasion.people import details, parties, promises
    from occasion.service import colleagues
    from occasion.service.clock import utc_micros
    from occasion.service.keys import add_key
    from occasion.store.records import open_records

    now = utc_micros()
    engine = open_records(records or folder / "data" / "records.db")
    with engine.begin() as connection:
        for one in made.colleagues:
            colleagues.add(
                connection, now, "demo", id=one.id, name=one.name, role=one.role, teams=one.teams,
                password=password, capacity=one.capacity,
            )  # fmt: skip
        for person in made.people:
            parties.change(
                connection, person.party, now=now, by=person.owner, kind=person.kind, name=person.name,
                owner=person.owner,
            )  # fmt: skip
            for text, kind, use, sensitive, unmentioned, source, by, at in person.details:
                details.note(
                    connection, person.party, text, kind=kind, use=use, sensitive=sensitive,  # type: ignore[arg-type]
                    unmentioned=unmentioned, source=source, now=at, by=by,
                )  # fmt: skip
            if person.birthday:
                details.note(
                    connection, person.party, "birthday", kind="date", on_date=person.birthday, use="anything",
                    source="registration form", now=now, by="marta",
                )  # fmt: skip
            if person.promise is not None:
                text, due, by = person.promise
                promises.make(connection, person.party, text, due, now=now, by=by)
        add_key(connection, key, name="demo", source=SOURCE, may="write", now=now, by="demo", overlap_us=None)
    engine.dispose()


@contextmanager
def _server(folder: Path, port: int) -> Iterator[str]:
    """The server as a process of its own, ended with the demo; its address."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with (folder / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "occasion.cli", "serve", "--port", str(port), "--workspace", str(folder)]
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + READY_SECONDS
        while not _answers(address + "/health/ready"):
            if process.poll() is not None or time.monotonic() > until:
                said = (folder / "server.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
                from occasion.errors import OccasionError

                raise OccasionError(f"the desk did not start: {said[-1] if said else 'it said nothing'}")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status) == 200
    except (OSError, urllib.error.URLError):
        return False


def _live(address: str, key: str, day: Sequence[Event], seconds: float | None) -> None:
    """Send the day's events at speed, then stay until stopped or until `seconds` are over."""
    begun = time.monotonic()
    first, last = day[0].at, day[-1].at
    try:
        for event in day:
            due = begun + (event.at - first) / max(last - first, 1) * DAY_SECONDS
            if seconds is not None and due > begun + seconds:
                break
            time.sleep(max(0.0, due - time.monotonic()))
            _send(address, key, event)
        while seconds is None or time.monotonic() < begun + seconds:
            time.sleep(0.5)
    except KeyboardInterrupt:
        pass
    typer.echo("The desk is closed. Open it again with the command: occasion serve")


def _send(address: str, key: str, event: Event) -> None:
    """One event, as an event client would send it; what is lost is only a part of the show."""
    row = _row(event)
    for name in ("party", "event", "at", "id"):
        row.pop(name)
    said = {"type": "track", "userId": event.party, "event": event.name, "messageId": event.id, "properties": row}
    token = base64.b64encode(f"{key}:".encode()).decode()
    headers = {"content-type": "application/json", "authorization": f"Basic {token}"}
    request = urllib.request.Request(f"{address}/v1/track", json.dumps(said).encode(), headers)
    with suppress(OSError), urllib.request.urlopen(request, timeout=10):
        pass


def free_port(wanted: int) -> int:
    """The port wanted if nobody listens there, else one that is free."""
    import socket

    for port in (wanted, 0):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)) as probe:
            return int(probe.getsockname()[1])
    return wanted


def how_long(asked: float | None) -> float | None:
    """As asked; else until it is stopped, or where nobody is at a terminal for LOOKED_AT seconds."""
    if asked is not None:
        return asked
    return None if sys.stdin.isatty() and sys.stdout.isatty() else LOOKED_AT
