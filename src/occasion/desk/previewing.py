"""Who it would have been: a moment read over history before it is saved, within a stated time."""

from __future__ import annotations

import time
from contextlib import closing
from threading import Timer
from typing import Any

from sqlalchemy import Connection

from occasion.desk.cards import per_text_shown
from occasion.desk.known import party_ref
from occasion.desk.owners import House
from occasion.desk.pages import Preview
from occasion.errors import InputError
from occasion.estimate import Refusal
from occasion.moments.definition import Definition
from occasion.people.parties import parties_of
from occasion.store.history import History
from occasion.store.occurrences import per_text

SECONDS = 5.0
EXAMPLES = 10


def preview(
    connection: Connection,
    history: History,
    definition: Definition,
    before: Definition | None,
    *,
    house: House,
    named: bool,
    now: int,
    zone: str,
    seconds: float = SECONDS,
) -> Preview | Refusal:
    """Who reached the definition so far, and how many more or fewer than the saved one (`before`).

    A Refusal where it would take longer than `seconds`, or there is no history yet.
    """
    from duckdb import InterruptException

    from occasion.store.engine_duckdb import DuckEngine

    began = time.perf_counter()
    try:
        with closing(DuckEngine()) as runs:
            watch = Timer(seconds, runs.connection.interrupt)
            watch.daemon = True
            watch.start()
            try:
                counted, rows, other = _read(runs, history, (definition, before), now, zone)
            finally:
                watch.cancel()
    except InterruptException:
        return Refusal(f"it takes longer than {seconds:g} s over this history; save it and look at its page later")
    except InputError as error:
        return Refusal(str(error))
    known = parties_of(connection, [row["party"] for row in rows])
    examples = tuple(
        (party_ref(known[row["party"]], house, zone, named, i), _per(row["value"]) if named else "", row["at_us"])
        for i, row in enumerate(rows, start=1)
    )
    return Preview(
        now, counted["parties"], counted["n"], counted["first_us"], counted["last_us"], examples,
        round(time.perf_counter() - began, 3), None if other is None else counted["n"] - other,
    )  # fmt: skip


def _read(
    runs: Any, history: History, definitions: tuple[Definition, Definition | None], now: int, zone: str
) -> tuple[dict[str, Any], list[dict[str, Any]], int | None]:
    from occasion.store.reach import Asked, Reach

    definition, before = definitions
    raw = runs.open(history.source(zone))
    asked = [Asked("new", definition)]
    if before is not None and before.identity != definition.identity:
        asked.append(Asked("saved", before))
    reach = Reach(runs, raw, asked, now)
    rows = reach.rows(asked[0])
    counted = {
        "parties": len(rows["party"].unique()),
        "n": rows.num_rows,
        "first_us": _edge(rows, "ascending"),
        "last_us": _edge(rows, "descending"),
    }
    latest = rows.sort_by([("at_us", "descending"), ("party", "ascending")]).slice(0, EXAMPLES).to_pylist()
    saved = rows if len(asked) == 1 else reach.rows(asked[1])
    return counted, latest, None if before is None else saved.num_rows


def _edge(rows: Any, order: str) -> int | None:
    if not rows.num_rows:
        return None
    found: int = rows.sort_by([("at_us", order)])["at_us"][0].as_py()
    return found


def _per(key: Any) -> str:
    from occasion.moments.query_fields import unkeyed

    return per_text_shown(per_text(unkeyed(key)))
