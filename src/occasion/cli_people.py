"""`occasion people`, `export` and `erase`: who we deal with, what we hold of them, and forgetting it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from occasion.people.contact import Reading
    from occasion.people.contacts import Brought
    from occasion.people.erase import Erased, Held
    from occasion.people.parties import Kind
    from occasion.store.history import History
    from occasion.store.workspace import Workspace

WORKSPACE = typer.Option("--workspace", metavar="DIR", help="The workspace, if not the one here.")
AS_JSON = typer.Option("--json", help="Print one JSON object.")
PARTY = typer.Argument(metavar="PARTY", help="Any identity of theirs.")
FILE = typer.Argument(metavar="FILE", help="A vCard file (.vcf) or a table with a header (.csv, .tsv).")
MAP = typer.Option("--map", help="What a table's column is: name=COLUMN,birthday=COLUMN:dmy,trait:x=COLUMN,"
                   "detail:preference=COLUMN,-=COLUMN (leave out). What is left out is guessed and shown.")  # fmt: skip
WORDS = typer.Argument(metavar="[WORDS]...", help="Beginnings of words, all of which must be found.")
LIMIT = typer.Option("--limit", min=1, max=1000, help="How many at most.")
YES = typer.Option("--yes", help="Do not ask.")
SERVER_SECONDS = 600.0
HTML = typer.Option("--html", metavar="OUT", help="Write it as one page of HTML.")
KIND = typer.Option("--kind", help="What new ones are: customer, partner or colleague.")
ENCODING = typer.Option("--encoding", help="The file's encoding, if it is not UTF-8.")
DRY = typer.Option("--dry-run", help="Only say how the file is read.")
SHOWN_REFUSED = 20
CONTACTS_AT_ONCE = 100


def register(app: typer.Typer) -> None:
    """Mount `people`, `export` and `erase`."""
    group = typer.Typer(help="Who the business deals with.", no_args_is_help=True)
    group.command(name="import")(import_)
    group.command(name="find")(find)
    group.command(name="show")(show)
    app.add_typer(group, name="people")
    app.command(name="export")(export)
    app.command(name="erase")(erase)


def import_(
    file: Annotated[Path, FILE],
    mapping: Annotated[str, MAP] = "",
    kind: Annotated[str, KIND] = "customer",
    encoding: Annotated[str, ENCODING] = "utf-8-sig",
    dry_run: Annotated[bool, DRY] = False,
    workspace: Annotated[Path | None, WORKSPACE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Bring people in from an address book or a table; the same file twice changes nothing."""
    from occasion.errors import InputError
    from occasion.people.contacts import Brought
    from occasion.people.parties import KINDS

    if kind not in KINDS:
        raise InputError(f"--kind {kind!r}: is none; it is one of {', '.join(KINDS)}")
    reading, source = _read(file, mapping, encoding)
    if not as_json:
        for note in reading.notes:
            typer.echo(note, err=True)
    done = Brought() if dry_run else _bring_in(workspace, reading, source, kind)
    typer.echo(_imported_json(reading, done) if as_json else _imported_text(reading, done, dry_run))


def _bring_in(workspace: Path | None, reading: Reading, source: str, kind: Kind) -> Brought:
    """Some contacts a transaction, so that a server beside us goes on writing."""
    from occasion.cli_colleague import by, now_us, records
    from occasion.people.contacts import Brought, bring_in
    from occasion.store import audit
    from occasion.store.tombstones import Erased

    done = Brought()
    for begin in range(0, len(reading.contacts), CONTACTS_AT_ONCE):
        some = reading.contacts[begin : begin + CONTACTS_AT_ONCE]
        with records(workspace) as (_, connection):
            now, erased = now_us(), Erased(connection)
            done.add(
                bring_in(connection, some, source=source, now=now, by=by(), kind=kind, forbidden=erased.__contains__)
            )
    counts = {"new": done.new, "changed": done.changed, "refused": len(done.refused)}
    with records(workspace) as (_, connection):
        audit.note(connection, now_us(), by(), "people imported", f"import:{source}", counts)
    return done


