"""Counts of the Moments page that took long are not made anew each time."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from occasion.desk import moments_page
from occasion.moments.catalogue import parse_catalogue
from occasion.store.records import open_records, writing
from occasion.store.schema.watched import OCCURRENCES

CATALOGUE = parse_catalogue("moments: {third: {when: 3rd session, owner: a, purpose: p}}", "moments.yaml")
OTHER = parse_catalogue("moments: {third: {when: 4th session, owner: a, purpose: p}}", "moments.yaml")


def reached(connection: Connection, party: str) -> None:
    given = {c.name: ("" if c.type.python_type is str else 0) for c in OCCURRENCES.c if not c.nullable}
    given |= {"moment": "third", "role": "reached", "party": party, "state": "holds", "evidence": []}
    given.pop("number")
    connection.execute(insert(OCCURRENCES).values(**given))


@pytest.mark.parametrize("long", [False, True])
def test_a_long_count_serves_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long: bool) -> None:
    monkeypatch.setattr(moments_page, "LONG", 0.0 if long else 60.0)
    monkeypatch.setattr(moments_page, "SERVES", 1_000_000)
    engine = open_records(tmp_path / "records.db")
    with writing(engine) as connection:
        reached(connection, "p1")
        first = moments_page.count(connection, CATALOGUE, 1)
        reached(connection, "p2")
        again = moments_page.count(connection, CATALOGUE, 1)
        edited = moments_page.count(connection, OTHER, 1)
    engine.dispose()
    assert first.reached == {"third": (1, 1)}
    assert again.reached == {"third": (1, 1) if long else (2, 2)}
    assert edited.reached == {"third": (2, 2)}, "of another catalogue it is counted anew"
