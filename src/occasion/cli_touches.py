"""`occasion journey touches`: every message of a year as it turned out, and what that comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from occasion.desk.touches import Line, Placed, Touches


def register(journey: typer.Typer) -> None:
    """Mount `touches` under `journey`."""
    journey.command(name="touches")(touches)


def touches(
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How many days back messages are read.")] = 365,
    each: Annotated[bool, typer.Option("--each", help="Print every message as a JSON object of its own.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the sums as one JSON object.")] = False,
    as_of: Annotated[
        str, typer.Option("--as-of", metavar="TIME", help="Read the log as it could be read then, not as of now.")
    ] = "",
    workspace: Annotated[
        Path | None, typer.Option("--workspace", metavar="DIR", help="The workspace, if not the one here.")
    ] = None,
) -> None:
    """Read each message that was sent as moment, nearly one or touch, from what happened: words others got, the answer,
    the details it means, the time. Sums by stage, team and month; of a single colleague there are none here.
    """
    found = _read(days, as_of, workspace, (lambda placed: typer.echo(_json(_message(placed)))) if each else None)
    if as_json:
        typer.echo(_json(_sums(found)))
    elif not each:
        _print(found)


def _read(days: int, as_of: str, workspace: Path | None, tell: Callable[[Placed], None] | None) -> Touches:
    """Bring the index up to date, read every message, keep the sums of a year for the page."""
    from occasion.cli_load import progress
    from occasion.cli_source import instant, now_us
    from occasion.coach.copies import Copies
    from occasion.coach.keeping import FILE, keep_up, open_sent
    from occasion.desk.touches import DAYS, Adding, Reading, each_message
    from occasion.desk.touches_kept import keep, kept
    from occasion.moments.catalogue import read_catalogue
    from occasion.store.history import History
    from occasion.store.merged import identities
    from occasion.store.whole_log import everybody
    from occasion.store.workspace import find_workspace

    place = find_workspace(workspace)
    catalogue = read_catalogue(place.catalogue)
    with ExitStack() as stack:
        history = stack.enter_context(History(place.data, records=place.records))
        with open_sent(place.data) as sent, progress() as step:
            keep_up(sent, history.engine, history.folder, told=step)
        connection = stack.enter_context(history.engine.connect())
        copies = stack.enter_context(Copies(place.data / FILE, identities(connection).moved()))
        now = instant(as_of, [], "", workspace) or now_us()
        reading = Reading(connection, catalogue, copies, now, place.zone, days)
        adding = Adding(reading)
        for placed in each_message(everybody(history), reading):
            adding.add(placed)
            if tell is not None:
                tell(placed)
    found = adding.touches()
    before = kept(place.data)
    if days == DAYS and (before is None or before.as_of_us <= now):
        keep(place.data, found)
    return found


def _json(value: Any) -> str:
    import msgspec

    return msgspec.json.encode(value).decode()


def _message(placed: Placed) -> dict[str, Any]:
    """One message, without who wrote it."""
    import msgspec

    from occasion.coach.said import as_text
    from occasion.events.instants import rfc3339

    one: dict[str, Any] = msgspec.to_builtins(placed.turned, enc_hook=as_text)
    del one["by"]
    return {"at": rfc3339(one.pop("at_us")), "stage": placed.stage, **one}


def _sums(found: Touches) -> dict[str, Any]:
    """The sums, without those of single colleagues."""
    import msgspec

    from occasion.desk.touches import FEWEST_SENDERS

    whole: dict[str, Any] = msgspec.to_builtins(found)
    del whole["own"], whole["own_months"]
    whole["teams"] = [line for line in whole["teams"] if line["senders"] >= FEWEST_SENDERS]
    whole["all"]["total"] = found.all.total
    return whole


def _print(found: Touches) -> None:
    from rich.console import Console

    from occasion.desk.touches import FEWEST_SENDERS

    console = Console()
    total = found.all.total
    if not total:
        console.print("No message went out in this time.")
        return
    console.print(f"{total:,} messages, {found.answered:,} answered, {found.mass:,} to many alike:")
    _table(console, "", [("all", found.all)])
    _table(console, "stage", _lines(found.stages))
    teams = [line for line in found.teams if line.senders >= FEWEST_SENDERS]
    _table(console, "team", [(name or "in no team", shares) for name, shares in _lines(teams)])
    _table(console, "month", _lines(found.months))


def _lines(lines: Iterable[Line]) -> list[tuple[str, Any]]:
    return [(line.name, line.shares) for line in lines]


def _table(console: Any, heading: str, lines: list[tuple[str, Any]]) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from occasion.coach.sent import OUTCOMES

    if len(lines) == 1 and lines[0][0] in ("before any stage", "in no team"):
        return
    words = {"open": "too early", "unread": "text unknown"}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(heading, overflow="fold")
    for outcome in OUTCOMES:
        table.add_column(words.get(outcome, outcome), justify="right")
    table.add_column("all", justify="right")
    for name, shares in lines:
        told = [
            f"{getattr(shares, one):,}" + _share(shares.share(one) if one not in words else None) for one in OUTCOMES
        ]
        table.add_row(escape(name), *told, f"{shares.total:,}")
    console.print(table)


def _share(share: float | None) -> str:
    return "" if share is None else f" ({share:.0%})"
