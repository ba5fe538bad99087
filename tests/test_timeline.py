"""One timeline: every kind of line, in one order, page after page, on both databases."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import Connection, Table, insert

from occasion.errors import InputError
from occasion.events.event import Event, in_order
from occasion.people import details, merges, promises
from occasion.people.timeline import Line, WholeLog, timeline
from occasion.store.schema.desk import GESTURES, OCCASIONS
from occasion.store.schema.watched import OCCURRENCES

NOW = 1_772_452_800_000_000


def add(connection: Connection, table: Table, **values: Any) -> int:
    """A row with something in every column that needs it."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.primary_key or column.nullable:
            continue
        kind = column.type.python_type
        row[column.name] = {str: "", int: 0, float: 0.0, bool: False}.get(kind, [])
    found = connection.execute(insert(table).values({**row, **values}).returning(table.c.number)).scalar_one()
    return int(found)


def occurrence(connection: Connection, party: str, at: int, **more: Any) -> int:
    given = {"moment": "ten friends", "identity": "v1", "role": "reached", "state": "holds", **more}
    return add(connection, OCCURRENCES, party=party, at_us=at, known_us=at, noticed_us=at, **given)


def told(events: list[Event]) -> WholeLog:
    return WholeLog(lambda party: in_order(event for event in events if event.party == party))


def test_every_kind_of_line_is_there_newest_first(connection: Connection) -> None:
    spoken = Event(
        party="u1", name="call", at=NOW, id="web:1", seen=NOW, direction="in", body="When is it?", actor="ewa"
    )
    done = Event(party="u1", name="gesture", at=NOW + 5, id="desk:1", seen=NOW + 5, direction="out")
    number = details.note(connection, "u1", "likes tea", now=NOW + 1, by="ewa", source="call")
    kept = promises.make(connection, "u1", "call back", "2026-03-04", now=NOW + 2, by="ewa")
    dropped = promises.make(connection, "u1", "send plan", "2026-03-04", now=NOW + 2, by="ewa")
    occurrence(connection, "u1", NOW + 3)
    occurrence(connection, "u1", NOW + 3, role="opened")  # what it waits for is an event of its own
    occurrence(connection, "u1", NOW + 3, role="missed", state="retracted")
    answered = add(connection, OCCASIONS, party="u1", moment="ten friends", identity="v1", kind="reached", state="done",
                   answer="I listened", changed_us=NOW + 4, taken_by="ewa", facts={})  # fmt: skip
    add(
        connection,
        GESTURES,
        occasion=answered,
        party="u1",
        colleague="ewa",
        form="call",
        text="told her",
        at_us=NOW + 5,
        event="desk:1",
    )
    promises.keep(connection, kept, now=NOW + 6, by="ewa")
    promises.drop(connection, dropped, "they moved", now=NOW + 7)
    details.end(connection, number, now=NOW + 8)
    merges.merge(connection, "anon", "u1", now=NOW + 9, by="web", why="identify")
    page = timeline(connection, told([spoken, done]), "u1")
    assert [(line.kind, line.at_us - NOW) for line in page.lines] == [
        ("merged", 9), ("ended", 8), ("dropped", 7), ("kept", 6), ("gesture", 5), ("answer", 4), ("reached", 3),
        ("promise", 2), ("promise", 2), ("detail", 1), ("event", 0)]  # fmt: skip
    assert page.older is None
    by_kind = {line.kind: line for line in page.lines}
    assert by_kind["answer"].text == "I listened"
    assert by_kind["dropped"].facts["why_dropped"] == "they moved"
    assert (by_kind["event"].text, by_kind["event"].by) == ("When is it?", "ewa")
    assert by_kind["gesture"].facts == {"form": "call", "occasion": answered}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_pages_neither_repeat_nor_leave_out(connection: Connection, limit: int) -> None:
    pick = random.Random(limit)
    events = [Event(party="u1", name="visit", at=NOW + pick.randrange(6), id=f"web:{i}", seen=NOW) for i in range(25)]
    for i in range(20):
        at = NOW + pick.randrange(6)
        party = pick.choice(["u1", "anon"])
        details.note(connection, party, f"fact {i}", now=at, by="ewa", source="call")
        occurrence(connection, party, at, per=str(i))
        add(connection, GESTURES, party=party, colleague="ewa", form="note", text=str(i), at_us=at)
    merges.merge(connection, "anon", "u1", now=NOW + 2, by="web", why="identify")
    whole = timeline(connection, told(events), "u1", limit=500)
    assert whole.older is None
    assert len(whole.lines) == 25 + 60 + 1
    lines: list[Line] = []
    cursor = None
    while True:
        page = timeline(connection, told(events), "anon", cursor=cursor, limit=limit)
        lines += page.lines
        cursor = page.older
        if cursor is None:
            break
        assert len(page.lines) == limit
    assert tuple(lines) == whole.lines
    assert [line.at_us for line in lines] == sorted((line.at_us for line in lines), reverse=True)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "WzEsMiwzXQ==x", "W251bGwsMSwxXQ", "WzEsMCwxXQ", "WzEsMSwiYSJd",
                                    "WzEsMSwxMDAwMDAwMDAwMDAwMDAwMDAwMDAwMF0"])  # fmt: skip
def test_a_cursor_that_is_none_is_refused(connection: Connection, cursor: str) -> None:
    with pytest.raises(InputError, match="cursor"):
        timeline(connection, told([]), "u1", cursor=cursor)
