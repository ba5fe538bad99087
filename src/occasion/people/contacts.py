"""Contacts of a file into the records: each found or made as a party, what it says noted with its source.

Bringing the same file in twice changes nothing: a contact is known by the identity its file states, else by its mail
address together with its name, else by what it consists of. What a person wrote by hand stays (see traits), and a
detail that was ended is not noted again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, select

from occasion.errors import InputError
from occasion.people import details
from occasion.people.contact import Contact, Refused
from occasion.people.parties import Kind, change, ensure, party_of
from occasion.people.search import LONGEST, fold, words
from occasion.people.traits import Said, learn
from occasion.store.schema.people import DETAILS, FINDABLE, PARTIES

Forbidden = Callable[[str], bool]


@dataclass
class Brought:
    """What bringing contacts in did: counts of contacts, and what was refused."""

    new: int = 0
    changed: int = 0
    same: int = 0
    refused: list[Refused] = field(default_factory=list)

    def add(self, other: Brought) -> None:
        """Count these too."""
        self.new += other.new
        self.changed += other.changed
        self.same += other.same
        self.refused += other.refused


def bring_in(
    connection: Connection,
    contacts: Iterable[Contact],
    *,
    source: str,
    now: int,
    by: str,
    kind: Kind = "customer",
    forbidden: Forbidden = lambda party: False,
) -> Brought:
    """Write contacts down. `kind` is of parties that are new; `forbidden`: identities that were erased.

    Each contact is taken whole or refused: one that cannot be written leaves the others as they are.
    """
    done = Brought()
    for contact in contacts:
        try:
            with connection.begin_nested():
                party = _identity(connection, contact)
                if forbidden(party):
                    raise InputError("was erased, and is not brought back")
                fresh = ensure(connection, party, now)
                changed = _write(connection, contact, party, fresh, _How(source, now, by, kind))
        except InputError as error:
            done.refused.append(Refused(contact.line, "contact", contact.name, str(error)))
            continue
        if fresh:
            done.new += 1
        elif changed:
            done.changed += 1
        else:
            done.same += 1
    return done


@dataclass(frozen=True)
class _How:
    source: str
    now: int
    by: str
    kind: Kind


def _exists(connection: Connection, party: str) -> bool:
    return connection.execute(select(PARTIES.c.party).where(PARTIES.c.party == party)).first() is not None


def _identity(connection: Connection, contact: Contact) -> str:
    if contact.party or _exists(connection, contact.uid):
        return contact.party or contact.uid
    for email in contact.emails:
        for party in _with_word(connection, fold(email)[:LONGEST]):
            if _alike(contact.name, party_of(connection, party).name):
                return party
    written = "\x1f".join([fold(contact.name), *contact.emails[:1], *contact.phones[:1], contact.birthday or ""])
    made = blake2b(written.encode(), digest_size=8).hexdigest()
    if contact.uid:
        return contact.uid
    if contact.emails and not _exists(connection, contact.emails[0]):
        return contact.emails[0]
    return f"contact:{made}"


def _with_word(connection: Connection, word: str) -> Sequence[str]:
    rows = connection.execute(
        select(FINDABLE.c.party)
        .where(FINDABLE.c.word == word, FINDABLE.c.place.in_(("trait", "identity")))
        .order_by(FINDABLE.c.party)
    ).scalars()
    return list(dict.fromkeys(rows))


def _alike(one: str, other: str) -> bool:
    """Whether two names may be one person's: the words of one are among the other's, or one is unknown."""
    ours, theirs = set(words(one)), set(words(other))
    return ours <= theirs or theirs <= ours


def _write(connection: Connection, contact: Contact, party: str, fresh: bool, how: _How) -> bool:
    """Whether anything changed."""
    before = party_of(connection, party)
    said = Said(party, _traits(contact), how.source, how.now, contact.kind or how.kind)
    changed = learn(connection, [said], now=how.now, noted=how.source) > 0
    fields: dict[str, Any] = {}
    if contact.kind or fresh:
        fields["kind"] = contact.kind or how.kind
    for name in ("channel", "owner"):
        value = getattr(contact, name)
        if value and getattr(before, name) is None:
            fields[name] = value
    if any(getattr(before, name) != value for name, value in fields.items()):
        change(connection, party, now=how.now, by=how.by, **fields)
        changed = True
    for detail in contact.details:
        changed |= _detail(connection, party, detail, how)
    return changed


def _traits(contact: Contact) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": contact.name, "email": contact.emails[0] if contact.emails else "",
        "phone": contact.phones[0] if contact.phones else "", "emails": contact.emails[1:],
        "phones": contact.phones[1:],
        "address": contact.addresses[0] if contact.addresses else "", "addresses": contact.addresses[1:],
        "birthday": contact.birthday, "deceased": contact.deceased, "timezone": contact.zone, "locale": contact.locale,
        **contact.traits,
    }  # fmt: skip
    return {key: value for key, value in found.items() if value}


def _detail(connection: Connection, party: str, given: tuple[details.DetailKind, str, str | None], how: _How) -> bool:
    kind, text, date = given
    mine = (DETAILS.c.party == party) & (DETAILS.c.text == text) & (DETAILS.c.kind == kind)
    on = DETAILS.c.on_date.is_(None) if date is None else DETAILS.c.on_date == date
    if connection.execute(select(DETAILS.c.number).where(mine, on)).first() is not None:
        return False
    details.note(connection, party, text, kind=kind, on_date=date, source=how.source, now=how.now, by=how.by, own=True)
    return True
