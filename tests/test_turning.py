"""What time does to the desk, however much of it there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event as listen
from sqlalchemy import func, select

from databases import records_url  # noqa: F401  (a fixture: each test runs once on each database)
from desk_world import DAY, MORNING, ZONE, World
from occasion.desk.turning import turn
from occasion.people import merges, promises
from occasion.store.records import writing
from occasion.store.schema.desk import OCCASIONS

CATALOGUE = "moments:\n  first call: {when: first call, owner: ewa, purpose: we know them}\n"


@pytest.fixture
def world(records_url: str) -> Iterator[World]:  # noqa: F811
    with World(records_url, CATALOGUE) as world:
        yield world


def test_what_is_overdue_is_opened_once_and_costs_no_query_each_time_it_is_looked_at(world: World) -> None:
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *more: object) -> None:
        asked.append(statement)

    with writing(world.engine) as connection:
        for n in range(60):
            promises.make(connection, f"p{n}", "an answer", "2026-03-02", now=MORNING - DAY, by="ewa")
        merges.merge(connection, "p1", "p2", now=MORNING, by="ewa", why="the same")
        assert turn(connection, MORNING, ZONE) == 60
        listen.listen(world.engine, "before_cursor_execute", note)
        assert turn(connection, MORNING + 3 * DAY, ZONE) == 0
        listen.remove(world.engine, "before_cursor_execute", note)
        assert connection.execute(select(func.count()).select_from(OCCASIONS)).scalar_one() == 60
    assert len(asked) < 12, asked
