"""Parties: customers, partners and colleagues, each read as one through its merged identities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args

from sqlalchemy import Connection, bindparam, insert, select, update

from occasion.errors import InputError
from occasion.events.convert import is_zone
from occasion.people.merges import AT_ONCE, canonical, identities, identities_of
from occasion.people.partial import read_partial
from occasion.people.search import index_words
from occasion.store.each import select_each
from occasion.store.schema.people import PARTIES

Kind = Literal["customer", "partner", "colleague"]
KINDS: tuple[Kind, ...] = get_args(Kind)
DATE_UNKNOWN = "unknown"  # of a death
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_MERGED = ("name", "owner", "zone", "locale", "channel", "quiet_from", "quiet_to", "rest_days", "deceased")


@dataclass(frozen=True)
class Consent:
    """What a party said about a channel: yes or no, when, and how it is known."""

    given: bool
    at_us: int
    source: str


@dataclass(frozen=True)
class Party:
    """What is known about a party beside its events, all identities taken together.

    `party` is the identity that merges lead to and `identities` are all of them. Times of day are "21:00", in the
    party's zone. None: not known. `known`: whether anything was ever written down about it.
    """

    party: str
    identities: tuple[str, ...]
    known: bool = False
    kind: Kind = "customer"
    name: str = ""
    owner: str | None = None
    zone: str | None = None
    locale: str | None = None
    channel: str | None = None
    quiet_from: str | None = None
    quiet_to: str | None = None
    consent: Mapping[str, Consent] = field(default_factory=dict)
    rest_days: float | None = None
    deceased: str | None = None  # a partial date, or "unknown"
    made_us: int | None = None
    changed_us: int | None = None


def party_of(connection: Connection, party: str) -> Party:
    """The party that `party` is an identity of, whether or not anything is known about it.

    Of each field the value of the identity that merges lead to, else that of the identity changed last. Of consent the
    latest word on each channel, of two at once the no. Deceased if any identity is.
    """
    return parties_of(connection, [party])[party]


def changed_last(connection: Connection, limit: int) -> list[str]:
    """The parties something was written down about last, the latest first; merged identities as one."""
    query = select(PARTIES.c.party).order_by(PARTIES.c.changed_us.desc(), PARTIES.c.party).limit(4 * limit)
    names = list(connection.execute(query).scalars())
    merged = parties_of(connection, names)
    return list(dict.fromkeys(merged[name].party for name in names))[:limit]


def parties_of(connection: Connection, parties: Sequence[str]) -> dict[str, Party]:
    """Several at once, by the identity asked for; in a few queries whatever their number."""
    names = identities_of(connection, parties)
    found = _read(connection, names)
    return {party: found.get(party) or Party(some[0], some) for party, some in names.items()}


def known_of(connection: Connection, parties: Sequence[str]) -> dict[str, Party]:
    """Those of several about which anything was ever written down, by the identity asked for."""
    return _read(connection, identities_of(connection, parties))


def _read(connection: Connection, names: Mapping[str, tuple[str, ...]]) -> dict[str, Party]:
    every = list(dict.fromkeys(name for some in names.values() for name in some))
    rows = {row["party"]: row for row in _written(connection, every)}
    of = {party: [rows[name] for name in some if name in rows] for party, some in names.items()} if rows else {}
    return {party: _combined(names[party], found) for party, found in of.items() if found}


def _written(connection: Connection, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What is written down under these identities."""
    if connection.dialect.name == "sqlite":
        columns = PARTIES.c.keys()
        there = select_each(connection, _one(PARTIES.c.party), ({"party": name} for name in names))
        for found in select_each(connection, _one(PARTIES), [{"party": name} for (name,) in there]):
            yield dict(zip(columns, found, strict=True))
        return
    for at in range(0, len(names), AT_ONCE):
        query = select(PARTIES).where(PARTIES.c.party.in_(names[at : at + AT_ONCE]))
        yield from map(dict, connection.execute(query).mappings())


@cache
def _one(what: Any) -> Any:
    return select(what).where(PARTIES.c.party == bindparam("party"))


