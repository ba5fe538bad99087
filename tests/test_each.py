"""What is written row by row on SQLite is, to the letter, what SQLAlchemy writes; PostgreSQL gives back the same."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, cast, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.exc import StatementError

from occasion.store.each import execute_each, insert_each
from occasion.store.records import open_records
from occasion.store.schema.base import Json

KEPT = Table("kept", MetaData(), Column("number", Integer, primary_key=True), Column("value", Json))
PLAIN = insert(KEPT)
RETURNING = insert_on_sqlite(KEPT).returning(KEPT.c.number)
QUIET = insert_on_sqlite(KEPT).on_conflict_do_nothing()

# PostgreSQL has no character 0, and no half of a pair.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
words = st.text(st.sampled_from('aZ 09:-_/"\\\x7f\x1f\n,[]{}ßż€漢😀'), max_size=6)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
values = st.lists(words, max_size=5) | st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda some: st.lists(some, max_size=4) | st.dictionaries(texts, some, max_size=4),
    max_leaves=8,
)


@pytest.fixture
def connection(records_url: str) -> Iterator[Connection]:
    engine = open_records(records_url)
    with engine.begin() as connection:
        KEPT.create(connection)
        yield connection
    engine.dispose()


def stored(connection: Connection) -> list[str | None]:
    return list(connection.execute(select(cast(KEPT.c.value, Text)).order_by(KEPT.c.number)).scalars())


def alike(one: Any, other: Any) -> bool:
    """The same, where a whole number may have become another kind of number."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return float(one) == float(other)
    return type(one) is type(other) and bool(one == other)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(values, min_size=1, max_size=5))
@example([["a:1", "b"], ["ä"], [1], [""], ["", ""], ['a", "b'], ["\\"], ["\x7f"], [], "a", None, 1e300, -0.0, [[]], {}])
def test_each_way_stores_the_same_text(connection: Connection, some: list[Any]) -> None:
    rows = [{"number": i, "value": value} for i, value in enumerate(some, 1)]
    bare = [{"value": value} for value in some]
    connection.execute(KEPT.delete())
    connection.execute(PLAIN, rows)
    plain = stored(connection)
    if connection.dialect.name == "sqlite":
        for write in (lambda: execute_each(connection, RETURNING, rows), lambda: insert_each(connection, QUIET, bare)):
            connection.execute(KEPT.delete())
            write()
            assert stored(connection) == plain
    found = connection.execute(select(KEPT.c.value).order_by(KEPT.c.number)).scalars().all()
    assert all(map(alike, found, some)), found


@pytest.mark.parametrize("value", [math.nan, math.inf, [math.nan], {"a": [-math.inf]}, ["a", math.nan]])
def test_what_is_no_number_is_refused_by_both(connection: Connection, value: Any) -> None:
    row = {"number": 1, "value": value}
    with pytest.raises((StatementError, ValueError), match="not JSON compliant"):
        connection.execute(PLAIN, [row])
    if connection.dialect.name == "sqlite":
        with pytest.raises(ValueError, match="not JSON compliant"):
            insert_each(connection, QUIET, [{"value": value}])
    assert stored(connection) == []
