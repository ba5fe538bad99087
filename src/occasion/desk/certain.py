"""Moments that come for certain, or are one step away: dates that nobody needs to guess.

A date is certain where the moment is `every W since A` and A has been: read as of a later instant, the log says what
will be reached by then if nothing else happens. One step away is a milestone (`5th` and beyond) that lacks one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, select, true

from occasion.desk.dates import local_date
from occasion.desk.owners import House
from occasion.events.event import Event
from occasion.moments.catalogue import Moment
from occasion.moments.definition import Definition, Every, Nth, Per, While
from occasion.moments.meaning import meaning
from occasion.people.parties import parties_of
from occasion.store.history import History
from occasion.store.occurrences import per_text
from occasion.store.schema.desk import OCCASIONS

O = OCCASIONS.c  # noqa: E741 - the columns, said often
FIRST_MILESTONE = 5  # of fewer than so many, one step away is nothing to say
FEED_DAYS = 366


@dataclass(frozen=True)
class Date:
    """A moment of a party that comes at `at_us` (`need` 0), or lacks one of `need` since `at_us`."""

    moment: str
    identity: str
    party: str
    per: str
    at_us: int
    need: int = 0


@dataclass(frozen=True)
class Upcoming:
    """A line for a calendar: `key` is the same for the same moment of the same party, `on` a date in their zone."""

    key: str
    party: str
    name: str
    moment: str
    on: date
    owner: str


def bare(definition: Definition) -> Any:
    """The pattern without `per` and `while`."""
    node = definition.node
    while isinstance(node, Per | While):
        node = node.pattern
    return node


def certain(moment: Moment) -> bool:
    """Whether its dates come by themselves."""
    return isinstance(bare(moment.definition), Every)


def milestone(moment: Moment) -> Nth | None:
    """The milestone it is, if it is one of which a step can be missing."""
    node = moment.definition.node
    return node if isinstance(node, Nth) and node.k >= FIRST_MILESTONE else None


def dates_of(
    moments: Sequence[Moment], party: str, events: Sequence[Event], *, now: int, until: int, zone: str
) -> list[Date]:
    """What is certain for one party, by the law: dates in (now, until], and milestones one step away."""
    found = []
    for moment in moments:
        own = moment.definition.identity
        if certain(moment):
            for one in meaning(moment.definition, events, until, zone):
                if one.at > now:
                    found.append(Date(moment.name, own, party, per_text(one.per), one.at))
        elif (nth := milestone(moment)) is not None:
            points = meaning(_points(moment, nth), events, now, zone)
            if points and _lacks_one(len(points), nth):
                found.append(Date(moment.name, own, party, "", points[-1].at, nth.k))
    return found


def dates_in(history: History, moments: Sequence[Moment], *, now: int, until: int, zone: str) -> list[Date]:
    """The same for everybody, by a query over the whole history with its tail. Raises InputError where it is empty."""
    from occasion.store.engine import engine
    from occasion.store.reach import Asked, Reach

    wanted = [one for one in moments if certain(one) or milestone(one) is not None]
    if not wanted:
        return []
    asked = [Asked(one.name, _asked(one)) for one in wanted]
    found: list[Date] = []
    with closing(engine("duckdb")) as runs:
        raw = runs.open(history.source(zone))
        coming = Reach(runs, raw, asked, until)
        for moment, one in zip(wanted, asked, strict=True):
            rows = coming.rows(one)
            nth = milestone(moment)
            found += _certain(moment, rows, now) if nth is None else _one_step(moment, nth, rows)
    return found


def _asked(moment: Moment) -> Definition:
    nth = milestone(moment)
    return moment.definition if nth is None else _points(moment, nth)


def _points(moment: Moment, nth: Nth) -> Definition:
    return replace(moment.definition, node=nth.pattern)


def _certain(moment: Moment, rows: Any, now: int) -> list[Date]:
    import pyarrow.compute as pc

    from occasion.moments.query_fields import unkeyed

    later = rows.filter(pc.greater(rows["at_us"], now))
    identity = moment.definition.identity
    return [
        Date(moment.name, identity, row["party"], per_text(unkeyed(row["value"])), row["at_us"])
        for row in later.to_pylist()
    ]


def _one_step(moment: Moment, nth: Nth, rows: Any) -> list[Date]:
    counted = rows.group_by("party").aggregate([("at_us", "count"), ("at_us", "max")])
    identity = moment.definition.identity
    return [
        Date(moment.name, identity, row["party"], "", row["at_us_max"], nth.k)
        for row in counted.to_pylist()
        if _lacks_one(row["at_us_count"], nth)
    ]


def _lacks_one(have: int, nth: Nth) -> bool:
    return have % nth.k == nth.k - 1 if nth.every else have == nth.k - 1


def upcoming(
    connection: Connection, owners: Sequence[str] | None, house: House, *, now: int, zone: str, days: int = FEED_DAYS
) -> list[Upcoming]:
    """Certain moments of these owners (None: everybody's) from today on, for a calendar, the nearest first.

    As far ahead as the desk has looked (`ahead.HORIZON_DAYS`). `days`: at most so far.
    """
    del house
    whose = true() if owners is None else O.owner.in_(owners)
    query = select(OCCASIONS).where(whose, O.kind == "coming", O.state.in_(("open", "taken", "held")))
    rows = connection.execute(query.where(O.until_us > now, O.about_us < now + days * 86_400_000_000)).all()
    rows = [row for row in rows if "on_date" in row.facts]
    known = parties_of(connection, [row.party for row in rows])
    found = [
        Upcoming(
            f"{row.identity}:{row.party}:{row.per}:{local_date(row.about_us, known[row.party].zone or zone).year}",
            known[row.party].party,
            known[row.party].name or known[row.party].party,
            row.moment,
            local_date(row.about_us, known[row.party].zone or zone),
            row.owner,
        )
        for row in rows
        if known[row.party].deceased is None
    ]
    return sorted(_apart(found), key=lambda one: (one.on, one.moment, one.party))


def _apart(found: Iterable[Upcoming]) -> list[Upcoming]:
    """Where a moment comes more than once a year for a party, the keys say which time it is."""
    seen: Counter[str] = Counter()
    apart = []
    for one in sorted(found, key=lambda one: one.on):
        seen[one.key] += 1
        apart.append(one if seen[one.key] == 1 else replace(one, key=f"{one.key}:{seen[one.key]}"))
    return apart
