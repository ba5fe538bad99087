"""`occasion journey audit`: every interaction by stage, the mass steps to turn into one-to-one first; `touches` too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from occasion.desk.journey_audit import JourneyAudit
    from occasion.desk.turning_to_one import ForOne

journey_app = typer.Typer(help="The journey: what happens in it, and where.", no_args_is_help=True)
RARE = 5  # kinds of interaction shown of a stage at either end, the commonest and the rarest


def register(app: typer.Typer) -> None:
    """Mount `journey`."""
    from occasion import cli_touches

    cli_touches.register(journey_app)
    app.add_typer(journey_app, name="journey")


@journey_app.callback()
def _journey() -> None:
    pass


@journey_app.command(name="audit")
def audit(
    worth: Annotated[
        str, typer.Option("--worth", metavar="PROPERTY", help="What an event brought: the property that says it.")
    ] = "amount",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with everything.")] = False,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", metavar="DIR", help="The workspace, if not the one here.")
    ] = None,
) -> None:
    """Count every interaction by stage, the rarest too; name the three mass steps to turn first, and for whom how."""
    from occasion.cli_source import now_us
    from occasion.desk.cards import Ground
    from occasion.desk.journey_audit import audit_journey
    from occasion.desk.owners import read_house
    from occasion.desk.turning_to_one import all_for_people
    from occasion.desk.viewer import Viewer
    from occasion.moments.catalogue import read_catalogue
    from occasion.store.history import History
    from occasion.store.log import Log
    from occasion.store.whole_log import everybody
    from occasion.store.workspace import find_workspace

    place, now = find_workspace(workspace), now_us()
    catalogue = read_catalogue(place.catalogue)
    with History(place.data, records=place.records) as history:
        found = audit_journey(everybody(history), catalogue, now=now, zone=place.zone, worth=worth)
        log = Log(history.engine, history)
        with history.engine.connect() as connection:
            viewer = Viewer("", "", "admin", (), None, place.zone)  # who has the workspace's files has everything
            ground = Ground(connection, viewer, now, place.zone, catalogue, read_house(connection, now))
            people = all_for_people(ground, found.first, log.of)
    if as_json:
        _print_json(found, people)
    else:
        _print_tables(found, people)


def _print_json(found: JourneyAudit, people: Any) -> None:
    import msgspec

    whole = msgspec.to_builtins(found) | {
        "for_people": [{"step": step.name, "stage": step.stage, "people": msgspec.to_builtins(some)}
                       for step, some in people]
    }  # fmt: skip
    typer.echo(msgspec.json.encode(whole).decode())


def _print_tables(found: JourneyAudit, people: tuple[tuple[Any, tuple[ForOne, ...]], ...]) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("stage", "interaction"):
        table.add_column(heading, overflow="fold")
    for heading in ("times", "parties", "contacts", "mass", "rating"):
        table.add_column(heading, justify="right")
    for stage in found.stages:
        own = [one for one in found.interactions if one.stage == stage.stage]
        shown = own if len(own) <= 2 * RARE else [*own[:RARE], None, *own[-RARE:]]
        for one in shown:
            if one is None:
                table.add_row("", f"... {len(own) - 2 * RARE} more (--json has them all)", *[""] * 5)
                continue
            rating = "" if one.rating is None else f"{one.rating:.2f}"
            numbers = (f"{one.count:,}", f"{one.parties:,}", f"{one.contacts:,}", f"{one.mass:,}", rating)
            table.add_row(escape(one.stage), escape(one.name), *numbers)
    console.print(table)
    _print_first(console, found, people)


def _print_first(console: Any, found: JourneyAudit, people: tuple[tuple[Any, tuple[ForOne, ...]], ...]) -> None:
    from rich.markup import escape

    from occasion.desk.texts import plain

    if not found.first:
        console.print("Nothing went out to many alike: no mass step to turn.")
        return
    valued = "every stage counts the same: no amounts in the log" if found.valued_by is None else (
        f"a stage is worth the mean {found.valued_by} from entering it on"
    )  # fmt: skip
    console.print(f"To turn into one-to-one first (people × unanswered × worth; {escape(valued)}):")
    for place, (step, some) in enumerate(people, start=1):
        numbers = f"{step.people:,} people, {step.unanswered:.0%} unanswered, worth {step.worth:,.2f}"
        console.print(f"{place}. {escape(step.name)} ({escape(step.stage)}): {numbers}")
        for one in some:
            for way in one.suggestions[:2]:
                console.print(f"   {escape(one.party.label)}: {way.form}: {escape(plain(way.why))}")
