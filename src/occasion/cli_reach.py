"""`occasion reach`: who reached which moment, when, since when it could be known, and what shows it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from occasion.cli_load import MAP_HELP

if TYPE_CHECKING:
    from occasion.store.reach import Reach, Reached


def register(app: typer.Typer) -> None:
    """Mount `reach`."""
    app.command(name="reach")(reach)


FILES = typer.Argument(metavar="[FILE]...", help="Files to read; the workspace's history if left out.")
MOMENT = typer.Option("--moment", metavar="TEXT", help="A moment in the language, or a name from the catalogue.")
CATALOGUE = typer.Option("--catalogue", metavar="FILE", help="Every moment of this catalogue, or stages for --moment.")
AS_OF = typer.Option(
    help="Read the history as it was then; a date means its end. Left out: the latest instant of the log."
)
ENGINE = typer.Option(help="duckdb or spark.")
AS_JSON = typer.Option("--json", help="Print one object a line, with known_at and the evidence.")
MAP = typer.Option("--map", help=MAP_HELP)
BOTH = typer.Option(help="Each row is an event for its party and for its counterpart.")
TZ = typer.Option(help="The zone of times that state none.")
WORKSPACE = typer.Option("--workspace", metavar="DIR", help="The workspace, if not the one here.")


def reach(
    files: Annotated[list[str] | None, FILES] = None,
    moment: Annotated[list[str] | None, MOMENT] = None,
    catalogue: Annotated[Path | None, CATALOGUE] = None,
    as_of: Annotated[str, AS_OF] = "",
    engine: Annotated[str, ENGINE] = "duckdb",
    as_json: Annotated[bool, AS_JSON] = False,
    mapping: Annotated[str, MAP] = "",
    both: Annotated[bool, BOTH] = False,
    tz: Annotated[str, TZ] = "",
    workspace: Annotated[Path | None, WORKSPACE] = None,
) -> None:
    """Who reached a moment, and when."""
    from contextlib import closing

    from occasion.cli_moments import asked_moments, read_named
    from occasion.cli_source import instant, now_us, reading
    from occasion.events.instants import rfc3339
    from occasion.store.engine import engine as engine_named
    from occasion.store.engine import refuse_unknown
    from occasion.store.reach import Reach, latest

    refuse_unknown(engine)
    # files have nothing to do with a workspace that happens to be here
    known = None if files and moment and catalogue is None else read_named(catalogue, workspace, needed=not moment)
    asked = asked_moments(moment or [], known)
    at = instant(as_of, files or [], tz, workspace)
    with (
        reading(files or [], mapping, both=both, tz=tz, workspace=workspace, quiet=as_json) as read,
        closing(engine_named(engine)) as runs,
    ):
        raw = runs.open(read.source)
        if at is None:
            at = latest(runs, raw, now_us())
            typer.echo(f"as of {rfc3339(at)}, the latest instant in {read.described}", err=True)
        reached = Reach(runs, raw, asked, at)
        if as_json:
            try:
                _print_objects(reached)
                sys.stdout.flush()
            except BrokenPipeError:  # the reader (| head) has enough
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        else:
            _print_table([reached.summary(one) for one in asked], read.options)


def _print_objects(reached: Reach) -> None:
    import msgspec

    from occasion.events.instants import rfc3339

    encoder = msgspec.json.Encoder(decimal_format="number")
    for one in reached.asked:
        for o in reached.occurrences(one):
            line = {
                "moment": one.name,
                "party": o.party,
                "per": _plain(o.per),
                "at": rfc3339(o.at),
                "known_at": rfc3339(o.known_at),
                "evidence": list(o.evidence),
            }
            sys.stdout.write(encoder.encode(line).decode() + "\n")


def _plain(per: object) -> object:
    """A value as JSON has it: whole numbers without a fraction, others without trailing zeros."""
    from decimal import Decimal

    if not isinstance(per, Decimal):
        return per
    return int(per) if per == per.to_integral_value() else per.normalize()


def _print_table(found: Sequence[Reached], options: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from occasion.events.instants import day_of

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("moment", overflow="fold")
    for heading in ("parties", "occurrences"):
        table.add_column(heading, justify="right")
    for heading in ("first", "last", "lately"):
        table.add_column(heading, overflow="fold")
    for one in found:
        days = [day_of(at) if at is not None else "never" for at in (one.first_us, one.last_us)]
        lately = ", ".join(_example(party, per) for party, per, _ in one.examples)
        table.add_row(_safe(one.asked.name), f"{one.parties:,}", f"{one.occurrences:,}", *days, _safe(lately))
    Console(soft_wrap=False).print(table)
    said = f" --moment {_quoted(found[0].asked.name)}" if len(found) == 1 else ""
    typer.echo(f"All of them, with when each could be known and what shows it: occasion reach{options}{said} --json")


def _safe(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)


def _example(party: str, per: object) -> str:
    return party if per is None else f"{party} ({_plain(per)})"
