"""Settings: colleagues and their leaving, how one is told, keys of machines, calendar feeds, webhooks."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from occasion.desk.leaving import NotHandedOver, plan
from occasion.desk.settings_page import settings_page
from occasion.errors import InputError
from occasion.service import colleagues, keys
from occasion.service.errors import Refuse
from occasion.service.farewell import say_goodbye
from occasion.service.out import calendar, channels, webhooks
from occasion.service.out.notices import Wishes
from occasion.service.pages.forms import Sent, change, without_secrets
from occasion.service.pages.frame import Frame, back_to, with_trouble
from occasion.service.pages.party import whole
from occasion.service.pages.rendering import Trouble
from occasion.service.pages.today import Framed
from occasion.service.viewer import caller_of
from occasion.store import audit

router = APIRouter(include_in_schema=False)
ADMINS = ("colleague", "leave", "key", "key_end", "hook", "hook_end")
Act = Callable[[Connection], str | None]  # gives back what is shown once


@router.get("/settings")
def settings(frame: Framed, leaving: str = "") -> Response:
    """Colleagues, keys, channels."""
    return shown(frame, leaving)


@router.post("/settings")
def change_settings(frame: Framed, fields: Sent) -> Response:
    """One change; `do` says which. What can be shown only once is shown at once."""
    do = fields.get("do", "")
    if do in ADMINS and frame.viewer.role != "admin":
        raise Refuse(403, "not_allowed", "this is for admins; ask one of them")
    try:
        act = prepared(frame, do, fields)
        once = change(frame, lambda connection, _: act(connection), "occasions", "moments")
    except NotHandedOver as why:
        return shown(frame, fields.get("colleague", ""), refused=why, status=422)
    except InputError as why:
        trouble = Trouble(do, str(why), without_secrets(fields))
        return shown(frame, fields.get("colleague", ""), trouble=trouble, status=422)
    return shown(frame, secret=once) if once else back_to("/settings", do)


def shown(
    frame: Frame, leaving: str = "", *, secret: str = "", trouble: Trouble | None = None,
    refused: NotHandedOver | None = None, status: int = 200,
) -> Response:  # fmt: skip
    """The page, with a colleague's leaving (an admin's to see: it names their people), a secret, or why something was
    refused.
    """
    service, found = frame.service, None
    with service.engine.connect() as connection:
        if leaving and frame.viewer.role == "admin":
            found = plan(
                connection, service.watching.catalogue(), leaving, now=frame.now_us, zone=service.workspace.zone
            )
        page = settings_page(
            connection, frame.viewer, now=frame.now_us, zone=service.workspace.zone,
            catalogue=service.watching.catalogue(), leaving=with_refusals(found, refused),
        )  # fmt: skip
    shell = frame.shell("settings", path="/settings")
    if trouble is not None:
        shell = with_trouble(shell, trouble.form, trouble.message, dict(trouble.values))
    return frame.page("settings.html", page, shell, status=status, secret=secret)


def with_refusals(found: Any, refused: NotHandedOver | None) -> Any:
    """The plan of a leaving, with why it was refused."""
    return replace(found, refused=refused.refused) if found is not None and refused is not None else found


def prepared(frame: Frame, do: str, fields: dict[str, str]) -> Act:
    """The change a form means."""
    known: dict[str, Callable[[Frame, dict[str, str]], Act]] = {
        "colleague": new_colleague,
        "leave": leaving_one,
        "key": new_key,
        "key_end": ending_key,
        "notify": told_how,
        "channel_end": ending_channel,
        "feed": new_feed,
        "feed_end": ending_feed,
        "hook": new_hook,
        "hook_end": ending_hook,
    }
    if do not in known:
        raise InputError(f"{do[:40]!r} is nothing one can set; there is {', '.join(known)}")
    return known[do](frame, fields)


def new_colleague(frame: Frame, fields: dict[str, str]) -> Act:
    """Somebody new, with a first password that is shown once."""
    password = secrets.token_urlsafe(12)
    teams = tuple(one.strip() for one in fields.get("teams", "").split(",") if one.strip())
    capacity = whole(fields.get("capacity") or str(colleagues.CAPACITY))

    def act(connection: Connection) -> str:
        colleagues.add(
            connection, frame.now_us, frame.viewer.id, id=fields.get("id", "").strip(), name=fields.get("name", ""),
            role=fields.get("role", "colleague"), email=fields.get("email", "").strip() or None, teams=teams,
            password=password, capacity=capacity,
        )  # fmt: skip
        return password

    return act


def leaving_one(frame: Frame, fields: dict[str, str]) -> Act:
    """Somebody leaves: moments and people are handed over, then their account is closed."""
    named = {key.removeprefix("moment:"): to for key, to in fields.items() if key.startswith("moment:") and to}

    def act(connection: Connection) -> None:
        say_goodbye(
            connection, frame.now_us, frame.viewer.id, fields.get("colleague", ""), to=fields.get("to") or None,
            place=frame.service.workspace, moments=named,
        )  # fmt: skip

    return act


def new_key(frame: Frame, fields: dict[str, str]) -> Act:
    """A key that is shown once."""
    secret, may = f"occ_{secrets.token_urlsafe(24)}", fields.get("may", "write")
    name, source = fields.get("name", "").strip(), fields.get("source", "").strip()

    def act(connection: Connection) -> str:
        keys.add_key(
            connection, secret, name=name, source=source, may=may, now=frame.now_us, by=frame.viewer.id, overlap_us=None
        )
        return secret

    return act


def ending_key(frame: Frame, fields: dict[str, str]) -> Act:
    """A key ends now."""
    name = fields.get("name", "")

    def act(connection: Connection) -> None:
        keys.end_key(connection, name, frame.now_us, frame.viewer.id)

    return act


def told_how(frame: Frame, fields: dict[str, str]) -> Act:
    """How the viewer is told from now on; an address that is given is one more channel."""
    address, viewer = fields.get("address", "").strip(), frame.viewer.id
    added = (channels.check_own(address),) if address else ()

    def act(connection: Connection) -> None:
        before = channels.wanted_by(connection, viewer)
        wish = Wishes((*before.addresses, *added), fields.get("at_once") == "yes", fields.get("morning", "").strip())
        channels.keep(connection, frame.now_us, viewer, viewer, wish)

    return act


def ending_channel(frame: Frame, fields: dict[str, str]) -> Act:
    """A channel of one's own is removed."""
    viewer = frame.viewer.id

    def act(connection: Connection) -> None:
        before = channels.wanted_by(connection, viewer)
        left = channels.without(before.addresses, fields.get("digest", ""))
        channels.keep(connection, frame.now_us, viewer, viewer, replace(before, addresses=left))

    return act


