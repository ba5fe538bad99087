"""What slipped by in the last month, and whose it was."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select, true, union_all

from occasion.desk.cards import Ground
from occasion.desk.dates import month_before
from occasion.desk.pages import Slipped, SlippedBy
from occasion.desk.parts import CardLine
from occasion.store.schema.desk import OCCASIONS

O = OCCASIONS.c  # noqa: E741 - the columns, said often
SHOWN = 5  # of each owner's moment
NAMED = 5  # owners and moments whose people are named, the others are counts
LISTED = 25  # owners and moments that are told apart


def slipped_last_month(ground: Ground, owners: Sequence[str] | None, zone: str) -> Slipped:
    """What slipped by in the civil month before, by owner and moment, the most first, the first `LISTED` one by one.
    `owners`: whose; None: all.
    """
    month, since, until = month_before(ground.now, zone)
    where = (
        O.state == "slipped", O.changed_us >= since, O.changed_us < until,
        true() if owners is None else O.owner.in_(owners),
    )  # fmt: skip
    count = func.count().label("n")
    grouped = select(O.owner, O.moment, count).where(*where).group_by(O.owner, O.moment)
    groups = ground.connection.execute(grouped.order_by(count.desc(), O.owner, O.moment)).all()
    named = _latest(ground, where, [(owner, moment) for owner, moment, _ in groups[:NAMED]])
    found = [
        SlippedBy(owner, ground.house.name(owner), moment, n, tuple(named.get((owner, moment), ())))
        for owner, moment, n in groups[:LISTED]
    ]
    return Slipped(month, sum(row[2] for row in groups), tuple(found), sum(row[2] for row in groups[LISTED:]))


def _latest(
    ground: Ground, where: Sequence[ColumnElement[bool]], groups: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], list[CardLine]]:
    """The latest that slipped by in some groups, read at once: of each from the end of the month on, until there are
    enough.
    """
    if not groups:
        return {}
    latest = (O.changed_us.desc(), O.number)
    some = [
        select(
            select(O.number)
            .where(*where, O.owner == owner, O.moment == moment)
            .order_by(*latest)
            .limit(SHOWN)
            .subquery()
        )
        for owner, moment in groups
    ]
    query = select(OCCASIONS).where(O.number.in_(union_all(*some)))
    rows = ground.connection.execute(query.order_by(*latest)).all()
    cards = ground.cards(rows)
    found: dict[tuple[str, str], list[CardLine]] = {}
    for row in rows:
        found.setdefault((row.owner, row.moment), []).append(cards.line(row))
    return found
