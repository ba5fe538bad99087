"""`occasion coach`: a draft is read before it is sent. Touch or moment, and why, with the words meant marked."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from occasion.coach.reading import Draft, Part, Reading
    from occasion.store.workspace import Workspace

LEVEL_STYLES = {"good": "green", "mixed": "yellow", "poor": "red", "unknown": "dim"}
VERDICT_STYLES = {"moment": "bold green", "nearly": "bold yellow", "touch": "bold red"}


def register(app: typer.Typer) -> None:
    """Mount `coach`."""
    app.command(name="coach")(coach)


def coach(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE|-]", help="The draft; - or nothing reads it from stdin.")
    ] = None,
    to: Annotated[str, typer.Option("--to", metavar="PARTY", help="Whom it is for: any identity of theirs.")] = "",
    channel: Annotated[
        str | None, typer.Option("--channel", help="How it would be sent: email, sms, letter, chat.")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="The colleague who would send it: id or name.")] = "",
    at: Annotated[str, typer.Option("--at", help="When it would go out, RFC 3339; now, if left out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: the whole reading.")] = False,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", metavar="DIR", help="The workspace, if not the one here.")
    ] = None,
) -> None:
    """Read a draft before it is sent: moment, nearly or touch, why, and what would change it."""
    from occasion.cli_source import now_us
    from occasion.coach.reading import Draft
    from occasion.errors import InputError
    from occasion.store.workspace import find_workspace

    place = find_workspace(workspace)
    if not to:
        raise InputError("--to: is missing; name whom the draft is for, by any identity of theirs")
    now = _instant(at, place.zone) if at else now_us()
    draft = Draft(_text(file), to, now, channel.strip().lower() if channel else None, by)
    reading = _read(place, draft)
    if as_json:
        import msgspec

        from occasion.coach.said import as_text

        typer.echo(msgspec.json.encode(reading, enc_hook=as_text).decode())
    else:
        _show(draft, reading)


def _instant(text: str, zone: str) -> int:
    """An instant as written, without an offset on the wall clock of the workspace."""
    import pyarrow as pa

    from occasion.errors import InputError
    from occasion.events.times import to_micros

    found = to_micros(pa.array([text.strip()]), "iso", zone)[0].as_py()
    if found is None:
        raise InputError(f"--at {text!r}: is no time; write 2026-03-02T09:00 or 2026-03-02T09:00:00Z")
    return int(found)


def _text(file: Path | None) -> str:
    from occasion.errors import InputError

    data = sys.stdin.buffer.read() if file is None or str(file) == "-" else file.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{file or 'stdin'}: is no UTF-8 text; save the draft as plain text in UTF-8") from None


def _read(place: Workspace, draft: Draft) -> Reading:
    from occasion.cli_load import progress
    from occasion.coach.coach import coach as read
    from occasion.coach.context import Around, Others, names_of
    from occasion.coach.keeping import keep_up, open_sent
    from occasion.moments.catalogue import read_catalogue
    from occasion.service.contact_settings import read_contact
    from occasion.store.history import History
    from occasion.store.log import Log

    catalogue = read_catalogue(place.catalogue) if place.catalogue.is_file() else None
    with History(place.data, records=place.records) as history, open_sent(place.data) as sent:
        with progress() as step:
            keep_up(sent, history.engine, history.folder, told=step)
        with history.engine.connect() as connection:
            log, seen_by = Log(history.engine, history), partial(names_of, connection)
            around = Around(
                connection, log, place.zone, catalogue, read_contact(place), sent, seen_by, place.called, place.ours
            )
            return read(around, draft, Others())


def _show(draft: Draft, reading: Reading) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=False)
    console.print(Text(reading.verdict, VERDICT_STYLES[reading.verdict]), Text(f"  {reading.why}"))
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("part", "level", "score", "why"):
        table.add_column(heading, overflow="fold")
    for part in reading.parts:
        score = "" if part.score is None else f"{part.score:.2f}"
        table.add_row(part.name, Text(part.level, LEVEL_STYLES[part.level]), score, Text(part.why))
    console.print(table)
    marks = _marks(reading.parts)
    console.print(_marked(draft.text.strip("\n"), draft.text, reading.parts))
    for number, (name, why) in enumerate(marks, 1):
        console.print(Text(f"  [{number}] {name}: {why}"))
    for heading, lines in (("would change it", reading.changes), ("not judged", reading.unjudged)):
        if lines:
            console.print(Text(f"\n{heading}:", "bold"))
            for line in lines:
                console.print(Text(f"  - {line}"))
    console.print(Text(f"\n{reading.question}", "italic"))


def _marks(parts: tuple[Part, ...]) -> list[tuple[str, str]]:
    """What the numbers in the marked text mean, in order."""
    return list(dict.fromkeys((part.name, span.why) for part in parts for span in part.spans))


def _marked(shown: str, text: str, parts: tuple[Part, ...]) -> object:
    """The text with the number of each remark behind the words it means."""
    from rich.text import Text

    numbers = {mark: number for number, mark in enumerate(_marks(parts), 1)}
    spans = sorted({(span.start, span.end, numbers[part.name, span.why]) for part in parts for span in part.spans})
    ends: dict[int, list[int]] = {}
    for _, end, number in spans:
        ends.setdefault(end, []).append(number)
    inside = {place for start, end, _ in spans for place in range(start, end)}
    made = Text()
    for place, sign in enumerate(text.rstrip()):
        if place in ends:
            made.append("".join(f"[{number}]" for number in ends[place]), "cyan")
        made.append(sign, "underline" if place in inside else "")
    made.append("".join(f"[{number}]" for end in ends if end >= len(text.rstrip()) for number in ends[end]), "cyan")
    return made
