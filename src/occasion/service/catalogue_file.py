"""The catalogue's file as the watcher reads it: again when it changed, and not while somebody still writes it."""

from __future__ import annotations

from pathlib import Path

from occasion.errors import InputError
from occasion.moments.catalogue import read_catalogue
from occasion.service.watched import Plan


class CatalogueFile:
    """`problems`: what is wrong with it as it was last read, one line each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: tuple[str, ...] = ()
        self._read: tuple[int, ...] = ()  # as it was read
        self._seen: tuple[int, ...] = ()  # and as it was last looked at

    def plan(self) -> Plan | None:
        """What it says; None if it is the one that was read before, or cannot be read."""
        try:
            found = self.path.stat()
            stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
            if stamp == self._read or self._half_written(stamp):
                return None
            self._read = stamp
            plan = Plan.of(read_catalogue(self.path))
        except OSError as error:
            self._read = ()  # it may come back as it was
            self.problems = (f"{self.path.name}: cannot be read ({error.strerror}); what was watched goes on",)
            return None
        except InputError as error:
            self.problems = (f"{error}; what was watched goes on",)
            return None
        self.problems = plan.problems
        return plan

    def _half_written(self, stamp: tuple[int, ...]) -> bool:
        """Whether somebody may still be writing: the very file that was read changed since the last look."""
        before, self._seen = self._seen, stamp
        return bool(self._read) and stamp[0] == self._read[0] and stamp != before


__all__ = ["CatalogueFile"]
