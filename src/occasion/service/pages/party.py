"""A party's page, and what is noted, promised and decided on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from occasion.desk import actions
from occasion.desk.coaching import coach_page
from occasion.desk.owners import read_house
from occasion.desk.pages import PartyPage
from occasion.desk.pages_coach import CoachPage
from occasion.desk.party_page import party_page
from occasion.errors import InputError
from occasion.people import details, merges, parties, promises
from occasion.people.timeline import cursor_at
from occasion.service.errors import Refuse
from occasion.service.own import sees_party
from occasion.service.pages.forms import Sent, change, without_secrets
from occasion.service.pages.frame import Frame, back_to, with_trouble
from occasion.service.pages.rendering import party_url
from occasion.service.pages.today import Framed, ground_of
from occasion.store import audit
from occasion.store.arrived import Arrived

router = APIRouter(include_in_schema=False)
Act = Callable[[Connection, list[Arrived]], Any]
FORMS = {"detail_ended": "detail", "kept": "promise", "unmerge": "merge"}


@router.get("/party/{party:path}")
def show(frame: Framed, party: str, older: str = "", at: int | None = None) -> Response:
    """Everything about a party; its timeline before a cursor, or from an instant back."""
    older = older or (cursor_at(at) if at is not None else "")
    with frame.service.engine.connect() as connection:
        page = read(frame, connection, party, older)
        shell = frame.shell("party", connection)
        coach = coach_beside(frame, connection, page)
    return frame.page("party.html", page, shell, coach=coach)


@router.post("/party/{party:path}")
def note(frame: Framed, party: str, fields: Sent) -> Response:
    """Something is remembered, promised, kept, decided about a party; `do` says what."""
    do = fields.get("do", "")
    try:
        change(frame, prepared(frame, do, party, fields), f"party:{party}", "occasions")
    except InputError as why:
        if frame.partial:
            return frame.refused(str(why))
        with frame.service.engine.connect() as connection:
            page = read(frame, connection, party, "")
            shell = frame.shell("party", connection, path=party_url(party))
            coach = coach_beside(frame, connection, page)
        shell = with_trouble(shell, FORMS.get(do, do), str(why), without_secrets(fields))
        return frame.page("party.html", page, shell, status=422, coach=coach)
    return back_to(party_url(party), do)


def read(frame: Frame, connection: Connection, party: str, older: str) -> PartyPage:
    """The page; answers 404 where nothing was ever heard of such a party."""
    service = frame.service
    top = service.log.canonical(party)
    page = party_page(ground_of(frame, connection), frame.zone, top, service.log.of, older=older or None)
    if not page.events_total and not page.traits and not page.timeline and not page.party.name and not page.details:
        raise Refuse(404, "not_found", "there is nothing here, or it is somebody else's; search for the name")
    return page


def coach_beside(frame: Frame, connection: Connection, page: PartyPage) -> CoachPage | None:
    """The form of the coach for a message to them; none for the dead."""
    if page.deceased:
        return None
    return coach_page(ground_of(frame, connection), frame.zone, page.party.party, **frame.of_coach)


def prepared(frame: Frame, do: str, party: str, fields: dict[str, str]) -> Act:
    """The change a form means. Raises InputError for a field that cannot be read."""
    now, by, zone = frame.now_us, frame.viewer.id, str(frame.service.workspace.zone)
    text = fields.get("text", "")
    number = whole(fields["number"]) if "number" in fields else 0

    def detail(connection: Connection, _: list[Arrived]) -> None:
        given: dict[str, Any] = {name: fields[name] for name in ("kind", "use") if fields.get(name)}
        given |= {name: fields.get(name) == "yes" for name in ("sensitive", "unmentioned")}
        on_date = fields.get("on_date", "").strip() or None
        source = fields.get("source", "")
        actions.note_detail(connection, party, text, now=now, by=by, source=source, on_date=on_date, **given)

    def detail_ended(connection: Connection, _: list[Arrived]) -> None:
        theirs(connection, party, details.get(connection, number).party)
        details.end(connection, number, now=now)
        audit.note(connection, now, by, "detail ended", f"party:{party}", {"detail": number})

    def kept(connection: Connection, _: list[Arrived]) -> None:
        theirs(connection, party, promises.get(connection, number).party)
        actions.keep_promise(connection, number, now=now, by=by)

    def owner(connection: Connection, _: list[Arrived]) -> None:
        to = fields.get("to", "")
        if to not in read_house(connection, now).here:
            raise InputError(f"colleague {to[:60]!r}: is nobody who is here; choose one from the list")
        parties.change(connection, party, now=now, by=by, owner=to)
        audit.note(connection, now, by, "owner changed", f"party:{party}", {"to": to})

    def merge(connection: Connection, _: list[Arrived]) -> None:
        other = fields.get("party", "").strip()
        if not sees_party(connection, frame.viewer, other):
            raise InputError(f"party {other[:60]!r}: is nobody you know; ask whoever knows them")
        merges.merge(connection, other, party, now=now, by=by, why=fields.get("why", "").strip())
        audit.note(connection, now, by, "parties merged", f"party:{party}")

    def unmerge(connection: Connection, _: list[Arrived]) -> None:
        if number not in [one.number for one in merges.history(connection, party)]:
            raise InputError(f"merge {number}: does not concern this party; look at its page again")
        merges.undo(connection, number, now=now, by=by)
        audit.note(connection, now, by, "merge undone", f"party:{party}", {"merge": number})

    known: dict[str, Act] = {
        "detail": detail,
        "detail_ended": detail_ended,
        "promise": lambda c, _: actions.make_promise(c, party, text, fields.get("due", ""), now=now, by=by, zone=zone),
        "kept": kept,
        "owner": owner,
        "merge": merge,
        "unmerge": unmerge,
    }
    if do not in known:
        raise InputError(f"{do[:40]!r} is nothing one can do here; there is {', '.join(known)}")
    return known[do]


def theirs(connection: Connection, party: str, other: str) -> None:
    """Refuse what belongs to another party than the page's."""
    if merges.canonical(connection, party) != merges.canonical(connection, other):
        raise InputError("this belongs to somebody else; look at the page again")


def whole(text: str) -> int:
    """A number as a form sends it."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InputError(f"the number {text[:20]!r} is none; look at the page again")
    return int(text)
