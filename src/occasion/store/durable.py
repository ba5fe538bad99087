"""Files that are either there in full or not at all, and one line when the disk is full."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from occasion.errors import InputError

PAUSE = 0.05  # seconds between two tries for a lock
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_WORDS = ("No space left", "disk is full", "File too large", "quota exceeded")


def sync_file(path: Path) -> None:
    """Wait until the file's bytes (or a folder's names) are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish(temporary: Path, path: Path) -> None:
    """Give a finished file its name: its bytes are on disk before the name is; sync the folder afterwards."""
    sync_file(temporary)
    os.replace(temporary, path)


def remove(path: Path) -> None:
    """Remove a file that nothing refers to any more."""
    path.unlink(missing_ok=True)


@contextmanager
def full_disk_said(where: Path) -> Iterator[None]:
    """Turn whatever a full disk raises into one line; other errors pass."""
    try:
        yield
    except Exception as error:
        if not is_full(error):
            raise
        raise InputError(
            f"{where}: the disk is full or a file may grow no further; nothing was changed: make room and load again"
        ) from error


def is_full(error: BaseException) -> bool:
    """Whether this error, or one it came from, says that the disk is full."""
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    return any(word.lower() in str(error).lower() for word in FULL_WORDS)


class FileLock:
    """A lock on a file that ends with its holder, however that ends; shared by many or held by one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[Any] | None = None

    @property
    def held(self) -> bool:
        """Whether this object has it."""
        return self._file is not None

    def take(self, *, shared: bool = False, wait: bool = False) -> bool:
        """Take it; False when somebody else has it and we are not to wait."""
        if self._file is not None:
            return True
        file = self._path.open("a")
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def take_soon(self, seconds: float) -> bool:
        """Take it alone, trying for some seconds."""
        for _ in range(int(seconds / PAUSE)):
            if self.take():
                return True
            time.sleep(PAUSE)
        return self.take()

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
