"""Where something about a party may lie: every table of the records, and how its rows are found and forgotten.

One list for export and erasure, so that neither can forget a place the other knows; a test holds it to the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, or_, select

from occasion.store import audit
from occasion.store.schema import METADATA
from occasion.store.schema.doors import AUDIT, AUDIT_NAMES

# Tables whose rows are about one party, by the columns that name it: given back by export, removed by erasure.
ABOUT: dict[str, tuple[str, ...]] = {
    "parties": ("party",),
    "traits": ("party",),
    "details": ("party",),
    "promises": ("party",),
    "findable": ("party",),
    "occurrences": ("party",),
    "gestures": ("party",),
    "occasions": ("party",),
    "proposals": ("party",),
    "refused": ("party",),
    "deliveries": ("party",),
    "notices": ("party",),
    "merges": ("party", "into"),
    "exercises": ("party",),
    "attempts": ("party",),
    "audit_names": ("party",),
}
# Tables that hold nothing of a party, each with the reason.
NOTHING: dict[str, str] = {
    "audit": "names parties by random names whose meaning is in audit_names",
    "positions": "numbers",
    "tombstones": "digests of what was erased",
    "versions": "definitions",
    "colleagues": "who works here",
    "teams": "who works here",
    "sessions": "who works here",
    "keys": "of machines",
    "feeds": "of colleagues",
    "feed_entries": "digests",
    "webhooks": "addresses of machines",
    "history_settings": "settings",
    "segments": "names of files",
    "dictionaries": "names of files",
    "runs": "names of files",
    "loads": "names of files",
}
LOG = ("tail",)  # events, which the log gives back and forgets
WORDS = ("findable",)  # made of the others: not given back a second time
THEIRS = ("exercises", "attempts")  # a colleague's own practice, under other names: given to nobody, and erased


@dataclass(frozen=True)
class Place:
    """A table that holds rows about parties."""

    table: Table
    columns: tuple[str, ...]

    def about(self, parties: Sequence[str]) -> ColumnElement[bool]:
        """Which rows are about any of these identities."""
        return or_(*(self.table.c[name].in_(parties) for name in self.columns))


def places() -> Iterator[Place]:
    """The tables with rows about parties, in an order in which they can be removed."""
    for table in reversed(METADATA.sorted_tables):
        if table.name in ABOUT:
            yield Place(table, ABOUT[table.name])


def rows_about(connection: Connection, parties: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Everything the tables hold about these identities, by table; the audit's rows among them, and no events."""
    found: dict[str, list[dict[str, Any]]] = {}
    for place in places():
        if place.table.name not in (*WORDS, *THEIRS, AUDIT_NAMES.name):
            query = select(place.table).where(place.about(parties)).order_by(*place.table.primary_key.columns)
            found[place.table.name] = [dict(row) for row in connection.execute(query).mappings()]
    names = audit.party_names(connection, parties)
    shown = (AUDIT.c.at_us, AUDIT.c.actor, AUDIT.c.action, AUDIT.c.facts)
    rows = connection.execute(select(*shown).where(AUDIT.c.about.in_(names)).order_by(AUDIT.c.number)).mappings()
    found[AUDIT.name] = [dict(row) for row in rows]
    return dict(sorted(found.items()))
