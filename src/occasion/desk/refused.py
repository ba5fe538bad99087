"""The page of what was refused: the latest first, with where it came from."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, func, select

from occasion.desk.pages_house import RefusedLine, RefusedPage
from occasion.desk.seen import parties_seen
from occasion.desk.viewer import Looks, owners_seen, sees_names
from occasion.store.schema.log import REFUSED

LINES = 50
SOURCES = 50
LONGEST = 4000  # characters of an item that are shown
HIDDEN = "…"


def refused(
    connection: Connection,
    viewer: Looks | None,
    now: int,
    zone: str,
    *,
    source: str = "",
    older: int | None = None,
    lines: int = LINES,
) -> RefusedPage:
    """A page of refused items. `source`: only of this one; `older`: only below this number (the page before ended).

    What an item says is shown to whoever sees everybody (`viewer` None: a program with a key that may read), else only
    of parties the viewer may see.
    """
    which = [REFUSED.c.source == source] if source else []
    below = [REFUSED.c.number < older] if older is not None else []
    total = connection.execute(select(func.count()).select_from(REFUSED).where(*which)).scalar_one()
    rows = connection.execute(
        select(REFUSED).where(*which, *below).order_by(REFUSED.c.number.desc()).limit(lines + 1)
    ).all()
    count = func.count().label("n")
    by = connection.execute(
        select(REFUSED.c.source, REFUSED.c.field, count)
        .where(*which)
        .group_by(REFUSED.c.source, REFUSED.c.field)
        .order_by(count.desc(), REFUSED.c.source, REFUSED.c.field)
        .limit(SOURCES)
    ).all()
    everybody = viewer is None or (owners_seen(connection, viewer) is None and sees_names(viewer))
    seen = set() if viewer is None else parties_seen(connection, viewer, [row.party for row in rows if row.party])
    shown = [_line(row, whole=everybody or row.party in seen) for row in rows[:lines]]
    return RefusedPage(
        now,
        zone,
        total,
        tuple((row.source, row.field, row.n) for row in by),
        tuple(shown),
        source,
        shown[-1].number if len(rows) > lines else None,
    )


def _line(row: Any, *, whole: bool) -> RefusedLine:
    said = (row.value, row.reason, _as_it_came(row.body)) if whole else (HIDDEN, f"{row.field}: {HIDDEN}", HIDDEN)
    return RefusedLine(row.number, row.received_us, row.source, row.kind, row.field, *said)


def _as_it_came(body: object) -> str:
    text = json.dumps(body, ensure_ascii=False, indent=1)
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"
