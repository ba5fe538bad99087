"""What stands on the desk about some parties, read at once; changes to it are collected and written together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from occasion.store.each import insert_each, select_each
from occasion.store.schema.desk import OCCASIONS

O = OCCASIONS.c  # noqa: E741 - the columns, said often
WORKED = ("taken", "done")
WAITING = ("open", "held")  # what somebody has taken is theirs to finish
AHEAD = ("coming", "slipping")
AT_ONCE = 500
AGAIN = ("state", "owner", "until_us", "occurrence", "facts", "changed_us")  # what a reopened occasion has anew
KEY = (O.party, O.moment, O.identity, O.kind, O.per, O.about_us)
Place = tuple[str, str, str, str, int]  # party, moment, kind, per, about_us
COLUMNS = (O.number, O.party, O.moment, O.kind, O.per, O.about_us, O.state, O.reason, O.identity, O.shown_us)
IS_AHEAD = and_(or_(*(O.kind == one for one in AHEAD)), or_(*(O.state == one for one in WAITING)))


About = tuple[str, str, int]  # party, moment, about_us


class Standing:
    """The occasions that are about these, and all that are ahead of these parties' moments; `open` and `close_ahead`
    are written by `flush`.
    """

    def __init__(self, connection: Connection, about: Iterable[About], now: int) -> None:
        self._connection, self._now = connection, now
        self._known: dict[Place, list[Any]] = defaultdict(list)
        self._ahead: dict[tuple[str, str, str], set[int]] = defaultdict(set)
        self._worked: set[About] = set()
        self._new: dict[Place, dict[str, Any]] = {}
        self._new_ahead: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
        self._closed: dict[str, list[int]] = defaultdict(list)
        self._again: list[tuple[int, dict[str, Any]]] = []
        since: dict[tuple[str, str], int] = {}
        for party, moment, at in about:
            since[party, moment] = min(at, since.get((party, moment), at))
        for row in map(_Row._make, self._rows(since)):
            self._known[(row.party, row.moment, row.kind, row.per, row.about_us)].append(row)
            if row.kind in AHEAD and row.state in WAITING and row.shown_us <= now:
                self._ahead[row.party, row.moment, row.per].add(row.number)
            if row.kind == "coming" and row.state in WORKED:
                self._worked.add((row.party, row.moment, row.about_us))

    def _rows(self, since: Mapping[tuple[str, str], int]) -> Iterator[Sequence[Any]]:
        if self._connection.dialect.name == "sqlite":
            asked = [{"party": party, "moment": moment, "since": at} for (party, moment), at in since.items()]
            numbers = ({"number": number} for (number,) in select_each(self._connection, _standing(), asked))
            yield from select_each(self._connection, _numbered(), numbers)  # mostly there are none: one column is quick
            return
        parties = sorted({party for party, _ in since})
        for i in range(0, len(parties), AT_ONCE):
            some = O.party.in_(parties[i : i + AT_ONCE])
            matters = or_(O.about_us >= min(since.values()), IS_AHEAD)
            yield from self._connection.execute(select(*COLUMNS).where(some, matters)).all()

    def worked_on(self, party: str, moment: str, at: int) -> bool:
        """Whether somebody saw it coming and works on it, or has done it."""
        return (party, moment, at) in self._worked

    def close_ahead(self, party: str, moment: str, per: str, reason: str) -> list[int]:
        """What is coming or slipping of this is no longer needed; the numbers of those that stood there."""
        numbers = sorted(self._ahead.pop((party, moment, per), ()))
        self._closed[reason] += numbers
        for row in self._new_ahead.pop((party, moment, per), ()):
            row |= {"state": "retracted", "reason": reason}
        return numbers

    def open(self, row: dict[str, Any]) -> int | None:
        """Put an occasion there unless it stands there already, under any version of the moment; one taken back
        because something came late is open again, and its number is given at once.
        """
        place = (row["party"], row["moment"], row["kind"], row["per"], row["about_us"])
        if place in self._new:
            return None
        for known in self._known.get(place, ()):
            if known.state == "retracted" and known.reason == "reason.late" and known.identity == row["identity"]:
                self._again.append((known.number, {"reason": "", **{key: row[key] for key in AGAIN}}))
                return int(known.number)
            return None
        self._new[place] = row
        if row["kind"] in AHEAD:
            self._new_ahead[row["party"], row["moment"], row["per"]].append(row)
        return None

    def flush(self) -> list[tuple[int, str]]:
        """Write everything; number and moment of what is new on the desk."""
        for reason, numbers in self._closed.items():
            for i in range(0, len(numbers), AT_ONCE):
                some = update(OCCASIONS).where(O.number.in_(numbers[i : i + AT_ONCE]))
                self._connection.execute(some.values(state="retracted", reason=reason, changed_us=self._now))
        for number, values in self._again:
            self._connection.execute(update(OCCASIONS).where(O.number == number).values(**values))
        made = self._written(list(self._new.values())) if self._new else []
        self._new, self._closed, self._again = {}, defaultdict(list), []
        self._new_ahead.clear()
        return made

    def _written(self, rows: list[dict[str, Any]]) -> list[tuple[int, str]]:
        if self._connection.dialect.name == "sqlite":
            numbers = insert_each(self._connection, _insert("sqlite"), rows)
            found = [
                (number, row["moment"], row["kind"], row["state"])
                for number, row in zip(numbers, rows, strict=True)
                if number is not None
            ]
        else:
            given = _insert("postgresql").returning(O.number, O.moment, O.kind, O.state)
            found = [tuple(row) for row in self._connection.execute(given, rows)]
        return [(n, moment) for n, moment, kind, state in sorted(found) if kind != "missed" and state != "retracted"]


class _Row(NamedTuple):
    """One of COLUMNS."""

    number: int
    party: str
    moment: str
    kind: str
    per: str
    about_us: int
    state: str
    reason: str
    identity: str
    shown_us: int


@cache
def _standing() -> Any:
    matters = or_(O.about_us >= bindparam("since"), IS_AHEAD)
    return select(O.number).where(O.party == bindparam("party"), O.moment == bindparam("moment"), matters)


@cache
def _numbered() -> Any:
    return select(*COLUMNS).where(O.number == bindparam("number"))


@cache
def _insert(dialect: str) -> Any:
    own: Any = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(OCCASIONS)
    return own.on_conflict_do_nothing()


@cache
def waiting() -> Any:
    """What is coming or slipping of a party's moment."""
    state, shown = O.state + "", O.shown_us + 0  # no index for these: without statistics SQLite looks through all open
    return select(O.number).where(
        O.party == bindparam("party"), O.moment == bindparam("moment"), O.per == bindparam("per"),
        or_(O.kind == "coming", O.kind == "slipping"), or_(*(state == one for one in WAITING)),
        shown <= bindparam("now"),
    )  # fmt: skip


@cache
def at_place() -> Any:
    """What stands at exactly one place."""
    return select(OCCASIONS).where(*(column == bindparam(column.name) for column in KEY))


@cache
def of_occurrence() -> Any:
    """What came of an occurrence."""
    return select(OCCASIONS).where(O.occurrence == bindparam("occurrence"))


def rows_of(connection: Connection, statement: Any, values: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that a statement finds that is made once."""
    if connection.dialect.name == "sqlite":
        names = statement.selected_columns.keys()
        return [dict(zip(names, row, strict=True)) for row in select_each(connection, statement, [values])]
    return [dict(row) for row in connection.execute(statement, values).mappings()]
