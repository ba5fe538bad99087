"""Whether a party may be contacted now, over this channel: an answer with all its reasons, never a bare no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, func, select

from occasion.errors import InputError
from occasion.people.parties import Party, party_of
from occasion.people.quiet import quiet_until
from occasion.store.schema.desk import GESTURES

DAY_US = 86_400_000_000
ANY_HOUR = frozenset({"letter", "post", "parcel"})  # nobody is woken by them
Code = Literal["deceased", "consent", "quiet", "rest"]


@dataclass(frozen=True)
class ContactRules:
    """What holds where a party has said nothing of its own.

    `zone` is the business's; `quiet_from` to `quiet_to` by the party's clock; `rest_days` between two gestures to the
    same person, whatever moments they are for; `asked`: channels that need a recorded yes, the others only no "no".
    """

    zone: str = "UTC"
    quiet_from: str = "21:00"
    quiet_to: str = "08:00"
    rest_days: float = 3.0
    asked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reason:
    """Why not: `until_us` is when this reason ends by itself, None when it does not."""

    code: Code
    text: str
    until_us: int | None = None


@dataclass(frozen=True)
class Allowed:
    """They may be contacted; `remarks` are worth knowing all the same."""

    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """They may not be contacted, for every one of these reasons."""

    reasons: tuple[Reason, ...]

    @property
    def until_us(self) -> int | None:
        """When all reasons have ended by themselves; None when one does not."""
        ends = [reason.until_us for reason in self.reasons]
        return None if None in ends else max(end for end in ends if end is not None)


def may_contact(
    connection: Connection, party: str, channel: str, now: int, rules: ContactRules | None = None
) -> Allowed | Refused:
    """Whether the business may contact the party over `channel` at `now` (UTC microseconds).

    A death stops everything. Then: a no to the channel (or no yes, where one is asked for), the quiet hours in the
    party's zone, and the rest since the last gesture to this person under any of its identities.
    """
    if not channel.strip():
        raise InputError("channel '': is empty; name how they would be contacted: email, sms, phone, letter")
    rules = rules or ContactRules()
    channel = channel.strip().lower()
    known = party_of(connection, party)
    if known.deceased is not None:
        when = "" if known.deceased == "unknown" else f" on {known.deceased}"
        return Refused((Reason("deceased", f"they died{when}: nobody may be contacted under this name"),))
    found = (_consent(known, channel, rules), _quiet(known, channel, now, rules), _rest(connection, known, now, rules))
    reasons = tuple(reason for reason in found if reason is not None)
    if reasons:
        return Refused(reasons)
    unasked = channel not in known.consent and channel not in rules.asked
    return Allowed((f"nothing is on record of what they said about {channel}",) if unasked else ())


def _consent(party: Party, channel: str, rules: ContactRules) -> Reason | None:
    said = party.consent.get(channel)
    if said is None:
        missing = f"they have not said yes to {channel}, and it is asked for"
        return Reason("consent", missing) if channel in rules.asked else None
    return None if said.given else Reason("consent", f"they said no to {channel} ({said.source})")


def _quiet(party: Party, channel: str, now: int, rules: ContactRules) -> Reason | None:
    if channel in ANY_HOUR:
        return None
    start, end = party.quiet_from or rules.quiet_from, party.quiet_to or rules.quiet_to
    zone = party.zone or rules.zone
    until = quiet_until(start, end, zone, now)
    return None if until is None else Reason("quiet", f"quiet hours, {start} to {end} in {zone}", until)


def rest_days(party: Party, rules: ContactRules) -> float:
    """How many days after a gesture a party is left in peace: their own number, else the rules'."""
    return rules.rest_days if party.rest_days is None else party.rest_days


def _rest(connection: Connection, party: Party, now: int, rules: ContactRules) -> Reason | None:
    days = rest_days(party, rules)
    last = connection.execute(
        select(func.max(GESTURES.c.at_us)).where(
            GESTURES.c.party.in_(party.identities), GESTURES.c.form != "nothing", GESTURES.c.at_us <= now
        )
    ).scalar()
    if last is None or last + days * DAY_US <= now:
        return None
    text = f"something was done for them less than {days:g} days ago, and they are left in peace that long"
    return Reason("rest", text, int(last + days * DAY_US))
