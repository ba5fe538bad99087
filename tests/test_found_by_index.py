"""What is asked of tables that grow is found by an index, on both databases, as the database itself says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text

from occasion.desk.expand import MORE_THAN, settled_for
from occasion.desk.known import _trouble
from occasion.desk.party_page import _on_desk
from occasion.desk.proposed import proposed_about, proposed_moments
from occasion.desk.standing import waiting
from occasion.desk.viewer import Viewer
from occasion.people.parties import Party
from occasion.store.records import open_records
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.out import PROPOSALS

ROWS = 20_000


EWA = Viewer("ewa", "Ewa", "admin")
ASKED: dict[str, Callable[[Connection], object]] = {
    "the open ones for the catalogue": lambda c: proposed_moments(c, EWA),
    "those about the occasions of a page": lambda c: proposed_about(c, range(100, 160)),
    "for whom a send is settled": lambda c: settled_for(c, "newsletter 7", "k7"),
}

OF_A_PARTY: dict[str, Callable[[Connection], object]] = {
    "what is on the desk, on its page": lambda c: _on_desk(c, Party("p7", ("p7", "p8"))),
    "its troubles": lambda c: c.execute(_trouble(["p7", "p8"], [f"{MORE_THAN}newsletter {n}" for n in (7, 8)])).all(),
    "what waits of a moment": lambda c: c.execute(
        waiting(), {"party": "p7", "moment": "fifth visit", "per": "", "now": ROWS}
    ).all(),
}


@pytest.fixture
def connection(records_url: str) -> Iterator[Connection]:
    engine = open_records(records_url)
    with engine.begin() as connection:
        fill(connection)
        connection.execute(text("ANALYZE"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def fill(connection: Connection) -> None:
    proposed = {"party": "p", "text": "t", "why": "w", "made_by": "assistant", "made_us": 1}
    connection.execute(insert(PROPOSALS), [
        {**proposed, "kind": "gesture" if n % 50 else "moment", "occasion": n if n % 50 else None,
         "state": "open" if n % 10 == 0 else "declined"}
        for n in range(1, ROWS)
    ])  # fmt: skip
    row = {
        "kind": "reached", "per": "", "owner": "ewa", "shown_us": 1, "until_us": 2, "state": "taken", "reason": "",
        "stake": 1.0, "answer": "", "who": "customer", "facts": {}, "changed_us": 1,
    }  # fmt: skip
    connection.execute(insert(OCCASIONS), [
        {**row, "party": f"p{n}", "moment": f"{MORE_THAN}newsletter {n % 20}", "identity": f"expand:k{n % 20}",
         "about_us": n}
        for n in range(ROWS)
    ])  # fmt: skip
    connection.execute(insert(OCCASIONS), [
        {**row, "party": f"p{n}", "moment": "fifth visit", "identity": "i", "kind": "coming", "state": "open",
         "about_us": n}
        for n in range(ROWS)
    ])  # fmt: skip


def plans(connection: Connection, ask: Callable[[Connection], object]) -> list[str]:
    """How the database goes about each statement that is asked."""
    said: list[tuple[str, Any]] = []

    def hear(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        if statement.startswith("SELECT"):
            said.append((statement, parameters))

    event.listen(connection.engine, "before_cursor_execute", hear)
    try:
        assert ask(connection), "nothing was found: it says nothing"
    finally:
        event.remove(connection.engine, "before_cursor_execute", hear)
    explain = "EXPLAIN QUERY PLAN " if connection.engine.dialect.name == "sqlite" else "EXPLAIN "
    return [
        " ".join(str(value) for row in connection.exec_driver_sql(explain + statement, parameters) for value in row)
        for statement, parameters in said
    ]


def test_no_table_is_read_through(connection: Connection) -> None:
    read_through = {}
    for what, ask in ASKED.items():
        for plan in plans(connection, ask):
            if "SCAN" in plan or "Seq Scan" in plan or "INDEX" not in plan.upper():
                read_through[what] = plan
    assert not read_through


def test_a_partys_occasions_are_found_by_party(records_url: str) -> None:
    """Also by SQLite without statistics, which nobody makes there: what is open may be a million."""
    engine = open_records(records_url)
    with engine.begin() as connection:
        fill(connection)
        if engine.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))
    with engine.connect() as connection:
        said = {what: plans(connection, ask) for what, ask in OF_A_PARTY.items()}
    engine.dispose()
    assert not {
        what: some for what, some in said.items() if not all("party=?" in one or "party)::" in one for one in some)
    }
