"""docs/authorization.md from the table: python -m occasion.service.authorization_text > docs/authorization.md"""

from __future__ import annotations

import sys

from occasion.service.authorization import TABLE
from occasion.service.roles import ANYONE, EMPTY, MONITOR, READ_KEY, ROLES, SECRET, WRITE_KEY, Line

HEAD = """# Who may do what

This page is written from the table in `occasion/service/authorization.py`
(`python -m occasion.service.authorization_text`), which is the same table that one piece of middleware enforces before
any route runs (`occasion/service/guard.py`). A test keeps the two equal and tries every route with every role and with
none. A route without a line is for admins only and fails that test.

## Roles

| role | sees |
|---|---|
| colleague | own parties and occasions: those whose owner is the colleague or one of their teams, or that they took |
| manager | those of everybody in their teams; a manager without a team: all |
| analyst | numbers, never who a party is |
| admin | everything, and who may come in |

"own" in the table: the party or occasion in the address has to be one that they see by these rules; otherwise the
answer is 404, the same as for one that does not exist. A page that lists things lists those only.

## Ways in other than a session

| way | what has to be shown |
|---|---|
| anyone | nothing |
| anyone, from any site | nothing; the answer is empty and nothing is kept |
| write key | a key that may write, as event clients send it; a session is of no use there |
| read key | a key that may read (`occasion key new NAME --may read`), as a bearer token |
| secret address | the address itself, which holds a random secret and can be revoked |
| this machine, a read key, or admin | one of the three; a request that a proxy passed on is not from this machine |

Whatever changes something in a session has to come from our own pages (`Origin`, `Sec-Fetch-Site`) and carry the
session's token (field `csrf` or header `X-CSRF-Token`). The third column says how large a body may be.

## Routes

| route | what | body | colleague | manager | analyst | admin | otherwise |
|---|---|---|---|---|---|---|---|
"""
ALWAYS = (ANYONE, EMPTY, WRITE_KEY, READ_KEY, SECRET, MONITOR)


def text() -> str:
    """The whole page."""
    return HEAD + "".join(_row(line) for line in TABLE)


def _row(line: Line) -> str:
    methods, paths = " ".join(line.methods), "<br>".join(f"`{path}`" for path in (line.path, *line.also))
    size = "-" if line.methods == ("GET",) else "its own limits" if line.most is None else f"{line.most // 1024} KiB"
    cells = [_cell(line, role) for role in ROLES]
    return f"| {methods} {paths} | {line.what} | {size} | {' | '.join(cells)} | {line.door or '-'} |\n"


def _cell(line: Line, role: str) -> str:
    if line.door in ALWAYS:
        return "yes" if line.door in (ANYONE, EMPTY) or (line.door == MONITOR and role == "admin") else "-"
    if role not in line.roles:
        return "-"
    return "own" if line.own and role in ("colleague", "manager") else "yes"


if __name__ == "__main__":
    sys.stdout.write(text())
