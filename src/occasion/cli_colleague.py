"""`occasion colleague` and `occasion audit`: who may come in, and whether the record of what they did is whole."""

from __future__ import annotations

import getpass
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

WORKSPACE = typer.Option("--workspace", metavar="DIR", help="The workspace, if not the one here.")
AS_JSON = typer.Option("--json", help="Print one JSON object.")
ID = typer.Argument(metavar="ID", help="Short and readable, such as ewa.")
NAME = typer.Option("--name", help="As it is shown on the desk; the id if left out.")
ROLE = typer.Option("--role", help="colleague (own parties), manager (the team's), analyst (numbers), admin.")
EMAIL = typer.Option("--email", help="For notices, and to know them at the company's login.")
TEAM = typer.Option("--team", help="A team they are in; may be given several times.")
NO_PASSWORD = typer.Option("--no-password", help="They log in with the company's login only.")
ZONE = typer.Option("--zone", help="Their time zone, such as Europe/Warsaw.")
LOCALE = typer.Option("--locale", help="Their language and country, such as pl-PL.")
CAPACITY = typer.Option("--capacity", min=0, help="How many occasions a day they can do well.")


def register(app: typer.Typer) -> None:
    """Mount `colleague` and `audit`."""
    group = typer.Typer(help="The colleagues who may come in.", no_args_is_help=True)
    group.command(name="add")(add)
    group.command(name="list")(show)
    group.command(name="role")(role)
    group.command(name="password")(password)
    group.command(name="subject")(subject)
    group.command(name="notify")(notify)
    group.command(name="leave")(leave)
    app.add_typer(group, name="colleague")
    trail = typer.Typer(help="The record of who did what.", no_args_is_help=True)
    trail.command(name="verify")(verify)
    app.add_typer(trail, name="audit")


def add(
    id: Annotated[str, ID],
    name: Annotated[str, NAME] = "",
    role: Annotated[str, ROLE] = "colleague",
    email: Annotated[str, EMAIL] = "",
    team: Annotated[list[str] | None, TEAM] = None,
    no_password: Annotated[bool, NO_PASSWORD] = False,
    zone: Annotated[str, ZONE] = "",
    locale: Annotated[str, LOCALE] = "",
    capacity: Annotated[int, CAPACITY] = 12,
    workspace: Annotated[Path | None, WORKSPACE] = None,
) -> None:
    """Add a colleague; the password is asked for, or read from stdin."""
    from occasion.service import colleagues

    colleagues.check_role(role)
    given = None if no_password else _password(f"a password for {id}")
    with records(workspace) as (_, connection):
        colleagues.add(
            connection,
            now_us(),
            by(),
            id=id,
            name=name or id,
            role=role,
            email=email or None,
            teams=tuple(team or ()),
            password=given,
            zone=zone or None,
            locale=locale or None,
            capacity=capacity,
        )
    typer.echo(f"{id} is here now: {role}")


def show(workspace: Annotated[Path | None, WORKSPACE] = None, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """List the colleagues: id, name, role, teams, how they log in; those who left at the end."""
    import msgspec

    from occasion.service.colleagues import accounts

    with records(workspace) as (_, connection):
        found = sorted(accounts(connection), key=lambda one: (one.left_us is not None, one.id))
    if as_json:
        typer.echo(msgspec.json.encode({"colleagues": found}).decode())
        return
    for one in found:
        ways = " and ".join(w for w, has in (("password", one.password), ("company login", one.subject)) if has)
        state = "has left" if one.left_us is not None else ways or "cannot log in: no password yet"
        typer.echo("  ".join([one.id, one.name, one.role, ",".join(one.teams) or "no team", state]))
    if not found:
        typer.echo("nobody yet: occasion colleague add ID --role admin adds the first")


def role(
    id: Annotated[str, ID],
    role: Annotated[str, typer.Argument(metavar="ROLE", help="colleague, manager, analyst or admin.")],
    workspace: Annotated[Path | None, WORKSPACE] = None,
) -> None:
    """Give a colleague another role; they have to log in again."""
    from occasion.service import colleagues

    with records(workspace) as (_, connection):
        colleagues.set_role(connection, now_us(), by(), id, role)
    typer.echo(f"{id} is now: {role}; their sessions have ended")


def password(id: Annotated[str, ID], workspace: Annotated[Path | None, WORKSPACE] = None) -> None:
    """Set a colleague's password; it is asked for, or read from stdin."""
    from occasion.service import colleagues

    given = _password(f"a new password for {id}")
    with records(workspace) as (_, connection):
        colleagues.set_password(connection, now_us(), by(), id, given)
    typer.echo(f"{id} has a new password; their sessions have ended")


def subject(
    id: Annotated[str, ID],
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="Their `sub` at the provider of occasion.toml.")],
    workspace: Annotated[Path | None, WORKSPACE] = None,
) -> None:
    """Say which account of the company's login (OIDC) is theirs."""
    from occasion.errors import InputError
    from occasion.service import colleagues
    from occasion.service.door_settings import read_doors
    from occasion.store.workspace import find_workspace

    oidc = read_doors(find_workspace(workspace).folder).oidc
    if oidc is None:
        raise InputError("occasion.toml has no [oidc] section: name issuer, client and secret there first")
    with records(workspace) as (_, connection):
        colleagues.bind_subject(connection, now_us(), by(), id, issuer=oidc.issuer, subject=subject)
    typer.echo(f"{id} may log in with that account of {oidc.issuer}")


