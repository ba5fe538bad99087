"""Parties that were erased: known only by a digest, so that a late retry does not bring them back."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from hashlib import blake2b

from sqlalchemy import Connection, insert, select

from occasion.store.schema.history import SETTINGS
from occasion.store.schema.log import TOMBSTONES

SALT = "salt"
SALT_BYTES = 16


def tombstone(salt: bytes, party: str) -> bytes:
    """The digest by which an erased party is known, in this workspace only."""
    return blake2b(party.encode(), digest_size=16, key=salt).digest()


def bury(connection: Connection, party: str, *, now: int, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
    """Write down that a party was erased; nothing of it is stored from then on (through `Writer.do` while it runs)."""
    digest = tombstone(_salt(connection, random), party)
    if connection.execute(select(TOMBSTONES.c.digest).where(TOMBSTONES.c.digest == digest)).first() is None:
        connection.execute(insert(TOMBSTONES).values(digest=digest, erased_us=now))


class Erased:
    """The erased parties as they stand: `party in erased`."""

    def __init__(self, connection: Connection) -> None:
        self._digests = frozenset(bytes(digest) for digest in connection.execute(select(TOMBSTONES.c.digest)).scalars())
        self._salt = _known_salt(connection) if self._digests else None

    def __bool__(self) -> bool:
        return bool(self._digests)

    def __contains__(self, party: str) -> bool:
        return self._salt is not None and tombstone(self._salt, party) in self._digests


def _known_salt(connection: Connection) -> bytes | None:
    found = connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.key == SALT)).scalar()
    return bytes.fromhex(found) if found else None


def _salt(connection: Connection, random: Callable[[int], bytes]) -> bytes:
    salt = _known_salt(connection)
    if salt is None:
        salt = random(SALT_BYTES)
        connection.execute(insert(SETTINGS).values(key=SALT, value=salt.hex()))
    return salt
