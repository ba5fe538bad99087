"""Which definitions are and were watched: an edited moment is a new version, and old occurrences keep theirs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, insert, select, tuple_, update

from occasion.moments.derived import Watched
from occasion.store.schema.watched import OCCURRENCES, VERSIONS

V = VERSIONS.c
O = OCCURRENCES.c  # noqa: E741 - the columns, said often
VERSION = tuple_(O.identity, O.moment, O.role)
AT_ONCE = 20_000  # occurrences looked at in a step


Key = tuple[str, str, str]  # identity, moment, role


class Version(NamedTuple):
    """A definition that is or was watched for a moment, in a role. `ready`: it has read history."""

    identity: str
    moment: str
    role: str
    text: str
    since_us: int
    until_us: int | None
    ready: bool


def versions(connection: Connection, moment: str | None = None) -> list[Version]:
    """All versions, of one moment or of all, the latest first."""
    query = select(VERSIONS).order_by(V.since_us.desc(), V.moment, V.role)
    rows = connection.execute(query if moment is None else query.where(V.moment == moment))
    return [Version(r.identity, r.moment, r.role, r.text, r.since_us, r.until_us, r.ready) for r in rows]


def current(connection: Connection) -> dict[Key, Version]:
    """The versions that are watched now, by (identity, moment, role)."""
    found = versions(connection)
    return {(v.identity, v.moment, v.role): v for v in found if v.until_us is None}


def begin(connection: Connection, watched: Iterable[Watched], now: int) -> set[Key]:
    """Watch these from now on and nothing else; those that have to read history first, because they are new, were not
    watched lately, or never came to the end of it. `now`: UTC microseconds.
    """
    wanted = {(one.definition.identity, one.moment, one.role): one for one in watched}
    known = {(v.identity, v.moment, v.role): v for v in versions(connection)}
    for key, version in known.items():
        if key not in wanted and version.until_us is None:
            connection.execute(update(VERSIONS).where(_is(key)).values(until_us=now, ready=False))
    fresh: set[Key] = set()
    for key, one in wanted.items():
        if key not in known:
            identity, moment, role = key
            row = {"identity": identity, "moment": moment, "role": role, "text": one.text}
            connection.execute(insert(VERSIONS).values(**row, since_us=now, until_us=None, ready=False))
            fresh.add(key)
        elif known[key].until_us is not None or not known[key].ready:
            again = {"since_us": now, "until_us": None, "ready": False, "text": one.text}
            connection.execute(update(VERSIONS).where(_is(key)).values(**again))
            fresh.add(key)
    return fresh


def are_ready(connection: Connection, keys: Iterable[Key]) -> bool:
    """Whether all of these are watched and have read history."""
    known = current(connection)
    return all(key in known and known[key].ready for key in keys)


def unconfirm(connection: Connection, keys: Iterable[Key], after: int = 0) -> int | None:
    """Before these read history: what is on record of them has to be found again (its `seq` is below 0 until then).

    A step: occurrences numbered from above `after` on; the number after which to go on, None once all are done.
    """
    upto, keys = _upto(connection, after), list(keys)
    for key in keys if after == 0 else ():  # they are ready again when they have
        connection.execute(update(VERSIONS).where(_is(key)).values(ready=False))
    if upto is None or not keys:
        return None
    found = (O.number > after, O.number <= upto, O.seq >= 0, VERSION.in_(keys))
    connection.execute(update(OCCURRENCES).where(*found).values(seq=-1 - O.seq))
    return upto


def ready(connection: Connection, keys: Iterable[Key], now: int, after: int = 0) -> int | None:
    """These have read history: what was not found again is no longer true. In steps, as `unconfirm`."""
    upto, keys = _upto(connection, after), list(keys)
    if upto is None or not keys:
        for key in keys:
            connection.execute(update(VERSIONS).where(_is(key)).values(ready=True))
        return None
    left = (O.number > after, O.number <= upto, O.seq < 0, VERSION.in_(keys))
    gone = {"state": "retracted", "reason": "not found when history was read again", "changed_us": now}
    connection.execute(update(OCCURRENCES).where(*left, O.state == "holds").values(**gone))
    connection.execute(update(OCCURRENCES).where(*left).values(seq=0))
    return upto


def _upto(connection: Connection, after: int) -> int | None:
    """The last number of a step that begins after one; None where nothing follows."""
    first: int | None = connection.execute(select(func.min(O.number)).where(O.number > after)).scalar()
    return None if first is None else first + AT_ONCE - 1


def _is(key: Key) -> Any:
    return and_(V.identity == key[0], V.moment == key[1], V.role == key[2])
