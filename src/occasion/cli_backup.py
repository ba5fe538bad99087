"""`occasion backup` and `occasion restore`: a workspace in one file, and back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

WORKSPACE = typer.Option("--workspace", metavar="DIR", help="The workspace, if not the one here.")
AS_JSON = typer.Option("--json", help="Print one JSON object.")
RECORDS = typer.Option("--records", metavar="URL", help="The empty PostgreSQL database, if the backup came from one.")
ERASED = typer.Option(
    "--erased", metavar="DIR", help="The workspace as it was last: whoever was erased there after the backup is erased."
)


def register(app: typer.Typer) -> None:
    """Mount `backup` and `restore`."""
    app.command(name="backup")(backup)
    app.command(name="restore")(restore)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, such as monday.occasion.")],
    workspace: Annotated[Path | None, WORKSPACE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Write the workspace into one file; a server may go on meanwhile."""
    from dataclasses import asdict

    import msgspec

    from occasion.people.erase import note_backup
    from occasion.store.backup import make_backup
    from occasion.store.workspace import find_workspace

    place = find_workspace(workspace)
    now = time.time_ns() // 1000
    made = make_backup(place, place.records or place.data / "records.db", file, now)
    note_backup(place.data, file, now)
    size = file.stat().st_size
    if as_json:
        typer.echo(msgspec.json.encode({**asdict(made), "bytes": size}).decode())
        return
    typer.echo(
        f"{file}: the log up to position {made.position:,}, {made.segments:,} segments, {size / 1e6:,.1f} MB; it holds "
        "everything in plain, so keep it as safe as the workspace"
    )


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that occasion backup wrote.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The new folder.")],
    records: Annotated[str, RECORDS] = "",
    erased: Annotated[Path | None, ERASED] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Make a workspace from a backup, in a new folder, checked piece by piece."""
    from dataclasses import asdict

    import msgspec

    from occasion.people.erase import forget_again, written_erasures
    from occasion.store.restore import restore_backup

    erasures = written_erasures(erased / "data") if erased is not None else []
    place, contents = restore_backup(file, to, records or None)
    again = forget_again(place.data, records or None, erasures, time.time_ns() // 1000)
    if as_json:
        shown = {**asdict(contents), "folder": str(place.folder), "erased_again": again}
        typer.echo(msgspec.json.encode(shown).decode())
        return
    if again:
        typer.echo(f"{again:,} identities that were erased after this backup are erased again")
    typer.echo(
        f"{place.folder}: the log up to position {contents.position:,}, {contents.segments:,} segments, all whole"
    )
    if erased is None:
        typer.echo(
            "whoever was erased after this backup is in it again: name the workspace as it was last with --erased DIR, "
            "or erase them anew",
            err=True,
        )
