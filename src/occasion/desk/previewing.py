"""Who it would have been: a moment read over history before it is saved, within a stated time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from threading import Timer
from typing import Any

from sqlalchemy import Connection, select

from occasion.desk.cards import per_text_shown
from occasion.desk.known import party_ref
from occasion.desk.owners import House
from occasion.desk.pages import Preview
from occasion.errors import InputError
from occasion.estimate import Refusal
from occasion.moments.catalogue import Moment
from occasion.people.parties import parties_of
from occasion.store.history import History
from occasion.store.occurrences import per_text
from occasion.store.schema.people import PARTIES

SECONDS = 5.0
EXAMPLES = 10


def preview(
    connection: Connection,
    history: History,
    moment: Moment,
    before: Moment | None,
    *,
    house: House,
    named: bool,
    now: int,
    zone: str,
    seconds: float = SECONDS,
) -> Preview | Refusal:
    """Who it would have been so far, of its kind of party, and how many more or fewer than as it is saved (`before`).

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
                counted, rows, other = _read(
                    runs, history, (moment, before), others_than_customers(connection), now, zone
                )
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


def others_than_customers(connection: Connection) -> dict[str, str]:
    """The parties that are no customers, and what they are; every other one is a customer."""
    some = connection.execute(select(PARTIES.c.party).where(PARTIES.c.kind != "customer")).scalars().all()
    return {one.party: one.kind for one in parties_of(connection, some).values()}


def _read(  # noqa: PLR0917
    runs: Any, history: History, moments: tuple[Moment, Moment | None], kinds: Mapping[str, str], now: int, zone: str
) -> tuple[dict[str, Any], list[dict[str, Any]], int | None]:
    from occasion.store.reach import Asked, Reach

    moment, before = moments
    raw = runs.open(history.source(zone))
    asked = [Asked("new", moment.definition)]
    if before is not None and before.definition.identity != moment.definition.identity:
        asked.append(Asked("saved", before.definition))
    reach = Reach(runs, raw, asked, now)
    every = reach.rows(asked[0])
    rows = _meant(every, moment.who, kinds)
    counted = {
        "parties": len(rows["party"].unique()),
        "n": rows.num_rows,
        "first_us": _edge(rows, "ascending"),
        "last_us": _edge(rows, "descending"),
    }
    latest = rows.sort_by([("at_us", "descending"), ("party", "ascending")]).slice(0, EXAMPLES).to_pylist()
    if before is None:
        return counted, latest, None
    saved = every if len(asked) == 1 else reach.rows(asked[1])
    return counted, latest, _meant(saved, before.who, kinds).num_rows


def _meant(rows: Any, who: str, kinds: Mapping[str, str]) -> Any:
    """The rows of parties of the kind that the moment is for."""
    import pyarrow as pa
    import pyarrow.compute as pc

    customers = who == "customer"
    named = [party for party, kind in kinds.items() if (kind != who) == customers]
    among = pc.is_in(rows["party"], value_set=pa.array(named, pa.string()))
    return rows.filter(pc.invert(among) if customers else among)


def _edge(rows: Any, order: str) -> int | None:
    if not rows.num_rows:
        return None
    found: int = rows.sort_by([("at_us", order)])["at_us"][0].as_py()
    return found


def _per(key: Any) -> str:
    from occasion.moments.query_fields import unkeyed

    return per_text_shown(per_text(unkeyed(key)))
