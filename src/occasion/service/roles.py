"""Who may do what: what a line of the authorization table says, and how the line of a request is found.

The table itself is authorization.py; the guard enforces it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from starlette.routing import compile_path

COLLEAGUE, MANAGER, ANALYST, ADMIN = "colleague", "manager", "analyst", "admin"
ROLES = (COLLEAGUE, MANAGER, ANALYST, ADMIN)
EVERY_ROLE = frozenset(ROLES)
NAMES = frozenset({COLLEAGUE, MANAGER, ADMIN})  # whoever may see who a party is
LEAD = frozenset({MANAGER, ADMIN})
ADMINS = frozenset({ADMIN})

# How one gets in other than by a session; the route itself checks what it was shown.
ANYONE = "anyone"
EMPTY = "anyone, from any site"  # an empty answer; nothing is read or changed
WRITE_KEY = "write key"
READ_KEY = "read key"
SECRET = "secret address"
MONITOR = "this machine, a read key, or admin"
DOORS = (ANYONE, EMPTY, WRITE_KEY, READ_KEY, SECRET, MONITOR)

KIB = 1024
FORM = 256 * KIB
FILE = 8 * 1024 * KIB


@dataclass(frozen=True)
class Line:
    """One line of the table. `door`: "" for a session with one of `roles`, else one of DOORS.

    `own`: the path's parameter that names a party ("party") or an occasion ("occasion"); colleagues, and managers with
    teams, reach only their own. `most`: bytes of the body; None: the route has limits of its own.
    """

    methods: tuple[str, ...]
    path: str
    what: str
    roles: frozenset[str] = frozenset()
    door: str = ""
    own: str = ""
    most: int | None = FORM
    also: tuple[str, ...] = ()  # other paths of the same


@dataclass(frozen=True)
class Found:
    """The line a request falls under, and what its path names."""

    line: Line
    parameters: dict[str, str]
    template: str  # the path without what was in it: for logs and figures


class Authorization:
    """Finds the line of a request. `unlisted`: path templates of routes without a line, which only admins reach."""

    def __init__(self, lines: Iterable[Line], unlisted: Iterable[tuple[str, str]] = ()) -> None:
        everything = [*lines, *(Line((m,), path, "not in the table", ADMINS) for m, path in unlisted)]
        self._plain: dict[tuple[str, str], Line] = {}
        self._patterns: list[tuple[re.Pattern[str], Line, str]] = []
        for line in everything:
            for path in (line.path, *line.also):
                if "{" not in path:
                    self._plain.update({(method, path): line for method in _with_head(line.methods)})
                else:
                    self._patterns.append((compile_path(path)[0], line, path))

    def find(self, method: str, path: str) -> Found | None:
        """The line for a method and path; None: there is no such route, and nothing to guard."""
        plain = self._plain.get((method, path))
        if plain is not None:
            return Found(plain, {}, path)
        for pattern, line, template in self._patterns:
            match = pattern.match(path) if method in _with_head(line.methods) else None
            if match:
                return Found(line, match.groupdict(), template)
        return None


@cache
def _with_head(methods: tuple[str, ...]) -> tuple[str, ...]:
    return (*methods, "HEAD") if "GET" in methods else methods


def pairs(lines: Iterable[Line]) -> list[tuple[str, str]]:
    """Every (method, path template) that has a line."""
    return [(method, path) for line in lines for path in (line.path, *line.also) for method in line.methods]