def notify(
    id: Annotated[str, ID],
    at_once: Annotated[bool, typer.Option("--at-once/--not-at-once", help="Told at once of trouble.")] = True,
    morning: Annotated[
        str, typer.Option("--morning", metavar="HH:MM", help='The digest\'s time; "" for none.')
    ] = "07:30",
    keep: Annotated[bool, typer.Option("--keep", help="Leave the channels as they are; read no addresses.")] = False,
    workspace: Annotated[Path | None, WORKSPACE] = None,
) -> None:
    """Say how a colleague is told: Apprise addresses of any kind, one a line on stdin (none: told by the desk only)."""
    from occasion.service.out import channels
    from occasion.service.out.notices import Wishes, check_address

    lines = [] if keep else [line.strip() for line in _addresses(id).splitlines()]
    given = tuple(check_address(line) for line in lines if line)
    with records(workspace) as (_, connection):
        addresses = channels.wanted_by(connection, id).addresses if keep else given
        channels.keep(connection, now_us(), by(), id, Wishes(addresses, at_once, morning))
    kinds = ", ".join(sorted({one.partition("://")[0] for one in addresses})) or "the desk only"
    typer.echo(f"{id} is told by: {kinds}")


def leave(
    id: Annotated[str, ID],
    to: Annotated[str, typer.Option("--to", metavar="ID", help="Who takes over what is theirs.")] = "",
    workspace: Annotated[Path | None, WORKSPACE] = None,
) -> None:
    """A colleague leaves: their people become occasions to hand over, and nothing lets them in any more."""
    from occasion.service.farewell import say_goodbye
    from occasion.store.workspace import find_workspace

    place = find_workspace(workspace)
    with records(workspace) as (_, connection):
        handed = say_goodbye(connection, now_us(), by(), id, to=to or None, place=place)
    typer.echo(f"{id} has left; {handed} to hand over in person" + (f", with {to}" if to else ""))


def verify(
    row: Annotated[str, typer.Option("--row", metavar="NUMBER:DIGEST", help="A row noted earlier.")] = "",
    workspace: Annotated[Path | None, WORKSPACE] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> int:
    """Check the chain of the audit; says its length and last digest, or the first row that does not hold (exit 1)."""
    import msgspec

    from occasion.store import audit

    expected = _noted(row) if row else None
    with records(workspace, writes=False) as (_, connection):
        found = audit.verify(connection, expected)
    if as_json:
        typer.echo(msgspec.json.encode({"intact": isinstance(found, audit.Head), **vars(found)}).decode())
    elif isinstance(found, audit.Head):
        typer.echo(f"intact: {found.rows:,} rows; the last is {found.rows}:{found.digest} (keep it elsewhere)")
    else:
        typer.echo(f"broken at row {found.number}: {found.why}")
    return 0 if isinstance(found, audit.Head) else 1


def _noted(row: str) -> tuple[int, str]:
    from occasion.errors import InputError

    number, _, digest = row.partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise InputError(f"--row {row!r}: it must be a number, a colon and 64 hex digits, as verify prints them")
    return int(number), digest.lower()


@contextmanager
def records(workspace: Path | None, writes: bool = True) -> Iterator[tuple[Engine, Connection]]:
    """The workspace's records and a transaction on them."""
    from occasion.store.records import open_records, writing
    from occasion.store.workspace import find_workspace

    place = find_workspace(workspace)
    place.data.mkdir(parents=True, exist_ok=True)
    engine = open_records(place.records or place.data / "records.db")
    try:
        with writing(engine) if writes else engine.begin() as connection:
            yield engine, connection
    finally:
        engine.dispose()


def now_us() -> int:
    """The clock, in UTC microseconds."""
    return time.time_ns() // 1000


def by() -> str:
    """Who changes something from the command line, for the audit."""
    return f"shell:{os.environ.get('USER', 'unknown')}"


def _addresses(id: str) -> str:
    """One on a terminal, unseen, else all of stdin; never an argument, since they hold secrets."""
    return sys.stdin.read() if not sys.stdin.isatty() else getpass.getpass(f"an Apprise address for {id}: ")


def _password(what: str) -> str:
    """Asked for twice on a terminal, else the first line of stdin; never an argument, which others could see."""
    from occasion.errors import InputError

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(f"{what}: ")
    if getpass.getpass("the same again: ") != first:
        raise InputError("the two passwords differ; nothing was changed")
    return first
