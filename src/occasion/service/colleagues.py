"""Colleagues as accounts: add, role, password, the provider's subject. What leaving does to the desk is not here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from occasion.errors import InputError
from occasion.events.convert import is_zone
from occasion.service import sessions
from occasion.service.passwords import hash_password
from occasion.store import audit
from occasion.store.schema.doors import COLLEAGUES, TEAMS

ROLES = ("colleague", "manager", "analyst", "admin")
CAPACITY = 12  # occasions a day, where nothing was said
ID = re.compile(r"[a-z][a-z0-9._-]{0,39}\Z")


@dataclass(frozen=True)
class Account:
    """One line of the list of colleagues."""

    id: str
    name: str
    email: str | None
    role: str
    teams: tuple[str, ...]
    password: bool
    subject: bool
    left_us: int | None


def add(
    connection: Connection,
    now: int,
    by: str,
    *,
    id: str,
    name: str,
    role: str,
    email: str | None = None,
    teams: tuple[str, ...] = (),
    password: str | None = None,
    zone: str | None = None,
    locale: str | None = None,
    capacity: int = CAPACITY,
) -> None:
    """A new colleague; without a password they log in with the provider only. Raises InputError for what cannot be."""
    if not ID.match(id):
        raise InputError(f"the id {id!r} cannot be used: small letters, digits, dot, dash, at most 40, such as ewa.k")
    if zone is not None and not is_zone(zone):
        raise InputError(f"the zone {zone!r} is no time zone: for example Europe/Warsaw or UTC")
    if not name.strip():
        raise InputError("a colleague needs a name, as it is shown on the desk")
    if not 0 <= capacity <= 500:
        raise InputError(f"the capacity {capacity} cannot be: occasions a day, 0 to 500")
    check_role(role)
    if connection.execute(select(COLLEAGUES.c.id).where(COLLEAGUES.c.id == id)).scalar() is not None:
        raise InputError(f"the id {id!r} is taken; choose another, or change that colleague")
    email = check_email(connection, email)
    encoded = hash_password(password, f"{id} {name}") if password is not None else None
    connection.execute(
        insert(COLLEAGUES).values(
            id=id,
            name=name.strip(),
            email=email,
            role=role,
            password=encoded,
            capacity=capacity,
            zone=zone,
            locale=locale,
            notify={},
            joined_us=now,
        )
    )
    set_teams(connection, id, teams)
    facts = {"role": role, "password": password is not None, "teams": list(teams)}
    audit.note(connection, now, by, "colleague added", f"colleague:{id}", facts)


def check_role(role: str) -> None:
    """Raises InputError unless it is one of the four."""
    if role not in ROLES:
        raise InputError(f"the role {role!r} is none: it must be one of {', '.join(ROLES)}")


def check_email(connection: Connection, email: str | None, of: str | None = None) -> str | None:
    """A mail address in small letters, nobody else's; raises InputError otherwise."""
    if not email:
        return None
    email = email.strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise InputError(f"the address {email!r} is no mail address; write one such as ewa@example.com")
    owner = connection.execute(select(COLLEAGUES.c.id).where(COLLEAGUES.c.email == email)).scalar()
    if owner not in (None, of):
        raise InputError(f"the address {email!r} is {owner}'s already; give each colleague their own")
    return email


def set_teams(connection: Connection, id: str, teams: tuple[str, ...]) -> None:
    """Put a colleague into these teams and no others."""
    connection.execute(delete(TEAMS).where(TEAMS.c.colleague == id))
    for team in sorted(set(teams)):
        connection.execute(insert(TEAMS).values(team=team, colleague=id))


def set_role(connection: Connection, now: int, by: str, id: str, role: str) -> None:
    """Another role; all their sessions end. The last admin stays one."""
    check_role(role)
    before = _one(connection, id, now)
    if before == "admin" and role != "admin":
        _another_admin(connection, id, now)
    connection.execute(update(COLLEAGUES).where(COLLEAGUES.c.id == id).values(role=role))
    ended = sessions.end_all(connection, id)
    facts = {"from": before, "to": role, "sessions ended": ended}
    audit.note(connection, now, by, "colleague role changed", f"colleague:{id}", facts)


