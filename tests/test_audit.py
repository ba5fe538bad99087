"""The audit's chain on both databases: whole when nobody touched it, told when somebody did, silent about people."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import DatabaseError

from databases import postgres_server, records_url  # noqa: F401
from occasion.store import audit
from occasion.store.records import open_records, writing
from occasion.store.schema.doors import AUDIT, AUDIT_NAMES

CANARY = "canary-4711"
FACTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text("abcäß λ😀", max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def engine(records_url: str) -> Iterator[Engine]:  # noqa: F811
    opened = open_records(records_url)
    yield opened
    opened.dispose()


def fill(engine: Engine, rows: int = 5) -> None:
    for i in range(rows):
        with writing(engine) as connection:
            audit.note(connection, i, "ewa", "occasion taken", f"occasion:{i}", {"n": i, "kind": "reached"})


def checked(engine: Engine, expected: tuple[int, str] | None = None) -> audit.Head | audit.Broken:
    with engine.connect() as connection:
        return audit.verify(connection, expected)


def test_an_empty_chain_is_whole(engine: Engine) -> None:
    assert checked(engine) == audit.Head(0, "00" * 32)


def test_the_database_itself_refuses_to_change_or_remove_a_row(engine: Engine) -> None:
    fill(engine)
    statements = ["UPDATE audit SET actor = 'x' WHERE number = 2", "DELETE FROM audit WHERE number = 5"]
    if engine.dialect.name == "postgresql":
        statements.append("TRUNCATE audit")
    for statement in statements:
        with pytest.raises(DatabaseError, match="only added to"), writing(engine) as connection:
            connection.execute(text(statement))
    assert checked(engine) == audit.Head(5, checked(engine).digest)  # type: ignore[union-attr]


TAMPERING: dict[str, tuple[str, int]] = {
    "the actor": ("UPDATE audit SET actor = 'jan' WHERE number = 3", 3),
    "the instant": ("UPDATE audit SET at_us = at_us + 1 WHERE number = 1", 1),
    "a fact": ("""UPDATE audit SET facts = '{"n": 9}' WHERE number = 5""", 5),
    "a row taken out": ("DELETE FROM audit WHERE number = 2", 2),
    "the first row taken out": ("DELETE FROM audit WHERE number = 1", 1),
    "a digest": ("UPDATE audit SET digest = before WHERE number = 4", 4),
    "renumbered": ("UPDATE audit SET number = 9 WHERE number = 5", 5),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_whoever_gets_around_that_is_told_on(engine: Engine, how: str) -> None:
    fill(engine)
    statement, row = TAMPERING[how]
    unprotect(engine)
    with writing(engine) as connection:
        connection.execute(text(statement))
    found = checked(engine)
    assert isinstance(found, audit.Broken)
    assert found.number == row


def test_rows_cut_off_at_the_end_show_against_a_row_noted_elsewhere(engine: Engine) -> None:
    fill(engine)
    noted = checked(engine)
    assert isinstance(noted, audit.Head)
    assert checked(engine, (noted.rows, noted.digest)) == noted
    unprotect(engine)
    with writing(engine) as connection:
        connection.execute(text("DELETE FROM audit WHERE number > 3"))
    assert isinstance(checked(engine), audit.Head)
    found = checked(engine, (noted.rows, noted.digest))
    assert found == audit.Broken(4, "the chain ends at 3, but row 5 was noted earlier: rows were cut off")
    fill(engine, 4)
    assert isinstance(checked(engine, (noted.rows, noted.digest)), audit.Broken)


def unprotect(engine: Engine) -> None:
    """As whoever owns the database can."""
    with writing(engine) as connection:
        if engine.dialect.name == "sqlite":
            for what in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER audit_no_{what}"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))


def test_a_party_is_known_by_a_random_name_until_it_is_forgotten(engine: Engine) -> None:
    with writing(engine) as connection:
        for action in ("party opened", "detail noted", "party exported"):
            audit.note(connection, 1, "ewa", action, f"party:{CANARY}", {"n": 1})
        audit.note(connection, 2, "ewa", "party opened", "party:somebody else")
    with engine.connect() as connection:
        rows = connection.execute(select(AUDIT.c.about).order_by(AUDIT.c.number)).scalars().all()
        assert len(set(rows[:3])) == 1
        assert rows[3] != rows[0]
        assert audit.party_names(connection, [CANARY]) == [rows[0]]
        assert audit.parties_of(connection, list(rows)) == {rows[0]: CANARY, rows[3]: "somebody else"}
    before = checked(engine)
    with writing(engine) as connection:
        assert audit.forget_party(connection, CANARY)
        assert not audit.forget_party(connection, CANARY)
    assert checked(engine) == before
    with engine.connect() as connection:
        assert CANARY not in str(connection.execute(select(AUDIT)).all())
        assert CANARY not in str(connection.execute(select(AUDIT_NAMES)).all())
        assert audit.party_names(connection, [CANARY]) == []


@pytest.mark.parametrize(
    "facts",
    [
        {"said": "x" * 201},
        {"share": 0.5},
        {"who": f"about {CANARY}"},
        {"deep": [{"who": CANARY}]},
        {"bytes": b"x"},
        {"zero": "\x00"},
    ],
)
def test_what_is_no_fact_of_the_desk_is_refused(engine: Engine, facts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="audit"), writing(engine) as connection:
        audit.note(connection, 1, "ewa", "noted", f"party:{CANARY}", facts)


def test_nobody_acts_without_a_name(engine: Engine) -> None:
    with pytest.raises(ValueError, match="who did it"), writing(engine) as connection:
        audit.note(connection, 1, "", "noted", "x")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.text("ab:é", min_size=1, max_size=5), FACTS), min_size=1, max_size=5))
def test_whatever_the_facts_they_come_back_as_their_digest_knows_them(engine: Engine, rows: Any) -> None:
    with writing(engine) as connection:
        for actor, facts in rows:
            audit.note(connection, 1, actor, "noted", "x", {"facts": facts})
    assert isinstance(checked(engine), audit.Head)


def test_several_writers_at_once_make_one_chain(engine: Engine) -> None:
    failures: list[BaseException] = []

    def write(who: str) -> None:
        try:
            for i in range(10):
                with writing(engine) as connection:
                    audit.note(connection, i, who, "noted", f"party:p{i}")
        except BaseException as why:
            failures.append(why)

    threads = [threading.Thread(target=write, args=(f"c{n}",)) for n in range(4)]
    run_all(threads)
    assert failures == []
    assert checked(engine) == audit.Head(40, checked(engine).digest)  # type: ignore[union-attr]


def run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_a_row_that_was_added_by_hand_does_not_follow(engine: Engine) -> None:
    fill(engine, 2)
    row = {"number": 3, "at_us": 1, "actor": "x", "action": "y", "about": "z", "facts": {}}
    with writing(engine) as connection:
        connection.execute(insert(AUDIT).values(**row, before=bytes(32), digest=bytes(32)))
    assert checked(engine) == audit.Broken(3, "it does not follow the row before it")
