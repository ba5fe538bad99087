"""Sessions of colleagues: a random token in a cookie, of which only the digest is stored.

A session ends when nobody used it for a while (idle), at the latest after a set time (absolute), at logout, and for all
of a colleague's sessions when their role or password changes or they leave.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, or_, select, update

from occasion.desk.viewer import Viewer
from occasion.service.door_settings import LoginSettings
from occasion.store.schema.doors import COLLEAGUES, SESSIONS, TEAMS

TOKEN_BYTES = 32
LONGEST_TOKEN = 64  # characters; a longer cookie is not even hashed
SEEN_STEP = 60  # a session's last use is written when it is older than idle / this
MOST_SESSIONS = 20  # of one colleague; the oldest end


@dataclass(frozen=True)
class Session:
    """A session found by its token; `stale`: its last use should be written."""

    digest: bytes
    viewer: Viewer
    csrf: str
    stale: bool


def digest_of(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def begin(connection: Connection, colleague: str, now: int, settings: LoginSettings, old: str | None = None) -> str:
    """A new session; returns its token. `old`, the token the browser had before, ends: a login always rotates."""
    if old:
        end(connection, old)
    sweep(connection, now, settings)
    _keep_newest(connection, colleague)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    connection.execute(
        insert(SESSIONS).values(
            digest=digest_of(token),
            colleague=colleague,
            csrf=secrets.token_urlsafe(TOKEN_BYTES),
            begun_us=now,
            seen_us=now,
            ends_us=now + settings.longest_us,
        )
    )
    return token


def find(connection: Connection, token: str, now: int, settings: LoginSettings) -> Session | None:
    """The session of a token, if it lives and its colleague has not left."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    digest = digest_of(token)
    query = (
        select(SESSIONS, COLLEAGUES.c.id, COLLEAGUES.c.name, COLLEAGUES.c.role, COLLEAGUES.c.locale, COLLEAGUES.c.zone)
        .join(COLLEAGUES, COLLEAGUES.c.id == SESSIONS.c.colleague)
        .where(SESSIONS.c.digest == digest, or_(COLLEAGUES.c.left_us.is_(None), COLLEAGUES.c.left_us > now))
    )
    row = connection.execute(query).mappings().first()
    if row is None or now >= row["ends_us"] or now >= row["seen_us"] + settings.idle_us:
        return None
    teams = connection.execute(select(TEAMS.c.team).where(TEAMS.c.colleague == row["id"]).order_by(TEAMS.c.team))
    viewer = Viewer(row["id"], row["name"], row["role"], tuple(teams.scalars()), row["locale"], row["zone"])
    return Session(digest, viewer, row["csrf"], now - row["seen_us"] > settings.idle_us // SEEN_STEP)


def touch(connection: Connection, digest: bytes, now: int) -> None:
    """Write that a session is in use."""
    connection.execute(update(SESSIONS).where(SESSIONS.c.digest == digest).values(seen_us=now))


def end(connection: Connection, token: str) -> None:
    """End the session of a token; an unknown one is no error."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest_of(token)))


def end_all(connection: Connection, colleague: str) -> int:
    """End every session of a colleague, on every device; returns how many there were."""
    return connection.execute(delete(SESSIONS).where(SESSIONS.c.colleague == colleague)).rowcount


def sweep(connection: Connection, now: int, settings: LoginSettings) -> None:
    """Forget the sessions that have ended by themselves."""
    connection.execute(
        delete(SESSIONS).where(or_(SESSIONS.c.ends_us <= now, SESSIONS.c.seen_us <= now - settings.idle_us))
    )


def _keep_newest(connection: Connection, colleague: str) -> None:
    query = select(SESSIONS.c.digest).where(SESSIONS.c.colleague == colleague).order_by(SESSIONS.c.begun_us.desc())
    for digest in connection.execute(query.offset(MOST_SESSIONS - 1)).scalars().all():
        connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest))
