"""`occasion check`: the catalogue's linter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from occasion.moments.catalogue import Catalogue, Finding, Moment
    from occasion.moments.check import Seen
    from occasion.store.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Mount `check`."""
    app.command(name="check")(check)


CATALOGUE = typer.Option("--catalogue", metavar="FILE", help="The catalogue, if it is not the workspace's.")
WORKSPACE = typer.Option("--workspace", metavar="DIR", help="The workspace, if not the one here.")
QUICK = typer.Option("--quick", help="Do not look whether each moment ever occurred.")
NOTES = typer.Option("--notes", help="Say also what watching each moment keeps for each party.")
AS_JSON = typer.Option("--json", help="Print the findings as one JSON object.")


def check(
    catalogue: Annotated[Path | None, CATALOGUE] = None,
    workspace: Annotated[Path | None, WORKSPACE] = None,
    quick: Annotated[bool, QUICK] = False,
    notes: Annotated[bool, NOTES] = False,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Check the catalogue: every finding with its line and column. Exit code 1 if something is to be done."""
    from occasion.moments.catalogue import read_catalogue
    from occasion.moments.check import check as check_catalogue
    from occasion.moments.check import wrong
    from occasion.store.workspace import find_workspace

    place = find_workspace(workspace) if catalogue is None or workspace is not None else None
    path = catalogue if catalogue is not None else place.catalogue if place is not None else Path()
    read = read_catalogue(path)
    with _log(place, read) as (seen, reached):
        findings = check_catalogue(read, seen, None if quick else reached)
    findings = sorted([*findings, *_owners(place, read)], key=lambda finding: finding.place)
    typer.echo(as_object(read, findings) if as_json else as_text(read, findings, seen, notes))
    if wrong(findings):
        raise typer.Exit(1)


@contextmanager
def _log(place: Workspace | None, catalogue: Catalogue) -> Iterator[tuple[Seen | None, Callable[[Moment], int] | None]]:
    """What the workspace's history holds, and how often a moment occurred in it; two None where nothing was loaded."""
    from occasion.cli_source import now_us
    from occasion.store.engine import engine
    from occasion.store.history import History
    from occasion.store.reach import Asked, Reach, latest
    from occasion.store.seen import seen

    if place is None or not (place.data / "history").is_dir():
        yield None, None
        return
    with History(place.data, records=place.records) as history, closing(engine("duckdb")) as runs:
        if not history.state().segments:
            yield None, None
            return
        source = history.source(place.zone)
        raw = runs.open(source)
        asked = {m.name: Asked(m.name, m.definition) for m in (*catalogue.moments, *catalogue.refused)}
        reading = Reach(runs, raw, tuple(asked.values()), latest(runs, raw, now_us()))
        yield seen(source), lambda moment: reading.summary(asked[moment.name]).occurrences


def _owners(place: Workspace | None, catalogue: Catalogue) -> list[Finding]:
    """The moments that are nobody's, once the workspace has colleagues."""
    from occasion.cli_source import now_us

    if place is None or (place.records is None and not (place.data / "records.db").is_file()):
        return []
    from occasion.desk.linting import nobody_behind
    from occasion.desk.owners import read_house
    from occasion.store.records import open_records

    engine = open_records(place.records or place.data / "records.db")
    try:
        with engine.connect() as connection:
            house = read_house(connection, now_us())
    finally:
        engine.dispose()
    return nobody_behind(catalogue, house) if house.names else []


def as_text(catalogue: Catalogue, findings: list[Finding], seen: Seen | None, notes: bool = False) -> str:
    """A line for each finding; what the definitions keep follows if `notes`, then one line of counts."""
    lines = [
        f"{catalogue.file}:{f.place}: {f.severity}: {f.about}: {f.message}" for f in findings if f.severity != "note"
    ]
    said = [f"{catalogue.file}:{f.place}: note: {f.about}: {f.message}" for f in findings if f.severity == "note"]
    moments = len(catalogue.moments)
    counts = (
        f"{moments} moment{'' if moments == 1 else 's'} in force, {len(lines)} finding{'' if len(lines) == 1 else 's'}"
    )
    if seen is None:
        counts += "; no events at hand, so no name of an event or a field was checked"
    return "\n".join([*lines, *(said if notes else []), counts])


def as_object(catalogue: Catalogue, findings: list[Finding]) -> str:
    """The findings as one JSON object."""
    import msgspec

    listed = [
        {
            "line": finding.place.line,
            "column": finding.place.column,
            "severity": finding.severity,
            "code": finding.code,
            "about": finding.about,
            "message": finding.message,
        }
        for finding in findings
    ]
    shown = {
        "file": catalogue.file,
        "stages": [entry.stage.name for entry in catalogue.stages],
        "process": [step.name for step in catalogue.process],
        "moments": [moment.name for moment in catalogue.moments],
        "refused": [moment.name for moment in catalogue.refused],
        "findings": [finding for finding in listed if finding["severity"] != "note"],
        "notes": [finding for finding in listed if finding["severity"] == "note"],
    }
    return msgspec.json.encode(shown).decode()
