"""Keys of machines: what an event client shows instead of a password. Kept as digests only."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, or_, select, update

from occasion.desk.actions import SOURCE as DESK
from occasion.errors import InputError
from occasion.service.clock import Clock
from occasion.store.arrived import NotWritten
from occasion.store.audit import note
from occasion.store.schema.doors import KEYS

T = TypeVar("T")
MAY = ("write", "read")
SHOWN = 8  # characters of a key that are kept to tell it by
FRESH_US = 1_000_000  # a key made or ended elsewhere counts after this at the latest
USED_US = 60_000_000  # how exactly it is remembered when a key was used last
LONGEST_KEY = 200


@dataclass(frozen=True)
class Key:
    """A key that is in force: what its events are known under, and what it may do."""

    name: str
    source: str
    shown: str
    may: str
    digest: bytes
    ends_us: int | None


def new_key() -> str:
    """A key nobody can guess: 192 random bits."""
    return "occ_" + secrets.token_urlsafe(24)


def key_digest(secret: str) -> bytes:
    """What is kept of a key. Keys are long and random, so a plain hash cannot be guessed back."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def add_key(
    connection: Connection, secret: str, *, name: str, source: str, may: str, now: int, by: str, overlap_us: int | None
) -> None:
    """Keep a new key. With `overlap_us`, keys of the same name that have no end yet end that long from now.

    Raises InputError for an empty name, a source with a colon, an unknown right, a key that is there already.
    """
    _check(secret, name, source, may)
    digest = key_digest(secret)
    if connection.execute(select(KEYS.c.name).where(KEYS.c.digest == digest)).first():
        raise InputError(f"key {secret[:SHOWN]}...: is there already; leave the key out to get a new random one")
    if overlap_us is not None:
        old = (KEYS.c.name == name) & or_(KEYS.c.ends_us.is_(None), KEYS.c.ends_us > now + overlap_us)
        connection.execute(update(KEYS).where(old).values(ends_us=now + overlap_us))
    row = {"digest": digest, "name": name, "source": source, "shown": secret[:SHOWN], "may": may}
    connection.execute(KEYS.insert().values(**row, made_us=now, made_by=by, ends_us=None, used_us=None))
    note(connection, now, by, "key made", f"key:{name}", {"source": source, "may": may, "shown": secret[:SHOWN]})


def _check(secret: str, name: str, source: str, may: str) -> None:
    if not name.strip() or len(name) > 100:
        raise InputError(f"key name {name[:20]!r}: must be 1 to 100 characters; for example website")
    if not source.strip() or ":" in source or len(source) > 100:
        raise InputError(f"--source {source[:20]!r}: must be 1 to 100 characters without a colon; for example website")
    if source.strip().lower() == DESK:
        raise InputError(f"--source {source!r}: is the desk's own; name another, for example website")
    if may not in MAY:
        raise InputError(f"--may {may!r}: a key may {' or '.join(MAY)}")
    if not 16 <= len(secret) <= LONGEST_KEY or ":" in secret or not secret.isascii() or not secret.isprintable():
        raise InputError(f"key of {len(secret)} characters: 16 to {LONGEST_KEY} ASCII characters, no colon")


def end_key(connection: Connection, named: str, now: int, by: str) -> int:
    """End the keys of this name, or the one whose shown beginning it is, now; returns how many.

    Raises InputError when no key in force answers to it.
    """
    alive = or_(KEYS.c.ends_us.is_(None), KEYS.c.ends_us > now)
    which = or_(KEYS.c.name == named, KEYS.c.shown == named[:SHOWN]) & alive
    ended = connection.execute(update(KEYS).where(which).values(ends_us=now)).rowcount
    if not ended:
        raise InputError(f"key {named!r}: none in force has this name or beginning; see occasion key list")
    note(connection, now, by, "key ended", f"key:{named[:100]}", {"ended": int(ended)})
    return int(ended)


def list_keys(connection: Connection) -> list[dict[str, Any]]:
    """Every key, newest first: name, source, shown, may, made_us, made_by, ends_us, used_us."""
    rows = connection.execute(select(KEYS).order_by(KEYS.c.made_us.desc(), KEYS.c.name))
    return [{k: v for k, v in row._mapping.items() if k != "digest"} for row in rows]


class Keyring:
    """The keys in force, looked up by what a client showed. Reads the table again at most once a second."""

    def __init__(
        self, engine: Engine, clock: Clock, do: Callable[[Callable[[Connection], None]], Future[None]]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._do = do
        self._keys: dict[bytes, Key] = {}
        self._used: dict[bytes, int] = {}
        self._read_at = -FRESH_US

    def find(self, secret: str, may: str = "write") -> Key | None:
        """The key in force that this secret opens and that has this right, else None."""
        now = self._clock()
        if not 0 <= now - self._read_at < FRESH_US:
            self._read(now)
        if not 0 < len(secret) <= LONGEST_KEY:
            return None
        key = self._keys.get(key_digest(secret))
        if key is None or key.may != may or (key.ends_us is not None and key.ends_us <= now):
            return None
        if now - self._used.get(key.digest, 0) >= USED_US:
            self._used[key.digest] = now
            with suppress(NotWritten):  # a server about to stop has better things to do
                self._do(lambda connection: _note_use(connection, key.digest, now))
        return key

    def _read(self, now: int) -> None:
        with self._engine.connect() as connection:
            rows = connection.execute(select(KEYS)).all()
        self._keys = {r.digest: Key(r.name, r.source, r.shown, r.may, r.digest, r.ends_us) for r in rows}
        self._read_at = now


def _note_use(connection: Connection, digest: bytes, now: int) -> None:
    connection.execute(update(KEYS).where(KEYS.c.digest == digest).values(used_us=now))
