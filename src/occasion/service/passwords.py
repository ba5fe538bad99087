"""Passwords: argon2id, at most two computed at a time, and the same time spent whether or not the name is known."""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from occasion.errors import InputError

SHORTEST, LONGEST = 12, 256  # characters
# 64 MiB and three passes: RFC 9106's second recommendation, which is this library's default too.
HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4, type=Type.ID)
_AT_ONCE = threading.Semaphore(2)  # each takes 64 MiB
PATIENCE = 5  # seconds to wait for one's turn


class TooMany(Exception):
    """So many passwords are being compared that this one did not get its turn."""


def hash_password(password: str, about: str = "") -> str:
    """The encoded hash of a new password; `about` (id, name) must not be most of it.

    Raises InputError when it is too short, too long or the person's own name.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(
            f"the password has {len(password)} characters: it must have {SHORTEST} to {LONGEST}; a few words will do"
        )
    if len(set(password)) < 5 or (about and password.lower().strip("0123456789 ") in about.lower()):
        raise InputError("the password is too easy to guess: it must not be your name or one letter; take a few words")
    with _AT_ONCE:
        return HASHER.hash(password)


def verify(encoded: str | None, password: str) -> bool:
    """Whether it is the password. Without a stored one as much time is spent, and the answer is no.

    Raises TooMany when others keep it waiting for too long.
    """
    if not _AT_ONCE.acquire(timeout=PATIENCE):
        raise TooMany
    try:
        matches = HASHER.verify(encoded or _nobody(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _AT_ONCE.release()
    return matches and encoded is not None


def is_outdated(encoded: str) -> bool:
    """Whether it was made with other costs than today's, so that it is made anew at this login."""
    return HASHER.check_needs_rehash(encoded)


def warm_up() -> None:
    """Make the hash that unknown names are compared with, so that the first of them takes no longer than the next."""
    _nobody()


@cache
def _nobody() -> str:
    """A hash that no password has: what an unknown name is compared with."""
    return HASHER.hash("nobody's password, which nobody knows \x00")
