"""The audit: who did what to what, in a chain where each row holds the digest of the one before.

Rows are only ever added; triggers in the database refuse to change or remove them, and `verify` finds a row that was
changed all the same. Two things it is not told: words or details about a party (facts are counts, kinds and ids of the
desk's own), and who a party is. `about` names a party by a random name; AUDIT_NAMES says whose it is, and erasing the
party removes that line (`forget_party`): the chain stays whole, and nobody can tell any more whose rows these were.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, true
from sqlalchemy.exc import IntegrityError

from occasion.store.schema.doors import AUDIT, AUDIT_NAMES

START = bytes(32)  # what the first row has before it
PARTY = "party:"
AT_A_TIME = 1000  # rows of the chain in memory
LONGEST_FACT = 200  # characters of a text among the facts
SYSTEM = "system"
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Head:
    """The chain is intact; its length and last digest (hex). Noted elsewhere, they show later that nothing was cut."""

    rows: int
    digest: str


@dataclass(frozen=True)
class Broken:
    """The first row where the chain does not hold, and why."""

    number: int
    why: str


def note(  # noqa: PLR0917 - read as a sentence: who did what to what
    connection: Connection, now: int, actor: str, action: str, about: str, facts: Facts | None = None
) -> int:
    """Add a row in the caller's transaction; returns its number.

    `actor`: a colleague's id, `key:<name>`, or `system`. `action`: verb and thing, such as "occasion taken". `about`:
    `party:<id>` (kept under a random name), `occasion:<number>`, `moment:<name>`, `colleague:<id>`, ... `facts`:
    numbers, flags and short words of the desk; nothing that a party said or is. Raises ValueError where it is not so.
    """
    if not actor or not action:
        raise ValueError("the audit needs who did it and what was done")
    kept = dict(facts or {})
    _check_facts(kept, about)
    _one_at_a_time(connection)
    if about.startswith(PARTY):
        about = PARTY + _name(connection, about.removeprefix(PARTY))
    last = connection.execute(select(AUDIT.c.number, AUDIT.c.digest).order_by(AUDIT.c.number.desc()).limit(1)).first()
    number, before = (last.number + 1, last.digest) if last else (1, START)
    digest = _digest(before, number, now, actor, action, about, kept)
    row = {"number": number, "at_us": now, "actor": actor, "action": action, "about": about, "facts": kept}
    connection.execute(insert(AUDIT).values(**row, before=before, digest=digest))
    return number


def verify(connection: Connection, expected: tuple[int, str] | None = None) -> Head | Broken:
    """Walk the chain. `expected`: number and digest (hex) of a row as noted earlier, which must still be there."""
    before, length, wanted = START, 0, expected[0] if expected else 0
    for row in _rows(connection):
        length += 1
        if row.number != length:
            return Broken(length, f"row {length} is missing: after {length - 1} comes {row.number}")
        if bytes(row.before) != before:
            return Broken(length, "it does not follow the row before it")
        digest = _digest(before, row.number, row.at_us, row.actor, row.action, row.about, row.facts)
        if bytes(row.digest) != digest:
            return Broken(length, "its content is not what its digest was made of")
        if expected and length == wanted and digest.hex() != expected[1]:
            return Broken(length, "it is not the row that was noted earlier: the chain was written anew")
        before = digest
    if wanted > length:
        return Broken(length + 1, f"the chain ends at {length}, but row {wanted} was noted earlier: rows were cut off")
    return Head(length, before.hex())


def party_names(connection: Connection, parties: Sequence[str]) -> list[str]:
    """What `about` is for these identities; those the audit never met are left out."""
    found = connection.execute(select(AUDIT_NAMES.c.name).where(AUDIT_NAMES.c.party.in_(parties))).scalars()
    return [PARTY + name for name in found]


def parties_of(connection: Connection, abouts: Sequence[str]) -> dict[str, str]:
    """The other way: `about` to the identity it means, for a page; erased ones are left out."""
    names = [about.removeprefix(PARTY) for about in abouts if about.startswith(PARTY)]
    rows = connection.execute(select(AUDIT_NAMES).where(AUDIT_NAMES.c.name.in_(names)))
    return {PARTY + row.name: row.party for row in rows}


def forget_party(connection: Connection, party: str) -> bool:
    """For erasure: nobody can tell any more which rows were about this identity. Returns whether there were any."""
    return bool(connection.execute(delete(AUDIT_NAMES).where(AUDIT_NAMES.c.party == party)).rowcount)


def _one_at_a_time(connection: Connection) -> None:
    """Nobody else adds a row between our reading of the last one and our commit: a command may run beside a server."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("UPDATE audit SET number = number WHERE 0"))  # takes the write lock, changes nothing
    else:
        connection.execute(text("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE"))


def _name(connection: Connection, party: str) -> str:
    found = connection.execute(select(AUDIT_NAMES.c.name).where(AUDIT_NAMES.c.party == party)).scalar()
    if found is not None:
        return str(found)
    name = secrets.token_hex(8)
    try:
        with connection.begin_nested():
            connection.execute(insert(AUDIT_NAMES).values(party=party, name=name))
    except IntegrityError:  # met at the same time by somebody else
        return str(connection.execute(select(AUDIT_NAMES.c.name).where(AUDIT_NAMES.c.party == party)).scalar_one())
    return name


def _rows(connection: Connection) -> Iterator[Any]:
    last = None
    while True:
        after = AUDIT.c.number > last if last is not None else true()
        rows = connection.execute(select(AUDIT).where(after).order_by(AUDIT.c.number).limit(AT_A_TIME)).all()
        yield from rows
        if len(rows) < AT_A_TIME:
            return
        last = rows[-1].number


def _digest(before: bytes, *row: Any) -> bytes:
    """`row`: number, at_us, actor, action, about, facts."""
    content = json.dumps([*row, before.hex()], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()


def _check_facts(facts: Any, about: str) -> None:
    """Only what both databases give back exactly, and nothing that reads like somebody's words."""
    party = about.removeprefix(PARTY) if about.startswith(PARTY) else None
    if isinstance(facts, dict):
        if not all(isinstance(key, str) for key in facts):
            raise ValueError("the names of facts must be texts")
        for value in facts.values():
            _check_facts(value, about)
    elif isinstance(facts, list | tuple):
        for value in facts:
            _check_facts(value, about)
    elif isinstance(facts, str):
        if len(facts) > LONGEST_FACT or "\x00" in facts:
            raise ValueError(f"a fact of the audit is a short word of the desk, not a text of {len(facts)} characters")
        if party and party in facts:
            raise ValueError("the facts of an audit row must not name the party")
    elif facts is not None and not isinstance(facts, bool | int):
        raise ValueError(f"a fact of the audit is a number, a flag or a short word, not {type(facts).__name__}")