def _read(file: Path, mapping: str, encoding: str) -> tuple[Reading, str]:
    from occasion.errors import InputError
    from occasion.people.contact_table import read_table
    from occasion.people.vcard import read_vcard

    data = file.read_bytes()
    cards = (
        file.suffix.lower() in (".vcf", ".vcard") or data.lstrip(b"\xef\xbb\xbf\r\n ")[:11].upper() == b"BEGIN:VCARD"
    )
    if cards and mapping:
        raise InputError("--map: is for tables; the fields of a vCard have their names already")
    try:
        return (read_vcard(data, encoding), "vcard") if cards else (read_table(data, mapping, encoding), "table")
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def _imported_json(reading: Reading, done: Brought) -> str:
    import msgspec

    refused = [*reading.refused, *done.refused]
    shown: dict[str, Any] = {
        "read": len(reading.contacts) + sum(one.whole for one in reading.refused),
        "new": done.new, "changed": done.changed, "same": done.same,
        "refused": [vars(one) for one in refused if one.whole],
        "without": [vars(one) for one in refused if not one.whole],
        "columns": reading.notes, "left_out": dict(reading.left_out),
    }  # fmt: skip
    return msgspec.json.encode(shown).decode()


def _imported_text(reading: Reading, done: Brought, dry_run: bool) -> str:
    refused = sorted([*reading.refused, *done.refused], key=lambda one: one.line)
    lines = [str(one) for one in refused[:SHOWN_REFUSED]]
    if len(refused) > SHOWN_REFUSED:
        lines.append(f"... and {len(refused) - SHOWN_REFUSED} more: --json lists them all")
    left = ", ".join(f"{name} ({count})" for name, count in reading.left_out.most_common() if count)
    if left:
        lines.append(f"not used: {left}")
    whole = sum(one.whole for one in refused)
    if dry_run:
        lines.append(f"{len(reading.contacts):,} people read, {whole:,} refused; nothing was written")
    else:
        lines.append(f"{done.new:,} new, {done.changed:,} changed, {done.same:,} as they were, {whole:,} refused")
        lines.append("their ids: occasion people find, alone for those changed last or with words of a name")
    return "\n".join(lines)


