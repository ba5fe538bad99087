"""Occurrences in the records: written as the watcher says them, asked for by the pages.

A change is idempotent by its key (version, role, party, per, at, moment): said twice, it is there once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from occasion.events.event import Scalar
from occasion.moments.derived import Role
from occasion.moments.live.reader import untagged
from occasion.moments.meaning import tagged
from occasion.moments.watch import Change
from occasion.store.each import execute_each, insert_each
from occasion.store.schema.desk import GESTURES, OCCASIONS
from occasion.store.schema.log import MERGES
from occasion.store.schema.watched import OCCURRENCES, VERSIONS

O = OCCURRENCES.c  # noqa: E741 - the columns, said often
ACTED = ("taken", "done")  # an occasion in these states, or with a gesture, is one that a person acted on
CHUNK = 500


class Noticed(msgspec.Struct, frozen=True):
    """A change of what a catalogue's moment has reached, as it is on record.

    `moment`: its name in the catalogue; `identity`: the version; `number`: of the occurrence's row. `history`: read
    from the past when the version was new, not noticed as it happened.
    """

    change: Change
    role: Role
    moment: str
    identity: str
    number: int = 0
    history: bool = False


class Occurred(msgspec.Struct, frozen=True):
    """An occurrence on record. `state`: holds, retracted, or stands (no longer true, but a person acted on it).

    `seq`: the position of the log it was last said at; below 0: to be said again.
    """

    number: int
    moment: str
    identity: str
    role: str
    party: str
    per: Scalar | None
    at_us: int
    known_us: int
    evidence: tuple[str, ...]
    noticed_us: int
    state: str
    reason: str
    changed_us: int | None
    seq: int


def per_text(per: Scalar | None) -> str:
    """A value of `per` as the tables keep it: its kind and text, "" for none."""
    return "" if per is None else ":".join(tagged(per))


def per_value(text: str) -> Scalar | None:
    """The value that `per_text` wrote."""
    return None if text == "" else untagged(text)


def write_changes(connection: Connection, noticed: Iterable[Noticed], seq: int) -> list[Noticed]:
    """Write changes in their order; those that made a difference, with their numbers.

    A retraction becomes `stands` where a person already acted on the occurrence. `seq`: the position of the log.
    """
    made: list[Noticed] = []
    reached: dict[tuple[Any, ...], Noticed] = {}
    for one in noticed:
        if one.change.kind == "reached":
            reached[_key(one)] = one
            continue
        made += _write_reached(connection, reached, seq)  # what is said later of the same occurrence finds it there
        reached = {}
        changed = _correct(connection, one) if one.change.kind == "corrected" else _retract(connection, one)
        made += [] if changed is None else [changed]
    return made + _write_reached(connection, reached, seq)


SAID = (O.known_us, O.evidence, O.reason, O.changed_us)  # what a correction says anew
KEY = (O.identity, O.role, O.party, O.per, O.at_us, O.moment)


def _key(one: Noticed) -> tuple[Any, ...]:
    return one.identity, one.role, one.change.party, per_text(one.change.per), one.change.at, one.moment


def _is(one: Noticed) -> ColumnElement[bool]:
    return and_(*(column == value for column, value in zip(KEY, _key(one), strict=True)))


def _first(connection: Connection, statement: Any, values: dict[str, Any]) -> tuple[Any, ...] | None:
    """What a statement that is made once returns first."""
    if connection.dialect.name == "sqlite":
        return execute_each(connection, statement, [values])[0]
    row = connection.execute(statement, values).first()
    return None if row is None else tuple(row)


def _place(one: Noticed) -> dict[str, Any]:
    """Values for `_HELD`."""
    return {f"key_{column.name}": value for column, value in zip(KEY, _key(one), strict=True)}


_HELD = and_(*(column == bindparam(f"key_{column.name}") for column in KEY), O.state == "holds")


def _row(one: Noticed, seq: int) -> dict[str, object]:
    change = one.change
    return {
        "moment": one.moment,
        "identity": one.identity,
        "role": one.role,
        "party": change.party,
        "per": per_text(change.per),
        "at_us": change.at,
        "known_us": change.known_at,
        "evidence": list(change.evidence),
        "noticed_us": change.when,
        "state": "holds",
        "reason": change.reason,
        "changed_us": None,
        "seq": seq,
    }


def _write_reached(connection: Connection, reached: dict[tuple[Any, ...], Noticed], seq: int) -> list[Noticed]:
    """Insert, or let hold again what was retracted; what holds already as it is said makes no difference."""
    if not reached:
        return []
    rows = [_row(one, seq) for one in reached.values()]
    if connection.dialect.name == "sqlite":
        made = list(_write_each(connection, rows, list(reached.values())))
    else:
        given = connection.execute(_upsert("postgresql").returning(*KEY), rows).all()
        made = [(row[0], reached[tuple(row[1:])]) for row in given]
    made.sort(key=itemgetter(0))
    return [Noticed(one.change, one.role, one.moment, one.identity, number, one.history) for number, one in made]


def _write_each(
    connection: Connection, rows: Sequence[dict[str, object]], noticed: Sequence[Noticed]
) -> Iterator[tuple[int, Noticed]]:
    """The same on SQLite: what is there already, which is little, is looked at again."""
    numbers = insert_each(connection, _new(), rows)
    there = [i for i, number in enumerate(numbers) if number is None]
    for i, said in zip(there, execute_each(connection, _upsert("sqlite"), [rows[i] for i in there]), strict=True):
        numbers[i] = None if said is None else said[0]
    for number, one in zip(numbers, noticed, strict=True):
        if number is not None:
            yield number, one


@cache
def _new() -> Any:
    return sqlite.insert(OCCURRENCES).on_conflict_do_nothing(index_elements=list(KEY))


@cache
def _upsert(dialect: str) -> Any:
    given: Any = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(OCCURRENCES)
    new = given.excluded
    return given.on_conflict_do_update(
        index_elements=list(KEY),
        set_={
            "known_us": new.known_us,
            "evidence": new.evidence,
            "state": "holds",
            "reason": new.reason,
            "changed_us": new.noticed_us,
            "seq": new.seq,
        },
        # `seq` below 0: to be found again by a version that reads history anew (`versions.unconfirm`)
        where=or_(O.state != "holds", O.known_us != new.known_us, O.evidence != new.evidence, O.seq < 0),
    ).returning(O.number)


def _correct(connection: Connection, one: Noticed) -> Noticed | None:
    change = one.change
    values = {"known_us": change.known_at, "evidence": list(change.evidence), "reason": change.reason}
    values["changed_us"] = change.when
    found = _first(connection, _corrected(), {**_place(one), **{f"new_{name}": values[name] for name in values}})
    return None if found is None else msgspec.structs.replace(one, number=found[0])


@cache
def _corrected() -> Any:
    new = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in SAID}
    return update(OCCURRENCES).where(_HELD).values(new).returning(O.number)


def acted() -> ColumnElement[bool]:
    """Whether a person acted on an occurrence of the outer query."""
    gesture = exists().where(GESTURES.c.occasion == OCCASIONS.c.number)
    states = [OCCASIONS.c.state == state for state in ACTED]
    return exists().where(OCCASIONS.c.occurrence == O.number, or_(*states, gesture))


def _retract(connection: Connection, one: Noticed) -> Noticed | None:
    change = one.change
    values = {**_place(one), "new_reason": change.reason, "new_changed_us": change.when}
    found = _first(connection, _taken_back(change.kind == "stands"), values)
    if found is None:
        return None
    kind: Any = "stands" if found[1] == "stands" else "retracted"
    return msgspec.structs.replace(one, number=found[0], change=msgspec.structs.replace(change, kind=kind))


@cache
def _taken_back(stands: bool) -> Any:
    state: Any = "stands" if stands else case((acted(), "stands"), else_="retracted")
    new = {"state": state, "reason": bindparam("new_reason"), "changed_us": bindparam("new_changed_us")}
    return update(OCCURRENCES).where(_HELD).values(new).returning(O.number, O.state)


def settle(  # noqa: PLR0917
    connection: Connection, parties: Sequence[str], true: Iterable[Noticed], seq: int, now: int, reason: str
) -> list[Noticed]:
    """Make the records say of some parties what is true of them, and nothing else; what made a difference.

    `true`: every occurrence of every version watched. Where parties were merged, or are told apart again, an occurrence
    that is true of another of them than before is that party's now, under the same number. Versions that are no longer
    watched are left as they are.
    """
    wanted = {_key(one): one for one in true}
    versions = {(one.identity, one.role, one.moment) for one in wanted.values()} | _watched(connection)
    held = [row for some in _some(parties) for row in _rows(connection, O.party.in_(some), O.state == "holds")]
    left = [row for row in held if _key_of(row) not in wanted and (row.identity, row.role, row.moment) in versions]
    there = {_key_of(row): row for row in held}
    fresh = wanted.keys() - there.keys()
    joined = _joined(connection, parties) if left and fresh else {}
    homes: dict[tuple[Any, ...], list[Noticed]] = {}
    for key in sorted(fresh):
        if key[2] in joined:
            homes.setdefault((joined[key[2]], *key[:2], *key[3:]), []).append(wanted[key])
    made: list[Noticed] = []
    for row in left:
        key = _key_of(row)
        home = homes.get((joined.get(row.party), *key[:2], *key[3:]))
        if home and not _taken(connection, home[0]):
            made.append(_moved(connection, row, home.pop(0), now, reason))
        else:
            said = Noticed(_change(row, "retracted", now, reason), row.role, row.moment, row.identity)  # type: ignore[arg-type]
            made += [one for one in [_retract(connection, said)] if one is not None]
    # what is there already as it is true, nearly all of it, need not be sent to the database again
    return made + write_changes(connection, [one for key, one in wanted.items() if not _says(there.get(key), one)], seq)


def _says(row: Occurred | None, one: Noticed) -> bool:
    """Whether what holds on record is what is true, so that writing it would change nothing (`_upsert`)."""
    if row is None or row.seq < 0:
        return False
    return (row.known_us, row.evidence) == (one.change.known_at, one.change.evidence)


def _moved(connection: Connection, row: Occurred, to: Noticed, now: int, reason: str) -> Noticed:
    """The occurrence is another party's now."""
    connection.execute(update(OCCURRENCES).where(O.number == row.number).values(party=to.change.party))
    change = msgspec.structs.replace(_change(row, "corrected", now, reason), party=to.change.party)
    return msgspec.structs.replace(to, change=change, number=row.number)


