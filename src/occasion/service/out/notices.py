"""Notices to colleagues by Apprise: at once where a party is in trouble, else once a morning; nobody is named."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection, delete, select, update
from whenever import Instant, ZonedDateTime

from occasion.desk.settings_page import MORNING
from occasion.errors import InputError
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.doors import COLLEAGUES, TEAMS
from occasion.store.schema.out import NOTICES

AT_ONCE, DIGEST = "at once", "digest"
SAID_AT_ONCE = "{moment}: it came just now and is on your desk."
OPEN = ("open", "taken")


@dataclass(frozen=True)
class Wishes:
    """How a colleague wants to be told: Apprise addresses; `at_once` for trouble; `morning`: when, or ""."""

    addresses: tuple[str, ...] = ()
    at_once: bool = True
    morning: str = MORNING


class Notify(Protocol):
    """Sends a text to Apprise addresses; whether all took it."""

    def __call__(self, addresses: Sequence[str], title: str, body: str) -> bool: ...


def by_apprise(addresses: Sequence[str], title: str, body: str) -> bool:
    """Send through Apprise."""
    import apprise

    told = apprise.Apprise()
    for address in addresses:
        if not told.add(address):
            return False
    return bool(told.notify(title=title, body=body))


def kind_of(address: str) -> str:
    """What an address begins with ("slack"), which may be repeated; "" for a text that is no address."""
    kind, found, _ = address.partition("://")
    return kind if found else ""


def check_address(address: str) -> str:
    """The address, if Apprise knows it; else InputError. It may hold a secret, so it is not repeated."""
    import apprise

    kind = kind_of(address)
    if not apprise.Apprise.instantiate(address, suppress_exceptions=True):
        raise InputError(
            f"notify: no service takes an address of kind {kind[:20]!r}; see Apprise, for example slack://"
        )
    return address


def wishes(held: Any) -> Wishes:
    """From COLLEAGUES.notify; what is not said has its default."""
    said = held if isinstance(held, dict) else {}
    return Wishes(tuple(said.get("addresses", ())), bool(said.get("at_once", True)), str(said.get("morning", MORNING)))


def people_behind(connection: Connection, owner: str) -> list[str]:
    """The colleagues an owner stands for: itself, or a team's members; who has left is none."""
    members = select(TEAMS.c.colleague).where(TEAMS.c.team == owner)
    here = COLLEAGUES.c.left_us.is_(None) & ((COLLEAGUES.c.id == owner) | COLLEAGUES.c.id.in_(members))
    return list(connection.execute(select(COLLEAGUES.c.id).where(here).order_by(COLLEAGUES.c.id)).scalars())


def tell_at_once(connection: Connection, owner: str, moment: str, party: str, now: int) -> int:
    """Queue a notice for whoever an owner stands for; how many. The text names the moment, never the party."""
    told = people_behind(connection, owner)
    for colleague in told:
        row = {"colleague": colleague, "kind": AT_ONCE, "party": party, "text": SAID_AT_ONCE.format(moment=moment)}
        connection.execute(NOTICES.insert().values(**row, made_us=now, sent_us=None, outcome="waiting"))
    return len(told)


def queue_digests(connection: Connection, now: int, zone: str) -> int:
    """Queue the morning's digest of everybody whose morning it is and who has not had one today; how many.

    A day without anything on the desk has none. `zone`: the workspace's, for who has not said theirs.
    """
    made = 0
    for row in connection.execute(select(COLLEAGUES).where(COLLEAGUES.c.left_us.is_(None))).all():
        wish = wishes(row.notify)
        local = Instant.from_timestamp(now, unit="microsecond").to_tz(row.zone or zone)
        begin = int(
            ZonedDateTime(local.year, local.month, local.day, tz=row.zone or zone).timestamp(unit="microsecond")
        )
        if not wish.addresses or not wish.morning or local.time().format_iso()[:5] < wish.morning:
            continue
        mine = (NOTICES.c.colleague == row.id) & (NOTICES.c.kind == DIGEST) & (NOTICES.c.made_us >= begin)
        if connection.execute(select(NOTICES.c.number).where(mine).limit(1)).first():
            continue
        text = digest_text(connection, row.id, begin + 86_400_000_000)
        if text:
            values = {"colleague": row.id, "kind": DIGEST, "party": None, "text": text}
            connection.execute(NOTICES.insert().values(**values, made_us=now, sent_us=None, outcome="waiting"))
            made += 1
    return made


def digest_text(connection: Connection, colleague: str, until: int) -> str:
    """What waits on a colleague's desk, by moment, most first; "" for nothing."""
    teams = list(connection.execute(select(TEAMS.c.team).where(TEAMS.c.colleague == colleague)).scalars())
    waiting = OCCASIONS.c.owner.in_([colleague, *teams]) & OCCASIONS.c.state.in_(OPEN) & (OCCASIONS.c.shown_us < until)
    counts = Counter(connection.execute(select(OCCASIONS.c.moment).where(waiting)).scalars())
    lines = [f"{n} × {moment}" for moment, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return "On your desk this morning: " + ", ".join(lines) + "." if lines else ""


@dataclass(frozen=True)
class Waiting:
    """One message for all that a colleague is told at once: the notices' numbers; no `addresses`: not wanted."""

    numbers: tuple[int, ...]
    addresses: tuple[str, ...]
    body: str


def waiting(connection: Connection) -> list[Waiting]:
    """What waits to be sent, the oldest first; of who has left nothing is sent."""
    rows = connection.execute(
        select(
            NOTICES.c.number, NOTICES.c.text, NOTICES.c.kind, COLLEAGUES.c.id, COLLEAGUES.c.notify, COLLEAGUES.c.left_us
        )
        .join(COLLEAGUES, COLLEAGUES.c.id == NOTICES.c.colleague)
        .where(NOTICES.c.sent_us.is_(None))
        .order_by(NOTICES.c.number)
        .limit(500)
    ).all()
    together: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        together[row.id, row.kind].append(row)
    found = []
    for (_, kind), own in together.items():
        wish = wishes(own[0].notify)
        wanted = own[0].left_us is None and (kind != AT_ONCE or wish.at_once)
        body = "\n".join(dict.fromkeys(row.text for row in own))
        found.append(Waiting(tuple(row.number for row in own), wish.addresses if wanted else (), body))
    return found


def send(told: Waiting, notify: Notify) -> dict[int, str]:
    """Send one message; by notice's number what came of it. Whatever goes wrong at the service is "refused"."""
    said = "not wanted"
    if told.addresses:
        try:
            said = "sent" if notify(told.addresses, "Occasion", told.body) else "refused by the service"
        except Exception:  # a service's own fault must not keep the others waiting
            said = "refused by the service"
    return dict.fromkeys(told.numbers, said)


def tidy(connection: Connection, before: int) -> int:
    """Remove what was settled before an instant; how many."""
    return connection.execute(delete(NOTICES).where(NOTICES.c.sent_us < before)).rowcount


def settle_notices(connection: Connection, outcome: dict[int, str], now: int) -> None:
    """Write down what came of notices. One that was refused is not tried again: the desk shows what it told of."""
    for number, said in outcome.items():
        connection.execute(update(NOTICES).where(NOTICES.c.number == number).values(sent_us=now, outcome=said))
