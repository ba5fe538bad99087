"""`occasion find`: which moments go with staying."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from occasion.cli_load import MAP_HELP

if TYPE_CHECKING:
    from occasion.finding.findings import Findings
    from occasion.finding.run import Options


def register(app: typer.Typer) -> None:
    """Mount `find`."""
    app.command(name="find")(find)


def find(
    files: list[str] = typer.Argument(
        None, metavar="[FILE]...", help="Files to read; the workspace's history if left out."
    ),
    kept: str = typer.Option(
        ..., "--kept", help='What staying is: "count(order) >= 1 between 28 days and 70 days after start".'
    ),
    start: str = typer.Option(
        "start", "--start", help='What start means: "first signup"; the first event if left out.'
    ),
    ask: list[str] = typer.Option([], "--ask", help="A line to judge in any case; may be given several times."),
    engine: str = typer.Option("duckdb", "--engine", help="duckdb or spark."),
    as_of: str = typer.Option("", "--as-of", help="Read the history as it was then; the end of the log if left out."),
    html: Path | None = typer.Option(None, "--html", metavar="OUT", help="Write the report here."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
    seed: int = typer.Option(1, "--seed", help="Of everything that is drawn: the same seed, the same answer."),
    most: int = typer.Option(20, "--most", min=1, max=100, help="How many lines are looked at closely."),
    mapping: str = typer.Option("", "--map", help=MAP_HELP),
    both: bool = typer.Option(False, "--both", help="Each row is an event for its party and for its counterpart."),
    tz: str = typer.Option("", "--tz", help="The zone of times that state none."),
    workspace: Path | None = typer.Option(
        None, "--workspace", metavar="DIR", help="The workspace, if not the one here."
    ),
) -> None:
    """Find which moments go with staying, and say how much of it survives time and engagement."""
    from occasion.cli_source import instant, now_us
    from occasion.finding.outcome import question
    from occasion.finding.run import Options
    from occasion.finding.show import as_json as as_object
    from occasion.finding.show import table
    from occasion.store.engine import refuse_unknown

    refuse_unknown(engine)
    at = instant(as_of, files or [], tz, workspace)
    options = Options(kept=kept, start=start, asked=tuple(ask), as_of_us=at, clock_us=now_us(), seed=seed, most=most)
    question(kept, start)  # refuse a question that cannot be asked before anything is read
    _refuse_nowhere(html)
    read = partial(_read, files or [], mapping, both=both, tz=tz, workspace=workspace, quiet=as_json)
    findings = _findings(read, engine, options, html, as_of)
    if as_json:
        typer.echo(json.dumps(as_object(findings), ensure_ascii=False))
        return
    from rich.console import Console

    Console().print(table(findings))
    if html is not None:
        typer.echo(f"\nthe report: {html}")


def _refuse_nowhere(html: Path | None) -> None:
    """Refuse a report that could not be written, before anything is read."""
    from occasion.errors import InputError

    if html is not None and (html.is_dir() or not html.parent.is_dir()):
        raise InputError(
            f"--html {html}: is no file in a folder that is there; make the folder first, or name another file"
        )


def _read(files: list[str], mapping: str, **how: Any) -> Any:
    from occasion.cli_source import reading

    return reading(files, mapping, **how)


def _findings(read: Callable[[], Any], engine: str, options: Options, html: Path | None, as_of: str) -> Findings:
    """Read, find, and write the report."""
    from contextlib import closing

    from occasion.finding.report import write_report
    from occasion.finding.run import find_in
    from occasion.finding.show import progress
    from occasion.store.engine import engine as engine_named

    with read() as found, closing(engine_named(engine)) as runs:
        with progress() as step:
            findings = find_in(runs, found.source, options, step)
        if html is not None:
            again = f"occasion reach{found.options}" + (f" --as-of {shlex.quote(as_of)}" if as_of else "")
            write_report(findings, html, source_text=found.described, reach_command=again)
    return findings
