"""`occasion init` and `occasion load`: a workspace, and events into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from occasion.store.history import History, LoadReport

MAP_HELP = (
    "What each column is: party=...,name=...,at=...,id=...,counterpart=...,direction=...,channel=...,actor=...,"
    "mass=...,zone=...,body=...,seen=...,prop:x=... ; a column by name or number (from 1), name='message' where there "
    "is none, at:ms=... to say the unit, prop:x=text(...) to keep text, prop:* for all others. What is left out is "
    "guessed and shown."
)


def register(app: typer.Typer) -> None:
    """Mount `init` and `load`."""
    app.command(name="init")(init)
    app.command(name="load")(load)


def init(
    folder: Path = typer.Argument(..., metavar="DIR", help="The folder to make, or to make a workspace of."),
    zone: str = typer.Option("UTC", "--zone", help="The time zone of the business, such as Europe/Warsaw."),
) -> None:
    """Make a workspace: occasion.toml, moments.yaml, data/."""
    from occasion.errors import InputError
    from occasion.events.convert import is_zone
    from occasion.store.workspace import make_workspace

    if not is_zone(zone):
        raise InputError(f"--zone {zone!r} is no time zone: for example UTC, Europe/Warsaw, America/New_York")
    made = make_workspace(folder, zone)
    typer.echo(f"{made.folder}: a workspace with occasion.toml, moments.yaml and data/; next: occasion load FILE...")


def load(
    files: list[str] = typer.Argument(
        ..., metavar="FILE...", help="Files, folders or patterns: CSV, JSON lines, Parquet, mail (mbox, EML)."
    ),
    mapping: str = typer.Option("", "--map", help=MAP_HELP),
    tz: str = typer.Option("", "--tz", help="The zone of times that state none; the workspace's if left out."),
    both: bool = typer.Option(False, "--both", help="Each row is an event for its party and for its counterpart."),
    header: bool | None = typer.Option(
        None, "--header/--no-header", help="Whether the first row names the columns; found out if left out."
    ),
    encoding: str = typer.Option("", "--encoding", help="The files' encoding, if it is not UTF-8 and has no mark."),
    ours: str = typer.Option(
        "",
        "--ours",
        metavar="DOMAIN,ADDRESS",
        help="Of mail: which addresses are our own; the workspace's, else guessed.",
    ),
    workspace: Path | None = typer.Option(
        None, "--workspace", metavar="DIR", help="The workspace, if not the one here."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print what was done as one JSON object."),
) -> None:
    """Load events into the workspace; the same file twice changes nothing."""
    from occasion.coach.languages import language_of
    from occasion.events.load import plan_load
    from occasion.events.mail_ours import read_ours
    from occasion.store.history import History
    from occasion.store.workspace import SETTINGS, find_workspace

    place = find_workspace(workspace)
    own = read_ours(ours) if ours else read_ours(place.ours, f"{place.folder / SETTINGS}: ours") if place.ours else None
    plan = plan_load(
        files, mapping, tz or place.zone, both=both, header=header, encoding=encoding or None,
        ours=own, language=language_of,
    )  # fmt: skip
    if not as_json:
        for note in plan.mapping_notes():
            typer.echo(note, err=True)
    with History(place.data, records=place.records) as history, progress() as step:
        report = history.load(plan, step)
        if plan.people:
            meet_people(history, plan.people, quiet=as_json)
    typer.echo(report_json(report) if as_json else report_text(report))


def meet_people(history: History, people: dict[str, str], *, quiet: bool) -> None:
    """Who wrote by mail is somebody who is known, or is known by name from now on."""
    import time

    from occasion.people.correspondents import meet
    from occasion.store.records import writing

    with writing(history.engine) as connection:
        met = meet(connection, people, now=time.time_ns() // 1000, by="load")
    if (met.joined or met.named) and not quiet:
        said = f"{met.joined:,} addresses joined to people who are known (their page can undo it), {met.named:,} named"
        typer.echo(f"mail: {said}", err=True)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr for a load, when a person looks at a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda what, done, total: None
        return
    with Progress(console=console, transient=True) as bar:
        tasks = {}

        def step(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield step


def report_text(report: LoadReport) -> str:
    """What a load did: what looked odd, then one line of counts."""
    refused = f"{report.refused:,} refused"
    if report.rejects:
        refused += f" (kept in {report.rejects})"
    counts = f"{report.read:,} rows read: {report.taken:,} taken, {refused}, {report.known:,} already known"
    if report.events != report.taken:
        counts += f"; {report.events:,} new events"
    return "\n".join([*report.remarks, counts])


def report_json(report: LoadReport) -> str:
    """What a load did as one JSON object."""
    import msgspec

    shown = {
        "read": report.read,
        "taken": report.taken,
        "refused": report.refused,
        "known": report.known,
        "events": report.events,
        "mapping": report.mapping,
        "notes": [*report.notes, *report.remarks],
        "rejects": str(report.rejects) if report.rejects else None,
    }
    return msgspec.json.encode(shown).decode()
