"""One statement for many rows, with what each returns: quicker than SQLAlchemy's own way on SQLite.

There a statement with RETURNING costs several times in Python what it costs in the database; and it costs twice in the
database what the same insert does without (each keeps copies of the pages it changes, to be undone by itself).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import JSON, Connection, func, select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError


class _Statement(NamedTuple):
    """`take`: the values of a row in their order; `prepare`: what the database is given of some, by their place;
    `constants`: what stands in no row; `read`: a row that was found, where it is not as the database gives it.

    For rows without their number, which goes to `place`: `last` asks for the last there is, `since` for those from one.
    """

    text: str
    take: Callable[[Mapping[str, Any]], Sequence[Any]]
    prepare: tuple[tuple[int, Callable[[Any], Any]], ...]
    constants: Mapping[str, Any]
    read: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None = None
    place: int = 0
    last: str = ""
    since: str = ""

    def values(self, row: Mapping[str, Any]) -> list[Any]:
        """What the database is given for a row."""
        found = list(self.take({**self.constants, **row} if self.constants else row))
        for i, prepared in self.prepare:
            found[i] = prepared(found[i])
        return found


def execute_each(
    connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]
) -> list[tuple[Any, ...] | None]:
    """What the statement returns for each row, None where nothing. SQLite only.

    `statement`: an insert or update with RETURNING, the same object each time; every row has the same keys.
    """
    with _prepared(connection, statement, rows) as (cursor, text, values):
        return [cursor.execute(text, each).fetchone() for each in values]


def insert_each(connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> list[int | None]:
    """The number (the primary key) that each row got, None where it was there already. SQLite only, where nobody else
    writes meanwhile.

    `statement`: an insert that does nothing on conflict, without RETURNING, the same object each time; every row has
    the same keys, its number not among them. Numbers go up with the rows, with a gap for each that was there.
    """
    if not rows:
        return []
    made = _compiled(statement, connection.dialect, tuple(rows[0]), numbered=True)
    given = [made.values(row) for row in rows]
    with _cursor(connection, made.text) as cursor:
        first = (cursor.execute(made.last).fetchone()[0] or 0) + 1
        numbers: list[int | None] = list(range(first, first + len(rows)))
        for number, values in zip(numbers, given, strict=True):
            values.insert(made.place, number)
        if cursor.executemany(made.text, given).rowcount == len(rows):
            return numbers
        new = {row[0] for row in cursor.execute(made.since, (first,))}
    return [number if number in new else None for number in numbers]


def select_each(connection: Connection, statement: Any, rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Everything that the statement finds for one row after the other. SQLite only.

    `statement`: a select with a `bindparam` for every key of the rows, the same object each time.
    """
    made = None
    with _cursor(connection, "SELECT") as cursor:
        for row in rows:
            if made is None:
                made = _compiled(statement, connection.dialect, tuple(row))
            found = cursor.execute(made.text, made.values(row)).fetchall()
            yield from map(made.read, found) if found and made.read is not None else found


@contextmanager
def _prepared(
    connection: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[sqlite3.Cursor, str, Iterator[list[Any]]]]:
    """A cursor, the statement's text, and the values of each row as the database is given them."""
    made = _compiled(statement, connection.dialect, tuple(rows[0])) if rows else None
    text, values = (made.text, map(made.values, rows)) if made is not None else ("", iter(()))
    with _cursor(connection, text) as cursor:
        yield cursor, text, values


@contextmanager
def _cursor(connection: Connection, text: str) -> Iterator[sqlite3.Cursor]:
    """A cursor; what it raises is raised as SQLAlchemy does."""
    cursor: Any = connection.connection.cursor()
    try:
        yield cursor
    except sqlite3.Error as error:
        raise DBAPIError.instance(text, None, error, sqlite3.Error) from error
    finally:
        cursor.close()


@lru_cache(maxsize=32)
def _compiled(statement: Any, dialect: Dialect, columns: tuple[str, ...], *, numbered: bool = False) -> _Statement:
    """`numbered`: an insert of rows without their number."""
    key = statement.table.primary_key.columns[0].name if numbered else ""
    made = statement.compile(dialect=dialect, column_keys=[*columns, key] if numbered else list(columns))
    names = tuple(name for name in made.positiontup if name != key)
    prepare = []
    for i, name in enumerate(names):
        process = made._bind_processors.get(name)
        if process is not None and name in columns:
            prepare.append((i, partial(_json, process) if isinstance(made.binds[name].type, JSON) else process))
    constants = {name: made.params[name] for name in names if name not in columns}
    take = itemgetter(*names) if len(names) > 1 else lambda row: [row[name] for name in names]
    if not numbered:
        return _Statement(str(made), take, tuple(prepare), constants, _reader(statement, dialect))
    found = _Statement(str(made), take, tuple(prepare), constants)
    last = str(select(func.max(statement.table.c[key])).compile(dialect=dialect))
    since = str(select(statement.table.c[key]).where(statement.table.c[key] >= 0).compile(dialect=dialect))
    return found._replace(place=made.positiontup.index(key), last=last, since=since)


def _reader(statement: Any, dialect: Dialect) -> Callable[[tuple[Any, ...]], tuple[Any, ...]] | None:
    """What makes values of a row that a select finds; None: they are values."""
    columns = statement.selected_columns if statement.is_select else ()
    process = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    if not any(process):
        return None
    return lambda row: tuple([value if one is None else one(value) for one, value in zip(process, row, strict=True)])


def _json(process: Callable[[Any], Any], value: Any) -> Any:
    """The text that `process` makes; of a list of plain words, which is most of them, in a fraction of the time.

    >>> _json(str, ["a:1", "b"]), _json(str, ["ä"]), _json(str, [1])
    ('["a:1", "b"]', "['ä']", '[1]')
    """
    if value.__class__ is list and value:
        try:
            text = '", "'.join(value)
        except TypeError:
            return process(value)
        if text.isascii() and text.isprintable() and "\\" not in text and text.count('"') == 2 * len(value) - 2:
            return f'["{text}"]'
    return process(value)