def new_feed(frame: Frame, fields: dict[str, str]) -> Act:
    """A calendar feed whose address is shown once."""
    owner, names = fields.get("owner", frame.viewer.id), fields.get("names") == "yes"
    if owner not in (frame.viewer.id, *frame.viewer.teams):
        raise InputError(f"owner {owner[:40]!r}: a feed is of your own moments or your team's")
    if names and frame.viewer.role == "analyst":
        raise InputError("a feed with names is for who may see them")
    secret = secrets.token_urlsafe(32)

    def act(connection: Connection) -> str:
        calendar.add_feed(connection, secret, colleague=frame.viewer.id, owner=owner, names=names, now=frame.now_us)
        facts = {"owner": owner, "names": names}
        audit.note(connection, frame.now_us, frame.viewer.id, "feed made", f"colleague:{frame.viewer.id}", facts)
        return f"{caller_of(frame.request).origin}/feed/{secret}.ics"

    return act


def ending_feed(frame: Frame, fields: dict[str, str]) -> Act:
    """A feed of one's own is closed."""
    try:
        digest = bytes.fromhex(fields.get("digest", ""))
    except ValueError:
        raise InputError("this is no feed; look at the page again") from None

    def act(connection: Connection) -> None:
        mine = {bytes(one.digest) for one in calendar.feeds_of(connection, frame.viewer.id)}
        if digest not in mine:
            raise InputError("this feed is not yours, or it is closed already; look at the page again")
        calendar.revoke_feeds(connection, now=frame.now_us, digest=digest)
        audit.note(connection, frame.now_us, frame.viewer.id, "feed closed", f"colleague:{frame.viewer.id}")

    return act


def new_hook(frame: Frame, fields: dict[str, str]) -> Act:
    """A webhook whose signing secret is shown once."""
    secret, address = webhooks.new_secret(secrets.token_bytes), fields.get("url", "").strip()
    frame.service.sender.check(address)

    def act(connection: Connection) -> str:
        number = webhooks.add_webhook(connection, address, (), secret, frame.now_us)
        audit.note(connection, frame.now_us, frame.viewer.id, "webhook added", f"webhook:{number}")
        return secret

    return act


def ending_hook(frame: Frame, fields: dict[str, str]) -> Act:
    """Nothing is sent to a webhook any more."""
    number = whole(fields.get("number", ""))

    def act(connection: Connection) -> None:
        webhooks.disable(connection, number, "closed by an admin", frame.now_us)
        audit.note(connection, frame.now_us, frame.viewer.id, "webhook closed", f"webhook:{number}")

    return act