def set_password(connection: Connection, now: int, by: str, id: str, password: str) -> None:
    """A new password; all their sessions end. Raises InputError for a weak one."""
    _one(connection, id, now)
    name = connection.execute(select(COLLEAGUES.c.name).where(COLLEAGUES.c.id == id)).scalar_one()
    encoded = hash_password(password, f"{id} {name}")
    connection.execute(update(COLLEAGUES).where(COLLEAGUES.c.id == id).values(password=encoded))
    ended = sessions.end_all(connection, id)
    audit.note(connection, now, by, "colleague password changed", f"colleague:{id}", {"sessions ended": ended})


def bind_subject(connection: Connection, now: int, by: str, id: str, *, issuer: str, subject: str) -> None:
    """This account at the OIDC provider is that colleague; another binding of theirs is replaced."""
    _one(connection, id, now)
    value = subject_of(issuer, subject)
    owner = connection.execute(select(COLLEAGUES.c.id).where(COLLEAGUES.c.subject == value)).scalar()
    if owner not in (None, id):
        raise InputError(f"this account of the provider is {owner}'s already; take it from them first")
    connection.execute(update(COLLEAGUES).where(COLLEAGUES.c.id == id).values(subject=value))
    sessions.end_all(connection, id)
    audit.note(connection, now, by, "colleague bound to provider", f"colleague:{id}", {})


def subject_of(issuer: str, subject: str) -> str:
    """What COLLEAGUES.subject holds: the issuer's address has no space, so no two pairs are written alike."""
    return f"{issuer} {subject}"


def close_account(connection: Connection, now: int, by: str, id: str) -> None:
    """The door side of leaving: sessions end, nothing lets them in again; the desk's side (bonds) comes before it."""
    check_may_leave(connection, now, id)
    gone: dict[str, Any] = {"left_us": now, "password": None, "subject": None, "notify": {}}
    connection.execute(update(COLLEAGUES).where(COLLEAGUES.c.id == id).values(**gone))
    ended = sessions.end_all(connection, id)
    audit.note(connection, now, by, "colleague left", f"colleague:{id}", {"sessions ended": ended})


def check_may_leave(connection: Connection, now: int, id: str) -> None:
    """Raises InputError for somebody who is not here, and for the last admin."""
    if _one(connection, id, now) == "admin":
        _another_admin(connection, id, now)


def accounts(connection: Connection) -> list[Account]:
    """Everybody, by id, those who left included."""
    teams: dict[str, list[str]] = {}
    for row in connection.execute(select(TEAMS).order_by(TEAMS.c.team)):
        teams.setdefault(row.colleague, []).append(row.team)
    return [
        Account(
            row.id,
            row.name,
            row.email,
            row.role,
            tuple(teams.get(row.id, ())),
            row.password is not None,
            row.subject is not None,
            row.left_us,
        )
        for row in connection.execute(select(COLLEAGUES).order_by(COLLEAGUES.c.id))
    ]


def _one(connection: Connection, id: str, now: int) -> str:
    """The role of a colleague who has not left."""
    here = or_(COLLEAGUES.c.left_us.is_(None), COLLEAGUES.c.left_us > now)
    role = connection.execute(select(COLLEAGUES.c.role).where(COLLEAGUES.c.id == id, here)).scalar()
    if role is None:
        raise InputError(f"there is no colleague {id!r} here; occasion colleague list shows them")
    return str(role)


def _another_admin(connection: Connection, id: str, now: int) -> None:
    here = or_(COLLEAGUES.c.left_us.is_(None), COLLEAGUES.c.left_us > now)
    query = select(func.count()).where(COLLEAGUES.c.role == "admin", COLLEAGUES.c.id != id, here)
    if not connection.execute(query).scalar_one():
        raise InputError(f"{id} is the only admin: make somebody else one first (occasion colleague role NAME admin)")
