"""How colleagues are told: which Apprise addresses they may set themselves, and what is kept of it.

An address decides where this machine sends to, and some kinds read files or speak to any host. On the page a colleague
may therefore only name services whose hosts are their own and well known, and no options; every other kind (mail,
chat servers of one's own) is set on the machine, by `occasion colleague notify`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from occasion.desk.settings_page import channel_digest
from occasion.errors import InputError
from occasion.service.out.notices import Wishes, check_address, kind_of, wishes
from occasion.store import audit
from occasion.store.schema.doors import COLLEAGUES

# Services with hosts of their own: nothing in their addresses says where to send to.
OWN_HOSTS = ("discord", "gchat", "line", "pbul", "pover", "slack", "spush", "tgram", "webex", "wxteams")
PLAIN = re.compile(r"[a-z]+://[A-Za-z0-9_@:/#+.~-]+\Z")
MOST = 5
LONGEST = 500
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")


def check_own(address: str) -> str:
    """An address that a colleague may set for themselves; else InputError. It may hold a secret: it is not repeated."""
    kind = kind_of(address)
    if kind not in OWN_HOSTS:
        raise InputError(
            f"the channel of kind {kind[:20]!r} cannot be set here: one of {', '.join(OWN_HOSTS)} can; "
            "ask an admin for another (occasion colleague notify)"
        )
    if len(address) > LONGEST or not PLAIN.match(address):
        raise InputError(f"the {kind} address cannot be used: write {kind}://TOKENS, without a question mark or spaces")
    return check_address(address)


def wanted_by(connection: Connection, colleague: str) -> Wishes:
    """How a colleague wants to be told. Raises InputError for somebody who is not here."""
    here = (COLLEAGUES.c.id == colleague) & COLLEAGUES.c.left_us.is_(None)
    row = connection.execute(select(COLLEAGUES.c.notify).where(here)).first()
    if row is None:
        raise InputError(f"there is no colleague {colleague[:40]!r} here; occasion colleague list shows them")
    return wishes(row.notify)


def keep(connection: Connection, now: int, by: str, colleague: str, wish: Wishes) -> None:
    """Keep what a colleague wants, whose addresses were checked. The audit says how many channels, never which."""
    wanted_by(connection, colleague)
    if wish.morning and not CLOCK.match(wish.morning):
        raise InputError(f"the morning's time {wish.morning[:20]!r} is none: write it like 07:30, or leave it out")
    addresses = tuple(dict.fromkeys(wish.addresses))
    if len(addresses) > MOST:
        raise InputError(f"{len(addresses)} channels are too many: at most {MOST}; remove one first")
    held = {"addresses": list(addresses), "at_once": wish.at_once, "morning": wish.morning}
    connection.execute(update(COLLEAGUES).where(COLLEAGUES.c.id == colleague).values(notify=held))
    facts = {"channels": len(addresses), "at_once": wish.at_once, "morning": wish.morning}
    audit.note(connection, now, by, "notices changed", f"colleague:{colleague}", facts)


def without(addresses: Sequence[str], digest: str) -> tuple[str, ...]:
    """The addresses but the one with this digest. Raises InputError where it is none of them."""
    left = tuple(one for one in addresses if channel_digest(one) != digest)
    if len(left) == len(addresses):
        raise InputError("this channel is removed already; look at the page again")
    return left