def _combined(names: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> Party:
    ranked = sorted(rows, key=lambda row: (row["party"] != names[0], -row["changed_us"], row["party"]))
    merged: dict[str, Any] = {
        key: next((row[key] for row in ranked if row[key] not in (None, "")), None) for key in _MERGED
    }
    rest = merged.pop("rest_days")
    merged["name"] = merged["name"] or ""
    return Party(
        names[0],
        names,
        known=True,
        kind=ranked[0]["kind"],
        consent=_consents(row["consent"] for row in ranked),
        rest_days=None if rest is None else float(rest),
        made_us=min(row["made_us"] for row in rows),
        changed_us=max(row["changed_us"] for row in rows),
        **merged,
    )


def _first(values: Iterable[Any]) -> Any:
    return next((value for value in values if value not in (None, "")), None)


def _consents(held: Any) -> dict[str, Consent]:
    found: dict[str, Consent] = {}
    for consents in held:
        for channel, given in consents.items():
            one = Consent(bool(given["given"]), int(given["at_us"]), str(given["source"]))
            before = found.get(channel)
            if before is None or (one.at_us, not one.given) > (before.at_us, not before.given):
                found[channel] = one
    return dict(sorted(found.items()))


def change(connection: Connection, party: str, *, now: int, by: str, **fields: Any) -> Party:
    """Write down fields of a party (kind, name, owner, zone, locale, channel, quiet_from, quiet_to, rest_days,
    deceased), making its row if there is none; None or "" takes a value away, from all its identities.

    `by` is for the audit, which the caller keeps. Returns the party as it reads now.
    Raises InputError for a value that is not allowed, saying which are.
    """
    del by
    checked = {key: _CHECKS[key](value) for key, value in fields.items()}
    top = canonical(connection, party)
    ensure(connection, top, now)
    connection.execute(update(PARTIES).where(PARTIES.c.party == top).values(**checked, changed_us=now))
    gone = {key: "" if key == "name" else None for key, value in checked.items() if value in (None, "")}
    others = identities(connection, top)[1:]
    if gone and others:
        connection.execute(update(PARTIES).where(PARTIES.c.party.in_(others)).values(**gone))
    if "name" in checked:
        index_words(connection, top, "name", 0, checked["name"])
    return party_of(connection, top)


def consent(
    connection: Connection, party: str, channel: str, *, given: bool, source: str, now: int, by: str, at_us: int = 0
) -> Party:
    """Write down what a party said about a channel, and how we know; `at_us`: when it was said (now, if left out)."""
    del by
    channel = _word(channel, "channel", "email, sms, phone or letter")
    if not source.strip():
        raise InputError(f"consent of {party!r} for {channel}: has no source; say how it is known (form, call, letter)")
    top = canonical(connection, party)
    ensure(connection, top, now)
    held = dict(connection.execute(select(PARTIES.c.consent).where(PARTIES.c.party == top)).scalar_one())
    held[channel] = {"given": given, "at_us": at_us or now, "source": source.strip()}
    connection.execute(update(PARTIES).where(PARTIES.c.party == top).values(consent=held, changed_us=now))
    return party_of(connection, top)


def ensure(connection: Connection, party: str, now: int) -> bool:
    """A row of its own for an identity that something is now known about, found by its words; whether it is new."""
    if connection.execute(select(PARTIES.c.party).where(PARTIES.c.party == party)).first() is not None:
        return False
    row = {"party": party, "kind": "customer", "name": "", "consent": {}, "made_us": now, "changed_us": now}
    connection.execute(insert(PARTIES).values(**row))
    index_words(connection, party, "identity", 0, party, fresh=True)
    return True


def _word(value: str, what: str, example: str) -> str:
    word = value.strip().lower()
    if not word or len(word) > 60:
        raise InputError(f"{what} {value[:60]!r}: is empty or too long; for example {example}")
    return word


def _kind(value: Any) -> str:
    if value not in KINDS:
        raise InputError(f"kind {value!r}: is none; a party is a {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    return str(value)


def _zone(value: Any) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not is_zone(value):
        raise InputError(f"zone {value!r}: is no time zone; for example Europe/Warsaw or America/New_York")
    return value


def _clock(value: Any) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise InputError(f"quiet hours {value!r}: is no time of day; write 21:00")
    return value


def _rest(value: Any) -> str | None:
    if value in (None, ""):
        return None
    try:
        days = float(value)
    except (TypeError, ValueError):
        days = -1.0
    if not 0 <= days <= 3650:
        raise InputError(f"rest days {value!r}: is no number of days from 0 to 3650")
    return str(value)


def _deceased(value: Any) -> str | None:
    if value in (None, ""):
        return None
    return DATE_UNKNOWN if value == DATE_UNKNOWN else str(read_partial(str(value)))


def _name(value: Any) -> str:
    return " ".join(str(value or "").split())[:300]


def _plain(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None


_CHECKS: Mapping[str, Any] = {
    "kind": _kind,
    "name": _name,
    "owner": _plain,
    "zone": _zone,
    "locale": _plain,
    "channel": lambda value: None if value in (None, "") else _word(value, "channel", "email, sms or phone"),
    "quiet_from": _clock,
    "quiet_to": _clock,
    "rest_days": _rest,
    "deceased": _deceased,
}