def find(
    words: Annotated[list[str] | None, WORDS] = None,
    limit: Annotated[int, LIMIT] = 20,
    workspace: Annotated[Path | None, WORKSPACE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Who is meant: by beginnings of words of a name, an id, a trait or a detail; without words those changed last."""
    import msgspec

    from occasion.cli_colleague import records
    from occasion.people.parties import changed_last, parties_of
    from occasion.people.search import search

    said = " ".join(words or [])
    with records(workspace, writes=False) as (_, connection):
        hits = {hit.party: hit.place for hit in search(connection, said, limit=limit)} if said else {}
        ids = list(hits) if said else changed_last(connection, limit)
        people = [parties_of(connection, ids)[id] for id in ids]
    shown = [{"party": one.party, "name": one.name, "kind": one.kind, "owner": one.owner, "found": hits.get(one.party)}
             for one in people]  # fmt: skip
    if as_json:
        typer.echo(msgspec.json.encode(shown).decode())
        return
    wide = max((len(one.party) for one in people), default=0)
    for one in people:
        typer.echo(f"{one.party:<{wide}}  {one.name or '(no name)'}  {one.kind}{f', {one.owner}' if one.owner else ''}")
    if not people:
        typer.echo(f"nobody is found by {said!r}; people import brings people in" if said else "nobody is known yet")


def show(
    party: Annotated[str, PARTY],
    workspace: Annotated[Path | None, WORKSPACE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """What is known about somebody: who they are, what is remembered, what was promised."""
    import msgspec

    from occasion.cli_colleague import now_us, records
    from occasion.people.summary import summary, summary_text
    from occasion.store.workspace import find_workspace

    zone = find_workspace(workspace).zone
    with records(workspace, writes=False) as (_, connection):
        found = summary(connection, party, now_us(), zone)
    typer.echo(msgspec.json.encode(found).decode() if as_json else summary_text(found))


def export(
    party: Annotated[str, PARTY],
    html: Annotated[Path | None, HTML] = None,
    workspace: Annotated[Path | None, WORKSPACE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Everything held about somebody, to give to them: as JSON, or as a page that a person can read."""
    from occasion.cli_colleague import by, now_us
    from occasion.people.export import everything, export_json, export_page
    from occasion.store import audit
    from occasion.store.log import Log
    from occasion.store.records import writing

    now = now_us()
    with _history(workspace) as (_, history):
        log = Log(history.engine, history)
        with history.engine.connect() as connection:
            found = everything(connection, log.of, party, now=now)
        rows = _held(found, party)
        with writing(history.engine) as connection:
            audit.note(connection, now, by(), "party exported", f"party:{found['party']['party']}", {"rows": rows})
    if html is not None:
        html.write_text(export_page(found), encoding="utf-8")
    if as_json:
        typer.echo(export_json(found))
        return
    typer.echo(_held_text(found))
    typer.echo(f"written to {html}" if html is not None else "--json prints it all, --html FILE writes it as a page")


def _held(found: dict[str, Any], party: str) -> int:
    """How many rows and events there are; InputError when there is nothing."""
    from occasion.errors import InputError

    rows = sum(len(some) for some in found["held"].values()) + len(found["events"])
    if not rows:
        raise InputError(f"party {party!r}: nothing is held under this identity; people show knows any of theirs")
    return rows


def _held_text(found: dict[str, Any]) -> str:
    counts = {name: len(some) for name, some in found["held"].items() if some} | {"events": len(found["events"])}
    said = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    return f"{found['party']['name'] or found['party']['party']}: {said}"


def erase(
    party: Annotated[str, PARTY],
    yes: Annotated[bool, YES] = False,
    workspace: Annotated[Path | None, WORKSPACE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Erase somebody everywhere, with a server running or not: events, texts, ids, everything noted. For good."""
    import msgspec

    from occasion.cli_colleague import by, now_us
    from occasion.errors import InputError
    from occasion.people import erase as erasing
    from occasion.service.erasing import ask

    with _history(workspace) as (place, history):
        alone = erasing.Alone(history)
        with history.engine.connect() as connection:
            found = erasing.held(connection, alone, party)
        if not yes:
            _confirm(found)
        if _served(history):
            answer = ask(place.data, party, by(), SERVER_SECONDS)
            if answer.erased is None:
                raise InputError(f"party {party!r}: {answer.error}")
            done = answer.erased
        else:
            done = erasing.erase(alone, party, now=now_us(), by=by())
    typer.echo(msgspec.json.encode(done).decode() if as_json else _erased_text(done))


def _confirm(found: Held) -> None:
    rows = sum(found.rows.values())
    typer.echo(f"{', '.join(found.identities)}: {found.events:,} events and {rows:,} rows will be erased for good.")
    typer.confirm("Erase them?", abort=True)


def _served(history: History) -> bool:
    """Whether a server runs on the workspace."""
    from occasion.errors import InputError

    try:
        with history.alone():
            return False
    except InputError:
        return True


def _erased_text(done: Erased) -> str:
    rows = sum(done.rows.values())
    lines = [f"erased: {done.identities:,} identities, {done.events:,} events, {rows:,} rows, {done.files:,} files"]
    if not done.whole:
        lines.append(
            "a reading under way still holds old files of the log or pages of the database, or the watcher its state: "
            "they go soon"
        )
    if done.elsewhere:
        lines.append(
            "they are still named in these files of the data folder, yours to remove: " + ", ".join(done.elsewhere)
        )
    if done.backups:
        lines.append("backups made before hold them still, until you delete them: " + ", ".join(done.backups))
    lines.append(
        "files exported to other places are not in our hands; a backup restored with --erased and this workspace "
        "is rid of them again"
    )
    return "\n".join(lines)


@contextmanager
def _history(workspace: Path | None) -> Iterator[tuple[Workspace, History]]:
    from occasion.store.history import History
    from occasion.store.workspace import find_workspace

    place = find_workspace(workspace)
    with History(place.data, records=place.records) as history:
        yield place, history
