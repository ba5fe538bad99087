"""What was erased, as digests only, in `data/erasures.jsonl`: not in the records, so that a restored
backup can be made to forget again.

A line has the instant, the workspace's salt and the salted digests of the identities. Who holds the file cannot read
from it who was erased, but can test whether a known identity was: keep it as the data it stands beside.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, insert, select

from occasion.errors import InputError
from occasion.store.schema.history import SETTINGS
from occasion.store.schema.log import TOMBSTONES
from occasion.store.tombstones import SALT, bury, tombstone

FILE = "erasures.jsonl"


class Erasure(msgspec.Struct, frozen=True):
    """One erasure: when, with which salt, and the digests of all identities (hex)."""

    at_us: int
    salt: str
    digests: tuple[str, ...]


def written(data: Path) -> list[Erasure]:
    """The erasures of a workspace, oldest first. InputError when the file cannot be read."""
    path = data / FILE
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if line.strip():
            try:
                found.append(msgspec.json.decode(line, type=Erasure))
            except msgspec.MsgspecError as error:
                raise InputError(f"{path}: line {number} is no erasure ({error}); restore the file first") from None
    return found


def write_down(data: Path, erasure: Erasure) -> None:
    """Add an erasure; on disk when this returns. One that is there already is not added twice."""
    if any(set(erasure.digests) <= set(known.digests) for known in written(data) if known.salt == erasure.salt):
        return
    with (data / FILE).open("ab") as file:
        file.write(msgspec.json.encode(erasure) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def bury_all(connection: Connection, parties: Sequence[str], *, now: int) -> Erasure:
    """Tombstones for all these identities, and what to write down about it."""
    for party in parties:
        bury(connection, party, now=now)
    salt = bytes.fromhex(connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.key == SALT)).scalar_one())
    return Erasure(now, salt.hex(), tuple(sorted(tombstone(salt, party).hex() for party in parties)))


def bury_again(connection: Connection, erasures: Iterable[Erasure]) -> None:
    """Tombstones of what was erased before, in records that may be older than that.

    Records without a salt take that of the first erasure, so that digests mean the same again.
    """
    there = {bytes(digest) for digest in connection.execute(select(TOMBSTONES.c.digest)).scalars()}
    salt = connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.key == SALT)).scalar()
    for erasure in erasures:
        if salt is None:
            salt = erasure.salt
            connection.execute(insert(SETTINGS).values(key=SALT, value=salt))
        for digest in erasure.digests if salt == erasure.salt else ():
            if bytes.fromhex(digest) not in there:
                connection.execute(insert(TOMBSTONES).values(digest=bytes.fromhex(digest), erased_us=erasure.at_us))
                there.add(bytes.fromhex(digest))


def among(erasures: Sequence[Erasure], parties: Iterable[str]) -> list[str]:
    """Those of the identities that were erased."""
    by_salt: dict[str, set[str]] = {}
    for erasure in erasures:
        by_salt.setdefault(erasure.salt, set()).update(erasure.digests)
    salts = [(bytes.fromhex(salt), digests) for salt, digests in by_salt.items()]
    return [party for party in parties if any(tombstone(salt, party).hex() in digests for salt, digests in salts)]
