"""What slipped by in the last month, and whose it was."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, true

from occasion.desk.cards import Ground
from occasion.desk.dates import month_before
from occasion.desk.pages import Slipped, SlippedBy
from occasion.store.schema.desk import OCCASIONS

O = OCCASIONS.c  # noqa: E741 - the columns, said often
SHOWN = 10  # of each owner's moment
NAMED = 30  # owners and moments whose people are named, the others are counts


def slipped_last_month(ground: Ground, owners: Sequence[str] | None, zone: str) -> Slipped:
    """What slipped by in the civil month before, by owner and moment, the most first. `owners`: whose; None: all."""
    month, since, until = month_before(ground.now, zone)
    where = (
        O.state == "slipped", O.changed_us >= since, O.changed_us < until,
        true() if owners is None else O.owner.in_(owners),
    )  # fmt: skip
    count = func.count().label("n")
    grouped = select(O.owner, O.moment, count).where(*where).group_by(O.owner, O.moment)
    groups = ground.connection.execute(grouped.order_by(count.desc(), O.owner, O.moment)).all()
    found = []
    for place, (owner, moment, n) in enumerate(groups):
        query = select(OCCASIONS).where(*where, O.owner == owner, O.moment == moment)
        latest = query.order_by(O.changed_us.desc(), O.number).limit(SHOWN)
        rows = ground.connection.execute(latest).all() if place < NAMED else []
        cards = ground.cards(rows)
        lines = tuple(cards.line(row) for row in rows)
        found.append(SlippedBy(owner, ground.house.name(owner), moment, n, lines))
    return Slipped(month, sum(row[2] for row in groups), tuple(found))
