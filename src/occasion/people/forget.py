"""Forgetting somebody in the records: rows about them are removed, and what others' rows say of them is made nameless.

In what is about others (the value a moment was counted for, a message that waits to be sent) the identity becomes a
pseudonym of its digest, the same everywhere, so that counts of different people stay what they were.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, String, Table, cast, delete, or_, select, tuple_, update

from occasion.people.held import places
from occasion.store import audit
from occasion.store.merged import READER
from occasion.store.occurrences import per_text
from occasion.store.positions import advance, position
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.log import REFUSED
from occasion.store.schema.out import DELIVERIES, PROPOSALS
from occasion.store.schema.people import PARTIES
from occasion.store.schema.watched import OCCURRENCES

Names = Mapping[str, str]  # an erased identity → what stands for it
JSON_COLUMNS = (OCCASIONS.c.facts, REFUSED.c.body)
SHORTEST = 4  # characters of an identity that is looked for inside of texts; shorter ones would be everywhere


def pseudonym(digest: str) -> str:
    """What stands for an erased identity, from its salted digest (hex)."""
    return f"erased-{digest[:16]}"


def forget_rows(connection: Connection, names: Names, *, now: int, by: str, nameless: int = 0) -> dict[str, int]:
    """Remove every row about these identities; how many, by table. The audit says that it was done, and not of whom."""
    parties = list(names)
    counts: dict[str, int] = {}
    for place in places():
        gone = connection.execute(delete(place.table).where(place.about(parties))).rowcount
        if gone:
            counts[place.table.name] = gone
    advance(connection, READER, position(connection, READER).seq + 1, now)  # who is whom may have changed
    audit.note(
        connection, now, by, "party erased", "erasure", {"identities": len(parties), "nameless": nameless, **counts}
    )
    return counts


def make_nameless(connection: Connection, names: Names) -> dict[str, int]:
    """Rename them in others' rows; how many rows, by table."""
    counts: dict[str, int] = {}
    for table in (OCCURRENCES, OCCASIONS):
        for party, stands in names.items():
            _count(counts, table, _rename_per(connection, table, per_text(party), per_text(stands)))
    for column in JSON_COLUMNS:
        _count(counts, column.table, _in_json(connection, column, names))
    _count(counts, REFUSED, _refused(connection, names))
    _count(counts, DELIVERIES, _delivered(connection, names))
    _count(counts, PROPOSALS, _proposed(connection, names))
    return counts


def _rename_per(connection: Connection, table: Table, old: str, new: str) -> int:
    """Rename a value of `per`. Where the watcher has said the same under the new name already, what was there stays."""
    about = table.c.about_us if table is OCCASIONS else table.c.at_us
    kind = table.c.kind if table is OCCASIONS else table.c.role
    key = tuple_(table.c.party, table.c.moment, table.c.identity, kind, about)
    there = select(table.c.party, table.c.moment, table.c.identity, kind, about).where(table.c.per == old)
    connection.execute(delete(table).where(table.c.per == new, key.in_(there)))
    return connection.execute(update(table).where(table.c.per == old).values(per=new)).rowcount


def _count(counts: dict[str, int], table: Any, more: int) -> None:
    if more:
        name = table.name
        counts[name] = counts.get(name, 0) + more


def _in_json(connection: Connection, column: Column[Any], names: Names) -> int:
    """Values inside a JSON column that are one of the identities."""
    table = column.table
    assert isinstance(table, Table)
    changed = 0
    for number, value in _naming(connection, table.c.number, column, names):
        plain = nameless(value, names)
        if plain != value:
            connection.execute(update(table).where(table.c.number == number).values({column.name: plain}))
            changed += 1
    return changed


def _refused(connection: Connection, names: Names) -> int:
    """What was refused may name them in a field of its own: the value that could not be used, the message's own id."""
    changed = 0
    for party, stands in names.items():
        held = REFUSED.c.value.contains(party, autoescape=True) | REFUSED.c.reason.contains(party, autoescape=True)
        for row in connection.execute(select(REFUSED.c.number, REFUSED.c.value, REFUSED.c.reason).where(held)).all():
            if len(party) < SHORTEST and row.value != party:
                continue
            values = {"value": row.value.replace(party, stands), "reason": row.reason.replace(party, stands)}
            connection.execute(update(REFUSED).where(REFUSED.c.number == row.number).values(**values))
            changed += 1
    return changed


def _proposed(connection: Connection, names: Names) -> int:
    """What was proposed for the catalogue, or about others, and speaks of them by identity or name goes whole."""
    known = connection.execute(select(PARTIES.c.name).where(PARTIES.c.party.in_(list(names)))).scalars()
    words = sorted({word for word in (*names, *known) if len(word) >= SHORTEST})
    said = [column.contains(word, autoescape=True) for word in words for column in (PROPOSALS.c.text, PROPOSALS.c.why)]
    return connection.execute(delete(PROPOSALS).where(or_(*said))).rowcount if said else 0


def _delivered(connection: Connection, names: Names) -> int:
    """Messages to other systems about somebody else that name them."""
    changed = 0
    for number, body in _naming(connection, DELIVERIES.c.number, DELIVERIES.c.body, names):
        value = json.loads(body)
        plain = nameless(value, names)
        if plain != value:
            values = {"body": json.dumps(plain, separators=(",", ":"))}
            connection.execute(update(DELIVERIES).where(DELIVERIES.c.number == number).values(**values))
            changed += 1
    return changed


def _naming(connection: Connection, number: Column[Any], column: Column[Any], names: Names) -> list[tuple[int, Any]]:
    """(number, value) of the rows in whose JSON one of the identities may stand, written either way JSON has."""
    text = cast(column, String)
    forms = {form for party in names for form in (party, json.dumps(party)[1:-1])}
    some = select(number, column).where(or_(*(text.contains(form, autoescape=True) for form in sorted(forms))))
    return [(row[0], row[1]) for row in connection.execute(some)]


def nameless(value: Any, names: Names) -> Any:
    """The value with every text in it that is one of the identities replaced, keys of objects included."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, Mapping):
        return {names.get(key, key): nameless(inner, names) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [nameless(inner, names) for inner in value]
    return value
