"""`occasion practice`: a message of one's own is said again, read before and after, and comes back after days."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from occasion.coach.context import Others
    from occasion.coach.index import Sent
    from occasion.desk.pages_coach import PracticePage, ReadingView
    from occasion.desk.practising import Practising
    from occasion.desk.viewer import Viewer
    from occasion.store.history import History
    from occasion.store.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Mount `practice`."""
    app.command(name="practice")(practice)


def practice(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE|-]", help="Your rewriting; - reads stdin. None: what is due.")
    ] = None,
    who: Annotated[str, typer.Option("--as", metavar="ID", help="Who practises: you, by your id.")] = "",
    exercise: Annotated[
        int | None, typer.Option("--exercise", metavar="NUMBER", help="One of yours; what is due, if left out.")
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Take another message of yours that reads as a touch.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the rewriting; it comes back after days.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: the page.")] = False,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", metavar="DIR", help="The workspace, if not the one here.")
    ] = None,
) -> None:
    """Practise on a message you sent: not what you say but how you say it. Yours alone, so your password is asked."""
    import msgspec

    from occasion.coach.said import as_text
    from occasion.errors import InputError
    from occasion.store.workspace import find_workspace

    if not who:
        raise InputError("--as: is missing; say who practises, by your id on the desk")
    if (keep and file is None) or (new and (file is not None or exercise is not None)):
        raise InputError("--keep keeps the rewriting of a FILE, and --new takes a message: give one or the other")
    place = find_workspace(workspace)
    password = _password(who)
    text = "" if file is None else _text(file)
    with _opened(place) as (history, sent, others):
        page = _practised(place, history, sent, others, (who, password), (text, exercise, new, keep))
    typer.echo(msgspec.json.encode(page, enc_hook=as_text).decode() if as_json else _shown(page))


def _password(who: str) -> str:
    """Asked for unseen on a terminal, else the first line of stdin; never an argument, which others could see."""
    if sys.stdin.isatty():
        return getpass.getpass(f"the password of {who} on the desk: ")
    return sys.stdin.readline().rstrip("\r\n")


def _text(file: Path) -> str:
    from occasion.errors import InputError

    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{file}: is no UTF-8 text; save the rewriting as plain text in UTF-8") from None


@contextmanager
def _opened(place: Workspace) -> Iterator[tuple[History, Sent, Others]]:
    from occasion.cli_load import progress
    from occasion.coach.context import Others
    from occasion.coach.keeping import keep_up, open_sent
    from occasion.store.history import History

    with History(place.data, records=place.records) as history, open_sent(place.data) as sent:
        with progress() as step:
            keep_up(sent, history.engine, history.folder, told=step)
        yield history, sent, Others()


def _practised(
    place: Workspace,
    history: History,
    sent: Sent,
    others: Others,
    whose: tuple[str, str],
    asked: tuple[str, int | None, bool, bool],
) -> PracticePage:
    """What was asked for, done; the page as it is then."""
    from occasion.cli_source import now_us
    from occasion.coach import practice as rules
    from occasion.desk.practising import due_number, kept, next_message, practice_page
    from occasion.errors import InputError
    from occasion.store.records import writing

    text, number, new, keep = asked
    now = now_us()
    with history.engine.connect() as connection:
        viewer = _viewer(connection, *whose)
        at = _practising(place, history, sent, others, connection, viewer, now)
        if new:
            message, party = next_message(at)
            with writing(history.engine) as changing:
                number = rules.begin(changing, viewer.id, message, party, now=now)
        elif text.strip() and number is None:
            number = due_number(at)
        if text.strip() and number is None:
            raise InputError("nothing is due; take a message with --new, or name one of yours with --exercise")
        if keep and number is not None:
            write = kept(at, number, text)
            with writing(history.engine) as changing:
                write(changing)
    with history.engine.connect() as connection:  # what was written is seen by a new transaction
        at = _practising(place, history, sent, others, connection, viewer, now)
        return practice_page(at, number=number, text=text.strip("\n"), kept=keep)


def _viewer(connection: Connection, who: str, password: str) -> Viewer:
    """The colleague, once the password is right."""
    from sqlalchemy import select

    from occasion.desk.viewer import Viewer
    from occasion.errors import InputError
    from occasion.service import passwords
    from occasion.store.schema.doors import COLLEAGUES, TEAMS

    row = connection.execute(select(COLLEAGUES).where(COLLEAGUES.c.id == who)).first()
    right = passwords.verify(row.password if row is not None else None, password)
    if row is None or not right or row.left_us is not None:
        raise InputError(
            f"--as {who[:40]!r}: that is not the password of a colleague of this id; whoever signs in with the "
            "company's login practises on the desk"
        )
    if row.role == "analyst":
        raise InputError("an analyst writes to nobody, so there is nothing to practise on")
    teams = tuple(connection.execute(select(TEAMS.c.team).where(TEAMS.c.colleague == who)).scalars())
    return Viewer(row.id, row.name, row.role, teams, row.locale, row.zone)


def _practising(
    place: Workspace, history: History, sent: Sent, others: Others, connection: Connection, viewer: Viewer, now: int
) -> Practising:
    from occasion.coach.context import Around
    from occasion.desk.owners import read_house
    from occasion.desk.practising import Practising
    from occasion.moments.catalogue import read_catalogue
    from occasion.service.coaching import reads_again
    from occasion.service.contact_settings import read_contact
    from occasion.service.own import sees_party
    from occasion.store.log import Log

    catalogue = read_catalogue(place.catalogue) if place.catalogue.is_file() else None
    around = Around(connection, Log(history.engine, history), place.zone, catalogue, read_contact(place), sent,
                    called=place.called, ours=place.ours)  # fmt: skip
    return Practising(
        around, viewer, read_house(connection, now), now, viewer.zone or place.zone, reads_again(around, others, now),
        lambda party: sees_party(connection, viewer, party),
    )  # fmt: skip


def _shown(page: PracticePage) -> str:
    """The page as lines."""
    lines: list[str] = []
    if page.exercise is None or page.before is None:
        lines.append("nothing is waiting; --new takes a message you sent that reads as a touch")
        return "\n".join([*lines, *_next(page)])
    one = page.exercise
    lines.append(f"exercise {one.number}, to {one.to}" + ("" if one.pair else " (names are replaced)"))
    if one.weak:
        lines.append(f"rewritten {one.attempts} times; look at: {', '.join(one.weak)}")
    lines += ["", *(f"  | {line}" for line in one.text.splitlines()), ""]
    if one.said:
        lines.append(f"they had written: {one.said}")
    lines += [f"may be mentioned: {detail.text}" for detail in one.details]
    lines += ["", f"it reads as: {page.before.verdict}", *_parts(page.before)]
    if page.after is not None:
        lines += ["", f"yours reads as: {page.after.verdict}", *_parts(page.after), ""]
        lines += [f"{part.name}: {part.before} to {part.after}" for part in page.moved]
        lines += [f"says no longer: {', '.join(page.left_out)}"] if page.left_out else []
        lines += [f"would change it: {change}" for change in page.after.changes]
    return "\n".join([*lines, *_next(page)])


def _parts(view: ReadingView) -> list[str]:
    return [f"  {part.name:<11} {part.level:<8} {part.why}" for part in view.parts]


def _next(page: PracticePage) -> list[str]:
    from occasion.desk.dates import local_date

    if page.kept and page.next_us is None:
        return ["", "kept; you have it, and it does not come back"]
    if page.next_us is None:
        return []
    day = local_date(page.next_us, page.zone).isoformat()
    return ["", f"kept; it comes back on {day}" if page.kept else f"the next one comes back on {day}"]