def _joined(connection: Connection, parties: Sequence[str]) -> dict[str, str]:
    """Of these parties, those that are or were merged with each other: the same name for each of a group."""
    groups: dict[str, set[str]] = {}
    for some in _some(parties):
        rows = select(MERGES.c.party, MERGES.c.into).where(or_(MERGES.c.party.in_(some), MERGES.c.into.in_(some)))
        for party, into in connection.execute(rows):
            together = groups.get(party, {party}) | groups.get(into, {into})
            groups.update(dict.fromkeys(together, together))
    return {party: min(groups[party]) for party in set(parties) if party in groups}


def _some(parties: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at once as a query may ask for: thousands may turn out to be others at one time."""
    return (parties[begin : begin + CHUNK] for begin in range(0, len(parties), CHUNK))


def _taken(connection: Connection, one: Noticed) -> bool:
    """Whether there is a row under this key already, in whatever state."""
    return connection.execute(select(O.number).where(_is(one))).first() is not None


def _watched(connection: Connection) -> set[tuple[str, str, str]]:
    rows = select(VERSIONS.c.identity, VERSIONS.c.role, VERSIONS.c.moment).where(VERSIONS.c.until_us.is_(None))
    return {(row[0], row[1], row[2]) for row in connection.execute(rows)}


def _key_of(row: Occurred) -> tuple[Any, ...]:
    return row.identity, row.role, row.party, per_text(row.per), row.at_us, row.moment


def _change(row: Occurred, kind: Any, now: int, reason: str) -> Change:
    return Change(kind, row.identity, row.party, row.per, row.at_us, row.known_us, row.evidence, now, reason)


def forget(connection: Connection, party: str) -> int:
    """Remove every occurrence of an erased party; how many there were."""
    return connection.execute(delete(OCCURRENCES).where(O.party == party)).rowcount


# asked by pages


def _rows(connection: Connection, *where: ColumnElement[bool], latest: int | None = None) -> list[Occurred]:
    query = select(OCCURRENCES).where(*where).order_by(O.at_us.desc(), O.number.desc()).limit(latest)
    return [
        Occurred(
            r.number, r.moment, r.identity, r.role, r.party, per_value(r.per), r.at_us, r.known_us,
            tuple(r.evidence), r.noticed_us, r.state, r.reason, r.changed_us, r.seq,
        )
        for r in connection.execute(query)
    ]  # fmt: skip


def of(connection: Connection, party: str, latest: int = 500) -> list[Occurred]:
    """A party's occurrences in every state and role, the latest first."""
    return _rows(connection, O.party == party, latest=latest)


def numbered(connection: Connection, numbers: Sequence[int]) -> dict[int, Occurred]:
    """Occurrences by their number."""
    return {row.number: row for row in _rows(connection, O.number.in_(numbers))}


def holding(connection: Connection, moment: str, role: Role, span: tuple[int, int], latest: int) -> list[Occurred]:
    """The latest of a moment's occurrences that hold, in one role, with `at` in the span [since, until)."""
    since, until = span
    where = (O.moment == moment, O.role == role, O.at_us >= since, O.at_us < until, O.state != "retracted")
    return _rows(connection, *where, latest=latest)


def counts(connection: Connection, since: int, until: int) -> dict[tuple[str, str], int]:
    """How many occurrences hold for each (moment, role) with `at` in [since, until), of whatever version."""
    query = select(O.moment, O.role, func.count()).where(O.at_us >= since, O.at_us < until, O.state != "retracted")
    return {(row[0], row[1]): row[2] for row in connection.execute(query.group_by(O.moment, O.role))}


def open_windows(connection: Connection, moment: str, since: int, latest: int) -> list[Occurred]:
    """Who waits for a moment: opened since then, and neither reached nor missed after it; the latest first."""
    later = OCCURRENCES.alias("later")
    over = exists().where(
        later.c.moment == O.moment,
        later.c.role.in_(("reached", "missed")),
        later.c.party == O.party,
        later.c.per == O.per,
        later.c.at_us >= O.at_us,
        later.c.state == "holds",
    )
    opened = (O.moment == moment, O.role == "opened", O.at_us >= since, O.state == "holds")
    return _rows(connection, *opened, ~over, latest=latest)


def keys(connection: Connection, identity: str, role: Role) -> set[tuple[str, str, int]]:
    """What holds of a version in a role: (party, per as text, at)."""
    query = select(O.party, O.per, O.at_us).where(O.identity == identity, O.role == role, O.state == "holds")
    return {(row[0], row[1], row[2]) for row in connection.execute(query)}


__all__ = [
    "Noticed", "Occurred", "acted", "counts", "forget", "holding", "keys", "numbered", "of", "open_windows",
    "per_text", "per_value", "settle", "write_changes",
]  # fmt: skip
